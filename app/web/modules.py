"""Client code in modules, put together as one script: what an entry imports, each module once, before its importers.

The files in assets/ are ES modules that a browser, node and an editor read as they stand. A page of sixty modules would
be sixty requests, each asked for again at every visit, and a file opened from disk may import nothing at all: so an
entry goes out as one script. Each module becomes a function's body that gives back what it exports; nothing is renamed,
nothing else is changed. Only what the client code uses is understood; all else is refused rather than guessed at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

IMPORT = re.compile(r'^import \{([\w\s,]+)\} from "(\.{1,2}/[\w./-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function\*?|function\*?|class|const) (\w+))", re.MULTILINE)
STRAY = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class ModuleError(ValueError):
    """A module that cannot be linked; the message names the file and what is wrong in it."""


def imports_of(file: Path) -> dict[Path, list[str]]:
    """What a module imports: file → names."""
    return _imports_at(file, os.stat(file).st_mtime_ns)


@lru_cache(maxsize=1000)
def _imports_at(file: Path, _changed: int) -> dict[Path, list[str]]:
    """Those of a file as it was then: the scripts of ten pages are put together from much the same modules."""
    found: dict[Path, list[str]] = {}
    for names, address in IMPORT.findall(file.read_text(encoding="utf-8")):
        wanted = [name.strip() for name in names.split(",") if name.strip()]
        found.setdefault((file.parent / address).resolve(), []).extend(wanted)
    return found


def modules_of(*entries: Path) -> list[Path]:
    """Entries and all that they import, each after its own imports. ModuleError where modules import in a circle."""
    order: list[Path] = []
    open_now: list[Path] = []

    def visit(file: Path) -> None:
        if file in order:
            return
        if file in open_now:
            circle = " imports ".join(path.name for path in [*open_now[open_now.index(file) :], file])
            raise ModuleError(f"modules import in a circle: {circle}")
        open_now.append(file)
        for other in imports_of(file):
            if not other.is_file():
                raise ModuleError(f"{file.name} imports {other}, which is not there")
            visit(other)
        open_now.pop()
        order.append(file)

    for entry in entries:
        visit(entry.resolve())
    return order


def link(*entries: Path) -> str:
    """One classic script that does what the entries do as modules, one after the other."""
    files = modules_of(*entries)
    names = {file: f"module{number}" for number, file in enumerate(files)}
    exported = {file: EXPORT.findall(file.read_text(encoding="utf-8")) for file in files}
    return '(() => {\n"use strict";\n' + "\n".join(_module(file, names, exported) for file in files) + "\n})();\n"


def _module(file: Path, names: dict[Path, str], exported: dict[Path, list[str]]) -> str:
    text = file.read_text(encoding="utf-8")
    body = EXPORT.sub("", IMPORT.sub("", text)).strip("\n")
    if stray := STRAY.search(body):
        raise ModuleError(f"{file.name}: this form of import or export is not linked: {stray[0]}")
    heads = "\n".join(_imports(file, names, exported))
    back = f"return {{ {', '.join(exported[file])} }};"
    return f"// {file.parent.name}/{file.name}\nconst {names[file]} = (() => {{\n{heads}\n{body}\n{back}\n}})();"


def _imports(file: Path, names: dict[Path, str], exported: dict[Path, list[str]]) -> Iterator[str]:
    for other, wanted in imports_of(file).items():
        if missing := set(wanted) - set(exported[other]):
            raise ModuleError(f"{file.name} imports what {other.name} does not export: {', '.join(sorted(missing))}")
        yield f"const {{ {', '.join(wanted)} }} = {names[other]};"
