"""The job "cuts": lines through all solutions, sharpness relative to the weights; and the plane of a bad start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from app.drawing.encoding import decode
from app.jobs.context import LeaveJob
from app.jobs.packing import unpack
from app.network.explore import run_record
from app.network.explore.cuts_job import sentence
from app.network.training.problem import TrainingProblem, make_problem, read_weights
from geometry.curvature import RelativeLoss, hessian_trace, top_eigenvalues
from geometry.slices import evaluate_slice, slice_plane
from tests.app.network.exploring import Run

METHODS = ["SGDM", "SAM", "LLQR+SAM"]


@pytest.fixture(scope="module")
def run() -> Run:
    run_record._RUNS.clear()
    return Run(methods=METHODS, bad_start=8)


@pytest.fixture(scope="module")
def found(run: Run) -> TrainingProblem:
    return make_problem(run.description)


def test_each_cut_is_the_mean_of_the_library_s_lines(run: Run, found: TrainingProblem) -> None:
    look = run.look("cuts", cuts_directions=2, cuts_points=11, cuts_span=0.3, cuts_probes=4, cuts_seed=3)
    about, cuts, solutions = look.last("about"), look.all("cut"), look.all("solution")
    assert [(cut["method"], cut["directions"]) for cut in cuts] == [(name, k) for k in (1, 2) for name in METHODS]
    assert about["methods"] == [one["method"] for one in solutions] == METHODS and about["step"] == 24
    positions = [row["position"] for row in look.rows]
    assert positions == sorted(set(positions)), "every row is one step further"
    t, kept = np.linspace(-0.3, 0.3, 11), unpack(look.results["cuts"])
    np.testing.assert_allclose(decode(about["t"]), t, rtol=1e-6)
    final = read_weights(run.results["weights/final"], found)
    for name, cut in zip(METHODS, cuts[-len(METHODS) :], strict=True):
        theta, _ = final[name]
        for half, objective in (("train", found.objective), ("test", found.test)):
            lines = [
                evaluate_slice(objective, slice_plane(objective, theta, "random", "filter", seed, axes=1), t)
                for seed in (3, 4)
            ]
            np.testing.assert_allclose(decode(cut[half]), np.mean(lines, 0), rtol=1e-5)
            np.testing.assert_allclose(kept["cuts"][name][half], np.mean(lines, 0), rtol=1e-6)
    theta, told = final["SAM"][0], solutions[1]
    relative = RelativeLoss(found.objective, theta)
    trace = hessian_trace(relative, relative.origin, 4, seed=3)
    top = top_eigenvalues(relative, relative.origin, seed=3).values[0]
    assert told["relative_trace"] == pytest.approx(trace.value, rel=1e-4)
    assert told["relative_eigenvalue"] == pytest.approx(top, rel=1e-3)
    assert told["eigenvalue"] == pytest.approx(top_eigenvalues(found.objective, theta, seed=3).values[0], rel=1e-3)
    ends = decode(cuts[-2]["train"])[[0, -1]].mean()
    assert told["rise"] == pytest.approx(ends - told["train_loss"], rel=1e-4)
    assert told["length"] == pytest.approx(float(theta.norm())) and told["converged"]
    assert told["test_loss"] == pytest.approx(float(found.test.loss(theta)), rel=1e-5)
    assert look.last("done")["sentence"] == kept["said"]["sentence"] == sentence(solutions, 0.3)


def test_it_is_left_between_two_lines(run: Run) -> None:
    with pytest.raises(LeaveJob):
        run.look("cuts", stop_after=4, cuts_points=11)


def test_a_method_without_finite_weights_is_told_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost:
        """A point that is none."""

        finite = False

    kept = run_record.RunRecord.kept
    monkeypatch.setattr(
        run_record.RunRecord,
        "kept",
        lambda self, steps, job: {k: {**row, "SAM": Lost()} for k, row in kept(self, steps, job).items()},
    )
    look = run.look("cuts", cuts_directions=1, cuts_points=11, cuts_probes=2)
    assert look.all("solution")[1] == {"method": "SAM", "problem": "the weights are not finite"}
    assert {cut["method"] for cut in look.all("cut")} == {"SGDM", "LLQR+SAM"}


def test_a_method_that_has_diverged_ends_alone() -> None:
    """Its last weights are finite, as the step that would have lost them is refused; the loss there is not."""
    run_record._RUNS.clear()
    wild = Run(methods=["SGDM", "SAM", "LLQR"], learning_rate=0.5, inner_learning_rate=1.0)
    for kind, key, asked in (
        ("cuts", "solution", {"cuts_directions": 1, "cuts_points": 11, "cuts_probes": 2}),
        ("curvature", "measured", {"curvature_probes": 2, "curvature_lanczos": 0}),
        ("curvature", "density", {"curvature_probes": 2, "curvature_lanczos": 8, "curvature_starts": 2}),
    ):
        rows = {row["method"]: row for row in wild.look(kind, **asked).all(key)}
        assert list(rows) == ["SGDM", "SAM", "LLQR"], kind
        assert [name for name, row in rows.items() if "problem" in row] == ["LLQR"], kind
        assert "finite" in rows["LLQR"]["problem"]
    with pytest.raises(ValueError, match="the loss at these weights is no finite number"):
        wild.look("rescaling", rescaling_point="LLQR")
    for asked in ({}, {"slice_kind": "random"}):
        look = wild.look("slice", slice_points=11, **asked)
        assert look.last("plane")["around"].startswith("mean of 2 methods"), "those that go on"
        assert look.last("done")["high"] < 100 and set(look.last("plane")["paths"]) == {"SGDM", "SAM", "LLQR"}
    run_record._RUNS.clear()


def test_what_the_orders_say_is_computed() -> None:
    def row(method: str, rise: float, test: float) -> dict[str, Any]:
        return {"method": method, "rise": rise, "test_loss": test, "eigenvalue": 1 / rise, "relative_trace": rise + 5}

    same = sentence([row("A", 2.0, 0.3), row("B", 1.0, 0.2)], 0.5)
    assert "rises to t = ±0.5: B, A. From low to high test loss: B, A: the same order" in same
    assert same.endswith("as B, A relative to the weights, and by the largest eigenvalue as A, B.")
    assert "another order" in sentence([row("A", 2.0, 0.1), row("B", 1.0, 0.2)], 0.5)
    assert "no two solutions" in sentence([row("A", 2.0, 0.1), {"method": "B", "problem": "not finite"}], 0.5)


def test_the_plane_through_the_bad_start_and_two_solutions_by_test_loss(run: Run, found: TrainingProblem) -> None:
    asked = {"slice_kind": "three-points", "slice_point": "start", "slice_data": "test", "slice_points": 11}
    look = run.look("slice", **asked, slice_second="SGDM", slice_third="LLQR+SAM")
    plane = look.last("plane")
    assert [mark["words"] for mark in plane["marks"]] == ["the bad start", "SGDM, step 24", "LLQR+SAM, step 24"]
    assert plane["half"] == "test" and plane["examples"] == found.test.examples
    kept = unpack(look.results["slice"])
    (start,) = unpack(run.results["weights/start"]).values()
    np.testing.assert_array_equal(np.asarray(kept["origin"]), start["position"])
    final = read_weights(run.results["weights/final"], found)
    told = look.last("honesty")
    for name in ("SGDM", "LLQR+SAM"):
        true, drawn = (decode(told[name][key]) for key in ("true", "drawn"))
        assert true[-1] == pytest.approx(float(found.test.loss(final[name][0])), rel=1e-5)
        assert drawn[-1] == pytest.approx(true[-1], rel=1e-3), "a solution that the plane goes through lies in it"
        with torch.no_grad():
            begun = float(found.test.loss(torch.from_numpy(start["position"].copy())))
        assert true[0] == pytest.approx(begun, rel=1e-5)
    run_record._RUNS.clear()
    with pytest.raises(ValueError, match="goes a plane only if the run has as many"):
        Run(methods=["SGDM"]).look("slice", **asked)
