"""Making a file from a checked wish: which function makes which format, and what it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.state.schema import Notice
from app.toy.export.controls import Wish
from app.toy.export.description import file_name

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "gif": "image/gif",
    "csv": "text/csv; charset=utf-8",
    "npz": "application/octet-stream",
    "json": "application/json",
    "py": "text/x-python; charset=utf-8",
    "safetensors": "application/octet-stream",
}


@dataclass(frozen=True)
class MadeFile:
    """A file in memory: its name, its bytes, and what had to be said of the wish."""

    name: str
    content: bytes
    notices: tuple[Notice, ...] = ()

    @property
    def media_type(self) -> str:
        """By the name's ending."""
        return MEDIA_TYPES[self.name.rpartition(".")[2]]


def made(wish: Wish) -> MadeFile:
    """The file that a wish of the toy lab asks for. Nothing is written to disk."""
    maker, detail = MAKERS[wish.format], DETAILS.get(wish.format, lambda _: "")(wish)
    return MadeFile(file_name(wish.reading.state, wish.format, detail), maker(wish), wish.notices)


# What draws is imported where it is used: matplotlib takes most of a second, and most visitors export nothing.
def _html(wish: Wish) -> bytes:
    from app.toy.export.offline import offline_page

    return offline_page(wish.reading, wish.step)


def _png(wish: Wish) -> bytes:
    from app.toy.export.picture import Picture
    from app.toy.export.scene import scene_of

    return Picture(scene_of(wish.reading), wish.picture, wish.width).png(wish.step)


def _svg(wish: Wish) -> bytes:
    from app.toy.export.picture import DESIGN_WIDTH, Picture
    from app.toy.export.scene import scene_of

    return Picture(scene_of(wish.reading), wish.picture, DESIGN_WIDTH).svg(wish.step)


def _gif(wish: Wish) -> bytes:
    from app.toy.export.animation import animation
    from app.toy.export.scene import scene_of

    return animation(scene_of(wish.reading), wish.picture, wish.gif_width, wish.frames, wish.seconds)


def _csv(wish: Wish) -> bytes:
    from app.toy.export.data import scene_csv
    from app.toy.export.scene import scene_of

    return scene_csv(scene_of(wish.reading))


def _npz(wish: Wish) -> bytes:
    from app.toy.export.data import scene_npz
    from app.toy.export.scene import scene_of

    return scene_npz(scene_of(wish.reading))


def _py(wish: Wish) -> bytes:
    from app.toy.export.script import toy_script

    return toy_script(wish.reading).encode()


MAKERS: dict[str, Callable[[Wish], bytes]] = {
    "html": _html, "png": _png, "svg": _svg, "gif": _gif, "csv": _csv, "npz": _npz, "py": _py,
}  # fmt: skip
_SHOWN = {kind: (lambda wish: f"{wish.picture}-step-{wish.step}") for kind in ("png", "svg")}
DETAILS: dict[str, Callable[[Wish], str]] = {**_SHOWN, "gif": lambda wish: wish.picture}
