"""A figure with a head (what it is, the methods' looks) and room for axes below; saved as PNG or SVG with its settings.

Places are told in points from the top left; a sheet is WIDE points across, whatever its width in pixels.
"""

from __future__ import annotations

import io
import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from app import __version__
from app.drawing.appearance import SCHEMES, MethodLook
from app.drawing.style import SETTINGS, dress, line_of, mark_of

WIDE, HEAD, EDGE = 960, 92, 24
LOOKS_IN_ROW, ROW_OF_LOOKS = 7, 18
LETTER = 0.57
"""Width of a letter of the pictures' font, in parts of its size, on average."""


class Sheet:
    """One figure. words: the line below the title; looks: the methods whose lines the head explains, if any.

    form: "png" or "svg"; width: of a PNG, in pixels. To be used under `matplotlib.rc_context(SETTINGS)`.
    """

    def __init__(
        self,
        title: str,
        words: str,
        height: int,
        settings: Mapping[str, Any],
        scheme: str,
        form: str,
        width: int,
        looks: Mapping[str, MethodLook],
    ) -> None:
        self.height = height
        self.told = {"Title": title, "Description": json.dumps(settings)}
        """What the file says of itself."""
        self.scheme, self.form, self.colours = scheme, form, SCHEMES[scheme]
        dots = 72 * width / WIDE if form == "png" else 72
        self.figure = Figure((WIDE / 72, height / 72), dpi=dots, facecolor=self.colours.paper)
        self.canvas = FigureCanvasAgg(self.figure)
        self.text(EDGE, 16, title, 15, color=self.colours.ink, weight="bold")
        self.text(EDGE, 42, words, 11)
        self.text(WIDE - EDGE, 18, f"Pothole lab {__version__}", 9, ha="right")
        self._legend(looks)

    def text(self, x: float, y: float, words: str, size: float, **more: Any) -> Any:
        """Words at a place."""
        look = {"color": self.colours.quiet, "va": "top", **more}
        return self.figure.text(x / WIDE, 1 - y / self.height, words, fontsize=size, **look)

    def lines(self, top: float, said: Sequence[str], size: float = 9, **more: Any) -> float:
        """Lines of text below each other; where they end."""
        for line in said:
            self.text(EDGE, top, line, size, **more)
            top += 1.6 * size
        return top

    def bare_axes(self, left: float, top: float, width: float, height: float) -> Any:
        """Axes at a place, as they come."""
        box = (left / WIDE, 1 - (top + height) / self.height, width / WIDE, height / self.height)
        return self.figure.add_axes(box)

    def axes(self, left: float, top: float, width: float, height: float, title: str, unit: str = "") -> Any:
        """Dressed axes at a place."""
        axes = self.bare_axes(left, top, width, height)
        dress(axes, self.scheme, title, unit)
        return axes

    def _legend(self, looks: Mapping[str, MethodLook]) -> None:
        for index, (method, look) in enumerate(looks.items()):
            x, y = EDGE + index % LOOKS_IN_ROW * 128, 68 + index // LOOKS_IN_ROW * ROW_OF_LOOKS
            across, height = np.array([x, x + 30]) / WIDE, 1 - (y + 6) / self.height
            self.figure.add_artist(Line2D(across, [height, height], **line_of(look)))
            mark = mark_of(look, 8)
            self.figure.add_artist(Line2D([across.mean()], [height], mec=self.colours.paper, linestyle="", **mark))
            self.text(x + 38, y - 2, method, 10, color=self.colours.ink)

    def saved(self) -> bytes:
        """The file."""
        maker = f"Pothole lab {__version__}"
        more = {"Software": maker} if self.form == "png" else {"Creator": maker, "Date": None}
        out = io.BytesIO()
        with matplotlib.rc_context(SETTINGS):
            self.figure.savefig(out, format=self.form, dpi=self.figure.dpi, metadata={**more, **self.told})
        return out.getvalue()


def wrapped(words: str, size: float = 9) -> list[str]:
    """The lines that words take on a sheet."""
    return textwrap.wrap(words, int((WIDE - 2 * EDGE) / (LETTER * size))) if words else []
