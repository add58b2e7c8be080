"""Between two solutions: the loss on the straight way and its barrier, and a curve on which the barrier is low.

    way = interpolate(objective, a, b)                   # way.t, way.losses, way.barrier ± way.barrier_error
    curve = connect(objective, a, b, steps=200)          # a quadratic Bézier curve whose middle is trained
    plane = curve.plane()                                # through a, b and the curve's middle, for a slice

Barrier: max over t of L(θ(t)) − (1−t) L(a) − t L(b), after Frankle et al. (arXiv 1912.05671) and Entezari et al.
(arXiv 2110.06296). Curves: Garipov et al. (arXiv 1802.10026).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geometry.batch_norm import re_estimate
from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.result import Result
from geometry.slices.directions import slice_plane
from geometry.slices.sampled import sampled_objective
from geometry.streamed import in_memory


@dataclass(frozen=True, eq=False)
class Way(Result):
    """The loss along θ(t), t in [0, 1], from a to b.

    t, losses (T,); examples: how many the loss is over.  barrier: the height above the line between the ends, at the
    point `highest` of t; 0 where no point lies above it, not finite where a loss is not.  barrier_error: the standard
    error of that height over the examples, each taken as its own difference, as a sample of all there could be; NaN
    where examples have no loss of their own.  control (D,): the middle point of a Bézier curve, None on a straight way.
    """

    a: Tensor
    b: Tensor
    control: Tensor | None
    t: np.ndarray
    losses: np.ndarray
    examples: int
    barrier: float
    highest: float
    barrier_error: float

    def theta(self, t: float) -> Tensor:
        """θ(t) (D,)."""
        return point_on(self.a, self.b, self.control, t)

    def plane(self) -> Plane:
        """The plane through a, b and the curve's middle θ(½), a at the origin; ValueError on a straight way."""
        if self.control is None:
            raise ValueError("a straight way spans a line; a plane needs a third point: slice_plane(…, 'three-points')")
        return three_point_plane(self.a, self.b, self.theta(0.5))

    def figure(self) -> Any:
        """The loss over t, the line between the ends, and the barrier with its standard error."""
        from geometry.figures import draw_way

        way = "straight" if self.control is None else "quadratic Bézier curve"
        note = f"{way}, {self.examples} examples"
        return draw_way(self.t, self.losses, self.barrier, self.barrier_error, self.highest, note)


def point_on(a: Tensor, b: Tensor, control: Tensor | None, t: float) -> Tensor:
    """(1−t) a + t b, or on a quadratic Bézier curve (1−t)² a + 2 t (1−t) control + t² b."""
    if control is None:
        return torch.lerp(a, b, t)
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * b


def three_point_plane(a: Tensor, b: Tensor, c: Tensor) -> Plane:
    """The plane through three solutions (D,), a at the origin, orthonormal axes; ValueError where they lie in line."""

    class _Dimension:
        dimension = a.shape[0]

    return slice_plane(_Dimension(), a, "three-points", points=torch.stack([b, c]))  # type: ignore[arg-type]


def interpolate(
    objective: NetworkLoss,
    a: Tensor,
    b: Tensor,
    points: int = 25,
    *,
    control: Tensor | None = None,
    samples: int | None = None,
    seed: int = 0,
    statistics: str = "kept",
    watch: Callable[[int], object] | None = None,
) -> Way:
    """The loss at `points` equal steps of t from a (D,) to b (D,), in inference mode.

    control: the middle point of a Bézier curve instead of the straight way. samples: over so many examples, drawn with
    `seed`. statistics: of batch normalisation, "kept" as the objective has them, or "re-estimated" at every point on
    the examples: running statistics belong to the weights that gathered them, and on the way between two solutions they
    make a barrier that is none (Jordan et al., arXiv 2211.08403). watch: is told the index of each point before it is
    computed; what it raises ends the work.

    ValueError: points below 3, a or b of another shape, unknown statistics.
    """
    if isinstance(points, bool) or not isinstance(points, int) or points < 3:
        raise ValueError(f"points must be a whole number of at least 3, not {points!r}")
    if statistics not in ("kept", "re-estimated"):
        raise ValueError(f"statistics must be 'kept' or 're-estimated', not {statistics!r}")
    for name, theta in (("a", a), ("b", b), ("control", a if control is None else control)):
        if tuple(theta.shape) != (objective.dimension,):
            raise ValueError(f"{name} must have shape ({objective.dimension},), not {tuple(theta.shape)}")
    over = objective if samples is None else sampled_objective(objective, samples, seed)
    t = np.linspace(0.0, 1.0, points)
    losses = np.empty(points)
    each: list[np.ndarray | None] = []
    with torch.no_grad():
        for index, where in enumerate(t):
            if watch is not None:
                watch(index)
            theta = point_on(a, b, control, float(where))
            here = over if statistics == "kept" else over.with_buffers(re_estimate(over, theta))
            losses[index], own = _losses(here, theta)
            each.append(own)
    with np.errstate(invalid="ignore"):  # infinite losses
        above = losses - ((1 - t) * losses[0] + t * losses[-1])
        top = int(np.argmax(above))
        error = _error(each, t, top)
    return Way(a, b, control, t, losses, over.examples, max(float(above[top]), 0.0), float(t[top]), error)


