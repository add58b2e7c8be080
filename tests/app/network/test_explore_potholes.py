"""The job "potholes": the library's numbers at the run's weights, statements from them, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from app.jobs.context import LeaveJob
from app.jobs.packing import unpack
from app.network.explore import run_record
from app.network.explore.potholes_job import BESIDE_SHARP, BROUGHT_OUT, KINDS, sentence
from app.network.training.problem import make_problem, read_weights
from app.network.training.session import TrainingSession
from geometry.curvature import average, potholes, top_eigenvalues
from optimizers.amplification import measure_amplification
from tests.app.network.exploring import Run

QUICK = {"potholes_count": 2, "potholes_points": 2, "potholes_batches": 2, "potholes_sample": "all"}


@pytest.fixture(scope="module")
def run() -> Run:
    run_record._RUNS.clear()
    return Run(methods=["SGDM", "LLQR+SAM"])


def test_the_numbers_are_those_of_the_library(run: Run) -> None:
    """U is learned before steps 0, 6, 12 and 18 of 24, and weights are kept at just these steps."""
    look = run.look("potholes", **QUICK, potholes_seed=3)
    about, (told,) = look.last("about"), look.all("measured")
    assert about["methods"] == ["LLQR+SAM"] and about["step"] == 24 and about["radius"] == 0.1
    assert told["points"] == [0, 18] and told["converged"]

    found = make_problem(run.description)
    session = TrainingSession(run.description, found=found)
    u, draws = session.methods["LLQR+SAM"].preconditioner, session.training.draws
    kept = {step: read_weights(run.results[f"weights/{step}"], found)["LLQR+SAM"][0] for step in (6, 12, 18)}
    kept[0] = found.objective.initial
    theta = read_weights(run.results["weights/final"], found)["LLQR+SAM"][0]
    state = u.start(found.objective, kept[0])
    for step in (0, 6, 12, 18):
        rows = draws.refresh_rows(step)
        assert rows is not None
        state = u.refresh(found.objective.rows(rows), kept[step], state)

    points = [(found.objective, kept[step]) for step in (0, 18)]
    combined = [potholes((found.objective, theta), points), average(points)]
    tops = [top_eigenvalues(one, one.origin, 2, tolerance=1e-5, seed=3) for one in combined]
    random = np.random.default_rng(3).standard_normal((2, theta.numel()))
    vectors = [*(one.vectors for one in tops), random / np.linalg.norm(random, axis=1, keepdims=True)]
    assert [group["kind"] for group in told["groups"]] == list(KINDS)
    each = draws.examples // 32
    assert about["batches"] == 2
    rows = [draws.rows(each * math.ceil(24 / each) + k) for k in range(2)]
    batches = [found.objective.rows(row) for row in rows if row is not None]
    product = found.objective.linearise(theta).product
    for group, v in zip(told["groups"], vectors, strict=True):
        here = [float(one @ product(torch.from_numpy(one).to(theta)).double().numpy()) for one in v]
        np.testing.assert_allclose(group["here"], here, rtol=0.05, atol=1e-4)
        effect = measure_amplification(batches, theta, v, u, state, 0.1)
        assert group["plain"]["gain"] == pytest.approx(effect.plain.gain, rel=0.02)
        assert group["learned"]["first_order_gain"] == pytest.approx(effect.learned.first_order_gain, rel=0.02)
        assert group["factor"]["mean"] == pytest.approx(np.exp(effect.logarithms.mean()), rel=0.05)
        assert len(group["factors"]) == len(group["first_order_factors"]) == 2
    hole = told["groups"][0]
    np.testing.assert_allclose(np.subtract(hole["here"], hole["average"]), tops[0].values, rtol=0.02)
    done = look.last("done")
    assert done["products"] == told["products"] > 0 and done["sentence"] == sentence([told])
    assert "converged" not in done["sentence"] and "have converged" in sentence([{**told, "converged": False}])
    tree = unpack(look.results["potholes"])
    assert tree["said"] == done and tree["rows"][0]["groups"] == told["groups"]


def test_statements_rest_on_the_batches(run: Run) -> None:
    look = run.look("potholes", **{**QUICK, "potholes_batches": 200})
    (told,) = look.all("measured")
    out, beside = told["claims"]
    assert out["statement"] == f"LLQR+SAM: {BROUGHT_OUT}" and beside["statement"] == f"LLQR+SAM: {BESIDE_SHARP}"
    hole, sharp, _ = (np.log(group["factor"]["values"]) for group in told["groups"])
    examples = make_problem(run.description).objective.examples
    assert len(hole) == look.last("about")["batches"] == examples // 32, "as many as have no example in common"
    np.testing.assert_allclose(np.log(beside["pairs"][0]["values"]), hole - sharp, atol=1e-12)
    for claim in (out, beside):
        (pair,) = claim["pairs"]
        expected = "holds" if pair["low"] > 1.02 else "does not hold" if pair["high"] <= 1.02 else "cannot be told"
        assert (
            claim["verdict"] == expected
            and pair["above"] == pytest.approx(1.02)
            and f"of {len(hole)} batches" in claim["counts"]
        )


def test_what_cannot_be_measured_is_told_in_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LeaveJob):
        run.look("potholes", stop_after=9, **QUICK)
    kept = run_record.RunRecord.kept

    class Lost:
        """A point that is none."""

        finite = False

    def lose(self: Any, steps: list[int], job: Any) -> Any:
        return {k: {**row, "LLQR+SAM": Lost()} for k, row in kept(self, steps, job).items()}

    with monkeypatch.context() as patch:
        patch.setattr(run_record.RunRecord, "kept", lose)
        (told,) = run.look("potholes", **QUICK).all("measured")
    assert sentence([told]) == "LLQR+SAM: not all weights are finite."
    refused: tuple[tuple[str, dict[str, Any]], ...] = (
        ("no method of this run learns a U", {"methods": ["SGDM", "SAM"]}),
        ("the run’s radius ρ is 0", {"methods": ["LLQR"], "radius": 0.0}),
    )
    for words, changed in refused:
        run_record._RUNS.clear()
        with pytest.raises(ValueError, match=words):
            Run(**changed).look("potholes", **QUICK)
    run_record._RUNS.clear()
    (told,) = Run(methods=["LLQR"], batch_size=8192).look("potholes", **QUICK).all("measured")
    assert {claim["verdict"] for claim in told["claims"]} == {"cannot be told"}, "one batch has no interval"
    run_record._RUNS.clear()
