"""What a part of a method says of itself to readers, beside its formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """A paper or a code, and where it is to be had ("" where there is no address)."""

    title: str
    address: str = ""


def arxiv(title: str, number: str) -> Source:
    """A paper on arXiv."""
    return Source(title, f"https://arxiv.org/abs/{number}")


@dataclass(frozen=True)
class About:
    """The words of a page about methods.

    what: what the part does, in a sentence or two.  settings: what each of its fields means, and those of the step that
    it takes ("momentum").  state: what it keeps from step to step ("" where it is nothing).  cost: what it takes beside
    the gradients and products that are counted.  identities: settings at which it is another method, and what follows
    from its formula.  traps: where released codes do something else, and what is easily got wrong.
    """

    what: str = ""
    sources: tuple[Source, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    cost: str = ""
    identities: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
