"""Nobody but the engine itself runs code behind dask's ports: tried by another user of the computer."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.jobs import Engine, EngineSettings
from app.jobs.tls import FILES, write_certificate
from tests.app.jobs.engine_jobs import KINDS
from tests.app.jobs.engine_parts import Part, until
from tests.server import ROOT, free_port

pytestmark = pytest.mark.slow

WITHIN = 300.0
NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place that another user may write into, and reach."""
    made = Path(tempfile.mkdtemp(prefix="pothole-intruder-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


def intrude(folder: Path, ports: list[int]) -> list[int]:
    """The ports behind which another user's code was run. Where this process may not become somebody else it is the
    same attack by the same user, who has no certificate either."""
    user = NOBODY if os.geteuid() == 0 else os.geteuid()
    done = subprocess.run(
        [sys.executable, "-m", "tests.app.jobs.intruder", folder, str(user), *map(str, ports)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=WITHIN,
    )
    said = json.loads(done.stdout)
    assert said["user"] == user
    return said["ran"]


def ports_of(process: psutil.Process) -> list[int]:
    """Ports that a process and its children listen on."""
    return sorted(
        {
            connection.laddr.port
            for each in (process, *process.children(recursive=True))
            for connection in each.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
    )


async def run_one(engine: Engine) -> None:
    job = await engine.submit("a", {"kind": "count", "steps": 3})
    await until(engine.follow(job), lambda entry: entry.kind == "state" and entry.data["state"] == "finished")


def test_an_embedded_engine_lets_nobody_in(folder: Path) -> None:
    before = set(ports_of(psutil.Process()))
    engine = Engine(EngineSettings(kinds=KINDS))
    try:
        asyncio.run(asyncio.wait_for(run_one(engine), WITHIN))
        ports = sorted(set(ports_of(psutil.Process())) - before)
        assert len(ports) >= 3, "a scheduler, a nanny and a worker listen"
        assert intrude(folder, ports) == []
        asyncio.run(asyncio.wait_for(run_one(engine), WITHIN))
    finally:
        engine.close()


def test_a_cluster_with_a_certificate_lets_nobody_in_and_one_without_does(folder: Path, tmp_path: Path) -> None:
    """The second half shows that the attack is one."""
    assert write_certificate(tmp_path) and not write_certificate(tmp_path), "one that is there stays"
    assert all((tmp_path / name).stat().st_mode & 0o777 == 0o600 for name in FILES)
    variables = {f"POTHOLE_TLS_{name.split('.')[0].upper()}": str(tmp_path / name) for name in FILES}
    port, plain_port = free_port(), free_port()
    address = f"tls://127.0.0.1:{port}"
    parts = [
        Part("scheduler", "--port", str(port), "--state", "none", **variables),
        Part("worker", address, **variables),
        Part("scheduler", "--port", str(plain_port), "--state", "none"),
    ]
    engine = Engine(EngineSettings.from_environment(variables, scheduler=address, kinds=KINDS))
    try:
        asyncio.run(asyncio.wait_for(run_one(engine), WITHIN))
        ports = [port for part in parts[:2] for port in ports_of(psutil.Process(part.process.pid))]
        assert len(ports) >= 3
        assert intrude(folder, ports) == []
        assert intrude(folder, [plain_port]) == [plain_port]
    finally:
        engine.close()
        for part in parts:
            part.end()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"TLS_CA": "x"}, "belong together"),
        ({"TLS_CA": "x", "TLS_CERT": "x", "TLS_KEY": "/nowhere"}, "POTHOLE_TLS_KEY names '/nowhere'"),
        (
            {"TLS_CA": "ca", "TLS_CERT": "cert", "TLS_KEY": "key", "SCHEDULER": "tcp://h:1"},
            "of the form tls://host:port",
        ),
        ({"SCHEDULER": "tls://h:1"}, "or tcp://host:port without, not 'tls://h:1'"),
        ({"SCHEDULER": "h:1"}, "not 'h:1'"),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, given: dict[str, str], sentence: str) -> None:
    write_certificate(tmp_path)
    (tmp_path / "x").touch()
    files = {"x": "x", **{Path(name).stem: name for name in FILES}}
    environment = {
        f"POTHOLE_{name}": str(tmp_path / files[value]) if value in files else value for name, value in given.items()
    }
    with pytest.raises(ValueError, match=sentence):
        EngineSettings.from_environment(environment)
