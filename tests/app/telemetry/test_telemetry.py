"""What is seen from outside: ids, log lines, health, metrics and who may read them, the start-up line."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import platform
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import plotly
import pytest
import structlog
import torch
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Receive, Scope, Send

from app.jobs import Engine
from app.jobs.settings import EngineSettings
from app.server import build, has_page
from app.telemetry.logs import configure_logs
from app.telemetry.metrics import SOCKETS
from app.telemetry.settings import ObserveSettings
from app.web.health import READINESS
from app.web.requests import ObservedApp, request_id, templates
from app.web.settings import WebSettings
from app.web.startup import facts
from tests.app.jobs.engine_jobs import KINDS


@pytest.fixture
def logged() -> Iterator[Callable[..., io.StringIO]]:
    """logged(format) → the stream that all records go to for the rest of the test."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers))

    def start(log_format: str = "json", log_level: str = "info") -> io.StringIO:
        stream = io.StringIO()
        configure_logs(ObserveSettings(log_format=log_format, log_level=log_level), stream)
        return stream

    yield start
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def requests(stream: io.StringIO) -> list[dict[str, Any]]:
    """Lines of ours: the tests' own client logs too."""
    return [line for line in lines(stream) if line["event"] == "request"]


def metrics(text: str) -> dict[tuple[str, tuple], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def asked(application: ObservedApp, loop: asyncio.Runner, path: str, client: str, **headers: str) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=application, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://lab") as browser:
            return await browser.get(path, headers=headers)

    return loop.run(go())


def test_a_sane_request_id_is_kept_and_any_other_replaced(application, loop) -> None:
    given_id = asked(application, loop, "/healthz", "127.0.0.1", **{"X-Request-ID": "proxy-7.abc_123"})
    assert given_id.headers["x-request-id"] == "proxy-7.abc_123"
    drawn = {asked(application, loop, "/healthz", "127.0.0.1").headers["x-request-id"] for _ in range(5)}
    assert len(drawn) == 5 and all(re.fullmatch("[0-9a-f]{16}", one) for one in drawn)


def test_what_outlives_a_request_carries_no_request_s_id(logged, monkeypatch) -> None:
    """The engine that a first request starts, and the follower of a run that it began."""

    async def go() -> None:
        structlog.contextvars.bind_contextvars(request_id="the-first-one")
        engine = Engine(EngineSettings(kinds=KINDS))
        job = await engine.submit("a", {"kind": "count", "steps": 3})
        assert [entry async for entry in engine.follow(job)]
        logging.getLogger("pothole").warning("of the request itself")
        structlog.contextvars.clear_contextvars()  # the server's end belongs to no request either
        await asyncio.to_thread(engine.close)

    stream = logged()
    monkeypatch.setattr(logging.getLogger("distributed"), "propagate", True)  # as where logs are configured first
    asyncio.run(go())
    said = lines(stream)
    assert [line["event"] for line in said if "request_id" in line] == ["of the request itself"]
    assert any("scheduler" in line["event"].lower() for line in said)


@given(st.binary(max_size=100))
def test_no_request_id_can_break_a_line_or_a_header(raw: bytes) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", request_id([(b"x-request-id", raw)]))


def test_each_request_is_one_line_with_its_facts(post, call, logged) -> None:
    stream = logged()
    answer = post("/toy/open", {"query": ""})
    call("GET", '/no%0Asuch%1b[2J"page?state=long')
    first, second = requests(stream)
    assert first["request_id"] == answer.headers["x-request-id"]
    assert (first["method"], first["path"], first["status"]) == ("POST", "/toy/open", 200)
    assert first["bytes"] == len(answer.content) and first["client"] == "127.0.0.1" and first["level"] == "info"
    assert 0 < first["ms"] < 60_000
    assert second["status"] == 404 and second["path"] == "/no%0Asuch%1b[2J%22page"


def test_probes_are_quiet_while_they_are_answered_well(call, logged, monkeypatch) -> None:
    stream = logged()
    call("GET", "/healthz")
    assert requests(stream) == []
    monkeypatch.setattr(READINESS, "problem", "Not yet.")
    call("GET", "/readyz")
    assert [line["status"] for line in requests(stream)] == [503]


@pytest.mark.parametrize("log_format", ["json", "logfmt"])
def test_a_record_of_any_library_is_one_line_without_control_characters(logged, log_format: str) -> None:
    stream = logged(log_format)
    logging.getLogger("some.library").warning("two\nlines \x1b[31m%s", "red\r\x00", extra={"more": 'a\x07b="c"'})
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable() and "some" not in line.split("event=")[0]
    assert "two\\nlines" in line and "x1b[31mred" in line


def test_an_error_is_logged_with_its_traceback_in_one_line(logged) -> None:
    stream = logged()
    try:
        raise KeyError("gone")
    except KeyError:
        logging.getLogger("pothole.test").exception("it failed")
    (line,) = lines(stream)
    assert line["level"] == "error" and "Traceback (most recent call last)" in line["exception"]


def test_health_and_readiness(call, monkeypatch) -> None:
    assert call("GET", "/healthz").json() == {"alive": True}
    for problem, status in (("The first compilation is not over.", 503), ("", 200)):
        monkeypatch.setattr(READINESS, "problem", problem)
        answer = call("GET", "/readyz")
        assert answer.status_code == status and answer.json()["ready"] is (status == 200)
        assert answer.json()["problems"] == [problem] * (status == 503)
        assert answer.json()["engine"] == {"state": "not started"}, "asking starts nothing"
        assert answer.headers["cache-control"] == "no-store"
    READINESS.failed(ZeroDivisionError())
    assert "ZeroDivisionError" in call("GET", "/readyz").json()["problems"][0]


def test_metrics_count_what_was_asked(call, post) -> None:
    def count(name: str, **labels: str) -> float:
        return metrics(call("GET", "/metrics").text).get((name, tuple(sorted(labels.items()))), 0.0)

    post("/toy/compute", {})
    before = [count("pothole_request_seconds_count", route="/toy/compute", status=status) for status in ("2xx", "4xx")]
    found = count("pothole_cache_asked_total", cache="paths", found="yes")
    post("/toy/compute", {})
    post("/toy/compute", {})
    post("/toy/compute", "no JSON")
    assert [
        count("pothole_request_seconds_count", route="/toy/compute", status=status) for status in ("2xx", "4xx")
    ] == [before[0] + 2, before[1] + 1]
    assert count("pothole_cache_asked_total", cache="paths", found="yes") >= found + 2
    assert count("pothole_waiting", queue="claims") == 0
    assert count("process_resident_memory_bytes") > 1e7


def test_labels_stay_few_whatever_is_asked(application, call) -> None:
    names = {application.template(f"/{one}") for one in ("", "network", "network/", "instruments", "healthz")}
    assert names == {"/", "/network", "/instruments", "/healthz"}
    odd = [f"/{index}" for index in range(300)] + [f"/assets/{index}/../x" for index in range(300)]
    odd += ["/toy/compute/", "/toy//compute", "//", "/%00", "/metrics/x", "/_dash-component-suites/a/b.js"]
    before = {application.template(path) for path in odd}
    assert "other" in before and len(before) < 12


def test_an_application_that_fails_is_counted_and_told(loop, logged) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    stream, told = logged(), []
    observed = ObservedApp(broken, templates([], has_page))

    async def go() -> None:
        scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "client": None}
        with pytest.raises(ZeroDivisionError):
            await observed(scope, told.append, told.append)

    loop.run(go())
    (line,) = lines(stream)
    assert (line["status"], line["client"]) == (500, "")


