"""What a walker may ask of the ground, and how its parameters are laid out.

Everything that can be walked on (a 2-D surface, the loss of a network) answers the same three questions about a
point θ of shape (..., D): its loss, its gradient, and the product of its curvature with a direction. Leading axes are
independent walkers; every reduction is over the last axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

Array = Any
"""A numpy array or a torch tensor (whatever array_api_compat knows)."""


@dataclass(frozen=True)
class Block:
    """One parameter array inside the flat vector θ: `theta[..., start:stop]` is it, row-major in `shape`.

    `kind` says what the array is ("kernel", "bias", "scale", "embedding", "vector"); `layer` names the group of blocks
    that a layerwise method treats as one control; `normalisation` whether a normalisation layer owns it.
    """

    name: str
    shape: tuple[int, ...]
    start: int
    stop: int
    kind: str = "vector"
    layer: str = "theta"
    normalisation: bool = False

    @property
    def size(self) -> int:
        """Number of parameters in the block."""
        return self.stop - self.start


@dataclass(frozen=True)
class Layer:
    """The blocks of one layer, which lie side by side in θ."""

    name: str
    blocks: tuple[Block, ...]

    @property
    def start(self) -> int:
        """First index of the layer in θ."""
        return self.blocks[0].start

    @property
    def stop(self) -> int:
        """One past the last index of the layer in θ."""
        return self.blocks[-1].stop

    @property
    def size(self) -> int:
        """Number of parameters in the layer."""
        return self.stop - self.start


@dataclass(frozen=True)
class Layout:
    """How θ is cut into blocks, in order and without gaps."""

    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        position = 0
        for block in self.blocks:
            if block.start != position or block.stop <= block.start:
                raise ValueError(f"block {block.name!r} must start at {position} and not be empty, not {block.start}")
            position = block.stop
        seen: list[str] = []
        for block in self.blocks:
            if not seen or seen[-1] != block.layer:
                if block.layer in seen:
                    raise ValueError(f"the blocks of layer {block.layer!r} do not lie side by side")
                seen.append(block.layer)

    @property
    def dimension(self) -> int:
        """D, the length of θ."""
        return self.blocks[-1].stop if self.blocks else 0

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The blocks grouped by layer, in order."""
        groups: dict[str, list[Block]] = {}
        for block in self.blocks:
            groups.setdefault(block.layer, []).append(block)
        return tuple(Layer(name, tuple(blocks)) for name, blocks in groups.items())

    @staticmethod
    def single(dimension: int, name: str = "theta") -> Layout:
        """One block for all of θ: the layout of a toy surface."""
        return Layout((Block(name, (dimension,), 0, dimension),))


@runtime_checkable
class Objective(Protocol):
    """The ground: three questions about θ (..., D), and the layout of θ."""

    @property
    def dimension(self) -> int:
        """D, the number of parameters."""
        ...

    @property
    def layout(self) -> Layout:
        """How θ is cut into parameter blocks."""
        ...

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        ...

    def gradient(self, theta: Array) -> Array:
        """∇L(θ), shape (..., D)."""
        ...

    def curvature_product(self, theta: Array, d: Array, metric: str = "newton") -> Array:
        """G(θ)·d, shape (..., D): G is the Hessian ("newton") or the Hessian of the divergence ("ngd")."""
        ...


@dataclass(frozen=True)
class Linearisation:
    """The gradient at a fixed θ and the product d ↦ G(θ)d, for methods that ask for many products at one point."""

    gradient: Array
    product: Callable[[Array], Array]


def linearise(objective: Objective, theta: Array, metric: str = "newton") -> Linearisation:
    """The objective's gradient and curvature operator at θ.

    An objective that can share work between products at one point (a network keeps its graph, a surface its Hessian)
    offers a method `linearise(theta, metric)`; any other is asked for each product anew.
    """
    own = getattr(objective, "linearise", None)
    if own is not None:
        return own(theta, metric)
    return Linearisation(objective.gradient(theta), lambda d: objective.curvature_product(theta, d, metric))
