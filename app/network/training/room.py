"""What a run keeps within POTHOLE_KEPT_BYTES: final weights first, then the plane it is watched on, then snapshots."""

from __future__ import annotations

from app.jobs.kinds import Description
from app.network.training.readings import every
from geometry.networks import NetworkLoss

VARIABLE = "POTHOLE_KEPT_BYTES"
EACH = 2000
"""Bytes of an archive beside its arrays, for each method."""


def fit_room(description: Description, objective: NetworkLoss, room: int) -> tuple[Description, list[str]]:
    """The description with "snapshot_every" (0: never) where there is no room for all snapshots beside the final
    weights, and without a plane where there is none for it; and sentences about what is not kept."""
    theta = objective.initial.nbytes
    weights = len(description["methods"]) * (theta + sum(x.nbytes for x in objective.buffers.values()) + EACH)
    plane = 3 * theta + EACH if description["plane"] else 0
    left = room - weights - (weights if description.get("bad_start") else 0)
    limit = f"{VARIABLE} is {in_words(room)}"
    if left < 0:
        return description, [
            f"The final weights, {in_words(weights)}, will not be kept: {limit}. The run can be watched; slices and "
            "curvature of it need a larger one."
        ]
    sentences = []
    if plane > left:
        plane, description = 0, {**description, "plane": None}
        sentences.append(f"The run is not watched on a plane, as that takes {in_words(3 * theta)}: {limit}.")
    steps, most = description["steps"], (left - plane) // weights
    between = every(steps, description["snapshots"])
    asked = (steps - 1) // between if between else 0
    if asked > most:
        between = -(-steps // (most + 1)) if most else 0
        kept = (steps - 1) // between if between else 0
        sentences.append(
            f"Of {asked} snapshots {kept or 'none'} {'is' if kept == 1 else 'are'} kept, as one takes "
            f"{in_words(weights)}: {limit}. The final weights are kept."
        )
        description = {**description, "snapshot_every": between}
    return description, sentences


def in_words(size: int) -> str:
    """Bytes in words: 93.2 MB."""
    return f"{size / 1e6:.3g} MB" if size < 1e9 else f"{size / 1e9:.3g} GB"
