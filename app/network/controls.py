"""The controls of the network page, in the same kind of table as the toy lab's, and the reading of a whole state.

A setting of the training is a row of app.network.training.settings; the page offers the part of its range that makes
sense on a slider, and takes its default from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.components.view_controls import LECTURE, SCHEME
from app.jobs.kinds import Description
from app.network.controls_of_u import PRECONDITIONER
from app.network.explore.controls import EXPLORE_CONTROLS, with_runs
from app.network.fairness.controls import FAIRNESS_CONTROLS
from app.network.presets import CUSTOM, DEFAULT_PRESET, PRESETS
from app.network.setting_rows import number_of
from app.network.statements.controls import STATEMENTS_CONTROLS
from app.network.task_controls import ALTERED, task_controls
from app.network.training import user_models
from app.network.training.recorded_runs import shown_names
from app.network.training.settings import (
    AS_THEY_ARE,
    BADLY_SCALED,
    CHANGEABLE,
    CHOICES,
    DEFAULT_METHODS,
    METHOD_NAMES,
    NORMALISATIONS,
    NUMBERS,
    PLANES,
    relabels,
)
from app.state.control import ChoiceControl, Control, NamesControl, NumberControl, TextControl, mark, matching
from app.state.schema import BadRequest, Reader, Reading, State

JOB = r"[A-Za-z0-9_-]{1,64}"
"""Form of a job's id."""
AXES = (("steps", "Steps"), ("evaluations", "Evaluations"), ("seconds", "Seconds"))


WALK: tuple[Control, ...] = (
    number_of(
        name="learning_rate",
        symbol="η",
        label="Learning rate",
        low=1e-4,
        high=1.0,
        text="Step size: θ ← θ − ηv. It may be changed while the training runs.",
        group="walk",
        scale="log",
    ),
    number_of(
        name="radius",
        symbol="ρ",
        label="Probe radius",
        low=0.0,
        high=2.0,
        text="SAM takes its gradient at θ + ε with ‖ε‖ = ρ. It may be changed while the training runs.",
        group="walk",
        step=0.01,
    ),
    number_of(
        name="momentum",
        symbol="μ",
        label="Momentum",
        low=0.0,
        high=0.99,
        text="Heavy ball: v ← μv + Ug. It may be changed while the training runs.",
        group="walk",
        step=0.01,
    ),
    number_of(
        name="noise_variance",
        symbol="σ²",
        label="Gradient noise",
        low=0.0,
        high=0.1,
        text="Variance of noise added to each coordinate of the gradient, the same for all methods. It may be changed "
        "while the training runs.",
        group="walk",
        scale="log or zero",
        smallest=1e-8,
    ),
    number_of(
        name="weight_decay",
        symbol="",
        label="Weight decay",
        low=0.0,
        high=0.1,
        text="g ← g + λθ. It may be changed while the training runs.",
        group="walk",
        scale="log or zero",
        smallest=1e-6,
    ),
)

TRAINING: tuple[Control, ...] = (
    number_of("steps", "T", "Steps", 20, 2000, "Number of steps of every method.", "training", step=20),
    number_of(
        name="batch_size",
        symbol="B",
        label="Batch size",
        low=8,
        high=512,
        text="Examples in a mini-batch, the same for all methods.",
        group="training",
        step=8,
    ),
    number_of(
        name="label_smoothing",
        symbol="",
        label="Label smoothing",
        low=0.0,
        high=0.5,
        text="Share of the target spread over all classes.",
        group="training",
        step=0.01,
    ),
    number_of("seed", "", "Seed", 0, 9999, "Seed of first weights, split, mini-batches and noise.", "training", step=1),
    number_of(
        name="evaluations",
        symbol="",
        label="Measurements",
        low=0,
        high=200,
        text="How often in a run losses and accuracies over training and test data are measured, at most.",
        group="training",
        step=1,
    ),
    number_of(
        name="watching",
        symbol="",
        label="Time for watching",
        low=0.05,
        high=1.0,
        text="Share of the run’s time that its measurements and the surface under its paths may take. Losses are then "
        "measured over some of the examples, and say their standard error. At 1 all are measured, however long it "
        "takes. Nothing of the training depends on it.",
        group="training",
        step=0.05,
    ),
    number_of(
        "snapshots", "", "Snapshots", 0, 60, "How often in a run all weights are kept, for slices.", "training", step=1
    ),
)


PLANE: tuple[Control, ...] = (
    ChoiceControl(
        name="plane",
        label="Live picture",
        options=(("first steps", "First steps"), ("random", "Random")),
        default=PLANES[0],
        help="The plane under the live paths, through the first weights: principal components of SGDM’s first steps, "
        "or random directions, which show very little of a path’s movement.",
        group="plane",
    ),
    ChoiceControl(
        name="normalisation",
        label="Normalisation",
        options=(("filter", "Filter"), ("layer", "Layer"), ("none", "None")),
        default=NORMALISATIONS[0],
        help="How random directions are scaled to the weights.",
        group="plane",
    ),
    number_of("seed", "", "Plane seed", 0, 9999, "Seed of the random directions.", "plane", step=1),
)
PLANE = (*PLANE[:2], NumberControl(**{**vars(PLANE[2]), "name": "plane_seed"}))

