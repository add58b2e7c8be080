"""Every figure of the paper that is computed here: one registry."""

from __future__ import annotations

from app.paper.figure import Figure
from app.paper.figures.cadence import FIGURE_5
from app.paper.figures.images import FIGURE_1
from app.paper.figures.refresh_time import FIGURE_6
from app.paper.figures.toys import FIGURE_2, FIGURE_3
from app.paper.figures.translation import FIGURE_4

FIGURES: dict[str, Figure] = {
    figure.key: figure for figure in (FIGURE_1, FIGURE_2, FIGURE_3, FIGURE_4, FIGURE_5, FIGURE_6)
}
"""By their numbers in the paper."""
ORDER = ("2", "3", "6", "1", "4", "5")
"""In which they are computed: what takes least first, so that the page has something to show soon."""
