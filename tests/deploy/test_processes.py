"""The deployment run for real: any web process follows any run; what dies is passed over, and nothing shown is lost."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import websockets

from tests.deploy.deployment import READY_WITHIN, Deployment, wait_until_ready

RUN = {
    "steps": 2000,
    "refresh_every": 1,  # so it is under way whatever dies meanwhile, and is stopped at the end
    "data": "two-moons",
    "network": "mlp",
    "methods": ["SGDM", "LLQR+SAM"],
    "batch_size": 32,
    "refresh_size": 32,
}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    whole = Deployment(tmp_path_factory.mktemp("deployment"))
    yield whole
    whole.end()


def visitor(url: str) -> httpx.Client:
    """A browser that has opened the page and been given its cookie."""
    client = httpx.Client(base_url=url, timeout=300)
    assert client.post("/network/open", json={"query": ""}).status_code == 200
    return client


def started(client: httpx.Client) -> str:
    answer = client.post("/network/start", json={"state": RUN})
    assert answer.status_code == 200, answer.text
    return answer.json()["run"]["job"]


async def followed(url: str, job: str, seen: list[dict], enough: Callable[[dict], Any]) -> str:
    """Follow on from the last number in `seen` until `enough` holds or the stream ends; "" or the end's reason."""
    last = max((one["number"] for one in seen if "number" in one), default=0)
    address = f"{url.replace('http', 'ws')}/network/follow?job={job}&from={last}"
    async with websockets.connect(address, origin=url, max_size=None) as socket:
        async for text in socket:
            one = json.loads(text)
            if one["kind"] == "end":
                return one["data"]["reason"]
            if one["kind"] != "heartbeat":
                seen.append(one)
            if enough(one):
                return ""
    return "closed"


def reached(step: int) -> Callable[[dict], bool]:
    return lambda one: one["kind"] == "progress" and one["data"]["rows"][-1]["position"] >= step


def positions(seen: list[dict]) -> list[int]:
    return [row["position"] for one in seen if one["kind"] == "progress" for row in one["data"]["rows"]]


def check_whole(seen: list[dict]) -> None:
    numbers = [one["number"] for one in seen if one["kind"] != "connection"]
    assert numbers == list(range(1, len(numbers) + 1)), "an entry is missing or came twice"
    found = positions(seen)
    assert found == list(range(len(found))) and states(seen)[-1] == "stopped"


def states(seen: list[dict]) -> list[str]:
    return [one["data"]["state"] for one in seen if one["kind"] == "state"]


def said(seen: list[dict]) -> str:
    return " ".join(one["data"].get("sentence", "") for one in seen)


def run(work: Any) -> Any:
    return asyncio.run(asyncio.wait_for(work, 800))


def test_started_on_one_web_process_followed_on_the_other_through_all_that_dies(deployment: Deployment) -> None:
    """One run, and in its course: the worker under it, the web process that started it, and the scheduler."""
    first, second = deployment.webs
    door = deployment.url if deployment.proxy else second.url
    person = visitor(first.url)
    job = started(person)
    here: list[dict] = []
    there: list[dict] = []

    async def go() -> None:
        await asyncio.gather(followed(first.url, job, here, reached(5)), followed(second.url, job, there, reached(5)))
        assert here[0] == there[0]

        deployment.kill_worker()
        step = positions(there)[-1]
        await followed(second.url, job, there, reached(step + 20))

        deployment.kill_web(0)
        step = positions(there)[-1]
        # The browser that was on it comes again, at the proxy's choice, with the last number that it has.
        await asyncio.gather(
            followed(second.url, job, there, reached(step + 20)), followed(door, job, here, reached(step + 20))
        )

        await asyncio.to_thread(deployment.scheduler.end, signal.SIGKILL)
        lost = asyncio.create_task(followed(second.url, job, there, lambda one: one["kind"] == "connection"))
        await lost
        assert "does not answer. Trying again." in said(there)
        deployment.scheduler = await asyncio.to_thread(deployment.start_scheduler)
        step = positions(there)[-1]
        await asyncio.gather(
            followed(second.url, job, there, reached(step + 20)), followed(door, job, here, reached(step + 20))
        )
        person.base_url = second.url  # whose page it is is known by the cookie, on any web process
        stopped = await asyncio.to_thread(person.post, "/network/act", json={"act": "stop", "job": job})
        assert stopped.status_code == 200, stopped.text
        reasons = await asyncio.gather(
            followed(second.url, job, there, lambda _: False), followed(door, job, here, lambda _: False)
        )
        assert reasons == ["over", "over"]

    run(go())
    person.close()
    check_whole(here)
    check_whole(there)
    assert positions(here) == positions(there)
    assert "was killed or lost after step" in said(there)
    assert "The engine was restarted after step" in said(there)


