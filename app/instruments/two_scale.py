"""The two-scale instrument: each closed form beside what the real step does, and how far the two lie apart."""

from __future__ import annotations

import math

import numpy as np
import orjson

from app.drawing.encoding import finite
from app.instruments import two_scale_checks as checks
from app.instruments.bounds import NECESSARY
from app.instruments.export.tables import two_scale_tables
from app.instruments.instrument import Instrument, InstrumentRequest
from app.instruments.messages import Bouncing, Cycles, Orbit, Quantity, Window, WindowLine
from app.instruments.two_scale_checks import Setting
from app.state.numbers_as_text import number
from app.toy.request import ToyRequest
from geometry import two_scale
from geometry.surface import Surface
from geometry.surfaces import Pitted, TwoScalePlane, TwoScaleQuadratic
from geometry.symbolic_dynamics import LONGEST, admissible_cycles, mirrored
from optimizers import simulate
from optimizers.probes import ROUNDING

WHY_THESE = "The closed forms are of SAM’s probe and heavy ball with a U that stays; other methods’ parts have none."
STARTS = 121
"""Starts across the pothole whose cycles are counted."""
RADII = 241
"""Radii of the window strip."""
MOST_SHOWN = 24
"""Cycles that are listed; the rest is counted."""
EXACT = 1e-6
"""A relative deviation below this is rounding; a threshold is met to the fineness of its grid, 0.2/160."""
GRID = 0.2 / (checks.FINE - 1)


def setting_of(toy: ToyRequest, surface: Surface) -> tuple[Setting, TwoScalePlane, str]:
    """(the pothole on a line, the one on the plane, what they are), from the page's surface where it is either."""
    line, plane, what = TwoScaleQuadratic(), TwoScalePlane(), ""
    dug = ""
    if isinstance(surface, Pitted):
        surface, dug = surface.ground, " Dug potholes are left out: the closed forms know none."
    if isinstance(surface, TwoScaleQuadratic):
        line, what = surface, "The line is the page’s surface, the plane has its default curvatures."
    elif isinstance(surface, TwoScalePlane):
        plane, what = surface, "The plane is the page’s surface, the line its first axis."
    else:
        what = "The page’s surface has no two scales: line and plane have their default curvatures."
    source = surface if isinstance(surface, TwoScalePlane) else line
    h, a, w, offset = source.kernel_parameters[:4].tolist()
    on_line = isinstance(surface, TwoScaleQuadratic | TwoScalePlane)
    start = float(toy.start[0]) if on_line else w / 3
    return Setting(h, a, w, offset, toy.learning_rate, toy.radius, toy.momentum, start), plane, what + dug


def two_scale_answer(request: InstrumentRequest) -> bytes:
    """The JSON of the instrument."""
    surface = request.toy.make_surface()
    setting, plane, what = setting_of(request.toy, surface)
    rows = quantities(setting)
    cycles = cycles_told(setting)
    answer = {
        "c": setting.c,
        "edge": 2 * (1 + setting.momentum),
        "quantities": rows,
        "cycles": cycles,
        "window": window(setting),
        "plane": [bouncing(plane, setting, inverse) for inverse in (False, True)],
        "sentence": sentence(rows, cycles),
        "what": f"{what} η = {number(setting.learning_rate)}, ρ = {number(setting.radius)}, μ = "
        f"{number(setting.momentum)}; no noise, U as said, Euclidean probe. {WHY_THESE}",
    }
    return orjson.dumps(answer)


def _row(
    label: str, formula: str, closed: float, simulated: float, kind: str = "", exact: bool = True, slope: float = 1.0
) -> Quantity:
    """One quantity. deviation: relative, none where either is missing; agrees: within rounding, or the grid's step.

    slope: the gradient that SAM divides by. The 10⁻¹² under its root shortens ρ by the part 10⁻¹²/(2 slope²).
    """
    known = math.isfinite(closed) and math.isfinite(simulated)
    deviation = abs(simulated - closed) / abs(closed) if known and closed else None
    return {
        "label": label,
        "formula": formula,
        "kind": kind,
        "closed": finite(closed),
        "simulated": finite(simulated),
        "deviation": deviation,
        "agrees": None if deviation is None else deviation <= (EXACT + ROUNDING / slope**2 if exact else 1.01 * GRID),
        "fineness": None if exact else GRID,
    }


