"""Setting up, tried with the real Makefile and empty pins in a folder whose name has a space; no network is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = Path(sys.executable).resolve()
"""Not the one of a .venv: the path of that may have a space, and names of interpreters are a list."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "pothole lab"
    for part in ("docs", "tests"):
        (folder / part).mkdir(parents=True)
        (folder / part / "requirements.txt").write_text("-r ../requirements.txt\n")
    (folder / "app" / "paper").mkdir(parents=True)
    (folder / "app" / "paper" / "requirements.txt").write_text("# nothing\n")
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "requirements.txt").write_text("# nothing\n")
    (folder / "tests" / "constraints.txt").write_text("# nothing\n")
    return folder


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={**inherited, "PIP_NO_INDEX": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def set_up(folder: Path) -> subprocess.CompletedProcess[str]:
    done = make(folder, ".venv/test.stamp", f"PYTHON={PYTHON}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_sets_up_once_and_again_when_needed(project: Path) -> None:
    """One story and not several tests: each environment that is made costs seconds."""
    assert "Making .venv" in set_up(project).stdout
    assert "up to date" in set_up(project).stdout

    # The pins change.
    pins, stamp = project / "requirements.txt", project / ".venv" / "run.stamp"
    pins.write_text("# something else\n")
    later = stamp.stat().st_mtime + 10
    os.utime(pins, (later, later))
    assert "pip install" in set_up(project).stdout

    # A failed installation is not taken for done: the next command tries again.
    pins.write_text("no-such-package-here==0.0\n")
    os.utime(pins, (later + 10, later + 10))
    assert make(project, ".venv/test.stamp").returncode != 0
    assert make(project, "--question", ".venv/test.stamp").returncode != 0
    pins.write_text("# nothing again\n")

    # Its Python has gone. Found by trying: make saw the old stamp and took the new, empty environment for complete.
    for name in ("python", "python3"):
        link = project / ".venv" / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(project / "gone")
    again = set_up(project).stdout
    assert "Making .venv" in again
    assert again.count("pip install") == 2
    assert (project / ".venv" / "bin" / "python").exists()


def test_python_that_is_too_old_is_refused(project: Path, tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make(project, "run", f"PYTHON={old} python-that-is-not-there")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stdout
    assert not (project / ".venv").exists()


def test_help_lists_every_command(project: Path) -> None:
    told = {line.split()[1] for line in make(project).stdout.splitlines()}
    declared = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    assert told == set(declared.split()[1:])
