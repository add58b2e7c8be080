"""Every benchmark runs, at its least size; they use public names only."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.jobs import Engine, EngineSettings
from app.network.kinds import KINDS
from tests.benchmarks import streaming_jobs
from tests.benchmarks.report import in_milliseconds
from tests.benchmarks.smallest import FILES, ROOT, parametrise, run_smallest

READ = sorted({*FILES, *(ROOT / "tests" / "benchmarks").glob("*.py"), *(ROOT / "tests" / "load").glob("*.py")})


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One engine for all benchmarks of engines."""
    shared = Engine(EngineSettings(nice=0, kinds={**KINDS, **streaming_jobs.KINDS}, jobs_per_visitor=20))
    yield shared
    shared.close()


@parametrise(with_browser=False)
def test_smallest_form_runs(path, request, capsys):
    run_smallest(path, request, capsys)


def private_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of every name with a leading underscore that is another module's: imported, or taken from what is
    neither self nor cls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            parts = [part for alias in node.names for part in alias.name.split(".")]
            parts += (getattr(node, "module", "") or "").split(".")
            yield from ((node.lineno, part) for part in parts if part.startswith("_") and part != "__future__")
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            yield from [] if own else [(node.lineno, node.attr)]


@pytest.mark.parametrize("path", READ, ids=[path.stem for path in READ])
def test_only_public_names_are_used(path):
    found = list(private_names(ast.parse(path.read_text(encoding="utf-8"))))
    assert not found, f"{path.relative_to(ROOT)}: {found}"


@pytest.mark.parametrize(
    "line", ["from optimizers.fast import _walk", "fast._one.cache_clear()", "import a._b", "from a._b import c"]
)
def test_private_names_are_recognised(line):
    assert list(private_names(ast.parse(line)))


def test_a_failing_benchmark_hides_no_other(tmp_path: Path):
    """`make bench` goes on after one that fails, says which one it was, and fails."""
    folder = tmp_path / "tests" / "benchmarks"
    folder.mkdir(parents=True)
    (folder / "bench_a.py").write_text("print('a measured')\n")
    (folder / "bench_b.py").write_text("raise SystemExit('b broke')\n")
    (folder / "bench_c.py").write_text("print('c measured')\n")
    for name in ("Makefile", "tests/browser/chrome.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    python = Path(sys.executable).resolve()  # not the one of a .venv whose path may have a space
    done = subprocess.run(
        ["make", "-o", ".venv/test.stamp", "bench", f"ENV={python}", f"CHROME={python}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "a measured" in done.stdout and "c measured" in done.stdout
    assert "failed: tests/benchmarks/bench_b.py" in done.stdout


@pytest.mark.parametrize(
    ("seconds", "told"),
    [([], ("–", "–")), ([0.2], ("200.0", "200.0")), ([k / 1000 for k in range(101)], ("50.0", "95.0"))],
)
def test_times_are_told_however_few_there_are(seconds, told):
    """A slow machine's page drew one row of a run, and the least form of a benchmark failed."""
    assert in_milliseconds(seconds) == told
