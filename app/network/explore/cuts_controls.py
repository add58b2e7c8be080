"""What may be asked of the cuts through all methods' solutions."""

from __future__ import annotations

from app.network.explore.choices import SAMPLE_HELP, SAMPLES, seed_control
from app.state.control import ChoiceControl, Control, NumberControl, whole_number

CUTS_CONTROLS: tuple[Control, ...] = (
    NumberControl(
        name="cuts_directions",
        symbol="",
        label="Directions",
        minimum=1,
        maximum=30,
        default=6,
        help="Random directions that each curve is the mean of, the same draws for all methods, each filter by filter "
        "as long as the method’s own weights.",
        group="explore-cuts",
        step=1,
        integer=True,
    ),
    NumberControl(
        name="cuts_span",
        symbol="",
        label="Span",
        minimum=0.02,
        maximum=2.0,
        default=0.5,
        help="Half the width, in lengths of the weights: at 1 every filter is moved as far as it is long.",
        group="explore-cuts",
        scale="log",
    ),
    whole_number(
        "cuts_points", "Points", 11, 101, 31, "Places on each cut where both losses are computed.", "explore-cuts"
    ),
    NumberControl(
        name="cuts_probes",
        symbol="",
        label="Trace vectors",
        minimum=2,
        maximum=256,
        default=32,
        help="Random vectors for the trace relative to the weights.",
        group="explore-cuts",
        step=1,
        integer=True,
    ),
    ChoiceControl("cuts_sample", "Examples", SAMPLES, "all", SAMPLE_HELP, "explore-cuts"),
    seed_control("cuts_seed", "Seed of directions, of random vectors and of a data sample.", "explore-cuts"),
)
