"""The closed forms of the two-scale quadratic, compared with runs at the page's settings."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from app.components.claim import Claim, judged, untested
from app.state.numbers_as_text import number, percent
from app.toy.claims.trials import RUNS, methods_of
from app.toy.request import ToyRequest
from geometry import two_scale
from geometry.surfaces import TwoScalePlane, TwoScaleQuadratic
from optimizers import LLQR, METHODS, simulate
from optimizers.rule import Settings, State, descent_step

SOURCE = "our closed forms"
SETTLING = 4000
"""Steps given to an orbit to settle."""
BOUNCES = 1200
"""Steps after which the motion on the plane is read off."""
LONGEST = 24
"""Longest period that is looked for."""
AGREEMENT = 1e-9
"""Largest difference, in units of ρ, at which an orbit and its closed form count as equal."""


def curve_claims(request: ToyRequest, surface: TwoScaleQuadratic) -> list[Claim]:
    """The cycle that SAM settles on, and the radius below which it cannot leave, both for U = 1."""
    h, a, w, offset = surface.kernel_parameters[:4].tolist()
    bottom = -h * offset / a
    c, width = request.learning_rate * a, w - abs(bottom)
    return [_orbit_claim(request, surface, bottom, c), _rest_claim(request, surface, bottom, c, width)]


def _orbit_claim(request: ToyRequest, surface: TwoScaleQuadratic, bottom: float, c: float) -> Claim:
    statement = "Inside the pothole SAM settles on a cycle whose amplitude is the closed form’s."
    run = simulate(
        surface, METHODS["SAM"], request.start, SETTLING, request.learning_rate, request.radius, request.momentum
    )
    x = run.positions[-4 * LONGEST :, 0] - bottom
    where = f"c = ηa = {c:.3g}, ρ = {number(request.radius, 6)}, μ = {request.momentum:g}"
    if not np.all(np.abs(x + bottom) < surface.half_width):
        return untested(statement, SOURCE, f"At {where} SAM does not stay in the pothole: {run.describe_outcome()}.")
    periods = [p for p in range(2, LONGEST + 1, 2) if np.abs(x[p:] - x[:-p]).max() < AGREEMENT * request.radius]
    if not periods:
        return untested(statement, SOURCE, f"At {where} there is no period of up to {LONGEST} after {SETTLING} steps.")
    word = np.sign(x[-periods[0] :]).astype(int).tolist()
    try:
        form = two_scale.cycle(word, c, request.momentum, request.radius)
    except ValueError:  # a walker that rests exactly on the bottom has no sign to bounce by
        return untested(
            statement, SOURCE, f"At {where} the walker does not bounce: it ends at {number(float(x[-1] + bottom), 3)}."
        )
    measured = float(np.abs(x[-periods[0] :]).max())
    signs = "".join("+" if s > 0 else "−" for s in word)
    counts = f"period {periods[0]} ({signs}): amplitude {measured:.9g}, closed form {form.amplitude:.9g}"
    if periods[0] != 2:
        counts += f" (the 2-cycle would have {two_scale.two_cycle_amplitude(c, request.momentum, request.radius):.3g})"
    holds = form.admissible and abs(measured - form.amplitude) < AGREEMENT * request.radius
    return judged(statement, SOURCE, bool(holds), counts, f"{where}; {SETTLING} steps from the start on the page.")


def _rest_claim(request: ToyRequest, surface: TwoScaleQuadratic, bottom: float, c: float, width: float) -> Claim:
    statement = "From rest at the bottom SAM does not leave for any radius below ρ* = w/(1 + P)."
    if not bool(two_scale.two_cycle_stable(c, request.momentum)) or request.momentum == 0 or width <= 0:
        return untested(statement, SOURCE, f"The bound is for 0 < c < 2(1 + μ) with momentum; here c = {c:.3g}.")
    bound = two_scale.rest_radius(c, request.momentum, width)
    radii = bound * np.linspace(0.5, 0.99, RUNS)
    start = np.array([bottom + 1e-5])
    run = simulate(surface, METHODS["SAM"], start, SETTLING, request.learning_rate, radii, request.momentum)
    left = int((np.abs(run.positions[..., 0]).max(axis=0) > surface.half_width).sum())
    counts = f"{left} of {RUNS} radii from {radii[0]:.3g} to {radii[-1]:.3g} leave; ρ* = {bound:.4g}"
    detail = f"c = ηa = {c:.3g}, μ = {request.momentum:g}, {SETTLING} steps, no noise. "
    detail += "To exceed ρ* is necessary for leaving, not sufficient."
    return judged(statement, SOURCE, left == 0, counts, detail)


def plane_claims(request: ToyRequest, surface: TwoScalePlane) -> list[Claim]:
    """The axis along which SAM and LLQR+SAM bounce, against argmax U_i a_i, in a pothole too wide to leave."""
    curvatures = np.array([surface.pothole_curvature_1, surface.pothole_curvature_2])
    learned = simulate(surface, methods_of(request)["LLQR"], request.start, 1, 1e-12).preconditioners[0]
    wide = replace(surface, half_width=1e3, offset=0.0)
    claims = []
    for name, u in (("SAM", np.ones(2)), ("LLQR+SAM", np.diag(learned))):
        statement = f"{name} bounces along the axis with the largest {'a_i' if name == 'SAM' else 'U_i a_i'}."
        products = u * curvatures
        c = request.learning_rate * float(products.max())
        expected = two_scale.bounce_axis(u, curvatures)
        if c >= 2 * (1 + request.momentum):
            claims.append(
                untested(statement, SOURCE, f"η U a = {c:.3g} is beyond 2(1 + μ): the bouncing is not stable.")
            )
            continue
        axis, share = _bounce(request, wide, np.diag(u))
        counts = f"axis {axis + 1} with {percent(share)} of the motion; U a = ({products[0]:.3g}, {products[1]:.3g})"
        detail = f"U = ({u[0]:.3g}, {u[1]:.3g}), kept fixed, in the same pothole without its edge; {BOUNCES} steps."
        claims.append(judged(statement, SOURCE, axis == expected, counts, detail))
    return claims


def _bounce(request: ToyRequest, wide: TwoScalePlane, u: np.ndarray) -> tuple[int, float]:
    """The axis of the late motion and its share of it, with U kept fixed."""
    method = replace(methods_of(request)["LLQR+SAM"], preconditioner=LLQR("dense"))
    settings = Settings(request.learning_rate, request.radius, request.momentum)
    start = np.array([[0.011, 0.013]])
    state = State(start, np.zeros((1, 2)), None, {"theta": u[None]})
    reach = np.zeros(2)
    for t in range(BOUNCES):
        state, _ = descent_step(wide, method, settings, state)
        if t >= BOUNCES - 200:
            reach += np.abs(state.position[0])
    total = float(reach.sum())
    axis = int(np.argmax(reach))
    return axis, float(reach[axis]) / total if total > 0 and math.isfinite(total) else math.nan