def test_metrics_tell_the_engine_s_state_from_any_web_process(deployment: Deployment) -> None:
    end = time.monotonic() + READY_WITHIN
    while (
        text := httpx.get(f"{deployment.webs[1].url}/metrics", timeout=300).text
    ) and "pothole_workers 1.0" not in text:
        if time.monotonic() > end:
            break
        time.sleep(0.2)  # it comes back to the scheduler that was started anew, in its own time
    assert re.search(r"^pothole_engine_up 1\.0$", text, re.MULTILINE)
    assert re.search(r'^pothole_jobs\{state="stopped"\} [1-9]', text, re.MULTILINE)
    assert re.search(r"^pothole_workers 1\.0$", text, re.MULTILINE)


@pytest.fixture
def proxied(deployment: Deployment) -> Iterator[httpx.Client]:
    if deployment.proxy is None:
        pytest.skip("there is no Caddy here: `make test` unpacks Debian's package where apt-get can fetch it")
    with httpx.Client(base_url=deployment.url, timeout=300) as client:
        yield client


def test_assets_come_packed_from_the_folder_and_are_the_same(proxied: httpx.Client, deployment: Deployment) -> None:
    web = deployment.webs[1]
    page = proxied.get("/").text
    addresses = re.findall(r'(?:src|href)="(/(?:assets|_dash-component-suites)/[^"]+)"', page)
    assert len(addresses) > 10
    packed = 0
    for address in addresses:
        direct = httpx.get(f"{web.url}{address}", headers={"Accept-Encoding": "identity"}, timeout=300)
        for accepted in ("br", "gzip", "identity"):
            answer = proxied.get(address, headers={"Accept-Encoding": accepted})
            assert answer.status_code == 200 and answer.content == direct.content
            assert "immutable" in answer.headers["cache-control"]
            packed += answer.headers.get("content-encoding") == "br"
            for name in ("x-content-type-options", "referrer-policy", "permissions-policy"):
                assert answer.headers[name] == direct.headers[name]
    assert packed == len(addresses), "whoever takes brotli gets it, of every file"


def test_what_is_not_in_the_folder_comes_from_a_web_process(proxied: httpx.Client) -> None:
    answer = proxied.get("/assets/no-such-file.js")
    assert answer.status_code == 404 and answer.headers["x-request-id"], "a web process said so"
    assert proxied.get("/assets/../../etc/passwd").status_code in (400, 404)
    assert proxied.get("/assets/%2e%2e/%2e%2e/etc/passwd").status_code in (400, 404)


def test_counts_are_not_for_the_public_and_requests_have_an_id(proxied: httpx.Client, deployment: Deployment) -> None:
    assert proxied.get("/metrics").status_code == 404
    answer = proxied.get("/", headers={"X-Request-ID": "chosen-by-a-stranger"})
    given = answer.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", given), "the proxy draws it: what strangers send is not kept"

    def written() -> bool:
        lines = [
            json.loads(line)
            for line in deployment.webs[1].log().splitlines()
            if line.startswith("{") and line.endswith("}")
        ]
        return given in {line.get("request_id") for line in lines}

    end = time.monotonic() + READY_WITHIN
    while not written() and time.monotonic() < end:  # a request's line follows its answer
        time.sleep(0.05)
    assert written()


def test_a_web_process_that_comes_back_is_asked_again(proxied: httpx.Client, deployment: Deployment) -> None:
    """One of the two is dead since the first test: every request is answered all the same."""
    assert [proxied.get("/healthz").status_code for _ in range(20)] == [200] * 20
    wait_until_ready(deployment.url)
