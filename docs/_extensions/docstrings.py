"""Docstrings as this project writes them, made into markup: prose, `code`, aligned columns and lists of parameters.

Lines that are indented or aligned in columns are shown as they stand. A paragraph in which two or more of the object's
own parameters or fields are followed by a colon becomes a list. All else is prose, in which only `code` is markup.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from sphinx.application import Sphinx

SET = re.compile(r"""^\s|\S {3,}\S|^"[^"]+" {2,}\S""")
"""A line that is laid out by hand."""


def names_of(thing: Any) -> set[str]:
    """The parameters of a function, or the fields and public attributes of a class."""
    found = set(getattr(thing, "__annotations__", ())) if inspect.isclass(thing) else set()
    try:
        found |= set(inspect.signature(thing).parameters)
    except (TypeError, ValueError):  # no signature: a constant, a module
        return found
    return found | ({name for name in vars(thing) if name[0] != "_"} if inspect.isclass(thing) else set())


def escaped(text: str) -> str:
    """The text as reStructuredText that says the same, with `code` as code."""
    parts = re.split(r"`+([^`]+)`+", text)
    prose = [re.sub(r"([\\*|_`])", r"\\\1", part) for part in parts[::2]]
    code = [f"``{part.strip()}``" for part in parts[1::2]]
    # Code that touches a word would not be seen as code: an escaped space parts them and is not shown.
    return "".join(f"{p}\\ {c}\\ " for p, c in zip(prose, [*code, ""], strict=True)).removesuffix("\\ \\ ")


def items(text: str, names: Iterable[str]) -> list[str] | None:
    """The entries of a paragraph that explains parameters, or None where it is plain prose."""
    one = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    if not one:
        return None
    head = rf"(?:{one})(?:(?:, | and )(?:{one}))*(?: \([^()]*\))?:"
    starts = [found.start(1) for found in re.finditer(rf"(?:^|\n|  )({head})(?=\s)", text)]
    if len(starts) < 2:
        return None
    ends = [*starts[1:], len(text)]
    first = [text[: starts[0]]] if text[: starts[0]].strip() else []
    return [*first, *(text[start:end] for start, end in zip(starts, ends, strict=True))]


def paragraph(lines: list[str], names: set[str]) -> list[str]:
    """The markup of one run of lines that are not laid out by hand."""
    listed = items("\n".join(lines), names)
    if listed is None:
        return [escaped(" ".join(lines)), ""]
    made: list[str] = []
    for entry in listed:
        head, colon, rest = " ".join(entry.split()).partition(":")
        if colon and head.split(",")[0].split(" ")[0] in names:
            made += [f"- **{escaped(head)}**: {escaped(rest.strip())}"]
        else:
            made += [escaped(" ".join(entry.split())), ""]
    return [*made, ""]


def markup(lines: list[str], names: set[str]) -> list[str]:
    """The whole docstring as reStructuredText."""
    made: list[str] = []
    run: list[str] = []
    laid_out = False

    def close() -> None:
        nonlocal run
        if run and laid_out:
            made.extend(["::", "", *(f"    {line}" for line in run), ""])
        elif run:
            made.extend(paragraph(run, names))
        run = []

    for line in lines:
        by_hand = bool(SET.search(line)) if line.strip() else laid_out
        if not line.strip() or by_hand != laid_out:
            close()
        laid_out = by_hand
        if line.strip():
            run.append(line)
    close()
    return made


def translate(_app: Sphinx, _what: str, _name: str, thing: Any, _options: Any, lines: list[str]) -> None:
    """Sphinx's hook: the docstring of a documented object is replaced in place."""
    lines[:] = markup(lines, names_of(thing))


def sign(
    _app: Sphinx,
    _what: str,
    _name: str,
    _thing: Any,
    _options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Sphinx's hook: an alias inside another type (`Array | None`) goes by its name; a protocol takes no arguments."""
    if signature == "(*args, **kwargs)":
        return "", None

    def plain(text: str | None) -> str | None:
        return text and re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text)

    return plain(signature), plain(returns)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the hooks."""
    app.connect("autodoc-process-docstring", translate)
    app.connect("autodoc-process-signature", sign)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
