"""Slices and curvature of small networks on the 1797 digits, against other tools and a plain loop, one thread.

Run by `make bench`; writes tests/benchmarks/results/slices.md. The other tools come from the package index into an
environment of their own beside this one (.cache/slice-peers), which sees the PyTorch installed here; where they cannot
be had, the table says so and holds the plain loop only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from geometry.architectures.plain import mlp
from geometry.curvature import HessianOperator, dense_hessian, hessian_trace, spectral_density, top_eigenvalues
from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.slices import adaptive_slice, point_losses, progressive_slice, sampled_slice, slice_plane
from tests.benchmarks.report import RESULTS, Report, draw_table
from tests.benchmarks.slice_contenders import digits

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = ROOT / ".cache" / "slice-peers"
PEERS = {"gradfield": "gradfield==0.5.0", "loss-landscapes": "loss-landscapes==3.0.6", "PyHessian": "PyHessian==0.1"}
OWN = ("Pothole lab", "plain loop", "plain loop, blocks of 512")
NETWORKS = {"mlp": "MLP 64-128-64-10", "convnet": "conv 16/32/32"}


@dataclass(frozen=True)
class Size:
    """Points of an axis for each network, digits, rounds of the exact slices, points of an adaptive slice's axis and
    fresh ones, training steps, hidden layers of the small and of the larger net whose curvature is measured."""

    points: dict[str, int]
    examples: int
    rounds: int
    axis: int
    fresh: int
    training: int
    small: tuple[int, ...]
    larger: tuple[int, ...]


FULL = Size({"mlp": 51, "convnet": 15}, 1797, 2, 51, 1000, 600, (16, 16), (128, 64))
SMALLEST = Size({"mlp": 2, "convnet": 2}, 24, 1, 5, 4, 1, (2,), (3,))


def prepare_peers() -> tuple[Path, list[str]]:
    """The peers' Python, and which of them are there."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.EnvBuilder(with_pip=True).create(ENVIRONMENT)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        # PyTorch and what it needs are those of this environment; the peers are installed without what they ask for.
        shared = sysconfig.get_paths()["purelib"]
        (ENVIRONMENT / "lib" / version / "site-packages" / "shared.pth").write_text(shared + "\n")
    there = []
    for name, requirement in PEERS.items():
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", requirement]
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            there.append(name)
    return python, there


def run_contenders(
    python: Path, points: dict[str, int], examples: int, *names: str
) -> dict[str, dict[str, dict[str, float]]]:
    """Network → way → what a process of the contenders measures."""
    command = [python, "-m", "tests.benchmarks.slice_contenders", json.dumps(points), str(examples), *names]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare_exact(python: Path, peers: list[str], size: Size) -> list[str]:
    """Time of the exact slice: all ways in turns, in every round anew."""
    names = [*OWN, *(name for name in peers if name != "PyHessian")]
    rounds = [run_contenders(python, size.points, size.examples, *names) for _ in range(size.rounds)]
    best = {
        network: {name: min((one[network][name] for one in rounds), key=lambda one: one["cpu"]) for name in names}
        for network in size.points
    }
    head, rows = ["way"], [[name] for name in names]
    for network, found in best.items():
        points = size.points[network]
        head += [f"{NETWORKS[network]}, {points} × {points} points, s", "times ours"]
        for row in rows:
            cpu = found[row[0]]["cpu"]
            row += [f"{cpu:.2f}", f"{cpu / found['Pothole lab']['cpu']:.2f}"]
    lines = [
        f"## Exact evaluation: {size.examples} digits, float32, initial weights",
        "",
        "Seconds of processor time of one thread, all ways in turns in one process, the least of "
        f"{size.rounds} rounds. Each tool draws its own filter-normalised directions; the work is the same.",
        "",
        *draw_table(head, rows),
    ]
    differences = []
    for network, found in best.items():
        fastest = min(names[1:], key=lambda name: found[name]["cpu"])
        ratio = found[fastest]["cpu"] / found["Pothole lab"]["cpu"]
        lines += ["", f"{NETWORKS[network]}: ours is {ratio:.2f} times as fast as the fastest other way ({fastest})."]
        own, loop = found["Pothole lab"], found["plain loop"]
        differences += [abs(own[end] / loop[end] - 1) for end in ("smallest", "largest")]
    missing = [name for name in PEERS if name not in peers]
    if missing:
        lines += ["", f"Not measured, could not be installed: {', '.join(missing)}."]
    lines += ["", f"Smallest and largest loss equal the plain loop's to {max(differences):.0e} relative."]
    return [*lines, ""]


