"""What all tests share: a server started as a person starts it, the browser's path, the order of the folders."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import parallel
from tests.browser.chrome import HOW, find_chrome
from tests.server import Server
from tests.wheel import build_wheel

ROOT = Path(__file__).resolve().parent.parent

# A worker that steps back behind the web process gets nothing at all where other programs fill the cores, and what a
# test waits for does not come. test_engine.py shows that it steps back; elsewhere it need not.
os.environ.setdefault("POTHOLE_WORKER_NICE", "0")
# Tests share the cores out among themselves. A second thread has nothing to gain on networks this small, and where
# others fill the cores two threads spend most of their time waiting for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples in every run: a red test then means a change of the code. Two shared cores keep no deadline.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

FIRST_PATHS = "from app.toy.batch import compute_paths; from app.toy.request import read_request; "
FIRST_PATHS += "compute_paths(read_request({})[0])"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """The garbage collector never looks at what is imported: nine looks took a quarter of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[Any]:
    """Each process begins elsewhere in a folder, and finds compiled what another has been at before: side by side all
    of them compiled the same file of a new clone at the same time."""
    report = yield
    if isinstance(collector, pytest.Dir):
        report.result = parallel.turn(report.result)
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: under Playwright's running event loop no other may start. Of their files the longest first,
    so that none of several processes is left with a long one at the end."""
    items.sort(key=lambda item: (parallel.place(item.path), item.path.parts))


def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """In a new clone the simulation is compiled once for all processes, while they collect: it takes seven seconds of a
    processor, and each of them would need it at the same time."""
    compiling = subprocess.Popen([sys.executable, "-c", FIRST_PATHS], cwd=ROOT)
    config.add_cleanup(compiling.wait)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means here."""
    return parallel.processes(config)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> parallel.Files:
    """Whole files, in the order above."""
    return parallel.Files(config, log)


@pytest.fixture(scope="session")
def chrome_path() -> str:
    """Path of Chrome or Chromium. A missing browser fails the test: it is never skipped."""
    path = find_chrome()
    if path is None:
        pytest.fail(f"No Chrome or Chromium found. `make test` installs Debian's where it can. {HOW}")
    return path


@pytest.fixture(scope="session")
def start_server() -> Iterator[Callable[..., Server]]:
    """start_server(*arguments, **environment) → a running Server of the test's own; all are stopped at the end."""
    servers: list[Server] = []

    def start(*arguments: str, **environment: str) -> Server:
        servers.append(Server(*arguments, **environment))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def server(start_server: Callable[..., Server]) -> Iterator[Server]:
    """The one server that tests share. The run fails if it printed a traceback or died."""
    shared = start_server()
    yield shared
    died = shared.exit_code
    shared.stop()
    assert died is None, f"the server ended by itself with {died}:\n{shared.log()}"
    assert not shared.tracebacks(), f"the server printed a traceback:\n{shared.log()}"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from here."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))
