"""The controls of the network page, in the same kind of table as the toy lab's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from app.control import ChoiceControl, Control, NumberControl
from app.request import BadRequest

TRAINING: tuple[Control, ...] = (
    NumberControl("learning_rate", "η", "Learning rate", 1e-4, 1.0, 0.05, "Step size: θ ← θ − ηv.", "train", "log"),
    NumberControl(
        "radius", "ρ", "Probe radius", 0.0, 2.0, 0.1, "SAM takes its gradient at θ + ε with ‖ε‖ = ρ.", "train",
        step=0.01,
    ),
    NumberControl("momentum", "μ", "Momentum", 0.0, 0.99, 0.9, "Heavy ball: v ← μv + Ug.", "train", step=0.01),
    NumberControl("steps", "T", "Steps", 20, 600, 200, "Number of steps.", "train", step=10, integer=True),
    NumberControl(
        "batch_size", "B", "Batch size", 16, 512, 64, "Examples in a mini-batch, the same for all methods.", "train",
        step=16, integer=True,
    ),
    NumberControl("seed", "", "Seed", 0, 9999, 0, "Seed of weights, split and batches.", "train", step=1, integer=True),
)  # fmt: skip

PRECONDITIONER: tuple[Control, ...] = (
    NumberControl(
        "decay", "β", "Decay", 0.0, 0.999, 0.95, "How slowly U follows a refresh.", "preconditioner", step=0.001,
    ),
    NumberControl(
        "refresh_every", "k", "Refresh interval", 1, 1000, 20, "U is learned anew every k steps.", "preconditioner",
        step=1, unit="steps", integer=True,
    ),
    NumberControl(
        "damping", "λ", "Damping", 0.0, 100.0, 0.0, "Added to the curvature that U learns from.", "preconditioner",
        "log or zero", smallest=1e-4,
    ),
)  # fmt: skip

SLICE: tuple[Control, ...] = (
    ChoiceControl(
        "plane", "Plane", (("random", "Random"), ("pca", "PCA of the paths")), "random",
        "Random filter-normalised directions, or the directions in which the four paths spread most.", "slice",
    ),
    NumberControl(
        "plane_seed", "", "Plane seed", 0, 9999, 0, "Seed of the random directions.", "slice", step=1, integer=True,
    ),
    NumberControl("span", "", "Span", 0.1, 4.0, 1.0, "Half the width of the slice around the paths.", "slice", "log"),
)  # fmt: skip

SCHEME = ChoiceControl("scheme", "Colours", (("light", "Light"), ("dark", "Dark")), "light", "Light or dark.", "view")
CONTROLS: tuple[Control, ...] = (*TRAINING, *PRECONDITIONER, *SLICE, SCHEME)


@dataclass(frozen=True)
class NetworkRequest:
    """All that decides the runs and their picture."""

    learning_rate: float
    radius: float
    momentum: float
    steps: int
    batch_size: int
    seed: int
    decay: float
    refresh_every: int
    damping: float
    plane: str
    plane_seed: int
    span: float
    scheme: str

    @property
    def training(self) -> NetworkRequest:
        """The same runs whatever their picture: equal for requests that differ in the slice alone."""
        defaults = {control.name: control.default for control in (*SLICE, SCHEME)}
        return NetworkRequest(
            **{field.name: defaults.get(field.name, getattr(self, field.name)) for field in fields(self)}
        )


def read_network_request(raw: Mapping[str, Any]) -> tuple[NetworkRequest, list[str]]:
    """(request, notices about clamped values); defaults stand in for what is missing. BadRequest for wrong types."""
    values: dict[str, Any] = {}
    notices: list[str] = []
    problems: list[str] = []
    for control in CONTROLS:
        try:
            values[control.name], notice = control.read(raw.get(control.name, control.default))
        except (TypeError, ValueError) as error:
            problems.append(str(error))
            continue
        if notice:
            notices.append(notice)
    if problems:
        raise BadRequest(*problems)
    return NetworkRequest(**values), notices
