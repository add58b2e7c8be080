"""The Dockerfile's claims, as far as they can be seen without a container engine: its lines read, its start tried.
That what it copies suffices to build the manual is seen in tests/docs/test_build.py."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from geometry import smoothing
from geometry.compiled import derivatives
from geometry.compiled_tape import tape_derivatives
from optimizers.compiled import walk
from tests.image import FILE, ROOT, copied, copy_sources, values
from tests.server import READY_WITHIN, free_port

PORT = "8050"


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for value in values("ENV") for pair in value.split())


def install_steps() -> list[str]:
    """What each stage installs, without what it runs after that."""
    return [value.split(" && python -m")[0] for value in values("RUN") if value.startswith("pip install")]


def health_check() -> list[str]:
    return json.loads(values("HEALTHCHECK")[0].split("CMD", 1)[1])


def test_only_known_instructions() -> None:
    known = {"FROM", "ARG", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert {one.name for one in FILE} <= known
    assert FILE[0].name == "FROM"


def test_base_is_slim_and_pinned() -> None:
    base, name = values("FROM")[0].split(" AS ")
    assert {one.split()[0] for one in values("FROM")} == {base, name}, "the other stages go on from the first"
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
    run, manual = install_steps()
    assert manual == "pip install --require-hashes -r docs/requirements.lock"
    first, second = run.split(" && ")
    assert first == "pip install --require-hashes -r app/deploy/requirements.lock"
    assert "^torch==" in second and second.endswith("-c tests/constraints.txt")
    assert not re.search(r"apt-get|curl|wget|sudo|chmod", " ".join(values("RUN")))


def test_what_builds_the_manual_stays_out_of_the_image() -> None:
    """The last stage goes on from the program's, and takes the built pages alone to where the server looks for them."""
    last = max(index for index, one in enumerate(FILE) if one.name == "FROM")
    assert FILE[last].value == "program"
    assert [one.value for one in FILE[last:] if one.name in ("COPY", "RUN")] == ["--from=manual /manual ./app/manual"]


@pytest.mark.parametrize("index", ["", "https://torch.example/whl"])
def test_build_argument_chooses_the_index_of_torch(index: str, tmp_path: Path) -> None:
    """The RUN line is executed by a shell with a pip that only tells what it was asked."""
    assert values("ARG") == ['TORCH_INDEX=""']
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\nprintf "%s\\n" "$*"\n')
    pip.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", install_steps()[0]],
        cwd=ROOT,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "TORCH_INDEX": index},
        capture_output=True,
        text=True,
        check=True,
    )
    pin = next(line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("torch=="))
    chosen = f"--index-url {index} " if index else ""
    locked = "install --require-hashes -r app/deploy/requirements.lock"
    assert done.stdout.splitlines() == [locked, f"install {chosen}{pin} -c tests/constraints.txt"]


