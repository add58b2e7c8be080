"""The messages between server and browser as the client code's types: assets/core/contract.d.ts.

    python -m tests.project.contract --write      # after a message has changed; without --write it is printed

Each feature types its messages in its messages.py. A test compares the file with them, and real answers with them.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from app.drawing import messages as drawing
from app.instruments import messages as instruments
from app.lecture import messages as lecture
from app.network import messages as network
from app.paper import messages as paper
from app.state import messages as state
from app.toy import messages as toy

FILE = Path(__file__).resolve().parents[2] / "assets" / "core" / "contract.d.ts"
MESSAGES: tuple[Any, ...] = (
    *drawing.MESSAGES,
    *state.MESSAGES,
    *toy.MESSAGES,
    *instruments.MESSAGES,
    *network.MESSAGES,
    *lecture.MESSAGES,
    *paper.MESSAGES,
)
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "any"}


def write_type(kind: Any) -> str:
    """A Python type as a type of TypeScript."""
    if kind in PLAIN:
        return PLAIN[kind]
    if is_typeddict(kind):
        return kind.__name__
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(f'"{one}"' for one in arguments)
    if origin is list:
        (item,) = arguments
        inner = write_type(item)
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if origin is dict:
        return f"Record<string, {write_type(arguments[1])}>"
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(map(write_type, arguments)))
    raise TypeError(f"no type of TypeScript is known for {kind}")


def write_interface(message: Any) -> Iterator[str]:
    """The lines of one message."""
    words = " ".join((message.__doc__ or "").split())
    if len(words) <= 110:
        yield f"/** {words} */"
    else:
        yield "/**"
        yield from (f" * {line}" for line in wrap(words, 110))
        yield " */"
    yield f"export interface {message.__name__} {{"
    for name, kind in get_type_hints(message, include_extras=True).items():
        optional = get_origin(kind) is NotRequired
        yield f"  {name}{'?' if optional else ''}: {write_type(get_args(kind)[0] if optional else kind)};"
    yield "}"


def write_contract() -> str:
    """The whole file."""
    lines = ["// What server and browser say to each other. Written by `python -m tests.project.contract --write`."]
    for message in MESSAGES:
        lines += ["", *write_interface(message)]
    return "\n".join(lines) + "\n"


def differ(value: Any, kind: Any, where: str = "answer") -> Iterator[str]:
    """A sentence for each place where a value of JSON is not of a type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return
    if is_typeddict(kind):
        if not isinstance(value, dict):
            yield f"{where} is no object"
            return
        fields = get_type_hints(kind, include_extras=True)
        yield from (f"{where}.{name} is not in {kind.__name__}" for name in value if name not in fields)
        for name, field in fields.items():
            optional = get_origin(field) is NotRequired
            if name in value:
                yield from differ(value[name], get_args(field)[0] if optional else field, f"{where}.{name}")
            elif not optional:
                yield f"{where}.{name} is missing"
    elif origin is list:
        fine = isinstance(value, list)
        yield from (
            (w for k, v in enumerate(value) for w in differ(v, arguments[0], f"{where}[{k}]"))
            if fine
            else (f"{where} is no list",)
        )
    elif origin is dict:
        fine = isinstance(value, dict)
        yield from (
            (w for k, v in value.items() for w in differ(v, arguments[1], f"{where}.{k}"))
            if fine
            else (f"{where} is no object",)
        )
    elif origin is Literal:
        if value not in arguments:
            yield f"{where} is {value!r}, none of {arguments}"
    elif origin in (Union, types.UnionType):
        wrong = [list(differ(value, one, where)) for one in arguments]
        yield from () if [] in wrong else wrong[0]
    elif kind is float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            yield f"{where} is {value!r}, no number"
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        yield f"{where} is {value!r}, no {kind.__name__}"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        FILE.write_text(write_contract(), encoding="utf-8")
    else:
        print(write_contract(), end="")
