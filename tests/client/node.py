"""Find the node that runs the client code's tests; install Debian's package where that is possible.

Run as a program it prints the path: `python tests/client/node.py [--install]`. With `--tools` it also installs the
linter's, formatter's and type checker's pinned versions beside this file. It needs nothing but Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEAST, LEAST_FOR_TOOLS = (18, 19), (20, 19)
"""Versions: of the tests (Debian's), and of linter, formatter and type checker."""
HOW = "Install Node 20.19 or newer (18.19 does for the tests), or set NODE to the path of one, and try again."


class NoNode(RuntimeError):
    """No node to run; the message says what to do."""


def find_node() -> str | None:
    """Path of node: NODE if it is set, else the one on the path; None where there is none that is new enough."""
    chosen = os.environ.get("NODE")
    path = shutil.which(chosen or "node")
    if path is None:
        if chosen:
            raise NoNode(f"NODE is set to {chosen!r}, which is not a program. {HOW}")
        return None
    if version_of(path) < LEAST:
        raise NoNode(f"{path} is too old. {HOW}")
    return path


def version_of(path: str) -> tuple[int, ...]:
    """Major and minor version of a node; none where it is no node."""
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return tuple(int(part) for part in told.removeprefix("v").split(".")[:2] if part.isdigit())


def install_node() -> None:
    """Install Debian's packages `nodejs` and `npm`. NoNode with the reason where that cannot be done."""
    before = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") is None or (before and shutil.which("sudo") is None):
        raise NoNode(f"The client code's tests found no node, and it cannot be installed here. {HOW}")
    print("No node found; installing Debian's nodejs and npm packages.", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", "nodejs", "npm"]):
        done = subprocess.run([*before, "apt-get", *words], stdout=sys.stderr, env=environment, check=False)
    if done.returncode != 0:
        raise NoNode(f"Installing Debian's nodejs package failed, see above. {HOW}")


def install_tools(path: str) -> None:
    """The tools in the versions of package-lock.json, where they are not there yet. NoNode where npm cannot."""
    if version_of(path) < LEAST_FOR_TOOLS:
        raise NoNode(f"{path} is too old for the linter of the client code. {HOW}")
    stamp, lock = HERE / "node_modules" / ".stamp", HERE / "package-lock.json"
    if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise NoNode("The client code's linter needs npm, which is not here. Install it and try again.")
    done = subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=HERE, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise NoNode("npm could not install the client code's linter, formatter and type checker, see above.")
    stamp.touch()


def main() -> None:
    """Print node's path, after installing what is missing where that is asked for."""
    try:
        if find_node() is None and "--install" in sys.argv[1:]:
            install_node()
        path = find_node()
        if path is None:
            raise NoNode(f"The client code's tests found no node. {HOW}")
        if "--tools" in sys.argv[1:]:
            install_tools(path)
    except NoNode as error:
        sys.exit(str(error))
    print(path)


if __name__ == "__main__":
    main()
