"""The program under test as a subprocess: `python -m app --no-browser --port …`, its address, its log, its end."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import weakref
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 300.0
"""Seconds. Importing takes a few; a first compilation on a busy machine takes many more."""
LOWEST_PORT, PORTS = 11_000, 1000
_turns = itertools.count(os.getpid())
TRACEBACK = "Traceback (most recent call last)"


def free_port() -> int:
    """A port of 127.0.0.1 that is free now, and that nobody is given by chance before it is used.

    It lies below those that the system hands out to connections, among the thousand of this one of several test
    processes, and comes round again only after all of them.
    """
    first = LOWEST_PORT + PORTS * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for turn in _turns:
        port = first + turn % PORTS
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there is no end of turns")


class Server:
    """A running server. `url` has no slash at its end; extra arguments and environment are the program's.

    on_port: the port of one that has ended, so that its pages find this one. program: another way to start it than
    `python -m app`. folder: the one that it is started from.
    """

    def __init__(
        self,
        *arguments: str,
        on_port: int = 0,
        program: Sequence[str | Path] = (sys.executable, "-m", "app"),
        folder: Path = ROOT,
        **environment: str,
    ) -> None:
        self.port = on_port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        log, path = tempfile.mkstemp(prefix="pothole-lab-", suffix=".log")
        self._log = Path(path)
        weakref.finalize(self, self._log.unlink, missing_ok=True)
        self.process = subprocess.Popen(
            [*program, "--no-browser", "--port", str(self.port), *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # A group of its own: whatever the program starts is ended with it.
            start_new_session=True,
        )
        os.close(log)
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self, within: float = READY_WITHIN) -> None:
        """Return as soon as the front page is answered; RuntimeError with the log if that does not come to be."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            if self.exit_code is not None:
                raise RuntimeError(f"the server ended with {self.exit_code} before it answered:\n{self.log()}")
            try:
                with urllib.request.urlopen(f"{self.url}/", timeout=10):
                    return
            except urllib.error.HTTPError as error:
                if error.code == 401:  # it asks for its password: it answers
                    return
                raise RuntimeError(f"the front page is answered with {error.code}:\n{self.log()}") from error
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        raise RuntimeError(f"the server did not answer within {within:g} s:\n{self.log()}")

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def log(self) -> str:
        """All it has printed so far; still to be had after its end."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def tracebacks(self) -> int:
        """How many tracebacks it has printed so far."""
        return self.log().count(TRACEBACK)

    def stop(self, within: float = 10.0, sign: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, then make it; safe to call twice."""
        for each in (sign, signal.SIGKILL):
            if self.exit_code is not None:
                return
            os.killpg(self.process.pid, each)
            try:
                self.process.wait(within)
            except subprocess.TimeoutExpired:
                continue
