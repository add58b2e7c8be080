"""Train one network by several methods side by side: same initial weights, same mini-batches, same noise.

    training = Training(objective, network_methods(), batch_size=64, refresh_size=128)
    for _ in range(500):
        reports = training.step()                # {name: Report}; training.change(learning_rate=0.02) at any time
    run = training.run("LLQR+SAM")

`train(objective, methods, steps, ...)` does all of it and returns the runs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geometry.datasets.cutout import cut_out
from geometry.networks import NetworkLoss
from geometry.result import Result
from optimizers.methods import NETWORK_SETTINGS, Method, network_methods
from optimizers.minibatches import Minibatches
from optimizers.rule import Settings, State, Trace, at_rest, begin, descent_step, refresh_if_due

_TOGETHER = 4096
"""Images whose mean is taken at once."""


class StepRefused(ArithmeticError):
    """A step that cannot be made: its loss or position is not a number, or an operation has no second derivative and
    the method needs one. The state before it is kept."""


@dataclass(frozen=True)
class Report:
    """One method after one step, for whoever draws or prints it.

    index: steps done.  loss: L(θ + ε) on the mini-batch, as a training loop reports it.  full_loss: L(θ) on all data,
    in inference mode with the running statistics gathered so far, at the steps that ask for it.  position, probe (D,).
    gradient_evaluations, curvature_products: cumulative.  refreshed: whether U was learned anew before the step.
    stopped: why the step was refused (all else is then that of the last good step), or None.
    """

    name: str
    index: int
    loss: float
    full_loss: float | None
    position: Tensor
    probe: Tensor | None
    gradient_evaluations: int
    curvature_products: int
    refreshed: bool
    stopped: str | None = None


@dataclass(frozen=True)
class TrainingRun(Result):
    """The record of one method over T steps.

    losses (T,): L(θ + ε) on the mini-batches;  full_steps, full_losses (K,): L(θ) on all data;  kept_steps (M,) and
    positions (M, D): θ every `keep_every` steps, on the CPU;  path_length (T+1,): cumulative Euclidean length;
    gradient_evaluations, curvature_products (T+1,): cumulative;  refreshes: steps before which U was learned;
    final: the last state;  stopped: why the run ended early, or None.
    """

    name: str
    method: Method
    losses: np.ndarray
    full_steps: np.ndarray
    full_losses: np.ndarray
    kept_steps: np.ndarray
    positions: Tensor
    path_length: np.ndarray
    gradient_evaluations: np.ndarray
    curvature_products: np.ndarray
    refreshes: tuple[int, ...]
    final: State
    stopped: str | None

    def figure(self) -> Any:
        """The mini-batches' losses, and those over all data."""
        from geometry.figures import draw_curves

        curves = {"mini-batch, at θ + ε": (np.arange(1, len(self.losses) + 1), self.losses)}
        if len(self.full_steps):
            curves["all data"] = (self.full_steps, self.full_losses)
        cost = f"{self.gradient_evaluations[-1]} gradients, {self.curvature_products[-1]} curvature products"
        note = cost if self.stopped is None else f"{cost}; {self.stopped}"
        return draw_curves(curves, f"Training by {self.name}", note)


@dataclass
class _Walk:
    """One method on its way: its state, its settings, and the growing record."""

    method: Method
    settings: Settings
    noise_variance: float
    state: State
    losses: list[float] = field(default_factory=list)
    full: list[tuple[int, float]] = field(default_factory=list)
    kept: list[tuple[int, Tensor]] = field(default_factory=list)
    lengths: list[float] = field(default_factory=lambda: [0.0])
    gradients: list[int] = field(default_factory=lambda: [0])
    products: list[int] = field(default_factory=lambda: [0])
    refreshes: list[int] = field(default_factory=list)
    last: Report | None = None
    stopped: str | None = None


