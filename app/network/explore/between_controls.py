"""What may be asked of the way between two solutions."""

from __future__ import annotations

from app.network.explore.choices import AUTO, OTHERS, SAMPLE_HELP, SAMPLES
from app.state.control import ChoiceControl, Control, NumberControl

BETWEEN_CONTROLS: tuple[Control, ...] = (
    ChoiceControl(
        name="between_first",
        label="From",
        options=OTHERS,
        default=AUTO,
        help="Whose last kept weights the way begins at.",
        group="explore-between",
    ),
    ChoiceControl(
        name="between_second",
        label="To",
        options=OTHERS,
        default=AUTO,
        help="Whose last kept weights it ends at.",
        group="explore-between",
    ),
    ChoiceControl(
        name="between_way",
        label="Way",
        options=(("straight", "Straight"), ("curve", "And a curve")),
        default="straight",
        help="The straight line, or beside it a quadratic Bézier curve whose middle is trained for a low loss.",
        group="explore-between",
    ),
    NumberControl(
        name="between_points",
        symbol="",
        label="Points",
        minimum=11,
        maximum=101,
        default=25,
        help="Places on the way where the loss is computed.",
        group="explore-between",
        step=1,
        integer=True,
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
        help="Of momentum, for the curve's middle: one place of the curve and one mini-batch a step.",
        group="explore-curve",
        step=1,
        integer=True,
    ),
    NumberControl(
        name="between_rate",
        symbol="η",
        label="Learning rate of the curve",
        minimum=1e-4,
        maximum=1.0,
        default=0.05,
        help="Of those steps.",
        group="explore-curve",
        scale="log",
    ),
    NumberControl(
        name="between_seed",
        symbol="",
        label="Seed",
        minimum=0,
        maximum=9999,
        default=0,
        help="Seed of a data sample and of the curve's steps.",
        group="explore-between",
        step=1,
        integer=True,
    ),
)
