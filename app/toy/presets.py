"""Named settings: the paper's two figures (our reconstruction), stiff valley, two-scale quadratic; and for a surface
that a person picks from the list, settings at which there is something to see.

The latter were found by simulation from the surface's own start: plain momentum arrives, or at least stays in the
picture. The default settings of the table belong to the annular well and are too large for the steep test functions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from app.state.schema import State
from geometry.surfaces import AnnularWell

CUSTOM = "custom"


@dataclass(frozen=True)
class Preset:
    """A named state: what differs from the defaults of the surface and of the table of controls.

    Figure 2's seed is one whose run is typical: SAM and LLQR+SAM arrive near their median steps over sixty seeds.
    """

    key: str
    title: str
    question: str
    """The page's title while it is shown, in plain words."""
    caption: str
    surface: str
    values: State = field(default_factory=dict)


def _annular_start(offset: float, angle: float) -> dict[str, float]:
    """A start at the given distance from the circle of the well's bottom."""
    distance = AnnularWell().well_radius + offset
    return {"start_x": round(distance * math.cos(angle), 6), "start_y": round(distance * math.sin(angle), 6)}


def _all() -> tuple[Preset, ...]:
    well = AnnularWell()
    return (
        Preset(
            "figure-2",
            "Figure 2",
            "A sharp pothole. Who gets out?",
            "Our reconstruction of the paper’s Figure 2, with noise so that paths part.",
            "annular-well",
            {
                "learning_rate": 0.0165,
                "radius": 0.30,
                "steps": 600,
                "noise_variance": 0.3,
                "seed": 36,
                **_annular_start(-0.5 * well.width, 0.6),
            },
        ),
        Preset(
            "figure-3",
            "Figure 3",
            "At rest at the pothole’s very bottom. Who gets out?",
            "Our reconstruction of the paper’s Figure 3, with a trace of noise.",
            "annular-well",
            {
                "learning_rate": 0.017,
                "radius": 0.33,
                "steps": 1500,
                "noise_variance": 1e-9,
                **_annular_start(0.0, 0.6),
            },
        ),
        Preset(
            "stiff-valley",
            "Stiff valley",
            "A steep wall and a flat floor. Can one learning rate serve both?",
            "One flat axis, one stiff: no learning rate suits both, a preconditioner does.",
            "stiff-valley",
            # near the floor: from high up the wall the cut towards the basin would show the wall alone
            {"learning_rate": 0.017, "radius": 0.33, "steps": 600, "start_y": 0.04},
        ),
        Preset(
            "two-scale",
            "Two-scale quadratic",
            "A pothole in a wide bowl. Whom does bouncing carry out?",
            "A wide basin with a sharp pothole: when does SAM’s bouncing carry it out?",
            "two-scale-quadratic",
            {"steps": 400, "radius": 0.10},
        ),
    )


PRESETS: dict[str, Preset] = {preset.key: preset for preset in _all()}
DEFAULT_PRESET = "figure-2"


def preset_values(key: str) -> State:
    """What a preset sets, its surface included; nothing for "custom". KeyError for an unknown key."""
    if key == CUSTOM:
        return {}
    preset = PRESETS[key]
    return {"surface": preset.surface, **preset.values}


SUGGESTED: dict[str, State] = {
    "stiff-valley": {"learning_rate": 0.017, "radius": 0.33},
    "two-scale-quadratic": {"steps": 400},
    "two-scale-plane": {"learning_rate": 0.03, "radius": 0.1, "steps": 200},
    "quadratic-bowl": {"learning_rate": 0.003, "radius": 0.1, "steps": 300},
    "rosenbrock": {"learning_rate": 0.0005, "radius": 0.02, "steps": 3000},
    "split-rosenbrock": {"learning_rate": 0.0005, "radius": 0.02, "steps": 3000},
    "himmelblau": {"learning_rate": 0.001},
    "beale": {"learning_rate": 0.003, "radius": 0.1},
    "goldstein-price": {"learning_rate": 0.0001, "radius": 0.05},
    "ackley": {"learning_rate": 0.001, "radius": 0.1, "steps": 300},
    "monkey-saddle": {"learning_rate": 0.001, "radius": 0.1, "steps": 200},
}


def suggested(surface: str) -> State:
    """The settings for a surface that differ from the table's defaults."""
    return SUGGESTED.get(surface, {})
