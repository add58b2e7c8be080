"""A hundred browsers follow one training run through the websocket of the network page."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect as open_socket

from tests.load.browsers import connect, posted

VISITOR = "L" * 22
TRAINING = {"steps": 20_000, "data": "digits"}


@dataclass
class Followed:
    """What one follower got: numbers of entries, and seconds from an entry's making to its arrival."""

    numbers: list[int] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    wrong: str = ""


async def start_training(port: int) -> str:
    """The id of a training run that goes on for longer than anybody follows it here."""
    line = await connect(port)
    status, body = await line.ask(posted("/network/start", {"state": TRAINING}, VISITOR), 300.0)
    assert status == 200, body
    await line.close()
    return json.loads(body)["run"]["job"]


async def wait_for_step(port: int, job: str, seconds: float) -> int:
    """The number of the run's newest entry, as soon as it has made some steps."""
    async with follow(port, job, 0) as socket, asyncio.timeout(seconds):
        async for text in socket:
            entry = json.loads(text)
            if entry["kind"] == "progress":
                return entry["number"]
    raise RuntimeError("the run ended before it began")


def follow(port: int, job: str, number: int) -> Any:
    """A websocket as the page opens it."""
    own = f"127.0.0.1:{port}"
    return open_socket(
        f"ws://{own}/network/follow?job={job}&from={number}",
        origin=f"http://{own}",
        proxy=None,
        compression=None,
        open_timeout=300,
        max_size=2**24,
    )


async def follow_for(port: int, job: str, number: int, seconds: float) -> Followed:
    """One follower, for some seconds from its first entry on."""
    told, loop = Followed(), asyncio.get_running_loop()
    try:
        async with follow(port, job, number) as socket, asyncio.timeout(300.0) as limit:
            async for text in socket:
                entry = json.loads(text)
                if "number" in entry and entry["kind"] != "connection":
                    if not told.numbers:
                        limit.reschedule(loop.time() + seconds)
                    told.numbers.append(entry["number"])
                    told.lags.append(time.time() - entry["time"])
    except TimeoutError:
        pass
    except OSError as error:
        told.wrong = type(error).__name__
    return told


async def stop_training(port: int, job: str) -> None:
    """End the run."""
    line = await connect(port)
    await line.ask(posted("/network/act", {"job": job, "act": "stop"}, VISITOR), 300.0)
    await line.close()


async def follow_run(port: int, followers: int, seconds: float) -> list[Followed]:
    """All followers of one run for some seconds."""
    job = await start_training(port)
    try:
        number = await wait_for_step(port, job, 300.0)
        return await asyncio.gather(*(follow_for(port, job, number, seconds) for _ in range(followers)))
    finally:
        await stop_training(port, job)
