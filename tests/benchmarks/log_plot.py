"""A plain SVG of curves over two logarithmic axes, for tables that are easier seen."""

from __future__ import annotations

import math
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 70, 190, 40, 50
COLOURS = ("#555555", "#0072b2", "#56b4e9", "#d55e00", "#cc79a7", "#009e73")


def log_plot(curves: dict[str, list[tuple[float, float]]], x_label: str, y_label: str, title: str) -> str:
    """The SVG text; each curve is a list of (x, y), both positive."""
    points = [point for curve in curves.values() for point in curve]
    x0, x1 = _decades(x for x, _ in points)
    y0, y1 = _decades(y for _, y in points)

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (math.log10(x) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
        return across, HEIGHT - BOTTOM - (math.log10(y) - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="14">{escape(title)}</text>',
    ]
    for decade in range(x0, x1 + 1):
        at, _ = place(10.0**decade, 10.0**y0)
        parts.append(_line(at, TOP, at, HEIGHT - BOTTOM, "#dddddd"))
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">1e{decade}</text>')
    for decade in range(y0, y1 + 1):
        _, at = place(10.0**x0, 10.0**decade)
        parts.append(_line(LEFT, at, WIDTH - RIGHT, at, "#dddddd"))
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">1e{decade}</text>')
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        corners = [place(x, y) for x, y in curve]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in corners]
        row = TOP + 14 + 20 * number
        parts.append(_line(WIDTH - RIGHT + 12, row - 4, WIDTH - RIGHT + 34, row - 4, colour))
        parts.append(f'<text x="{WIDTH - RIGHT + 40}" y="{row}">{escape(name)}</text>')
    middle = TOP + (HEIGHT - TOP - BOTTOM) / 2
    parts.append(
        f'<text x="{LEFT + (WIDTH - LEFT - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x_label)}</text>'
    )
    parts.append(
        f'<text x="18" y="{middle}" text-anchor="middle" transform="rotate(-90 18 {middle})">{escape(y_label)}</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _decades(values: object) -> tuple[int, int]:
    logs = [math.log10(v) for v in values]  # type: ignore[attr-defined]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    return low, max(high, low + 1)


def _line(xa: float, ya: float, xb: float, yb: float, colour: str) -> str:
    return f'<line x1="{xa:.1f}" y1="{ya:.1f}" x2="{xb:.1f}" y2="{yb:.1f}" stroke="{colour}"/>'
