"""What may be asked of potholes: how many directions, how the average curvature is taken, over how many batches."""

from __future__ import annotations

from app.network.explore.choices import SAMPLE_HELP, SAMPLES
from app.state.control import ChoiceControl, Control, NumberControl, whole_number


def _count(name: str, label: str, minimum: int, maximum: int, default: int, words: str) -> NumberControl:
    return whole_number(f"potholes_{name}", label, minimum, maximum, default, words, "explore-potholes")


POTHOLES_CONTROLS: tuple[Control, ...] = (
    _count("count", "Directions", 1, 32, 8, "Of each kind: potholes, sharp on average, random."),
    _count(
        "points",
        "Points on the way",
        1,
        20,
        4,
        "Over how many earlier points of the path, at which U was learned, the average curvature is taken at most.",
    ),
    _count("batches", "Mini-batches", 2, 200, 24, "On how many mini-batches a probe is made, with U and without."),
    ChoiceControl("potholes_sample", "Examples", SAMPLES, "256", SAMPLE_HELP, "explore-potholes"),
    _count("seed", "Seed", 0, 9999, 0, "Seed of the random directions and of a data sample."),
)
