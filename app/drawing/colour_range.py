"""The colour range of a loss, in which wells and basins both show, and what the browser takes of a drawn loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.drawing.encoding import encode, encode_shorts
from app.drawing.messages import Curve, Ground

KNEE_QUANTILE = 0.15
"""The colour range is linear up to about this quantile of the loss above its minimum, logarithmic beyond, …"""
EVEN = 0.4
"""… but linear all the way where the median loss lies above this part of the range: no wall takes the colours there."""
LINEAR = 1e4
"""Knee, in ranges of the loss, from which on c(L) is linear for every eye."""


@dataclass(frozen=True)
class ColourRange:
    """The monotone map c(L) = asinh((L − low)/knee): linear near the lowest loss, logarithmic far above it.

    On a linear range a bowl that rises to 20 hides a ring whose wall is 2.5 high.
    """

    low: float
    high: float
    knee: float

    def colour(self, losses: np.ndarray) -> np.ndarray:
        """c(L), the quantity that is coloured and contoured."""
        return np.arcsinh((losses - self.low) / self.knee)

    def loss(self, colours: np.ndarray) -> np.ndarray:
        """The loss at a value of c."""
        return self.low + self.knee * np.sinh(colours)

    def ticks(self, count: int = 6) -> tuple[list[float], list[str]]:
        """Losses and labels of a colour bar: round ones, about evenly spaced in c."""
        places = np.linspace(0.0, float(self.colour(np.asarray(self.high))), count)
        losses = [_round(float(value), self.high - self.low) for value in self.loss(places)]
        kept = sorted({value for value in losses if self.low <= value <= self.high})
        labels = [f"{value:g}".replace("-", "−") for value in kept]
        return kept, labels


def finite_of(losses: np.ndarray) -> np.ndarray:
    """The losses that are numbers: a formula has holes; one 0 where there are none."""
    finite = losses[np.isfinite(losses)]
    return finite if finite.size else np.zeros(1)


def colour_range(losses: np.ndarray, barrier: float = np.inf) -> ColourRange:
    """The colour range that suits these losses; a wall of height `barrier` above the lowest takes a good part of it."""
    finite = finite_of(losses)
    low, high = float(finite.min()), float(finite.max())
    if high <= low:
        return ColourRange(low, low + 1.0, 1.0)
    if float(np.median(finite)) - low > EVEN * (high - low):
        return ColourRange(low, high, LINEAR * (high - low))
    knee = min(float(np.quantile(finite - low, KNEE_QUANTILE)), barrier / 2)
    return ColourRange(low, high, max(knee, 1e-4 * (high - low)))


def ground_entry(
    losses: np.ndarray, colours: ColourRange, top: float, ticks: tuple[Sequence[float], Sequence[str]]
) -> Ground:
    """The ground as the browser takes it, losses (rows, columns). ticks: losses, and what is written at them."""
    share = colours.colour(np.clip(losses, colours.low, colours.high)) / colours.colour(np.asarray(colours.high))
    rows, columns = losses.shape
    return {
        "columns": columns,
        "rows": rows,
        "values": encode_shorts(share),
        "top": top,
        "low": colours.low,
        "high": colours.high,
        "knee": colours.knee,
        "ticks": list(ticks[0]),
        "labels": list(ticks[1]),
    }


def curve_entry(x: np.ndarray, losses: np.ndarray, ticks: tuple[Sequence[float], Sequence[str]] = ((), ())) -> Curve:
    """A curve as the browser takes it. ticks: of the loss's axis, where round numbers will not do."""
    return {"x": encode(x), "losses": encode(losses), "ticks": list(ticks[0]), "labels": list(ticks[1])}


def _round(value: float, span: float) -> float:
    """To two significant digits, and to zero where it is small against the span."""
    if abs(value) < 1e-3 * span:
        return 0.0
    return float(f"{value:.1e}")