def _losses(objective: NetworkLoss, theta: Tensor) -> tuple[float, np.ndarray | None]:
    """(L(θ), each example's share of it times N, or None where examples have none)."""
    if objective.criterion is None:
        return float(objective.loss(theta)), None
    rows = []
    size = objective.chunk_size or objective.examples
    for part in objective.data.cut(objective.examples if objective.tied else size):
        outputs = objective.forward_part(theta, part, objective.buffers)
        targets = in_memory(part.targets)
        scores = objective.criterion.scores(outputs, targets, (), objective.highest)
        losses = objective.criterion.each(scores, targets)
        rows.append(losses.reshape(part.examples, -1).sum(-1, dtype=torch.float64).cpu().numpy())
    each = np.concatenate(rows) * objective.examples / objective.count
    return float(each.mean()), each


def _error(each: list[np.ndarray | None], t: np.ndarray, top: int) -> float:
    """s/√N of the examples' own heights above the line between the ends."""
    first, here, last = each[0], each[top], each[-1]
    if first is None or here is None or last is None or len(here) < 2:
        return float("nan")
    heights = here - ((1 - t[top]) * first + t[top] * last)
    return float(heights.std(ddof=1) / np.sqrt(len(heights)))


def connect(
    objective: NetworkLoss,
    a: Tensor,
    b: Tensor,
    steps: int = 200,
    *,
    batch_size: int | None = None,
    learning_rate: float = 0.05,
    momentum: float = 0.9,
    points: int = 25,
    seed: int = 0,
    statistics: str = "kept",
) -> Way:
    """A quadratic Bézier curve from a to b (D,) on which the loss is low.

    Its middle point is trained on the mean loss over t by momentum, one t and one mini-batch a step, both drawn with
    `seed`. `connecting` gives its steps one by one.
    """
    control = (a + b) / 2
    for step in connecting(objective, a, b, steps, batch_size, learning_rate, momentum, seed):
        control = step.control
    return interpolate(objective, a, b, points, control=control, statistics=statistics)


@dataclass(frozen=True, eq=False)
class ConnectingStep:
    """One step: how many are done, the loss at the t that was drawn, and the middle point (D,) after it."""

    index: int
    t: float
    loss: float
    control: Tensor


def connecting(
    objective: NetworkLoss,
    a: Tensor,
    b: Tensor,
    steps: int = 200,
    batch_size: int | None = None,
    learning_rate: float = 0.05,
    momentum: float = 0.9,
    seed: int = 0,
) -> Iterator[ConnectingStep]:
    """The steps of `connect`; whoever draws or stops it takes them as they come.

    ∂L(θ(t))/∂control = 2 t (1−t) ∇L(θ(t)), in train mode. ValueError: a setting out of range, a loss that is no number.
    """
    for name, value, least in (("steps", steps, 1), ("batch_size", 1 if batch_size is None else batch_size, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
    if not 0 < learning_rate < np.inf or not 0 <= momentum < 1:
        raise ValueError(f"learning_rate must be positive and momentum in [0, 1), got {learning_rate!r}, {momentum!r}")
    draws = np.random.default_rng(seed)
    control, velocity = (a + b) / 2, torch.zeros_like(a)
    for index in range(1, steps + 1):
        t = float(draws.uniform())
        ground = objective
        if batch_size is not None and batch_size < objective.examples:
            rows = draws.choice(objective.examples, batch_size, replace=False)
            ground = objective.rows(torch.from_numpy(rows).to(objective.device))
        done = ground.training_pass(point_on(a, b, control, t), seed=seed + index)
        loss = float(done.loss)
        if not np.isfinite(loss):
            raise ValueError(f"the loss on the curve is {loss:g} after {index - 1} steps: use a smaller learning_rate")
        velocity = momentum * velocity + 2 * t * (1 - t) * done.gradient
        control = control - learning_rate * velocity
        yield ConnectingStep(index, t, loss, control)
