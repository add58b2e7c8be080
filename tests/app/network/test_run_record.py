"""A run's kept weights: asked for together, in answers of bounded size, and the same as one by one."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.packing import unpack
from app.network.explore import run_record
from app.network.explore.run_record import ASKED_BYTES, RunRecord, grouped
from app.network.training.problem import make_problem
from tests.app.network.exploring import RUN, Run, context_of

sizes = st.dictionaries(st.integers(1, 50), st.integers(0, 2 * ASKED_BYTES), max_size=12)


@given(sizes)
def test_groups_hold_every_step_once_in_order_and_are_bounded(known: dict[int, int]) -> None:
    groups = grouped(sorted(known), known)
    assert [step for group in groups for step in group] == sorted(known)
    for group in groups:
        assert len(group) == 1 or sum(known[step] for step in group) <= ASKED_BYTES
    for one, other in itertools.pairwise(groups):
        assert sum(known[step] for step in [*one, other[0]]) > ASKED_BYTES, "two questions where one would do"


@pytest.fixture(scope="module")
def run() -> Run:
    return Run()


def test_of_a_run_with_a_bad_start_the_first_weights_are_those_it_began_from() -> None:
    run_record._RUNS.clear()
    run = Run(bad_start=4)
    found = run_record.fetch_run(RUN, context_of(run.ask))
    (kept,) = unpack(run.results["weights/start"]).values()
    assert torch.equal(found.start.position, torch.from_numpy(kept["position"].copy()))
    assert not torch.equal(found.start.position, make_problem(run.description).objective.initial)
    run_record._RUNS.clear()
    del run.results["weights/start"]
    with pytest.raises(ValueError, match="still being fitted to random labels"):
        run_record.fetch_run(RUN, context_of(run.ask))


def test_all_kept_weights_come_with_one_question_and_are_what_single_ones_give(run: Run, monkeypatch) -> None:
    asked: list[str] = []

    def ask(action, message):
        asked.append(action)
        return run.ask(action, message)

    def kept() -> dict:
        run_record._RUNS.clear()
        context = context_of(ask)
        found: RunRecord = run_record.fetch_run(RUN, context)
        assert len(found.steps) > 3
        return found.kept(found.steps, context)

    together = kept()
    assert asked.count("results") == 1 and "result" not in asked
    asked.clear()
    monkeypatch.setattr(run_record, "ASKED_BYTES", 1)
    singly = kept()
    assert asked.count("results") == len(singly) - 1, "all but the first weights, which need no question"
    for step, spots in together.items():
        for name, spot in spots.items():
            assert torch.equal(spot.position, singly[step][name].position) and spot.step == step
    run_record._RUNS.clear()
