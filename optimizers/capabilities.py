"""What the parts of a method say of themselves, so that nobody has to ask which class they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


@dataclass(frozen=True)
class Schedule:
    """Something is done at the steps first, first + every, first + 2·every, … below `until`; first −1: never.

    first and every are numbers, or arrays over the walkers, which broadcast against the steps that are asked about.
    """

    first: Any = 0
    every: Any = 1
    until: int | None = None

    @property
    def ever(self) -> bool:
        """Whether it is done at all."""
        return bool(getattr(self.first, "ndim", 0) or self.first >= 0)

    def due(self, index: Any) -> Any:
        """Whether it is done at step `index` ≥ 0 (a number, or an array of steps): a bool, or an array of bools."""
        if not self.ever:
            return index < 0
        due = (index >= self.first) & ((index - self.first) % self.every == 0)
        return due if self.until is None else due & (index < self.until)

    def before(self, step: Any) -> Any:
        """How often it is done in the steps 0 … step − 1."""
        step = np.asarray(step) if self.until is None else np.minimum(step, self.until)
        none = (np.asarray(self.first) < 0) | (step <= self.first)
        return np.where(none, 0, (step - 1 - self.first) // self.every + 1)[()]

    def latest(self, index: int) -> int | None:
        """The last such step up to step `index`, for numbers; None where there is none."""
        done = int(self.before(index + 1))
        return int(self.first + (done - 1) * self.every) if done else None


NEVER = Schedule(first=-1)


@dataclass(frozen=True)
class Tunable:
    """A setting of the step that a fair comparison tunes, and the range of values that is worth trying."""

    name: str
    symbol: str
    minimum: float
    maximum: float

    def values(self, count: int) -> np.ndarray:
        """So many values in equal ratios, both ends included."""
        return np.geomspace(self.minimum, self.maximum, count)


LEARNING_RATE = Tunable("learning_rate", "η", 1e-4, 1.0)
RADIUS = Tunable("radius", "ρ", 0.02, 2.0)


class CompiledProbe(NamedTuple):
    """A probe as the compiled engine knows it: ε = ρ w / ‖w‖ from step `start_step` on, with w = U g or g.

    matrix: the norm is √⟨g, w⟩ instead of √⟨w, w⟩.
    """

    looks_ahead: bool = False
    start_step: int = 0
    preconditioned: bool = False
    matrix: bool = False


class CompiledPreconditioner(NamedTuple):
    """A preconditioner as the compiled engine knows it: U = I ("identity"), or what LLQR's fields of these names say.

    The numbers from `refresh_every` to `warm_start_scale` may be arrays over the walkers.
    """

    structure: str = "identity"
    refresh_every: Any = 1
    decay: Any = 0.0
    damping: Any = 0.0
    inner_learning_rate: Any = 0.0
    inner_momentum: Any = 0.0
    clip: Any = np.inf
    warm_start_scale: Any | None = None
    warm_refreshes: int = 0
    inner_steps: int = 0
    floor: float = 0.0


@dataclass(frozen=True)
class ProbeCapabilities:
    """What holds for a probe whatever its settings are.

    needs_gradient: it costs a gradient at θ, beside the outer one at θ + ε, at every step at which it looks ahead.
    plain_update: its method steps along the plain outer gradient, so that it goes with no preconditioner.
    makes_ghosts: ε has the length ρ along ∇L(θ), so that the closed form of the ghost minima is its own.
    prepares: its memory is brought up to date at θ, by `prepare`, before ε is made.
    tunables: settings of the step that only a method with this probe has.
    array_fields: its own fields that may be arrays over the walkers.
    """

    needs_gradient: bool = True
    plain_update: bool = False
    makes_ghosts: bool = False
    prepares: bool = False
    tunables: tuple[Tunable, ...] = (RADIUS,)
    array_fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class PreconditionerCapabilities:
    """What holds for a preconditioner whatever its settings are.

    array_fields: its own fields that may be arrays over the walkers.
    observes: U is made from the gradients that the steps use, one after the other, by `observe`.
    has_inner_problem: U is learned by steps on a cost, whose `slope` and `metric` it has.
    """

    array_fields: tuple[str, ...] = ()
    observes: bool = False
    has_inner_problem: bool = False


@dataclass(frozen=True)
class MixCapabilities:
    """What holds for a mix whatever its settings are.

    needs_gradient: it asks for ∇L(θ) at every step.  compiled: the compiled engine knows it.
    array_fields: its own fields that may be arrays over the walkers.
    """

    needs_gradient: bool = True
    compiled: bool = False
    array_fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class OuterCapabilities:
    """What holds for an outer rule whatever its settings are.

    compiled: the compiled engine knows it.  array_fields: its own fields that may be arrays over the walkers.
    """

    compiled: bool = False
    array_fields: tuple[str, ...] = ()
