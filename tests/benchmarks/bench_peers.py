"""Seconds a step as torch optimisers, ours beside torch's own, pytorch-optimizer's and singd's, against torch's SGD.

Batches of 64 digits on the MLP and the ConvNet, one thread, in seconds of the processor, all in one run. "rule" is the
readable rule that the network page trains by, "drop-in" that of optimizers.torch_optim. Refreshes of U that fall into
the steps count with them; LLQR's, every 1000 steps, do not. The peer of K-FAC is singd's inverse-free form of it:
the package index that was tried has neither kfac-pytorch nor torch-kfac. Both packages are optional; their versions are
in tests/benchmarks/peers.txt. Run by `make bench`; writes tests/benchmarks/results/peers.md.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

import optimizers
from geometry.architectures import build_network
from geometry.datasets import Dataset, load_dataset
from geometry.networks import NetworkLoss
from optimizers import torch_optim
from tests.benchmarks.bench_methods import NETWORKS, walk_of
from tests.benchmarks.report import RESULTS, Report, draw_table, time_in_turns

BATCH = 64
PACKAGES = {"pytorch-optimizer": "pytorch_optimizer", "singd": "singd.optim.optimizer"}
"""Distribution → its module."""
Make = Callable[[nn.Module], Any]
Walk = Callable[[], None]


@dataclass(frozen=True)
class Size:
    """Steps of one measurement, and rounds of measurements; the networks that are measured."""

    steps: int
    rounds: int
    networks: tuple[str, ...]


FULL, SMALLEST = Size(10, 5, tuple(NETWORKS)), Size(1, 1, ("mlp",))


def momentum(model: nn.Module) -> torch.optim.Optimizer:
    """The base of every SAM here."""
    return torch.optim.SGD(model.parameters(), 0.05, 0.9)


DROP_INS: dict[str, Make] = {
    "SAM": lambda model: torch_optim.SAM(momentum(model), rho=0.1, module=model),
    "WSAM": lambda model: torch_optim.SAM(momentum(model), rho=0.1, mix=optimizers.WSAM(0.7), module=model),
    "LLQR": lambda model: torch_optim.LLQR(model.parameters(), module=model),
    "NGD": lambda model: torch_optim.NaturalGradient(model.parameters(), module=model, damping=1.0, refresh_every=20),
    "K-FAC": lambda model: torch_optim.KFAC(model.parameters(), module=model, damping=0.3, refresh_every=10),
    "Shampoo": lambda model: torch_optim.Shampoo(
        model.parameters(), module=model, beta=0.95, epsilon=1e-6, epsilon_at="root", graft="sgd", root_every=10
    ),
    "Lion": lambda model: torch_optim.Lion(model.parameters(), lr=5e-4),
}
TORCH: dict[str, Make] = {
    "SGDM": momentum,
    "Nesterov": lambda model: torch.optim.SGD(model.parameters(), 0.05, 0.9, nesterov=True),
    "Adam": lambda model: torch.optim.Adam(model.parameters(), 1e-3),
    "AdamW": lambda model: torch.optim.AdamW(model.parameters(), 1e-3),
}


def peers_of(distribution: str) -> dict[str, Make]:
    """The optimisers of a package that is installed, with settings as near to ours as it has them."""
    package: Any = importlib.import_module(PACKAGES[distribution])
    if distribution == "singd":
        like_ours = {"damping": 0.3, "T": 10, "lr_cov": 0.05, "alpha1": 0.0, "kfac_like": True}
        return {"K-FAC": lambda model: package.SINGD(model, lr=0.05, momentum=0.9, **like_ours)}
    sgd: dict[str, Any] = {"base_optimizer": torch.optim.SGD, "lr": 0.05, "momentum": 0.9}
    return {
        "SAM": lambda model: package.SAM(model.parameters(), rho=0.1, **sgd),
        "WSAM": lambda model: package.WSAM(model, model.parameters(), rho=0.1, gamma=0.7, **sgd),
        "Shampoo": lambda model: package.Shampoo(model.parameters(), lr=1e-3, preconditioning_compute_steps=10),
        "Lion": lambda model: package.Lion(model.parameters(), lr=5e-4),
    }


def walk_by(make: Make, model: nn.Module, data: Dataset, steps: int) -> Walk:
    """The next `steps` steps of a torch optimiser, in the manner that it has."""
    optimizer, rows = make(model), itertools.cycle(torch.randperm(len(data.targets)).split(BATCH)[:-1])
    ours = isinstance(optimizer, torch_optim.SAM | torch_optim.Lion) or hasattr(optimizer, "preconditioner")

    def loss_of(chosen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        outputs = model(data.inputs[chosen])
        return F.cross_entropy(outputs, data.targets[chosen]), outputs

    def step() -> None:
        chosen = next(rows)
        if ours:
            optimizer.step(lambda: loss_of(chosen))
            return
        optimizer.zero_grad()
        loss_of(chosen)[0].backward()
        if hasattr(optimizer, "first_step"):
            optimizer.first_step(zero_grad=True)
            loss_of(chosen)[0].backward()
            optimizer.second_step(zero_grad=True)
        else:
            optimizer.step()

    def walk() -> None:
        for _ in range(steps):
            step()

    return walk


def measured(network: str, size: Size, packages: dict[str, dict[str, Make]]) -> list[str]:
    """The table: for each method the rule, the drop-in and the peer, in steps of torch's SGD."""
    peers = {name: make for found in packages.values() for name, make in found.items()}
    data = load_dataset("digits", seed=0)

    def fresh() -> nn.Module:
        return build_network(network, data.input_shape, data.classes, seed=0)

    others = {**TORCH, **peers}
    names = list(dict.fromkeys([*TORCH, *DROP_INS]))
    calls = {("torch", "SGDM"): walk_by(momentum, fresh(), data, size.steps)}
    for name in names:
        calls["rule", name] = walk_of(NetworkLoss(fresh(), data.inputs, data.targets), name, size.steps)
        if name in DROP_INS:
            calls["drop-in", name] = walk_by(DROP_INS[name], fresh(), data, size.steps)
        if name in others and name != "SGDM":
            calls["torch", name] = walk_by(others[name], fresh(), data, size.steps)
    times = time_in_turns({" ".join(key): call for key, call in calls.items()}, size.rounds, time.process_time)
    each = {name: statistics.median(found) / size.steps for name, found in times.items()}
    base = each["torch SGDM"]

    def told(kind: str, name: str) -> str:
        key = f"{kind} {name}"
        return f"{each[key] / base:.2f}" if key in each else "–"

    whose = dict.fromkeys(TORCH, "torch.optim")
    for distribution, found in packages.items():
        whose |= dict.fromkeys(found, distribution)
    rows = [
        (name, told("rule", name), told("drop-in", name), told("torch", name), whose.get(name, "–")) for name in names
    ]
    head = ("method", "rule", "drop-in", "peer", "whose")
    return [f"A step of torch.optim.SGD takes {1e3 * base:.2f} ms, and is 1.", "", *draw_table(head, rows)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and write the table."""
    installed = [name for name, module in PACKAGES.items() if importlib.util.find_spec(module.split(".")[0])]
    report = Report(__doc__, arguments, packages=("torch", "numpy", *installed))
    size = SMALLEST if report.smallest else FULL
    packages = {name: peers_of(name) for name in installed}
    left_out = [name for name in PACKAGES if name not in installed]
    lines = [
        *(f"{name} {version(name)} is compared with." for name in installed),
        *(f"{name} is not installed and left out; tests/benchmarks/peers.txt has its version." for name in left_out),
        "",
    ]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for network in size.networks:
            lines += [f"## {NETWORKS[network]}", "", *measured(network, size, packages), ""]
    finally:
        torch.set_num_threads(threads)
    report.write(RESULTS / "peers.md", "What a step costs beside other packages", lines)


if __name__ == "__main__":
    main()
