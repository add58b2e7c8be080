"""What the real step does where the closed forms of the two-scale quadratic say what it should do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from geometry import two_scale
from geometry.surfaces import TwoScalePlane, TwoScaleQuadratic
from geometry.symbolic_dynamics import LONGEST, Word, mirrored, word_of
from geometry.two_scale import Cycle
from optimizers import LLQR, METHODS, simulate
from optimizers.methods import Method
from optimizers.probes import ROUNDING, SAM
from optimizers.rule import Settings, State, descent_step

WIDE = 1e3
"""Half-width of a pothole without an edge that anything could reach."""
SETTLING = 3000
"""Steps given to an orbit to settle."""
TAIL = 240
"""Last steps of it that are looked at."""
PERIODS = 20
"""Periods over which a cycle is followed."""
SAME = 1e-7
"""Largest difference, in units of ρ, between two passes of a settled cycle."""
FINE = 161
"""Values tried of a threshold, from 0.9 to 1.1 of its closed form: it is met to a quarter of a percent."""
REST = 1e-5
"""How far from the bottom a walker "at rest" starts, in units of w: SAM needs a gradient to look along."""


BOUNCES = 800
"""Steps on the plane."""
FIXED = LLQR("scalar", inner_steps=0, warm_start_scale=None, decay=1.0)
"""A preconditioner that stays what it is from step 1 on."""


@dataclass(frozen=True)
class Setting:
    """The pothole along one axis and the walker in it: L = ½h(x+X)² + ½(a−h)(min(x², w²) − w²), U = 1."""

    h: float
    a: float
    w: float
    offset: float
    learning_rate: float
    radius: float
    momentum: float
    start: float

    @property
    def c(self) -> float:
        """η a."""
        return self.learning_rate * self.a

    @property
    def bottom(self) -> float:
        """x* = −hX/a, the pothole's bottom."""
        return -self.h * self.offset / self.a

    @property
    def room(self) -> float:
        """From the bottom to the nearer edge; not positive where the pothole has no bottom."""
        return self.w - abs(self.bottom)

    @property
    def surface(self) -> TwoScaleQuadratic:
        """The surface itself."""
        return TwoScaleQuadratic(self.h, self.a, self.w, self.offset)

    @property
    def endless(self) -> TwoScaleQuadratic:
        """The pothole alone: without edge, its bottom at 0."""
        return TwoScaleQuadratic(self.h, self.a, WIDE, 0.0)


def follow(setting: Setting, orbits: list[Cycle]) -> np.ndarray:
    """Largest |x| of the real step over the last of PERIODS periods, started on each orbit (made for ρ = 1), (N,)."""
    states = setting.radius * np.array([orbit.states[0] for orbit in orbits])
    state = State(states[:, :1], states[:, 1:] / setting.learning_rate, None, None)
    settings = Settings(setting.learning_rate, setting.radius, setting.momentum)
    longest = max(len(orbit.word) for orbit in orbits)
    path = []
    for _ in range(PERIODS * longest):
        state, _ = descent_step(setting.endless, METHODS["SAM"], settings, state)
        path.append(np.abs(state.position[:, 0]))
    return np.array(path[-longest:]).max(axis=0)


def settled(setting: Setting, starts: np.ndarray) -> tuple[np.ndarray, list[Word | None]]:
    """(x (TAIL, S), words): SAM's last steps in the endless pothole from these offsets from its bottom, at rest."""
    with np.errstate(all="ignore"):
        run = simulate(
            setting.endless, "SAM", starts[:, None], SETTLING, setting.learning_rate, setting.radius, setting.momentum
        )
    x = np.asarray(run.positions)[-TAIL:, :, 0]
    found = []
    for w in range(x.shape[1]):
        # Twice the longest listed period, so that an orbit of a longer one is not taken for none at all.
        word = word_of(x[:, w], 2 * LONGEST, SAME * setting.radius) if np.all(np.isfinite(x[:, w])) else None
        found.append(None if word is None or 0 in word else min(word, mirrored(word)))
    return x, found


def edge_of_stability(setting: Setting, curvature: float) -> float:
    """The largest learning rate, of FINE around 2(1 + μ)/curvature, at which a displacement dies out; measured."""
    closed = 2 * (1 + setting.momentum) / curvature
    rates = closed * np.linspace(0.9, 1.1, FINE)
    quadratic = TwoScaleQuadratic(curvature, curvature, WIDE, 0.0)
    run = simulate(quadratic, "SGDM", [1e-3], 4000, rates, 0.0, setting.momentum, record="summary")
    grows = (run.outcome == "diverged") | ~(np.abs(run.final[:, 0]) < 1e-3)
    return float(rates[~grows].max()) if (~grows).any() else float("nan")


