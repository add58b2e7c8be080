"""A numbered feed, bounded in bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Stored(NamedTuple):
    """One entry as the scheduler keeps it: `raw` is JSON, read only by those who look at it."""

    number: int
    kind: str
    time: float
    raw: bytes


class Feed:
    """Entries 1, 2, 3, … in order.

    Numbers are never given twice, and only ever grow. When the entries together exceed `maximum_bytes`, the "progress"
    entries are thinned to every second, fourth, eighth, … number, but for the newest eighth: a long curve gets coarser
    evenly and keeps its whole length, and all other entries stay.
    """

    def __init__(self, maximum_bytes: int, clock: Callable[[], float]) -> None:
        self.maximum_bytes = maximum_bytes
        self.held = 0
        self.last = 0
        self.thinned = 0
        self._clock = clock
        self._stride = 1
        self._entries: list[Stored] = []

    def append(self, kind: str, raw: bytes) -> None:
        """Add an entry under the next number."""
        self.last += 1
        self._entries.append(Stored(self.last, kind, self._clock(), raw))
        self.held += len(raw)
        if self.held > self.maximum_bytes:
            self._thin()

    def after(self, number: int, maximum_bytes: int = 4_000_000) -> list[Stored]:
        """Entries with a number above `number`, in order, as many as fit into `maximum_bytes` (at least one)."""
        found: list[Stored] = []
        size = 0
        for entry in self._entries[self._index(number) :]:
            size += len(entry.raw)
            if found and size > maximum_bytes:
                break
            found.append(entry)
        return found

    @property
    def shape(self) -> dict[str, int]:
        """What `restore` needs besides the entries."""
        return {"last": self.last, "stride": self._stride, "thinned": self.thinned}

    def restore(self, entries: list[Stored], last: int, stride: int, thinned: int) -> None:
        """Become the feed that had these entries; `last` is at least the last entry's number."""
        self._entries, self._stride, self.thinned = list(entries), stride, thinned
        self.last = max(last, entries[-1].number if entries else 0)
        self.held = sum(len(entry.raw) for entry in entries)

    def _index(self, number: int) -> int:
        """Index of the first entry above `number`."""
        low, high = 0, len(self._entries)
        while low < high:
            middle = (low + high) // 2
            if self._entries[middle].number > number:
                high = middle
            else:
                low = middle + 1
        return low

    def _thin(self) -> None:
        """Bring the older progress entries to the stride, and double that until a quarter of the bytes is free."""
        border = len(self._entries) * 7 // 8
        old, new = self._entries[:border], self._entries[border:]
        while True:
            old = [entry for entry in old if entry.kind != "progress" or entry.number % self._stride == 0]
            held = sum(len(entry.raw) for entry in (*old, *new))
            if held <= self.maximum_bytes * 3 // 4 or self._stride > self.last:
                break
            self._stride *= 2
        self.thinned += len(self._entries) - len(old) - len(new)
        self._entries, self.held = [*old, *new], held