def test_open_websockets_are_counted_until_they_close(loop, logged) -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        counted.append(SOCKETS.labels("other")._value.get())
        assert (await receive())["code"] == 1001

    stream, counted = logged(), []
    before = SOCKETS.labels("other")._value.get()
    observed = ObservedApp(echo, templates([], has_page))

    async def go() -> None:
        messages = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}])

        async def receive() -> dict:
            return next(messages)

        async def send(message: dict) -> None:
            pass

        await observed({"type": "websocket", "path": "/y", "headers": [], "client": ("::1", 2)}, receive, send)

    loop.run(go())
    assert counted == [before + 1] and SOCKETS.labels("other")._value.get() == before
    (line,) = lines(stream)
    assert (line["event"], line["status"], line["bytes"], line["opened"]) == ("websocket", 1001, 5, True)


@pytest.mark.parametrize(
    ("setting", "client", "may"),
    [
        ("loopback", "127.0.0.1", True),
        ("loopback", "::1", True),
        ("loopback", "::ffff:127.0.0.1", True),
        ("loopback", "10.1.2.3", False),
        ("loopback", None, False),
        ("loopback", "no address", False),
        ("none", "127.0.0.1", False),
        ("all", "10.1.2.3", True),
        ("10.0.0.0/8, ::1", "10.1.2.3", True),
        ("10.0.0.0/8, ::1", "11.1.2.3", False),
    ],
)
def test_who_may_read_the_metrics(setting: str, client: str | None, may: bool) -> None:
    settings = ObserveSettings.from_environment({"POTHOLE_METRICS": setting})
    assert settings.may_read_metrics(client) is may


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
@pytest.mark.parametrize("told", ["127.0.0.1", "127.0.0.1:80", "unknown", "", "203.0.113.1"])
def test_a_proxy_on_this_computer_opens_the_metrics_to_nobody(application, loop, header: str, told: str) -> None:
    """Whoever came through one had this computer's own address, and read them."""
    assert asked(application, loop, "/metrics", "127.0.0.1").status_code == 200
    assert asked(application, loop, "/metrics", "127.0.0.1", **{header: told}).status_code == 403


