"""What several tables of controls offer: whose weights, which data, a seed."""

from __future__ import annotations

from app.network.training.settings import METHOD_NAMES
from app.state.control import NumberControl, whole_number

MEAN = "mean"
AUTO = "auto"
BEGINNING = "start"
DATA = (("train", "Training"), ("test", "Test"))
SAMPLES = (("all", "All"), ("64", "64"), ("256", "256"), ("1024", "1024"))
POINTS = ((MEAN, "Mean of the methods"), *((name, name) for name in METHOD_NAMES))
AROUND = (*POINTS, (BEGINNING, "The first weights"))
OTHERS = ((AUTO, "Next method of the run"), *((name, name) for name in METHOD_NAMES))
SAMPLE_HELP = "Whole data, or a sample of so many examples; a sample’s standard error is stated."


def seed_control(name: str, text: str, group: str) -> NumberControl:
    """A seed."""
    return whole_number(name, "Seed", 0, 9999, 0, text, group)
