"""The Dockerfile's claims, as far as they can be seen without a container engine: its lines read, its start tried."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.server import READY_WITHIN, free_port

ROOT = Path(__file__).resolve().parent.parent.parent
PORT = "8050"


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continuation lines joined."""

    name: str
    value: str


def instructions(text: str) -> list[Instruction]:
    """The Dockerfile without comments; a backslash at a line's end continues it."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


FILE = instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def values(name: str) -> list[str]:
    return [one.value for one in FILE if one.name == name]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for value in values("ENV") for pair in value.split())


def copied() -> list[tuple[str, str]]:
    return [tuple(value.split()) for value in values("COPY")]


def health_check() -> list[str]:
    return json.loads(values("HEALTHCHECK")[0].split("CMD", 1)[1])


def test_only_known_instructions() -> None:
    known = {"FROM", "ARG", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert {one.name for one in FILE} <= known
    assert FILE[0].name == "FROM"


def test_base_is_slim_and_pinned() -> None:
    (base,) = values("FROM")
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base), base
    minor = int(base.split(".")[1])
    assert minor >= 11, "the library needs Python 3.11"


def test_does_not_run_as_root() -> None:
    user = values("USER")[-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "a number other than 0, so that it can be checked from outside"
    last = {one.name: index for index, one in enumerate(FILE)}
    assert last["USER"] > max(last["RUN"], last["COPY"]), "what is installed and copied stays root's"
    assert "--chown" not in " ".join(values("COPY"))


def test_start_and_health_check_use_no_shell() -> None:
    (command,) = values("CMD")
    assert json.loads(command)[:3] == ["python", "-m", "app"]
    assert health_check()[0] == "python"
    assert values("EXPOSE") == [PORT]
    assert PORT in json.loads(command)
    assert PORT in health_check()[-1]


def test_installs_the_pins_and_nothing_else() -> None:
    installs = [part.strip() for value in values("RUN") for part in value.split("&&") if "pip install" in part]
    assert installs[-1] == "pip install -r requirements.txt -c tests/constraints.txt"
    assert all("requirements.txt" in install for install in installs)
    assert not re.search(r"apt-get|curl|wget|sudo|chmod", " ".join(values("RUN")))


@pytest.mark.parametrize("index", ["", "https://torch.example/whl"])
def test_build_argument_chooses_the_index_of_torch(index: str, tmp_path: Path) -> None:
    """The RUN line is executed by a shell with a pip that only tells what it was asked."""
    assert values("ARG") == ['TORCH_INDEX=""']
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\nprintf "%s\\n" "$*"\n')
    pip.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", values("RUN")[0]],
        cwd=ROOT, env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "TORCH_INDEX": index},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    pin = next(line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("torch=="))
    chosen = f"--index-url {index} " if index else ""
    rest = "install -r requirements.txt -c tests/constraints.txt"
    assert done.stdout.splitlines() == [f"install {chosen}{pin}", rest]


def test_context_holds_only_what_is_copied() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {source for source, _ in copied()}


def test_everything_written_goes_to_tmp() -> None:
    settings = environment()
    assert settings["NUMBA_CACHE_DIR"].startswith("/tmp/")
    assert settings["HOME"] == "/tmp"
    assert settings["PYTHONDONTWRITEBYTECODE"] == "1"


def test_starts_from_what_is_copied_and_writes_nothing_beside_it(tmp_path: Path) -> None:
    """The start command answers the health check from the copied files alone; the code stays untouched."""
    image, scratch = tmp_path / "image", tmp_path / "tmp"
    image.mkdir()
    scratch.mkdir()
    for source, target in copied():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, image / target, ignore=shutil.ignore_patterns("__pycache__", "screenshots"))
        else:
            (image / target).mkdir(exist_ok=True)
            shutil.copy(ROOT / source, image / target)
    before = sorted(image.rglob("*"))
    port = str(free_port())
    settings = {name: value.replace("/tmp", str(scratch)) for name, value in environment().items()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # Here nobody else is to reach it: the loopback address stands in for all of them.
    command = [word.replace(PORT, port).replace("0.0.0.0", "127.0.0.1") for word in json.loads(values("CMD")[0])]
    check = [word.replace(PORT, port) for word in health_check()]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *command[1:]],
            cwd=image, env={**inherited, **settings}, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        end = time.monotonic() + READY_WITHIN
        healthy = False
        while not healthy and process.poll() is None and time.monotonic() < end:
            time.sleep(0.5)
            done = subprocess.run([sys.executable, *check[1:]], capture_output=True, cwd=tmp_path, check=False)
            healthy = done.returncode == 0
        assert healthy, (tmp_path / "log").read_text()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)
    assert sorted(image.rglob("*")) == before
