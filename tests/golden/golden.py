"""Read a folder of golden data: the network it is about, and its arrays in our order of parameters."""

from __future__ import annotations

import json
import os
import re
from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from geometry.networks import NetworkLoss
from geometry.objective import Block, Layout

FOLDER = Path(os.environ.get("GOLDEN_DIR") or Path(__file__).parent / "data")
SPEC: dict[str, Any] = json.loads((FOLDER / "spec.json").read_text(encoding="utf-8"))
DEFAULTS: dict[str, Any] = SPEC["defaults"]
ACTIVATIONS = {
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "swish": nn.SiLU,
    "gelu": lambda: nn.GELU("tanh"),  # jax's default is the tanh form
    "identity": nn.Identity,
}


@cache
def arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of FOLDER/name.npz."""
    with np.load(FOLDER / f"{name}.npz") as data:
        return {key: data[key] for key in data.files}


def names(file: str, pattern: str) -> list[str]:
    """What the group of `pattern` matches in the file's keys, each once, in order."""
    found = (re.match(pattern, key) for key in arrays(file))
    return list(dict.fromkeys(match[1] for match in found if match))


def number(name: str, option: str) -> float | None:
    """The number behind `option` in a name: 0.3 in "damping0.3"."""
    match = re.search(rf"{option}([0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?)", name)
    return float(match[1]) if match else None


@cache
def network_loss(label_smoothing: float = 0.0) -> NetworkLoss:
    """The golden problem: its perceptron at the stored parameters, over the full batch."""
    return perceptron(arrays("problem"), SPEC["widths"], SPEC["act"], label_smoothing)


def perceptron(problem: dict[str, np.ndarray], widths: list[int], act: str, label_smoothing: float) -> NetworkLoss:
    """The loss of the perceptron with these widths and activation, its parameters and data as stored."""
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for i in range(len(widths) - 1):
        linear, layer = nn.Linear(widths[i], widths[i + 1]).double(), f"layers_{i}"
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(problem[f"params.{layer}.kernel"].T))
            linear.bias.copy_(torch.from_numpy(problem[f"params.{layer}.bias"]))
        parts[layer] = linear
        if i < len(widths) - 2:
            parts[f"activation_{i}"] = ACTIVATIONS[act]()
    return NetworkLoss(
        nn.Sequential(parts), torch.from_numpy(problem["X"]), torch.from_numpy(problem["y"]), label_smoothing
    )


@cache
def order() -> np.ndarray:
    """index with theirs = ours[index]."""
    return order_of(network_loss().layout)


def order_of(layout: Layout) -> np.ndarray:
    """index with theirs = ours[index]: bias first, then the kernel (in, out) row by row, layer after layer."""
    pieces = []
    for layer in layout.layers:
        blocks = {block.kind: block for block in layer.blocks}
        weight, bias = blocks["kernel"], blocks["bias"]
        pieces.append(np.arange(bias.start, bias.stop))
        pieces.append(np.arange(weight.start, weight.stop).reshape(weight.shape).T.reshape(-1))
    return np.concatenate(pieces)


def theirs(ours: torch.Tensor) -> np.ndarray:
    """A vector (..., D) of ours in their order."""
    return ours.detach().numpy()[..., order()]


def ours(flat: np.ndarray) -> torch.Tensor:
    """A vector (..., D) of theirs in our order."""
    result = np.empty_like(flat)
    result[..., order()] = flat
    return torch.from_numpy(result)