def quantities(s: Setting) -> list[Quantity]:
    """Amplitude, edges of stability, window of ρ, ghost and bowl, as far as this setting has them."""
    edge = 2 * (1 + s.momentum)
    stable = 0 < s.c < edge and s.radius > 0
    rows = []
    if stable:
        cycle = two_scale.cycle((1, -1), s.c, s.momentum, 1.0)
        closed = float(two_scale.two_cycle_amplitude(s.c, s.momentum, s.radius))
        measured = float(checks.follow(s, [cycle])[0])
        rows.append(_row("Amplitude of the 2-cycle", "A = cρ/(2(1 + μ) − c)", closed, measured, slope=s.a * closed))
    rows.append(
        _row(
            label="Edge of stability in the pothole",
            formula="η = 2(1 + μ)/a",
            closed=edge / s.a,
            simulated=checks.edge_of_stability(s, s.a),
            kind="necessary for a cycle to attract",
            exact=False,
        )
    )
    rows.append(
        _row(
            label="Edge of stability in the bowl",
            formula="η = 2(1 + μ)/h",
            closed=edge / s.h,
            simulated=checks.edge_of_stability(s, s.h),
            kind="necessary for arriving",
            exact=False,
        )
    )
    if stable and s.room > 0:
        rows += _window_rows(s)
    ghost = two_scale.ghost_minimum(s.h, s.a, s.w, s.offset, s.radius)
    if math.isfinite(ghost) and s.room > 0:
        holds = two_scale.ghost_holds(s.learning_rate, s.momentum, [s.a], s.h * (ghost + s.offset), s.radius)
        kind = "attracts: ηa < 2(1 + μ)" if holds else "does not attract: ηa ≥ 2(1 + μ)"
        rows.append(_row("Ghost minimum", "x* − ρ", ghost, checks.ghost_end(s, ghost) if holds else math.nan, kind))
    for label, formula, u in (
        ("Jitter in the bowl, U = 1", "ηhρ/(2(1 + μ) − ηh)", 1.0),
        ("Jitter in the bowl, U = 1/h", "ηρ/(2(1 + μ) − η)", 1 / s.h),
    ):
        c = s.learning_rate * u * s.h
        if s.radius > 0 and c < edge:
            closed = float(two_scale.two_cycle_amplitude(c, s.momentum, s.radius))
            row = _row(label, formula, closed, checks.bowl_amplitude(s, u), slope=u * s.h * closed)
            if row["deviation"] is not None and row["deviation"] > EXACT:
                row["kind"] = "the 10⁻¹² under SAM’s root is felt by so small a gradient"
            rows.append(row)
    return rows


def _window_rows(s: Setting) -> list[Quantity]:
    necessary = NECESSARY
    if s.momentum == 0:
        necessary += "; not valid at μ = 0"
    rest = two_scale.rest_radius(s.c, s.momentum, s.room)
    confined = float(two_scale.confinement_radius(s.c, s.momentum, s.room))
    return [
        _row(
            label="ρ above which a probe from rest leaves",
            formula="ρ* = w/(1 + P(c, μ))",
            closed=rest,
            simulated=checks.rest_threshold(s, rest),
            kind=necessary,
            exact=False,
        ),
        _row(
            label="ρ above which the 2-cycle’s probe leaves",
            formula="w(1 − c/(2(1 + μ)))",
            closed=confined,
            simulated=checks.cycle_threshold(s, confined),
            kind=necessary,
            exact=False,
        ),
    ]


def cycles_told(s: Setting) -> Cycles:
    """The admissible cycles with their followed counterparts, how many starts end on each, and the page's start's."""
    told: Cycles = {"list": [], "longest": LONGEST, "starts": STARTS, "count": 0, "others": 0, "mine": None}
    if not 0 < s.c < 2 * (1 + s.momentum) or s.radius == 0 or s.room <= 0:
        return told
    orbits = list(admissible_cycles(s.c, s.momentum))
    if not orbits:
        return told
    followed = checks.follow(s, orbits)
    # Both at rest: the start in view first, then starts across the pothole.
    across = np.linspace(-s.room, s.room, STARTS)
    x, words = checks.settled(s, np.append(s.start - s.bottom, np.where(across == 0, REST_OFFSET * s.w, across)))
    names = {min(orbit.word, mirrored(orbit.word)) for orbit in orbits}
    for orbit, amplitude in zip(orbits, followed, strict=True):
        name = min(orbit.word, mirrored(orbit.word))
        closed = s.radius * orbit.amplitude
        told["list"].append(
            {
                "word": _signs(orbit.word),
                "period": len(orbit.word),
                "closed": closed,
                "simulated": float(amplitude),
                "deviation": abs(float(amplitude) - closed) / closed,
                "starts": words[1:].count(name),
                "mine": words[0] == name,
            }
        )
    told["count"] = len(told["list"])
    told["others"] = sum(word not in names for word in words[1:])
    mine = words[0]
    told["mine"] = None if mine is None else {"word": _signs(mine), "period": len(mine)}
    told["orbit"] = _orbit(s, x[:, 0], mine)
    told["list"] = sorted(told["list"], key=lambda row: (not row["mine"], -row["starts"], row["period"]))[:MOST_SHOWN]
    return told


REST_OFFSET = 1e-5


def _signs(word: tuple[int, ...]) -> str:
    return "".join("+" if letter > 0 else "−" for letter in word)


def _orbit(s: Setting, x: np.ndarray, word: tuple[int, ...] | None) -> Orbit:
    """The last steps of the start in view, and the closed form's orbit in the same phase (none without a word)."""
    shown = x[-48:]
    closed: list[float | None] = [None] * len(shown)
    if word is not None:
        period = len(word)
        signs = np.sign(shown[-period:]).astype(int)
        orbit = two_scale.cycle(signs.tolist(), s.c, s.momentum, s.radius).states[:, 0]
        closed = [float(orbit[(k - len(shown)) % period]) for k in range(len(shown))]
    return {"simulated": [finite(v) for v in shown], "closed": closed}