def measure_accelerator(python: Path, size: Size) -> list[str]:
    """The same slices by ours on an accelerator, by the clock, against the plain loop on one thread of the CPU."""
    head = [f"## On an accelerator: {size.axis} × {size.axis} points, {size.examples} digits, float32", ""]
    if not torch.cuda.is_available():
        return [*head, "No accelerator was used: PyTorch sees none here.", ""]
    rows = []
    points, ways = dict.fromkeys(NETWORKS, size.axis), ("plain loop", "Pothole lab, accelerator")
    for network, found in run_contenders(python, points, size.examples, *ways).items():
        loop, ours = (found[way] for way in ways)
        off = max(abs(ours[end] / loop[end] - 1) for end in ("smallest", "largest"))
        ratio = loop["wall"] / ours["wall"]
        rows.append((network, f"{loop['wall']:.2f}", f"{ours['wall']:.3f}", f"{ratio:.0f}", f"{off:.0e}"))
    about = (
        f"{torch.cuda.get_device_name()}; seconds by the clock after a first run, against the plain loop on one thread "
        "of this machine's processor."
    )
    columns = ("network", "plain loop, CPU, s", "Pothole lab, accelerator, s", "times", "largest relative difference")
    return [*head, about, "", *draw_table(columns, rows), ""]


