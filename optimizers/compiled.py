"""The composed rule on 2-D surfaces, compiled: one walker after the other, in plain scalars.

The readable rule (rule.py, llqr.py, inner.py) is the definition and this file's oracle: the same arithmetic to
rounding. A slider waits for this one. Two facts make it short: a matrix is 2×2, and the inner problem of a dense U
is exactly rank one, U_T = U_0 + p gᵀ, so that only the vector p is iterated.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numba import njit

from geometry import compiled as surface_kernels
from geometry.compiled import derivatives
from geometry.kernel_cache import keep_kernels
from optimizers import capabilities
from optimizers import run as run_record
from optimizers.run import STAYING

keep_kernels(__name__, surface_kernels, capabilities, run_record)


class Structure(IntEnum):
    """What kind of matrix U is; SEPARATE is one block for each coordinate, each clipped by itself."""

    IDENTITY = -1
    DENSE = 0
    DIAGONAL = 1
    SCALAR = 2
    SEPARATE = 3


class Ground(NamedTuple):
    """The surface: code and parameters of its kernel; `planar` False keeps the second coordinate at rest (1-D).

    basin: (x, y, radius), radius < 0 for none;  bound: (x, y, radius) beyond which a walker has diverged.
    """

    code: int
    parameters: np.ndarray
    planar: bool
    basin: tuple[float, float, float]
    bound: tuple[float, float, float]


class Walkers(NamedTuple):
    """The W walkers' own numbers: start (W, 2), and (W,) each of η, ρ, μ, the noise's deviation and which noise it is.

    noise: the schedules (S, T, 2), of which a walker has noise[which].
    """

    start: np.ndarray
    rate: np.ndarray
    radius: np.ndarray
    momentum: np.ndarray
    deviation: np.ndarray
    which: np.ndarray
    noise: np.ndarray


class Learning(NamedTuple):
    """How U is learned: numbers (W,) of each walker, and what is the same for all.

    first: U before the first step (W, 2, 2);  at_start: whether step 0 begins with a refresh;  of_step: whether U
    multiplies the step too, and not the probe alone.
    """

    structure: int
    at_start: bool
    of_step: bool
    first: np.ndarray
    every: np.ndarray
    decay: np.ndarray
    damping: np.ndarray
    rate: np.ndarray
    momentum: np.ndarray
    clip: np.ndarray
    steps: int
    floor: float


class Record(NamedTuple):
    """What a walk fills: each walker's record in one piece of memory, not-a-number after it diverged.

    With `full`: positions (W, T+1, 2), probes, gradients (W, T, 2), losses, path (W, T+1), matrices (W, T, 2, 2).
    summary (W, 9): arrival, last finite step, path length to arrival, path length in full, mean distance to the basin's
    centre over the third and the fourth quarter, last finite position x, y, first entry.
    """

    full: bool
    positions: np.ndarray
    probes: np.ndarray
    gradients: np.ndarray
    losses: np.ndarray
    matrices: np.ndarray
    path: np.ndarray
    summary: np.ndarray


@njit(cache=True, nogil=True)
def _clipped(norm: float, clip: float) -> float:
    return clip / norm if norm > clip else 1.0


@njit(cache=True, nogil=True)
def _finish(structure, a, b, c, d, floor):
    """U = [[a, b], [c, d]] after the slow average: symmetrised and floored (dense) or floored elementwise."""
    if structure != Structure.DENSE:
        if floor > 0:
            a, d = max(a, floor), max(d, floor)
        return a, b, c, d
    if floor <= 0:
        return a, b, c, d
    b = c = 0.5 * (b + c)
    mean, half = 0.5 * (a + d), 0.5 * (a - d)
    spread = np.sqrt(half * half + b * b)
    low = mean - spread
    if low >= floor or not np.isfinite(low):
        return a, b, c, d
    high = max(mean + spread, floor)
    if spread == 0.0:
        return floor, 0.0, 0.0, floor
    # eigenvector of the upper eigenvalue, written without cancellation
    angle = 0.5 * np.arctan2(b, half)
    x, y = np.cos(angle), np.sin(angle)
    return high * x * x + floor * y * y, (high - floor) * x * y, (high - floor) * x * y, high * y * y + floor * x * x


@njit(cache=True, nogil=True)
def _refresh(structure, u, gx, gy, hxx, hxy, hyy, damping, steps, rate, mu, clip, decay, floor):
    """One refresh of U at a point with gradient g and Hessian H; returns the new (a, b, c, d)."""
    a, b, c, d = u
    hxx += damping
    hyy += damping
    vx = vy = 0.0
    if structure == Structure.DENSE:
        gg = gx * gx + gy * gy
        length = np.sqrt(gg)
        sx, sy = a * gx + b * gy, c * gx + d * gy
        px = py = 0.0
        for _ in range(steps):
            ex, ey = sx + px * gg, sy + py * gg
            qx = gx - (hxx * ex + hxy * ey)
            qy = gy - (hxy * ex + hyy * ey)
            s = _clipped(np.sqrt(qx * qx + qy * qy) * length, clip)
            vx = s * qx + mu * vx
            vy = s * qy + mu * vy
            px += rate * vx
            py += rate * vy
        na, nb, nc, nd = a + px * gx, b + px * gy, c + py * gx, d + py * gy
    else:
        na, nb, nc, nd = a, 0.0, 0.0, d
        for _ in range(steps):
            ex, ey = na * gx, nd * gy
            tx = (gx - (hxx * ex + hxy * ey)) * gx
            ty = (gy - (hxy * ex + hyy * ey)) * gy
            if structure == Structure.SCALAR:
                tx = ty = tx + ty
                sx = sy = _clipped(abs(tx), clip)
            elif structure == Structure.DIAGONAL:
                sx = sy = _clipped(np.sqrt(tx * tx + ty * ty), clip)
            else:
                sx, sy = _clipped(abs(tx), clip), _clipped(abs(ty), clip)
            vx = sx * tx + mu * vx
            vy = sy * ty + mu * vy
            na += rate * vx
            nd += rate * vy
    keep = 1.0 - decay
    return _finish(
        structure, decay * a + keep * na, decay * b + keep * nb, decay * c + keep * nc, decay * d + keep * nd, floor
    )


@njit(cache=True, nogil=True)
def _warm_refresh(structure, u, C, H, damping, steps, rate, mu, clip, decay, floor):
    """One refresh on the neighbourhood's average: ∂J̄/∂U = (H̄ + λ) U C − C, restricted to the structure."""
    a, b, c, d = u
    cxx, cxy, cyy = C[0, 0], C[0, 1], C[1, 1]
    hxx, hxy, hyy = H[0, 0] + damping, H[0, 1], H[1, 1] + damping
    na, nb, nc, nd = a, b, c, d
    va = vb = vc = vd = 0.0
    for _ in range(steps):
        # (H U) first, then times C, as in the readable rule
        ta, tb = hxx * na + hxy * nc, hxx * nb + hxy * nd
        tc, td = hxy * na + hyy * nc, hxy * nb + hyy * nd
        ra = cxx - (ta * cxx + tb * cxy)
        rd = cyy - (tc * cxy + td * cyy)
        if structure == Structure.DENSE:
            rb = cxy - (ta * cxy + tb * cyy)
            rc = cxy - (tc * cxx + td * cxy)
            s = _clipped(np.sqrt(ra * ra + rb * rb + rc * rc + rd * rd), clip)
            va, vb, vc, vd = s * ra + mu * va, s * rb + mu * vb, s * rc + mu * vc, s * rd + mu * vd
            nb += rate * vb
            nc += rate * vc
        elif structure == Structure.SCALAR:
            r = ra + rd
            va = vd = _clipped(abs(r), clip) * r + mu * va
        elif structure == Structure.DIAGONAL:
            s = _clipped(np.sqrt(ra * ra + rd * rd), clip)
            va, vd = s * ra + mu * va, s * rd + mu * vd
        else:
            va = _clipped(abs(ra), clip) * ra + mu * va
            vd = _clipped(abs(rd), clip) * rd + mu * vd
        na += rate * va
        nd += rate * vd
    keep = 1.0 - decay
    return _finish(
        structure, decay * a + keep * na, decay * b + keep * nb, decay * c + keep * nc, decay * d + keep * nd, floor
    )


