"""What a hostile or broken client may send: values, states, texts and bytes. All from a seeded generator."""

from __future__ import annotations

import json
import random
import string
from typing import Any

from app.instruments.controls import instrument_controls
from app.network.controls import controls as network_controls
from app.state.control import NamesControl, NumberControl, TextControl
from app.toy.controls import controls, surface_choice, surface_controls
from app.toy.presets import PRESETS
from app.toy.request import read_state
from geometry.surfaces import SURFACES
from optimizers import METHODS
from tests.fuzz import wishes

JOB_KEYS = {"job", "run", "replaces"}
LINK_KEYS = [
    *(control.name for control in (*controls(), *instrument_controls(), *network_controls())),
    *("surface", "preset", "start_x", "start_y", "surface.depth", "methods", "scene", "job"),
]
"""What the links of all pages hold."""
TEXTS = (
    *("0.15*(x^2 + y^2)", "9**9**9*x", "__import__('os')", "x.__class__", "lambda: x", "log(-x^2)", "(" * 240),
    *("exp(exp(exp(x)))", "1/x", "x^y^x^y", "tan(1e300*x)", "1,2,3,0.5", "0,0,1000,5;" * 8, "1,2,3,0.5;" * 40, ";;"),
)
"""Formulas and dug potholes, among them those that are none."""


class Literal:
    """Text that stands in the JSON as it is, whether or not it is JSON."""

    def __init__(self, text: str) -> None:
        self.text = text


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 1.5, -0.0, 5e-324, 1e308, -1e308, 1e-300),
    *(Literal("NaN"), Literal("Infinity"), Literal("-Infinity"), Literal("1e999"), Literal("1" + "0" * 400)),
    *(Literal("9" * 5000), Literal("-"), Literal("01"), Literal('"\\ud800"'), Literal('"\\u0000"'), Literal("'x'")),
    *("", " ", "0", "1e3", "NaN", "null", "é", "\u202e", "\ufffe", "x" * 300, "../../../../etc/passwd", "%00", "%ff"),
    *("__proto__", "constructor", "<script>alert(1)</script>", "{{7*7}}", "${7*7}", "'; DROP TABLE jobs; --", "\n\r\t"),
    *([], {}, [[]], [None], {"": None}, ["SAM"] * 200, [1, "a", None], {"a": {"b": {"c": []}}}, "annular-well", "SAM"),
    Literal("[" * 500 + "]" * 500),
    Literal('{"a":' * 300 + "1" + "}" * 300),
)


def text_of(value: Any) -> str:
    """JSON text; Literals as they are."""
    if isinstance(value, Literal):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(k))}:{text_of(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text_of, value)) + "]"
    return json.dumps(value)


def text(rng: random.Random, length: int = 60) -> str:
    """Printable and other characters, surrogates left out."""
    alphabets = (string.printable, "θηρμσβλ∇≤…“”", "\x00\x01\x1b\x7f\u2028\ufeff", "0123456789.-+eE,:;&=%#?/\\")
    return "".join(rng.choice(rng.choice(alphabets)) for _ in range(rng.randrange(length)))


def in_range(rng: random.Random, control: Any) -> Any:
    """A value that the control takes, its ends among them: what is allowed one by one may be hard together."""
    if isinstance(control, TextControl):
        return rng.choice([control.default, text(rng), *TEXTS])
    if isinstance(control, NamesControl):
        return [name for name in control.names if rng.random() < 0.5]
    if not isinstance(control, NumberControl):
        return rng.choice(control.values)
    spread = control.minimum + (control.maximum - control.minimum) * rng.random() ** rng.choice([1, 4])
    return rng.choice([control.minimum, control.maximum, control.default, spread])


def state(rng: random.Random) -> dict[str, Any]:
    """A whole state of few steps with a few keys spoilt or at the ends of their range."""
    key = rng.choice(list(SURFACES))
    raw: dict[str, Any] = dict(read_state({"surface": key}).state) if rng.random() < 0.7 else {"surface": key}
    raw["steps"] = rng.choice([10, 20, 50])
    known = [*surface_controls(key), *controls()]
    for control in rng.sample(known, rng.randrange(1, 6)):
        if control.name != "steps":
            raw[control.name] = in_range(rng, control)
    raw["methods"] = rng.sample(tuple(METHODS), rng.randrange(len(METHODS) + 1))
    return spoilt(rng, raw)


