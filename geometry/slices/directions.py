"""Which plane to cut through a loss: random directions made comparable, or directions with a meaning.

Random directions: Li et al., "Visualizing the Loss Landscape of Neural Nets" (arXiv 1712.09913), §4.
"""

from __future__ import annotations

import numpy as np
from array_api_compat import is_torch_array

from geometry.objective import Array, Block, Layout, Objective
from geometry.plane import Plane, as_double, as_numpy, column_blocks, like

KINDS = ("random", "pca", "hessian", "three-points", "gradient-sam")
NORMALISATIONS = ("filter", "layer", "none")


def slice_plane(
    objective: Objective,
    origin: Array,
    kind: str = "random",
    normalisation: str = "filter",
    seed: int = 0,
    *,
    axes: int = 2,
    trajectories: Array | None = None,
    points: Array | None = None,
    radius: float = 0.05,
    one_dimensional: str = "zero",
) -> Plane:
    """A plane through `origin` (D,); with `axes=1` a line.

    kind            directions
    "random"        Gaussian, drawn with `seed` and scaled by `normalisation` (see `normalised`); the first direction
                    of a plane is that of the line with the same seed
    "pca"           the two principal components of all points of `trajectories` (..., D) about their mean
    "hessian"       the eigenvectors of the two largest eigenvalues of the Hessian at the origin
    "three-points"  the plane through the origin and `points` (2, D) (a line: one point, (1, D))
    "gradient-sam"  x: the gradient g at the origin; y: what the gradient at the SAM point θ + ρ g/|g| adds to it

    Only random directions are scaled by `normalisation`. The others are orthonormal, so that distances in the picture
    are distances between parameters. Raises ValueError, in one sentence, where there is no such plane.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
    if axes not in (1, 2):
        raise ValueError(f"axes must be 1 (a line) or 2 (a plane), got {axes}")
    if normalisation not in NORMALISATIONS:
        raise ValueError(f"normalisation must be one of {', '.join(NORMALISATIONS)}; got {normalisation!r}")
    if tuple(origin.shape) != (objective.dimension,):
        raise ValueError(f"origin must have shape ({objective.dimension},), got {tuple(origin.shape)}")
    if kind == "random":
        drawn = [like(origin, gaussian(objective.dimension, seed, axis)) for axis in range(axes)]
        scaled = [normalised(d, origin, objective.layout, normalisation, one_dimensional) for d in drawn]
        labels = tuple(f"random direction {axis + 1}, seed {seed}" for axis in range(axes))
        return Plane(origin, _stack(scaled), kind, normalisation, seed, labels)
    if kind == "pca":
        directions, labels = _principal(origin, trajectories, axes)
    elif kind == "hessian":
        directions, labels = _eigenvectors(objective, origin, axes, seed)
    elif kind == "three-points":
        directions, labels = _through(origin, points, axes)
    else:
        directions, labels = _gradient_and_sam(objective, origin, radius, axes)
    return Plane(origin, directions, kind, "none", seed if kind == "hessian" else None, labels)


def gaussian(dimension: int, seed: int, axis: int) -> np.ndarray:
    """Standard normal numbers (D,): the same for a seed and an axis on every machine and device."""
    return np.random.default_rng([seed, axis]).standard_normal(dimension)


def normalised(
    direction: Array, weights: Array, layout: Layout, normalisation: str = "filter", one_dimensional: str = "zero"
) -> Array:
    """The direction (D,), scaled to the weights (D,) so that nets of different scales can be compared.

    "filter": every filter f (one output unit's weights: a row of a dense kernel, an output channel of a convolution, a
    row of an embedding) is scaled to |d_f| = |w_f|. "layer": every parameter array as a whole. "none": the whole
    direction to length 1. A filter of zeros is not moved.

    Biases and the scales and shifts of normalisation layers have one number per unit, no filter. They are not moved
    (`one_dimensional="zero"`), or as a whole array scaled to the length of theirs ("whole"). Vectors of any other kind
    (a toy's parameters) are always scaled as a whole.
    """
    if normalisation not in NORMALISATIONS:
        raise ValueError(f"normalisation must be one of {', '.join(NORMALISATIONS)}; got {normalisation!r}")
    if one_dimensional not in ("zero", "whole"):
        raise ValueError(f"one_dimensional must be 'zero' or 'whole', got {one_dimensional!r}")
    if normalisation == "none":
        return direction / _norm(direction)
    scaled = direction.clone() if is_torch_array(direction) else direction.copy()
    for block in layout.blocks:
        part = slice(block.start, block.stop)
        if _is_per_unit(block) and one_dimensional == "zero":
            scaled[part] = 0.0
            continue
        filters = block.shape[0] if normalisation == "filter" and len(block.shape) > 1 else 1
        d, w = (as_double(array[part]).reshape(filters, -1) for array in (direction, weights))
        lengths = [(x * x).sum(-1, keepdims=True) ** 0.5 for x in (d, w)]
        scaled[part] = like(direction, (d * (lengths[1] / lengths[0])).reshape(-1))
    return scaled


def _is_per_unit(block: Block) -> bool:
    return len(block.shape) <= 1 and block.kind in ("bias", "scale")


def _norm(vector: Array) -> float:
    double = as_double(vector)
    return float((double * double).sum() ** 0.5)


def _stack(directions: list[Array]) -> Array:
    if is_torch_array(directions[0]):
        import torch

        return torch.stack(directions)
    return np.stack(directions)


def _orthonormal(first: Array, others: list[Array], sentence: str, rounding: float = 0.0) -> Array:
    """Gram–Schmidt, twice for the rounding; `sentence` is raised where nothing, or no more than `rounding`, is left of
    a vector."""
    basis: list[Array] = []
    for vector in (first, *others):
        left, length = vector, _norm(vector)
        for _ in range(2):
            for unit in basis:
                left = left - (left * unit).sum() * unit
        rest = _norm(left)
        if not rest > max(1e-6 * length, rounding):
            raise ValueError(sentence)
        basis.append(left / rest)
    return _stack(basis)


def _principal(origin: Array, trajectories: Array | None, axes: int) -> tuple[Array, tuple[str, ...]]:
    """Principal components of the points (T, D), through the eigenvectors of their (T, T) inner products.

    Gram's way, a block of columns after the other: beside the points nothing of their size is in memory.
    """
    if trajectories is None:
        raise ValueError('kind "pca" needs trajectories, an array (..., D) of points')
    points = like(origin, trajectories)
    dimension = int(origin.shape[0])
    if points.ndim < 2 or points.shape[-1] != dimension:
        raise ValueError(f"trajectories must have shape (..., {dimension}), got {tuple(points.shape)}")
    points = points.reshape(-1, dimension)
    blocks = list(column_blocks(dimension, len(points)))
    # A path that diverged ends in NaN; its finite points are still worth a picture.
    finite = np.isfinite(np.stack([as_numpy(points[:, columns].sum(-1)) for columns in blocks])).all(0)
    if finite.sum() < axes + 1:
        raise ValueError(f"trajectories must hold at least {axes + 1} finite points, got {finite.sum()}")
    rows = like_mask(points, finite)

    def centred(columns: slice) -> Array:
        part = as_double(points[:, columns][rows])
        return part - part.mean(0)

    values, vectors = np.linalg.eigh(sum(as_numpy(part @ part.T) for part in map(centred, blocks)))
    if not values[-axes] > 1e-12 * values.sum():
        raise ValueError("the trajectories lie on a line (or a point): they have no second principal component")
    chosen = np.ascontiguousarray(vectors[:, : -axes - 1 : -1])
    directions = _stack([origin] * axes)
    largest, squares = np.zeros(axes), np.zeros(axes)
    for columns in blocks:
        part = centred(columns)
        found = part.T @ like(part, chosen)
        directions[:, columns] = like(origin, found.T)
        entries = as_numpy(found)
        squares += (entries**2).sum(0)
        extreme = entries[np.abs(entries).argmax(0), np.arange(axes)]
        largest = np.where(np.abs(extreme) > np.abs(largest), extreme, largest)
    directions *= like(origin, np.sign(largest) / np.sqrt(squares))[:, None]
    shares = values[: -axes - 1 : -1] / values.sum()
    said = enumerate(100 * shares, 1)
    labels = [f"principal component {rank}, {share:.3g} % of the variance" for rank, share in said]
    return directions, tuple(labels)


def like_mask(reference: Array, mask: np.ndarray) -> Array:
    """A boolean mask in the reference's library and on its device."""
    if is_torch_array(reference):
        import torch

        return torch.as_tensor(mask, device=reference.device)
    return mask


def _eigenvectors(objective: Objective, origin: Array, axes: int, seed: int) -> tuple[Array, tuple[str, ...]]:
    from geometry.curvature import top_eigenvalues

    pairs = top_eigenvalues(objective, origin, axes, seed=seed)
    labels = tuple(
        f"Hessian eigenvector {i + 1}, eigenvalue {value:.4g}, residual {residual:.1g}"
        + ("" if converged else ", not converged")
        for i, (value, residual, converged) in enumerate(
            zip(pairs.values, pairs.residuals, pairs.converged, strict=True)
        )
    )
    return like(origin, pairs.vectors), labels


def _through(origin: Array, points: Array | None, axes: int) -> tuple[Array, tuple[str, ...]]:
    if points is None:
        raise ValueError('kind "three-points" needs points, the other solutions, an array (axes, D)')
    others = like(origin, points)
    if tuple(others.shape) != (axes, origin.shape[0]):
        raise ValueError(f"points must have shape ({axes}, {origin.shape[0]}), got {tuple(others.shape)}")
    offsets = [other - origin for other in others]
    # Points on a line, rounded to their precision, span a plane of rounding errors.
    rounding = 4 * float(np.finfo(as_numpy(origin[:1]).dtype).eps) * _norm(origin)
    sentence = "the three points lie on a line, or two of them are the same"
    directions = _orthonormal(offsets[0], offsets[1:], sentence, rounding)
    return directions, ("towards the second point", "towards the third point")[:axes]


def _gradient_and_sam(objective: Objective, origin: Array, radius: float, axes: int) -> tuple[Array, tuple[str, ...]]:
    if not (np.isfinite(radius) and radius > 0):
        raise ValueError(f"radius must be a positive number, got {radius}")
    gradient = objective.gradient(origin)
    length = _norm(gradient)
    if length == 0:
        raise ValueError("the gradient is zero at the origin: it gives no direction")
    labels = (f"gradient, length {length:.3g}", f"what SAM’s gradient adds, radius {radius:g}")
    if axes == 1:
        return _stack([gradient / length]), labels[:1]
    perturbed = objective.gradient(origin + radius * gradient / length)
    sentence = "SAM’s gradient is parallel to the gradient here: the two span a line, no plane"
    return _orthonormal(gradient, [perturbed], sentence), labels