@njit(cache=True, nogil=True)
def warm_start(structure, second, hessian, damping, refreshes, steps, rate, mu, clip, decay, floor, out):
    """out[w] = U after `refreshes` refreshes from I on walker w's moments C = second[w], H̄ = hessian[w]."""
    for w in range(out.shape[0]):
        u = (1.0, 0.0, 0.0, 1.0)
        for _ in range(refreshes):
            u = _warm_refresh(
                structure, u, second[w], hessian[w], damping[w], steps, rate[w], mu[w], clip[w], decay[w], floor
            )
        out[w, 0, 0], out[w, 0, 1], out[w, 1, 0], out[w, 1, 1] = u


@njit(cache=True, nogil=True)
def walk(ground, walkers, probe, learning, record):
    """Walk every walker for T steps and fill the Record; `probe` is a CompiledProbe."""
    code, p, basin, bound = ground.code, ground.parameters, ground.basin, ground.bound
    noise, first, structure, full = walkers.noise, learning.first, learning.structure, record.full
    positions, losses, path, summary = record.positions, record.losses, record.path, record.summary
    probes, gradients, matrices = record.probes, record.gradients, record.matrices
    steps = noise.shape[1]
    quarter = max(1, steps // 4)
    for w in range(walkers.start.shape[0]):
        x, y = walkers.start[w, 0], walkers.start[w, 1]
        vx = vy = 0.0
        a, b, c, d = first[w, 0, 0], first[w, 0, 1], first[w, 1, 0], first[w, 1, 1]
        eta, mu, rho, sd = walkers.rate[w], walkers.momentum[w], walkers.radius[w], walkers.deviation[w]
        length, third, fourth = 0.0, 0.0, 0.0
        entry, inside, arrival, at_arrival, last = -1, -1, -1, np.nan, 0
        loss, gx, gy, hxx, hxy, hyy = derivatives(code, p, x, y)
        for t in range(steps + 1):
            if full:
                positions[w, t, 0], positions[w, t, 1] = x, y
                losses[w, t], path[w, t] = loss, length
            last = t
            rx, ry = x - basin[0], y - basin[1]
            distance = np.sqrt(rx * rx + ry * ry)
            if distance < basin[2]:
                inside = t
                if entry < 0:
                    entry = t
                if arrival < 0:
                    arrival, at_arrival = t, length
            elif not distance <= STAYING * basin[2]:
                arrival, at_arrival = -1, np.nan
            if t > steps - quarter:
                fourth += distance
            elif t > steps - 2 * quarter:
                third += distance
            if t == steps:
                break
            if structure != Structure.IDENTITY and t % learning.every[w] == 0 and (t > 0 or learning.at_start):
                a, b, c, d = _refresh(
                    structure,
                    (a, b, c, d),
                    gx,
                    gy,
                    hxx,
                    hxy,
                    hyy,
                    learning.damping[w],
                    learning.steps,
                    learning.rate[w],
                    learning.momentum[w],
                    learning.clip[w],
                    learning.decay[w],
                    learning.floor,
                )
            qx, qy = x, y
            ox, oy = gx, gy
            if probe.looks_ahead and t >= probe.start_step:
                sx, sy = gx, gy
                if probe.preconditioned:
                    sx, sy = a * gx + b * gy, c * gx + d * gy
                square = gx * sx + gy * sy if probe.matrix else sx * sx + sy * sy
                factor = 1.0 / np.sqrt(square + 1e-12)
                qx, qy = x + rho * sx * factor, y + rho * sy * factor
                _, ox, oy, _, _, _ = derivatives(code, p, qx, qy)
            if sd != 0.0:
                ox += sd * noise[walkers.which[w], t, 0]
                if ground.planar:
                    oy += sd * noise[walkers.which[w], t, 1]
            if full:
                probes[w, t, 0], probes[w, t, 1] = qx, qy
                gradients[w, t, 0], gradients[w, t, 1] = ox, oy
                matrices[w, t, 0, 0], matrices[w, t, 0, 1] = a, b
                matrices[w, t, 1, 0], matrices[w, t, 1, 1] = c, d
            if learning.of_step:
                ox, oy = a * ox + b * oy, c * ox + d * oy
            vx = mu * vx + ox
            vy = mu * vy + oy
            nx, ny = x - eta * vx, y - eta * vy
            away = np.sqrt((nx - bound[0]) ** 2 + (ny - bound[1]) ** 2)
            if not away <= bound[2]:
                break
            length += np.sqrt((nx - x) ** 2 + (ny - y) ** 2)
            x, y = nx, ny
            loss, gx, gy, hxx, hxy, hyy = derivatives(code, p, x, y)
        if last < steps or inside <= steps - quarter:
            arrival, at_arrival = -1, np.nan
        if full and last < steps:
            positions[w, last + 1 :] = np.nan
            losses[w, last + 1 :] = np.nan
            path[w, last + 1 :] = np.nan
            probes[w, last + 1 :] = np.nan
            gradients[w, last + 1 :] = np.nan
            matrices[w, last + 1 :] = np.nan
        summary[w, 0], summary[w, 1], summary[w, 2], summary[w, 3] = arrival, last, at_arrival, length
        summary[w, 4], summary[w, 5] = third / quarter, fourth / quarter
        summary[w, 6], summary[w, 7], summary[w, 8] = x, y, entry
