"""What a training job stands on: its methods, the plane it is watched on, losses of both halves; with torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch

from app.jobs.packing import Tree, pack
from app.network.training.boundary import Boundary
from app.network.training.measure import has_examples, measure
from app.network.training.problem import TrainingProblem, make_problem
from app.network.training.settings import Description, options_of_u, trained_with
from app.network.training.sharpness import EXAMPLES, read_sharpness
from app.network.training.u_readings import read_u
from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.slices.directions import slice_plane
from optimizers import Method
from optimizers.methods import network_methods
from optimizers.rule import State, at_rest
from optimizers.training import Training

FIRST_STEPS = 60
"""Steps of the run of SGDM whose principal components make a plane of kind "first steps"."""
PLANE_PART = 0.08
"""Of a short run's gradients, what that run may cost: a part of what its own steps pay for; but FEWEST_STEPS at least,
or it shows nothing."""
FEWEST_STEPS = 12
HALVES = ("train", "test")


def watched_plane(
    objective: NetworkLoss, description: Description, pause: Callable[[], object] = lambda: None
) -> tuple[Plane, list[list[float]]] | None:
    """The plane through the initial weights that the description asks for, and opposite corners of the piece of it that
    the first steps are known to reach (none for random directions).

    Random directions are nearly orthogonal to any path: in D dimensions they show about 2/D of its movement. The
    principal components of a short run of SGDM, with the description's own settings, batches and noise, show most of
    how all methods begin; how much they show of the rest is what `off` tells in every row. Where that run spans no
    plane it is the random one, and its labels say so. `pause` is called after each of its steps.
    """
    asked = description["plane"]
    if asked is None:
        return None
    at_random = slice_plane(objective, objective.initial, "random", asked["normalisation"], asked["seed"])
    if asked["kind"] == "random":
        return at_random, []
    steps = _plane_steps(description)
    training = Training(objective, {"SGDM": Method()}, **trained_with(description), keep_every=1)
    for _ in training.steps(steps):
        pause()
    first = training.run("SGDM")
    try:
        found = slice_plane(objective, objective.initial, "pca", trajectories=first.positions.to(objective.initial))
    except ValueError:  # SGDM stood still or diverged at once: its path spans no plane
        return at_random, []
    labels = tuple(f"{label} of SGDM’s first {steps} steps" for label in found.labels)
    plane = Plane(found.origin, found.directions, "first steps", "none", None, labels)
    reached = plane.project(first.positions)
    return plane, [corner.tolist() for corner in (reached.amin(0), reached.amax(0))]


def _plane_steps(description: Description) -> int:
    """Steps of the run that shows the plane: not from a clock, as every attempt of a run has to find the same one."""
    methods = network_methods(description["structure"], names=description["methods"], **options_of_u(description))
    indices = np.arange(description["steps"])
    gradients = sum(int((method.gradient_evaluations(indices) + 0 * indices).sum()) for method in methods.values())
    return min(FIRST_STEPS, max(3, description["steps"]), max(FEWEST_STEPS, int(PLANE_PART * gradients)))


class TrainingSession:
    """The network's loss over the data of a description, and the training of its methods."""

    def __init__(
        self,
        description: Description,
        worker: int = 0,
        found: TrainingProblem | None = None,
        pause: Callable[[], object] = lambda: None,
    ) -> None:
        """`found`: the problem of this description, where it has been made or begins at other weights than drawn;
        `pause` is called now and then while a plane is chosen."""
        found = found or make_problem(description, worker)
        self.device, self.objective = found.device, found.objective
        self.methods = network_methods(
            description["structure"], names=description["methods"], **options_of_u(description)
        )
        self.training = Training(
            self.objective,
            self.methods,
            **trained_with(description),
        )
        self.boundary = Boundary.of(found.data, self.objective)
        self.found, self._description, self._pause = found, description, pause
        self._halves: dict[tuple[str, int | None], NetworkLoss] = {}

    @property
    def plane(self) -> Plane | None:
        """The plane that the run is watched on; it is chosen when it is first asked for, which takes some steps."""
        return None if self._watched is None else self._watched[0]

    @property
    def extent(self) -> list[list[float]]:
        """See `watched_plane`."""
        return [] if self._watched is None else self._watched[1]

    @cached_property
    def _watched(self) -> tuple[Plane, list[list[float]]] | None:
        return watched_plane(self.objective, self._description, self._pause)

    @cached_property
    def _projector(self) -> torch.Tensor:
        """Every row asks for places: (dᵀd)⁻¹ dᵀ is made once."""
        assert self.plane is not None
        inverse = torch.as_tensor(np.linalg.inv(self.plane.gram), dtype=self.objective.dtype, device=self.device)
        return (inverse @ self.plane.directions).T

    def states(self) -> Tree:
        """The states of all methods as a tree."""
        return {name: state_tree(self.training.state(name)) for name in self.training.names}

    def restore(self, states: Tree) -> None:
        """Put every method at a state that `states` gave."""
        for name, tree in states.items():
            self.training.restore(name, read_state(tree, self.device))

    def packed_weights(self, stopped: Collection[str] = ()) -> bytes:
        """The weights and running statistics of all methods, and which of them have stopped."""
        states = {name: self.training.state(name) for name in self.training.names}
        return pack(
            {
                name: {"position": s.position, "buffers": s.buffers or {}, "stopped": name in stopped}
                for name, s in states.items()
            }
        )

    def packed_plane(self) -> bytes:
        """The plane's origin (D,) and directions (2, D), and where they come from."""
        assert self.plane is not None
        return packed_plane(self.plane)

    def place(self, name: str, done: int | None = None) -> dict[str, Any]:
        """{"at": coordinates in the plane, "off": Euclidean distance from it}, or nothing without a plane. Any plane is
        one through the first weights, so that where a run is after `done` = 0 steps needs none to be chosen."""
        if done == 0:
            return {"at": [0.0, 0.0], "off": 0.0} if self._description["plane"] else {}
        if self.plane is None:
            return {}
        moved = self.training.state(name).position - self.plane.origin
        at = moved @ self._projector
        off = torch.linalg.vector_norm(moved - at @ self.plane.directions)
        return {"at": at.tolist(), "off": float(off)}

    @cached_property
    def examples(self) -> tuple[int, int]:
        """How many training and test examples losses are measured over at most."""
        return self.found.objective.examples, self.found.test.examples

    @cached_property
    def samples(self) -> bool:
        """Whether losses can be measured over a part of the examples."""
        return all(has_examples(self.half(half, None)) for half in HALVES)

    def evaluate(self, name: str, size: int | None = None) -> dict[str, Any]:
        """Loss of both halves at the method's weights, in inference mode, and of class numbers the accuracy, over all
        examples or the first `size` of each half; see `measure`."""
        state = self.training.state(name)
        found: dict[str, Any] = {}
        for half, of in zip(HALVES, self.examples, strict=True):
            here: Any = at_rest(self.half(half, size), state)
            values = measure(half, here, state.position, of)
            sampled = found.get("sampled", {}) | values.pop("sampled", {})
            found |= values | ({"sampled": sampled} if sampled else {})
        return found

    def half(self, half: str, size: int | None = None) -> NetworkLoss:
        """The loss over all examples of "train" or "test", or the first `size` of them."""
        if (half, size) not in self._halves:
            self._halves[half, size] = self.found.over(half, size)
        return self._halves[half, size]

    def read_u(self, name: str, steepness: bool) -> dict[str, float]:
        """What the method's U does to a gradient over as many examples as it is learned on; see `read_u`."""
        state = self.training.state(name)
        rows = self.training.draws.refresh_rows(state.index)
        objective = self.objective if rows is None else self.objective.rows(rows)
        return read_u(objective, self.methods[name], state, steepness)

    def read_sharpness(self, name: str) -> dict[str, float]:
        """λmax of the loss at the method's weights, in inference mode; see `read_sharpness`."""
        state = self.training.state(name)
        objective = self.half("train", EXAMPLES if self.samples else None)
        return read_sharpness(cast(NetworkLoss, at_rest(objective, state)), state.position)


def packed_plane(plane: Plane) -> bytes:
    """A plane's origin (D,) and directions (2, D), and where they come from (see `problem.read_plane`)."""
    said = {"kind": plane.kind, "normalisation": plane.normalisation, "seed": plane.seed}
    return pack({"origin": plane.origin, "directions": plane.directions, "labels": list(plane.labels), **said})


def state_tree(state: Any) -> Tree:
    """A state of the step as a tree for `pack`."""
    return {row.name: getattr(state, row.name) for row in dataclasses.fields(state)}


def read_state(tree: Tree, device: torch.device) -> State:
    """The state of a tree that `state_tree` gave and that has been packed since."""
    return State(**{key: _tensors(value, device) for key, value in tree.items()})


def _tensors(tree: Any, device: torch.device) -> Any:
    if isinstance(tree, np.ndarray):
        return torch.from_numpy(tree.copy()).to(device)
    if isinstance(tree, dict):
        return {key: _tensors(value, device) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_tensors(value, device) for value in tree)
    return tree
