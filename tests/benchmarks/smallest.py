"""The smallest form of every benchmark, and of the tools that measure or take pictures: found by file, run by tests.

A benchmark's `main(arguments, …)` takes "--smallest", which runs every part at its least size and writes nothing. What
else it takes it names as the tests' fixtures are named (`server`, `engine`, `browser`): it starts its own where none is
given.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = [
    *sorted((ROOT / "tests" / "benchmarks").glob("bench_*.py")),
    *(
        ROOT / "tests" / name
        for name in (
            "load/measure.py",
            "load/soak.py",
            "gpu/speed.py",
            "ecosystem/measure.py",
            "browser/screenshots.py",
        )
    ),
]
KEPT = (
    *(f"tests/{name}/results" for name in ("benchmarks", "load", "gpu", "ecosystem")),
    "assets/screenshots",
)
"""Folders that the long forms write into."""


def fixtures_of(path: Path) -> list[str]:
    """The names of what a file's main takes beside its arguments; the file is only read."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "main":
            first, *others = (argument.arg for argument in node.args.args)
            assert first == "arguments", f"{path}: main's first parameter is called {first}"
            return others
    raise AssertionError(f"{path} has no main(arguments)")


def parametrise(with_browser: bool) -> pytest.MarkDecorator:
    """All files whose main takes a browser, or all others, under their names."""
    found = [path for path in FILES if ("browser" in fixtures_of(path)) == with_browser]
    return pytest.mark.parametrize("path", found, ids=[path.stem for path in found])


def run_smallest(path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    """Run one; AssertionError where it prints no result or leaves a file."""
    given = {name: request.getfixturevalue(name) for name in fixtures_of(path)}
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    before, threads = _kept(), _threads()
    try:
        module.main(["--smallest"], **given)
    finally:
        _threads(threads)
    printed = capsys.readouterr().out
    assert re.search(r"^\| --- .*\n\| ", printed, re.MULTILINE) or ".png: " in printed, f"no result in {printed!r}"
    assert _kept() == before


def _kept() -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for folder in KEPT for path in (ROOT / folder).rglob("*")}


def _threads(count: int | None = None) -> int | None:
    """PyTorch's threads, set where they are given: a benchmark takes one, the other tests keep theirs."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    if count is not None:
        torch.set_num_threads(count)
    return torch.get_num_threads()