@pytest.mark.parametrize(
    ("told", "status"),
    [("127.0.0.1", 200), ("127.0.0.1:4000", 200), ("[::1]:4000", 200), ("unknown", 403), ("192.0.2.1:80", 403)],
)
def test_a_trusted_proxy_s_word_decides_who_reads_the_metrics(loop, told: str, status: int) -> None:
    behind = build(WebSettings(trusted_proxies=("192.0.2.9",)))
    assert asked(behind, loop, "/metrics", "192.0.2.9", **{"X-Forwarded-For": told}).status_code == status


def test_metrics_are_refused_from_elsewhere(application, loop) -> None:
    refused = asked(application, loop, "/metrics", "192.0.2.1")
    assert refused.status_code == 403 and "POTHOLE_METRICS" in refused.json()["problems"][0]
    assert asked(application, loop, "/healthz", "192.0.2.1").status_code == 200


@pytest.mark.parametrize(
    "variables", [{"POTHOLE_LOG_FORMAT": "xml"}, {"POTHOLE_LOG_LEVEL": "loud"}, {"POTHOLE_METRICS": "10.0.0.1/8"}]
)
def test_a_wrong_setting_is_named(variables: dict[str, str]) -> None:
    (name,) = variables
    with pytest.raises(ValueError, match=name):
        ObserveSettings.from_environment(variables)


def test_the_start_up_line_says_what_runs_here() -> None:
    said = facts(WebSettings(body_bytes=2048, password="secret"), EngineSettings(scheduler="tcp://somewhere:1"))
    assert (said["python"], said["torch"]) == (platform.python_version(), torch.__version__)
    assert said["plotly"] == plotly.__version__ and said["pothole_lab"] != "unknown"
    assert said["engine"] == "scheduler tcp://somewhere:1" and said["body_bytes"] == 2048
    assert "secret" not in str(said)
    embedded = facts(WebSettings(hosts=("localhost", "[::1]")), EngineSettings(workers=2))
    assert embedded["engine"] == "embedded, 2 workers"
    assert embedded["hosts"] == "localhost,[::1]" and said["hosts"].startswith("any name")


def test_structlog_is_told_nothing_globally() -> None:
    """Lines go through the standard library: structlog's own configuration is left to who embeds this."""
    assert not structlog.is_configured()
