"""What a run keeps within a limit: final weights first, then the plane, then snapshots; what is dropped is said."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import pytest
from torch import nn

from app.network.training.readings import every
from app.network.training.room import EACH, fit_room
from geometry.networks import NetworkLoss
from tests.geometry.brought import classes, numbers

THETA = 4 * 66
WEIGHTS = 2 * (THETA + EACH)
PLANE = 3 * THETA + EACH
ASKED = {"methods": ["SGDM", "SAM"], "steps": 100, "snapshots": 20, "plane": {"kind": "random"}}


@pytest.fixture(scope="module")
def objective() -> NetworkLoss:
    """66 parameters."""
    return NetworkLoss(nn.Linear(10, 6), numbers(20, 10), classes(20))


def kept_steps(description: dict[str, Any]) -> list[int]:
    """Where a run of this description keeps snapshots, as the job counts them."""
    between = description.get("snapshot_every", every(description["steps"], description["snapshots"]))
    return [step for step in range(1, description["steps"]) if between and step % between == 0]


def test_where_there_is_room_nothing_changes(objective) -> None:
    assert fit_room(ASKED, objective, 10**6) == (ASKED, [])


def test_as_many_snapshots_as_there_is_room_for_evenly_spaced(objective) -> None:
    for steps, snapshots, most in product((1, 2, 7, 20, 100, 101), (0, 1, 3, 20, 60), (0, 1, 2, 5)):
        asked = {**ASKED, "steps": steps, "snapshots": snapshots}
        given, said = fit_room(asked, objective, WEIGHTS + PLANE + most * WEIGHTS + WEIGHTS // 2)
        before, after = kept_steps(asked), kept_steps(given)
        assert len(after) <= most and given["plane"] == asked["plane"]
        assert (after == before) == (len(before) <= most) == (not said), (steps, snapshots, most)
        if said:
            words = str(len(after)) if after else "none"
            assert f"Of {len(before)} snapshots {words} " in said[0] and "POTHOLE_KEPT_BYTES" in said[0]
        if most and before:
            assert after and {b - a for a, b in pairwise(after)} <= {after[0]}, (steps, snapshots, most)


def test_final_weights_go_before_the_plane_and_are_missed_from_the_start(objective) -> None:
    given, said = fit_room(ASKED, objective, WEIGHTS + PLANE - 1)
    assert given["plane"] is None and given["snapshot_every"] == 0
    assert "not watched on a plane" in said[0] and "Of 19 snapshots none are kept" in said[1]
    given, said = fit_room(ASKED, objective, WEIGHTS - 1)
    assert given == ASKED
    assert len(said) == 1 and said[0].startswith("The final weights") and "POTHOLE_KEPT_BYTES" in said[0]
    _, said = fit_room({**ASKED, "bad_start": 5}, objective, 2 * WEIGHTS - 1)
    assert said[0].startswith("The final weights"), "those that the run begins with are kept, too"
