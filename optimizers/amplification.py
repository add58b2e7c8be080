"""What looking ahead adds to a step along given directions, with a learned U and without."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from geometry.objective import Array, Objective, linearise
from geometry.plane import as_numpy
from geometry.result import Result
from optimizers.preconditioners import Identity, Preconditioner
from optimizers.probes import SAM, Centre

LEAST = 1e-300


@dataclass(frozen=True, eq=False)
class ProbeEffect(Result):
    """Along K unit directions v, over B mini-batches, in parts of the plain step's length ‖Ug‖; arrays (B, K):

    step: v·Ug/‖Ug‖, without a probe;  added: v·U(g⁺ − g)/‖Ug‖ with g⁺ = ∇L(θ + ε), what the probe ε adds;
    first_order: v·UHε/‖Ug‖, the same to first order in ε. Where ε is ρ Ug/‖Ug‖ and v a common eigenvector of U and H
    this is ρ u λ (v·Ug)/‖Ug‖², and so (u ‖g‖/‖Ug‖)² times that with U = I.
    """

    step: np.ndarray
    added: np.ndarray
    first_order: np.ndarray

    @property
    def gain(self) -> float:
        """How many times longer the probe makes the step along these directions: rms of v·Ug⁺ over that of v·Ug."""
        return _rms(self.step + self.added) / max(_rms(self.step), LEAST)

    @property
    def first_order_gain(self) -> float:
        """The same to first order."""
        return _rms(self.step + self.first_order) / max(_rms(self.step), LEAST)

    @property
    def size(self) -> float:
        """Rms over the batches of what the probe adds, over all directions together: of ‖VU(g⁺ − g)‖/‖Ug‖."""
        return float(np.sqrt((self.added**2).sum(1).mean()))

    @property
    def first_order_error(self) -> float:
        """Rms of what the first order misses, as a part of that of what the probe adds."""
        return _rms(self.added - self.first_order) / max(_rms(self.added), LEAST)


@dataclass(frozen=True, eq=False)
class Amplification(Result):
    """What a probe adds without U and with it, along the same directions and over the same mini-batches."""

    plain: ProbeEffect
    learned: ProbeEffect

    @property
    def logarithms(self) -> np.ndarray:
        """(B,): of how many times more the probe adds with U, ‖VU(g⁺ − g)‖/‖Ug‖ over the same with U = I, batch by
        batch; not finite where one of them adds nothing."""
        with np.errstate(divide="ignore", invalid="ignore"):
            sizes = [np.log(np.linalg.norm(one.added, axis=1)) for one in (self.learned, self.plain)]
            return sizes[0] - sizes[1]


def measure_amplification(
    batches: Iterable[Objective],
    theta: Array,
    directions: np.ndarray,
    preconditioner: Preconditioner,
    state: Any,
    radius: float,
    probe: SAM | None = None,
) -> Amplification:
    """Both effects at θ (D,) along unit directions (K, D), for U in a state of its preconditioner.

    batches: the loss over each mini-batch. probe: the one along U g with ‖ε‖ = `radius` where none is given; without U
    the same along g. Three gradients and two curvature products a batch.
    """
    probe = SAM() if probe is None else probe
    rows: dict[bool, list[tuple[np.ndarray, ...]]] = {False: [], True: []}
    for objective in batches:
        for learned in rows:
            apply = partial(preconditioner.apply if learned else Identity().apply, objective.layout, state)
            rows[learned].append(_effect(objective, theta, directions, apply, radius, probe))
    plain, with_u = (ProbeEffect(*map(np.array, zip(*found, strict=True))) for found in rows.values())
    return Amplification(plain, with_u)


def _effect(
    objective: Objective,
    theta: Array,
    directions: np.ndarray,
    apply: Callable[[Array], Array],
    radius: float,
    probe: SAM,
) -> tuple[np.ndarray, ...]:
    """(step, added, first order) (K,) of one batch. ValueError where the loss has no slope there."""
    here = linearise(objective, theta)
    epsilon = probe.offset(Centre(theta, here.gradient, apply, objective.layout, objective, 0), None, radius)
    ahead = objective.gradient(theta + epsilon)
    changes = [apply(one) for one in (here.gradient, ahead - here.gradient, here.product(epsilon))]
    vectors = [np.asarray(as_numpy(one), dtype=np.float64) for one in changes]
    length = float(np.linalg.norm(vectors[0]))
    if not (np.isfinite(length) and length > 0):
        raise ValueError("the gradient here is zero or no number: a step has no length that a probe could add to")
    return tuple(directions @ vector / length for vector in vectors)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))
