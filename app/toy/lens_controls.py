"""The controls of what a lecturer looks through: the anatomy of a step. They change no path."""

from __future__ import annotations

from app.state.control import ChoiceControl, Control, NumberControl
from optimizers import METHODS

STAGES = ("gradient", "ball", "probe", "outer", "direction", "velocity", "step")
"""The vectors of one step, in the order in which they come to be."""

ANATOMY = ChoiceControl(
    "anatomy", "Anatomy of a step", (("off", "Off"), ("on", "On")), "off",
    "Draws the vectors of the step shown one by one: N shows the next, Shift+N takes it back.", "lens",
)  # fmt: skip
ANATOMY_STAGE = NumberControl(
    "anatomy_stage", "", "Vectors shown", 0, len(STAGES), len(STAGES), "How many of the vectors are drawn.",
    "lens", step=1, integer=True,
)  # fmt: skip


def anatomy_method() -> ChoiceControl:
    """Whose step is taken apart: any method, as the registry is now."""
    return ChoiceControl(
        "anatomy_method", "Anatomy of", tuple((name, f"Step of {name}") for name in METHODS), "LLQR+SAM",
        "The method whose step is taken apart.", "lens",
    )  # fmt: skip


MOST_WALKERS = 256
CLOUD = (
    NumberControl(
        "cloud", "W", "Cloud of walkers", 0, MOST_WALKERS, 0,
        "So many walkers of each method at once, each with noise of its own; 0 draws none.", "lens",
        step=16, integer=True,
    ),
    NumberControl(
        "cloud_spread", "", "Spread of their starts", 0.0, 0.2, 0.01,
        "Standard deviation of the cloud’s starts around the start, as a part of the domain’s longest side.", "lens",
        step=0.005,
    ),
)  # fmt: skip

COST = ChoiceControl(
    "cost", "Cost in", (("steps", "Steps"), ("evaluations", "Gradients"), ("seconds", "Seconds")), "steps",
    "The unit of charts, playback and table: steps, gradient evaluations (curvature products count), or seconds.",
    "lens",
)  # fmt: skip


def lens_controls() -> tuple[Control, ...]:
    """All of them, in the table's order."""
    return COST, *CLOUD, ANATOMY, anatomy_method(), ANATOMY_STAGE
