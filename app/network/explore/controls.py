"""What may be asked of a run: one table for widgets, links, requests and the descriptions of jobs.

Pure Python: worker processes read it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from app.jobs.kinds import Description, asked_run
from app.network.explore.between_controls import BETWEEN_CONTROLS
from app.network.explore.choices import AROUND, AUTO, DATA, MEAN, OTHERS, POINTS, SAMPLE_HELP, SAMPLES, seed_control
from app.network.explore.cuts_controls import CUTS_CONTROLS
from app.network.explore.potholes_controls import POTHOLES_CONTROLS
from app.network.training.recorded_runs import recorded_runs
from app.state.control import ChoiceControl, Control, NumberControl, short, whole_number
from app.state.schema import Reader

SLICE_CONTROLS: tuple[Control, ...] = (
    ChoiceControl(
        name="slice_kind",
        label="Plane",
        options=(
            ("pca", "PCA of the paths"),
            ("random", "Random directions"),
            ("hessian", "Top Hessian eigenvectors"),
            ("three-points", "Through three solutions"),
            ("gradient-sam", "Gradient and SAM direction"),
        ),
        default="pca",
        help="Which directions of weight space are drawn.",
        group="explore-plane",
    ),
    ChoiceControl(
        name="slice_axes",
        label="Drawn",
        options=(("2", "Plane"), ("1", "Line")),
        default="2",
        help="Two directions, or the first one only.",
        group="explore-plane",
    ),
    ChoiceControl(
        "slice_point", "Around", AROUND, MEAN, "Whose weights lie in the middle of the directions.", "explore-plane"
    ),
    NumberControl(
        name="slice_moment",
        symbol="",
        label="Moment",
        minimum=0,
        maximum=100,
        default=100,
        help="Part of the run; the kept weights nearest to it are taken.",
        group="explore-plane",
        step=1,
        unit="%",
        integer=True,
    ),
    ChoiceControl(
        name="slice_normalisation",
        label="Scaling",
        options=(("filter", "Filter"), ("layer", "Layer"), ("none", "None")),
        default="filter",
        help="Random directions: scaled to the weights filter by filter, layer by layer, or of length 1.",
        group="explore-random",
    ),
    seed_control("slice_seed", "Seed of random directions, of a data sample and of fresh points.", "explore-random"),
    ChoiceControl(
        "slice_second", "Second solution", OTHERS, AUTO, "Another method’s weights at that moment.", "explore-three"
    ),
    ChoiceControl(
        "slice_third", "Third solution", OTHERS, AUTO, "A third method’s weights at that moment.", "explore-three"
    ),
    NumberControl(
        "slice_radius", "ρ", "SAM radius", 1e-3, 2.0, 0.1, "Where SAM takes its gradient.", "explore-sam", "log"
    ),
    ChoiceControl(
        name="slice_frame",
        label="Frame",
        options=((AUTO, "Auto"), ("paths", "Paths"), ("point", "Point")),
        default=AUTO,
        help="Around the projected paths or around the point. Auto: paths for PCA and three solutions.",
        group="explore-frame",
    ),
    NumberControl(
        name="slice_span",
        symbol="",
        label="Span",
        minimum=1e-3,
        maximum=10.0,
        default=1.0,
        help="Half the width: times the paths’ extent, or in the directions’ own units around the point.",
        group="explore-frame",
        scale="log",
    ),
    whole_number("slice_points", "Points per axis", 11, 101, 51, "Grid of the picture.", "explore-frame"),
    ChoiceControl("slice_data", "Data", DATA, "train", "Which half of the data the loss is over.", "explore-data"),
    ChoiceControl("slice_sample", "Examples", SAMPLES, "all", SAMPLE_HELP, "explore-data"),
    ChoiceControl(
        name="slice_way",
        label="Evaluation",
        options=(("progressive", "Progressive"), ("adaptive", "Adaptive"), ("exact", "Exact")),
        default="progressive",
        help="Progressive: coarse at once, then exact. Adaptive: fewer points, with the error measured on fresh ones. "
        "Exact: every point, drawn at the end.",
        group="explore-data",
    ),
    NumberControl(
        name="slice_tolerance",
        symbol="",
        label="Tolerance",
        minimum=0.1,
        maximum=20.0,
        default=1.0,
        help="Largest error of the adaptive picture, of its range.",
        group="explore-adaptive",
        scale="log",
        unit="%",
    ),
    ChoiceControl(
        name="slice_scale",
        label="Loss scale",
        options=(("log", "Log"), ("linear", "Linear")),
        default="log",
        help="Heights and colours.",
        group="explore-look",
    ),
)

CURVATURE_CONTROLS: tuple[Control, ...] = (
    ChoiceControl(
        name="curvature_when",
        label="Where",
        options=(("end", "At the end"), ("along", "Along the run")),
        default="end",
        help="At the last kept weights of every method, or at some of the kept weights on the way too.",
        group="explore-curvature",
    ),
    whole_number("curvature_moments", "Moments", 2, 20, 5, "At how many moments along the run.", "explore-curvature"),
    whole_number("curvature_count", "Eigenvalues", 1, 10, 3, "How many of the largest.", "explore-curvature"),
    NumberControl(
        name="curvature_tolerance",
        symbol="",
        label="Residual",
        minimum=1e-6,
        maximum=0.1,
        default=1e-3,
        help="An eigenvalue counts as converged when its residual is at most this part of the largest.",
        group="explore-curvature",
        scale="log",
    ),
    whole_number("curvature_probes", "Trace vectors", 2, 256, 32, "Random vectors for the trace.", "explore-curvature"),
    NumberControl(
        name="curvature_lanczos",
        symbol="",
        label="Lanczos steps",
        minimum=0,
        maximum=128,
        default=48,
        help="For the spectral density at the end; 0: none.",
        group="explore-curvature",
        step=1,
        integer=True,
    ),
    NumberControl(
        name="curvature_starts",
        symbol="",
        label="Lanczos starts",
        minimum=2,
        maximum=16,
        default=4,
        help="Random starts that the density is the mean of.",
        group="explore-curvature",
        step=1,
        integer=True,
    ),
    NumberControl(
        name="curvature_radius",
        symbol="ρ",
        label="Ball radius",
        minimum=1e-3,
        maximum=2.0,
        default=0.1,
        help="SAM sharpness: the greatest rise within this radius.",
        group="explore-curvature",
        scale="log",
    ),
    whole_number(
        "curvature_ascent", "Ascent steps", 1, 50, 10, "Steps that look for the greatest rise.", "explore-curvature"
    ),
    ChoiceControl(
        "curvature_data", "Data", DATA, "train", "Which half of the data the loss is over.", "explore-curvature"
    ),
    ChoiceControl(
        "curvature_sample", "Examples", SAMPLES, "all", "Whole data, or so many examples.", "explore-curvature"
    ),
    seed_control("curvature_seed", "Seed of random vectors and of a data sample.", "explore-curvature"),
)

RESCALING_CONTROLS: tuple[Control, ...] = (
    ChoiceControl(
        "rescaling_point", "Network", POINTS, MEAN, "Whose last kept weights are rescaled.", "explore-rescaling"
    ),
    NumberControl(
        name="rescaling_factor",
        symbol="α",
        label="Factor",
        minimum=0.05,
        maximum=50.0,
        default=5.0,
        help="First layer times α, second layer divided by α.",
        group="explore-rescaling",
        scale="log",
    ),
    NumberControl(
        name="rescaling_radius",
        symbol="ρ",
        label="Ball radius",
        minimum=1e-3,
        maximum=2.0,
        default=0.1,
        help="SAM sharpness: the greatest rise within this radius.",
        group="explore-rescaling",
        scale="log",
    ),
    seed_control("rescaling_seed", "Seed of the random direction and vectors.", "explore-rescaling"),
)

TABLES: dict[str, tuple[Control, ...]] = {
    "slice": SLICE_CONTROLS,
    "curvature": CURVATURE_CONTROLS,
    "between": BETWEEN_CONTROLS,
    "rescaling": RESCALING_CONTROLS,
    "cuts": CUTS_CONTROLS,
    "potholes": POTHOLES_CONTROLS,
}
"""What may be asked of each kind of job that looks at a run."""
NO_YES = (("no", "No"), ("yes", "Yes"))
ASKED_CONTROLS: tuple[Control, ...] = tuple(
    ChoiceControl(
        f"{kind}_asked", f"{kind.title()} asked for", NO_YES, "no", "Whether a link shows it.", "explore-asked"
    )
    for kind in TABLES
)
"""What a page that is opened by a link asks for anew, once the run is there."""
EXPLORE_CONTROLS: tuple[Control, ...] = (*chain.from_iterable(TABLES.values()), *ASKED_CONTROLS)


OF_A_METHOD = (
    *("slice_point", "slice_second", "slice_third", "rescaling_point"),
    *("between_first", "between_second"),
)


def with_runs(controls: tuple[Control, ...]) -> tuple[Control, ...]:
    """The controls with the runs that were brought along among the methods to choose from."""
    names = tuple((name, name) for name in recorded_runs())
    return tuple(
        replace(control, options=(*control.options, *names))
        if isinstance(control, ChoiceControl) and control.name in OF_A_METHOD
        else control
        for control in controls
    )


def check_description(controls: tuple[Control, ...], description: Mapping[str, Any]) -> Description:
    """The cleaned description of a job {"run": training job, control: value, …}: every control there and in range.

    Strict where links are lenient: a value out of range is a ValueError too, with the control's sentence.
    """
    reader = Reader(description)
    reader.know("run")
    cleaned: Description = {"run": asked_run(description)}
    for control in with_runs(controls):
        cleaned[control.name] = reader.read(control)
        if reader.problems:
            raise ValueError(f"{control.name}: {reader.problems[0]}")
        if reader.notices:
            raise ValueError(f"{control.name} must be {control.wants}, not {short(description[control.name])}")
    unknown = reader.reading(cleaned).unknown
    if unknown:
        names = ", ".join(sorted(cleaned))
        raise ValueError(f"unknown setting {unknown[0][:40]!r}; there are {names}")
    return cleaned
