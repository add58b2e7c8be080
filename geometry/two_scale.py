"""Closed forms for SAM on the two-scale quadratic: cycles in the pothole, confinement, and life in the wide bowl.

Inside the pothole, measured from its bottom, one step with learning rate η, preconditioner U and curvature a is

    v ← μ v + U a (x + ρ s),   x ← x − η v,   s = sign(x),

so that z = (x, η v) obeys z ← M z + b s with M = [[1 − c, −μ], [c, μ]], b = ρ (−c, c) and c = η U a. Nothing here
depends on η, U and a but through c; lengths are in the unit of ρ. With the matrix norm √(gᵀUg) in the probe, ρ is to be
replaced by ρ √U (`matrix_norm_radius`). Sign words, peaks and bounds are ours; the mechanism is that of
arXiv 2605.16134.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

TRANSIENT_STEPS = 4000
"""Steps over which the transient peak is sought; the slowest contraction, μ = 0.99, has died out by then."""

SINGULAR = 1e-12
"""Below this determinant of I − Mᵖ there is no cycle of period p."""
ROUNDING = 1e-13
"""A walker so near to the bottom, in units of ρ, is on it."""


def two_cycle_amplitude(c: Any, momentum: Any, radius: Any) -> Any:
    """A = c ρ / (2 (1 + μ) − c): SAM's 2-cycle ±A in the pothole, for 0 < c < 2 (1 + μ)."""
    return c * radius / (2 * (1 + momentum) - c)


def two_cycle_stable(c: Any, momentum: Any) -> Any:
    """Whether 0 < c < 2 (1 + μ): there the 2-cycle attracts its neighbourhood (|eigenvalues of M| < 1 for μ < 1)."""
    return (np.asarray(c) > 0) & (np.asarray(c) < 2 * (1 + np.asarray(momentum)))


def pothole_map(c: float, momentum: float) -> np.ndarray:
    """M = [[1 − c, −μ], [c, μ]]."""
    return np.array([[1 - c, -momentum], [c, momentum]])


@dataclass(frozen=True)
class Cycle:
    """A periodic orbit of period p: states (p, 2) of z = (x, η v), the signs it assumes, and whether it has them."""

    word: tuple[int, ...]
    states: np.ndarray
    admissible: bool

    @property
    def amplitude(self) -> float:
        """Largest |x| on the orbit."""
        return float(np.abs(self.states[:, 0]).max())


def cycle(word: Sequence[int], c: float, momentum: float, radius: float) -> Cycle:
    """The orbit with sign word s: z₀ = (I − Mᵖ)⁻¹ Σ_j M^{p−1−j} b s_j, admissible if sign(x_j) = s_j for all j.

    Several cycles may be admissible at once; which one is reached depends on the start, and the 2-cycle is often not.
    ValueError for a word with letters other than ±1, and where I − Mᵖ has no inverse: at c = 0, and for even p at
    c = 2 (1 + μ), where the 2-cycle's amplitude diverges.
    """
    signs = tuple(int(s) for s in word)
    if not signs or any(s not in (-1, 1) for s in signs):
        raise ValueError(f"a sign word consists of 1 and -1, not {word!r}")
    m, b = pothole_map(c, momentum), radius * np.array([-c, c])
    drive, power = np.zeros(2), np.eye(2)
    for s in reversed(signs):
        drive += power @ b * s
        power = power @ m
    if abs(np.linalg.det(np.eye(2) - power)) < SINGULAR:
        raise ValueError(f"no cycle of {len(signs)} steps exists at c = {c:g} and momentum {momentum:g}")
    states = [np.linalg.solve(np.eye(2) - power, drive)]
    for s in signs[:-1]:
        states.append(m @ states[-1] + b * s)
    orbit = np.array(states)
    return Cycle(signs, orbit, bool(np.all(np.sign(orbit[:, 0]) == signs)))


def confinement_radius(c: Any, momentum: Any, half_width: Any) -> Any:
    """w (1 − c/(2 (1 + μ))): the 2-cycle and its probes stay in a hard-edged pothole of half-width w iff ρ is below.

    half_width is the distance from the pothole's bottom to its nearer edge: w − |x*| with x* = −hX/a where the bowl's
    bottom lies aside at −X. Exceeding the bound is necessary for an escape from the 2-cycle, not sufficient. Not valid
    at μ = 0 as a word on escapes: it still bounds the probes, but a walker without momentum that probes beyond the edge
    is, as a rule, not carried there.
    """
    return half_width * (1 - c / (2 * (1 + momentum)))


