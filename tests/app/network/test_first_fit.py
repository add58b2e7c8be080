"""The fit to random labels before a run: a phase of its own, made once however often the job is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from app.jobs.context import JobContext, LeaveJob
from app.jobs.packing import unpack
from app.network.training import first_fit
from tests.app.network.test_train_job import Registry, weights, without_seconds

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("network", ["mlp", "resnet8-batchnorm"])
def test_a_bad_start_is_a_phase_of_its_own_that_is_made_once(network: str, monkeypatch) -> None:
    """Left in the middle of the first fit, and again in the run: the same run, and no step of the fit twice."""
    setting = {"network": network, "data": "digits", "bad_start": 6, "methods": ["SGDM", "SAM"], "batch_size": 8}
    setting |= {"steps": 4, "evaluations": 2, "snapshots": 0}
    steps: list[int] = []
    make = first_fit.fit_random_labels

    def counted(*asked: Any, **more: Any) -> Any:
        training = make(*asked, **more)
        advance = training.advance
        training.advance = lambda name: (steps.append(training.state(name).index), advance(name))[1]
        return training

    monkeypatch.setattr(first_fit, "fit_random_labels", counted)
    whole = Registry(**setting)
    whole.attempt()
    assert steps == list(range(6))
    phases = [data for kind, data in whole.entries if kind == "phase"]
    assert (phases[0]["done"], phases[0]["total"]) == (0, 6)
    kinds = [kind for kind, _ in whole.entries]
    assert kinds.index("progress") > max(k for k, kind in enumerate(kinds) if kind == "phase"), "then the run"
    steps.clear()
    broken = Registry(**setting)
    for done in (0, 3):  # asked to leave before the first step of the fit, and after some of them
        asked = iter([False] * done + [True])

        def leaves(job: JobContext, asked: Iterator[bool] = asked) -> bool:
            if next(asked, False):
                job.request_leave()
                return True
            return False

        with monkeypatch.context() as patch:
            patch.setattr(JobContext, "wants_checkpoint", leaves)
            broken.attempt()
        assert broken.job["checkpoint_position"] == 0 and broken.rows == []
    assert steps == [0, 1, 2]
    broken.attempt(leave_at=2)
    assert steps == list(range(6)) and 0 < broken.rows[-1]["position"] < 4
    broken.attempt()
    assert steps == list(range(6)), "the fit is not made again"
    assert without_seconds(broken.rows) == without_seconds(whole.rows)
    assert broken.results["weights/start"] == whole.results["weights/start"]
    end, expected = weights(broken.results["weights/final"]), weights(whole.results["weights/final"])
    for name in expected:
        np.testing.assert_array_equal(end[name], expected[name], err_msg=name)
    (start,) = weights(whole.results["weights/start"]).values()
    np.testing.assert_array_equal(unpack(whole.results["plane"])["origin"], start)
    assert sum("fitted to random labels in 6 steps" in data.get("sentence", "") for _, data in broken.entries) == 1


def test_what_the_fit_came_to_is_never_missing_beside_its_checkpoint(monkeypatch) -> None:
    """Of a worker that is killed as soon as the checkpoint is kept: whatever looks at the run needs the result, too."""
    killed = Registry(network="mlp", data="digits", bad_start=3, steps=2)
    keep = JobContext.keep_checkpoint

    def keep_and_die(job: JobContext, position: int, data: bytes) -> None:
        keep(job, position, data)
        if "start" in unpack(data):
            raise LeaveJob

    monkeypatch.setattr(JobContext, "keep_checkpoint", keep_and_die)
    killed.attempt()
    assert "start" in unpack(killed.job["checkpoint"]) and first_fit.START in killed.results


def test_a_first_fit_that_diverges_ends_the_run_with_a_sentence() -> None:
    wild = Registry(bad_start=40, bad_start_rate=10.0, network="resnet8", data="digits", inputs="badly scaled")
    with pytest.raises(ValueError, match=r"random labels diverged after .* choose a smaller learning rate"):
        wild.attempt()
