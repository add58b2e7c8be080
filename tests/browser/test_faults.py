"""What a person sees when something breaks under an open page, and that what the page had shown as kept is there after.

OFFLINE_SECONDS sets how long the network is gone (`make faults`: 30).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.app.jobs.engine_parts import Part
from tests.browser.lab_page import LabPage
from tests.browser.network_lab import LONG, NetworkPage
from tests.browser.waiting import WITHIN
from tests.server import Server, free_port

BY_MAKE_FAULTS = pytest.mark.skipif(not os.environ.get("FAULTS"), reason="takes minutes: `make faults` runs it")
OFFLINE_SECONDS = float(os.environ.get("OFFLINE_SECONDS", "1"))
LOST_ON_PURPOSE = (
    r"ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INTERNET_DISCONNECTED|ERR_EMPTY_RESPONSE|WebSocket|status of 503"
)


class Lab:
    """A server that can be killed and started again at its port, with an engine of its own or beside it."""

    def __init__(self, folder: Path, own_engine: bool, **environment: str) -> None:
        self.parts: dict[str, Part] = {}
        self.folder = folder
        self.environment = {"POTHOLE_CHECKPOINT_SECONDS": "0.5", **environment}
        if not own_engine:
            self.engine_port = free_port()
            address = f"tcp://127.0.0.1:{self.engine_port}"
            self.start_scheduler()
            self.parts["worker"] = Part("worker", address, **self.environment)
            self.environment["POTHOLE_SCHEDULER"] = address
        self.server = Server(**self.environment)
        self.url = self.server.url

    def start_scheduler(self) -> None:
        """At the same port and with the same folder each time."""
        self.parts["scheduler"] = Part("scheduler", "--port", str(self.engine_port), "--state", str(self.folder))

    def kill_server(self) -> None:
        """Without a word: SIGKILL, to all that it has started."""
        os.killpg(self.server.process.pid, signal.SIGKILL)
        self.server.process.wait(300)

    def start_server(self) -> None:
        """At the port of the one before."""
        self.server = Server(on_port=self.server.port, **self.environment)

    def end(self) -> None:
        """All of it."""
        self.server.stop()
        for part in reversed(self.parts.values()):
            part.end()


@pytest.fixture
def start_lab(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    labs: list[Lab] = []

    def start(own_engine: bool = True, **environment: str) -> Lab:
        labs.append(Lab(tmp_path / "state", own_engine, **environment))
        return labs[-1]

    yield start
    for lab in labs:
        lab.end()


def test_the_web_process_is_restarted_in_the_middle_of_a_drag(new_page, start_lab, page_problems) -> None:
    """The setting stays as it was dragged, a sentence says what is waited for, and the paths come when it is back."""
    page_problems.allow(LOST_ON_PURPOSE)
    lab = start_lab()
    page = LabPage(new_page())
    page.open(f"{lab.url}/?preset=figure-2&steps=50")
    before = page.page.evaluate("potholeLab.toy.lastRequest.radius")
    page.drag("radius", 0.3, 0.4)
    # The cut is asked for after the paths: an answer that the kill cuts in two would be another fault than this one.
    page.until(lambda: page.page.evaluate("potholeLab.toy.cut.idle"))
    lab.kill_server()
    page.drag("radius", 0.4, 0.7, answered=False)
    page.until(lambda: any("does not answer; asking again" in notice for notice in page.notices()))
    wanted = float(page.field("radius").input_value())
    assert wanted != before, "the slider is where it was dragged to"
    lab.start_server()
    page.until(lambda: page.page.evaluate("potholeLab.toy.gate.idle && potholeLab.toy.lastRequest.radius") == wanted)
    page.until(lambda: page.notices() == [])
    page.until(lambda: f"radius={wanted:g}" in page.page.url)


def notices(page: NetworkPage) -> str:
    return " ".join(page.page.locator("#notices .notice span").all_inner_texts())


def check_whole(places: list[int], least: int) -> None:
    assert len(places) > least and places == list(range(len(places))), "a step is missing on the page, or there twice"


@BY_MAKE_FAULTS
def test_a_run_outlives_whatever_ends_under_it(new_page, start_lab, page_problems) -> None:
    """One run on one page, and in its course the worker, the web process and the scheduler are killed."""
    page_problems.allow(LOST_ON_PURPOSE)
    lab = start_lab(own_engine=False)
    page = NetworkPage(new_page()).open(lab.url + LONG)
    page.start()

    def reach(more: int) -> None:
        rows = page.rows()
        page.until(lambda: page.rows() > rows + more)

    reach(10)
    lab.parts["worker"].children()[0].kill()
    page.until(lambda: "was killed or lost after step" in page.said())
    reach(10)

    lab.kill_server()
    page.until(lambda: "The connection to the server is lost; trying again." in notices(page))
    shown = page.rows()
    lab.start_server()
    reach(10)
    assert page.rows() > shown

    lab.parts["scheduler"].end(signal.SIGKILL)
    page.until(lambda: "does not answer. Trying again." in page.said())
    lab.start_scheduler()
    page.until(lambda: "The engine was restarted after step" in page.said())
    reach(10)
    shown = page.rows()
    check_whole(page.stop(), shown)


def test_a_run_goes_on_when_the_web_process_that_it_runs_in_is_killed(
    new_page, start_lab, page_problems, tmp_path
) -> None:
    """One process with an engine of its own and a folder for its state, SIGKILL in the middle of a run, the same
    command again: the open page goes on without a reload, its curve is whole, it says what happened, and it still
    steers."""
    page_problems.allow(LOST_ON_PURPOSE)
    kept = str(tmp_path / "embedded")
    lab = start_lab(POTHOLE_STATE_DIR=kept, POTHOLE_CHECKPOINT_SECONDS="0.05")  # far less than 20 rows take
    page = NetworkPage(new_page()).open(lab.url + LONG)
    page.page.evaluate("() => { window.thisVeryPage = true; }")
    job = page.start()
    page.until(lambda: page.rows() > 20)
    page.type("learning_rate", "0.02")
    (mark,) = page.until(page.marks)
    reached = page.rows()
    page.until(lambda: page.rows() > reached + 20)
    workers = psutil.Process(lab.server.process.pid).children(recursive=True)

    lab.server.process.kill()  # this process alone, as the kernel does it when memory runs out
    lab.server.process.wait(300)
    page.until(lambda: "The connection to the server is lost; trying again." in notices(page))
    shown = page.positions()
    assert page.state() == "running" and len(shown) > reached, "what has been drawn stays on the page"
    _, left = psutil.wait_procs(workers, WITHIN)
    assert not left, "its worker processes end with it"
    lab.start_server()

    page.until(lambda: "The engine was restarted after step" in page.said())
    page.until(lambda: page.rows() > len(shown))
    assert "goes on from step" in page.said(), "from its checkpoint, not from the start"
    assert page.positions()[: len(shown)] == shown
    page.until(lambda: "connection to the server" not in notices(page))
    page.type("learning_rate", "0.01")
    first, second = page.until(lambda: len(marks := page.marks()) == 2 and marks)
    assert first == mark and second["settings"] == {"learning_rate": 0.01} and second["position"] >= shown[-1]
    check_whole(page.stop(), len(shown))
    assert page.run()["job"] == job and page.run()["owner"]
    assert page.page.evaluate("window.thisVeryPage === true"), "nobody has reloaded it"


@BY_MAKE_FAULTS
def test_a_run_in_the_web_process_itself_is_lost_with_it_where_nothing_is_kept(
    new_page, start_lab, page_problems
) -> None:
    """Without a folder for its state the page says that the run is gone, and keeps what it has drawn."""
    page_problems.allow(LOST_ON_PURPOSE)
    lab = start_lab()
    page = NetworkPage(new_page()).open(lab.url + LONG)
    page.start()
    page.until(lambda: page.rows() > 20)
    lab.kill_server()
    page.until(lambda: "The connection to the server is lost; trying again." in notices(page))
    shown = page.positions()
    lab.start_server()
    page.until(lambda: "the engine was restarted" in notices(page))
    assert page.positions()[: len(shown)] == shown, "what has been drawn stays on the page"
    page.until(lambda: "the engine has forgotten this run" in page.status())
    assert page.button("start").inner_text() == "Start again" and page.button("pause").is_hidden()
    page.start()
    page.until(lambda: page.rows() > 10)
    check_whole(page.stop(), 10)


def test_a_browser_that_was_offline_misses_nothing(new_page, page_problems) -> None:
    """Both pages without a network, and back: the toy lab draws the newest setting, the run's curve is whole."""
    page_problems.allow(LOST_ON_PURPOSE)
    network = NetworkPage(new_page()).open(LONG)
    toy = LabPage(network.page.context.new_page())
    page_problems.watch(toy.page)
    toy.open("/?preset=figure-2&steps=50")
    network.start()
    network.until(lambda: network.rows() > 10)
    network.page.context.set_offline(True)
    # Chromium's switch does not close a websocket that is open: the network does that after a while.
    network.page.evaluate("potholeLab.network.live.follower.interrupt()")
    toy.drag("radius", 0.3, 0.6, answered=False)
    toy.until(lambda: any("does not answer; asking again" in notice for notice in toy.notices()))
    network.page.wait_for_timeout(1000 * OFFLINE_SECONDS)
    network.page.context.set_offline(False)
    wanted = float(toy.field("radius").input_value())
    toy.until(lambda: toy.page.evaluate("potholeLab.toy.gate.idle && potholeLab.toy.lastRequest.radius") == wanted)
    toy.until(lambda: toy.notices() == [])
    shown = network.rows()
    network.until(lambda: network.rows() > shown)
    check_whole(network.stop(), shown)