def leaves_in_their_form(structure: str, leaves: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Our leaves of U under their names and in their order."""
    found: dict[str, np.ndarray] = {}
    for layer in network_loss().layout.layers:
        inside = order()[layer.start : layer.stop] - layer.start
        name = layer.name
        if structure == "dense":
            found[name] = leaves[name].numpy()[np.ix_(inside, inside)]
        elif structure == "diagonal":
            found[name] = leaves[name].numpy()[inside]
        else:
            found[f"{name}.bias"] = leaves[f"{name}.bias"].numpy()
            for factor in ("A", "B") if structure == "kfac" else ("QA", "QG"):
                found[f"{name}.kernel.{factor}"] = leaves[f"{name}.weight.{factor}"].numpy()
            if structure == "e-kfac":
                found[f"{name}.kernel.D"] = leaves[f"{name}.weight.S"].numpy().T.reshape(-1)
    return found


def leaves_in_our_form(structure: str, file: str, prefix: str) -> dict[str, torch.Tensor]:
    """Their leaves under `prefix` in a file, as ours."""
    data, found = arrays(file), {}
    for layer in network_loss().layout.layers:
        name = layer.name
        inside = np.argsort(order()[layer.start : layer.stop] - layer.start)
        if structure == "dense":
            found[name] = data[f"{prefix}.{name}"][np.ix_(inside, inside)]
        elif structure == "diagonal":
            found[name] = data[f"{prefix}.{name}"][inside]
        else:
            found[f"{name}.bias"] = data[f"{prefix}.{name}.bias"]
            for factor in ("A", "B") if structure == "kfac" else ("QA", "QG"):
                found[f"{name}.weight.{factor}"] = data[f"{prefix}.{name}.kernel.{factor}"]
            if structure == "e-kfac":
                sides = (len(found[f"{name}.weight.QA"]), len(found[f"{name}.weight.QG"]))
                found[f"{name}.weight.S"] = data[f"{prefix}.{name}.kernel.D"].reshape(sides).T
    return {name: torch.from_numpy(np.ascontiguousarray(leaf)) for name, leaf in found.items()}


class Rosenbrock(nn.Module):
    """(a² − 2 a t₁ + t₁²) + b (t₂ − t₁²)² of inputs (a, b), as the authors' toy networks: one layer (t₁, t₂) or two."""

    def __init__(self, theta: np.ndarray, layers: list[str]) -> None:
        super().__init__()
        for layer, part in zip(layers, np.split(theta, len(layers)), strict=True):
            self.register_parameter(layer, nn.Parameter(torch.from_numpy(part.copy())))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The value for each row of inputs."""
        a, b = inputs[:, 0], inputs[:, 1]
        t = torch.cat(list(self.parameters()))
        return a * a - 2 * a * t[0] + t[0] ** 2 + b * (t[1] - t[0] ** 2) ** 2


def toy_loss(data: dict[str, np.ndarray], start: str) -> NetworkLoss:
    """The sum of the toy network's outputs, at the stored start."""
    layers = [f"layers_{i}" for i in range(len(data["layer_names"]))]
    inputs = torch.from_numpy(data["inputs"].astype(float))
    module = Rosenbrock(data[f"{start}.theta0"], layers)
    return NetworkLoss(module, inputs, torch.zeros(len(inputs)), loss_function=lambda out, _: out.sum())


class QuickToy:
    """The same function with its derivatives by hand, in numpy: hundreds of thousands of inner steps in seconds."""

    def __init__(self, data: dict[str, np.ndarray]) -> None:
        layers = len(data["layer_names"])
        size = 2 // layers
        self.layout = Layout(
            tuple(Block(f"layers_{i}", (size,), i * size, (i + 1) * size, layer=f"layers_{i}") for i in range(layers))
        )
        self.dimension = 2
        self.a, self.b = data["inputs"].astype(float).T

    def loss(self, theta: np.ndarray) -> np.ndarray:
        """Σ over the rows of inputs, shape (...)."""
        x, y = theta[..., :1], theta[..., 1:]
        return ((self.a - x) ** 2 + self.b * (y - x * x) ** 2).sum(-1)

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """Shape (..., 2)."""
        x, y = theta[..., :1], theta[..., 1:]
        along = (2 * (x - self.a) - 4 * self.b * x * (y - x * x)).sum(-1)
        return np.stack([along, (2 * self.b * (y - x * x)).sum(-1)], axis=-1)

    def curvature_product(self, theta: np.ndarray, d: np.ndarray, metric: str = "newton") -> np.ndarray:
        """Hessian times d, shape (..., 2)."""
        assert metric == "newton"
        x, y = theta[..., :1], theta[..., 1:]
        xx = (2 - 4 * self.b * (y - x * x) + 8 * self.b * x * x).sum(-1)
        xy, yy = (-4 * self.b * x).sum(-1), 2 * self.b.sum(-1)
        return np.stack([xx * d[..., 0] + xy * d[..., 1], xy * d[..., 0] + yy * d[..., 1]], axis=-1)
