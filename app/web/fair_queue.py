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

    def put(self, visitor: Visitor, item: Item, *, first: bool = False) -> None:
        """Add a thing. Someone who had nothing waiting comes after those who wait already.

        first: before the visitor's own things, as one that has had a turn and was not done with it.
        """
        address, browser = visitor
        own = self._addresses.setdefault(address, OrderedDict()).setdefault(browser, deque())
        if first:
            own.appendleft(item)
        else:
            own.append(item)
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

    def make_room(self, visitor: Visitor) -> Item | None:
        """Take out, for a thing of this visitor, the last one of whoever has the largest share of the room.

        That is the address with the most waiting, or, where it is the visitor's own, the browser behind it. None where
        nobody would have more than the visitor after that: then it is the visitor who must wait.
        """
        held = {name: sum(map(len, browsers.values())) for name, browsers in self._addresses.items()}
        largest = max(held, key=lambda name: held[name], default="")
        mine = visitor[0]
        address = largest if held.get(largest, 0) > held.get(mine, 0) + 1 else mine
        browsers = self._addresses.get(address, OrderedDict())
        browser = max(browsers, key=lambda name: len(browsers[name]), default="")
        if address == mine and len(browsers.get(browser, ())) <= self.of(visitor) + 1:
            return None
        item = browsers[browser].pop()
        self._length -= 1
        if not browsers[browser]:
            del browsers[browser]  # of several: an address with a single thing waiting has not the most
        return item
