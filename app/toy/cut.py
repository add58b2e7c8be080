"""The cut: the loss along a line through each walker, where its probe looks, and the kick that it gets there.

For a walker at θ_t, a unit vector u and the basin's centre c the line is

    x(s) = θ_t + (s − s_t) u,    s_t = (θ_t − c)·u:

s is measured from the point of the line that lies nearest to the centre, and the start has s ≥ 0. u points along

    θ_t − c ("basin"),   ∇L(θ_t) ("gradient"),   ε_t = probe − θ_t ("probe"; the gradient where nothing is probed),

or against it: its sign is the one that turns least from step to step, so that the ground does not flip under a walker
that bounces, and near the centre, or where it has no length, it stays as it was. On a curve the line is the curve.

The frame, the part of the lines that is drawn, belongs to the surface: it stands still while a run plays or a setting
is dragged. Losses along the lines are the surface's own, as uint16 between the frame's floor and ceiling.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from app.drawing.encoding import encode
from app.state.schema import BadRequest
from app.toy.batch import recorded_run
from app.toy.controls import MAXIMUM_STEPS
from app.toy.messages import CutFrame, CutMethod
from app.toy.request import ToyRequest, read_state, request_of
from app.toy.surface import reference
from geometry.surface import Surface
from optimizers.anatomy import directions, last_whole_step
from optimizers.run import Run

CUT_KEY = "● walker   ○ its probe   ╱ slope there   → kick"
"""What the marks of the picture are."""
POINTS = 241
"""Points of a line: a well of width 0.1 at distance 5 is some six of them wide."""
MOST_STEPS = 160
"""Steps in one answer."""
BEHIND, BEYOND = 0.3, 1.35
"""The frame along the line: from so far behind the basin to so far beyond the pothole, in units of their distance …"""
HEADROOM = 1.75
"""… and so many times as high as the ridge between them; …"""
FLOOR, CEILING = 0.25, 0.5
"""… losses are told this much below and above it, in units of its height."""
LEVELS = 65535
SAME = 13
"""A profile that differs from the one before by fewer levels (0.1 px in 500) is not told anew."""
HELD = 0.1
"""Within this part of the frame's unit around the centre the line towards it keeps its direction."""
LEAST = 1e-9
"""A probe that is nearer along the line looks beside it."""
SHARPER = 4.0
"""A minimum with so many times the basin's curvature is a pothole."""
NEAR = 0.05
"""Part of the frame's length: how far beside its landmark a minimum of a walker's own line may lie."""


WORDS = (
    *("own slope", "probe beside the line"),
    *("probe up the wall", "probe over the crest", "probe on the far wall", "probe down the slope"),
)
"""Where the slope comes from that gives the kick; `places_of` says which."""


@dataclass(frozen=True)
class Landmark:
    """A minimum of the ground at s, and what it is called."""

    name: str
    s: float


@dataclass(frozen=True)
class Frame:
    """The part of every line that is drawn: s from `near` to `far`, losses from `low` to `high`.

    centre c and outwards, the unit vector from it to the pothole, or to the surface's own start where none is known;
    unit: their distance.
    """

    centre: np.ndarray
    outwards: np.ndarray
    unit: float
    near: float
    far: float
    low: float
    high: float
    landmarks: tuple[Landmark, ...]

    @property
    def places(self) -> np.ndarray:
        """The s (POINTS) that losses are told at."""
        return np.linspace(self.near, self.far, POINTS)

    @property
    def span(self) -> tuple[float, float]:
        """(floor, ceiling) of the losses that are told."""
        height = self.high - self.low
        return self.low - FLOOR * height, self.high + CEILING * height


