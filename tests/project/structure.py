"""The house in figures: circles of files, packages that import each other, floors, sizes, what the client holds.

    python -m tests.project.structure [--of COMMIT …]

prints a table with a column for each commit, and one for the files as they are. Imports are read from the source,
wherever in a file they stand (in functions, and for types only, as well); nothing is run.

room    a folder directly below app, or a file directly in app (app/__init__.py is none)
arrow   from one room to another that it imports, however often
back up the fewest arrows without which no circle of rooms is left; of two such choices the one with fewer imports
floor   a room stands above all that it imports, arrows that run back up left aside
"""

from __future__ import annotations

import argparse
import ast
import io
import itertools
import re
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).resolve().parent.parent.parent
LAYERS = ("app", "optimizers", "geometry")
FOLDERS = (*LAYERS, "assets", "tests")
SUFFIXES = (".py", ".js", ".mjs")
FEATURES = ("toy", "instruments", "network", "lecture", "paper")
TOP = ("server.py", "processes.py", "variables.py", "notebook.py", "__main__.py", "console.py", "deploy")
"""Rooms of app that know features, and those that know all; below both stands what knows neither."""
CLASSES = {"LLQR", "SAM", "NoProbe", "Identity"}
"""Classes of optimizers that the rest asks about as little as can be."""

IMPORT = re.compile(r"""^\s*(?:import|export)\b[^;"']*["'][^"']+["']""", re.MULTILINE)
SHARED = re.compile(r"\b(?:lab|potholeLab)\.(\w+) *(?:\?\?|\|\|)?=(?![=>])")

Arrow = tuple[str, str]


def read_present() -> dict[str, str]:
    """Path → text of every Python and JavaScript file below FOLDERS."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def read_commit(commit: str) -> dict[str, str]:
    """The same of a commit."""
    packed = subprocess.run(
        ["git", "archive", "--format=tar", commit], cwd=ROOT, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        files = [member for member in archive if member.isfile() and member.name.split("/")[0] in FOLDERS]
        files = [member for member in files if Path(member.name).suffix in SUFFIXES]
        return {member.name: archive.extractfile(member).read().decode() for member in files}


def imported_names(path: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(module, name taken from it or "") of every import in a file."""
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            yield from ((module, alias.name) for alias in node.names)


def find_circles(arrows: Iterable[Arrow]) -> list[list[str]]:
    """Groups of two or more that reach each other along the arrows, sorted."""
    arrows = list(arrows)
    names = sorted(set(itertools.chain.from_iterable(arrows)))
    matrix = np.zeros((len(names), len(names)), dtype=bool)
    for tail, head in arrows:
        matrix[names.index(tail), names.index(head)] = True
    count, labels = connected_components(matrix, connection="strong") if names else (0, np.empty(0))
    groups = [[name for name, label in zip(names, labels, strict=True) if label == k] for k in range(count)]
    return sorted(group for group in groups if len(group) > 1)


def find_back_arrows(arrows: Mapping[Arrow, int]) -> list[Arrow]:
    """The fewest arrows without which there is no circle, the lightest of those where several choices are as few.

    Exact: the best order of each circle's members is built up from below, over all sets of those who are placed.
    """
    found: list[Arrow] = []
    for circle in find_circles(arrows):
        best: dict[frozenset[str], tuple[int, int, tuple[str, ...]]] = {frozenset(): (0, 0, ())}
        for _ in circle:
            after: dict[frozenset[str], tuple[int, int, tuple[str, ...]]] = {}
            for placed, (count, weight, order) in best.items():
                for name in set(circle) - placed:
                    # Whoever is placed next imports upwards all that are not placed yet.
                    up = [arrows[name, other] for other in circle if other not in placed and (name, other) in arrows]
                    key, value = placed | {name}, (count + len(up), weight + sum(up), (*order, name))
                    after[key] = min(after.get(key, value), value)
            best = after
        ((_, _, order),) = best.values()
        found += [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if (a, b) in arrows]
    return sorted(found)


def find_floors(rooms: Iterable[str], arrows: Iterable[Arrow]) -> dict[str, int]:
    """Room → floor, from 1; the arrows hold no circle."""
    below: dict[str, set[str]] = {room: set() for room in rooms}
    for tail, head in arrows:
        below[tail].add(head)
    floors: dict[str, int] = {}

    def floor(room: str) -> int:
        if room not in floors:
            floors[room] = 1 + max(map(floor, below[room]), default=0)
        return floors[room]

    return {room: floor(room) for room in below}


