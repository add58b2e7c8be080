"""The statements on the page, on fewer runs than the committed benchmark, and computed a second way."""

from dataclasses import replace

import numpy as np
import pytest

from app.toy.claims import VERDICTS, claims_for
from app.toy.claims.captions import figure_2_trials, figure_3_trials
from app.toy.claims.fairness import equal_rate_claim, valley_trials
from app.toy.claims.trials import starts_around
from app.toy.presets import PRESETS
from app.toy.request import read_request
from geometry import two_scale
from geometry.surfaces import AnnularWell, StiffValley
from optimizers import METHODS, simulate


def preset(key, **changes):
    request, _ = read_request({"preset": key})
    return replace(request, **changes)


def with_parameters(request, **parameters):
    return replace(request, surface_parameters=tuple((dict(request.surface_parameters) | parameters).items()))


def test_figure_2_holds():
    """SGDM and LLQR stay, SAM and LLQR+SAM arrive, LLQR+SAM earlier on most starts but not by a hair."""
    trial = figure_2_trials(preset("figure-2", noise_variance=0.0), 30)
    assert not trial.arrived("SGDM").any() and not trial.arrived("LLQR").any()
    assert trial.arrived("SAM").mean() >= 0.9 and trial.arrived("LLQR+SAM").all()
    assert 20 <= trial.median_arrival("LLQR+SAM") <= 32, "21 to 29 over 60 starts"
    assert trial.median_arrival("SAM") > 1.8 * trial.median_arrival("LLQR+SAM")


@pytest.mark.parametrize("variance", [0.1, 0.3])
def test_figure_2_holds_with_the_noise_that_lets_paths_part(variance):
    """The preset's noise, and a third of it, from 40 angles with noise of their own: as without noise, who arrives and
    who is first. The paths part sideways, LLQR's most of all; without noise they all stay on one line."""
    request = preset("figure-2", noise_variance=variance)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    distance = np.hypot(*request.start)
    starts = distance * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    settings = request.learning_rate, request.radius, request.momentum
    runs = {
        name: simulate(
            request.make_surface(), name, starts, 600, *settings, noise_variance=variance, seed=np.arange(40)
        )
        for name in METHODS
    }
    assert not (runs["SGDM"].arrival >= 0).any() and not (runs["LLQR"].arrival >= 0).any()
    assert (runs["SAM"].arrival >= 0).mean() >= 0.9 and (runs["LLQR+SAM"].arrival >= 0).all()
    assert np.median(runs["SAM"].arrival) > 1.8 * np.median(runs["LLQR+SAM"].arrival)
    across = np.stack([-np.sin(angles), np.cos(angles)], axis=-1)
    sideways = {name: np.abs((runs[name].positions[60] - starts) * across).sum(-1).mean() for name in ("SGDM", "LLQR")}
    assert sideways["LLQR"] > 1.5 * sideways["SGDM"] > 0.1
    assert PRESETS["figure-2"].values["noise_variance"] == 0.3


def test_figure_2_shows_a_typical_run():
    """The seed that the page opens with: both arrive near their median steps over sixty seeds, nobody else does."""
    request = preset("figure-2")
    settings = request.learning_rate, request.radius, request.momentum
    start = np.tile(np.array(request.start), (60, 1))
    for name in METHODS:
        walk = {"noise_variance": request.noise_variance}
        many = simulate(request.make_surface(), name, start, 600, *settings, **walk, seed=np.arange(60))
        shown = simulate(request.make_surface(), name, start[0], 600, *settings, **walk, seed=request.seed)
        assert int(shown.arrival) == pytest.approx(np.median(many.arrival), rel=0.2)


def test_figure_3_holds():
    trial = figure_3_trials(preset("figure-3"), 30)
    assert not trial.arrived("SGDM").any() and not trial.arrived("LLQR").any()
    assert trial.arrived("SAM").all() and trial.arrived("LLQR+SAM").all()
    sam, ours = trial.runs["SAM"], trial.runs["LLQR+SAM"]
    assert np.median(ours.arrival) == pytest.approx(15, abs=3)
    assert np.median(ours.path_length_to_arrival) == pytest.approx(4.7, abs=0.5)
    assert (ours.path_length_to_arrival < sam.path_length_to_arrival).mean() >= 0.9


def test_the_counts_are_those_of_single_runs():
    """The batch behind the verdicts against one simulation after the other, with its whole path."""
    request = preset("figure-2", steps=300, noise_variance=0.0)
    trial = figure_2_trials(request, 6)
    for name in METHODS:
        for w, start in enumerate(trial.starts):
            run = simulate(request.make_surface(), name, start, 300, request.learning_rate, request.radius)
            inside = np.linalg.norm(run.positions, axis=-1) < 0.5
            away = np.linalg.norm(run.positions, axis=-1) > 2.5
            staying = next((t for t in range(301) if inside[t] and not away[t:].any() and inside[226:].any()), -1)
            assert trial.runs[name].arrival[w] == staying
            assert bool(trial.arrived(name)[w]) == (staying >= 0)


