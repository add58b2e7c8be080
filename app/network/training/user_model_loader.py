"""The operator's network and data themselves, with torch: loaded by workers, and looked at by `python -m` of this file.

--objective module:function gives network and data together; --data gives data alone, for the built-in networks of
their kind; --checkpoint gives weights to the objective's module, or else is a built-in network: the first whose names
and shapes it has, for the data given or the first built-in data set that fits.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from app.network.training.user_models import OWN, brought
from geometry.architectures import ARCHITECTURES, build_network
from geometry.checkpoints import load_weights, read_tables
from geometry.datasets import DATASETS, Dataset, image_folder, load_dataset, npz
from geometry.own_objective import load_own_objective
from geometry.weight_tables import fit_tables

TEST_FRACTION = 0.2


@lru_cache(maxsize=1)
def objective(name: str) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """What the function `module:function` returns; it is called once in a process."""
    return load_own_objective(name)


def user_data(seed: int) -> Dataset:
    """The operator's data, split with the seed. ValueError where none were named here."""
    named = brought()
    if "data" in named and "objective" in named:
        raise ValueError("--objective and --data both name data; give one of them")
    if "objective" in named:
        return _split(named["objective"], *objective(named["objective"])[1:], seed)
    if "data" in named:
        path = Path(named["data"])
        return npz(path, seed) if path.suffix == ".npz" or path.is_file() else image_folder(path, seed=seed)
    raise ValueError("this worker was started without --objective or --data: it has no data of the operator's")


def user_network(data: Dataset, seed: int) -> nn.Module:
    """A fresh copy of the operator's network, with the checkpoint's weights where one was named."""
    named = brought()
    if "objective" in named:
        import copy

        module = copy.deepcopy(objective(named["objective"])[0])
    elif "checkpoint" in named:
        module = build_network(_base(named["checkpoint"], data), data.input_shape, data.classes, seed)
    else:
        raise ValueError("this worker was started without --objective or --checkpoint: it has no network of its own")
    if "checkpoint" in named:
        load_weights(module, named["checkpoint"])
    return module


def look() -> dict[str, Any]:
    """What there is, as `user_models.describe` tells it; everything is loaded and tried once. ValueError."""
    named = brought()
    found: dict[str, Any] = {}
    data = user_data(0) if "objective" in named or "data" in named else None
    if data is not None:
        found["data"] = {"title": data.title, "kind": data.kind, "examples": len(data.targets), "classes": data.classes}
    if "objective" in named:
        assert data is not None
        try:
            with torch.no_grad():
                scores = user_network(data, 0)(data.inputs[:2])
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            raise ValueError(f"the module of {named['objective']} does not take its inputs: {_first(error)}") from error
        _check_scores(named["objective"], scores, data)
        found["network"] = {"title": named["objective"], "data": [OWN]}
    elif "checkpoint" in named:
        key, base = (OWN, _base(named["checkpoint"], data)) if data is not None else _recognised(named["checkpoint"])
        found["network"] = {"title": f"{base} of {Path(named['checkpoint']).name}", "data": [key]}
    return found


def _split(name: str, inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> Dataset:
    """The objective's examples cut into halves by a permutation drawn with the seed."""
    examples = len(targets)
    held = max(1, round(TEST_FRACTION * examples))
    if examples < 2:
        raise ValueError(f"{name} must return at least two examples, one of them to test on; got {examples}")
    order = torch.from_numpy(np.random.default_rng(seed).permutation(examples))
    train, test = order[held:], order[:held]
    # Without further word the classes are those that the module scores.
    classes = int(targets.max()) + 1
    kind = {2: "vectors", 4: "images"}.get(inputs.ndim, OWN) if inputs.is_floating_point() else OWN
    names = tuple(str(index) for index in range(max(classes, 2)))
    x, y = inputs, targets
    return Dataset(OWN, f"data of {name}", x[train], y[train], x[test], y[test], names, kind)


def _check_scores(name: str, scores: Any, data: Dataset) -> None:
    if not isinstance(scores, torch.Tensor) or scores.shape[:-1] != data.targets[:2].shape:
        got = tuple(scores.shape) if isinstance(scores, torch.Tensor) else type(scores).__name__
        wanted = (*data.targets[:2].shape, "classes")
        raise ValueError(f"the module of {name} must return class scores of shape {wanted}; it returned {got}")
    if scores.shape[-1] < data.classes:
        raise ValueError(
            f"the targets of {name} name class {data.classes - 1}, but its module scores {scores.shape[-1]} classes"
        )


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
