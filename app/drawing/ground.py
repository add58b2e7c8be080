"""The ground of a map as the page shows it: colour by the loss, light by the slope. See assets/draw/ground.js."""

from __future__ import annotations

import numpy as np

from app.drawing.appearance import SCHEMES

BOX = (1.2, 1.2, 0.6)
"""Sides of the page's 3-D view: across, deep, high."""
GENTLE = 0.55
"""Of its slopes: steeper ones would all be as dark."""
LIGHT = np.array([-0.55, 0.6, 0.85]) / np.linalg.norm([-0.55, 0.6, 0.85])

SIMILAR = (0.55, 1.8)
"""Ratios of a ground's sides at which equal scales on both leave no strip."""


def hill_shade(shares: np.ndarray, cut: float) -> np.ndarray:
    """n·l for the slopes of heights (rows, columns), those above `cut` level; 0.72 on level ground."""
    heights = GENTLE * np.minimum(shares, cut) * BOX[2] / cut
    rows, columns = heights.shape
    up, across = np.gradient(heights, BOX[1] / (rows - 1), BOX[0] / (columns - 1))
    light = (LIGHT[2] - across * LIGHT[0] - up * LIGHT[1]) / np.sqrt(across**2 + up**2 + 1)
    return np.maximum(light, 0.0)


def lit(shares: np.ndarray, cut: float, scheme: str) -> np.ndarray:
    """The colours (rows, columns, 4), 0 to 1, of shares of the scale under the page's light; nothing in their holes."""
    look = SCHEMES[scheme]
    stops = np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in look.low_to_high])
    places = np.linspace(0.0, 1.0, len(stops))
    plain = np.stack([np.interp(shares, places, stops[:, part]) for part in range(3)], axis=-1)
    gain = look.sun * (hill_shade(shares, cut) - LIGHT[2])[..., None]
    colours = np.where(gain < 0, plain * (1 + gain), plain + (1 - plain) * gain)
    alpha = np.isfinite(gain) & np.isfinite(plain[..., :1])
    return np.where(alpha, np.clip(np.concatenate([colours, np.ones_like(gain)], axis=-1), 0.0, 1.0), 0.0)
