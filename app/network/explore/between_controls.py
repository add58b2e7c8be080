"""What may be asked of the way between two solutions."""

from __future__ import annotations

from app.network.explore.choices import AUTO, OTHERS, SAMPLE_HELP, SAMPLES, seed_control
from app.state.control import ChoiceControl, Control, NumberControl, whole_number

BETWEEN_CONTROLS: tuple[Control, ...] = (
    ChoiceControl(
        "between_first", "From", OTHERS, AUTO, "Whose last kept weights the way begins at.", "explore-between"
    ),
    ChoiceControl("between_second", "To", OTHERS, AUTO, "Whose last kept weights it ends at.", "explore-between"),
    ChoiceControl(
        name="between_way",
        label="Way",
        options=(("straight", "Straight"), ("curve", "And a curve")),
        default="straight",
        help="The straight line, or beside it a quadratic Bézier curve whose middle is trained for a low loss.",
        group="explore-between",
    ),
    whole_number(
        "between_points", "Points", 11, 101, 25, "Places on the way where the loss is computed.", "explore-between"
    ),
    ChoiceControl("between_sample", "Examples", SAMPLES, "all", SAMPLE_HELP, "explore-between"),
    ChoiceControl(
        name="between_statistics",
        label="Running statistics",
        options=(("re-estimated", "Taken anew"), ("kept", "Kept")),
        default="re-estimated",
        help="Of batch normalisation: statistics of another place make a barrier on the way that is none.",
        group="explore-between",
    ),
    NumberControl(
        name="between_steps",
        symbol="",
        label="Steps of the curve",
        minimum=10,
        maximum=1000,
        default=200,
        help="Of momentum, for the curve’s middle: one place of the curve and one mini-batch a step.",
        group="explore-curve",
        step=1,
        integer=True,
    ),
    NumberControl(
        "between_rate", "η", "Learning rate of the curve", 1e-4, 1.0, 0.05, "Of those steps.", "explore-curve", "log"
    ),
    seed_control("between_seed", "Seed of a data sample and of the curve’s steps.", "explore-between"),
)