def spoilt(rng: random.Random, raw: dict[str, Any]) -> dict[str, Any]:
    """Some values replaced, keys added or removed."""
    raw = dict(raw)
    for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
        kind = rng.random()
        if kind < 0.6 and raw:
            raw[rng.choice(list(raw))] = rng.choice(VALUES)
        elif kind < 0.75 and raw:
            raw.pop(rng.choice(list(raw)))
        else:
            raw[rng.choice(["have", "state", "query", "job", "from", "stride", "method", text(rng, 20)])] = rng.choice(
                VALUES
            )
    return raw


def query(rng: random.Random) -> str:
    """A link: known and unknown keys with values of any kind, well or badly quoted."""
    parts = []
    for _ in range(rng.randrange(12)):
        value = rng.choice([text(rng, 20), *(str(v) for v in VALUES if isinstance(v, int | float | str))])
        parts.append(f"{rng.choice([*LINK_KEYS, text(rng, 10)])}={value}")
    return rng.choice(["?", "", "??"]) + rng.choice(["&", "&", ";", "&&"]).join(parts)


def scenes(rng: random.Random) -> str:
    """A scene file: its own marks in any order, links that lead nowhere, and noise."""
    lines = [
        *("# A lecture", "## A scene", "## " + "x" * 500, "\ufeff## B"),
        *("link: /?preset=figure-2", "link: ?surface=beale&steps=20", "link: //evil.example"),
        *("link: javascript:alert(1)", "link:", "play: 600", "step: NaN", "step: 10"),
        *("---", "", "Notes with *marks*.", "```", ":", "::", "\x00"),
        *(f"link: {page}{query(rng)}" for page in ("/", "/network", "/instruments", "/notes", "http://localhost:1/")),
        *(*wishes.SCENES.splitlines(), text(rng), text(rng, 300)),
    ]
    return rng.choice(["\n", "\n", "\r\n", "\r"]).join(rng.choice(lines) for _ in range(rng.randrange(40)))


def posted(rng: random.Random, path: str) -> bytes:
    """A body for an address: what its page posts, a state, link or scene file; whole, spoilt, cut short or no JSON."""
    kind = rng.random()
    if path.endswith("/open") and kind < 0.7:
        value: Any = rng.choice([{"query": query(rng)}, {"state": state(rng)}, spoilt(rng, {"query": query(rng)})])
    elif path.startswith("/lecture/") and kind < 0.7:
        value = spoilt(rng, {"text": scenes(rng)}) if kind < 0.2 else {"text": scenes(rng)}
    elif kind < 0.75:
        value = within(rng, wishes.wish(rng, path))
        if JOB_KEYS & set(value) and rng.random() < 0.5:
            value[rng.choice(sorted(JOB_KEYS & set(value)))] = rng.choice([*wishes.JOBS, "j" * 16, "x"])
    else:
        value = rng.choice([state(rng), state(rng), {"preset": rng.choice(list(PRESETS)), "steps": 10}])
        value = spoilt(rng, {**value, **(wishes.wish(rng, path) if path.startswith(("/export/", "/instr")) else {})})
    body = text_of(value).encode("utf-8", "surrogatepass")
    if kind > 0.97:
        return rng.randbytes(rng.randrange(400))
    if kind > 0.94:
        return body[: rng.randrange(len(body) + 1)]
    if kind > 0.91:
        return b"".join(bytes([b]) if rng.random() > 0.01 else rng.randbytes(1) for b in body)
    return body


def within(rng: random.Random, value: dict[str, Any]) -> dict[str, Any]:
    """Spoilt at the top, or inside one of the objects and lists that it holds."""
    inner = [key for key, held in value.items() if isinstance(held, dict) and held]
    if inner and rng.random() < 0.6:
        key = rng.choice(inner)
        return {**value, key: spoilt(rng, value[key])}
    rows = [key for key, held in value.items() if isinstance(held, list) and held and isinstance(held[0], dict)]
    if rows and rng.random() < 0.6:
        return {**value, rows[0]: [spoilt(rng, value[rows[0]][0])]}
    return spoilt(rng, value)


def surface_names() -> tuple[str, ...]:
    """All surfaces, as the choice has them."""
    return surface_choice().values