class Training:
    """Several methods on one network, advanced step by step; settings may change between two steps.

    objective: the loss over all training data.  methods: by name, network_methods() by default.  batch_size,
    refresh_size, seed: see Minibatches; the seed also draws dropout, the same for every method.  learning_rate η,
    radius ρ, momentum μ, weight_decay λ_w (coupled to the momentum, not preconditioned) and noise_variance (of each
    coordinate of the outer gradient): see optimizers.rule.  full_every: steps between two losses over all data
    (0: never).  keep_every: steps between two positions kept (0: none).  cutout: side in pixels of a square that is
    covered by the data's mean in each image of each step's batch, another at every step and the same for every method
    (0: none); losses over all data and U's refreshes see whole images.

    A method whose step is refused (loss or position no longer a number) stops where it was and says why; the others go
    on, and after `change` it tries again.
    """

    def __init__(
        self,
        objective: NetworkLoss,
        methods: Mapping[str, Method] | None = None,
        batch_size: int | None = None,
        refresh_size: int | None = 128,
        learning_rate: float = NETWORK_SETTINGS["learning_rate"],
        radius: float = NETWORK_SETTINGS["radius"],
        momentum: float = NETWORK_SETTINGS["momentum"],
        weight_decay: float = 0.0,
        noise_variance: float = 0.0,
        seed: int = 0,
        full_every: int = 0,
        keep_every: int = 0,
        cutout: int = 0,
    ) -> None:
        methods = network_methods() if methods is None else methods
        if not methods:
            raise ValueError("methods must name at least one method")
        for name, value in (("full_every", full_every), ("keep_every", keep_every), ("cutout", cutout)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"{name} must be a whole number of at least 0, not {value!r}")
        self.objective, self.full_every, self.keep_every = objective, full_every, keep_every
        self.cutout = cutout
        self._fill = _mean_of_channels(objective) if cutout else 0.0
        self.draws = Minibatches(objective.examples, batch_size, refresh_size, seed)
        given = dict(learning_rate=learning_rate, radius=radius, momentum=momentum, weight_decay=weight_decay)
        checked = {name: _number(name, value) for name, value in given.items()}
        variance = _number("noise_variance", noise_variance)
        self._walks = {
            name: _Walk(
                method, Settings(**checked, seed=seed), variance, begin(objective, method, objective.initial.clone())
            )
            for name, method in methods.items()
        }
        for walk in self._walks.values():
            self._record(walk, 0, walk.state)

    @property
    def names(self) -> tuple[str, ...]:
        """The methods, in order."""
        return tuple(self._walks)

    def change(self, only: str | None = None, **settings: float) -> None:
        """New learning_rate, radius, momentum, weight_decay or noise_variance from the next step on.

        For the method `only`, or for all. A method that stopped will try again.
        """
        known = ("learning_rate", "radius", "momentum", "weight_decay", "noise_variance")
        for name in settings:
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; choose one of {', '.join(known)}")
        checked: dict[str, Any] = {name: _number(name, value) for name, value in settings.items()}
        variance = checked.pop("noise_variance", None)
        for walk in [self._walk(only)] if only is not None else self._walks.values():
            walk.settings = dataclasses.replace(walk.settings, **checked)
            walk.noise_variance = walk.noise_variance if variance is None else variance
            walk.stopped = None

    def state(self, name: str) -> State:
        """Where the method is: position, velocity, U, running statistics."""
        return self._walk(name).state

    def restore(self, name: str, state: State) -> None:
        """Put the method at a state that `state(name)` gave earlier, here or in another process.

        Its next steps are those it would have made then; its record goes on counting from what it is now.
        """
        walk = self._walk(name)
        if tuple(state.position.shape) != (self.objective.dimension,):
            raise ValueError(
                f"the state’s position must have shape ({self.objective.dimension},), not {tuple(state.position.shape)}"
            )
        walk.state, walk.stopped = state, None

    def step(self) -> dict[str, Report]:
        """One step of every method; a refused one reports `stopped`, as long as it is not asked to try again."""
        return {name: self._advanced_or_stopped(name) for name in self._walks}

    def steps(self, count: int) -> Iterator[dict[str, Report]]:
        """`count` steps, or fewer when every method has stopped."""
        for _ in range(count):
            yield self.step()
            if all(walk.stopped is not None for walk in self._walks.values()):
                return

    def advance(self, name: str) -> Report:
        """One step of one method; StepRefused, with the reason, leaves its state as it was."""
        try:
            return self._advance(name)
        except (ValueError, RuntimeError, NotImplementedError) as error:
            # What one method needs and this network cannot give ends that method alone.
            words = (str(error).strip().splitlines() or [type(error).__name__])[0][:400]
            raise StepRefused(f"{name} stops before step {self._walk(name).state.index}: {words}") from error

    def _advance(self, name: str) -> Report:
        walk = self._walk(name)
        index = walk.state.index
        ready, method = walk.state, walk.method
        due = bool(method.preconditioner.schedule.due(index))
        if due:
            ready, _ = refresh_if_due(self._ground(self.draws.refresh_rows(index)), method, walk.state)
        ground = self._cut(self._ground(self.draws.rows(index)), index)
        noise = self.draws.noise(index, walk.noise_variance, ready.position)
        after, trace = descent_step(ground, method, walk.settings, ready, noise)
        loss = _sound(name, index, after, trace)

        gradients, products = method.preconditioner.refresh_cost() if due else (0, 0)
        walk.lengths.append(walk.lengths[-1] + float(torch.linalg.vector_norm(after.position - ready.position)))
        walk.gradients.append(walk.gradients[-1] + gradients + trace.gradient_evaluations)
        walk.products.append(walk.products[-1] + products)
        walk.losses.append(loss)
        if due:
            walk.refreshes.append(index)
        walk.state = after
        full = self._record(walk, index + 1, after)
        walk.last = Report(
            name, index + 1, loss, full, after.position, trace.probe, walk.gradients[-1], walk.products[-1], due
        )
        return walk.last

    def run(self, name: str) -> TrainingRun:
        """What the method has done so far."""
        walk = self._walk(name)
        kept = [position for _, position in walk.kept]
        return TrainingRun(
            name,
            walk.method,
            np.array(walk.losses),
            np.array([step for step, _ in walk.full], dtype=np.int64),
            np.array([loss for _, loss in walk.full]),
            np.array([step for step, _ in walk.kept], dtype=np.int64),
            torch.stack(kept) if kept else torch.empty(0, self.objective.dimension),
            np.array(walk.lengths),
            np.array(walk.gradients),
            np.array(walk.products),
            tuple(walk.refreshes),
            walk.state,
            walk.stopped,
        )

    def _ground(self, rows: Tensor | None) -> NetworkLoss:
        return self.objective if rows is None else self.objective.rows(rows)

    def _cut(self, batch: NetworkLoss, step: int) -> NetworkLoss:
        """The loss over a step's batch with squares cut out of its images, where that is asked for."""
        if not self.cutout:
            return batch
        images = batch.ready(batch.data.inputs[0])
        centres = self.draws.centres(step, len(images), tuple(images.shape[2:]))
        cut = cut_out(images, centres, self.cutout, self._fill)
        return batch.over(replace(batch.data, inputs=(cut,)))

    def _walk(self, name: str) -> _Walk:
        if name not in self._walks:
            raise ValueError(f"unknown method {name!r}; choose one of {', '.join(self._walks)}")
        return self._walks[name]

    def _advanced_or_stopped(self, name: str) -> Report:
        walk = self._walks[name]
        if walk.stopped is None:
            try:
                return self.advance(name)
            except StepRefused as error:
                walk.stopped = str(error)
        last = walk.last
        if last is None:
            last = Report(name, 0, float("nan"), None, walk.state.position, None, 0, 0, False)
        return dataclasses.replace(last, stopped=walk.stopped)

    def _record(self, walk: _Walk, index: int, state: State) -> float | None:
        """Keep the position and the loss over all data where they are due; the loss is returned."""
        if self.keep_every and index % self.keep_every == 0:
            walk.kept.append((index, state.position.detach().cpu().clone()))
        if not self.full_every or index % self.full_every:
            return None
        with torch.no_grad():
            loss = float(at_rest(self.objective, state).loss(state.position))
        walk.full.append((index, loss))
        return loss


