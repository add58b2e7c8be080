"""Clocks: durations are measured on one that nobody sets; a clock on the wall decides nothing but what is said here.

A wall clock jumps when it is set right, when a laptop wakes up, and twice a year where somebody has set it up badly.
"""

from __future__ import annotations

import ast
from pathlib import Path

from tests.project.test_repository import name_of, under

OF_THE_WALL = {"time", "time_ns", "now", "utcnow", "today", "fromtimestamp"}
ALLOWED = {
    "app/web/password.py": "the end of a cookie, which must outlast this process",
    "app/web/guards.py": "hands the same clock on",
    "app/jobs/registry.py": "when a run was submitted, for people",
    "app/jobs/scheduler_side.py": "the same, for runs that a restart has read",
    "app/jobs/hub.py": "when an entry was made, for people",
    "app/paper/records.py": "the day on which a record was computed, for people",
}


def wall_clocks(path: Path) -> list[int]:
    """The lines that name one: time.time and its like, datetime.now and its like."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in OF_THE_WALL
        and isinstance(node.value, ast.Name)
        and node.value.id in ("time", "datetime", "date")
    ]


def test_clocks_on_the_wall_are_asked_where_that_is_meant() -> None:
    files = [path for layer in ("app", "optimizers", "geometry") for path in under(layer)]
    found = {name_of(path) for path in files if wall_clocks(path)}
    assert found - set(ALLOWED) == set(), "measure durations with time.monotonic or time.perf_counter"
    assert set(ALLOWED) - found == set(), "no longer asked there: take it off ALLOWED"
