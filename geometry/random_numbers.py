"""torch's random numbers from a seed, for as long as somebody draws them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def drawing_from(seed: int | None, device: torch.device) -> Iterator[None]:
    """torch's random numbers begin at `seed`, and nobody else's are moved. None: they go on."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        # torch.manual_seed formats the whole stack for each kind of device that has not begun: that takes longer than
        # many a pass, and would seed every GPU beside.
        (torch.default_generator if device.type == "cpu" else torch).manual_seed(seed)
        yield
