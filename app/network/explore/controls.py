"""What may be asked of a run: one table for widgets, links, requests and the descriptions of jobs.

Pure Python: worker processes read it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.jobs.kinds import asked_run
from app.network.training.settings import METHOD_NAMES
from app.state.control import ChoiceControl, Control, NumberControl, short
from app.state.schema import Reader

MEAN = "mean"
AUTO = "auto"
DATA = (("train", "Training"), ("test", "Test"))
SAMPLES = (("all", "All"), ("64", "64"), ("256", "256"), ("1024", "1024"))
POINTS = ((MEAN, "Mean of the methods"), *((name, name) for name in METHOD_NAMES))
OTHERS = ((AUTO, "Next method of the run"), *((name, name) for name in METHOD_NAMES))
SAMPLE_HELP = "Whole data, or a sample of so many examples; a sample's standard error is stated."

SLICE_CONTROLS: tuple[Control, ...] = (
    ChoiceControl(
        "slice_kind", "Plane",
        (("pca", "PCA of the paths"), ("random", "Random directions"), ("hessian", "Top Hessian eigenvectors"),
         ("three-points", "Through three solutions"), ("gradient-sam", "Gradient and SAM direction")),
        "pca", "Which directions of weight space are drawn.", "explore-plane",
    ),
    ChoiceControl(
        "slice_axes", "Drawn", (("2", "Plane"), ("1", "Line")), "2", "Two directions, or the first one only.",
        "explore-plane",
    ),
    ChoiceControl(
        "slice_point", "Around", POINTS, MEAN, "Whose weights lie in the middle of the directions.", "explore-plane",
    ),
    NumberControl(
        "slice_moment", "", "Moment", 0, 100, 100, "Part of the run; the kept weights nearest to it are taken.",
        "explore-plane", step=1, unit="%", integer=True,
    ),
    ChoiceControl(
        "slice_normalisation", "Scaling", (("filter", "Filter"), ("layer", "Layer"), ("none", "None")), "filter",
        "Random directions: scaled to the weights filter by filter, layer by layer, or of length 1.", "explore-random",
    ),
    NumberControl(
        "slice_seed", "", "Seed", 0, 9999, 0, "Seed of random directions, of a data sample and of fresh points.",
        "explore-random", step=1, integer=True,
    ),
    ChoiceControl(
        "slice_second", "Second solution", OTHERS, AUTO, "Another method's weights at that moment.", "explore-three",
    ),
    ChoiceControl(
        "slice_third", "Third solution", OTHERS, AUTO, "A third method's weights at that moment.", "explore-three",
    ),
    NumberControl(
        "slice_radius", "ρ", "SAM radius", 1e-3, 2.0, 0.1, "Where SAM takes its gradient.", "explore-sam", "log",
    ),
    ChoiceControl(
        "slice_frame", "Frame", ((AUTO, "Auto"), ("paths", "Paths"), ("point", "Point")), AUTO,
        "Around the projected paths or around the point. Auto: paths for PCA and three solutions.", "explore-frame",
    ),
    NumberControl(
        "slice_span", "", "Span", 1e-3, 10.0, 1.0,
        "Half the width: times the paths' extent, or in the directions' own units around the point.", "explore-frame",
        "log",
    ),
    NumberControl(
        "slice_points", "", "Points per axis", 11, 101, 51, "Grid of the picture.", "explore-frame", step=1,
        integer=True,
    ),
    ChoiceControl("slice_data", "Data", DATA, "train", "Which half of the data the loss is over.", "explore-data"),
    ChoiceControl("slice_sample", "Examples", SAMPLES, "all", SAMPLE_HELP, "explore-data"),
    ChoiceControl(
        "slice_way", "Evaluation", (("progressive", "Progressive"), ("adaptive", "Adaptive"), ("exact", "Exact")),
        "progressive",
        "Progressive: coarse at once, then exact. Adaptive: fewer points, with the error measured on fresh ones. "
        "Exact: every point, drawn at the end.", "explore-data",
    ),
    NumberControl(
        "slice_tolerance", "", "Tolerance", 0.1, 20.0, 1.0, "Largest error of the adaptive picture, of its range.",
        "explore-adaptive", "log", unit="%",
    ),
    ChoiceControl(
        "slice_scale", "Loss scale", (("log", "Log"), ("linear", "Linear")), "log", "Heights and colours.",
        "explore-look",
    ),
)  # fmt: skip

CURVATURE_CONTROLS: tuple[Control, ...] = (
    ChoiceControl(
        "curvature_when", "Where", (("end", "At the end"), ("along", "Along the run")), "end",
        "At the last kept weights of every method, or at some of the kept weights on the way too.", "explore-curvature",
    ),
    NumberControl(
        "curvature_moments", "", "Moments", 2, 20, 5, "At how many moments along the run.", "explore-curvature",
        step=1, integer=True,
    ),
    NumberControl(
        "curvature_count", "", "Eigenvalues", 1, 10, 3, "How many of the largest.", "explore-curvature", step=1,
        integer=True,
    ),
    NumberControl(
        "curvature_tolerance", "", "Residual", 1e-6, 0.1, 1e-3,
        "An eigenvalue counts as converged when its residual is at most this part of the largest.",
        "explore-curvature", "log",
    ),
    NumberControl(
        "curvature_probes", "", "Trace vectors", 2, 256, 32, "Random vectors for the trace.", "explore-curvature",
        step=1, integer=True,
    ),
    NumberControl(
        "curvature_lanczos", "", "Lanczos steps", 0, 128, 48, "For the spectral density at the end; 0: none.",
        "explore-curvature", step=1, integer=True,
    ),
    NumberControl(
        "curvature_starts", "", "Lanczos starts", 2, 16, 4, "Random starts that the density is the mean of.",
        "explore-curvature", step=1, integer=True,
    ),
    NumberControl(
        "curvature_radius", "ρ", "Ball radius", 1e-3, 2.0, 0.1, "SAM sharpness: the greatest rise within this radius.",
        "explore-curvature", "log",
    ),
    NumberControl(
        "curvature_ascent", "", "Ascent steps", 1, 50, 10, "Steps that look for the greatest rise.",
        "explore-curvature", step=1, integer=True,
    ),
    ChoiceControl(
        "curvature_data", "Data", DATA, "train", "Which half of the data the loss is over.", "explore-curvature",
    ),
    ChoiceControl(
        "curvature_sample", "Examples", SAMPLES, "all", "Whole data, or so many examples.", "explore-curvature",
    ),
    NumberControl(
        "curvature_seed", "", "Seed", 0, 9999, 0, "Seed of random vectors and of a data sample.", "explore-curvature",
        step=1, integer=True,
    ),
)  # fmt: skip

RESCALING_CONTROLS: tuple[Control, ...] = (
    ChoiceControl(
        "rescaling_point", "Network", POINTS, MEAN, "Whose last kept weights are rescaled.", "explore-rescaling",
    ),
    NumberControl(
        "rescaling_factor", "α", "Factor", 0.05, 50.0, 5.0, "First layer times α, second layer divided by α.",
        "explore-rescaling", "log",
    ),
    NumberControl(
        "rescaling_radius", "ρ", "Ball radius", 1e-3, 2.0, 0.1, "SAM sharpness: the greatest rise within this radius.",
        "explore-rescaling", "log",
    ),
    NumberControl(
        "rescaling_seed", "", "Seed", 0, 9999, 0, "Seed of the random direction and vectors.", "explore-rescaling",
        step=1, integer=True,
    ),
)  # fmt: skip

NO_YES = (("no", "No"), ("yes", "Yes"))
ASKED_CONTROLS: tuple[Control, ...] = tuple(
    ChoiceControl(f"{kind}_asked", f"{title} asked for", NO_YES, "no", "Whether a link shows it.", "explore-asked")
    for kind, title in (("slice", "Slice"), ("curvature", "Curvature"), ("rescaling", "Rescaling"))
)
"""What a page that is opened by a link asks for anew, once the run is there."""

EXPLORE_CONTROLS: tuple[Control, ...] = (*SLICE_CONTROLS, *CURVATURE_CONTROLS, *RESCALING_CONTROLS, *ASKED_CONTROLS)


def check_description(controls: tuple[Control, ...], description: Mapping[str, Any]) -> dict[str, Any]:
    """The cleaned description of a job {"run": training job, control: value, …}: every control there and in range.

    Strict where links are lenient: a value out of range is a ValueError too, with the control's sentence.
    """
    reader = Reader(description)
    reader.know("run")
    cleaned: dict[str, Any] = {"run": asked_run(description)}
    for control in controls:
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
