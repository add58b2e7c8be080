"""Drive a stock Firefox over WebDriver BiDi: Playwright needs a patched one, and Debian has no driver for this one.

https://w3c.github.io/webdriver-bidi/ over one websocket: a command has a number, its answer has the same, events have
none. Run as a program, `python tests/faults/firefox.py [--install]` prints the path of a Firefox, after installing
Debian's package firefox-esr where there is none and that can be done; it prints nothing where none is to be had.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = ("firefox-esr", "firefox")
WITHIN = 300.0
"""Seconds that anything may take, on a machine that may be busy with something else."""
PREFERENCES = {
    "browser.download.folderList": 2,
    "browser.download.always_ask_before_handling_new_types": False,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9/none",
    "webgl.force-enabled": True,
}
LEFT = {"button": 0}


def find_firefox() -> str | None:
    """Path of the program: FIREFOX if it is set, else the first of the usual names; None where there is none."""
    return next((path for name in (os.environ.get("FIREFOX", ""), *NAMES) if (path := shutil.which(name))), None)


def install_firefox() -> None:
    """Install Debian's package; where that cannot be done, find_firefox goes on finding none."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "firefox-esr"]):
        subprocess.run(["apt-get", *command], stdout=sys.stderr, env=environment, check=False)


class Firefox:
    """A running Firefox without a window, with one tab of 1280 × 800. Use it in a with statement."""

    def __init__(self, path: str, downloads: Path) -> None:
        from websockets.sync.client import connect

        self._profile = tempfile.TemporaryDirectory(prefix="pothole-lab-firefox-", ignore_cleanup_errors=True)
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});"
            for name, value in {**PREFERENCES, "browser.download.dir": str(downloads)}.items()
        ]
        Path(self._profile.name, "user.js").write_text("\n".join(lines), encoding="utf-8")
        self._log = Path(self._profile.name, "stderr.log")
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [path, "--headless", "--no-remote", "--profile", self._profile.name, "--remote-debugging-port", "0"],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._number = 0
        self.errors: list[str] = []
        """What pages have written to the console as errors, and what nobody caught."""
        self._connecting = connect(f"{self._address()}/session", max_size=None, open_timeout=WITHIN)
        self._socket = self._connecting.__enter__()
        self.send("session.new", capabilities={})
        self.tab = self.send("browsingContext.getTree")["contexts"][0]["context"]
        self.send("browsingContext.setViewport", context=self.tab, viewport={"width": 1280, "height": 800})
        self.send("session.subscribe", events=["log.entryAdded"])

    def __enter__(self) -> Firefox:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.send("browser.close")
            self._connecting.__exit__(None, None, None)
        finally:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._profile.cleanup()

    def send(self, method: str, **parameters: Any) -> Any:
        """The answer to a command; RuntimeError with Firefox's words where it refuses."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=WITHIN))
            if message.get("id") == self._number:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
                return message["result"]
            entry = message.get("params", {})
            if message.get("method") == "log.entryAdded" and entry.get("level") == "error":
                self.errors.append(str(entry.get("text")))

    def prepare(self, script: str) -> None:
        """Run this in every page before its own scripts."""
        self.send("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}")

    def open(self, address: str) -> None:
        """Go to an address, and wait until the page is loaded."""
        self.send("browsingContext.navigate", context=self.tab, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of the page, or of the promise that it is; RuntimeError where it throws."""
        found = self.send(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then((value) => JSON.stringify(value))",
            target={"context": self.tab},
            awaitPromise=True,
        )
        if found["type"] == "exception":
            raise RuntimeError(f"{expression[:200]}: {found['exceptionDetails']['text']}")
        return json.loads(found["result"]["value"]) if found["result"]["type"] == "string" else None

    def until(self, expression: str) -> Any:
        """The first true value of an expression; AssertionError where none comes."""
        return first_true(lambda: self.evaluate(expression), expression)

    def click(self, selector: str) -> None:
        """Press the left button on the middle of an element."""
        self.drag(selector, (0.5, 0.5))

    def drag(self, selector: str, *places: tuple[float, float]) -> None:
        """Press the left button at the first place, in parts of an element's width and height, and let it go at the
        last."""
        element = f"document.querySelector({json.dumps(selector)})"
        self.until(f"Boolean({element}?.checkVisibility())")
        self.evaluate(f"{element}.scrollIntoView({{ block: 'center' }}) ?? null")
        box = self.evaluate(f"{element}.getBoundingClientRect()")
        points = [
            (round(box["x"] + across * box["width"]), round(box["y"] + down * box["height"])) for across, down in places
        ]
        moves = [{"type": "pointerMove", "x": x, "y": y, "duration": 40} for x, y in points]
        acts = [moves[0], {"type": "pointerDown", **LEFT}, *moves[1:], {"type": "pointerUp", **LEFT}]
        pointer = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": acts}
        self.send("input.performActions", context=self.tab, actions=[pointer])

    def picture(self) -> bytes:
        """What the tab shows, as PNG."""
        return base64.b64decode(self.send("browsingContext.captureScreenshot", context=self.tab)["data"])

    def _address(self) -> str:
        """Where it listens: it says so on its standard error."""

        def listening() -> str | None:
            found = re.search(r"WebDriver BiDi listening on (ws://\S+)", self._log.read_text(errors="replace"))
            return found[1] if found else None

        return first_true(listening, "Firefox says where it listens")


def first_true(ready: Callable[[], Any], told: str) -> Any:
    """The first true value of `ready`, asked again and again; AssertionError when none comes."""
    end = time.monotonic() + WITHIN
    while time.monotonic() < end:
        if value := ready():
            return value
        time.sleep(0.05)
    raise AssertionError(f"what the test waits for did not come within {WITHIN:g} s: {told}")


def main() -> None:
    """Print the path; with --install after installing one where there is none. Ends well without one, too."""
    if find_firefox() is None and "--install" in sys.argv[1:]:
        install_firefox()
    print(find_firefox() or "")


if __name__ == "__main__":
    main()
