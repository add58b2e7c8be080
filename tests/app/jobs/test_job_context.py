"""What a job's context tells of the time that is left."""

from __future__ import annotations

from app.jobs.context import JobContext

ASSIGNMENT = {"job": "j", "attempt": 1, "checkpoint": None, "checkpoint_position": 0, "position": -1, "applied": []}
ASSIGNMENT |= {"settings": {}, "version": 0, "noted": -1, "results": [], "kept_bytes": 1000}


def test_who_foresees_its_end_has_nothing_said_of_it_before() -> None:
    """What happens between the first row and the first steps, such as compiling, would be taken for the steps' pace."""
    plain, foreseeing = (JobContext(ASSIGNMENT, 1, 1e9) for _ in range(2))
    foreseeing.foresee(None)
    for context in (plain, foreseeing):
        context.total = 1000
        context.report(0)
        context.report(1)
    assert plain.news()["seconds_left"] is not None
    assert foreseeing.news()["seconds_left"] is None
    foreseeing.foresee(60.0)
    left = foreseeing.news()["seconds_left"]
    assert left is not None and left <= 60.0
