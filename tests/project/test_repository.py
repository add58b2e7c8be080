"""The house rules that a machine can keep: layers, size, pins, words, docstrings, commands that exist."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LAYERS = {
    "geometry": ("optimizers", "app", "dash", "plotly", "fastapi", "starlette", "tests"),
    "optimizers": ("app", "dash", "plotly", "fastapi", "starlette", "tests"),
    "app": ("tests",),
}
TOP_LEVEL = {
    *("app", "geometry", "optimizers", "assets", "tests", "requirements.txt", "Dockerfile", "README.md", "Makefile"),
    *("pyproject.toml", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "docs"),
}
LONGEST = 450
LONG_FOR_A_REASON: dict[str, str] = {}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "misc", "common", "stuff"}
TEXT = {".py", ".js", ".css", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ""}
FOREIGN = {
    "a machine's path": r"/work/|/home/\w|/root/|/Users/\w|[A-Z]:\\\\",
    "a package registry's host": r"\b(?:[\w-]+\.)*(?:pypi\.org|pythonhosted\.org|npmjs\.org|npmjs\.com|debian\.org)\b",
    "a content network's host": r"\b(?:cdn\.\w+|unpkg\.com|cdnjs\.|jsdelivr\.net|fonts\.g\w+\.com)",
    "how the code came to be": r"(?i)\b(?:language model|chatbot|session id|issue #?\d+|sub-?agent)\b|\.\./shared\b",
    "a background note": r"\b(?:DESIGN|TOYS|METHODS|SLICES|STYLE|WEB|CONTRACT)\.md\b",
    "an exception from the formatter": r"#\s*fmt: ?(?:skip|off)",
    "an unfinished end": r"\b(?:TODO|FIXME|XXX|HACK)\b|<{7} |>{7} ",
}
STRAIGHT = re.compile(r"\w's\b|s'\s")
"""A possessive with the typewriter's apostrophe, which the manual's build makes a real one and nothing else does."""
OWN = Path(__file__).resolve()


def repository_files() -> list[Path]:
    """What git holds or would hold; everything but what is ignored where there is no git."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        found = [ROOT / name for name in done.stdout.split("\0") if name]
    else:
        ignored = {".venv", "__pycache__", ".git", "artifacts", "build"}
        found = [path for path in ROOT.rglob("*") if not ignored & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in found if path.is_file())


FILES = repository_files()
PYTHON = [path for path in FILES if path.suffix == ".py"]


DRAWS = ("geometry/figures.py", "plotly.graph_objects")
"""The one module of the library that draws, and what it imports when a figure is asked for."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def under(folder: str) -> list[Path]:
    return [path for path in PYTHON if path.is_relative_to(ROOT / folder)]


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """(line, full name) of every module that a file imports, wherever in the file."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield node.lineno, ".".join((*above, *filter(None, [node.module])))


def test_there_is_something_to_check() -> None:
    for layer in LAYERS:
        assert under(layer), f"no Python file found under {layer}"


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer: str) -> None:
    wrong = [
        f"{name_of(path)}:{line} imports {module}"
        for path in under(layer)
        for line, module in imported(path)
        if module.split(".")[0] in LAYERS[layer] and (name_of(path), module) != DRAWS
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_else_at_the_top() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in FILES}
    extra = {name for name in found - TOP_LEVEL if not name.startswith(".")}
    assert not extra, f"not one of the agreed places: {sorted(extra)}"


def test_files_are_short() -> None:
    sizes = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in FILES
        if path.suffix in {".py", ".js", ".css"}
    }
    long = {name: size for name, size in sizes.items() if size > LONGEST and name not in LONG_FOR_A_REASON}
    assert not long, f"longer than {LONGEST} lines without a reason in LONG_FOR_A_REASON: {long}"
    stale = {name for name in LONG_FOR_A_REASON if sizes.get(name, 0) <= LONGEST}
    assert not stale, f"no longer long, take them off LONG_FOR_A_REASON: {stale}"


def test_names_say_what_is_inside() -> None:
    vague = [name_of(path) for path in FILES if VAGUE_NAMES & {path.stem.lower(), path.parent.name.lower()}]
    assert not vague, f"name these after what they hold: {vague}"


