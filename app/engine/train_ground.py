"""What a training job stands on: data, network, methods, plane; with torch. Imported by workers only."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from app.engine.packing import pack
from app.engine.train import EVALUATED, state_tree
from app.engine.train_settings import METHOD_NAMES, Description
from geometry.architectures import build_network
from geometry.batches import class_scores
from geometry.datasets import load_dataset
from geometry.networks import NetworkLoss
from geometry.slice_directions import slice_plane
from optimizers import ASAM, FSAM, FisherSAM, Method
from optimizers.network_methods import network_methods
from optimizers.rule import State, at_rest
from optimizers.training import Training


def training_methods(names: list[str], structure: str, refresh_every: int) -> dict[str, Method]:
    """The named methods with the settings of networks."""
    every = {
        **network_methods(structure, refresh_every=refresh_every),
        "FSAM": Method(probe=FSAM()),
        "ASAM": Method(probe=ASAM()),
        "Fisher-SAM": Method(probe=FisherSAM()),
    }
    assert set(every) == set(METHOD_NAMES)
    return {name: every[name] for name in names}


def device_for(worker: int) -> torch.device:
    """The GPU of a worker process, or the CPU where there is none."""
    count = torch.cuda.device_count()
    return torch.device(f"cuda:{worker % count}" if count else "cpu")


class Ground:
    """The network's loss over the data of a description, and the training of its methods."""

    def __init__(self, description: Description, worker: int = 0) -> None:
        self.device = device_for(worker)
        seed = description["seed"]
        try:
            data = load_dataset(description["data"], seed=seed)
        except ModuleNotFoundError as error:
            raise ValueError(str(error)) from error
        module = build_network(description["network"], data.input_shape, data.classes, seed=seed)
        data = data.to(self.device)
        self.objective = NetworkLoss(
            module.to(self.device), data.inputs, data.targets, label_smoothing=description["label_smoothing"]
        )
        settings = ("batch_size", "refresh_size", "learning_rate", "radius", "momentum", "weight_decay")
        self.training = Training(
            self.objective,
            training_methods(description["methods"], description["structure"], description["refresh_every"]),
            noise_variance=description["noise_variance"],
            seed=seed,
            **{name: description[name] for name in settings},
        )
        halves = {"train": (data.inputs, data.targets), "test": (data.test_inputs, data.test_targets)}
        self.halves = {
            half: NetworkLoss(module, inputs[:EVALUATED], targets[:EVALUATED], description["label_smoothing"])
            for half, (inputs, targets) in halves.items()
        }
        self.plane = None
        if description["plane"] is not None:
            asked = description["plane"]
            self.plane = slice_plane(
                self.objective, self.objective.initial, "random", asked["normalisation"], asked["seed"]
            )
            # Every row asks for places: (dᵀd)⁻¹ dᵀ is made once.
            inverse = torch.as_tensor(np.linalg.inv(self.plane.gram), dtype=self.objective.dtype, device=self.device)
            self._projector = (inverse @ self.plane.directions).T

    def states(self) -> dict[str, Any]:
        """The states of all methods as a tree."""
        return {name: state_tree(self.training.state(name)) for name in self.training.names}

    def restore(self, states: dict[str, Any]) -> None:
        """Put every method at a state that `states` gave."""
        for name, tree in states.items():
            self.training.restore(name, State(**{key: self._tensors(value) for key, value in tree.items()}))

    def packed_weights(self) -> bytes:
        """The weights and running statistics of all methods."""
        states = {name: self.training.state(name) for name in self.training.names}
        return pack({name: {"position": s.position, "buffers": s.buffers or {}} for name, s in states.items()})

    def packed_plane(self) -> bytes:
        """The plane's origin (D,) and directions (2, D)."""
        assert self.plane is not None
        return pack({"origin": self.plane.origin, "directions": self.plane.directions})

    def place(self, name: str) -> dict[str, Any]:
        """{"at": coordinates in the plane, "off": Euclidean distance from it}, or nothing without a plane."""
        if self.plane is None:
            return {}
        moved = self.training.state(name).position - self.plane.origin
        at = moved @ self._projector
        off = torch.linalg.vector_norm(moved - at @ self.plane.directions)
        return {"at": at.tolist(), "off": float(off)}

    def evaluate(self, name: str) -> dict[str, float]:
        """Loss and accuracy of both halves at the method's weights, in inference mode."""
        state = self.training.state(name)
        found: dict[str, float] = {}
        for half, objective in self.halves.items():
            here: Any = at_rest(objective, state)
            with torch.no_grad():
                found[f"{half}_loss"] = float(here.loss(state.position))
                scores = class_scores(here.outputs(state.position), here.data.targets, ())
                found[f"{half}_accuracy"] = float((scores.argmax(-1) == here.data.targets).double().mean())
        return found

    def _tensors(self, tree: Any) -> Any:
        if isinstance(tree, np.ndarray):
            return torch.from_numpy(tree.copy()).to(self.device)
        if isinstance(tree, dict):
            return {key: self._tensors(value) for key, value in tree.items()}
        if isinstance(tree, list | tuple):
            return type(tree)(self._tensors(value) for value in tree)
        return tree
