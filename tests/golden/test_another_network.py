"""The golden tests read the network and every hyper-parameter from the folder: another folder must pass, too."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.golden.golden import SPEC, arrays
from tests.golden.oracle import Problem, write_folder

ROOT = Path(__file__).resolve().parents[2]


def other_spec() -> dict:
    """A deeper network of other widths, activation and batch, and no hyper-parameter as it was."""
    spec = copy.deepcopy(SPEC)
    spec |= {"seed": 3, "widths": [3, 4, 2, 3, 4], "act": "sigmoid", "batch": 7, "rho": 0.23}
    spec["ema"] = {"ngd": 0.6, "newton": 0.3}
    spec["defaults"] |= {
        "momentum": 0.7,
        "precond_clip_norm": 0.8,
        "precond_lr": 3e-3,
        "learning_rate": 0.11,
        "precond_steps": 9,
        "asam_eta": 0.04,
        "fisher_sam_eta": 0.3,
        "gbar_beta": 0.6,
    }
    return spec


def golden_tests(folder: Path, *chosen: str) -> subprocess.CompletedProcess[str]:
    """The golden tests in a process of their own, on that folder."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/golden/test_golden.py", *chosen],
        cwd=ROOT,
        env={**os.environ, "GOLDEN_DIR": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_folder_with_another_network_passes_and_a_wrong_number_fails(tmp_path: Path) -> None:
    write_folder(tmp_path, other_spec())
    right = golden_tests(tmp_path)
    assert right.returncode == 0, right.stdout[-3000:]
    assert "passed" in right.stdout

    with np.load(tmp_path / "traj.npz") as stored:
        data = dict(stored)
    data["base_sam.theta"][-1] += 1e-8 * np.abs(data["base_sam.theta"][-1] - data["base_sam.theta"][0]).max()
    np.savez(tmp_path / "traj.npz", **data)
    wrong = golden_tests(tmp_path, "-k", "test_trajectory and base_sam and not llqr")
    assert wrong.returncode == 1
    assert "test_trajectory[base_sam]" in wrong.stdout


@pytest.mark.parametrize("structure", ["dense", "diagonal", "kfac", "e-kfac"])
def test_the_oracle_agrees_with_the_authors(structure: str) -> None:
    """So that agreeing with the oracle means something: its refresh on the authors' network is the authors'."""
    problem, data = arrays("problem"), arrays(f"blocks_ngd_{structure}")
    oracle = Problem(SPEC)
    oracle.x, oracle.y = torch.from_numpy(problem["X"]), torch.from_numpy(problem["y"])
    oracle.theta = torch.from_numpy(problem["params_flat"])
    leaves = oracle.refresh(structure, oracle.identity(structure), oracle.theta, "ngd", steps=5)
    for name, leaf in leaves.items():
        first = data[f"U_id.{name}"]
        moved = np.abs(data[f"U_step5.{name}"] - first).max()
        np.testing.assert_allclose(leaf.numpy(), data[f"U_step5.{name}"], rtol=0, atol=1e-9 * moved + 1e-15)