def measure_adaptive(size: Size) -> list[str]:
    """Error of adaptive slices on fresh points, at initial and trained weights."""
    points = np.random.default_rng(1).uniform(-1, 1, (size.fresh, 2))
    axis = np.linspace(-1, 1, size.axis)
    sixth = max(58, size.axis**2 // 6)
    rows, others = [], []
    for network in NETWORKS:
        objective = NetworkLoss(*digits(network, size.examples))
        for weights in ("initial", "trained"):
            theta = objective.initial if weights == "initial" else train(objective, size.training)
            for seed in (0, 1) if network == "mlp" else (0,):
                plane = slice_plane(objective, theta, seed=seed)
                found = adaptive_slice(objective, plane, max_evaluations=sixth)
                true = point_losses(objective, plane).losses(points)
                span = float(max(np.ptp(true), found.range))
                error = float(np.abs(found.at(points) - true).max()) / span
                rows.append(
                    (
                        f"{network}, {weights}, directions {seed}",
                        f"{span:.4g}",
                        found.evaluations,
                        f"{100 * found.relative_error:.2f} %",
                        f"{100 * error:.2f} %",
                        f"{size.axis**2 / found.evaluations:.1f}",
                    )
                )
                print(*rows[-1], flush=True)
            if weights == "trained":
                others.append(_describe_other_ways(network, objective, plane, axis))
    title = f"## Adaptive evaluation: largest error on {size.fresh} fresh points"
    about = (
        f"Tolerance 1 % of the range; at most {sixth} evaluations, a sixth of {size.axis} × {size.axis}, all counted."
    )
    head = [
        *("network, weights", "range of the loss", "evaluations", "error stated (32 points)"),
        *(f"error on {size.fresh} points", f"{size.axis} × {size.axis} / evaluations"),
    ]
    return [title, "", about, "", *draw_table(head, rows), "", *others, ""]


def _describe_other_ways(network: str, objective: NetworkLoss, plane: Plane, axis: np.ndarray) -> str:
    """How soon the first coarse picture is there, and how far a sampled slice is from the full one."""
    began = time.process_time()
    first = next(progressive_slice(objective, plane, axis, axis))
    seconds = time.process_time() - began
    few = axis[:: max(1, len(axis) // 5)]
    samples = min(256, objective.examples // 2)
    sampled = sampled_slice(objective, plane, few, few, samples=samples)
    full = point_losses(objective, plane).losses(np.array([(x, y) for y in few for x in few]))
    z = np.abs(sampled.losses.ravel() - full) / sampled.standard_error.ravel()
    return (
        f"- {network}: first coarse picture ({int(first.evaluated.sum())} of {len(axis) ** 2} points) after "
        f"{seconds:.2f} s of processor time; from {samples} samples the loss is within {z.max():.1f} standard errors "
        f"of the full one at all of {z.size} points."
    )


def train(objective: NetworkLoss, steps: int) -> torch.Tensor:
    """Steps of heavy ball over mini-batches of 128 from the initial weights."""
    theta = objective.initial.clone()
    velocity = torch.zeros_like(theta)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        rows = torch.randint(objective.examples, (128,), generator=generator)
        velocity = 0.9 * velocity + objective.rows(rows).gradient(theta)
        theta = theta - 0.05 * velocity
    return theta


def build_perceptron(widths: tuple[int, ...]) -> nn.Module:
    """A perceptron on the digits with the weights of build_network's first seed."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return mlp((64,), 10, widths)


def measure_curvature(python: Path, peers: list[str], size: Size) -> list[str]:
    """Eigenvalue and trace against the dense Hessian (small net) and against D products (the net of the table)."""
    return [
        f"## Curvature at initial weights, {size.examples} digits",
        "",
        *_compare_with_dense(size),
        "",
        *_compare_with_products(python, peers, size),
        "",
    ]


def _compare_with_dense(size: Size) -> list[str]:
    _, *data = digits("mlp", size.examples)
    small = NetworkLoss(build_perceptron(size.small), *data)
    precise = NetworkLoss(build_perceptron(size.small), *data, dtype=torch.float64)
    eigenvalues = np.linalg.eigvalsh(dense_hessian(precise, small.initial.double()))
    found = top_eigenvalues(small, small.initial)
    density = spectral_density(small, small.initial, probes=8, steps=32)
    mean, mean_error = density.mean(density.nodes**2)
    trace, trace_error = density.trace
    return [
        f"{_name(size.small)} ({small.dimension} parameters) against its dense float64 Hessian, ours in float32:",
        "",
        f"- top eigenvalue {found.values[0]:.7g}, dense {eigenvalues[-1]:.7g}: relative error "
        f"{abs(found.values[0] / eigenvalues[-1] - 1):.0e}, residual {found.residuals[0]:.0e}, "
        f"{found.products} products;",
        f"- trace from stochastic Lanczos quadrature {trace:.4g} ± {trace_error:.1g}, dense {eigenvalues.sum():.4g};",
        f"- mean square of the eigenvalues {mean:.4g} ± {mean_error:.1g}, dense {np.mean(eigenvalues**2):.4g}.",
    ]


def _compare_with_products(python: Path, peers: list[str], size: Size) -> list[str]:
    _, *data = digits("mlp", size.examples)
    objective = NetworkLoss(build_perceptron(size.larger), *data)
    began = time.process_time()
    found = top_eigenvalues(objective, objective.initial)
    seconds = time.process_time() - began
    began = time.process_time()
    estimate = hessian_trace(objective, objective.initial, 44)
    trace_seconds = time.process_time() - began
    precise = NetworkLoss(build_perceptron(size.larger), *data, dtype=torch.float64)
    reference = top_eigenvalues(precise, precise.initial, tolerance=1e-10).values[0]
    operator = HessianOperator(objective, objective.initial)
    basis = np.zeros(objective.dimension)
    exact_trace = 0.0
    for index in range(objective.dimension):
        basis[index] = 1.0
        exact_trace += operator(basis)[index]
        basis[index] = 0.0
    rows = [
        ("reference", f"{reference:.7g}", "", "", f"{exact_trace:.5g}", ""),
        (
            f"Pothole lab, {found.products} products, residual {found.residuals[0]:.0e}",
            f"{found.values[0]:.7g}",
            f"{abs(found.values[0] / reference - 1):.0e}",
            f"{seconds:.2f}",
            f"{estimate.value:.5g} ± {estimate.standard_error:.1g}",
            f"{trace_seconds:.2f}",
        ),
    ]
    if "PyHessian" in peers:
        peer = run_contenders(python, {"mlp": 0}, size.examples, "PyHessian")["mlp"]["PyHessian"]
        rows.append(
            (
                f"{PEERS['PyHessian'].replace('==', ' ')}, defaults",
                f"{peer['value']:.7g}",
                f"{abs(peer['value'] / reference - 1):.0e}",
                f"{peer['seconds']:.2f}",
                f"{peer['trace']:.5g} ({int(peer['trace_probes'])} probes, no error)",
                f"{peer['trace_seconds']:.2f}",
            )
        )
    head = ("way", "top eigenvalue", "relative error", "s", "trace", "s")
    return [
        f"{_name(size.larger)} ({objective.dimension} parameters); reference: float64 Lanczos to a residual of 1e-10,",
        f"and the trace by {objective.dimension} products:",
        "",
        *draw_table(head, rows),
    ]


def _name(widths: tuple[int, ...]) -> str:
    return "MLP " + "-".join(map(str, (64, *widths, 10)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    report = Report(__doc__, arguments, packages=("numpy", "scipy", "torch"))
    size = SMALLEST if report.smallest else FULL
    torch.set_num_threads(1)
    # The tests ask no package index: the smallest form is of our own ways alone.
    python, peers = (Path(sys.executable), []) if report.smallest else prepare_peers()
    lines = [
        "One thread; what ran on an accelerator says so.",
        "",
        *compare_exact(python, peers, size),
        *measure_accelerator(python, size),
        *measure_adaptive(size),
        *measure_curvature(python, peers, size),
    ]
    report.write(RESULTS / "slices.md", "Slices and curvature of small networks", lines)


if __name__ == "__main__":
    main()
