"""Seconds a step of every method that trains networks, against SGDM, on the MLP and the ConvNet, in one run.

Batches of 64 digits, one thread, in seconds of the processor. Refreshes of U that fall into the steps count with them;
LLQR's, every 1000 steps, do not. Run by `make bench`; writes tests/benchmarks/results/methods.md.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from geometry.architectures import build_network
from geometry.datasets import load_dataset
from geometry.networks import NetworkLoss
from optimizers.methods import NETWORK_METHODS
from optimizers.training import Training
from tests.benchmarks.report import RESULTS, Report, draw_table, time_in_turns

NETWORKS = {"mlp": "MLP 128-64", "convnet": "ConvNet"}


@dataclass(frozen=True)
class Size:
    """Steps of one measurement, and rounds of measurements; the networks that are measured."""

    steps: int
    rounds: int
    networks: tuple[str, ...]


FULL, SMALLEST = Size(10, 3, tuple(NETWORKS)), Size(1, 1, ("mlp",))


def walk_of(objective: NetworkLoss, name: str, steps: int) -> Callable[[], None]:
    """The next `steps` steps of a method's training."""
    training = Training(objective, {name: NETWORK_METHODS[name]}, batch_size=64, refresh_size=64)

    def walk() -> None:
        for _ in training.steps(steps):
            pass

    return walk


def measured(network: str, size: Size) -> list[tuple[str, ...]]:
    """A row for each method: milliseconds a step, ratio to SGDM's, gradients a step."""
    data = load_dataset("digits", seed=0)
    module = build_network(network, data.input_shape, data.classes, seed=0)
    objective = NetworkLoss(module, data.inputs, data.targets)
    calls = {name: walk_of(objective, name, size.steps) for name in NETWORK_METHODS}
    times = time_in_turns(calls, size.rounds, time.process_time)
    each = {name: statistics.median(found) / size.steps for name, found in times.items()}
    return [
        (
            name,
            f"{1e3 * seconds:.1f} ms",
            f"{seconds / each['SGDM']:.2f}",
            f"{sum(NETWORK_METHODS[name].gradient_evaluations(t) for t in range(60)) / 60:.2g}",
        )
        for name, seconds in each.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and write the table."""
    report = Report(__doc__, arguments, packages=("torch", "numpy"))
    size = SMALLEST if report.smallest else FULL
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    lines = []
    try:
        for network in size.networks:
            rows = measured(network, size)
            lines += [
                f"## {NETWORKS[network]}",
                "",
                *draw_table(("method", "a step", "of SGDM", "gradients"), rows),
                "",
            ]
    finally:
        torch.set_num_threads(threads)
    report.write(RESULTS / "methods.md", "What a step of each method costs", lines)


if __name__ == "__main__":
    main()
