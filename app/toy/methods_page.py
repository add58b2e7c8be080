"""The page Methods: what each registered method is, as its parts say, beside a run of it on the toy lab’s ground.

No word on a method stands here: a method is explained by the parts that its line in the registry names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from dash import html

from app.components.layout import bench, button
from app.drawing.appearance import ground_looks, looks
from app.state.schema import write_link
from app.toy.controls import controls, shown_methods, surface_choice
from app.toy.costs import PRODUCT
from app.toy.messages import MethodsTables
from app.toy.request import PRESET, read_link
from app.web.manual import ADDRESS as MANUAL
from app.web.pages import Page
from optimizers import METHODS, Method
from optimizers.methods import NETWORK_METHODS, PARTS, grouped, toy_methods

SLOTS = {"probe": "Probe", "mix": "Gradient used", "preconditioner": "Preconditioner", "outer": "Outer rule"}
"""The slots of the rule, as a reader meets them."""
RULE = (
    ("g = ∇L(θ)", "the gradient where it stands"),
    ("ε = probe(g, U, θ)", "where it looks"),
    ("g⁺ = ∇L(θ + ε)", "the gradient there; without a probe g"),
    ("h = mix(g, g⁺) + noise", "the gradient that is used"),
    ("u = U h", "reshaped by what is known of the curvature"),
    ("θ ← outer(θ, u)", "the step"),
)
COUNTED_STEPS = 60
"""Over which a step's cost is averaged: whole rounds of every interval that a probe has."""


def every_method() -> dict[str, tuple[Method | None, Method | None]]:
    """Name → (on surfaces, on networks) of all that are registered, None where it is not there."""
    surfaces = toy_methods()
    names = dict.fromkeys([*METHODS, *NETWORK_METHODS, *surfaces])
    return {name: (surfaces.get(name), NETWORK_METHODS.get(name)) for name in names}


def anchor(name: str) -> str:
    """The id of a method's section: "method-llqr-sam"."""
    return "method-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def tables() -> MethodsTables:
    """What the client code is told once."""
    return {
        "page": "methods",
        "controls": [control.entry() for control in (PRESET, surface_choice(), shown_methods(), *controls())],
        "methods": list(toy_methods()),
        "looks": looks(every_method()),
        "grounds": ground_looks(),
    }


def layout() -> Any:
    """The page."""
    known = every_method()
    groups = grouped(known)
    others = {name for names in groups.values() for name in names}
    chapters = {"Compared in the paper": [name for name in known if name not in others], **groups}
    stage = [_head(chapters), *(_chapter(title, names, known) for title, names in chapters.items())]
    return bench(tables(), None, stage, "methods")


def header() -> list[Any]:
    """The tools at the right of the header."""
    return [button("copy-link", "Copy link"), button("toggle-scheme", "Dark", id="scheme-button")]


def _head(chapters: dict[str, list[str]]) -> Any:
    steps = [html.Li([html.Span(formula, className="formula"), html.Span(words)]) for formula, words in RULE]
    lists = [
        html.Li([html.Span(f"{title}: "), *_between([html.A(name, href=f"#{anchor(name)}") for name in names], ", ")])
        for title, names in chapters.items()
    ]
    return html.Section(
        className="methods-head",
        children=[
            html.H1("Methods"),
            html.P(
                "All methods share one step. A method says what stands in four of its slots: probe, gradient used, "
                "preconditioner and outer rule. What a slot leaves empty does nothing: ε = 0, h = g⁺, U = I."
            ),
            html.Ol(steps, className="rule", **{"aria-label": "One step"}),
            html.P(
                [
                    "From the beginning, with the reasons: ",
                    html.A("the manual on the methods", href=f"{MANUAL}methods.html"),
                    ".",
                ]
            ),
            html.P(id="methods-ground", className="hint"),
            html.Nav([html.Ul(lists)], **{"aria-label": "Methods on this page"}),
        ],
    )


def _between(parts: list[Any], word: str) -> list[Any]:
    return [piece for part in parts for piece in (word, part)][1:]


def _chapter(title: str, names: list[str], known: dict[str, tuple[Method | None, Method | None]]) -> Any:
    return html.Section([html.H2(title), *(_card(name, *known[name]) for name in names)], className="chapter")


