"""Token buckets: how often each client may do something, with a burst, and how long it must wait otherwise."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

MOST_CLIENTS = 20_000
"""Clients that are remembered; beyond that the one that was quiet longest is forgotten, and has a full bucket again."""


class Buckets:
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
