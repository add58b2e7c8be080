"""The kinds of jobs of the network page: what each takes, and where workers find what runs it.

Nothing that trains or measures is imported here: web processes read this, to check what visitors ask for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from app.jobs.kinds import MAXIMUM_ID, Description, JobKind, asked_run
from app.network.explore.controls import TABLES, check_description
from app.network.fairness.controls import EFFORTS, FAIRNESS_SEEDS, GOALS
from app.network.statements.controls import SEEDS
from app.network.statements.statement import COMPARED, STATEMENTS
from app.network.training import recorded_runs, settings

LARGEST = 1e6
MOMENT = re.compile(r"final\Z|[1-9][0-9]{0,8}\Z")


def validate_landscape(description: Description) -> Description:
    """{"run": id of a training job that has a plane, "x": [from, to], "y": [from, to]}; ValueError with a sentence."""
    unknown = sorted(set(description) - {"run", "x", "y"})
    if unknown:
        raise ValueError(f"unknown setting {unknown[0][:40]!r}; a landscape has run, x, y")
    run = asked_run(description)
    return {"run": run, "x": _bounds("x", description.get("x")), "y": _bounds("y", description.get("y"))}


def _bounds(name: str, value: Any) -> list[float]:
    fine = isinstance(value, list) and len(value) == 2
    fine = fine and all(isinstance(end, int | float) and not isinstance(end, bool) for end in value)
    # Compared as it is: an integer of four hundred digits is no float, and NaN is within no bounds.
    if not fine or not all(abs(end) <= LARGEST for end in value) or not value[0] < value[1]:
        raise ValueError(f"{name} must be two numbers, the smaller first, between −{LARGEST:g} and {LARGEST:g}")
    return [float(end) for end in value]


def validate_weights(description: Description) -> Description:
    """The cleaned description; ValueError with a sentence."""
    unknown = sorted(set(description) - {"run", "moment", "method"})
    if unknown:
        raise ValueError(f"unknown setting {unknown[0][:40]!r}; a weights-file has run, moment, method")
    run, moment, method = asked_run(description), description.get("moment"), description.get("method")
    if not isinstance(moment, str) or not MOMENT.match(moment):
        raise ValueError("moment must be final or the step of a snapshot")
    names = recorded_runs.shown_names()
    if not isinstance(method, str) or method not in names:
        raise ValueError(f"method must be one of {', '.join(names)}")
    return {"run": run, "moment": moment, "method": method}


def validate_statements(description: Description) -> Description:
    """A training's description with "preset", whose statements are judged, "seeds", how many from its own on, and
    "after", a job whose trials it may begin with; what is not about training itself has no say. ValueError."""
    preset, seeds, after = (description.get(key) for key in ("preset", "seeds", "after"))
    if not isinstance(preset, str) or preset not in STATEMENTS:
        raise ValueError(f"preset must be one of {', '.join(STATEMENTS)}")
    _check_after(after)
    seeds = int(SEEDS.checked("seeds", seeds))
    rest = {key: value for key, value in description.items() if key not in ("preset", "seeds", "after")}
    trained = settings.validate({**rest, "methods": list(COMPARED), "plane": None, "evaluations": 0, "snapshots": 0})
    return {**trained, "preset": preset, "seeds": seeds, "after": after}


def validate_fairness(description: Description) -> Description:
    """A training's description, whose methods are tuned and compared, with "goal", "effort", "seeds" and "after", a job
    whose trials it may begin with. ValueError with a sentence."""
    goal, effort, seeds, after = (description.get(key) for key in ("goal", "effort", "seeds", "after"))
    if not isinstance(goal, str) or goal not in GOALS:
        raise ValueError(f"goal must be one of {', '.join(GOALS)}")
    if not isinstance(effort, str) or effort not in EFFORTS:
        raise ValueError(f"effort must be one of {', '.join(EFFORTS)}")
    _check_after(after)
    seeds = int(FAIRNESS_SEEDS.checked("seeds", seeds))
    rest = {key: value for key, value in description.items() if key not in ("goal", "effort", "seeds", "after")}
    trained = settings.validate({**rest, "plane": None, "evaluations": 0, "snapshots": 0})
    if len(trained["methods"]) < 2:
        raise ValueError("a fair comparison needs two methods: choose another in the legend")
    return {**trained, "goal": goal, "effort": effort, "seeds": seeds, "after": after}


def _check_after(after: Any) -> None:
    if not isinstance(after, str) or len(after) > MAXIMUM_ID:
        raise ValueError("after must be the id of a job, or empty")


TRAIN = JobKind(
    "train",
    settings.validate,
    "app.network.training.job:run",
    settings.change,
    label=settings.label,
    size=lambda asked: asked["steps"],
    watched=True,
)
RECORDED = JobKind(
    "recorded",
    recorded_runs.validate,
    "app.network.training.recorded_job:run",
    label=recorded_runs.label,
)
_short = partial(JobKind, lane="short", resumable=False)
LANDSCAPE = JobKind(
    "landscape",
    validate_landscape,
    "app.network.training.landscape_job:run",
    lane="decoration",
    resumable=False,
    label=lambda asked: f"landscape of {asked['run']}",
)
LABELS: dict[str, Callable[[Description], str]] = {
    "slice": lambda asked: f"slice, {asked['slice_kind']}",
    "curvature": lambda asked: f"curvature, {asked['curvature_when']}",
    "between": lambda asked: f"between two solutions, {asked['between_way']}",
    "rescaling": lambda asked: f"rescaling by {asked['rescaling_factor']:g}",
    "cuts": lambda asked: f"cuts through all solutions, {asked['cuts_directions']} directions",
    "potholes": lambda asked: f"potholes, {asked['potholes_count']} directions of each kind",
}
"""Of the jobs that look at a run, in a few words."""
EXPLORE = tuple(
    _short(kind, partial(check_description, table), f"app.network.explore.{kind}_job:run", label=LABELS[kind])
    for kind, table in TABLES.items()
)
WEIGHTS_FILE = _short(
    "weights-file",
    validate_weights,
    "app.network.export.weights_job:run",
    label=lambda asked: f"weights of {asked['method']}, {asked['moment']}",
)
STATEMENTS_KIND = JobKind(
    "statements",
    validate_statements,
    "app.network.statements.job:run",
    lane="background",
    label=lambda asked: f"statements of {asked['preset']}, {asked['seeds']} seeds",
)
FAIRNESS_KIND = JobKind(
    "fairness",
    validate_fairness,
    "app.network.fairness.job:run",
    lane="background",
    label=lambda asked: f"fair comparison of {', '.join(asked['methods'])}",
)
RUNS = ("train", "recorded")
"""Kinds of jobs that are runs: what the page shows, and what all the others look at."""
JOBS: dict[str, JobKind] = {
    kind.name: kind
    for kind in (
        *(TRAIN, RECORDED, LANDSCAPE),
        *EXPLORE,
        *(WEIGHTS_FILE, STATEMENTS_KIND, FAIRNESS_KIND),
    )
}
KINDS = dict.fromkeys(JOBS, "app.network.kinds")
"""Where the engine's workers find each."""
