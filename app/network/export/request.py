"""What may be asked of a run: which of its things, in which form; checked before the engine is asked for any of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.components.view_controls import WIDTH
from app.network.controls import AXES, job_in
from app.network.training.recorded_runs import shown_names
from app.network.training.settings import METHOD_NAMES
from app.state.control import ChoiceControl, Control, NumberControl
from app.state.schema import BadRequest, read_values

FORMATS: dict[str, tuple[str, ...]] = {
    "curves": ("csv", "npz", "png", "svg"),
    "slice": ("csv", "npz", "png", "svg"),
    "curvature": ("csv", "npz", "png", "svg"),
    "potholes": ("csv", "npz", "png", "svg"),
    "weights": ("safetensors",),
    "script": ("py",),
}
"""What can be had of a run, and in which formats."""
FINAL = "final"
DIGITS = re.compile(r"[0-9]{1,9}\Z")
WHAT = ChoiceControl("what", "What", tuple((key, key.title()) for key in FORMATS), "curves", "What is saved.", "export")
METHOD = ChoiceControl(
    "method", "Method", tuple((name, name) for name in METHOD_NAMES), METHOD_NAMES[0], "Whose weights.", "export"
)
AXIS = ChoiceControl("axis", "Against", AXES, "steps", "What the curves are drawn against.", "export")
SCALE = ChoiceControl(
    "loss_scale", "Loss axis", (("log", "Logarithmic"), ("linear", "Linear")), "log", "Scale of the losses.", "export"
)
SCHEME = ChoiceControl("scheme", "Colours", (("light", "Light"), ("dark", "Dark")), "light", "Light or dark.", "export")
MOMENT = ChoiceControl(
    "moment", "Step", ((FINAL, "Final"),), FINAL, "The weights at the end, or at a snapshot.", "export"
)
"""As the page offers it, with the snapshots that a run has."""
STEP = NumberControl("moment", "", "Step", 1, 999_999_999, 1, "Step of a snapshot.", "export", step=1, integer=True)
CONTROLS: tuple[Control, ...] = (WHAT, METHOD, AXIS, SCALE, SCHEME, WIDTH)


def export_controls() -> tuple[Control, ...]:
    """The controls; runs that were brought along are among the methods."""
    names = tuple((name, name) for name in shown_names())
    return tuple(replace(METHOD, options=names) if control is METHOD else control for control in CONTROLS)


@dataclass(frozen=True)
class NetworkExport:
    """A checked request. `job` is the training run, or for a slice, curvature and potholes the job that computed it."""

    job: str
    what: str
    format: str
    method: str
    moment: str
    axis: str
    loss_scale: str
    scheme: str
    width: int


def read_network_export(raw: Mapping[str, Any]) -> NetworkExport:
    """The checked request; BadRequest with a sentence for each problem. moment: "final" or the step of a snapshot."""
    values, _ = read_values(raw, export_controls())
    what = values["what"]
    kinds = ChoiceControl("format", "Format", tuple((k, k) for k in FORMATS[what]), FORMATS[what][0], "", "export")
    values |= read_values(raw, (kinds,))[0]
    if not raw.get("job"):
        raise BadRequest("There is no run to save: start one first.")
    job, moment = job_in(raw), raw.get("moment", FINAL)
    if moment != FINAL:
        number = int(moment) if isinstance(moment, str) and DIGITS.match(moment) else moment
        moment = str(read_values({"moment": number}, (STEP,))[0]["moment"])
    return NetworkExport(job=job, moment=moment, **values)
