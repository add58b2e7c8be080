"""Caches of answers that are bounded by what they hold in bytes, least recently used first out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from threading import Lock

from app.telemetry.metrics import watch_cache


class AnswerCache:
    """Bytes by key. An answer that alone is larger than the bound is not kept. `hits` counts answers that were."""

    def __init__(self, maximum_bytes: float) -> None:
        self.maximum_bytes = int(maximum_bytes)
        self.held = self.hits = self.misses = 0
        self._answers: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, key: Hashable) -> bytes | None:
        """The kept answer for the key."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None:
                self._answers.move_to_end(key)
                self.hits += 1
            else:
                self.misses += 1
            return answer

    def keep(self, key: Hashable, answer: bytes) -> None:
        """Keep an answer and drop the ones that were not asked for longest, where there is no room for all."""
        with self._lock:
            if key not in self._answers and len(answer) <= self.maximum_bytes:
                self._answers[key] = answer
                self.held += len(answer)
            while self.held > self.maximum_bytes:
                _, dropped = self._answers.popitem(last=False)
                self.held -= len(dropped)

    def get(self, key: Hashable, compute: Callable[[], bytes]) -> bytes:
        """The kept answer for the key, or a computed one, which is kept. The lock is not held while computing."""
        answer = self.find(key)
        if answer is None:
            answer = compute()
            self.keep(key, answer)
        return answer


class Caches:
    """One cache for each kind of answer; together they hold at most `maximum_bytes`.

    shares: by name, each in proportion to the others.
    """

    def __init__(self, maximum_bytes: float, shares: Mapping[str, float]) -> None:
        whole = sum(shares.values())
        self._caches = {name: AnswerCache(maximum_bytes * share / whole) for name, share in shares.items()}
        for name, cache in self._caches.items():
            watch_cache(name, cache)

    def __getitem__(self, name: str) -> AnswerCache:
        return self._caches[name]

    @property
    def maximum_bytes(self) -> int:
        """What they may hold together."""
        return sum(cache.maximum_bytes for cache in self._caches.values())
