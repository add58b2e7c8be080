"""Runs that were trained elsewhere and are brought along with --run: their names, and the job that shows them.

    python -m app --objective module:function --run FOLDER --run FOLDER

To the page they are one run of the engine that has ended, each folder in a method's place. Read without torch.
"""

from __future__ import annotations

import os
import re
from typing import Any

from app.network.training import user_models
from app.network.training.settings import METHOD_NAMES, Description

LONGEST_NAME = 32
TAKEN = ("mean", "auto")
"""Choices that stand beside the names of methods."""
SEED = 0
"""Of the split of the data: which half a run was trained on is not known here."""


def recorded_runs() -> dict[str, str]:
    """Name → folder, in the order in which they were named.

    A run is called after its folder; where that is a method's name or another run's, after the folder above as well.
    """
    found: dict[str, str] = {}
    for folder in dict.fromkeys(filter(None, user_models.brought().get("run", "").split(os.pathsep))):
        parts = [part for part in folder.split(os.sep) if part]
        names = [_clean("/".join(parts[-depth:])) for depth in range(1, len(parts) + 1)]
        free = [name for name in names if name and name not in (*found, *METHOD_NAMES, *TAKEN)]
        found[free[0] if free else f"run {len(found) + 1}"] = folder
    return found


def shown_names() -> tuple[str, ...]:
    """What a run may show a path of: the runs brought along, and all methods."""
    return (*recorded_runs(), *METHOD_NAMES)


def _clean(name: str) -> str:
    """A name as links and lists hold it: without commas, not too long."""
    return re.sub(r"[^\w.+/ -]", "-", name).strip()[-LONGEST_NAME:]


def validate(description: Description) -> Description:
    """The description of the one job that shows all runs brought along; it takes no setting. ValueError."""
    if description:
        raise ValueError("the runs that are shown are those that were named when the lab was started")
    told = user_models.describe()
    runs = told.get("runs")
    if not runs:
        raise ValueError("this lab was started without --run: there is no run to show")
    return {
        "network": user_models.OWN,
        "data": told["network"]["data"][0],
        "methods": list(runs),
        "steps": max(run["steps"][1] for run in runs.values()),
        "seed": SEED,
        "label_smoothing": 0.0,
        "recorded": {name: run["checkpoints"] for name, run in runs.items()},
    }


def label(description: Description) -> str:
    """A few words for lists."""
    return f"trained elsewhere: {', '.join(description['methods'])}"


def folder_of(run: str) -> str:
    """The folder of a run; ValueError where this program was started without it."""
    known: dict[str, Any] = recorded_runs()
    if run not in known:
        raise ValueError(f"this worker was started without --run for {run}")
    return known[run]
