"""What learning U costs on a network: a refresh in gradients, its memory in parameters, and both as the network grows.

All ratios are of times taken in this run, in turns, on the same network and batch: processor time of one thread, so
that other programs on the machine do not count. Memory is the highest resident size of a process of its own (Linux).
Run by `make bench`; writes tests/benchmarks/results/network_refresh.md and network_refresh.svg.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from geometry.networks import NetworkLoss
from optimizers import LLQR
from optimizers.methods import NETWORK_SETTINGS, network_methods
from optimizers.rule import Settings, begin, descent_step
from tests.benchmarks.log_plot import log_plot
from tests.benchmarks.report import RESULTS, Report, draw_table

INPUTS, CLASSES, CADENCE = 64, 10, 1000
LARGEST = {"diagonal": 10**8, "scalar": 10**8, "kfac": 10**6, "e-kfac": 10**6, "dense": 10**4}
METRICS = ("newton", "ngd")
TOLD = """\
On a layer of n × n weights an inner step of kfac makes 6 products of n × n matrices and one of e-kfac 14, a
gradient 3 of batch × n × n: the wider the layer is against the batch, the dearer they are."""


@dataclass(frozen=True)
class Size:
    """Widths of the dense networks: of all, of those whose memory is measured, of the one whose steps are; parameters
    from which the growth is fitted; examples, pixels of a side, inner steps; processor seconds of a short repetition.
    """

    widths: tuple[int, ...]
    memory_widths: tuple[int, ...]
    step_width: int
    growth_from: float
    batch: int
    pixels: int
    inner_steps: int
    budget: float


# about 6e3 to 1e7 parameters
FULL = Size((40, 105, 200, 380, 690, 1200, 2200), (690, 1200, 2200), 690, 1e5, 128, 16, 50, 0.4)
SMALLEST = Size((3, 5), (4,), 3, 0.0, 4, 4, 1, 0.0)


def dense_network(width: int, batch: int) -> NetworkLoss:
    """A dense network with three hidden layers of one width, float32, on a batch of random examples."""
    torch.manual_seed(0)
    sizes = (INPUTS, width, width, width, CLASSES)
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(itertools.pairwise(sizes)):
        layers += [nn.Linear(before, after)] + ([nn.ReLU()] if i < 3 else [])
    return NetworkLoss(nn.Sequential(*layers), torch.randn(batch, INPUTS), torch.randint(0, CLASSES, (batch,)))


def convolutional_network(batch: int, pixels: int) -> NetworkLoss:
    """A small convolutional net on a batch of images of so many pixels a side."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    layers += [nn.Linear(64 * (pixels // 4) ** 2, CLASSES)]
    images = torch.randn(batch, 3, pixels, pixels)
    return NetworkLoss(nn.Sequential(*layers), images, torch.randint(0, CLASSES, (batch,)))


def time_call(call: Callable[[], object], budget: float) -> float:
    """Median processor seconds of `call`: once if that takes longer than `budget`, else as often as fits into it."""
    times: list[float] = []
    while not times or (sum(times) < budget and len(times) < 50):
        begin_at = time.process_time()
        call()
        times.append(time.process_time() - begin_at)
    return statistics.median(times)


def measure(loss: NetworkLoss, size: Size) -> dict[str, float]:
    """Seconds of one gradient, and of a curvature product and a refresh of every structure that is not too large."""
    theta = loss.initial
    loss.gradient(theta)
    times = {"gradient": time_call(lambda: loss.gradient(theta), size.budget)}
    for metric in METRICS:
        at, d = loss.linearise(theta, metric), torch.randn_like(theta)
        times[f"product {metric}"] = time_call(lambda at=at, d=d: at.product(d), size.budget)
        for structure, largest in LARGEST.items():
            if loss.dimension <= largest:
                rule = LLQR.for_networks(structure, metric, inner_steps=size.inner_steps)
                times[f"{structure} {metric}"] = time_refresh(rule, loss, size)
    return times


