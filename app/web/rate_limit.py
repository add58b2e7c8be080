"""How much one client may ask for: requests, by token buckets, and open websockets."""

from __future__ import annotations

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.http import refuse
from app.web.settings import WebSettings
from app.web.visitor import address_of, limited_as

MOST_CLIENTS = 20_000
"""Clients that are remembered; beyond that the one that was quiet longest is forgotten, and has a full bucket again."""
FILES = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")
COST_OF_FILE = 0.05


class TokenBuckets:
    """One bucket per client, which holds at most `burst` tokens and gets `rate` of them a second."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst = rate, burst
        self._clock = clock
        self._tokens: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, cost: float = 1.0) -> float:
        """0 where the client may go on, and `cost` tokens are gone; else the seconds until it may, and none are."""
        tokens = self.tokens(client)
        if tokens < cost:
            return (cost - tokens) / self.rate
        self._tokens[client] = (tokens - cost, self._clock())
        self._tokens.move_to_end(client)
        if len(self._tokens) > MOST_CLIENTS:
            self._tokens.popitem(last=False)
        return 0.0

    def tokens(self, client: str) -> float:
        """How many tokens the client has now."""
        held, since = self._tokens.get(client, (self.burst, 0.0))
        return min(self.burst, held + self.rate * (self._clock() - since))


def retry_after(seconds: float) -> dict[str, str]:
    """The header that says when to come again: whole seconds, an hour at most."""
    return {"Retry-After": str(max(1, math.ceil(min(seconds, 3600.0))))}


class RateLimit:
    """429 for who asks for more than the settings give one client."""

    def __init__(self, app: ASGIApp, settings: WebSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.app = app
        self._buckets = TokenBuckets(settings.requests_per_second, settings.request_burst, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cost = COST_OF_FILE if scope["path"].startswith(FILES) else 1.0
        wait = self._buckets.take(limited_as(address_of(scope)), cost)
        if wait:
            problem = "You ask for more than the server gives one client; try again shortly."
            await refuse(scope, receive, send, 429, problem, retry_after(wait))
        else:
            await self.app(scope, receive, send)


class SocketLimit:
    """429 for a websocket where too many are open, in all or of one client."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self.app = app
        self.most, self.most_of_one = settings.sockets, settings.sockets_per_client
        self.open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        client = limited_as(address_of(scope))
        if self.open[client] >= self.most_of_one or self.open.total() >= self.most:
            problem = "Too many websockets are open; try again shortly."
            await refuse(scope, receive, send, 429, problem, retry_after(5.0))
            return
        self.open[client] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.open[client] -= 1
            if not self.open[client]:
                del self.open[client]
