"""Sharp minima can be had for free: a ReLU network rescaled computes the same function with another sharpness.

Dinh et al., "Sharp Minima Can Generalize For Deep Nets" (arXiv 1703.04933), §4: with T_α(θ₁, θ₂) = (α θ₁, θ₂/α) for two
layers around a ReLU, L(T_α θ) = L(θ), while the Hessian's entries of the first layer shrink by α² and those of the
second grow by it. What a filter-normalised slice shows does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from geometry.curvature.eigenvalues import Eigenvalues, top_eigenvalues
from geometry.curvature.sharpness import Sharpness, sam_sharpness
from geometry.curvature.trace import Trace, hessian_trace
from geometry.networks import NetworkLoss
from geometry.objective import Array, Layer, Layout, Objective
from geometry.plane import Plane, as_numpy, like


@dataclass(frozen=True, eq=False)
class Rescaling:
    """What was measured at T_α θ: how far function and loss differ from those at θ (0 for a ReLU net, to rounding),
    three kinds of sharpness, and how far two kinds of slices differ.

    `output_difference`: the largest difference of an output over all examples, as a share of the largest output.
    `slice_difference`, `plain_slice_difference`: the largest difference between the slices of one seed at T_α θ and at
    θ, as a share of the latter's range; filter-normalised, and along fixed directions of the length of θ.
    """

    factor: float
    loss_difference: float
    output_difference: float
    eigenvalues: Eigenvalues
    trace: Trace
    sharpness: Sharpness
    slice_difference: float
    plain_slice_difference: float


def rescaled(theta: Array, layout: Layout, factor: float, first: str | None = None, second: str | None = None) -> Array:
    """T_α θ: all arrays of layer `first` times α, the kernels of layer `second` divided by α.

    By default the first two layers of the layout. The function computed stays the same where only functions with
    φ(αx) = αφ(x), such as ReLU and max pooling, lie between the two; α must be positive.
    """
    if not (np.isfinite(factor) and factor > 0):
        raise ValueError(f"factor must be a positive number, got {factor}")
    layers = {layer.name: layer for layer in layout.layers}
    if len(layers) < 2:
        raise ValueError("rescaling needs two layers; this layout has one")
    names = list(layers)
    one, two = (_layer(layers, name, default) for name, default in ((first, names[0]), (second, names[1])))
    if one.name == two.name:
        raise ValueError(f"the two layers must differ, got {one.name!r} twice")
    scale = np.ones(layout.dimension)
    scale[one.start : one.stop] = factor
    for block in two.blocks:
        if len(block.shape) > 1:
            scale[block.start : block.stop] = 1 / factor
    return theta * like(theta, scale)


def _layer(layers: dict[str, Layer], name: str | None, default: str) -> Layer:
    if name is not None and name not in layers:
        raise ValueError(f"there is no layer {name!r}; the layers are {', '.join(layers)}")
    return layers[default if name is None else name]


def rescaling_demonstration(
    objective: NetworkLoss, theta: Array, factors: tuple[float, ...] = (1.0, 2.0, 5.0), **settings: Any
) -> tuple[Rescaling, ...]:
    """All of `rescalings` at once."""
    return tuple(rescalings(objective, theta, factors, **settings))


def rescalings(
    objective: NetworkLoss,
    theta: Array,
    factors: tuple[float, ...] = (1.0, 2.0, 5.0),
    *,
    first: str | None = None,
    second: str | None = None,
    radius: float = 0.05,
    steps: int = 10,
    probes: int = 16,
    points: int = 7,
    tolerance: float = 1e-4,
    seed: int = 0,
    watch: Callable[[Objective], Objective] = lambda objective: objective,
) -> Iterator[Rescaling]:
    """Sharpness at T_α θ for every α of `factors`, with the check that loss and filter-normalised slice stay.

    `watch` wraps the objective that eigenvalues, trace and sharpness are asked of. Raises ValueError where the loss
    changes by more than `tolerance` of itself: the layers are not joined by a ReLU, so there is nothing to demonstrate.
    """
    from geometry.slices import evaluate_slice, slice_plane

    level = float(objective.loss(theta))
    if not np.isfinite(level):
        raise ValueError("the loss at these weights is no finite number: there is nothing that rescaling could keep")
    x = np.linspace(-1, 1, points)
    fixed = slice_plane(objective, theta, "random", "none", seed).directions * float(np.linalg.norm(as_numpy(theta)))

    def pictures(point: Array) -> tuple[np.ndarray, np.ndarray]:
        scaled = slice_plane(objective, point, "random", "filter", seed)
        return evaluate_slice(objective, scaled, x, x), evaluate_slice(objective, Plane(point, fixed), x, x)

    differences = []
    for factor in factors:  # all of them before anything that takes long
        moved = rescaled(theta, objective.layout, factor, first, second)
        difference = float(objective.loss(moved)) - level
        if not abs(difference) <= tolerance * max(abs(level), np.finfo(as_numpy(theta[:1]).dtype).tiny):
            raise ValueError(
                f"rescaling by {factor:g} changed the loss from {level:.6g} to {level + difference:.6g}: between the "
                "two layers lies more than a ReLU, so the network is not the same"
            )
        differences.append(difference)
    outputs, reference = _outputs(objective, theta), pictures(theta)
    for factor, difference in zip(factors, differences, strict=True):
        moved = rescaled(theta, objective.layout, factor, first, second)
        changes = [
            float(np.abs(new - old).max() / np.ptp(old)) for new, old in zip(pictures(moved), reference, strict=True)
        ]
        yield Rescaling(
            factor,
            difference,
            float(np.abs(_outputs(objective, moved) - outputs).max() / np.abs(outputs).max()),
            top_eigenvalues(watch(objective), moved, seed=seed),
            hessian_trace(watch(objective), moved, probes, seed=seed),
            sam_sharpness(watch(objective), moved, radius, steps, seed=seed),
            *changes,
        )


def _outputs(objective: NetworkLoss, theta: Array) -> np.ndarray:
    import torch

    with torch.no_grad():
        return as_numpy(objective.outputs(theta)).astype(np.float64)
