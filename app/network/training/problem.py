"""What any job about a network stands on, made from the description of a training job: device, data, network, losses.

    found = make_problem(job.describe(run), job.worker)          # in a worker process, for a job about another job
    theta, buffers = read_weights(job.fetch(run, "weights/final"), found)["LLQR+SAM"]
    objective = found.at(found.objective, buffers)         # what a slice or a curvature is computed on

The same description gives the same network, split and weights in every process. With torch: for workers only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.jobs.kinds import Description
from app.jobs.packing import Tree, unpack
from app.network.training.devices import autocast_here, device_for
from app.network.training.recorded_runs import folder_of
from app.network.training.settings import BADLY_SCALED
from app.network.training.user_model_loader import data_of, network_of, own_losses
from app.network.training.user_models import OWN
from geometry.datasets import Dataset, randomise_labels, scale_inputs
from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.recording import read_point

DRAWS = (
    "This network draws random numbers in inference mode, too; losses, slices and curvature meet the same ones "
    "at every point."
)
"""What is said of such a network."""


@dataclass(frozen=True, eq=False)
class TrainingProblem:
    """`objective`: the loss over the whole training half, whose `initial` are the first weights (D,); `test` over the
    other half. `data`: the data set they come from, None where the operator's own function gave them."""

    description: Description
    device: torch.device
    data: Dataset | None
    module: nn.Module
    objective: NetworkLoss
    test: NetworkLoss

    def over(self, half: str, examples: int | None = None) -> NetworkLoss:
        """The loss over a half, "train" or "test": all of it, or its first `examples` (the split has shuffled them)."""
        if half not in ("train", "test"):
            raise ValueError(f"half must be train or test, not {half!r}")
        loss = self.objective if half == "train" else self.test
        return loss if examples is None or examples >= loss.examples else loss.rows(slice(None, examples))

    def starting_at(self, theta: Tensor, buffers: dict[str, Tensor]) -> TrainingProblem:
        """The same problem with θ (D,) and its running statistics in the place of the first weights."""
        objective, test = (loss.starting_at(theta, buffers) for loss in (self.objective, self.test))
        return replace(self, objective=objective, test=test)

    def at(self, objective: NetworkLoss, buffers: dict[str, Tensor]) -> NetworkLoss:
        """The objective with the running statistics that a run has kept beside its weights."""
        return objective.with_buffers(buffers)


def make_problem(description: Description, worker: int = 0) -> TrainingProblem:
    """The data and the network of a training job's description (`engine.description`, `job.describe`).

    ValueError with a sentence where they cannot be had here: a package is missing, or the operator's own network or
    data were not named to this worker.
    """
    if "network" not in description or "data" not in description:
        raise ValueError("this job is no training run: it has no network and data")
    device, seed = device_for(worker), description["seed"]
    smoothing = description["label_smoothing"]
    own = own_losses(seed, device, smoothing) if description["network"] == OWN else None
    if own is not None:
        return TrainingProblem(description, device, None, *own)
    data = altered(data_of(description["data"], seed), description)
    module = network_of(description["network"], data, seed).to(device)
    data = data.to(device)
    objective = NetworkLoss(module, data.inputs, data.targets, label_smoothing=smoothing, autocast=autocast_here())
    test = objective.with_batch(data.test_inputs, data.test_targets)
    return TrainingProblem(description, device, data, module, objective, test)


def altered(data: Dataset, description: Description) -> Dataset:
    """The data as a description wants them: in bad units, with random labels; as they are in one that does not say."""
    if description.get("inputs") == BADLY_SCALED:
        data = scale_inputs(data)
    share = description.get("random_labels", 0.0)
    return randomise_labels(data, share, description["seed"]) if share else data


def read_weights(packed: bytes, found: TrainingProblem) -> dict[str, tuple[Tensor, dict[str, Tensor]]]:
    """{method: (θ (D,), running statistics)} of a result "weights/<step>" or "weights/final", on the device.

    Of a run that was trained elsewhere the result names a file, which is read here.
    """

    def tensor(array: Any) -> Tensor:
        return torch.from_numpy(array.copy()).to(found.device)

    def weights(tree: Tree) -> tuple[Tensor, dict[str, Tensor]]:
        if "file" in tree:
            return read_point(Path(folder_of(tree["run"])) / tree["file"], found.objective)
        return tensor(tree["position"]), {key: tensor(value) for key, value in tree["buffers"].items()}

    return {name: weights(tree) for name, tree in unpack(packed).items()}


def read_plane(packed: bytes, found: TrainingProblem) -> Plane:
    """The plane of a result "plane", on the device and in the network's precision."""
    tree = unpack(packed)
    like = found.objective.initial
    origin, directions = (torch.as_tensor(tree[name]).to(like) for name in ("origin", "directions"))
    return Plane(origin, directions, tree["kind"], tree["normalisation"], tree["seed"], tuple(tree["labels"]))
