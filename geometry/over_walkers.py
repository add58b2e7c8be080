"""A function of one walker over many: vectorised where vmap can, one after the other where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from geometry.random_numbers import DRAWING


def over_walkers(
    one: Callable[..., Any],
    in_dims: tuple[int | None, ...],
    arguments: tuple[Any, ...],
    randomness: str = "different",
    alone: Callable[..., Any] | None = None,
) -> Any:
    """vmap(one, in_dims)(*arguments): every result gets a leading axis of walkers.

    vmap has no rule for recurrent cells, for values read out (`.item()`), for outputs whose shape depends on numbers
    and for changes in place of what has no such axis. There the walkers are taken one after the other, by `alone` where
    that differs; what still fails is raised as it is for one walker. Where each walker draws random numbers of its own,
    they begin where they began for vmap.
    """
    # In inference mode whoever draws random numbers begins at a seed of its own, alone as well.
    draws = randomness == "different"
    if draws:
        with DRAWING:
            state = torch.get_rng_state()
    try:
        return vmap(one, in_dims=in_dims, randomness=randomness)(*arguments)
    except torch.OutOfMemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever vmap cannot take; what the function itself cannot take comes again
        if draws:
            with DRAWING:
                torch.set_rng_state(state)
    mapped = [argument for argument, axis in zip(arguments, in_dims, strict=True) if axis is not None]
    count = next(leaf.shape[0] for leaf in tree_flatten(mapped)[0] if isinstance(leaf, Tensor))

    def share(argument: Any, axis: int | None, walker: int) -> Any:
        return argument if axis is None else tree_map(lambda leaf: leaf[walker], argument)

    rows = [
        (alone or one)(*(share(argument, axis, walker) for argument, axis in zip(arguments, in_dims, strict=True)))
        for walker in range(count)
    ]
    flat, shapes = zip(*(tree_flatten(row) for row in rows), strict=True)
    columns = [list(column) for column in zip(*flat, strict=True)]
    joined = [torch.stack(column) if isinstance(column[0], Tensor) else column[0] for column in columns]
    return tree_unflatten(joined, shapes[0])
