"""How the tests are shared out among processes: whole files, folders with one server together, the longest of the
browser's first, no process too many."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import parallel

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("arguments", "processes"),
    [
        (["tests"], 6),
        (["tests/project/test_parallel.py"], 0),
        (["tests/project/test_parallel.py::test_what_is_one_unit_of_work"], 0),
        (["tests/deploy"], 2),
        (["tests/deploy", "tests/project/test_parallel.py"], 3),
        (["tests/golden/golden.py"], 0),
    ],
)
def test_no_more_processes_than_files(arguments: list[str], processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel.os, "sched_getaffinity", lambda _: set(range(4)))
    config = SimpleNamespace(args=arguments, invocation_params=SimpleNamespace(dir=ROOT))
    assert parallel.processes(config) == processes


def test_browser_files_come_last_and_of_them_the_longest_first() -> None:
    browser = ROOT / "tests" / "browser"
    assert {path.stem for path in browser.glob("test_*.py")} > set(parallel.LONGEST), "a file has another name now"
    paths = [browser / "test_cut.py", *(browser / f"{name}.py" for name in reversed(parallel.LONGEST)), Path(__file__)]
    assert [path.stem for path in sorted(paths, key=parallel.place)] == ["test_parallel", *parallel.LONGEST, "test_cut"]


def test_what_is_one_unit_of_work() -> None:
    units = parallel.Files.__new__(parallel.Files)
    assert units._split_scope("tests/fuzz/test_wire.py::test_a[x::y]") == "tests/fuzz/"
    assert units._split_scope("tests/deploy/test_processes.py::test_a[x::y]") == "tests/deploy/test_processes.py"


def test_each_process_begins_elsewhere_and_collects_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "4")
    firsts = []
    for process in range(4):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", f"gw{process}")
        turned = parallel.turn(list(range(9)))
        assert sorted(turned) == list(range(9))
        firsts.append(turned[0])
    assert firsts == [0, 2, 4, 6]
