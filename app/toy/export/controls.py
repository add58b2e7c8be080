"""What an export may be asked for, as a table: formats, sizes and their ranges, and how a posted wish is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.components.view_controls import WIDTH
from app.state.control import ChoiceControl, Control, NumberControl, whole_number
from app.state.schema import Notice, read_values
from app.toy.controls import MAXIMUM_STEPS
from app.toy.frozen import frozen_notices
from app.toy.request import ToyReading, read_state

FORMAT = ChoiceControl(
    name="format",
    label="Format",
    options=(
        ("html", "Page that plays offline"),
        ("png", "PNG"),
        ("svg", "SVG"),
        ("gif", "GIF"),
        ("csv", "CSV"),
        ("npz", "npz"),
        ("py", "Python script"),
    ),
    default="html",
    help="What is made.",
    group="export",
)
PICTURE = ChoiceControl(
    name="picture",
    label="Picture",
    options=(
        ("all", "Map, cut and charts"),
        ("slide", "Slide: map and cut, 16:9"),
        ("map", "Map"),
        ("cut", "Cut"),
        ("charts", "Charts"),
    ),
    default="all",
    help="What a picture or an animation shows.",
    group="export",
)
GIF_WIDTH = whole_number(
    "gif_width", "Width", 240, 1280, 720, "Width of an animation’s frames.", "export", step=10, unit="pixels"
)
FRAMES = NumberControl(
    name="frames",
    symbol="",
    label="Frames",
    minimum=10,
    maximum=200,
    default=80,
    help="Frames of an animation, spread as playback goes: dense where it is slow.",
    group="export",
    step=1,
    integer=True,
)
SECONDS = NumberControl(
    "seconds", "", "Length", 1, 30, 8, "How long an animation takes.", "export", step=0.5, unit="seconds"
)
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
    reading = read_state({"step": MAXIMUM_STEPS, **raw}).checked()
    return ExportRequest(reading, **values, notices=(*notices, *reading.notices, *frozen_notices(reading)))
