"""Ways to evaluate a slice or curvature, measured in turns in a process of their own; prints one line of JSON.

    python -m tests.benchmarks.slice_contenders '{"mlp": 51}' 1797 "Pothole lab" "plain loop"

Started by bench_slices with the Python of the peers' environment, one thread.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from geometry.architectures import build_network
from geometry.networks import NetworkLoss
from geometry.slices import evaluate_slice, slice_plane


def digits(network: str, examples: int) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """The network with its initial weights, and the first so many of the 1797 digits."""
    from sklearn.datasets import load_digits

    images, targets = (array[:examples] for array in load_digits(return_X_y=True))
    inputs = torch.tensor(images / 16, dtype=torch.float32)
    if network == "convnet":
        inputs = inputs.view(-1, 1, 8, 8)
    return build_network(network, tuple(inputs.shape[1:]), 10).eval(), inputs, torch.tensor(targets)


def ours(network: str, points: int, examples: int, device: str = "cpu") -> Callable[[], np.ndarray]:
    module, inputs, targets = digits(network, examples)
    objective = NetworkLoss(module, inputs, targets, device=device)
    axis = np.linspace(-1, 1, points)
    return lambda: evaluate_slice(objective, slice_plane(objective, objective.initial), axis, axis)


def loop(network: str, points: int, examples: int, block: int = 1797) -> Callable[[], np.ndarray]:
    """What one writes without a library: weights set, forward pass, loss, no gradient."""
    module, inputs, targets = digits(network, examples)
    objective = NetworkLoss(module, inputs, targets)
    plane = slice_plane(objective, objective.initial)
    shapes = [p.shape for p in module.parameters()]
    sizes = [p.numel() for p in module.parameters()]
    pieces = [
        [part.view(shape) for part, shape in zip(vector.split(sizes), shapes, strict=True)]
        for vector in (plane.origin, *plane.directions)
    ]
    axis = np.linspace(-1, 1, points).tolist()
    blocks = list(zip(inputs.split(block), targets.split(block), strict=True))

    def run() -> np.ndarray:
        losses = np.empty((points, points))
        with torch.no_grad():
            for j, y in enumerate(axis):
                for i, x in enumerate(axis):
                    for parameter, base, d1, d2 in zip(module.parameters(), *pieces, strict=True):
                        parameter.copy_(base + x * d1 + y * d2)
                    total = sum(float(nn.functional.cross_entropy(module(b), t, reduction="sum")) for b, t in blocks)
                    losses[j, i] = total / len(targets)
        return losses

    return run


def loss_landscapes(network: str, points: int, examples: int) -> Callable[[], np.ndarray]:
    import loss_landscapes as peer
    from loss_landscapes.metrics import Loss

    module, inputs, targets = digits(network, examples)
    metric = Loss(nn.CrossEntropyLoss(), inputs, targets)

    def run() -> np.ndarray:
        with torch.no_grad():
            return peer.random_plane(module, metric, distance=1, steps=points, normalization="filter")

    return run


def gradfield(network: str, points: int, examples: int) -> Callable[[], np.ndarray]:
    from gradfield import model_loss_fn, sample_grid

    module, inputs, targets = digits(network, examples)
    landscape = model_loss_fn(module, nn.CrossEntropyLoss(), inputs, targets)
    return lambda: sample_grid(landscape, (-1, 1), (-1, 1), points)["Z"]


CONTENDERS: dict[str, Callable[[str, int, int], Callable[[], np.ndarray]]] = {
    "Pothole lab": ours,
    "Pothole lab, accelerator": lambda network, points, examples: ours(network, points, examples, "cuda"),
    "plain loop": loop,
    "plain loop, blocks of 512": lambda network, points, examples: loop(network, points, examples, 512),
    "gradfield": gradfield,
    "loss-landscapes": loss_landscapes,
}


def pyhessian(network: str, examples: int) -> dict[str, float]:
    """Top eigenvalue and trace at the initial weights by PyHessian's defaults."""
    from pyhessian import hessian

    module, inputs, targets = digits(network, examples)
    torch.manual_seed(0)
    began = time.process_time()
    computer = hessian(module, nn.CrossEntropyLoss(), data=(inputs, targets), cuda=False)
    value = float(computer.eigenvalues()[0][0])
    middle = time.process_time()
    trace = computer.trace()
    return {
        "value": value,
        "seconds": middle - began,
        "trace": float(np.mean(trace)),
        "trace_seconds": time.process_time() - middle,
        "trace_probes": len(trace),
    }


def measure(name: str, network: str, points: int, examples: int) -> dict[str, float]:
    """Seconds of one way after a first small run, and the ends of what it found."""
    CONTENDERS[name](network, 3, examples)()
    run = CONTENDERS[name](network, points, examples)
    wall, cpu = time.perf_counter(), time.process_time()
    losses = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"cpu": cpu, "wall": wall, "smallest": float(losses.min()), "largest": float(losses.max())}


def main() -> None:
    torch.set_num_threads(1)
    points, examples, names = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    found: dict[str, dict[str, dict[str, float]]] = {
        network: {
            name: pyhessian(network, examples) if name == "PyHessian" else measure(name, network, along, examples)
            for name in names
        }
        for network, along in points.items()
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