@pytest.mark.parametrize("what", FOREIGN)
def test_repository_stands_alone(what: str) -> None:
    found = []
    for path in FILES:
        if path == OWN or path.suffix not in TEXT:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(FOREIGN[what], line):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:120]}")
    assert not found, f"names {what}:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a machine's path", 'open("/home/somebody/data")'),
        ("a package registry's host", "--index-url https://pypi.org/simple"),
        ("a content network's host", "<script src='https://unpkg.com/x'>"),
        ("how the code came to be", "as asked in issue 12"),
        ("a background note", "see DESIGN.md"),
        ("an exception from the formatter", "rows = [1, 2]  # fmt: skip"),
        ("an unfinished end", "# TODO: later"),
    ],
)
def test_foreign_words_are_recognised(what: str, line: str) -> None:
    assert re.search(FOREIGN[what], line)


def requirements(path: Path) -> list[str]:
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


@pytest.mark.parametrize(
    "file",
    [
        *("requirements.txt", "docs/requirements.txt", "app/paper/requirements.txt", "tests/requirements.txt"),
        "tests/constraints.txt",
    ],
)
def test_every_requirement_is_pinned(file: str) -> None:
    loose = [
        line
        for line in requirements(ROOT / file)
        if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+|-r \.\./(docs/|app/paper/)?requirements\.txt", line)
    ]
    assert not loose, f"not pinned with ==: {loose}"


def pins(*files: str) -> list[tuple[str, str]]:
    """(normalised name, version) of every pin."""
    lines = [line for file in files for line in requirements(ROOT / file) if not line.startswith("-r")]
    parts = [re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==(.+)", line) for line in lines]
    return [(re.sub(r"[-_.]+", "-", part[1]).lower(), part[2]) for part in parts if part]


REQUIREMENTS = (
    *("requirements.txt", "docs/requirements.txt", "app/paper/requirements.txt"),
    "tests/requirements.txt",
)


def test_no_requirement_is_pinned_twice() -> None:
    names = [name for name, _ in pins(*REQUIREMENTS)]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


def test_locked_versions_are_those_of_the_requirements() -> None:
    locked = dict(pins("tests/constraints.txt"))
    wrong = [pin for pin in pins(*REQUIREMENTS) if locked.get(pin[0]) != pin[1]]
    assert not wrong, f"`make lock` has not been run since these changed: {wrong}"


def public_without_docstring(path: Path) -> Iterator[str]:
    """Public functions, classes and methods of a file that do not say what they do.

    A method that carries out what its base class or protocol describes inherits the words, so only methods of classes
    without a base must have their own; kernels named with a leading underscore are private.
    """
    tree = tree_of(path)
    if not ast.get_docstring(tree):
        yield f"{name_of(path)}: the module"
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if not isinstance(node, kinds) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield f"{name_of(path)}:{node.lineno}: {node.name}"
        if isinstance(node, ast.ClassDef) and not node.bases:
            for method in node.body:
                if isinstance(method, kinds) and not method.name.startswith("_") and not ast.get_docstring(method):
                    yield f"{name_of(path)}:{method.lineno}: {node.name}.{method.name}"


@pytest.mark.parametrize("layer", LAYERS)
def test_public_code_says_what_it_does(layer: str) -> None:
    silent = [found for path in under(layer) for found in public_without_docstring(path)]
    assert not silent, "no docstring:\n" + "\n".join(silent)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_documented_commands_exist(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL))
    commands = re.findall(r"\bmake ([a-z]+)", code)
    assert {"test"} <= set(commands)
    assert set(commands) <= targets, f"not in the Makefile: {set(commands) - targets}"


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_links_between_files_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    broken = [link for link in links if not (ROOT / link).exists()]
    assert not broken, f"{document} points to what is not there: {broken}"


def words_for_readers() -> Iterator[tuple[str, str]]:
    """(place, text) of all strings of the packages that are no docstrings, and of the scenes and exercises."""
    for path in FILES:
        if path.parent == ROOT / "app" / "lecture" and path.suffix == ".md":
            yield name_of(path), path.read_text(encoding="utf-8")
    for path in (path for layer in LAYERS for path in under(layer)):
        tree = tree_of(path)
        strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        yield from ((f"{name_of(path)}:{node.lineno}", node.value) for node in strings if id(node) not in docs)


def test_apostrophes_are_no_typewriter_s() -> None:
    found = [f"{place}: {match[0]!r}" for place, text in words_for_readers() if (match := STRAIGHT.search(text))]
    assert not found, "write ’ in what is read:\n" + "\n".join(found)
