"""Toy LLQR against a slow, obvious reference: plain loops over Python floats and explicit 2×2 matrices."""

import math

import numpy as np
import pytest

from geometry.surfaces import AnnularWell, StiffValley
from optimizers import LLQR, SAM, Method, NoProbe, simulate

TOLERANCE = 1e-10
STEPS = 30


def times(a, v):
    return [a[0][0] * v[0] + a[0][1] * v[1], a[1][0] * v[0] + a[1][1] * v[1]]


def restricted(structure, m):
    if structure == "dense":
        return m
    if structure == "diagonal":
        return [[m[0][0], 0.0], [0.0, m[1][1]]]
    trace = m[0][0] + m[1][1]
    return [[trace, 0.0], [0.0, trace]]


def leaf_norm(structure, m):
    if structure == "scalar":
        return abs(m[0][0])
    return math.sqrt(sum(m[i][j] ** 2 for i in range(2) for j in range(2)))


def floored(structure, u, floor=1e-8):
    if structure != "dense":
        return [[max(u[0][0], floor), 0.0], [0.0, max(u[1][1], floor)]]
    m = np.array(u)
    values, vectors = np.linalg.eigh((m + m.T) / 2)
    return (vectors @ np.diag(np.maximum(values, floor)) @ vectors.T).tolist()


def reference_refresh(structure, u, slope, rule):
    """Inner momentum steps on a matrix-valued slope function, then the slow average and the floor."""
    inner = [row[:] for row in u]
    buffer = [[0.0, 0.0], [0.0, 0.0]]
    for _ in range(rule.inner_steps):
        g = restricted(structure, slope(inner))
        norm = leaf_norm(structure, g)
        scale = rule.clip / max(rule.clip, norm)
        for i in range(2):
            for j in range(2):
                buffer[i][j] = g[i][j] * scale + rule.inner_momentum * buffer[i][j]
                inner[i][j] -= rule.inner_learning_rate * buffer[i][j]
    b = rule.decay
    mixed = [[b * u[i][j] + (1 - b) * inner[i][j] for j in range(2)] for i in range(2)]
    return floored(structure, mixed)


def local_slope(g, h, damping):
    """dJ/dU = −(g − (H + λ) U g) gᵀ."""

    def slope(u):
        ug = times(u, g)
        hug = times(h, ug)
        r = [g[i] - hug[i] - damping * ug[i] for i in range(2)]
        return [[-r[i] * g[j] for j in range(2)] for i in range(2)]

    return slope


def cloud_slope(c, h, damping):
    """dJ̄/dU = −(C − (H̄ + λ) U C)."""

    def slope(u):
        out = [[0.0, 0.0], [0.0, 0.0]]
        for i in range(2):
            for j in range(2):
                total = c[i][j]
                for k in range(2):
                    for m in range(2):
                        total -= (h[i][k] + (damping if i == k else 0.0)) * u[k][m] * c[m][j]
                out[i][j] = -total
        return out

    return slope


def reference_moments(surface, start, sigma):
    """C = E[ggᵀ] and H̄ = E[H] over N(start, σ²I): trapezoid on the lattice points within ±4.5σ of the start."""
    spacing = min(0.1, sigma / 6)
    axes = [
        np.arange(math.ceil((s - 4.5 * sigma) / spacing), math.floor((s + 4.5 * sigma) / spacing) + 1) * spacing
        for s in start
    ]
    x, y = np.meshgrid(*axes, indexing="ij")
    weight = np.exp(-((x - start[0]) ** 2 + (y - start[1]) ** 2) / (2 * sigma**2))
    weight /= weight.sum()
    points = np.stack([x, y], axis=-1)
    g, h = surface.gradient(points), surface.hessian(points)
    return np.einsum("xy,xyi,xyj->ij", weight, g, g), np.einsum("xy,xyij->ij", weight, h)


def reference_run(surface, rule, probing, start, rate, radius, momentum, steps):
    structure = rule.structure
    u = [[1.0, 0.0], [0.0, 1.0]]
    if rule.warm_start_scale is not None:
        c, h = reference_moments(surface, start, rule.warm_start_scale)
        for _ in range(rule.warm_refreshes):
            u = reference_refresh(structure, u, cloud_slope(c.tolist(), h.tolist(), rule.damping), rule)
    theta, v = list(start), [0.0, 0.0]
    positions, matrices = [list(theta)], []
    for t in range(steps):
        g = surface.gradient(np.array(theta)).tolist()
        if t % rule.refresh_every == 0 and (t > 0 or rule.warm_start_scale is None):
            h = surface.hessian(np.array(theta)).tolist()
            u = reference_refresh(structure, u, local_slope(g, h, rule.damping), rule)
        matrices.append([row[:] for row in u])
        if probing:
            s = times(u, g)
            length = math.sqrt(s[0] ** 2 + s[1] ** 2 + 1e-12)
            probe = [theta[i] + radius * s[i] / length for i in range(2)]
            g = surface.gradient(np.array(probe)).tolist()
        step = times(u, g)
        for i in range(2):
            v[i] = momentum * v[i] + step[i]
            theta[i] -= rate * v[i]
        positions.append(list(theta))
    return np.array(positions), np.array(matrices)


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "readable"])
@pytest.mark.parametrize("structure", ["dense", "diagonal", "scalar"])
@pytest.mark.parametrize("probing", [False, True], ids=["LLQR", "LLQR+SAM"])
@pytest.mark.parametrize("warm", [None, 1.0], ids=["identity start", "warm start"])
def test_thirty_steps_equal_the_reference(structure, probing, warm, compiled):
    # elliptic, so that no symmetry hides a transposed matrix; damping and a short refresh interval are in force
    surface = AnnularWell(aspect=1.4)
    start = np.array([3.1, 4.2])
    rule = LLQR(structure, refresh_every=3, damping=0.05, warm_start_scale=warm, warm_refreshes=20)
    method = Method(SAM() if probing else NoProbe(), rule)
    run = simulate(surface, method, start, STEPS, learning_rate=0.01, radius=0.2, momentum=0.8, compiled=compiled)
    positions, matrices = reference_run(surface, rule, probing, start.tolist(), 0.01, 0.2, 0.8, STEPS)
    assert np.abs(matrices - np.eye(2)).max() > 1e-3, "U must have moved for the comparison to mean anything"
    np.testing.assert_allclose(run.preconditioners, matrices, rtol=TOLERANCE, atol=TOLERANCE)
    np.testing.assert_allclose(run.positions, positions, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("structure", ["dense", "diagonal", "scalar"])
def test_the_clip_is_active_in_the_reference_problem(structure):
    """In the stiff valley the slope of J is far above the clip, so the clipped branch is compared as well."""
    surface, start = StiffValley(), np.array([4.8, 0.7])
    rule = LLQR(structure, refresh_every=5, warm_start_scale=None)
    run = simulate(surface, Method(SAM(), rule), start, STEPS, learning_rate=1e-3, radius=0.1)
    positions, matrices = reference_run(surface, rule, True, start.tolist(), 1e-3, 0.1, 0.9, STEPS)
    g, h = surface.gradient(start), surface.hessian(start)
    first = local_slope(g.tolist(), h.tolist(), 0.0)([[1.0, 0.0], [0.0, 1.0]])
    assert leaf_norm(structure, restricted(structure, first)) > rule.clip
    np.testing.assert_allclose(run.preconditioners, matrices, rtol=TOLERANCE, atol=TOLERANCE)
    np.testing.assert_allclose(run.positions, positions, rtol=TOLERANCE, atol=TOLERANCE)