def train(
    objective: NetworkLoss, methods: Mapping[str, Method] | None = None, steps: int = 500, **options: Any
) -> dict[str, TrainingRun]:
    """`steps` steps of every method; `options` are those of Training. A method that stopped early says so."""
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps must be a whole number of at least 1, not {steps!r}")
    training = Training(objective, methods, **options)
    for _ in training.steps(steps):
        pass
    return {name: training.run(name) for name in training.names}


def _mean_of_channels(objective: NetworkLoss) -> Tensor:
    """The mean of each channel over all images, (C,), in parts, as they may be mapped from a file. ValueError."""
    inputs = objective.data.inputs
    if len(inputs) != 1 or inputs[0].ndim != 4 or not inputs[0].is_floating_point():
        shapes = ", ".join(str(tuple(x.shape)) for x in inputs)
        raise ValueError(f"cutout takes images (N, channels, height, width) of real numbers, not inputs of {shapes}")
    parts = objective.data.cut(_TOGETHER)
    sums = [objective.ready(part.inputs[0]).double().sum((0, 2, 3)) for part in parts]
    return torch.stack(sums).sum(0) / (objective.examples * math.prod(inputs[0].shape[2:]))


def _sound(name: str, index: int, after: State, trace: Trace) -> float:
    """The step's loss; StepRefused with a sentence when it, the probe or the new position is not a number."""
    loss = float(trace.loss) if trace.loss is not None else 0.0
    where = f"{name} stops before step {index}: "
    if not bool(torch.isfinite(trace.probe).all()):
        raise StepRefused(
            where + "the probe θ + ε is not a number. A matrix norm needs ⟨v, Uv⟩ positive; otherwise use a Euclidean "
            "norm or a smaller learning rate. The state before the step is kept."
        )
    if not np.isfinite(loss):
        raise StepRefused(
            where + f"the loss is {loss:g}. The state before the step is kept; go on with a smaller learning rate or "
            "radius, or look for such values among the inputs."
        )
    if not bool(torch.isfinite(after.position).all()):
        raise StepRefused(
            where + "the new weights are not all finite. The state before the step is kept; go on with a smaller "
            "learning rate."
        )
    return loss


def _number(name: str, value: Any) -> float:
    """A finite number of at least 0 (momentum: below 1); a ValueError that names the setting otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not np.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be finite and not negative, got {value!r}")
    if name == "momentum" and value >= 1:
        raise ValueError(f"momentum must be below 1, not {value!r}")
    return float(value)
