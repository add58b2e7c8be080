"""What may be asked of a run: one table for widgets, links, requests and the descriptions of jobs.

Pure Python: worker processes read it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.jobs.kinds import asked_run
from app.network.explore.between_controls import BETWEEN_CONTROLS
from app.network.explore.choices import AROUND, AUTO, DATA, MEAN, OTHERS, POINTS, SAMPLE_HELP, SAMPLES
from app.network.explore.cuts_controls import CUTS_CONTROLS
from app.network.explore.potholes_controls import POTHOLES_CONTROLS
from app.network.training.recorded_runs import recorded_runs
from app.state.control import ChoiceControl, Control, NumberControl, short
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
        name="slice_point",
        label="Around",
        options=AROUND,
        default=MEAN,
        help="Whose weights lie in the middle of the directions.",
        group="explore-plane",
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
    NumberControl(
        name="slice_seed",
        symbol="",
        label="Seed",
        minimum=0,
        maximum=9999,
        default=0,
        help="Seed of random directions, of a data sample and of fresh points.",
        group="explore-random",
        step=1,
        integer=True,
    ),
    ChoiceControl(
        name="slice_second",
        label="Second solution",
        options=OTHERS,
        default=AUTO,
        help="Another method's weights at that moment.",
        group="explore-three",
    ),
    ChoiceControl(
        name="slice_third",
        label="Third solution",
        options=OTHERS,
        default=AUTO,
        help="A third method's weights at that moment.",
        group="explore-three",
    ),
    NumberControl(
        name="slice_radius",
        symbol="ρ",
        label="SAM radius",
        minimum=1e-3,
        maximum=2.0,
        default=0.1,
        help="Where SAM takes its gradient.",
        group="explore-sam",
        scale="log",
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
        help="Half the width: times the paths' extent, or in the directions' own units around the point.",
        group="explore-frame",
        scale="log",
    ),
    NumberControl(
        name="slice_points",
        symbol="",
        label="Points per axis",
        minimum=11,
        maximum=101,
        default=51,
        help="Grid of the picture.",
        group="explore-frame",
        step=1,
        integer=True,
    ),
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
    NumberControl(
        name="curvature_moments",
        symbol="",
        label="Moments",
        minimum=2,
        maximum=20,
        default=5,
        help="At how many moments along the run.",
        group="explore-curvature",
        step=1,
        integer=True,
    ),
    NumberControl(
        name="curvature_count",
        symbol="",
        label="Eigenvalues",
        minimum=1,
        maximum=10,
        default=3,
        help="How many of the largest.",
        group="explore-curvature",
        step=1,
        integer=True,
    ),
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
    NumberControl(
        name="curvature_probes",
        symbol="",
        label="Trace vectors",
        minimum=2,
        maximum=256,
        default=32,
        help="Random vectors for the trace.",
        group="explore-curvature",
        step=1,
        integer=True,
    ),
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
    NumberControl(
        name="curvature_ascent",
        symbol="",
        label="Ascent steps",
        minimum=1,
        maximum=50,
        default=10,
        help="Steps that look for the greatest rise.",
        group="explore-curvature",
        step=1,
        integer=True,
    ),
    ChoiceControl(
        name="curvature_data",
        label="Data",
        options=DATA,
        default="train",
        help="Which half of the data the loss is over.",
        group="explore-curvature",
    ),
    ChoiceControl(
        name="curvature_sample",
        label="Examples",
        options=SAMPLES,
        default="all",
        help="Whole data, or so many examples.",
        group="explore-curvature",
    ),
    NumberControl(
        name="curvature_seed",
        symbol="",
        label="Seed",
        minimum=0,
        maximum=9999,
        default=0,
        help="Seed of random vectors and of a data sample.",
        group="explore-curvature",
        step=1,
        integer=True,
    ),
)

RESCALING_CONTROLS: tuple[Control, ...] = (
    ChoiceControl(
        name="rescaling_point",
        label="Network",
        options=POINTS,
        default=MEAN,
        help="Whose last kept weights are rescaled.",
        group="explore-rescaling",
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
    NumberControl(
        name="rescaling_seed",
        symbol="",
        label="Seed",
        minimum=0,
        maximum=9999,
        default=0,
        help="Seed of the random direction and vectors.",
        group="explore-rescaling",
        step=1,
        integer=True,
    ),
)

NO_YES = (("no", "No"), ("yes", "Yes"))
ASKED_CONTROLS: tuple[Control, ...] = tuple(
    ChoiceControl(f"{kind}_asked", f"{title} asked for", NO_YES, "no", "Whether a link shows it.", "explore-asked")
    for kind, title in (
        *(("slice", "Slice"), ("curvature", "Curvature")),
        *(("between", "Between"), ("rescaling", "Rescaling"), ("cuts", "Cuts")),
        ("potholes", "Potholes"),
    )
)
"""What a page that is opened by a link asks for anew, once the run is there."""

EXPLORE_CONTROLS: tuple[Control, ...] = (
    *(*SLICE_CONTROLS, *CURVATURE_CONTROLS, *BETWEEN_CONTROLS, *RESCALING_CONTROLS, *CUTS_CONTROLS),
    *POTHOLES_CONTROLS,
    *ASKED_CONTROLS,
)


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


def check_description(controls: tuple[Control, ...], description: Mapping[str, Any]) -> dict[str, Any]:
    """The cleaned description of a job {"run": training job, control: value, …}: every control there and in range.

    Strict where links are lenient: a value out of range is a ValueError too, with the control's sentence.
    """
    reader = Reader(description)
    reader.know("run")
    cleaned: dict[str, Any] = {"run": asked_run(description)}
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
