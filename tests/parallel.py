"""How `make test` shares the tests out among processes: whole files, those with a browser last.

A file's tests stay together, since what a file starts (an engine, a deployment) is started once for all of them; so do
folders that share one server. Each process has a server and a browser of its own, made when they are first asked for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

WAITING = 2
"""Processes beyond the cores: half of a test's time it waits, for processes that start or die or for a page that comes
to rest, while others compute."""
TOGETHER = ("tests/fuzz/",)
"""Folders whose files share a server, and so one process."""
LONGEST = (
    *("test_faults", "test_access", "test_network_cluster", "test_lecture", "test_figures_in_words", "test_export"),
    *("test_network_page", "test_benchmarks", "test_toy_lab", "test_instruments", "test_explore"),
    *("test_wheel", "test_recorded_runs", "test_embed", "test_first_screen"),
)
"""The browser's files that take half a minute and more, the longest first: one that begins late leaves the other
processes idle at the end. Those that are not named here follow."""


def place(path: Path) -> int:
    """Where a file's tests come: those without a browser first, in the order in which they are collected."""
    if path.parent.name != "browser":
        return 0
    return 1 + (LONGEST.index(path.stem) if path.stem in LONGEST else len(LONGEST))


def turn(collected: list[Any]) -> list[Any]:
    """What was collected from a folder, from the place of this one of several processes on."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = len(collected) * process // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return [*collected[first:], *collected[:first]]


class Files(LoadScopeScheduling):
    """One unit of work is a file, or a folder of TOGETHER."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.split("::")[0])


def processes(config: pytest.Config) -> int:
    """For `-n auto`: no more than there are files to be run, and none of its own for a single one."""
    files = 0
    for argument in config.args:
        path = config.invocation_params.dir / argument.split("::")[0]
        files += len(list(path.rglob("test_*.py"))) if path.is_dir() else 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = min(cores + WAITING, files)
    return found if found > 1 else 0
