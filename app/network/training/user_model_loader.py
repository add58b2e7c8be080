"""The operator's network and data themselves, with torch: loaded by workers, and looked at by `python -m` of this file.

--objective module:function gives network and data together; --data gives data alone, for the built-in networks of
their kind; --checkpoint gives weights to the objective's module, or else is a built-in network: the first whose names
and shapes it has, for the data given or the first built-in data set that fits. --run gives weights on the way of runs
that were trained elsewhere; without --objective and --checkpoint the network is found by the first of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from app.network.training.devices import autocast_here
from app.network.training.recorded_runs import recorded_runs
from app.network.training.user_models import OWN, brought
from geometry.architectures import ARCHITECTURES, build_network
from geometry.checkpoints import load_weights, read_tables
from geometry.datasets import DATASETS, Dataset, image_folder, load_dataset, npz
from geometry.losses import CrossEntropy
from geometry.networks import NetworkLoss
from geometry.own_objective import OwnObjective, load_own_objective
from geometry.random_numbers import DRAWING
from geometry.recording import Checkpoint, list_checkpoints
from geometry.weight_tables import Tables, fit_tables

TEST_FRACTION = 0.2


@lru_cache(maxsize=1)
def objective(name: str) -> OwnObjective:
    """What the function `module:function` returns; it is called once in a process."""
    return load_own_objective(name)


def user_data(seed: int) -> Dataset:
    """The operator's data of --data, split with the seed. ValueError where none were named here."""
    named = brought()
    if "data" in named:
        path = Path(named["data"])
        if path.suffix == ".npz" or path.is_file():
            _check_no_image_size()
            return npz(path, seed)
        return image_folder(path, _image_size(), seed=seed)
    raise ValueError("this worker was started without --objective or --data: it has no data of the operator’s")


def _image_size() -> int:
    """Pixels of a side of a folder's images, as named or 32."""
    text = brought().get("image_size", "32")
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"--image-size must be a whole number of pixels of at least 1, not {text!r}")
    return int(text)


def _check_no_image_size() -> None:
    if "image_size" in brought():
        raise ValueError("--image-size goes with a folder of images (--data); there is none")


def own_losses(
    seed: int, device: torch.device | str = "cpu", label_smoothing: float = 0.0
) -> tuple[nn.Module, NetworkLoss, NetworkLoss] | None:
    """(the operator's module, its loss over the training half, over the test half); None without --objective.

    The halves are cut by a permutation drawn with the seed. A module in 16-bit numbers is trained in 32-bit ones.
    """
    named = brought()
    if "objective" not in named:
        return None
    if "data" in named:
        raise ValueError("--objective and --data both name data; give one of them")
    name = named["objective"]
    with DRAWING:  # the function may seed torch and draw weights, and is called once
        own = objective(name)
    examples = own.targets.shape[0]
    if examples < 2:
        raise ValueError(f"{name} must return at least two examples, one of them to test on; got {examples}")
    module = own.module  # only read from, and a checkpoint's weights are the same each time
    if "checkpoint" in named:
        load_weights(module, named["checkpoint"])
    single = next(p for p in module.parameters() if p.requires_grad).dtype in (torch.float16, torch.bfloat16)
    plain = len(own.inputs) - len(own.names)
    inputs: Any = own.inputs if not own.names else dict(zip(own.names, own.inputs[plain:], strict=True))
    whole = NetworkLoss(
        module,
        inputs,
        own.targets,
        label_smoothing=label_smoothing,
        loss_function=own.loss_function,
        device=device,
        dtype=torch.float32 if single else None,
        autocast=autocast_here(),
    )
    held = max(1, round(TEST_FRACTION * examples))
    order = torch.from_numpy(np.random.default_rng(seed).permutation(examples)).to(whole.device)
    return module, whole.rows(order[held:]), whole.rows(order[:held])


def user_network(data: Dataset, seed: int) -> nn.Module:
    """The built-in network whose weights a checkpoint of the operator's holds, with these weights."""
    file = _weights_file()
    if not file:
        raise ValueError("this worker was started without --objective or --checkpoint: it has no network of its own")
    module = build_network(_base(file, data), data.input_shape, data.classes, seed)
    load_weights(module, file)
    return module


def _weights_file() -> str:
    """The checkpoint that says which built-in network is meant: that of --checkpoint, or the first of the first run."""
    named = brought()
    if "checkpoint" in named:
        return named["checkpoint"]
    folders = (list_checkpoints(folder).checkpoints for folder in recorded_runs().values())
    return next((str(_first_readable(checkpoints)[0].path) for checkpoints in folders), "")


