"""What learning U costs on a network: a refresh in gradients, its memory in parameters, and both as the network grows.

All ratios are of times taken in this run, in turns, on the same network and batch: processor time of one thread, so
that other programs on the machine do not count. Memory is the highest resident size of a process of its own (Linux).
Run by `make bench`; writes tests/benchmarks/results/network_refresh.md and network_refresh.svg.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from geometry.networks import NetworkLoss
from optimizers import LLQR
from optimizers.network_methods import NETWORK_SETTINGS, network_methods
from optimizers.rule import Settings, begin, descent_step
from tests.benchmarks.log_plot import log_plot

RESULTS = Path(__file__).parent / "results"
BATCH, INPUTS, CLASSES, CADENCE = 128, 64, 10, 1000
WIDTHS = (40, 105, 200, 380, 690, 1200, 2200)  # about 6e3 to 1e7 parameters
LARGEST = {"diagonal": 10**8, "scalar": 10**8, "kfac": 10**6, "e-kfac": 10**6, "dense": 10**4}
METRICS = ("newton", "ngd")


def network(width: int) -> NetworkLoss:
    """A dense network with three hidden layers of one width, float32, on a batch of 128 random examples."""
    torch.manual_seed(0)
    sizes = (INPUTS, width, width, width, CLASSES)
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(itertools.pairwise(sizes)):
        layers += [nn.Linear(before, after)] + ([nn.ReLU()] if i < 3 else [])
    return NetworkLoss(nn.Sequential(*layers), torch.randn(BATCH, INPUTS), torch.randint(0, CLASSES, (BATCH,)))


def convolutions() -> NetworkLoss:
    """A small convolutional net on a batch of 128 images of 16 × 16 pixels."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1024, CLASSES)]
    return NetworkLoss(nn.Sequential(*layers), torch.randn(BATCH, 3, 16, 16), torch.randint(0, CLASSES, (BATCH,)))


def seconds(call: Callable[[], object], budget: float = 0.4) -> float:
    """Median processor time of `call`: at least three calls, more while they fit into `budget` seconds."""
    times: list[float] = []
    while len(times) < 3 or (sum(times) < budget and len(times) < 50):
        begin_at = time.process_time()
        call()
        times.append(time.process_time() - begin_at)
    return statistics.median(times)


def measured(ground: NetworkLoss) -> dict[str, float]:
    """Seconds of one gradient, and of a curvature product and a refresh of every structure that is not too large."""
    theta = ground.initial
    ground.gradient(theta)
    times = {"gradient": seconds(lambda: ground.gradient(theta))}
    for metric in METRICS:
        at, d = ground.linearise(theta, metric), torch.randn_like(theta)
        times[f"product {metric}"] = seconds(lambda at=at, d=d: at.product(d))
        for structure, largest in LARGEST.items():
            if ground.dimension <= largest:
                rule = LLQR.for_networks(structure, metric)
                u = rule.start(ground, theta)
                times[f"{structure} {metric}"] = _refresh_seconds(rule, ground, u)
    return times


def _refresh_seconds(rule: LLQR, ground: NetworkLoss, u: dict[str, torch.Tensor]) -> float:
    begin_at = time.process_time()
    rule.refresh(ground, ground.initial, u)
    first = time.process_time() - begin_at
    return first if first > 5 else seconds(lambda: rule.refresh(ground, ground.initial, u))