def test_the_race_of_timescales():
    """The premise: U must forget more slowly than the escape takes. With β = 0 and k = 1 LLQR itself escapes."""
    forgetful = figure_2_trials(preset("figure-2", noise_variance=0.0, decay=0.0, refresh_every=1))
    assert forgetful.arrived("LLQR").mean() >= 0.9
    slow = figure_2_trials(preset("figure-2", noise_variance=0.0, decay=0.8, refresh_every=1))
    assert not slow.arrived("LLQR").any() and slow.arrived("LLQR+SAM").mean() >= 0.9


def test_fairness_on_the_ring_and_in_the_valley():
    """Ring: a larger step does as well. Stiff valley with h₂ = 400: no step does."""
    request = preset("figure-2")
    claim = equal_rate_claim(request, figure_2_trials(request))
    assert claim.verdict == "holds" and "0.04" in claim.counts
    valley = {c.statement: c for c in claims_for(preset("stiff-valley"))}
    assert [c.verdict for c in valley.values()] == ["holds"] * 6
    assert "0 of 20 at all" in next(c.counts for s, c in valley.items() if "no learning rate" in s)
    trial = valley_trials(preset("stiff-valley"))
    assert set(trial.runs["SAM"].outcome) == set(trial.runs["SGDM"].outcome) == {"diverged"}
    assert set(trial.runs["LLQR"].outcome) == {"trapped"}


@pytest.mark.parametrize("key", PRESETS)
def test_every_preset_has_claims_with_verdicts_and_counts(key):
    claims = claims_for(preset(key))
    assert claims
    for claim in claims:
        assert claim.verdict in VERDICTS and claim.statement.endswith(".") and claim.detail
        assert claim.counts or claim.verdict == "not tested here"


def test_verdicts_can_be_bad():
    """Each kind of statement fails where it should: a verdict that cannot be negative says nothing."""
    fast = {c.statement: c.verdict for c in claims_for(preset("figure-2", learning_rate=0.1))}
    assert fast["SGDM stays in the sharp well."] == "does not hold"
    weak = {c.statement: c.verdict for c in claims_for(preset("figure-2", radius=0.02))}
    assert weak["SAM leaves the well and reaches the flat basin."] == "does not hold"
    assert "not tested here" in weak.values()
    soft = claims_for(with_parameters(preset("stiff-valley", learning_rate=0.03), stiffness=5.0))
    assert [c.verdict for c in soft if "no learning rate" in c.statement] == ["does not hold"]


@pytest.mark.parametrize("key", ["figure-2", "figure-3", "stiff-valley"])
def test_the_two_fairness_checks_stand_side_by_side(key):
    """One alone misleads: the ring says that tuning SAM is enough, the valley that it is not."""
    fair = [claim for claim in claims_for(preset(key)) if claim.source == "our fairness check"]
    assert len(fair) == 2
    assert {"ring" in claim.statement for claim in fair} == {True, False}
    assert fair[-1].detail.startswith("For comparison, the preset ")
    assert all(claim.counts for claim in fair)


def test_a_ring_without_a_well_is_said_not_judged():
    claims = claims_for(with_parameters(preset("figure-2"), depth=0.0))
    assert [c.verdict for c in claims] == ["not tested here"]


@pytest.mark.parametrize(("radius", "momentum", "period"), [(0.1, 0.5, 2), (0.1, 0.9, 4), (0.05, 0.9, 6)])
def test_the_orbit_on_the_page_is_the_closed_form(radius, momentum, period):
    claim = claims_for(preset("two-scale", radius=radius, momentum=momentum))[0]
    assert claim.verdict == "holds" and f"period {period} " in claim.counts
    if period == 2:
        assert f"{two_scale.two_cycle_amplitude(0.0165 * 40, momentum, radius):.9g}" in claim.counts


def test_a_start_exactly_on_the_bottom_has_no_cycle_to_compare():
    """There the gradient is 0 and SAM stays: a word of zeros once ended the whole answer."""
    request, _ = read_request({"surface": "two-scale-quadratic", "start_x": -0.03})
    claim = claims_for(request)[0]
    assert "does not bounce" in claim.detail and claim.verdict == "not tested here"


def test_the_bounce_axes_on_the_plane():
    request, _ = read_request({"surface": "two-scale-plane"})
    claims = claims_for(request)
    assert [c.verdict for c in claims] == ["holds", "holds"]
    assert "axis 2" in claims[0].counts and "axis 1" in claims[1].counts


def test_surfaces_without_statements_have_none():
    request, _ = read_request({"surface": "himmelblau"})
    assert claims_for(request) == []


def test_starts_lie_in_the_well():
    ring, valley = AnnularWell(aspect=1.3), StiffValley()
    r = np.linalg.norm(starts_around(ring, 50) / np.array([1.0, 1.3]), axis=-1)
    offset = np.abs(r - ring.well_radius) / ring.width
    assert offset.min() >= 0.3 and offset.max() <= 0.8
    along = np.abs(starts_around(valley, 50)[:, 0] - valley.position) / valley.width
    assert along.min() >= 0.3 and along.max() <= 0.8


def test_the_bound_from_rest_is_judged_from_a_start_that_probes_in_full():
    """At 1e-7 from the bottom the guard under ‖g‖'s root shortens the first probe, and with it the bound's premise."""
    claim = claims_for(preset("two-scale", learning_rate=0.02786))[1]
    assert claim.verdict == "holds", claim.counts
