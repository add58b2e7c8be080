"""`make lock`, second half: every file's hash of all that runs the app, into app/deploy/requirements.lock, and of all
that builds the manual in the image, into docs/requirements.lock.

Left out are torch and what only some builds of it bring (CUDA's libraries): its CPU and CUDA builds of one version are
different files on different indexes, and the lock has to fit either. Their versions are pinned all the same.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = ROOT / "app" / "deploy" / "requirements.lock"
MANUAL_LOCK = ROOT / "docs" / "requirements.lock"
BUILDS = re.compile(r"^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+)==", re.MULTILINE)
HEAD = """\
# Versions and hashes of all that the app needs at run time, written by `make lock` from requirements.txt.
# Without torch and what its CUDA build brings along: which build it is depends on the machine.
"""
MANUAL_HEAD = """\
# Versions and hashes of all that builds the manual, written by `make lock` from docs/requirements.txt.
"""
# The least version of Python that the manual's packages share; the image has it.
MANUAL_PYTHON = "3.11.5"


def resolved(*leave_out: str, requirements: str = "requirements.txt", python: str = "3.11") -> str:
    """The pinned requirements with hashes, for every platform."""
    options = [
        "--generate-hashes",
        "--universal",
        "--no-header",
        "--no-annotate",
        "--python-version",
        python,
        "--quiet",
    ]
    options += ["--no-emit-index-url", "--no-emit-find-links"]
    left_out = [part for name in leave_out for part in ("--no-emit-package", name)]
    files = ["-c", "tests/constraints.txt", requirements]
    done = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", *options, *left_out, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the requirements cannot be resolved:\n{done.stderr}")
    return done.stdout


def read_lock(text: str) -> dict[str, tuple[str, list[str]]]:
    """{normalised name: (version, sha256 hashes)} of a lock file."""
    found: dict[str, tuple[str, list[str]]] = {}
    for entry in re.sub(r"\\\n", " ", text).splitlines():
        match = re.match(r"([\w.-]+)==([\w.]+)", entry)
        if match:
            found[normalised(match[1])] = (match[2], re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
    return found


def normalised(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Write both locks."""
    builds = sorted(set(BUILDS.findall(resolved())))
    LOCK.write_text(HEAD + resolved(*builds), encoding="utf-8")
    manual = resolved(requirements="docs/requirements.txt", python=MANUAL_PYTHON)
    MANUAL_LOCK.write_text(MANUAL_HEAD + manual, encoding="utf-8")
    for lock in (LOCK, MANUAL_LOCK):
        print(f"{lock.relative_to(ROOT)}: {len(read_lock(lock.read_text(encoding='utf-8')))} distributions")


if __name__ == "__main__":
    main()
