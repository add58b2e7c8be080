"""Slices and curvature of small networks on the 1797 digits, against other tools and a plain loop, one thread.

Run by `make bench`; writes tests/benchmarks/results/slices.md. All of it takes about a quarter of an hour on a quiet
core, most of it the convolutional net's 51 × 51 points (half a minute to a minute for each way, one round). `--only
exact` (accelerator, adaptive, curvature) measures a part and leaves the rest of the table as it is; `--convnet-points
15` takes a smaller grid, `--rounds` and `--convnet-rounds` more rounds, `--device cpu` leaves an accelerator alone. The
other tools come from the package index into an environment of their own beside this one (.cache/slice-peers), which
sees the PyTorch installed here; where they cannot be had, the table says so and holds the plain loop only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RESULT = Path(__file__).parent / "results" / "slices.md"
ENVIRONMENT = ROOT / ".cache" / "slice-peers"
PEERS = {"gradfield": "gradfield==0.5.0", "loss-landscapes": "loss-landscapes==3.0.6", "PyHessian": "PyHessian==0.1"}
OWN = ("Pothole lab", "plain loop", "plain loop, blocks of 512")
POINTS = 51
ROUNDS = {"mlp": 3, "convnet": 1}
SECTIONS = {
    "exact": "## Exact evaluation",
    "accelerator": "## On an accelerator",
    "adaptive": "## Adaptive evaluation",
    "curvature": "## Curvature",
}
SIXTH = POINTS**2 // 6
# Set before PyTorch is imported, here and in the processes started from here.
os.environ["OMP_NUM_THREADS"] = "1"


def prepare() -> tuple[Path, list[str]]:
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


def measured(python: Path, *arguments: str) -> dict[str, float]:
    """The line of JSON that a contender's process prints."""
    command = [python, "-m", "tests.benchmarks.slice_contenders", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def exact(python: Path, peers: list[str], grids: dict[str, int], rounds: dict[str, int]) -> list[str]:
    """Time of the exact slice: all contenders one after the other, in every round anew."""
    names = [*OWN, *(name for name in peers if name != "PyHessian")]
    best: dict[tuple[str, str], dict[str, float]] = {}
    for network, points in grids.items():
        for _ in range(rounds[network]):
            for name in names:
                found = measured(python, "slice", name, network, str(points))
                if found["cpu"] < best.get((name, network), found)["cpu"] or (name, network) not in best:
                    best[name, network] = found
                print(network, name, found, flush=True)
    others = [name for name in names if name != "Pothole lab"]
    lines = [
        "## Exact evaluation: all 1797 digits, float32, initial weights",
        "",
        "Seconds of processor time of one thread (the machine was shared, so the clock says less), the least of some",
        f"rounds: {rounds['mlp']} on the perceptron, {rounds['convnet']} on the convolutional net. Each tool draws its "
        "own",
        "filter-normalised directions; the work is the same.",
        "",
        f"| way | MLP 64-128-64-10, {grids['mlp']} × {grids['mlp']} points, s | times ours "
        f"| conv 16/32/32, {grids['convnet']} × {grids['convnet']} points, s | times ours |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in names:
        cells = []
        for network in grids:
            own, mine = best[name, network]["cpu"], best["Pothole lab", network]["cpu"]
            cells += [f"{own:.2f}", f"{own / mine:.2f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for network, label in (("mlp", "perceptron"), ("convnet", "convolutional net")):
        fastest = min(others, key=lambda name: best[name, network]["cpu"])
        ratio = best[fastest, network]["cpu"] / best["Pothole lab", network]["cpu"]
        lines += ["", f"On the {label} ours is {ratio:.2f} times as fast as the fastest other way ({fastest})."]
    missing = [name for name in PEERS if name not in peers]
    if missing:
        lines += ["", f"Not measured, could not be installed: {', '.join(missing)}."]
    differences = [
        abs(best["Pothole lab", network][end] / best["plain loop", network][end] - 1)
        for network in grids
        for end in ("smallest", "largest")
    ]
    lines += ["", f"Smallest and largest loss equal the plain loop's to {max(differences):.0e} relative."]
    return [*lines, ""]


def accelerator(python: Path, device: str, rounds: int = 3) -> list[str]:
    """The same slices by ours on an accelerator, by the clock, against the plain loop on one thread of the CPU."""
    import torch

    head = ["## On an accelerator: 51 × 51 points, all 1797 digits, float32", ""]
    if device == "cpu" or not torch.cuda.is_available():
        why = "it was not asked for" if device == "cpu" else "PyTorch sees none here"
        return [*head, f"No accelerator was used: {why}.", ""]
    lines = [
        *head,
        f"{torch.cuda.get_device_name()}; seconds by the clock, the least of {rounds} rounds after a first run, "
        "against the plain loop on one thread of this machine's processor (one round).",
        "",
        "| network | plain loop, CPU, s | Pothole lab, accelerator, s | times | largest relative difference |",
        "| --- | --- | --- | --- | --- |",
    ]
    for network in ("mlp", "convnet"):
        loop = measured(python, "slice", "plain loop", network, str(POINTS))
        runs = [measured(python, "slice", "Pothole lab, accelerator", network, str(POINTS)) for _ in range(rounds)]
        best = min(runs, key=lambda run: run["wall"])
        off = max(abs(best[end] / loop[end] - 1) for end in ("smallest", "largest"))
        ratio = loop["wall"] / best["wall"]
        lines.append(f"| {network} | {loop['wall']:.2f} | {best['wall']:.3f} | {ratio:.0f} | {off:.0e} |")
        print(lines[-1], flush=True)
    return [*lines, ""]


def adaptive() -> list[str]:
    """Error of adaptive slices on 1000 fresh points, at initial and trained weights."""
    import numpy as np
    import torch

    from geometry.networks import NetworkLoss
    from geometry.slice_points import point_losses
    from geometry.slices import adaptive_slice, progressive_slice, sampled_slice, slice_plane
    from tests.benchmarks.slice_contenders import digits

    torch.set_num_threads(1)
    points = np.random.default_rng(1).uniform(-1, 1, (1000, 2))
    axis = np.linspace(-1, 1, POINTS)
    lines = [
        "## Adaptive evaluation: largest error on 1000 fresh points",
        "",
        f"Tolerance 1 % of the range; at most {SIXTH} evaluations, a sixth of 51 × 51, all counted.",
        "",
        "| network, weights | range of the loss | evaluations | error stated (32 points) | error on 1000 points "
        "| 51 × 51 / evaluations |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    others = []
    for network in ("mlp", "convnet"):
        module, inputs, targets = digits(network)
        objective = NetworkLoss(module, inputs, targets)
        for weights in ("initial", "trained"):
            theta = objective.initial if weights == "initial" else trained(objective)
            for seed in (0, 1) if network == "mlp" else (0,):
                plane = slice_plane(objective, theta, seed=seed)
                found = adaptive_slice(objective, plane, max_evaluations=SIXTH)
                true = point_losses(objective, plane).losses(points)
                span = float(max(np.ptp(true), found.range))
                error = float(np.abs(found.at(points) - true).max()) / span
                lines.append(
                    f"| {network}, {weights}, directions {seed} | {span:.4g} | {found.evaluations} | "
                    f"{100 * found.relative_error:.2f} % | {100 * error:.2f} % | {POINTS**2 / found.evaluations:.1f} |"
                )
                print(lines[-1], flush=True)
            if weights == "trained":
                began = time.process_time()
                first = next(progressive_slice(objective, plane, axis, axis))
                seconds = time.process_time() - began
                sampled = sampled_slice(objective, plane, axis[::10], axis[::10], samples=256)
                full = point_losses(objective, plane).losses(np.array([(x, y) for y in axis[::10] for x in axis[::10]]))
                z = np.abs(sampled.losses.ravel() - full) / sampled.standard_error.ravel()
                others.append(
                    f"- {network}: first coarse picture ({int(first.evaluated.sum())} of 2601 points) after "
                    f"{seconds:.2f} s of processor time; from 256 samples the loss is within "
                    f"{z.max():.1f} standard errors of the full one at all of 36 points."
                )
    return [*lines, "", *others, ""]


def trained(objective: object) -> object:
    """600 steps of heavy ball over mini-batches of 128 from the initial weights."""
    import torch

    theta = objective.initial.clone()  # type: ignore[attr-defined]
    velocity = torch.zeros_like(theta)
    generator = torch.Generator().manual_seed(0)
    for _ in range(600):
        rows = torch.randint(objective.examples, (128,), generator=generator)  # type: ignore[attr-defined]
        velocity = 0.9 * velocity + objective.rows(rows).gradient(theta)  # type: ignore[attr-defined]
        theta = theta - 0.05 * velocity
    return theta


def curvature(python: Path, peers: list[str]) -> list[str]:
    """Eigenvalue and trace against the dense Hessian (small net) and against D products (the net of the table)."""
    import numpy as np
    import torch

    from geometry.architectures.plain import mlp
    from geometry.curvature import HessianOperator, dense_hessian, hessian_trace, spectral_density, top_eigenvalues
    from geometry.networks import NetworkLoss
    from tests.benchmarks.slice_contenders import digits

    module, inputs, targets = digits("mlp")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        small = NetworkLoss(mlp((64,), 10, (16, 16)), inputs, targets)
    precise = NetworkLoss(mlp((64,), 10, (16, 16)), inputs, targets, dtype=torch.float64)
    eigenvalues = np.linalg.eigvalsh(dense_hessian(precise, small.initial.double()))
    found = top_eigenvalues(small, small.initial)
    density = spectral_density(small, small.initial, probes=8, steps=32)
    mean, mean_error = density.mean(density.nodes**2)
    trace, trace_error = density.trace
    lines = [
        "## Curvature at initial weights, all 1797 digits",
        "",
        f"MLP 64-16-16-10 ({small.dimension} parameters) against its dense float64 Hessian, ours in float32:",
        "",
        "- top eigenvalue "
        f"{found.values[0]:.7g}, dense {eigenvalues[-1]:.7g}: relative error "
        f"{abs(found.values[0] / eigenvalues[-1] - 1):.0e}, residual {found.residuals[0]:.0e}, "
        f"{found.products} products;",
        f"- trace from stochastic Lanczos quadrature {trace:.4g} ± {trace_error:.1g}, dense {eigenvalues.sum():.4g};",
        f"- mean square of the eigenvalues {mean:.4g} ± {mean_error:.1g}, dense {np.mean(eigenvalues**2):.4g}.",
        "",
    ]
    objective = NetworkLoss(module, inputs, targets)
    began = time.process_time()
    found = top_eigenvalues(objective, objective.initial)
    seconds = time.process_time() - began
    began = time.process_time()
    estimate = hessian_trace(objective, objective.initial, 44)
    trace_seconds = time.process_time() - began
    exact_objective = NetworkLoss(module, inputs, targets, dtype=torch.float64)
    reference = top_eigenvalues(exact_objective, exact_objective.initial, tolerance=1e-10).values[0]
    operator = HessianOperator(objective, objective.initial)
    basis = np.zeros(objective.dimension)
    exact_trace = 0.0
    for index in range(objective.dimension):
        basis[index] = 1.0
        exact_trace += operator(basis)[index]
        basis[index] = 0.0
    lines += [
        f"MLP 64-128-64-10 ({objective.dimension} parameters); reference: float64 Lanczos to a residual of 1e-10,",
        f"and the trace by {objective.dimension} products:",
        "",
        "| way | top eigenvalue | relative error | s | trace | s |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| reference | {reference:.7g} | | | {exact_trace:.5g} | |",
        f"| Pothole lab, {found.products} products, residual {found.residuals[0]:.0e} | {found.values[0]:.7g} | "
        f"{abs(found.values[0] / reference - 1):.0e} | {seconds:.2f} | "
        f"{estimate.value:.5g} ± {estimate.standard_error:.1g} | {trace_seconds:.2f} |",
    ]
    if "PyHessian" in peers:
        peer = measured(python, "pyhessian")
        lines.append(
            f"| PyHessian 0.1, defaults | {peer['value']:.7g} | {abs(peer['value'] / reference - 1):.0e} | "
            f"{peer['seconds']:.2f} | {peer['trace']:.5g} ({int(peer['trace_probes'])} probes, no error) | "
            f"{peer['trace_seconds']:.2f} |"
        )
    return [*lines, ""]


def sections(text: str) -> dict[str, list[str]]:
    """The parts of a table that was written before, by name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("## "):
            name = next((key for key, title in SECTIONS.items() if line.startswith(title)), "")
        if name:
            found.setdefault(name, []).append(line)
    return {key: [*"\n".join(lines).strip().splitlines(), ""] for key, lines in found.items()}


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--convnet-points", type=int, default=POINTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS["mlp"])
    parser.add_argument("--convnet-rounds", type=int, default=ROUNDS["convnet"])
    parser.add_argument("--device", choices=("auto", "cpu"), default="auto")
    parser.add_argument("--only", choices=tuple(SECTIONS), nargs="*", default=tuple(SECTIONS))
    parser.add_argument("--result", type=Path, default=RESULT)
    asked = parser.parse_args()
    grids = {"mlp": POINTS, "convnet": asked.convnet_points}
    rounds = {"mlp": asked.rounds, "convnet": asked.convnet_rounds}
    python, peers = prepare()
    import torch

    head = [
        "# Slices and curvature of small networks",
        "",
        "Written by `make bench` (tests/benchmarks/bench_slices.py), one thread, PyTorch "
        f"{torch.__version__}. What ran on an accelerator says so.",
        "",
    ]
    measure = {
        "exact": lambda: exact(python, peers, grids, rounds),
        "accelerator": lambda: accelerator(python, asked.device),
        "adaptive": adaptive,
        "curvature": lambda: curvature(python, peers),
    }
    parts = sections(asked.result.read_text(encoding="utf-8")) if asked.result.exists() else {}
    for name in asked.only:
        parts[name] = measure[name]()
        lines = [line for key in SECTIONS for line in parts.get(key, [])]
        asked.result.write_text("\n".join([*head, *lines]), encoding="utf-8")
    print(asked.result.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