def transient_peak(c: float, momentum: float, steps: int = TRANSIENT_STEPS) -> float:
    """P(c, μ) = max |x|/ρ of the scale-free map started at rest at the pothole's bottom, infinite for c ≥ 2 (1 + μ).

    Found by running the map. Where the walker comes back exactly to the bottom (c = μ, after two steps), the least
    offset decides on which side it goes on: the larger peak counts.
    """
    if c >= 2 * (1 + momentum):
        return math.inf
    return max(_peak(c, momentum, steps, start, tie) for start, tie in ((0.0, 1.0), (0.0, -1.0), (1e-9, 1.0)))


def _peak(c: float, momentum: float, steps: int, x: float, tie: float) -> float:
    """The largest |x| from x (+1 its sign) at rest, with the sign `tie` wherever x is 0 later on."""
    velocity, peak, sign = 0.0, 0.0, 1.0
    for _ in range(steps):
        velocity = momentum * velocity + c * (x + sign)
        x -= velocity
        peak = max(peak, abs(x))
        sign = math.copysign(1.0, x) if abs(x) > ROUNDING else tie
    return peak


def rest_radius(c: float, momentum: float, half_width: float) -> float:
    """ρ* = w / (1 + P(c, μ)): below it a walker at rest at the bottom never probes beyond the pothole's edge.

    half_width as in `confinement_radius`. Exceeding it is necessary for an escape from rest, not sufficient; not valid
    at μ = 0 in the same sense.
    """
    return half_width / (1 + transient_peak(c, momentum))


def bowl_stable(learning_rate: Any, preconditioner: Any, curvature: Any, momentum: Any) -> Any:
    """Whether η U h < 2 (1 + μ): the wide bowl holds the walker."""
    return np.asarray(learning_rate * preconditioner * curvature) < 2 * (1 + np.asarray(momentum))


def bowl_jitter(learning_rate: Any, momentum: Any, radius: Any) -> Any:
    """η ρ / (2 (1 + μ) − η): amplitude of the 2-cycle in the wide bowl with U = 1/h, independent of h."""
    return two_cycle_amplitude(learning_rate, momentum, radius)


def bounce_axis(preconditioner: Any, curvatures: Any) -> int:
    """argmax_i U_i a_i: the axis along which SAM bounces in a pothole with curvatures a (D,) and diagonal U (D,).

    Euclidean SAM (U = 1): argmax a_i. With U = H̄⁻¹: argmax a_i/h_i, flat on average and locally sharp.
    """
    return int(np.argmax(np.asarray(preconditioner, dtype=float) * np.asarray(curvatures, dtype=float)))


def ghost_minimum(curvature: float, pothole_curvature: float, half_width: float, offset: float, radius: float) -> float:
    """x* − ρ with x* = −hX/a: where a walker that has left the pothole (for the bowl at −X < 0) can hang for ever.

    There its probe, ρ uphill, lies exactly on the pothole's bottom: the gradient that it steps by vanishes, and pushes
    it back from either side, while the loss itself still slopes. A minimum of the perturbed loss that the loss does not
    have. It exists for ρ > w + x*, not-a-number otherwise, and holds the walker while c = η U a < 2 (1 + μ). Its basin
    ends at −(w + ρ), ρ beyond the pothole's edge, where the probe leaves the pothole: a walker that is thrown further
    out goes on to the bowl's bottom.
    """
    bottom = -curvature * offset / pothole_curvature
    return bottom - radius if bottom - radius < -half_width else float("nan")


def ghost_holds(
    learning_rate: float, momentum: float, curvatures: Sequence[float], slope: float, radius: float
) -> bool:
    """Whether the ghost minimum attracts its neighbourhood, for SAM with U = 1 and pothole curvatures a₁ (, a₂).

    Along the first axis the outer gradient there is a₁ (x − x_ghost), as in the pothole: η a₁ < 2 (1 + μ). Across it
    the probe, of fixed length ρ, turns with the gradient (slope, a₂ y), slope = h₁ (x_ghost + X), and its end moves by
    y (1 + ρ a₂/slope): η a₂ (1 + ρ a₂/slope) < 2 (1 + μ), which on the plane is by far the harder condition.
    """
    along, *across = curvatures
    steepest = max([along, *(a * (1 + radius * a / slope) for a in across)])
    return learning_rate * steepest < 2 * (1 + momentum)


def matrix_norm_radius(radius: Any, preconditioner: Any) -> Any:
    """ρ √U: the Euclidean length of the probe ρ U g/√(gᵀUg) where U is a number."""
    return radius * np.sqrt(preconditioner)
