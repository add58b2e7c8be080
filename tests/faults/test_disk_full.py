"""A disk that is really full: a tiny file system, mounted for the one process that is to find it full."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from app.jobs import Engine, EngineSettings
from tests.app.jobs.engine_jobs import KINDS
from tests.app.jobs.engine_parts import Part
from tests.server import ROOT, free_port


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Callable[[int], Sequence[str]]:
    """tiny_disk(kilobytes) → the words before a command that give it a disk of that size at tmp_path / "disk"."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def words(kilobytes: int) -> Sequence[str]:
        script = f'mount -t tmpfs -o size={kilobytes}k tmpfs "$0" && exec "$@"'
        before = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(folder)]
        try:
            tried = subprocess.run([*before, "true"], capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            tried = False
        if not tried:
            pytest.skip("mounting a file system of one's own is not allowed here; test_job_store.py feigns a full disk")
        return before

    return words


def test_a_run_goes_on_and_says_that_it_is_not_kept(tiny_disk: Callable, tmp_path: Path) -> None:
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    scheduler = Part("scheduler", "--port", str(port), "--state", str(tmp_path / "disk"), before=tiny_disk(24))
    worker = Part("worker", address)
    engine = Engine(EngineSettings(kinds=KINDS, checkpoint_seconds=0.1, scheduler=address))

    async def go() -> None:
        job = await engine.submit("a", {"kind": "count", "steps": 2000, "pause": 0.001})
        entries = [entry async for entry in engine.follow(job)]
        rows = [row for entry in entries if entry.kind == "progress" for row in entry.data["rows"]]
        assert [row["position"] for row in rows] == list(range(1, 2001))
        (said,) = [entry.data["sentence"] for entry in entries if entry.kind == "notice"]
        assert said.startswith("The run goes on but is not kept on the disk (No space left on device)")
        assert entries[-1].data["state"] == "finished"

    try:
        asyncio.run(asyncio.wait_for(go(), 120))
    finally:
        engine.close()
        worker.end()
        scheduler.end()


COMPILES = """
import numpy as np
from geometry.compiled import losses_and_curvature
from geometry.surfaces import AnnularWell
surface, points = AnnularWell(), np.array([[4.8, 0.9]])
losses, curvature = np.zeros(1), np.zeros(1)
losses_and_curvature(int(surface.kernel_code), surface.kernel_parameters, points, losses, curvature)
print(bool(np.isclose(losses[0], surface.loss(points)[0])))
"""


def test_a_kernel_that_cannot_be_kept_is_used_all_the_same(tiny_disk: Callable, tmp_path: Path) -> None:
    """Found by this test: the first answer was lost with the OSError that numba raised."""
    done = subprocess.run(
        [*tiny_disk(16), sys.executable, "-c", COMPILES],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "disk")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "True", done.stderr[-2000:]
    assert "a compiled kernel is not kept" in done.stderr