@pytest.mark.skipif(not os.environ.get("FAULTS"), reason="asks an index for each pin: `make faults` runs it")
def test_install_steps_find_every_pin_under_its_hash(tmp_path: Path) -> None:
    """The RUN lines by a real pip for a fresh environment, which resolves and checks all and installs nothing.

    What this does not do: unpack the files, and run on the image's Python.
    """
    environment = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    real = f'exec "{sys.executable}" -m pip --python "{environment}/bin/python" "$@" --dry-run --quiet\n'
    pip = tmp_path / "pip"
    pip.write_text(f"#!/bin/sh\n{real}")
    pip.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        ["sh", "-c", " && ".join(install_steps())],
        cwd=ROOT,
        env={**inherited, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PIP_RETRIES": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    if "Failed to establish a new connection" in done.stderr or "Name or service not known" in done.stderr:
        pytest.skip("no package index is reached from here")
    assert done.returncode == 0, done.stderr[-3000:]


def test_linter_has_nothing_to_say() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_context_holds_only_what_is_copied() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    taken = {line[1:] for line in lines if line.startswith("!")}
    # What is copied early for the sake of the build's cache may lie in a folder that is copied whole later.
    assert taken == {source for source, _ in copied() if not any(f"{other}/" in source for other in taken)}


def test_everything_written_goes_to_tmp() -> None:
    settings = environment()
    assert settings["NUMBA_CACHE_DIR"].startswith("/tmp/")
    assert settings["HOME"] == "/tmp"
    assert settings["PYTHONDONTWRITEBYTECODE"] == "1"


def confined(folder: Path) -> list[str]:
    """The words before a command that give it what `--read-only --tmpfs /tmp` and USER give it in a container: nothing
    can be written but in a /tmp that holds nothing but compiled kernels, and it is nobody's user. None of them where
    this process may not do that."""
    shell = 'mount -o remount,bind,ro / && mount -t tmpfs -o mode=1777 tmpfs /tmp && cd "$0" && '
    shell += "cp -r kernels /tmp/numba && chown -R 10001:10001 /tmp/numba && "
    shell += 'exec setpriv --reuid 10001 --regid 10001 --clear-groups "$@"'
    words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", shell, str(folder)]
    try:
        # A Python under a home that is closed to others cannot be run as nobody.
        tried = subprocess.run(
            [*words, sys.executable, "-c", "import json, ssl, numpy"], capture_output=True, check=False
        )
    except FileNotFoundError:
        return []
    return words if tried.returncode == 0 else []


@pytest.fixture
def image() -> Iterator[Path]:
    """The files that the Dockerfile copies, where its user can read them and /tmp does not hide them; beside them the
    kernels that have been compiled here, as a second start finds them in its /tmp."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="pothole-image-") as folder:
        Path(folder).chmod(0o755)
        copy_sources(Path(folder))
        for kernel in (tape_derivatives, derivatives, smoothing._sums, walk):
            kept = Path(kernel.stats.cache_path)
            (Path(folder) / "kernels" / kept.name).mkdir(parents=True)
            for file in kept.glob("*.nb[ci]"):
                shutil.copy(file, Path(folder) / "kernels" / kept.name)
        # What the stage "manual" hands over.
        page = Path(folder) / "app" / "manual" / "index.html"
        page.parent.mkdir()
        page.write_text("<title>The manual</title>", encoding="utf-8")
        yield Path(folder)


def test_starts_from_what_is_copied_read_only_and_as_nobody(image: Path, tmp_path: Path) -> None:
    """The start command answers the health check and computes, from the copied files alone, on a root file system that
    cannot be written (where this process may set that up) and with the code untouched."""
    before = sorted(image.rglob("*"))
    port = str(free_port())
    words = confined(image)
    scratch = tmp_path / "tmp"
    shutil.copytree(image / "kernels", scratch / "numba")
    settings = {name: value if words else value.replace("/tmp", str(scratch)) for name, value in environment().items()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG"))}
    # Here nobody else is to reach it: the loopback address stands in for all of them.
    command = [word.replace(PORT, port).replace("0.0.0.0", "127.0.0.1") for word in json.loads(values("CMD")[0])]
    check = [word.replace(PORT, port) for word in health_check()]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*words, sys.executable, *command[1:]],
            cwd=image,
            env={**inherited, **settings},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    manual = b""
    try:
        end = time.monotonic() + READY_WITHIN
        ready = False
        while not ready and process.poll() is None and time.monotonic() < end:
            time.sleep(0.5)
            with contextlib.suppress(OSError):  # nobody listens yet, or the answer is that it is not ready
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10)
                manual = urllib.request.urlopen(f"http://127.0.0.1:{port}/manual/", timeout=10).read()
                ready = True
        done = subprocess.run([sys.executable, *check[1:]], capture_output=True, cwd=tmp_path, check=False)
        healthy = done.returncode == 0
        assert healthy and ready and b"The manual" in manual, (tmp_path / "log").read_text()
        if words:
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert re.search(r"^Uid:\s+10001\s+10001", status, re.MULTILINE), status
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)
    log_text = (tmp_path / "log").read_text()
    assert "Traceback" not in log_text and "pothole_lab=0" in log_text, log_text
    assert sorted(image.rglob("*")) == before
