"""Making a file for a checked request: which function makes which format, and what it is called."""

from __future__ import annotations

from collections.abc import Callable

from app.toy.export.controls import ExportRequest
from app.web.made_file import MadeFile, file_name


def make_file(asked: ExportRequest) -> MadeFile:
    """The file that a asked of the toy lab asks for. Nothing is written to disk."""
    maker, detail = MAKERS[asked.format], DETAILS.get(asked.format, lambda _: "")(asked)
    return MadeFile(file_name(asked.reading.state, asked.format, detail), maker(asked), asked.notices)


# What draws is imported where it is used: matplotlib takes most of a second, and most visitors export nothing.
def _html(asked: ExportRequest) -> bytes:
    from app.toy.export.offline import offline_page

    return offline_page(asked.reading, asked.step)


def _picture(asked: ExportRequest) -> bytes:
    from app.toy.export.picture import Picture
    from app.toy.export.scene import scene_of

    return Picture(scene_of(asked.reading), asked.picture, asked.width, asked.format).saved(asked.step)


def _gif(asked: ExportRequest) -> bytes:
    from app.toy.export.animation import animation
    from app.toy.export.scene import scene_of

    return animation(scene_of(asked.reading), asked.picture, asked.gif_width, asked.frames, asked.seconds)


def _data(asked: ExportRequest) -> bytes:
    from app.toy.export.data import scene_csv, scene_npz
    from app.toy.export.scene import scene_of

    return (scene_csv if asked.format == "csv" else scene_npz)(scene_of(asked.reading))


def _py(asked: ExportRequest) -> bytes:
    from app.toy.export.script import toy_script

    return toy_script(asked.reading).encode()


MAKERS: dict[str, Callable[[ExportRequest], bytes]] = {
    "html": _html,
    "png": _picture,
    "svg": _picture,
    "gif": _gif,
    "csv": _data,
    "npz": _data,
    "py": _py,
}
_SHOWN = {kind: (lambda asked: f"{asked.picture}-step-{asked.step}") for kind in ("png", "svg")}
DETAILS: dict[str, Callable[[ExportRequest], str]] = {**_SHOWN, "gif": lambda asked: asked.picture}
