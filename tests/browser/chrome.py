"""Find the Chrome or Chromium that the browser tests drive; install Debian's package where that is possible.

Run as a program it prints the path: `python tests/browser/chrome.py [--install]`. It needs nothing but Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

NAMES = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
MAC_PATHS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
HOW = "Install Google Chrome or Chromium, or set CHROME to the path of one, and try again."


class NoChrome(RuntimeError):
    """No browser to drive; the message says what to do."""


def find_chrome(environment: Mapping[str, str] = os.environ) -> str | None:
    """Path of the browser: CHROME if it is set, else the first of the usual names and places; None where there is none.

    NoChrome if CHROME names something that is no program: a wrong setting is never passed over in silence.
    """
    chosen = environment.get("CHROME")
    if chosen:
        path = shutil.which(chosen, path=environment.get("PATH"))
        if path is None:
            raise NoChrome(f"CHROME is set to {chosen!r}, which is not a program. {HOW}")
        return path
    for name in NAMES:
        path = shutil.which(name, path=environment.get("PATH"))
        if path:
            return path
    return next((path for path in MAC_PATHS if os.access(path, os.X_OK)), None)


def privilege() -> list[str] | None:
    """The words to put before a command that needs root: none for root, sudo if it asks no password, else None."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if asked.returncode == 0 else None


def install_chrome() -> None:
    """Install Debian's package `chromium`. NoChrome with the reason where that cannot be done."""
    if shutil.which("apt-get") is None:
        raise NoChrome(f"The browser tests found no Chrome or Chromium, and apt-get is not here. {HOW}")
    before = privilege()
    if before is None:
        raise NoChrome(f"The browser tests found no Chrome or Chromium, and installing it needs root. {HOW}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    update = [*before, "apt-get", "update"]
    install = [*before, "apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
    print("No Chrome or Chromium found; installing Debian's chromium package.", file=sys.stderr)
    for command in (update, install):
        # Standard output carries the path alone, so apt's words go to standard error. A failed update may still do.
        done = subprocess.run(command, stdout=sys.stderr, env=environment, check=False)
        if command is install and done.returncode != 0:
            raise NoChrome(f"Installing Debian's chromium package failed, see above. {HOW}")


def main() -> None:
    """Print the browser's path, after installing one with --install where there is none."""
    try:
        if find_chrome() is None and "--install" in sys.argv[1:]:
            install_chrome()
        path = find_chrome()
        if path is None:
            raise NoChrome(f"The browser tests found no Chrome or Chromium. {HOW}")
    except NoChrome as error:
        sys.exit(str(error))
    print(Path(path))


if __name__ == "__main__":
    main()
