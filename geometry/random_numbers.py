"""torch's random numbers from a seed, for as long as somebody draws them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

DRAWING = threading.RLock()
"""Held by whoever moves random numbers that a process has once (torch's, and those of Python and numpy), for as long as
it draws: the threads of two jobs would draw each other's. Who holds a module as well (`StatelessModule.alone`) has
taken that first."""


@contextmanager
def drawing_from(seed: int | None, device: torch.device) -> Iterator[None]:
    """torch's random numbers begin at `seed`, nobody else's are moved, and no other thread moves these. None: they go
    on, for whoever draws them."""
    if seed is None:
        yield
        return
    with DRAWING, torch.random.fork_rng([device] if device.type == "cuda" else []):
        # torch.manual_seed formats the whole stack for each kind of device that has not begun: that takes longer than
        # many a pass, and would seed every GPU beside.
        (torch.default_generator if device.type == "cpu" else torch).manual_seed(seed)
        yield
