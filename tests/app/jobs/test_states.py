"""The table of transitions, and that the registry does what it says."""

from __future__ import annotations

import re

import pytest

from app.jobs.states import ENDED, TRANSITIONS, Event, State
from tests.app.jobs.place import Place
from tests.server import ROOT


@pytest.mark.parametrize("state", State)
def test_the_table_of_transitions_is_what_the_registry_does(state: State) -> None:
    """Every state with every event: a job in it comes to where the table says, and no ended job comes to life."""
    for event in Event:
        place = Place()
        job = place.registry.jobs[place.submit("a")]
        place.registry.jobs[job.id].state = state
        place.registry._apply(job, event)
        assert job.state is TRANSITIONS[state].get(event, state)
        assert (job.state in ENDED) == (not job.unfinished)
    assert state not in ENDED or not TRANSITIONS[state]


def test_every_state_can_be_reached_and_left() -> None:
    reached, border = set(), {State.QUEUED}
    while border:
        reached |= border
        border = {after for state in border for after in TRANSITIONS[state].values()} - reached
    assert reached == set(State)
    assert {state for state in State if not TRANSITIONS[state]} == {State.FINISHED, State.STOPPED, State.FAILED}


def test_the_manual_prints_the_table() -> None:
    page = (ROOT / "docs" / "internals" / "architecture.md").read_text(encoding="utf-8")
    section = page.split("## States of a job\n")[1].split("\n## ")[0]
    printed = {}
    for state, leads_on in re.findall(r"^\| (\w+) \| (.*) \|$", section, re.MULTILINE)[1:]:
        printed[state] = dict(re.findall(r"([\w ]+) → (\w+)(?:, |$)", leads_on))
    assert printed == {state: dict(leads_on) for state, leads_on in TRANSITIONS.items()}