def rest_threshold(setting: Setting, closed: float) -> float:
    """The smallest ρ, of FINE around ρ*, at which a walker at rest at the bottom probes beyond the edge; measured.

    From either side of the bottom: the first bounce decides at which edge the highest one comes.
    """
    radii = closed * np.linspace(0.9, 1.1, FINE)
    starts = setting.bottom + REST * setting.w * np.array([[[-1.0]], [[1.0]]])
    run = simulate(setting.surface, "SAM", starts, 1500, setting.learning_rate, radii, setting.momentum)
    return _first_beyond(np.abs(run.probes[..., 0]).max(axis=1), radii, setting.w)


def cycle_threshold(setting: Setting, closed: float) -> float:
    """The smallest ρ, of FINE around the confinement bound, at which a walker on the 2-cycle probes beyond the edge."""
    radii = closed * np.linspace(0.9, 1.1, FINE)
    orbit = two_scale.cycle((1, -1), setting.c, setting.momentum, 1.0).states[0]
    position = setting.bottom + radii[:, None] * orbit[0]
    state = State(position, radii[:, None] * orbit[1] / setting.learning_rate, None, None)
    settings = Settings(setting.learning_rate, radii, setting.momentum)
    probes = []
    for _ in range(4):
        state, trace = descent_step(setting.surface, METHODS["SAM"], settings, state)
        probes.append(trace.probe[:, 0])
    return _first_beyond(np.array(probes), radii, setting.w)


def _first_beyond(probes: np.ndarray, radii: np.ndarray, w: float) -> float:
    beyond = np.nanmax(np.abs(probes), axis=0) > w
    return float(radii[beyond].min()) if beyond.any() else float("nan")


def ghost_end(setting: Setting, ghost: float) -> float:
    """Where SAM is after SETTLING steps from a place a thousandth of ρ beside the ghost minimum."""
    run = simulate(
        setting.surface,
        "SAM",
        [ghost + 1e-3 * setting.radius],
        SETTLING,
        setting.learning_rate,
        setting.radius,
        setting.momentum,
        record="summary",
    )
    return float(run.final[0])


def bowl_amplitude(setting: Setting, u: float) -> float:
    """Largest |x + X| of SAM with a fixed U in the bowl alone, followed from its 2-cycle for PERIODS periods."""
    bowl = TwoScaleQuadratic(setting.h, setting.h, 1e-9, 0.0)
    c = setting.learning_rate * u * setting.h
    # Down in the bowl the gradient is small enough for the 10⁻¹² under SAM's root to shorten its probe: the orbit is
    # that of the shortened one, found by iteration, or the walker would ring around it for hundreds of steps.
    unit = two_scale.cycle((1, -1), c, setting.momentum, 1.0).states[0]
    radius = setting.radius
    for _ in range(20):
        radius = setting.radius / np.sqrt(1 + ROUNDING / (u * setting.h * radius * unit[0]) ** 2)
    x, scaled = radius * unit
    state = State(np.array([[x]]), np.array([[scaled / setting.learning_rate]]), None, {"theta": np.array([[u]])}, 1)
    settings = Settings(setting.learning_rate, setting.radius, setting.momentum)
    path = []
    for _ in range(2 * PERIODS):
        state, _ = descent_step(bowl, Method(SAM(), FIXED), settings, state)
        path.append(abs(float(state.position[0, 0])))
    return max(path[-2:])


@lru_cache(maxsize=64)
def bounce(plane: TwoScalePlane, u: tuple[float, float], setting: Setting) -> np.ndarray:
    """SAM's last TAIL places (TAIL, 2) on the plane's pothole without edge, with the fixed diagonal U (2,).

    Kept, as the files of an instrument are made from what its page has shown.
    """
    wide = replace(plane, half_width=WIDE, offset=0.0)
    rule = replace(FIXED, structure="diagonal")
    # Off both axes, so that neither direction is chosen beforehand.
    start = setting.radius * np.array([[0.11, 0.13]])
    state = State(start, np.zeros((1, 2)), None, {"theta": np.array([u])}, 1)
    settings = Settings(setting.learning_rate, setting.radius, setting.momentum)
    path = []
    with np.errstate(all="ignore"):
        for _ in range(BOUNCES):
            state, _ = descent_step(wide, Method(SAM(), rule), settings, state)
            path.append(np.array(state.position[0]))
    return np.array(path[-TAIL:])