def time_refresh(rule: LLQR, loss: NetworkLoss, size: Size) -> float:
    """Seconds of one refresh from the first U."""
    u = rule.start(loss, loss.initial)
    return time_call(lambda: rule.refresh(loss, loss.initial, u), size.budget)


def measure_memory(width: int, batch: int) -> dict[str, float]:
    """Peak memory of a gradient and of refreshes, in float32 numbers per parameter, from a fresh process."""
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}  # give back what is freed
    command = [sys.executable, "-m", "tests.benchmarks.bench_network_refresh", "--memory", str(width), str(batch)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def print_memory(width: int, batch: int) -> None:
    """Print {what: peak above θ and the stored U, in floats per parameter} (in a process of its own)."""
    loss = dense_network(width, batch)
    theta, unit = loss.initial, 4.0 * loss.dimension

    def status(key: str) -> int:
        return 1024 * int(Path("/proc/self/status").read_text().split(key + ":")[1].split()[0])

    def peak(call: Callable[[], object]) -> float:
        before = status("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        call()
        return (status("VmHWM") - before) / unit

    small = dense_network(8, batch)
    for metric in METRICS:  # what libraries load at the first call
        rule = LLQR.for_networks("diagonal", metric, inner_steps=2)
        rule.refresh(small, small.initial, rule.start(small, small.initial))
    found = {"gradient": peak(lambda: loss.gradient(theta))}
    for metric in METRICS:
        for structure in ("diagonal", "scalar"):
            rule = LLQR.for_networks(structure, metric, inner_steps=3)
            u = rule.start(loss, theta)
            found[f"{structure} {metric}"] = peak(lambda rule=rule, u=u: rule.refresh(loss, theta, u))
    print(json.dumps(found))


def time_steps(loss: NetworkLoss, size: Size) -> dict[str, tuple[float, float]]:
    """(seconds of a step, seconds of a refresh) of each of the four methods, diagonal blocks, metric ngd."""
    settings, found = Settings(**NETWORK_SETTINGS), {}
    for name, method in network_methods(inner_steps=size.inner_steps).items():
        state = begin(loss, method, loss.initial)
        step = time_call(lambda m=method, s=state: descent_step(loss, m, settings, s), 2 * size.budget)
        refresh = 0.0
        if isinstance(method.preconditioner, LLQR):
            refresh = time_refresh(method.preconditioner, loss, size)
        found[name] = step, refresh
    return found


def fit_growth(sizes: list[int], times: list[float], growth_from: float) -> float:
    """Exponent p of time ∝ size^p, by least squares of the logarithms over the sizes from `growth_from` on."""
    pairs = [(math.log(s), math.log(t)) for s, t in zip(sizes, times, strict=True) if s >= growth_from]
    x, y = zip(*pairs, strict=True)
    return statistics.linear_regression(x, y).slope


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the tables and the plot."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory", type=int, nargs=2, metavar=("WIDTH", "BATCH"), help="print one network's peaks")
    report = Report(__doc__, arguments, parser, packages=("torch",))
    torch.set_num_threads(1)
    if report.options.memory:
        print_memory(*report.options.memory)
        return
    size = SMALLEST if report.smallest else FULL
    measure(dense_network(4, size.batch), SMALLEST)  # first calls load libraries
    sizes, rows = [], []
    for width in size.widths:
        loss = dense_network(width, size.batch)
        sizes.append(loss.dimension)
        rows.append(measure(loss, size))
        print(f"{loss.dimension} parameters measured", flush=True)
    conv = convolutional_network(size.batch, size.pixels)
    lines = [
        f"Dense networks with three hidden layers of one width, float32, batch {size.batch}, one thread.",
        *_refresh_table(sizes, rows, size),
        *_convolutions_table(conv, measure(conv, size), size),
        *_memory_table(size),
        *_step_table(dense_network(size.step_width, size.batch), conv, size),
    ]
    curves = {"one gradient": [(s, r["gradient"]) for s, r in zip(sizes, rows, strict=True)]}
    for key in ("diagonal ngd", "diagonal newton", "kfac ngd", "e-kfac ngd"):
        curves[f"refresh, {key}"] = [(s, r[key]) for s, r in zip(sizes, rows, strict=True) if key in r]
    title = f"A refresh of {size.inner_steps} inner steps and a gradient, batch {size.batch}"
    plot = log_plot(curves, "parameters", "seconds", title)
    report.write(RESULTS / "network_refresh.md", "Learning U on a network", lines)
    if not report.smallest:
        (RESULTS / "network_refresh.svg").write_text(plot, encoding="utf-8")


def _refresh_table(sizes: list[int], rows: list[dict[str, float]], size: Size) -> list[str]:
    keys = [f"{structure} {metric}" for metric in METRICS for structure in LARGEST]
    head = ["parameters", "gradient, ms", *(f"product {metric}" for metric in METRICS), *keys]
    cells = []
    for dimension, row in zip(sizes, rows, strict=True):
        g = row["gradient"]
        products = [f"{row[f'product {m}'] / g:.2f}" for m in METRICS]
        refreshes = [f"{row[k] / g:.0f}" if k in row else "–" for k in keys]
        cells.append([f"{dimension:,}", f"{1e3 * g:.2f}", *products, *refreshes])
    whole = [k for k in ("gradient", "diagonal newton", "diagonal ngd", "scalar ngd") if all(k in r for r in rows)]
    growth = ", ".join(f"{k} {fit_growth(sizes, [r[k] for r in rows], size.growth_from):.2f}" for k in whole)
    return [
        "",
        f"## Time of one refresh ({size.inner_steps} inner steps) in gradients of the same batch",
        "",
        *draw_table(head, cells),
        "",
        f"Growth from {size.growth_from:.0e} parameters on, as the exponent p of time ∝ parameters^p: {growth} "
        "(1 is linear).",
        "",
        TOLD,
        "",
        "![time against parameters](network_refresh.svg)",
        "",
    ]


def _convolutions_table(loss: NetworkLoss, row: dict[str, float], size: Size) -> list[str]:
    cells = [
        [structure, *(f"{row[f'{structure} {m}'] / row['gradient']:.0f}" for m in METRICS)]
        for structure in LARGEST
        if f"{structure} ngd" in row
    ]
    about = f"The same on a convolutional net of {loss.dimension:,} parameters, {size.pixels} × {size.pixels} pixels:"
    return [about, "", *draw_table(["structure", *METRICS], cells), ""]


def _memory_table(size: Size) -> list[str]:
    sizes = [dense_network(width, size.batch).dimension for width in size.memory_widths]
    peaks = [measure_memory(width, size.batch) for width in size.memory_widths]
    cells = [
        [f"{dimension:,}", *(f"{value:.1f}" for value in row.values())]
        for dimension, row in zip(sizes, peaks, strict=True)
    ]
    return [
        "## Peak memory, float32 numbers per parameter",
        "",
        "Above θ and the stored U (one number per parameter each, for diagonal blocks). The activations of the batch",
        f"of {size.batch} are in it; on these networks they are a small part.",
        "",
        *draw_table(["parameters", *peaks[0]], cells),
        "",
    ]


def _step_table(dense: NetworkLoss, conv: NetworkLoss, size: Size) -> list[str]:
    first, second = time_steps(dense, size), time_steps(conv, size)
    rows = []
    for name in first:
        row = [name]
        for times in (first, second):
            step, refresh = times[name]
            whole = step + refresh / CADENCE
            row += [f"{whole / times['SGDM'][0]:.2f}", f"{100 * refresh / CADENCE / whole:.0f} %"]
        rows.append(row)
    share = "refresh's share"
    head = [
        *("method", f"dense net, {dense.dimension:,}", share),
        *(f"convolutional net, {conv.dimension:,}", share),
    ]
    title = f"## Time per step against SGDM, diagonal blocks, metric ngd, U refreshed every {CADENCE} steps"
    return [title, "", *draw_table(head, rows)]


if __name__ == "__main__":
    main()
