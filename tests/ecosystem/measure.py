"""Others' networks and trainers with the library: the table of differences from plain torch.

Run by `make ecosystem`, in an environment of its own (tests/ecosystem/requirements.txt); writes
tests/ecosystem/results/ecosystem.md. The smallest form takes the networks that need torch alone. Fails, after the
table, where a difference is larger than it may be.
"""

from __future__ import annotations

import importlib
import tempfile
import warnings
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from tests.benchmarks.report import Report, draw_table
from tests.ecosystem.cases import CASES, Case
from tests.ecosystem.comparison import LIMITS, QUANTITIES, Row, compare

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("torchvision", "timm", "transformers", "torch-geometric", "lightning", "accelerate")
TRAINED = 1e-6
"""Largest difference of a weight or running statistic that a trainer may leave, in float32."""


def import_torchvision() -> None:
    """Import it, as most of the others do, beside a PyTorch without CUDA, too: the wheel of PyPI is built for CUDA, its
    compiled operators do not load here, and importing it asks for two of them, which no network here calls."""
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        importlib.import_module("torchvision")


def compare_networks(cases: Sequence[Case], dtype: torch.dtype, failures: list[str]) -> list[str]:
    """The table of one type."""
    rows = []
    for case in cases:
        row = compare(case, dtype)
        failures += [f"{case.name}, {dtype}: {far}" for far in row.failures(dtype)]
        rows.append([case.name, f"{row.parameters:,}", *(cell(row, name) for name in QUANTITIES)])
        print(f"{case.name}, {dtype}: {row.differences} {row.refused}", flush=True)
    name = str(dtype).removeprefix("torch.")
    return [f"## {name}, at most {LIMITS[dtype]:.0e}", "", *draw_table(["network", "D", *QUANTITIES], rows), ""]


def cell(row: Row, name: str) -> str:
    """A difference, or the operation that has no second derivative."""
    return f"no second derivative: {row.refused[name]}" if name in row.refused else f"{row.differences[name]:.1e}"


def compare_trainers(failures: list[str]) -> list[str]:
    """The table of trainers."""
    from tests.ecosystem.trainers import TRAINERS, check_recording, state_apart, train_plainly

    rows = []
    with tempfile.TemporaryDirectory() as place:
        wanted = train_plainly(Path(place) / "plain")
        steps = check_recording(Path(place) / "plain", wanted)
        for number, (name, (package, train)) in enumerate(TRAINERS.items()):
            folder = Path(place) / str(number)
            module = train(folder)
            far, recorded = state_apart(module, wanted), check_recording(folder, module)
            if not far <= TRAINED:
                failures.append(f"{name}: {far:.1e}")
            if recorded != steps:
                failures.append(f"{name} recorded the steps {recorded}, a plain loop {steps}")
            rows.append([name, f"{package} {version(package)}", f"{far:.1e}", ", ".join(map(str, recorded))])
            print(f"{name}: {far:.1e}, {recorded}", flush=True)
    about = (
        "SAM(LLQR) on a network with running statistics, eight steps with three refreshes of U, by each trainer and by "
        f"a plain loop: the largest difference of a weight or running statistic, at most {TRAINED:.0e}, and the steps "
        "that geometry.recording kept."
    )
    return ["## Trainers", "", about, "", *draw_table(["trainer", "package", "difference", "recorded"], rows)]


def installed_version(package: str) -> str:
    """A package's version; where it is missing, a sentence that says what to do."""
    try:
        return version(package)
    except PackageNotFoundError:
        raise SystemExit(f"{package} is not installed here: `make ecosystem` makes the environment") from None


def main(arguments: Sequence[str] | None = None) -> None:
    report = Report(__doc__, arguments, packages=("torch",), command="make ecosystem")
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # of the packages among themselves
    torch.set_num_threads(1 if report.smallest else torch.get_num_threads())
    cases = [case for case in CASES if not (report.smallest and case.package)]
    versions = [] if report.smallest else [f"{name} {installed_version(name)}" for name in PACKAGES]
    if not report.smallest:
        import_torchvision()
    failures: list[str] = []
    lines = [
        "The library beside plain torch written by hand (tests/ecosystem/by_hand.py), on random weights: ‖ours − "
        "theirs‖/‖theirs‖ of the loss, the gradient, a Hessian–vector product, six points of a filter-normalised "
        "slice, and after steps of SAM(SGD) and of LLQR (diagonal U, Newton's cost) the larger "
        "one of the weights' and the buffers' (one vector: the running mean of what has the mean 0 is rounding). "
        "Three steps with two refreshes in float64, one in float32: a random network in train mode magnifies rounding "
        "a hundredfold at each pass at a probe.",
        "",
        *([f"Packages: {', '.join(versions)}.", ""] if versions else []),
    ]
    for dtype in (torch.float32, torch.float64):
        lines += compare_networks(cases, dtype, failures)
    if not report.smallest:
        lines += compare_trainers(failures)
    report.write(RESULTS / "ecosystem.md", "Others' networks and trainers", lines)
    if failures:
        raise SystemExit("further apart than allowed: " + "; ".join(failures))


if __name__ == "__main__":
    main()