def look() -> dict[str, Any]:
    """What there is, as `user_models.describe` tells it; everything is loaded and tried once. ValueError."""
    named = brought()
    found: dict[str, Any] = {}
    if "data" not in named:
        _check_no_image_size()
    mine, data = own_losses(0), None
    if mine is not None:
        _, train, test = mine
        name = named["objective"]
        try:
            for half in (train, test):
                half.check()
        except ValueError as error:
            raise ValueError(f"{name} cannot be trained: {_first(error)}") from error
        classes = _classes(train)
        found["data"] = {"title": f"data of {name}", "kind": _kind(train), "examples": train.examples}
        found["data"] |= {"classes": classes} if classes else {"loss": _loss_name(train)}
        found["network"] = {"title": name, "data": [OWN]}
        return found | _look_at_runs(mine[0])
    if "data" in named:
        data = user_data(0)
        found["data"] = {"title": data.title, "kind": data.kind, "examples": len(data.targets), "classes": data.classes}
    file = _weights_file()
    if file:
        key, base = (OWN, _base(file, data)) if data is not None else _recognised(file)
        found["network"] = {"title": f"{base} of {Path(file).name}", "data": [key]}
        found |= _look_at_runs(user_network(data_of(key, 0), 0))
    return found


def _look_at_runs(module: nn.Module) -> dict[str, Any]:
    """{"runs": …} of --run: steps from and to, checkpoints, files left out. The first and the last that can be read
    have to fit: the one that was being written when a training was ended is often damaged."""
    found = {}
    for name, folder in recorded_runs().items():
        held = list_checkpoints(folder)
        for checkpoints in (held.checkpoints, held.checkpoints[::-1]):
            one, tables = _first_readable(checkpoints)
            fit_tables(module, tables, str(one.path))
        steps = [held.checkpoints[0].step, held.checkpoints[-1].step]
        found[name] = {"steps": steps, "checkpoints": len(held.checkpoints), "left_out": list(held.left_out)}
    return {"runs": found} if found else {}


def _first_readable(checkpoints: Sequence[Checkpoint]) -> tuple[Checkpoint, Tables]:
    """The first checkpoint that can be read, with its tables; ValueError with what is wrong with the first of all."""
    wrong: ValueError | None = None
    for one in checkpoints:
        try:
            return one, read_tables(one.path)
        except ValueError as error:
            wrong = wrong or error
    assert wrong is not None
    raise wrong


def _kind(loss: NetworkLoss) -> str:
    """What the inputs are, as pages call it."""
    first = loss.data.inputs[0]
    if len(loss.data.inputs) > 1 or not first.is_floating_point():
        return OWN
    return {2: "vectors", 4: "images"}.get(first.ndim, OWN)


def _classes(loss: NetworkLoss) -> int:
    """How many classes the targets name; 0 where they are no class numbers."""
    criterion = loss.criterion
    return max(2, loss.highest + 1) if isinstance(criterion, CrossEntropy) and not criterion.shares else 0


def _loss_name(loss: NetworkLoss) -> str:
    return "own" if loss.criterion is None else loss.criterion.name


def _base(checkpoint: str, data: Dataset | None) -> str:
    """The built-in network for these data whose names and shapes the checkpoint has; ValueError if there is none."""
    assert data is not None
    tables = read_tables(checkpoint)
    for key, row in ARCHITECTURES.items():
        if data.kind not in row.kinds:
            continue
        try:
            with torch.device("meta"):
                module = row.make(data.input_shape, data.classes)
            fit_tables(module, tables, checkpoint)
        except ValueError:
            continue
        return key
    raise ValueError(
        f"{checkpoint} fits no built-in network for {data.title}; name the network with --objective module:function"
    )


def _recognised(checkpoint: str) -> tuple[str, str]:
    """(data set, network) that the checkpoint fits, among the built-in ones."""
    read_tables(checkpoint)
    for key in DATASETS:
        try:
            return key, _base(checkpoint, load_dataset(key))
        except (ValueError, ModuleNotFoundError):
            continue
    raise ValueError(
        f"{checkpoint} fits no built-in network on any built-in data set; name its network with --objective "
        "module:function, or its data with --data"
    )


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def data_of(key: str, seed: int) -> Dataset:
    """A data set by its key, the operator's among them. ValueError."""
    if key == OWN:
        return replace(user_data(seed), key=OWN)
    try:
        return _built_in(key, seed)
    except ModuleNotFoundError as error:
        raise ValueError(str(error)) from error


@lru_cache(maxsize=2)
def _built_in(key: str, seed: int) -> Dataset:
    """A built-in data set, kept for the next job about it: nobody changes its tensors."""
    return load_dataset(key, seed=seed)


def network_of(key: str, data: Dataset, seed: int) -> nn.Module:
    """A network by its key, the operator's among them, for the data. ValueError."""
    return user_network(data, seed) if key == OWN else build_network(key, data.input_shape, data.classes, seed=seed)


def main() -> int:
    """Print what there is as one line of JSON; or one sentence and status 2."""
    try:
        print(json.dumps(look()))  # noqa: T201
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(_first(error), file=sys.stderr)  # noqa: T201
        return 2
    except Exception as error:  # noqa: BLE001 - the operator's own code may raise anything
        print(f"loading failed with {type(error).__name__}: {_first(error)}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
