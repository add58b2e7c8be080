"""Statements about the methods, judged by runs that the page makes there and then."""

from __future__ import annotations

import math

from app.components.claim import VERDICTS, Claim, untested
from app.toy.claims.captions import FIGURE_2, FIGURE_3, captions, figure_2_trials, figure_3_trials
from app.toy.claims.cycles import curve_claims, plane_claims
from app.toy.claims.dug import dug_claims
from app.toy.claims.fairness import contrast, equal_rate_claim, valley_claims
from app.toy.request import ToyRequest
from geometry.surfaces import AnnularWell, Pitted, StiffValley, TwoScalePlane, TwoScaleQuadratic


def claims_for(request: ToyRequest) -> list[Claim]:
    """The statements that concern the surface in view, judged at the page's own settings; none for other surfaces.

    The ring: the captions of Figure 3 from its bottom with noise, else of Figure 2, and on a circle the fairness check.
    The stiff valley: who arrives, and whether a tuned SAM does. Either fairness check stands beside the other
    surface's, at its preset. The two-scale quadratic: its closed forms.
    Where a pothole was dug: the captions' statements on it.
    """
    surface = request.make_surface()
    if isinstance(surface, Pitted):
        return dug_claims(request, surface)
    if isinstance(surface, AnnularWell):
        return _ring_claims(request, surface)
    if isinstance(surface, StiffValley):
        return [*valley_claims(request), contrast("figure-2")]
    if isinstance(surface, TwoScaleQuadratic):
        return curve_claims(request, surface)
    if isinstance(surface, TwoScalePlane):
        return plane_claims(request, surface)
    return []


def _ring_claims(request: ToyRequest, surface: AnnularWell) -> list[Claim]:
    if surface.well_radius != surface.well_radius:
        why = "These parameters leave no well: the ring is too shallow or too wide."
        return [untested("A walker can be trapped in the ring.", FIGURE_2, why)]
    third = request.noise_variance > 0 and _starts_at_bottom(request, surface)
    source = FIGURE_3 if third else FIGURE_2
    trial = figure_3_trials(request) if third else figure_2_trials(request)
    claims = captions(trial, source, with_paths=third)
    if surface.aspect != 1.0:
        return claims
    return [*claims, equal_rate_claim(request, trial), contrast("stiff-valley")]


def _starts_at_bottom(request: ToyRequest, surface: AnnularWell) -> bool:
    """Whether the start lies on the well's bottom, to a hundredth of its width."""
    x, y = request.start
    return abs(math.hypot(x, y / surface.aspect) - surface.well_radius) < 0.01 * surface.width


__all__ = ["VERDICTS", "Claim", "claims_for"]
