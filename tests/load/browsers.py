"""Simulated browsers: each drags a slider of the toy lab, on a connection of its own, and measures what comes back.

Cheap on purpose, for the client shares the machine with the server: one event loop, no HTTP library, bodies counted and
not decoded. A request has an intended time; if the answer before it is late the request is sent late, and its latency
counts from the intended time (a slow server does not make the measurement look better by being asked less).
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

SLIDERS: dict[str, Callable[[float], Any]] = {
    "learning_rate": lambda u: float(f"{0.004 * 10**u:.3e}"),
    "radius": lambda u: round(0.05 + 0.6 * u, 2),
    "momentum": lambda u: round(0.5 + 0.45 * u, 2),
    "decay": lambda u: round(0.5 + 0.49 * u, 3),
    "damping": lambda u: float(f"{0.01 * 100**u:.3e}"),
    "noise_variance": lambda u: float(f"{1e-9 * 1e6**u:.3e}"),
}
"""Slider → its value at a position u from 0 to 1, on the control's own grid."""
PRESETS = ("figure-2", "figure-2", "figure-2", "figure-3", "stiff-valley")
"""What the browsers look at, in turn: 600, 1500 and 600 steps of four methods."""


def drag(index: int, states: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The requests of browser `index`, for ever: a person's drag to and fro along one slider, from a start of her own.

    states: the whole state of each preset, with the key of its surface as "have".
    """
    state = dict(states[PRESETS[index % len(PRESETS)]])
    name, value = list(SLIDERS.items())[index % len(SLIDERS)]
    for axis in ("start_x", "start_y"):
        if axis in state:
            state[axis] = round(state[axis] + 1e-3 * index, 6)
    moment = 0
    while True:
        # Two incommensurate waves: positions do not come again, and the pace varies as a hand's does.
        u = 0.5 + 0.35 * math.sin(0.37 * moment + index) + 0.15 * math.sin(0.11 * math.e * moment + 2 * index)
        yield {**state, name: value(u)}
        moment += 1


GRACE = 2.0
"""Seconds after the last request's intended time; what has not been answered by then is late."""


@dataclass
class Told:
    """What one browser met: latencies in seconds, statuses other than 200, and the answers that were kept to check."""

    latencies: list[float] = field(default_factory=list)
    wrong: list[int | str] = field(default_factory=list)
    kept: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)
    late: int = 0
    """Requests without an answer when the measurement ended."""


class Connection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection that carries one request at a time."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.have = self.want = 0
        self.status = 0
        self.done: asyncio.Future[None] | None = None
        self.transport: Any = None
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set_result(None)
        if self.done is not None and not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self.parts.append(data)
        self.have += len(data)
        if not self.want:
            head, found, _ = b"".join(self.parts).partition(b"\r\n\r\n")
            if not found:
                return
            lines = head.lower().split(b"\r\n")
            self.status = int(lines[0].split()[1])
            length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            self.want = len(head) + 4 + length
        if self.have >= self.want and self.done is not None and not self.done.done():
            self.done.set_result(None)

    async def close(self) -> None:
        """Hang up, and see to it that the event loop has done so before it ends itself."""
        self.transport.close()
        await self.closed

    async def ask(self, request: bytes, seconds: float) -> tuple[int, bytes]:
        """(status, body)."""
        self.parts, self.have, self.want = [], 0, 0
        self.done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        async with asyncio.timeout(seconds):
            await self.done
        return self.status, b"".join(self.parts).partition(b"\r\n\r\n")[2] if self.status else b""


async def connect(port: int) -> Connection:
    """A new connection to 127.0.0.1."""
    _, protocol = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return protocol


def posted(path: str, value: dict[str, Any], browser: str) -> bytes:
    """An HTTP request."""
    body = json.dumps(value).encode()
    browser = browser.ljust(22, "_")  # as long as the names that the server gives
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Cookie: pothole_visitor={browser}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def browse(
    port: int,
    index: int,
    states: dict[str, dict[str, Any]],
    begin: float,
    seconds: float,
    rate: float,
    keep: int,
    grace: float,
) -> Told:
    """One browser: `rate` requests a second for `seconds`, from `begin` (of time.monotonic); keeps `keep` answers."""
    told, connection = Told(), await connect(port)
    count, end = round(seconds * rate), begin + seconds + grace
    for moment, state in zip(range(count), drag(index, states), strict=False):
        # Browsers are out of step with one another.
        intended = begin + (moment + (index * 0.618) % 1.0) / rate
        await asyncio.sleep(max(0.0, intended - time.monotonic()))
        try:
            left = max(0.0, end - time.monotonic())
            status, body = await connection.ask(posted("/toy/compute", state, f"browser{index}"), left)
        except TimeoutError:
            # The measurement is over: what is still owed has waited at least until now.
            owed = (begin + (later + (index * 0.618) % 1.0) / rate for later in range(moment, count))
            told.latencies += [end - time_owed for time_owed in owed]
            told.late = count - moment
            break
        except OSError as error:
            told.wrong.append(type(error).__name__)
            connection = await connect(port)
            continue
        told.latencies.append(time.monotonic() - intended)
        if status != 200:
            told.wrong.append(status)
        elif len(told.kept) < keep and moment % max(1, count // keep) == 0:
            told.kept.append((state, body))
    await connection.close()
    return told


async def crowd(
    port: int,
    browsers: int,
    seconds: float,
    rate: float,
    states: dict[str, dict[str, Any]],
    keep: int = 0,
    grace: float = GRACE,
) -> list[Told]:
    """All browsers at once."""
    begin = time.monotonic() + 0.5
    return await asyncio.gather(
        *(browse(port, index, states, begin, seconds, rate, keep, grace) for index in range(browsers))
    )


async def preset_states(port: int) -> dict[str, dict[str, Any]]:
    """The whole state of each preset as the page sends it while a slider moves: it has the surface already."""
    connection, states = await connect(port), {}
    for preset in dict.fromkeys(PRESETS):
        status, body = await connection.ask(posted("/toy/open", {"query": f"?preset={preset}"}, "opener"), 300.0)
        assert status == 200, body
        state = json.loads(body)["state"]
        status, body = await connection.ask(posted("/toy/compute", state, "opener"), 300.0)
        assert status == 200, body
        states[preset] = {**state, "have": json.loads(body)["surface"]["key"]}
    await connection.close()
    return states
