"""The table of transitions, and that the registry does what it says."""

from __future__ import annotations

import pytest

from app.jobs.states import ENDED, TRANSITIONS, Event, State
from tests.app.jobs.place import Place


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