class House:
    """What stands in a tree of files, path → text."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """Python files of the layers, parsed."""
        return {path: ast.parse(text) for path, text in self.files.items() if _python_of(path, *LAYERS)}

    @cached_property
    def arrows(self) -> set[Arrow]:
        """(file, file that it imports) within the layers."""
        return {
            (path, target)
            for path, tree in self.trees.items()
            for module, name in imported_names(path, tree)
            if (target := self._file_of(module, name)) and target != path
        }

    def _file_of(self, module: str, name: str) -> str | None:
        path = module.replace(".", "/")
        candidates = (f"{path}/{name}.py", f"{path}/{name}/__init__.py", f"{path}.py", f"{path}/__init__.py")
        return next((candidate for candidate in candidates if candidate in self.trees), None)

    @cached_property
    def room_arrows(self) -> Counter[Arrow]:
        """(room, room) within app → imports of files."""
        found = Counter((room_of(tail), room_of(head)) for tail, head in self.arrows)
        return Counter({(tail, head): n for (tail, head), n in found.items() if tail and head and tail != head})

    @cached_property
    def rooms(self) -> list[str]:
        """All rooms of app."""
        return sorted({room for path in self.trees if (room := room_of(path))})

    @property
    def pairs(self) -> list[Arrow]:
        """Rooms of app that import each other."""
        return sorted((a, b) for a, b in self.room_arrows if a < b and (b, a) in self.room_arrows)

    @cached_property
    def back_arrows(self) -> list[Arrow]:
        """Arrows between rooms that run back up."""
        return find_back_arrows(self.room_arrows)

    @property
    def against_the_order(self) -> list[Arrow]:
        """(file, file) of imports within app that run up from what knows no feature, or from a feature to the top."""
        return sorted((a, b) for a, b in self.arrows if 0 <= _height(a) < _height(b))

    @property
    def floors(self) -> dict[str, int]:
        """Room → floor."""
        return find_floors(self.rooms, set(self.room_arrows) - set(self.back_arrows))

    def class_tests(self, *layers: str) -> int:
        """How often the type of something is compared with one of CLASSES."""
        return sum(
            _asks_for_class(node)
            for path in self.trees
            if _python_of(path, *layers)
            for node in ast.walk(self.trees[path])
        )

    def size(self, *folders: str) -> str:
        """Files and lines of Python below folders."""
        texts = [text for path, text in self.files.items() if _python_of(path, *folders)]
        return f"{len(texts)} files, {sum(text.count(chr(10)) for text in texts)} lines"

    @property
    def scripts(self) -> dict[str, str]:
        """The client's code."""
        return {path: text for path, text in self.files.items() if "assets/" in path and path.endswith((".js", ".mjs"))}

    @property
    def script_imports(self) -> int:
        """Imports of one module by another in the client."""
        return sum(len(IMPORT.findall(text)) for text in self.scripts.values())

    @property
    def global_names(self) -> set[str]:
        """Names that the client's files put on the object that all of them share."""
        return {name for text in self.scripts.values() for name in SHARED.findall(text)}

    def figures(self) -> dict[str, str]:
        """The table: what → figure."""
        floors = self.floors
        found = {
            "circles of files": f"{len(find_circles(self.arrows))}",
            "pairs of app's rooms that import each other": f"{len(self.pairs)}",
            "arrows between app's rooms, of them running back up": f"{len(self.room_arrows)}, {len(self.back_arrows)}",
            "rooms of app, floors": f"{len(floors)}, {max(floors.values(), default=0)}",
            "arrows between files": f"{len(self.arrows)}",
            **{layer: self.size(layer) for layer in (*LAYERS, "tests")},
            f"tests for {', '.join(sorted(CLASSES))}; outside optimizers; in app": "; ".join(
                str(self.class_tests(*layers)) for layers in (LAYERS, ("app", "geometry"), ("app",))
            ),
            "`dict[str, Any]` in app": f"{self.count('dict[str, Any]', 'app')}",
            "places that the formatter leaves alone; of them in tests": "; ".join(
                str(self.count("# fmt: " + "skip", *folders)) for folders in ((), ("tests",))
            ),
            "client": f"{len(self.scripts)} files, {sum(text.count(chr(10)) for text in self.scripts.values())} lines",
            "client's imports, names on one global": f"{self.script_imports}, {len(self.global_names)}",
        }
        return found

    def count(self, words: str, *folders: str) -> int:
        """How often words stand in the Python files below folders, or in all."""
        return sum(text.count(words) for path, text in self.files.items() if _python_of(path, *folders))


def room_of(path: str) -> str:
    """The room of a file: "app/toy", "app/server.py"; "" outside app and for app/__init__.py."""
    parts = path.split("/")
    return "" if parts[0] != "app" or parts[1:] == ["__init__.py"] else "/".join(parts[:2])


def _height(path: str) -> int:
    """Where a file is to stand: -1 outside app's rooms, 0 where no feature is known, 1 in a feature, 2 at the top."""
    name = room_of(path).removeprefix("app/")
    return -1 if not name else 2 if name in TOP else 1 if name in FEATURES else 0


def _python_of(path: str, *folders: str) -> bool:
    return path.endswith(".py") and (not folders or path.split("/")[0] in folders)


def _asks_for_class(node: ast.AST) -> bool:
    """isinstance(x, SAM), issubclass(…), type(x) is SAM, in any of their spellings."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
        asked: list[ast.AST] = node.args[1:]
    elif isinstance(node, ast.Compare) and "type(" in ast.unparse(node):
        asked = [node]
    else:
        return False
    inside = [part for one in asked for part in ast.walk(one)]
    names = {getattr(part, "attr", getattr(part, "id", "")) for part in inside}
    return bool(names & CLASSES)


def main(arguments: list[str] | None = None) -> None:
    """Print the table, and under it what is not as it should be now."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--of", nargs="*", default=[], metavar="COMMIT", help="a column for each")
    options = parser.parse_args(arguments)
    houses = {commit: House(read_commit(commit)) for commit in options.of}
    present = houses["now"] = House(read_present())
    columns = [house.figures() for house in houses.values()]
    print("| | " + " | ".join(houses) + " |\n|---|" + "---|" * len(houses))
    for what in columns[0]:
        print(f"| {what} | " + " | ".join(column[what] for column in columns) + " |")
    for circle in find_circles(present.arrows):
        print("circle of files:", ", ".join(circle))
    for a, b in present.pairs:
        print(f"import each other: {a}, {b}")
    for tail, head in present.back_arrows:
        print(
            f"runs back up: {tail} → {head}:",
            ", ".join(f"{a} → {b}" for a, b in sorted(present.arrows) if (room_of(a), room_of(b)) == (tail, head)),
        )
    by_floor = sorted((floor, room) for room, floor in present.floors.items())
    for floor, group in itertools.groupby(by_floor, key=lambda one: one[0]):
        print(f"floor {floor}:", ", ".join(room.removeprefix("app/") for _, room in group))


if __name__ == "__main__":
    main()
