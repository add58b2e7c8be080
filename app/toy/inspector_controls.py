"""Controls of what looks closer at the same run: a cloud of walkers, the charts' axis, the pace of playback."""

from __future__ import annotations

from app.state.control import ChoiceControl, NumberControl

MOST_WALKERS = 256
CLOUD = (
    NumberControl(
        name="cloud",
        symbol="W",
        label="Cloud of walkers",
        minimum=0,
        maximum=MOST_WALKERS,
        default=0,
        help="So many walkers of each method at once, each with noise of its own; 0 draws none.",
        group="inspector",
        step=16,
        integer=True,
    ),
    NumberControl(
        name="cloud_spread",
        symbol="",
        label="Spread of their starts",
        minimum=0.0,
        maximum=0.2,
        default=0.01,
        help="Standard deviation of the cloud’s starts around the start, as a part of the domain’s longest side.",
        group="inspector",
        step=0.005,
    ),
)
STEP_AXIS = ChoiceControl(
    name="step_axis",
    label="Step axis of charts",
    options=(("log", "Logarithmic"), ("linear", "Linear")),
    default="log",
    help="Logarithmic: log(1 + t), so that the first steps, in which most is decided, have room.",
    group="inspector",
)
PACE = ChoiceControl(
    name="pace",
    label="Pace of playback",
    options=(("slow", "Slow at first"), ("even", "Even")),
    default="slow",
    help="Slow at first: six steps a second in the first steps and before the first method arrives; then the speed.",
    group="inspector",
)
