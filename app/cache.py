"""A cache of answers that is bounded by what it holds in bytes, least recently used first out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

CACHES: dict[str, AnswerCache] = {}
"""Those that have a name, for the metrics."""


class AnswerCache:
    """Bytes by key. An answer that alone is larger than the bound is not kept."""

    def __init__(self, maximum_bytes: float, name: str = "") -> None:
        self.maximum_bytes = int(maximum_bytes)
        self.held = self.hits = self.misses = 0
        if name:
            CACHES[name] = self
        self._answers: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: Hashable, compute: Callable[[], bytes]) -> bytes:
        """The kept answer for the key, or a computed one, which is kept. The lock is not held while computing."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                self.hits += 1
                return self._answers[key]
        answer = compute()
        with self._lock:
            self.misses += 1
            if key not in self._answers and len(answer) <= self.maximum_bytes:
                self._answers[key] = answer
                self.held += len(answer)
            while self.held > self.maximum_bytes:
                _, dropped = self._answers.popitem(last=False)
                self.held -= len(dropped)
        return answer
