"""Seconds a step of our torch optimisers at sizes that people train: SAM(SGD) beside SAM by hand, LLQR beside SGD.

Images of 32 × 32 × 3, 16 on a ResNet of 11 million parameters and 64 on one of a quarter million, one thread, in
seconds of the processor, all in one run and in turns. LLQR is charged with its refresh, every 1000 steps: what a step
takes, and a thousandth of a refresh. Run by `make bench`; writes tests/benchmarks/results/steps.md.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from geometry.architectures import build_network
from optimizers.torch_optim import LLQR, SAM
from tests.benchmarks.large_network import CLASSES, resnet18
from tests.benchmarks.report import RESULTS, Report, draw_table, time_in_turns

RATE, MOMENTUM, RADIUS, INTERVAL = 0.05, 0.9, 0.05, 1000
SAM_ALLOWED, LLQR_ALLOWED = 1.05, 1.15
"""What a step of ours may take beside one by hand, and beside one of SGD."""


@dataclass(frozen=True)
class Size:
    """Networks by name, what makes them and images of their batch; rounds of one step of each."""

    networks: dict[str, tuple[Callable[[], nn.Module], int]]
    rounds: int


def small() -> nn.Module:
    """The lab's ResNet-20."""
    return build_network("resnet20-batchnorm", (3, 32, 32), CLASSES, seed=0)


FULL = Size({"ResNet-18": (resnet18, 16), "ResNet-20": (small, 64)}, 5)
SMALLEST = Size({"ResNet-20": (small, 4)}, 1)


def by_hand(model: nn.Module, loss_of: Callable[[], Tensor]) -> Callable[[], None]:
    """A step of SAM around SGD as one writes it oneself."""
    optimizer = torch.optim.SGD(model.parameters(), RATE, MOMENTUM)
    parameters = list(model.parameters())
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]

    def step() -> None:
        optimizer.zero_grad()
        loss_of().backward()
        with torch.no_grad():
            length = torch.stack([p.grad.norm() for p in parameters if p.grad is not None]).norm()
            offsets = [p.grad * (RADIUS / (length + 1e-12)) for p in parameters if p.grad is not None]
            for p, offset in zip(parameters, offsets, strict=True):
                p.add_(offset)
        optimizer.zero_grad()
        momenta = [part.momentum for part in norms]
        for part in norms:  # the first pass has counted already
            part.momentum = 0.0
        loss_of().backward()
        for part, momentum in zip(norms, momenta, strict=True):
            part.momentum = momentum
        with torch.no_grad():
            for p, offset in zip(parameters, offsets, strict=True):
                p.sub_(offset)
        optimizer.step()

    return step


def measured(make: Callable[[], nn.Module], batch: int, rounds: int) -> tuple[int, dict[str, float]]:
    """(D, seconds of the processor of a step of each, and of a refresh of LLQR)."""
    torch.manual_seed(0)
    images, labels = torch.randn(batch, 3, 32, 32), torch.randint(0, CLASSES, (batch,))
    models = {name: make() for name in ("SGD", "SAM by hand", "SAM", "LLQR")}

    def loss_of(name: str) -> Callable[[], Tensor]:
        return lambda: F.cross_entropy(models[name](images), labels)

    def closure_of(name: str) -> Callable[[], tuple[Tensor, Tensor]]:
        def closure() -> tuple[Tensor, Tensor]:
            scores = models[name](images)
            return F.cross_entropy(scores, labels), scores

        return closure

    plain = torch.optim.SGD(models["SGD"].parameters(), RATE, MOMENTUM)
    base = torch.optim.SGD(models["SAM"].parameters(), RATE, MOMENTUM)
    sam = SAM(base, rho=RADIUS, module=models["SAM"])
    llqr = LLQR(models["LLQR"].parameters(), RATE, MOMENTUM, module=models["LLQR"], refresh_every=INTERVAL)

    def descend() -> None:
        plain.zero_grad()
        loss_of("SGD")().backward()
        plain.step()

    began = time.process_time()
    llqr.refresh(closure_of("LLQR"))
    refresh = time.process_time() - began
    llqr.step(closure_of("LLQR"))  # the one that the refresh was due for
    calls: dict[str, Callable[[], object]] = {
        "SGD": descend,
        "SAM by hand": by_hand(models["SAM by hand"], loss_of("SAM by hand")),
        "SAM": lambda: sam.step(closure_of("SAM")),
        "LLQR": lambda: llqr.step(closure_of("LLQR")),
    }
    times = time_in_turns(calls, rounds, time.process_time)
    found = {name: statistics.median(each) for name, each in times.items()}
    return sum(p.numel() for p in models["SGD"].parameters()), {**found, "refresh": refresh}


def main(arguments: Sequence[str] | None = None) -> None:
    report = Report(__doc__, arguments, packages=("torch",))
    size = SMALLEST if report.smallest else FULL
    torch.set_num_threads(1)
    rows = []
    for name, (make, batch) in size.networks.items():
        dimension, seconds = measured(make, batch, size.rounds)
        whole = seconds["LLQR"] + seconds["refresh"] / INTERVAL
        rows.append(
            [
                f"{name}, {dimension:,}",
                *(f"{1e3 * seconds[key]:.0f} ms" for key in ("SGD", "SAM by hand", "SAM")),
                f"{seconds['SAM'] / seconds['SAM by hand']:.3f}",
                f"{1e3 * seconds['LLQR']:.0f} ms",
                f"{seconds['refresh']:.1f} s",
                f"{whole / seconds['SGD']:.3f}",
            ]
        )
    head = [
        "network, D",
        "SGD",
        "SAM by hand",
        "our SAM(SGD)",
        "ratio",
        "LLQR, a step",
        "a refresh",
        "with k = 1000, to SGD",
    ]
    about = (
        f"SAM(SGD) is to take at most {SAM_ALLOWED} times what it takes by hand, LLQR with k = {INTERVAL} at most "
        f"{LLQR_ALLOWED} times SGD."
    )
    title = "What a step costs at size"
    report.write(RESULTS / "steps.md", title, [about, "", *draw_table(head, rows)])


if __name__ == "__main__":
    main()