@lru_cache(maxsize=256)
def frame_of(surface: Surface) -> Frame:
    """The surface's frame: it holds basin, pothole and the ridge between."""
    centre = reference(surface)[0].astype(float)
    start = np.atleast_1d(np.asarray(surface.default_start, dtype=float))
    radius = surface.flat_basin.radius if surface.flat_basin is not None else 0.0
    others = [np.atleast_1d(np.asarray(m.position, dtype=float)) for m in surface.minima]
    others = [place for place in others if np.linalg.norm(place - centre) > radius]
    far = min(others, key=lambda place: float(np.linalg.norm(place - start)), default=start)
    unit = float(np.linalg.norm(far - centre))
    outwards = (far - centre) / unit if unit > 0 else np.eye(len(centre))[0]
    unit = max(unit, float(np.linalg.norm(start - centre))) or 0.25 * max(b - a for a, b in surface.domain)
    if surface.dimension == 1:
        outwards = np.sign(outwards)
    s = np.linspace(-BEHIND * unit, BEYOND * unit, 8 * POINTS)
    losses = _losses(surface, centre + s[:, None] * outwards)
    defined = np.isfinite(losses)  # a formula has holes
    low = float(losses.min(where=defined, initial=np.inf)) if defined.any() else 0.0
    ridge = float(losses.max(where=defined & (s >= 0) & (s <= unit), initial=low))
    height = HEADROOM * (ridge - low) or 1.0
    marks = _landmarks(s, losses, radius)
    return Frame(centre, outwards, unit, -BEHIND * unit, BEYOND * unit, low, low + height, marks)


