"""A whole deployment as processes on this machine: two web processes, a scheduler, a worker, the proxy."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from app.deploy import assets
from app.jobs.tls import FILES, write_certificate
from tests.app.jobs.engine_parts import Part
from tests.deploy.caddy import find_caddy
from tests.server import ROOT, Server, free_port

READY_WITHIN = 300.0


class Deployment:
    """What compose.yaml starts, without containers: the same commands and the same Caddyfile, on free ports. Of the two
    workers one: each takes two seconds of a processor whenever it starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine_port = free_port()
        self.scheduler_address = f"tls://127.0.0.1:{self.engine_port}"
        write_certificate(folder / "tls")
        self.tls = {f"POTHOLE_TLS_{Path(name).stem.upper()}": str(folder / "tls" / name) for name in FILES}
        self.proxy_port = free_port()
        self.url = f"http://127.0.0.1:{self.proxy_port}"
        self.proxy: subprocess.Popen | None = None
        self.webs: list[Server] = []
        self.parts: list[Part] = []
        try:
            self.scheduler = self.start_scheduler()
            kept_often = {"POTHOLE_CHECKPOINT_SECONDS": "0.5"}
            self.worker = self._part("worker", self.scheduler_address, "--name", "0", **kept_often)
            environment = {
                **self.tls,
                "POTHOLE_SCHEDULER": self.scheduler_address,
                "POTHOLE_TRUSTED_PROXIES": "127.0.0.1",
                "POTHOLE_LOG_FORMAT": "json",
                **kept_often,
            }
            for _ in range(2):
                self.webs.append(Server(**environment))
            if find_caddy() is not None:
                assets.main([str(folder / "assets"), "--quality", "4"])
                self.proxy = self._start_proxy()
            for web in self.webs:
                wait_until_ready(web.url)
            if self.proxy is not None:
                wait_until_ready(self.url)
        except BaseException:
            self.end()
            raise

    def start_scheduler(self) -> Part:
        """At the same port and with the same folder each time."""
        return self._part("scheduler", "--port", str(self.engine_port), "--state", str(self.folder / "state"))

    def kill_worker(self) -> None:
        """SIGKILL to the process that runs jobs; its nanny starts the next one."""
        (running,) = self.worker.children()
        running.kill()

    def kill_web(self, index: int) -> None:
        """SIGKILL, as a machine that runs out of memory does it."""
        os.killpg(self.webs[index].process.pid, signal.SIGKILL)
        self.webs[index].process.wait(60)

    def end(self) -> None:
        """All of it."""
        if self.proxy is not None:
            self.proxy.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.proxy.wait(10)
            if self.proxy.poll() is None:
                self.proxy.kill()
            self.proxy.wait()
        for web in self.webs:
            web.stop()
        for part in reversed(self.parts):
            part.end()

    def _part(self, *arguments: str, **environment: str) -> Part:
        part = Part(*arguments, **self.tls, **environment)
        self.parts.append(part)
        return part

    def _start_proxy(self) -> subprocess.Popen:
        variables = {
            "POTHOLE_SITE": self.url,
            "POTHOLE_WEB": " ".join(f"127.0.0.1:{web.port}" for web in self.webs),
            "POTHOLE_ASSETS": str(self.folder / "assets"),
            "XDG_DATA_HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
        }
        with (self.folder / "proxy.log").open("w") as log:
            return subprocess.Popen(
                [str(find_caddy()), "run", "--config", "app/deploy/Caddyfile", "--adapter", "caddyfile"],
                cwd=ROOT,
                env={**os.environ, **variables},
                stdout=log,
                stderr=log,
            )


def wait_until_ready(url: str) -> None:
    """Return when /readyz answers well there; TimeoutError if that does not come to be."""
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=10):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.3)
    raise TimeoutError(f"{url}/readyz has not answered well within {READY_WITHIN:g} s")
