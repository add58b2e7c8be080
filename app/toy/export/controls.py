"""What an export may be asked for, as a table: formats, sizes and their ranges, and how a posted wish is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.state.control import ChoiceControl, Control, NumberControl
from app.state.schema import BadRequest, Notice, read_values
from app.toy.controls import MAXIMUM_STEPS
from app.toy.request import ToyReading, read_state

FORMAT = ChoiceControl(
    "format", "Format",
    (
        ("html", "Page that plays offline"), ("png", "PNG"), ("svg", "SVG"), ("gif", "GIF"), ("csv", "CSV"),
        ("npz", "npz"), ("py", "Python script"),
    ),
    "html", "What is made.", "export",
)  # fmt: skip
PICTURE = ChoiceControl(
    "picture", "Picture", (("all", "Map and charts"), ("map", "Map"), ("charts", "Charts")), "all",
    "What a picture or an animation shows.", "export",
)  # fmt: skip
WIDTH = NumberControl(
    "width", "", "Width", 320, 3840, 1600, "Width of a PNG; an SVG has no pixels.", "export", step=10, unit="pixels",
    integer=True,
)  # fmt: skip
GIF_WIDTH = NumberControl(
    "gif_width", "", "Width", 240, 1280, 720, "Width of an animation's frames.", "export", step=10,
    unit="pixels", integer=True,
)  # fmt: skip
FRAMES = NumberControl(
    "frames", "", "Frames", 10, 200, 80, "Frames of an animation, evenly spread over the steps.", "export", step=1,
    integer=True,
)  # fmt: skip
SECONDS = NumberControl(
    "seconds", "", "Length", 1, 30, 8, "How long an animation takes.", "export", step=0.5, unit="seconds",
)  # fmt: skip
CONTROLS: tuple[Control, ...] = (FORMAT, PICTURE, WIDTH, GIF_WIDTH, FRAMES, SECONDS)


@dataclass(frozen=True)
class ExportRequest:
    """A checked export: the toy lab's whole state, what is made of it, and what had to be clamped."""

    reading: ToyReading
    format: str
    picture: str
    width: int
    gif_width: int
    frames: int
    seconds: float
    notices: tuple[Notice, ...]

    @property
    def step(self) -> int:
        """The step shown, within the run."""
        return min(int(self.reading.state["step"]), int(self.reading.state["steps"]))


def read_export(raw: Mapping[str, Any]) -> ExportRequest:
    """The checked export that a posted state with the controls above asks for."""
    values, notices = read_values(raw, CONTROLS)
    reading = read_state({"step": MAXIMUM_STEPS, **raw})
    if reading.problems:
        raise BadRequest(*reading.problems)
    return ExportRequest(reading, **values, notices=(*notices, *reading.notices))
