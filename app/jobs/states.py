"""The states of a job, and the one table of what leads from each to which other."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a job is. The states between running and off the worker are what has been requested of a running job."""

    QUEUED = "queued"
    RUNNING = "running"
    YIELDING = "yielding"
    PAUSING = "pausing"
    STOPPING = "stopping"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def shown(self) -> State:
        """The state that pages are told: a job that is to leave its worker runs until it has left."""
        return State.RUNNING if self in ON_WORKER else self


class Event(StrEnum):
    """What happens to a job.

    TAKE: a worker takes it.  PAUSE, RESUME, STOP: its owner requests it, or a rule does.  MAKE_WAY: another visitor's
    job waits.  LEAVE: it is off its worker, because it did what was requested, or the worker or the engine has ended.
    FINISH, FAIL: the run has ended.
    """

    TAKE = "take"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    MAKE_WAY = "make way"
    LEAVE = "leave"
    FINISH = "finish"
    FAIL = "fail"


ENDS = {Event.FINISH: State.FINISHED, Event.FAIL: State.FAILED}

TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.QUEUED: {Event.TAKE: State.RUNNING, Event.PAUSE: State.PAUSED, Event.STOP: State.STOPPED},
    State.RUNNING: {
        Event.MAKE_WAY: State.YIELDING,
        Event.PAUSE: State.PAUSING,
        Event.STOP: State.STOPPING,
        Event.LEAVE: State.QUEUED,
        **ENDS,
    },
    State.YIELDING: {Event.PAUSE: State.PAUSING, Event.STOP: State.STOPPING, Event.LEAVE: State.QUEUED, **ENDS},
    State.PAUSING: {Event.RESUME: State.RUNNING, Event.STOP: State.STOPPING, Event.LEAVE: State.PAUSED, **ENDS},
    State.STOPPING: {Event.LEAVE: State.STOPPED, **ENDS},
    State.PAUSED: {Event.RESUME: State.QUEUED, Event.STOP: State.STOPPED},
    State.FINISHED: {},
    State.STOPPED: {},
    State.FAILED: {},
}
"""What is not named here changes nothing: a running job that is resumed runs, a stopping one is not paused."""

LEAVING = frozenset({State.YIELDING, State.PAUSING, State.STOPPING})
ON_WORKER = LEAVING | {State.RUNNING}
ENDED = frozenset(state for state, leads_on in TRANSITIONS.items() if not leads_on)


def next_state(state: State, event: Event) -> State:
    """The state after an event."""
    return TRANSITIONS[state].get(event, state)
