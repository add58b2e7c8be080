"""Sharp minima can be had for free: a ReLU network rescaled computes the same function with another sharpness.

Dinh et al., "Sharp Minima Can Generalize For Deep Nets" (arXiv 1703.04933), §4: with T_α(θ₁, θ₂) = (α θ₁, θ₂/α) for two
layers around a ReLU, L(T_α θ) = L(θ), while the Hessian's entries of the first layer shrink by α² and those of the
second grow by it. What a filter-normalised slice shows does not change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geometry.curvature.eigenvalues import Eigenvalues, top_eigenvalues
from geometry.curvature.sharpness import Sharpness, sam_sharpness
from geometry.curvature.trace import Trace, hessian_trace
from geometry.objective import Array, Layer, Layout, Objective
from geometry.plane import as_numpy, like


@dataclass(frozen=True, eq=False)
class Rescaling:
    """What was measured at T_α θ: the loss there less the loss at θ (0 for a ReLU net), and three kinds of sharpness.

    `slice_difference`: the largest difference between the two filter-normalised slices of one seed, as a share of the
    slice's range.
    """

    factor: float
    loss_difference: float
    eigenvalues: Eigenvalues
    trace: Trace
    sharpness: Sharpness
    slice_difference: float


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
    objective: Objective,
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
) -> tuple[Rescaling, ...]:
    """Sharpness at T_α θ for every α of `factors`, with the check that loss and filter-normalised slice stay.

    Raises ValueError where the loss changes by more than `tolerance` of itself: the layers are not joined by a ReLU, so
    there is nothing to demonstrate.
    """
    from geometry.slices import evaluate_slice, slice_plane

    x = np.linspace(-1, 1, points)

    def picture(point: Array) -> np.ndarray:
        return evaluate_slice(objective, slice_plane(objective, point, "random", "filter", seed), x, x)

    level, reference = float(objective.loss(theta)), picture(theta)
    rows = []
    for factor in factors:
        moved = rescaled(theta, objective.layout, factor, first, second)
        difference = float(objective.loss(moved)) - level
        if not abs(difference) <= tolerance * max(abs(level), np.finfo(as_numpy(theta[:1]).dtype).tiny):
            raise ValueError(
                f"rescaling by {factor:g} changed the loss from {level:.6g} to {level + difference:.6g}: between the "
                "two layers lies more than a ReLU, so the network is not the same"
            )
        rows.append(
            Rescaling(
                factor,
                difference,
                top_eigenvalues(objective, moved, seed=seed),
                hessian_trace(objective, moved, probes, seed=seed),
                sam_sharpness(objective, moved, radius, steps, seed=seed),
                float(np.abs(picture(moved) - reference).max() / np.ptp(reference)),
            )
        )
    return tuple(rows)