def peak_floats(width: int) -> dict[str, float]:
    """Peak memory of a gradient and of refreshes, in float32 numbers per parameter, from a fresh process."""
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}  # give back what is freed
    command = [sys.executable, "-m", "tests.benchmarks.bench_network_refresh", "--memory", str(width)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def report_memory(width: int) -> None:
    """Print {what: peak above θ and the stored U, in floats per parameter} (in a process of its own)."""
    ground = network(width)
    theta, unit = ground.initial, 4.0 * ground.dimension

    def status(key: str) -> int:
        return 1024 * int(Path("/proc/self/status").read_text().split(key + ":")[1].split()[0])

    def peak(call: Callable[[], object]) -> float:
        before = status("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        call()
        return (status("VmHWM") - before) / unit

    small = network(8)
    for metric in METRICS:  # what libraries load at the first call
        rule = LLQR.for_networks("diagonal", metric, inner_steps=2)
        rule.refresh(small, small.initial, rule.start(small, small.initial))
    found = {"gradient": peak(lambda: ground.gradient(theta))}
    for metric in METRICS:
        for structure in ("diagonal", "scalar"):
            rule = LLQR.for_networks(structure, metric, inner_steps=3)
            u = rule.start(ground, theta)
            found[f"{structure} {metric}"] = peak(lambda rule=rule, u=u: rule.refresh(ground, theta, u))
    print(json.dumps(found))


def step_times(ground: NetworkLoss) -> dict[str, tuple[float, float]]:
    """(seconds of a step, seconds of a refresh) of each of the four methods, diagonal blocks, metric ngd."""
    settings, found = Settings(**NETWORK_SETTINGS), {}
    for name, method in network_methods().items():
        state = begin(ground, method, ground.initial)
        step = seconds(lambda m=method, s=state: descent_step(ground, m, settings, s), budget=1.0)
        refresh = 0.0
        if isinstance(method.preconditioner, LLQR):
            refresh = _refresh_seconds(method.preconditioner, ground, state.preconditioner)
        found[name] = step, refresh
    return found


def slope(sizes: list[int], times: list[float]) -> float:
    """Exponent p of time ∝ size^p, by least squares of the logarithms over the sizes from 1e5 on."""
    pairs = [(math.log(s), math.log(t)) for s, t in zip(sizes, times, strict=True) if s >= 1e5]
    x, y = zip(*pairs, strict=True)
    mx, my = statistics.fmean(x), statistics.fmean(y)
    return sum((a - mx) * (b - my) for a, b in pairs) / sum((a - mx) ** 2 for a in x)


def main() -> None:
    """Measure, and write the tables and the plot."""
    torch.set_num_threads(1)
    measured(network(16))  # first calls load libraries
    sizes: list[int] = []
    rows: list[dict[str, float]] = []
    for width in WIDTHS:
        ground = network(width)
        sizes.append(ground.dimension)
        rows.append(measured(ground))
        print(f"{ground.dimension} parameters measured", flush=True)
    conv = convolutions()
    table = _refresh_table(sizes, rows) + _other_table(conv, measured(conv))
    table += _memory_table([network(w).dimension for w in WIDTHS[4:]], [peak_floats(w) for w in WIDTHS[4:]])
    table += _step_table(network(690), conv)
    (RESULTS / "network_refresh.md").write_text("\n".join(table) + "\n")
    curves = {"one gradient": [(s, r["gradient"]) for s, r in zip(sizes, rows, strict=True)]}
    for key in ("diagonal ngd", "diagonal newton", "kfac ngd", "e-kfac ngd"):
        curves[f"refresh, {key}"] = [(s, r[key]) for s, r in zip(sizes, rows, strict=True) if key in r]
    plot = log_plot(curves, "parameters", "seconds", "A refresh of 50 inner steps and a gradient, batch 128")
    (RESULTS / "network_refresh.svg").write_text(plot)


def _refresh_table(sizes: list[int], rows: list[dict[str, float]]) -> list[str]:
    keys = [f"{structure} {metric}" for metric in METRICS for structure in LARGEST]
    lines = [
        "# Learning U on a network",
        "",
        "Written by `make bench` (tests/benchmarks/bench_network_refresh.py). Dense networks with three hidden",
        f"layers of one width, float32, batch {BATCH}, one thread of {_processor()}, torch {torch.__version__}.",
        "",
        "## Time of one refresh (50 inner steps) in gradients of the same batch",
        "",
        "| parameters | gradient, ms | product newton | product ngd | " + " | ".join(keys) + " |",
        "| --- " * (4 + len(keys)) + "|",
    ]
    for size, row in zip(sizes, rows, strict=True):
        g = row["gradient"]
        cells = [f"{row[f'product {m}'] / g:.2f}" for m in METRICS]
        cells += [f"{row[k] / g:.0f}" if k in row else "–" for k in keys]
        lines.append(f"| {size:,} | {1e3 * g:.2f} | " + " | ".join(cells) + " |")
    lines += ["", "Growth from 1e5 parameters on, as the exponent p of time ∝ parameters^p: "]
    whole = [k for k in ("gradient", "diagonal newton", "diagonal ngd", "scalar ngd") if all(k in r for r in rows)]
    lines[-1] += ", ".join(f"{k} {slope(sizes, [r[k] for r in rows]):.2f}" for k in whole) + " (1 is linear)."
    lines += [
        "",
        "On a layer of n × n weights an inner step of kfac makes 6 products of n × n matrices and one of e-kfac 14, a",
        "gradient 3 of batch × n × n: the wider the layer is against the batch, the dearer they are.",
    ]
    return [*lines, "", "![time against parameters](network_refresh.svg)", ""]


def _other_table(ground: NetworkLoss, row: dict[str, float]) -> list[str]:
    lines = [
        f"The same on a convolutional net of {ground.dimension:,} parameters, 16 × 16 pixels:",
        "",
        "| structure | newton | ngd |",
        "| --- | --- | --- |",
    ]
    for structure in LARGEST:
        if f"{structure} ngd" in row:
            cells = [f"{row[f'{structure} {m}'] / row['gradient']:.0f}" for m in METRICS]
            lines.append(f"| {structure} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _memory_table(sizes: list[int], peaks: list[dict[str, float]]) -> list[str]:
    keys = list(peaks[0])
    lines = [
        "## Peak memory, float32 numbers per parameter",
        "",
        "Above θ and the stored U (one number per parameter each, for diagonal blocks). The activations of the batch",
        f"of {BATCH} are in it; on these networks they are a small part.",
        "",
        "| parameters | " + " | ".join(keys) + " |",
        "| --- " * (1 + len(keys)) + "|",
    ]
    for size, row in zip(sizes, peaks, strict=True):
        lines.append(f"| {size:,} | " + " | ".join(f"{row[k]:.1f}" for k in keys) + " |")
    return [*lines, ""]


def _step_table(dense: NetworkLoss, conv: NetworkLoss) -> list[str]:
    lines = [
        f"## Time per step against SGDM, diagonal blocks, metric ngd, U refreshed every {CADENCE} steps",
        "",
        f"| method | dense net, {dense.dimension:,} | refresh's share | convolutional net, {conv.dimension:,} "
        "| refresh's share |",
        "| --- | --- | --- | --- | --- |",
    ]
    first, second = step_times(dense), step_times(conv)
    for name in first:
        cells = []
        for times in (first, second):
            step, refresh = times[name]
            whole = step + refresh / CADENCE
            cells += [f"{whole / times['SGDM'][0]:.2f}", f"{100 * refresh / CADENCE / whole:.0f} %"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
        return text.split("model name")[1].split(":", 1)[1].splitlines()[0].strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        torch.set_num_threads(1)
        report_memory(int(sys.argv[2]))
    else:
        main()
