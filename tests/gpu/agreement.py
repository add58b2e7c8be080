"""What an accelerator must agree on with the CPU: losses, gradients, curvature, U, slices and whole runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from geometry.architectures import build_network
from geometry.networks import NetworkLoss
from geometry.slices import exact_slice
from geometry.slices.directions import slice_plane
from optimizers.methods import network_methods
from optimizers.training import train

CLASSES = 10
SHAPES = {"mlp": (64,), "convnet": (1, 8, 8), "resnet8": (1, 8, 8), "vit": (1, 8, 8)}
"""Of one example, for each network that is compared."""
DTYPES = {"float64": torch.float64, "float32": torch.float32}

METHODS = {"structure": "kfac", "metric": "ngd", "refresh_every": 10, "inner_steps": 5}
SETTINGS = {"batch_size": 16, "refresh_size": 16, "learning_rate": 0.02}


@dataclass(frozen=True)
class Size:
    """Examples, points along each axis of a slice, steps of a run."""

    examples: int
    points: int
    steps: int


FULL, SMALLEST = Size(128, 9, 20), Size(32, 3, 2)


def find_accelerator() -> torch.device | None:
    """The first GPU that torch sees, NVIDIA's or Apple's; None without one."""
    if torch.cuda.is_available():
        torch.backends.cudnn.allow_tf32 = False  # as app.network.training.devices sets it for float32
        return torch.device("cuda:0")
    return torch.device("mps") if torch.backends.mps.is_available() else None


def make_loss(network: str, examples: int, dtype: torch.dtype, device: torch.device | str) -> NetworkLoss:
    """The same network, weights and examples whatever the device."""
    draw = torch.Generator().manual_seed(0)
    inputs = torch.randn((examples, *SHAPES[network]), generator=draw).to(dtype)
    targets = torch.randint(CLASSES, (examples,), generator=draw)
    torch.manual_seed(0)
    module = build_network(network, SHAPES[network], CLASSES).to(dtype).eval()
    return NetworkLoss(module, inputs, targets, device=device)


def compare(network: str, device: torch.device | str, dtype: torch.dtype, size: Size) -> dict[str, float]:
    """{what: largest difference between the device and the CPU, relative to the largest value}."""
    here, there = (make_loss(network, size.examples, dtype, one) for one in ("cpu", device))
    draw = torch.Generator().manual_seed(1)
    direction = torch.randn(here.dimension, generator=draw, dtype=torch.float64).to(dtype)
    found = {
        "loss": differ(here.loss(here.initial), there.loss(there.initial)),
        "gradient": differ(here.gradient(here.initial), there.gradient(there.initial)),
        "Hv": differ(
            here.curvature_product(here.initial, direction, "newton"),
            there.curvature_product(there.initial, direction.to(there.initial), "newton"),
        ),
    }
    axis = np.linspace(-1.0, 1.0, size.points)
    slices = [exact_slice(loss, slice_plane(loss, loss.initial), axis, axis) for loss in (here, there)]
    found["slice"] = differ(*(torch.as_tensor(one.losses) for one in slices))
    runs = [train(loss, network_methods(**METHODS), size.steps, **SETTINGS) for loss in (here, there)]
    for name, run in runs[0].items():
        found[f"{size.steps} steps of {name}"] = differ(run.final.position, runs[1][name].final.position)
    return found


def differ(here: Tensor, there: Tensor) -> float:
    """max|a − b| / max|a|; NaN where either holds what is no number."""
    a, b = here.detach().double().cpu(), there.detach().double().cpu()
    return float((a - b).abs().max() / a.abs().max())
