"""How `make test` shares the tests out among processes: whole files, in the order in which they are collected.

A file's tests stay together, since what a file starts (an engine, a deployment) is started once for all of them; so do
folders that share one server. Each process has a server and a browser of its own, made when they are first asked for.
"""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

WAITING = 1
"""Processes beyond the cores: many tests wait, for processes that start or are killed, while others compute."""
TOGETHER = ("tests/fuzz/",)
"""Folders whose files share a server, and so one process."""


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