VIEW: tuple[Control, ...] = (
    ChoiceControl(
        name="axis",
        label="Curves against",
        options=AXES,
        default="steps",
        help="What the curves are drawn against: steps, gradient evaluations with the curvature products of U’s "
        "refreshes, or measured seconds of training.",
        group="curves",
        role="view",
    ),
    ChoiceControl(
        name="loss_scale",
        label="Loss axis",
        options=(("log", "Logarithmic"), ("linear", "Linear")),
        default="log",
        help="Scale of the losses.",
        group="curves",
        role="view",
    ),
    replace(SCHEME, role="view"),  # the browser draws this page's pictures itself
    *LECTURE,
)
SHOWN_METHODS = NamesControl(
    name="methods",
    label="The methods",
    names=METHOD_NAMES,
    default=DEFAULT_METHODS,
    help="The methods that are trained.",
    group="methods",
    nonempty=True,
)
RUN = TextControl(
    name="job",
    label="Run",
    read_text=matching(JOB, "The run in the link has no id as the page gives them; it is left out."),
    help="The run that is shown.",
    group="run",
    longest=80,
)


def preset_control() -> ChoiceControl:
    """The named settings; the page opens with the first, or with what the operator named on the command line."""
    return ChoiceControl(
        name="preset",
        label="Preset",
        options=(*((key, preset.title) for key, preset in PRESETS.items()), (CUSTOM, "Custom")),
        default=CUSTOM if user_models.describe() else DEFAULT_PRESET,
        help="Named settings at which the methods part.",
        group="preset",
    )


def controls() -> tuple[Control, ...]:
    """All of the page's controls, the preset first."""
    exploring = mark(with_runs(EXPLORE_CONTROLS), role="view")
    return (
        preset_control(),
        *task_controls(),
        *ALTERED,
        *WALK,
        *TRAINING,
        *PRECONDITIONER,
        *PLANE,
        *VIEW,
        *exploring,
        *mark(STATEMENTS_CONTROLS, role="view"),
        *mark(FAIRNESS_CONTROLS, role="view"),
        replace(SHOWN_METHODS, names=shown_names()),
        RUN,
    )


def read_network_state(raw: Mapping[str, Any]) -> Reading:
    """The whole state that `raw` describes."""
    return _read(Reader(raw))


def read_network_link(query: str) -> Reading:
    """The whole state that a query string describes; never fails."""
    return _read(Reader.of_link(query))


def _read(reader: Reader) -> Reading:
    # A link that holds a run or settings and no preset means these, over the table's own.
    choice, *others = controls()
    decides = [control for control in others if control.role != "view" or control is RUN]
    preset = reader.read(choice, CUSTOM if any(reader.holds(control) for control in decides) else None)
    wanted = PRESETS[preset].values if preset in PRESETS else {}
    state = {choice.name: preset} | {control.name: reader.read(control, wanted.get(control.name)) for control in others}
    if not user_models.fits(state["network"], state["data"]):
        try:
            user_models.check_fit(state["network"], state["data"])
        except ValueError as error:
            reader.problems.append(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        state["data"] = next(key for key in user_models.data_sets() if user_models.fits(state["network"], key))
    try:
        user_models.check_altered(state["network"], state["data"], state["inputs"] == BADLY_SCALED, relabels(state))
    except ValueError as error:
        reader.problems.append(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        state.update(inputs=AS_THEY_ARE, random_labels=0.0, bad_start=0)
    try:
        user_models.check_cutout(state["data"], state["cutout"])
    except ValueError as error:
        reader.problems.append(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        state.update(cutout=0)
    return reader.reading(state)


def base_of(preset: str) -> State:
    """What a link to a state of this preset may leave out."""
    base = read_network_state({"preset": preset}).state
    return {name: value for name, value in base.items() if name != "preset"}


TASK = ("network", "data", "inputs", "random_labels", "bad_start")


def preset_for(state: State) -> str:
    """The preset whose words go with a state: its own, unless what is trained is another preset's task."""

    def fits(preset: str) -> bool:
        base = base_of(preset)
        return all(base[name] == state[name] for name in TASK)

    own: str = state["preset"]
    if own not in PRESETS or fits(own):
        return own
    return next(filter(fits, PRESETS), own)


def is_job(value: Any) -> bool:
    """Whether a value has the form of a job's id."""
    return isinstance(value, str) and re.fullmatch(JOB, value) is not None


def state_in(raw: Mapping[str, Any]) -> Reading:
    """The page's state of a request; BadRequest where it is none, or holds what cannot be read."""
    state = raw.get("state")
    if not isinstance(state, dict):
        raise BadRequest("The state must be an object.")
    return read_network_state(state).checked()


def job_in(raw: Mapping[str, Any], key: str = "job") -> str:
    """The job id of a request; BadRequest where it is none."""
    job = raw.get(key)
    if not is_job(job):
        raise BadRequest(f"{key} must be the id of a run.")
    return str(job)


DESCRIBED = (*NUMBERS, *CHOICES, "network", "data", "methods")
"""What a training job's description and the page's state call by the same name; the plane is beside them."""


def description_of(state: Mapping[str, Any]) -> Description:
    """The training job that a state asks for. BadRequest where it shows nothing that can be trained."""
    methods = [name for name in state["methods"] if name in METHOD_NAMES]
    if not methods:
        raise BadRequest("Runs that were trained elsewhere are not trained here: choose a method in the legend first.")
    plane = {"kind": state["plane"], "normalisation": state["normalisation"], "seed": state["plane_seed"]}
    settings = {name: state[name] for name in DESCRIBED}
    return {"kind": "train", **settings, "methods": methods, "plane": plane}


def state_of(description: Mapping[str, Any], changed: Mapping[str, Any]) -> State:
    """The part of a state that a job's description, and what was changed while it ran, stand for."""
    plane = description.get("plane") or {}
    also = {"plane": plane.get("kind"), "normalisation": plane.get("normalisation"), "plane_seed": plane.get("seed")}
    return {
        **{name: description[name] for name in DESCRIBED if name in description},
        **{name: changed[name] for name in CHANGEABLE if name in changed},
        **{name: value for name, value in also.items() if value is not None},
    }
