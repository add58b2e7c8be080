"""Contours of a surface as SVG paths: for each level the region above it, painted over the one below."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from contourpy import FillType, contour_generator

SIZE = 2000
"""The paths lie in a square of this side, y downwards; coordinates are whole numbers."""


def region_paths(x: np.ndarray, y: np.ndarray, values: np.ndarray, levels: np.ndarray) -> list[str]:
    """One path (SVG's "d") for each level: where values[j, i] at (x[i], y[j]) is at least that. Painted in order, the
    regions are filled contours without seams. Holes count by the even-odd rule."""
    across = (x - x[0]) / (x[-1] - x[0]) * SIZE
    down = (1 - (y - y[0]) / (y[-1] - y[0])) * SIZE
    # contourpy wants rising coordinates, so the rows are turned round with them.
    made = contour_generator(across, down[::-1], values[::-1], fill_type=FillType.OuterOffset)
    above = float(np.nanmax(values)) + 1.0
    return [_path(*made.filled(float(level), above)) for level in levels]


def _path(points: list[np.ndarray], offsets: list[np.ndarray]) -> str:
    """Closed polygons in relative whole-number coordinates: half the length of absolute ones."""
    parts = []
    for polygon, ends in zip(points, offsets, strict=True):
        for first, last in pairwise(ends):
            ring = np.rint(polygon[first:last]).astype(int)
            steps = np.diff(ring, axis=0)
            steps = steps[np.any(steps != 0, axis=1)]
            if len(steps) > 1:
                words = " ".join(f"{dx} {dy}" for dx, dy in steps)
                parts.append(f"M{ring[0][0]} {ring[0][1]}l{words}z")
    return "".join(parts)
