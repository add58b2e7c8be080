"""How fast an accelerator is beside the CPU: steps a second of each method, points of a slice a second.

    make gpu        the tests that need one, then this; the table is in tests/gpu/results

Both are given the same work in turns, in one run. Where PyTorch sees no accelerator it says so and writes nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from geometry.slices import exact_slice
from geometry.slices.directions import slice_plane
from optimizers.methods import CORNERS, network_methods
from optimizers.training import Training
from tests.benchmarks.report import Report, draw_table, time_in_turns
from tests.gpu.agreement import METHODS, find_accelerator, make_loss

SLICE = "a slice"
RESULT = Path(__file__).resolve().parent / "results" / "gpu.md"


@dataclass(frozen=True)
class Size:
    """Networks, examples, batch, steps of a round, points along each axis of a slice, rounds, inner steps."""

    networks: tuple[str, ...]
    examples: int
    batch: int
    steps: int
    points: int
    rounds: int
    inner_steps: int


FULL = Size(("mlp", "convnet", "resnet8", "vit"), 1438, 64, 100, 41, 4, 25)
SMALLEST = Size(("mlp",), 32, 16, 1, 3, 1, 1)


def wait_for(device: torch.device) -> None:
    """Until what was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def work_of(network: str, what: str, device: torch.device, size: Size) -> Callable[[], None]:
    """A round of a method's training steps, a refresh of U among a hundred, or a slice over all examples."""
    loss = make_loss(network, size.examples, torch.float32, device)
    if what == SLICE:
        plane, axis = slice_plane(loss, loss.initial), np.linspace(-1.0, 1.0, size.points)
        return lambda: (exact_slice(loss, plane, axis, axis), wait_for(device))[1]
    methods = network_methods(**{**METHODS, "refresh_every": 100, "inner_steps": size.inner_steps}, names=(what,))
    training = Training(loss, methods, batch_size=size.batch, refresh_size=size.batch, learning_rate=0.02)

    def go() -> None:
        for _ in range(size.steps):
            training.advance(what)
        wait_for(device)

    return go


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    report = Report(__doc__, arguments, packages=("torch",), command="make gpu")
    accelerator = find_accelerator()
    if accelerator is None and not report.smallest:
        print("PyTorch sees no accelerator here: nothing was measured, and the table stays what it is.")
        return
    size = SMALLEST if report.smallest else FULL
    devices = {"CPU": torch.device("cpu"), "accelerator": accelerator or torch.device("cpu")}
    rows = []
    for network in size.networks:
        for what, count in (*((name, size.steps) for name in CORNERS), (SLICE, size.points**2)):
            calls = {name: work_of(network, what, device, size) for name, device in devices.items()}
            times = time_in_turns(calls, size.rounds)
            rates = {name: count / statistics.median(found) for name, found in times.items()}
            times_faster = rates["accelerator"] / rates["CPU"]
            rows.append((network, what, *(f"{rate:.4g}" for rate in rates.values()), f"{times_faster:.2f}"))
            print(*rows[-1], flush=True)
    named = accelerator or "the CPU again"
    if accelerator is not None and accelerator.type == "cuda":
        named = torch.cuda.get_device_name(accelerator)
    about = (
        f"Accelerator: {named}. float32, {size.examples} examples, mini-batches of {size.batch}, "
        f"{torch.get_num_threads()} threads on the CPU; a second's work, medians of {size.rounds} rounds in turns."
    )
    head = ("network", "steps, or points, of", "CPU, a second", "accelerator, a second", "times")
    report.write(RESULT, "An accelerator beside the CPU", [about, "", *draw_table(head, rows)])


if __name__ == "__main__":
    main()