def window(s: Setting) -> Window:
    """What becomes of SAM from the start in view over a range of ρ, with the bounds as lines."""
    top = max(3 * s.w, 1.5 * s.radius, 0.1)
    radii = np.linspace(0, top, RADII)[1:]
    with np.errstate(all="ignore"):
        run = simulate(s.surface, "SAM", [s.start], 1500, s.learning_rate, radii, s.momentum, record="summary")
    ghosts = np.array([two_scale.ghost_minimum(s.h, s.a, s.w, s.offset, float(radius)) for radius in radii])
    at_ghost = np.abs(run.final[:, 0] - ghosts) < 0.01 * radii
    inside = np.abs(run.final[:, 0]) < s.w
    ends = np.select(
        [run.outcome == "diverged", run.outcome == "reached", at_ghost, inside],
        ["diverges", "reaches the bowl’s bottom", "hangs at the ghost minimum", "stays in the pothole"],
        "elsewhere",
    )
    lines: list[WindowLine] = []
    if 0 < s.c < 2 * (1 + s.momentum) and s.room > 0 and s.momentum > 0:
        rest = two_scale.rest_radius(s.c, s.momentum, s.room)
        confined = float(two_scale.confinement_radius(s.c, s.momentum, s.room))
        lines = [{"name": "ρ* = w/(1 + P)", "at": rest}, {"name": "w(1 − c/(2(1 + μ)))", "at": confined}]
    names = sorted(set(ends.tolist()))
    counts = {name: int((ends == name).sum()) for name in names}
    return {
        "radii": radii.tolist(),
        "ends": ends.tolist(),
        "lines": [line for line in lines if line["at"] <= top],
        "counts": counts,
        "what": f"SAM from x = {number(s.start)}, {len(radii)} radii, 1500 steps.",
    }


def bouncing(plane: TwoScalePlane, s: Setting, inverse: bool) -> Bouncing:
    """Along which axis SAM bounces with U = I or U = H̄⁻¹ = diag(1/h): argmax U_i a_i, and the real step's motion."""
    h = np.array([plane.curvature_1, plane.curvature_2])
    a = np.array([plane.pothole_curvature_1, plane.pothole_curvature_2])
    u = 1 / h if inverse else np.ones(2)
    products = u * a
    c = s.learning_rate * float(products.max())
    told: Bouncing = {
        "name": "U = H̄⁻¹ = diag(1/h)" if inverse else "U = I (Euclidean SAM)",
        "u": u.tolist(),
        "products": products.tolist(),
        "c": c,
        "expected": two_scale.bounce_axis(u, a) + 1,
        "stable": c < 2 * (1 + s.momentum),
        "axis": None,
        "share": None,
        "path": [],
        "agrees": None,
    }
    if not told["stable"] or s.radius == 0:
        return told
    path = checks.bounce(plane, (float(u[0]), float(u[1])), s)
    reach = np.abs(path).sum(axis=0)
    if not np.all(np.isfinite(path)) or reach.sum() == 0:
        return told
    axis = int(np.argmax(reach))
    told |= {
        "axis": axis + 1,
        "share": float(reach[axis] / reach.sum()),
        "path": path[-80:].tolist(),
        "agrees": axis + 1 == told["expected"],
    }
    return told


def sentence(rows: list[Quantity], cycles: Cycles) -> str:
    """How well form and simulation agree, and which cycle the start in view reaches."""
    judged = [row for row in rows if row["agrees"] is not None]
    apart = [row["label"] for row in judged if not row["agrees"]]
    agree = len(judged) - len(apart)
    head = (
        f"{agree} of {len(judged)} closed forms agree with the real step, to rounding or to the fineness of the search"
    )
    head += f"; {', '.join(apart)} {'does' if len(apart) == 1 else 'do'} not." if apart else "."
    if not cycles["list"]:
        return f"{head} There is no cycle in the pothole at this setting."
    known = (
        f"{cycles['count']} cycles of period up to {cycles['longest']} coexist"
        if cycles["count"] > 1
        else f"One cycle of period up to {cycles['longest']} exists"
    )
    mine = cycles["mine"]
    if mine is None:
        return f"{head} {known}; from this start SAM settles on none of period up to {2 * cycles['longest']}."
    other = "the 2-cycle" if mine["period"] == 2 else f"{mine['word']} of period {mine['period']}, not the 2-cycle"
    return f"{head} {known}; from this start SAM settles on {other}."


TWO_SCALE = Instrument(
    key="two-scale",
    title="Two scales",
    about="In a hard-edged pothole SAM’s bouncing has closed forms. Each stands beside what the real step does.",
    controls=(),
    compute=two_scale_answer,
    script="instruments/two_scale.js",
    table_names=(
        ("quantities", "Closed forms and simulation"),
        ("cycles", "Cycles"),
        ("window", "Endings by radius"),
        ("plane", "Bouncing on the plane"),
    ),
    tables=two_scale_tables,
    picture="app.instruments.export.two_scale:two_scale_picture",
)
