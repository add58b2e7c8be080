"""What may be asked of a fair comparison: what is tuned for, with which effort, on how many seeds it is judged."""

from __future__ import annotations

from app.network.explore.controls import NO_YES
from app.network.training.settings import Number
from app.state.control import ChoiceControl, Control, NumberControl

GOALS = {"test_accuracy": "Test accuracy", "test_loss": "Test loss", "train_loss": "Training loss"}
EFFORTS = ("18", "32", "50")
"""Settings tried for each method: 6 × 3, 8 × 4, 10 × 5 learning rates and radii, or as many learning rates."""
FAIRNESS_SEEDS = Number(4, 2, 32, whole=True)
FAIRNESS_CONTROLS: tuple[Control, ...] = (
    ChoiceControl(
        name="fairness_goal",
        label="Tuned for",
        options=tuple(GOALS.items()),
        default="test_accuracy",
        help="What makes one setting better than another, and what the tuned methods are compared in.",
        group="fairness",
    ),
    ChoiceControl(
        name="fairness_effort",
        label="Settings tried",
        options=tuple((effort, effort) for effort in EFFORTS),
        default="32",
        help="For each method the same number: a grid of learning rates and radii, or as many learning rates where a "
        "method has no radius. All make a ninth of the steps, the best third a third, and of these the best third all.",
        group="fairness",
    ),
    NumberControl(
        name="fairness_seeds",
        symbol="",
        label="Seeds",
        minimum=FAIRNESS_SEEDS.minimum,
        maximum=FAIRNESS_SEEDS.maximum,
        default=FAIRNESS_SEEDS.default,
        help="On how many seeds the tuned methods are judged, from the page’s seed on. Tuned is on another one.",
        group="fairness",
        step=1,
        integer=True,
    ),
    ChoiceControl(
        name="fairness_asked",
        label="Fair comparison asked for",
        options=NO_YES,
        default="no",
        help="Whether a link has the methods tuned and compared.",
        group="fairness-asked",
    ),
)
