"""The surfaces once more, compiled in plain scalars: what the inner loops of a simulation call.

The classes in geometry.surfaces are the definition; each kernel here returns (L, ∂x, ∂y, ∂xx, ∂xy, ∂yy) at one point
and equals its class to rounding. One switch on an integer keeps the whole simulation a single compiled function that
is cached on disk; a curve (1-D) has zero derivatives along y.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from geometry import compiled_tape, surface_code
from geometry.compiled_tape import tape_derivatives
from geometry.kernel_cache import keep_kernels
from geometry.surface_code import CENTRE, SurfaceCode

E20 = math.e + 20.0


keep_kernels(__name__, compiled_tape, surface_code)


PIT_NUMBERS = 5
"""Numbers of a pit among a pitted ground's parameters: centre x and y, depth, and 1/w² along x and y."""


@njit(cache=True, nogil=True)
def _annular_well(p, x, y):
    h, depth, width, radius, aspect = p[0], p[1], p[2], p[3], p[4]
    v = y / aspect
    r = np.sqrt(x * x + v * v)
    u = r - radius
    w2 = width * width
    bump = depth * np.exp(-(u * u) / (2.0 * w2))
    loss = 0.5 * h * r * r - bump
    if r < CENTRE:
        return loss, h * x, h * v / aspect, h, 0.0, h / (aspect * aspect)
    tangential = h + bump / w2 * u / r
    bend = h + bump / w2 * (1.0 - u * u / w2) - tangential
    nx, ny = x / r, v / r
    return (
        loss,
        tangential * x,
        tangential * v / aspect,
        tangential + bend * nx * nx,
        bend * nx * ny / aspect,
        (tangential + bend * ny * ny) / (aspect * aspect),
    )


@njit(cache=True, nogil=True)
def _stiff_valley(p, x, y):
    h1, h2, depth, width, position = p[0], p[1], p[2], p[3], p[4]
    u = x - position
    w2 = width * width
    bump = depth * np.exp(-(u * u) / (2.0 * w2))
    loss = 0.5 * h1 * x * x + 0.5 * h2 * y * y - bump
    return loss, h1 * x + bump * u / w2, h2 * y, h1 + bump / w2 * (1.0 - u * u / w2), 0.0, h2


@njit(cache=True, nogil=True)
def _two_scale_axis(h, a, w, offset, x):
    loss, slope, bend = 0.5 * h * (x + offset) ** 2, h * (x + offset), h
    if abs(x) < w:
        loss += 0.5 * (a - h) * (x * x - w * w)
        slope += (a - h) * x
        bend = a
    return loss, slope, bend


@njit(cache=True, nogil=True)
def _two_scale(p, x, y):
    lx, gx, hx = _two_scale_axis(p[0], p[1], p[2], p[3], x)
    ly, gy, hy = _two_scale_axis(p[4], p[5], p[6], p[7], y)
    return lx + ly, gx, gy, hx, 0.0, hy


@njit(cache=True, nogil=True)
def _bowl(p, x, y):
    return 0.5 * (p[0] * x * x + p[1] * y * y), p[0] * x, p[1] * y, p[0], 0.0, p[1]


@njit(cache=True, nogil=True)
def _rosenbrock(p, x, y):
    a, b = p[0], p[1]
    gap = y - x * x
    return (
        (a - x) ** 2 + b * gap * gap,
        -2.0 * (a - x) - 4.0 * b * x * gap,
        2.0 * b * gap,
        2.0 - 4.0 * b * (y - 3.0 * x * x),
        -4.0 * b * x,
        2.0 * b,
    )


@njit(cache=True, nogil=True)
def _himmelblau(x, y):
    p, q = x * x + y - 11.0, x + y * y - 7.0
    return (
        p * p + q * q,
        4.0 * x * p + 2.0 * q,
        2.0 * p + 4.0 * y * q,
        12.0 * x * x + 4.0 * y - 42.0,
        4.0 * (x + y),
        12.0 * y * y + 4.0 * x - 26.0,
    )


@njit(cache=True, nogil=True)
def _beale(x, y):
    loss = gx = gy = xx = xy = yy = 0.0
    power, lower, lowest = y, 1.0, 0.0
    for k in range(1, 4):
        c = 1.5 if k == 1 else (2.25 if k == 2 else 2.625)
        t, tx, ty = c - x + x * power, power - 1.0, k * x * lower
        loss += t * t
        gx += 2.0 * t * tx
        gy += 2.0 * t * ty
        xx += 2.0 * tx * tx
        xy += 2.0 * (tx * ty + t * k * lower)
        yy += 2.0 * (ty * ty + t * k * (k - 1) * x * lowest)
        power, lower, lowest = power * y, power, lower
    return loss, gx, gy, xx, xy, yy


@njit(cache=True, nogil=True)
def _monkey_saddle(x, y):
    return x**3 - 3.0 * x * y * y, 3.0 * (x * x - y * y), -6.0 * x * y, 6.0 * x, -6.0 * y, -6.0 * x