def _losses(surface: Surface, points: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(surface.loss(points), dtype=float)


def _landmarks(s: np.ndarray, losses: np.ndarray, radius: float) -> tuple[Landmark, ...]:
    """The minima along the line from the centre outwards: the basin, and those that are sharper than it."""
    bend = np.gradient(np.gradient(losses, s), s)
    inner = np.flatnonzero((losses[1:-1] < losses[:-2]) & (losses[1:-1] <= losses[2:])) + 1
    if not len(inner):
        return ()
    basin = int(inner[np.abs(s[inner]).argmin()])
    others = [k for k in inner if abs(s[k] - s[basin]) > radius and bend[k] > SHARPER * bend[basin]]
    name = "flat basin" if others else "minimum"
    return Landmark(name, float(s[basin])), *(Landmark("pothole", float(s[k])) for k in others)


def landmarks_on(ground: np.ndarray, frame: Frame) -> list[Landmark]:
    """The frame's landmarks that a walker's own ground (POINTS) has: another line may pass the pothole by."""
    reach = math.ceil(NEAR * (POINTS - 1))

    def lies(mark: Landmark) -> bool:
        at = int(np.abs(frame.places - mark.s).argmin())
        near = ground[max(at - reach, 0) : at + reach + 1]
        return bool(min(near[0], near[-1]) > near.min())

    return [mark for mark in frame.landmarks if lies(mark)]


@dataclass(frozen=True)
class Lines:
    """The line and the step of one walker at each step t = 0 … T−1; rows that were not walked are not-a-number.

    direction (T, D) u;  ball (T, 2) s and L of θ_t;  probe (T, 3) s and L of θ_t + ε and its distance from the line,
    None where the method never probes;  slope (T): ∇L·u at θ_t + ε, without noise;  place (T): which of WORDS says
    where that is;  kick (T): how far the preconditioned outer gradient of this step carries the walker along the line
    in the end, −η U ĝ·u/(1−μ);  moved (T, 2): θ_{t+1} − θ_t along the line, with its sign, and off it;  last: the last
    step that was walked whole.
    """

    last: int
    start: np.ndarray
    direction: np.ndarray
    ball: np.ndarray
    probe: np.ndarray | None
    slope: np.ndarray
    place: np.ndarray
    kick: np.ndarray
    moved: np.ndarray


def lines_of(run: Run, surface: Surface, line: str) -> Lines:
    """The lines of one walker's run; `line` is "basin", "gradient" or "probe"."""
    frame = frame_of(surface)
    positions, probes = np.asarray(run.positions), np.asarray(run.probes)
    theta = positions[:-1]
    with np.errstate(all="ignore"):
        gradient, outer = np.asarray(surface.gradient(theta)), np.asarray(surface.gradient(probes))
        u = _directions(theta, probes - theta, gradient, frame, line)
        ball = np.column_stack([_dot(theta - frame.centre, u), np.asarray(run.losses)[:-1]])
        probe = None
        if run.method.looks_ahead:
            offset = probes - theta
            along = _dot(offset, u)
            off = np.linalg.norm(offset - along[:, None] * u, axis=-1)
            probe = np.column_stack([ball[:, 0] + along, _losses(surface, probes), off])
        step = positions[1:] - theta
        along = _dot(step, u)
        off = np.linalg.norm(step - along[:, None] * u, axis=-1)
        rate, momentum = (float(np.asarray(run.settings[key]).reshape(-1)[0]) for key in ("learning_rate", "momentum"))
        kick = -rate / (1 - momentum) * _dot(directions(run), u)
        slope, moved = _dot(outer, u), np.column_stack([along, off])
        place = places_of(_dot(probes - theta, u), _dot(gradient, u), slope, run.method.looks_ahead)
    return Lines(last_whole_step(run), theta, u, ball, probe, slope, place, kick, moved)


def places_of(ahead: np.ndarray, here: np.ndarray, there: np.ndarray, looks_ahead: bool) -> np.ndarray:
    """Which of WORDS says where each probe looks: by its place along the line and the slopes at ball and probe, both
    seen in the direction of the probe."""
    if not looks_ahead:
        return np.zeros(len(ahead), dtype=int)
    up_here, up_there = here * ahead >= 0, there * ahead >= 0
    seen = np.where(up_here, np.where(up_there, 2, 3), np.where(up_there, 4, 5))
    return np.where(np.abs(ahead) < LEAST, 1, seen)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(axis=-1)


def _directions(theta: np.ndarray, offset: np.ndarray, gradient: np.ndarray, frame: Frame, line: str) -> np.ndarray:
    """u at each step (T, D): see the module's docstring."""
    if theta.shape[-1] == 1:
        return np.broadcast_to(frame.outwards, theta.shape).copy()
    outwards = theta - frame.centre
    raw, least = gradient, 0.0
    if line == "basin":
        raw, least = outwards, HELD * frame.unit
    elif line == "probe":
        raw = np.where(_usable(offset, 0.0)[:, None], offset, gradient)
    usable = _usable(raw, least)
    latest = np.maximum.accumulate(np.where(usable, np.arange(len(raw)), -1))
    held = raw[np.maximum(latest, 0)]
    first = outwards[0] if _usable(outwards[:1], 0.0)[0] else frame.outwards
    held[latest < 0] = first if line == "basin" else frame.outwards
    u = held / np.linalg.norm(held, axis=-1, keepdims=True)
    turned = _dot(u, np.concatenate([first[None] / np.linalg.norm(first), u[:-1]])) < 0
    return u * np.where(np.cumsum(turned) % 2, -1.0, 1.0)[:, None]


def _usable(vectors: np.ndarray, least: float) -> np.ndarray:
    """Which of the vectors (T, D) are finite and longer than `least`."""
    lengths = np.linalg.norm(vectors, axis=-1)
    return np.isfinite(lengths) & (lengths > least)


def grounds(surface: Surface, frame: Frame, lines: Lines, steps: np.ndarray) -> np.ndarray:
    """The loss along the lines of these steps, (n, POINTS), between the frame's floor and ceiling."""
    s = frame.places[None, :, None] - lines.ball[steps, 0][:, None, None]
    losses = _losses(surface, lines.start[steps][:, None, :] + s * lines.direction[steps][:, None, :])
    floor, ceiling = frame.span
    return np.clip(np.nan_to_num(losses, nan=ceiling, posinf=ceiling, neginf=floor), floor, ceiling)


def profiles(surface: Surface, frame: Frame, lines: Lines, steps: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Those grounds as uint16 (P, POINTS), and which of the P is each step's. One that hardly differs from the one
    before is not told anew."""
    floor, ceiling = frame.span
    part = (grounds(surface, frame, lines, steps) - floor) / (ceiling - floor)
    found: list[np.ndarray] = []
    which = []
    for row in np.rint(part * LEVELS).astype(np.int32):
        if not found or np.abs(row - found[-1]).max() >= SAME:
            found.append(row)
        which.append(len(found) - 1)
    return np.array(found, dtype="<u2"), which


def frame_entry(frame: Frame) -> CutFrame:
    """The frame as the browser draws it."""
    floor, ceiling = frame.span
    return {
        "along": [frame.near, frame.far],
        "losses": [frame.low, frame.high],
        "span": [floor, ceiling],
        "centre": frame.centre.tolist(),
        "landmarks": [{"name": mark.name, "s": mark.s} for mark in frame.landmarks],
    }


def method_entry(name: str, lines: Lines, surface: Surface, asked: Sequence[int]) -> CutMethod:
    """One method's steps among those that are asked for, in order; one that was not walked whole is left out."""
    steps = np.array(sorted({min(step, lines.last) for step in asked}))
    ground, which = profiles(surface, frame_of(surface), lines, steps)
    return {
        "name": name,
        "last": lines.last,
        "steps": steps.tolist(),
        "ground": base64.b64encode(ground.tobytes()).decode("ascii"),
        "which": which,
        "direction": encode(lines.direction[steps]),
        "ball": encode(lines.ball[steps]),
        "probe": None if lines.probe is None else encode(lines.probe[steps]),
        "slope": encode(lines.slope[steps]),
        "place": lines.place[steps].tolist(),
        "kick": encode(lines.kick[steps]),
        "moved": encode(lines.moved[steps]),
    }


@dataclass(frozen=True)
class CutRequest:
    """Which steps of which run along which line."""

    toy: ToyRequest
    line: str
    steps: tuple[int, ...]

    def answer(self) -> bytes:
        """The JSON of the steps."""
        return orjson.dumps(cut(self.toy, self.line, self.steps))


def cut(toy: ToyRequest, line: str, steps: Sequence[int]) -> dict[str, Any]:
    """The frame, and of each method the steps asked for."""
    surface = toy.make_surface()
    alone = replace(toy, methods=(), preset="custom", scheme="light")
    methods = [method_entry(name, _lines(alone, name, line), surface, steps) for name in toy.methods]
    return cut_entry(surface, line, methods)


def cut_entry(surface: Surface, line: str, methods: list[CutMethod]) -> dict[str, Any]:
    """The methods' steps with what they share."""
    return {
        "dimension": surface.dimension,
        "line": line,
        "points": POINTS,
        "words": WORDS,
        "frame": frame_entry(frame_of(surface)),
        "methods": methods,
    }


@lru_cache(maxsize=32)
def _lines(toy: ToyRequest, name: str, line: str) -> Lines:
    """Kept: a browser asks for the steps of a run window by window."""
    return lines_of(*recorded_run(toy, name), line)


def read_cut(raw: Mapping[str, Any]) -> CutRequest:
    """A posted state with `cut_line`, and `cut_steps`, the list of the steps asked for. BadRequest as usual."""
    reading = read_state(raw).checked()
    return CutRequest(request_of(reading.state), reading.state["cut_line"], _read_steps(raw.get("cut_steps")))


def _read_steps(raw: Any) -> tuple[int, ...]:
    whole = isinstance(raw, list) and all(isinstance(step, int) and not isinstance(step, bool) for step in raw)
    if not whole or not 1 <= len(raw) <= MOST_STEPS or min(raw) < 0 or max(raw) > MAXIMUM_STEPS:
        raise BadRequest(f"cut_steps must be a list of 1 to {MOST_STEPS} steps from 0 to {MAXIMUM_STEPS}.")
    return tuple(sorted(set(raw)))
