"""The lab in a frame of another site's page: shut as it is installed, open to the sites that a setting names."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.lab_page import LabPage


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def course(tmp_path) -> Iterator[tuple[str, object]]:
    """(address, folder) of a site whose pages are files."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", tmp_path
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_code_that_the_window_gives_shows_a_live_lab_where_it_may(new_page, start_server, course, page_problems):
    site, folder = course
    lab_server = start_server(POTHOLE_FRAME_ANCESTORS=site)
    lab = LabPage(new_page())
    lab.open(f"{lab_server.url}/?preset=figure-2&steps=50&radius=0.2")
    lab.page.locator("#export-button").click()
    lab.page.get_by_role("button", name="Embed…").click()
    window = lab.page.locator("#embed-window")
    assert window.get_by_text("POTHOLE_FRAME_ANCESTORS").is_hidden()
    window.get_by_label("map").uncheck()
    window.get_by_label("Learning rate η").uncheck()
    code = window.get_by_label("Code").input_value()
    assert len(code) < 320, "a link holds only what differs"
    head = '<!doctype html><title>Course</title><link rel="icon" href="data:,">'  # else the browser asks for one
    (folder / "page.html").write_text(f"{head}<p>A page.</p>{code}", encoding="utf-8")

    page = new_page()
    page.goto(f"{site}/page.html")
    frame = page.frame_locator("iframe")
    frame.locator("body.embedded").wait_for()  # its link has been read
    frame.locator("#cut-picture").wait_for()
    assert frame.locator("#map-picture").is_hidden() and frame.locator(".top").is_hidden()
    assert frame.locator("#losses-chart").is_hidden()
    slider = frame.locator('[data-control="radius"]')
    slider.wait_for()
    assert frame.locator('[data-control="learning_rate"]').is_hidden()
    assert slider.locator("input.field").input_value() == "0.2"
    frame.locator("#play-button").click()
    lab.until(lambda: frame.locator("#step-readout").inner_text() != "step 0 of 50")
    slider.locator("input.field").fill("0.4")
    slider.locator("input.field").press("Enter")
    lab.until(lambda: "0.4" in slider.locator("input.field").input_value())

    # As it is installed, no other site's page shows it.
    page_problems.allow("frame-ancestors|ERR_BLOCKED_BY_RESPONSE|refused|Framing")
    shut = new_page()
    (folder / "shut.html").write_text(head + code.replace(lab_server.url, shut_url(shut)), encoding="utf-8")
    shut.goto(f"{site}/shut.html")
    lab.until(lambda: len(shut.frames) == 2)
    assert shut.frame_locator("iframe").locator(".top").count() == 0


def shut_url(page) -> str:
    """The address of the server that all browser tests share, which is as it is installed."""
    return page.request.get("/healthz").url.removesuffix("/healthz")
