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
LEAST = (20, 19)
HOW = f"Install Node {LEAST[0]}.{LEAST[1]} or newer, or set NODE to the path of one, and try again."


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
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    version = tuple(int(part) for part in told.removeprefix("v").split(".")[:2] if part.isdigit())
    if version < LEAST:
        raise NoNode(f"{path} is {told or 'no node'}, which is too old. {HOW}")
    return path


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


def install_tools() -> None:
    """The tools in the versions of package-lock.json, where they are not there yet. NoNode where npm cannot."""
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
            install_tools()
    except NoNode as error:
        sys.exit(str(error))
    print(path)


if __name__ == "__main__":
    main()
