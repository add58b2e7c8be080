"""A queue in which nobody starves: addresses take turns, and the browsers behind one address take turns in its turn."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Visitor = tuple[str, str]
"""Whoever asks: the network address, and the browser behind it ("" where it does not say). A lecture hall may share
one address; browsers can make up names, so they share what their address gets."""
Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """What waits, by visitor. Each visitor's own things leave in the order in which they came."""

    def __init__(self) -> None:
        self._addresses: OrderedDict[str, OrderedDict[str, deque[Item]]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Item]:
        return (item for browsers in self._addresses.values() for own in browsers.values() for item in own)

    def of(self, visitor: Visitor) -> int:
        """How many things of this visitor wait."""
        address, browser = visitor
        browsers = self._addresses.get(address)
        return len(browsers.get(browser, ())) if browsers else 0

    def put(self, visitor: Visitor, item: Item) -> None:
        """Add a thing. Someone who had nothing waiting comes after those who wait already."""
        address, browser = visitor
        self._addresses.setdefault(address, OrderedDict()).setdefault(browser, deque()).append(item)
        self._length += 1

    def take(self) -> Item:
        """The next thing in turn. IndexError where nothing waits."""
        if not self._length:
            raise IndexError("nothing waits")
        address, browsers = self._addresses.popitem(last=False)
        browser, own = browsers.popitem(last=False)
        item = own.popleft()
        self._length -= 1
        if own:
            browsers[browser] = own
        if browsers:
            self._addresses[address] = browsers
        return item