@njit(cache=True, nogil=True)
def _goldstein_price(x, y):
    s, d = x + y + 1.0, 2.0 * x - 3.0 * y
    p = 19.0 - 14.0 * x + 3.0 * x * x - 14.0 * y + 6.0 * x * y + 3.0 * y * y
    pd = -14.0 + 6.0 * x + 6.0 * y
    q = 18.0 - 32.0 * x + 12.0 * x * x + 48.0 * y - 36.0 * x * y + 27.0 * y * y
    qx, qy = -32.0 + 24.0 * x - 36.0 * y, 48.0 - 36.0 * x + 54.0 * y
    a, ad = 1.0 + s * s * p, 2.0 * s * p + s * s * pd
    add = 2.0 * p + 4.0 * s * pd + 6.0 * s * s
    b, bx, by = 30.0 + d * d * q, 4.0 * d * q + d * d * qx, -6.0 * d * q + d * d * qy
    bxx = 8.0 * q + 8.0 * d * qx + 24.0 * d * d
    bxy = -12.0 * q - 6.0 * d * qx + 4.0 * d * qy - 36.0 * d * d
    byy = 18.0 * q - 12.0 * d * qy + 54.0 * d * d
    return (
        a * b,
        a * bx + ad * b,
        a * by + ad * b,
        a * bxx + 2.0 * ad * bx + b * add,
        a * bxy + ad * by + bx * ad + b * add,
        a * byy + 2.0 * ad * by + b * add,
    )


@njit(cache=True, nogil=True)
def _ackley(x, y):
    turn = 2.0 * np.pi
    s = np.sqrt(0.5 * (x * x + y * y))
    inverse = 0.0 if s == 0.0 else 1.0 / s
    funnel = 20.0 * np.exp(-0.2 * s)
    sx, sy, cx, cy = np.sin(turn * x), np.sin(turn * y), np.cos(turn * x), np.cos(turn * y)
    waves = np.exp(0.5 * (cx + cy))
    slope = 0.1 * funnel * inverse
    bend, nx, ny = slope * (0.1 * s + 0.5), x * inverse, y * inverse
    square = np.pi**2 * waves
    return (
        -funnel - waves + E20,
        slope * x + np.pi * waves * sx,
        slope * y + np.pi * waves * sy,
        slope - bend * nx * nx + square * (2.0 * cx - sx * sx),
        -bend * nx * ny - square * sx * sy,
        slope - bend * ny * ny + square * (2.0 * cy - sy * sy),
    )


@njit(cache=True, nogil=True)
def _of_ground(code, p, x, y):
    if code == SurfaceCode.ANNULAR_WELL:
        return _annular_well(p, x, y)
    if code == SurfaceCode.STIFF_VALLEY:
        return _stiff_valley(p, x, y)
    if code == SurfaceCode.TWO_SCALE:
        return _two_scale(p, x, y)
    if code == SurfaceCode.QUADRATIC_BOWL:
        return _bowl(p, x, y)
    if code == SurfaceCode.ROSENBROCK:
        return _rosenbrock(p, x, y)
    if code == SurfaceCode.HIMMELBLAU:
        return _himmelblau(x, y)
    if code == SurfaceCode.BEALE:
        return _beale(x, y)
    if code == SurfaceCode.MONKEY_SADDLE:
        return _monkey_saddle(x, y)
    if code == SurfaceCode.GOLDSTEIN_PRICE:
        return _goldstein_price(x, y)
    if code == SurfaceCode.ACKLEY:
        return _ackley(x, y)
    if code == SurfaceCode.FORMULA:
        return tape_derivatives(p, x, y)
    raise ValueError("no kernel has this surface code; geometry.compiled.SurfaceCode lists them")


@njit(cache=True, nogil=True)
def _pitted(p, x, y):
    """The ground with code p[0], and p[1] pits: −D E with E = exp(−(u²/w² + v²/w²)/2) each."""
    pits = int(p[1])
    loss, gx, gy, xx, xy, yy = _of_ground(int(p[0]), p[2 + PIT_NUMBERS * pits :], x, y)
    for k in range(pits):
        at = 2 + PIT_NUMBERS * k
        u, v, a, b = x - p[at], y - p[at + 1], p[at + 3], p[at + 4]
        bump = p[at + 2] * np.exp(-0.5 * (a * u * u + b * v * v))
        loss -= bump
        gx += bump * a * u
        gy += bump * b * v
        xx += bump * a * (1.0 - a * u * u)
        xy -= bump * a * u * b * v
        yy += bump * b * (1.0 - b * v * v)
    return loss, gx, gy, xx, xy, yy


@njit(cache=True, nogil=True)
def derivatives(code, p, x, y):
    """(L, ∂x, ∂y, ∂xx, ∂xy, ∂yy) of the surface with this kernel_code and these kernel_parameters at (x, y).

    ValueError for a code that is none of SurfaceCode's, or NONE.
    """
    if code == SurfaceCode.PITTED:
        return _pitted(p, x, y)
    return _of_ground(code, p, x, y)


@njit(cache=True, nogil=True)
def derivative_fields(code, p, xs, ys, out):
    """out[0..4] (n, m) = ∂x, ∂y, ∂xx, ∂xy, ∂yy on the tensor grid xs (n) × ys (m)."""
    for i in range(len(xs)):
        for j in range(len(ys)):
            _, gx, gy, xx, xy, yy = derivatives(code, p, xs[i], ys[j])
            out[0, i, j], out[1, i, j], out[2, i, j], out[3, i, j], out[4, i, j] = gx, gy, xx, xy, yy


@njit(cache=True, nogil=True)
def losses_and_curvature(code, p, points, losses, curvature):
    """losses[n] = L and curvature[n] = the largest eigenvalue of ∇²L at points[n], shape (N, 2)."""
    for n in range(len(points)):
        loss, _, _, xx, xy, yy = derivatives(code, p, points[n, 0], points[n, 1])
        losses[n] = loss
        curvature[n] = 0.5 * (xx + yy) + np.hypot(0.5 * (xx - yy), xy)
