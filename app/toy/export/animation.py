"""The run as a GIF, by Pillow: one palette for all frames, and only what changes is kept of each."""

from __future__ import annotations

import io
import json
import time

from PIL import Image

from app.drawing.sheet import WIDE
from app.state.schema import BadRequest
from app.toy.export.description import settings_of
from app.toy.export.picture import Picture, height_of
from app.toy.export.scene import Scene
from app.toy.pace import frames_of, playing_times, slow_spans
from app.web.settings import web_settings

SHORTEST = 20
"""Milliseconds. Browsers show anything shorter as 100 ms."""
BREATH = 0.003
"""Seconds between two frames in which nothing is drawn."""
REST = 1500
"""Milliseconds that the last frame stays on longer."""


def _quantised(frame: Image.Image, palette: Image.Image) -> Image.Image:
    """The frame in the palette's colours. Between two frames others may have the interpreter: a drag waits for it."""
    time.sleep(BREATH)
    return frame.quantize(palette=palette, dither=Image.Dither.NONE)


def animation(scene: Scene, kind: str, width: int, frames: int, seconds: float) -> bytes:
    """The GIF: the run as the page plays it, in so many seconds. BadRequest where frames × pixels is beyond the setting
    export_pixels."""
    height = round(width * height_of(kind) / WIDE)
    state = scene.reading.state
    slow = slow_spans(int(trace.run.arrival) for trace in scene.traces) if state["pace"] == "slow" else []
    steps, parts = frames_of(playing_times(scene.steps, state["speed"], slow), frames)
    asked, most = len(steps) * width * height / 1e6, web_settings().export_pixels / 1e6
    if asked > most:
        raise BadRequest(
            f"{len(steps)} frames of {width} × {height} pixels are {asked:.0f} million pixels, and an animation may "
            f"have {most:.0f} million: choose fewer frames, a smaller width or the map alone."
        )
    picture = Picture(scene, kind, width)
    (last,) = picture.frames(steps[-1:])
    palette = last.quantize(256, method=Image.Quantize.MEDIANCUT)
    images = (_quantised(frame, palette) for frame in picture.frames(steps))
    each = [max(SHORTEST, round(100 * seconds * part) * 10) for part in parts.tolist()]
    out = io.BytesIO()
    next(images).save(
        out,
        format="GIF",
        save_all=True,
        append_images=images,
        duration=[*each[:-1], each[-1] + REST],
        loop=0,
        optimize=False,
        comment=json.dumps(settings_of(scene.reading)).encode(),
    )
    return out.getvalue()
