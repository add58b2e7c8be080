"""The jobs that the fuzz starts: followed to their end, or known, so that they can be stopped."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from websockets.asyncio.client import connect

from tests.fuzz.wire import Answer, Line, request


def followed(port: int, job: str) -> str:
    """Wait for a job's end; the state that it is in then."""

    async def go() -> str:
        state = ""
        address = f"ws://127.0.0.1:{port}/network/follow?job={job}&from=0"
        async with asyncio.timeout(120), connect(address, origin=f"http://127.0.0.1:{port}", proxy=None) as socket:
            async for text in socket:
                entry = json.loads(text)
                if entry["kind"] == "state":
                    state = entry["data"]["state"]
        return state

    return asyncio.run(go())


class Asking(Line):
    """A connection that knows which comparisons it has asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.compared: set[str] = set()

    def ask(self, request: bytes, *more: Any, **options: Any) -> Answer:
        """As any connection does."""
        answer = super().ask(request, *more, **options)
        if answer.status == 200 and request.startswith((b"POST /network/fairness", b"POST /network/statements")):
            self.compared |= {job for key, job in json.loads(answer.body).items() if key == "job"}
        return answer

    def stop_compared(self) -> None:
        """Stop them, whether or not they have ended."""
        for job in sorted(self.compared):
            body = json.dumps({"job": job}).encode()
            stopped = super().ask(request("POST", "/network/fairness/stop", body))
            assert stopped.status == 200, f"{job}: {stopped.status} {stopped.body[:500]!r}"