def _card(name: str, toy: Method | None, network: Method | None) -> Any:
    method = toy or network
    assert method is not None
    told = [part.about for part in method.telling_parts.values()]
    rows: list[tuple[str, Any]] = [
        *((slot, html.Span(method.formulas[key], className="formula")) for key, slot in SLOTS.items()),
        ("Cost", _cost(method)),
        ("Keeps", _kept(method)),
        ("Identities", _sentences(said for about in told for said in about.identities)),
        ("Traps", _sentences(said for about in told for said in about.traps)),
        ("Sources", html.Ul([html.Li(_source(one)) for one in dict.fromkeys(one for a in told for one in a.sources)])),
    ]
    words = [
        html.H3([html.Span(className="swatch", **{"data-swatch": name}), name], id=f"{anchor(name)}-title"),
        html.P(" ".join(about.what for about in told)),
        html.Dl([piece for head, body in rows for piece in (html.Dt(head), html.Dd(body))], className="method-facts"),
        html.Details([html.Summary("Settings"), _settings(toy, network)]),
        html.P(_between(list(_links(name, toy, network)), " · "), className="method-links"),
    ]
    return html.Article(
        [html.Div(words, className="method-words"), *([_miniature(name)] if toy else [])],
        id=anchor(name),
        className="method-card",
        **{"aria-labelledby": f"{anchor(name)}-title"},
    )


def _miniature(name: str) -> Any:
    """A place for its run, which the client code fills."""
    return html.Figure(
        className="picture miniature",
        **{"data-method": name},
        children=[
            html.Div(className="canvas-stack"),
            html.Figcaption(
                [
                    html.Span("Its run is being computed.", className="miniature-words"),
                    button("miniature", "Play", value=name, **{"aria-label": f"Play {name}"}),
                ]
            ),
        ],
    )


def _cost(method: Method) -> str:
    mean = float(np.mean([method.gradient_evaluations(step) for step in range(COUNTED_STEPS)]))
    sentences = ["One gradient a step." if mean == 1 else f"{mean:.3g} gradients a step."]
    gradients, products = method.preconditioner.refresh_cost()
    if products:
        sentences.append(
            f"At each refresh of U {gradients} gradient and {products} curvature products, which count as {PRODUCT} "
            "gradients each."
        )
    elif gradients:
        sentences.append("At each refresh of U one gradient more.")
    return " ".join([*sentences, *(part.about.cost for part in method.telling_parts.values() if part.about.cost)])


def _kept(method: Method) -> str:
    states = [getattr(method, key).about.state for key in PARTS]
    return f"{'; '.join(filter(None, states))}." if any(states) else "Nothing."


def _sentences(said: Iterator[str]) -> Any:
    return html.Ul([html.Li(one) for one in dict.fromkeys(said)])


def _source(source: Any) -> Any:
    return html.A(source.title, href=source.address, rel="noreferrer") if source.address else source.title


def _settings(toy: Method | None, network: Method | None) -> Any:
    """The settings of the step that it takes, and the fields of its parts with their values here and there."""
    method = toy or network
    assert method is not None
    words = {"learning_rate": "the length of steps", "radius": "how far it looks"}
    rows = [
        (one.symbol, f"{words.get(one.name, one.name)}; {one.minimum:g} to {one.maximum:g} is worth trying")
        for one in method.tunables
    ]
    for slot, part in method.telling_parts.items():
        twins = [getattr(one, slot) for one in (toy, network) if one is not None]
        own = [field.name for field in fields(part)]
        for name, meaning in part.about.settings.items():
            rows.append((f"{name} = {_values(twins, name)}" if name in own else name, meaning))
    return html.Dl([piece for head, body in rows for piece in (html.Dt(head), html.Dd(body))], className="settings")


def _values(twins: list[Any], name: str) -> str:
    """A field's value on surfaces and, where it is another there, on networks."""
    told = [_value(getattr(part, name)) for part in twins]
    return told[0] if len(set(told)) == 1 else f"{told[0]} (networks: {told[1]})"


def _value(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if is_dataclass(value):
        return type(value).__name__
    if isinstance(value, tuple):
        return ", ".join(map(_value, value))
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _links(name: str, toy: Method | None, network: Method | None) -> Iterator[Any]:
    if toy:
        shown = [*METHODS, *([name] if name not in METHODS else [])]
        more = {"data-lab": name}
        yield html.A("Open in the toy lab", href="/" + write_link({"methods": shown}), **more)
    else:
        yield html.Span("Needs layers, many parameters or gradients that are not parallel: it trains networks only")
    if network:
        yield html.A("Train a network with it", href="/network" + write_link({"methods": ["SGDM", name]}))


PAGE = Page("/methods", "Methods", "methods.js", layout, header, read_link)
