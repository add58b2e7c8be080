"""The job "between": the library's way between two methods' last weights, and a curve that is lower."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from app.drawing.encoding import decode
from app.jobs.context import LeaveJob
from app.jobs.packing import unpack
from app.network.explore import run_record as ground_module
from app.network.explore.between_job import barrier_of, sentence
from app.network.training.problem import make_problem, read_weights
from geometry.connectivity import connect, interpolate
from geometry.slices.sampled import sampled_objective
from tests.app.network.exploring import Run


@pytest.fixture(scope="module")
def run() -> Run:
    ground_module._RUNS.clear()
    return Run(methods=["SGDM", "SAM", "LLQR+SAM"])


@pytest.fixture(scope="module")
def found(run: Run) -> Any:
    return make_problem(run.description)


def test_the_straight_way_is_the_librarys(run: Run, found: Any) -> None:
    look = run.look("between", between_points=13)
    final = read_weights(run.results["weights/final"], found)
    way = interpolate(found.objective, final["SGDM"][0], final["SAM"][0], 13)
    about, (line,), done = look.last("about"), look.all("line"), look.last("done")
    assert (about["first"], about["second"]) == ("SGDM, step 24", "SAM, step 24")
    assert about["statistics"] is None and about["examples"] == about["of_examples"] == found.objective.examples
    assert about["distance"] == pytest.approx(float((final["SGDM"][0] - final["SAM"][0]).norm()), rel=1e-5)
    np.testing.assert_allclose(decode(about["t"]), way.t, rtol=1e-6)
    np.testing.assert_allclose(decode(line["losses"]), way.losses, rtol=1e-5)
    assert line["way"] == "straight" and line["barrier"] == pytest.approx(way.barrier, abs=1e-6)
    assert "On the straight way from SGDM, step 24 to SAM, step 24" in done["sentence"]
    assert unpack(look.results["between"])["ways"]["straight"]["losses"] == pytest.approx(way.losses, rel=1e-6)


def test_the_curve_is_trained_and_told(run: Run, found: Any) -> None:
    settings = {"between_first": "LLQR+SAM", "between_second": "SGDM", "between_way": "curve", "between_steps": 40}
    look = run.look("between", between_points=11, between_sample="64", between_rate=0.02, between_seed=3, **settings)
    final = read_weights(run.results["weights/final"], found)
    over = sampled_objective(found.objective, 64, 3)
    ends = final["LLQR+SAM"][0], final["SGDM"][0]
    wanted = connect(over, *ends, 40, batch_size=128, learning_rate=0.02, points=11, seed=3)
    straight, curve = look.all("line")
    np.testing.assert_allclose(decode(curve["losses"]), wanted.losses, rtol=1e-4)
    assert [straight["way"], curve["way"]] == ["straight", "curve"]
    training = look.last("training")
    assert training["step"] == training["steps"] == 40 and training["loss"] > 0
    positions = [row["position"] for row in look.rows]
    assert positions == sorted(positions) and positions[-1] == 11 + 40 + 11 + 1
    assert look.last("about")["examples"] == 64 and "On the trained curve" in look.last("done")["sentence"]
    again = run.look("between", between_points=11, between_sample="64", between_rate=0.02, between_seed=3, **settings)
    assert again.all("line") == [straight, curve]


def test_a_stop_is_taken_up_between_two_points_and_two_steps(run: Run) -> None:
    settings = {"between_points": 11, "between_way": "curve", "between_steps": 10}
    whole = run.look("between", **settings)
    assert whole.questions > 30
    for after in (0, 5, 15, whole.questions - 1):
        with pytest.raises(LeaveJob):
            run.look("between", stop_after=after, **settings)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"between_first": "SAM", "between_second": "SAM"}, "the solutions must differ, and SAM is chosen twice"),
        ({"between_first": "LLQR"}, "LLQR was not trained in this run; it has SGDM, SAM, LLQR\\+SAM"),
        ({"between_second": "LLQR"}, "LLQR was not trained in this run"),
        ({"between_way": "curve", "between_rate": 1.0, "between_steps": 1000}, "use a smaller learning_rate"),
    ],
)
def test_what_cannot_be_gets_a_sentence(
    run: Run, settings: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "between_rate" in settings:  # this network's loss stays finite at any rate of the table
        monkeypatch.setattr("app.network.explore.between_job.connecting", diverging)
    with pytest.raises(ValueError, match=sentence):
        run.look("between", **settings)


def diverging(objective: Any, a: torch.Tensor, b: torch.Tensor, steps: int, *more: Any, **settings: Any) -> Any:
    """The library's steps at a rate that the table does not offer."""
    from geometry.connectivity import connecting

    return connecting(objective, a, b, steps, None, 1e30)


def test_one_method_alone_has_nothing_between() -> None:
    ground_module._RUNS.clear()
    run = Run(methods=["SGDM"], steps=2, snapshots=0)
    with pytest.raises(ValueError, match="the run has only SGDM"):
        run.look("between")
    ground_module._RUNS.clear()


def test_a_run_that_has_kept_nothing_yet_is_asked_too_early(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """All methods' first weights are the same point: there would be no barrier, and no way either."""
    ground_module._RUNS.clear()
    monkeypatch.setattr(run, "results", {})
    with pytest.raises(ValueError, match="no weights yet but the first"):
        run.look("between")
    ground_module._RUNS.clear()


def test_a_way_through_losses_that_are_no_numbers_says_so(run: Run, found: Any) -> None:
    a, b = (read_weights(run.results["weights/final"], found)[name][0] for name in ("SGDM", "SAM"))
    way = interpolate(found.objective, a, b * 1e30, 3)
    assert not np.isfinite(way.losses).all() and not np.isfinite(way.barrier)
    assert barrier_of(way)["barrier"] is None and barrier_of(way)["barrier_error"] is None
    spot = ground_module.Spot(a, {}, 1, "a")
    assert "the loss is no finite number at t = " in sentence(spot, spot, {"straight": way})


def test_statistics_of_batch_normalisation_belong_to_their_weights() -> None:
    """Taken anew at each point, or those of the beginning: two ways, and both are said."""
    ground_module._RUNS.clear()
    run = Run(network="resnet8-batchnorm", data="digits", methods=["SGDM", "SAM"], steps=2, snapshots=0, batch_size=16)
    found = make_problem(run.description)
    final = read_weights(run.results["weights/final"], found)
    (a, buffers), (b, _) = final["SGDM"], final["SAM"]
    over = sampled_objective(found.at(found.over("train"), buffers), 64, 0)
    for statistics in ("re-estimated", "kept"):
        look = run.look("between", between_points=11, between_sample="64", between_statistics=statistics)
        assert look.last("about")["statistics"] == statistics
        wanted = interpolate(over, a, b, 11, statistics=statistics)
        np.testing.assert_allclose(decode(look.last("line")["losses"]), wanted.losses, rtol=1e-4)
    ground_module._RUNS.clear()
