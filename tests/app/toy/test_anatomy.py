"""The anatomy of a step: each vector against the rule written out in the test, for every method and surface."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from app.state.numbers_as_text import number, vector
from app.toy.anatomy import read_anatomy
from app.toy.controls import STAGES
from geometry.surfaces import SURFACES, AnnularWell, StiffValley, make_surface
from optimizers import METHODS, simulate
from optimizers.anatomy import last_whole_step, step_anatomy, velocities
from optimizers.noise import noise_schedule

STEPS = 23
"""Two refreshes at the default interval of 10, and some steps after."""


def method_for(name, norm="euclidean"):
    method = METHODS[name]
    return method.with_fields({("probe", "norm"): norm})


@pytest.mark.parametrize("key", SURFACES)
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(("norm", "variance"), [("euclidean", 0.0), ("matrix", 1e-4)])
def test_every_vector_obeys_the_rule_written_out(key, name, norm, variance):
    """The five lines of the rule in plain numpy at each recorded θ_t and U_t (whose learning has tests of its own)."""
    surface = make_surface(key)
    rate, radius, momentum = (1e-5 if key in ("goldstein-price", "beale", "rosenbrock") else 2e-3), 0.05, 0.8
    run = simulate(surface, method_for(name, norm), None, STEPS, rate, radius, momentum, variance, 3)
    whole = int(run.last_finite)
    assert whole >= 20, "LLQR diverges on the monkey saddle, which has no bottom, but not at once"
    noise = noise_schedule(3, STEPS, surface.dimension)[0][0] * np.sqrt(variance)
    v = np.zeros(surface.dimension)
    for t in range(whole):
        a, theta, u = step_anatomy(run, t), run.positions[t], run.preconditioners[t]
        g = surface.gradient(theta)
        under = (u @ g) @ (u @ g) if norm == "euclidean" else g @ u @ g
        epsilon = radius * (u @ g) / np.sqrt(under + 1e-12) if "SAM" in name else np.zeros_like(g)
        outer = surface.gradient(theta + epsilon)
        direction = u @ (outer + noise[t])
        before, v = v, momentum * v + direction
        expected = {
            "theta": theta,
            "gradient": g,
            "offset": epsilon,
            "probe": theta + epsilon,
            "outer": outer,
            "noise": noise[t],
            "noisy": outer + noise[t],
            "direction": direction,
            "velocity_before": before,
            "velocity": v,
            "displacement": -rate * v,
            "arrived": theta - rate * v,
        }
        scale = 1 + np.abs(outer).max()  # the compiled gradient rounds at the size of its largest terms
        for what, value in expected.items():
            assert getattr(a, what) == pytest.approx(value, rel=1e-8, abs=1e-9 * scale), f"{what} at step {t}"
        if "LLQR" not in name:
            assert np.array_equal(u, np.eye(surface.dimension))


@pytest.mark.parametrize("key", SURFACES)
@pytest.mark.parametrize("name", METHODS)
def test_the_recomputed_velocity_moves_the_recorded_positions(key, name):
    """θ_{t+1} = θ_t − η v_{t+1} with v from the record alone, to the rounding of one step."""
    surface = make_surface(key)
    run = simulate(surface, name, surface.default_start, 120, 1e-3, 0.1, 0.9, 1e-6, 1)
    v = velocities(run)
    whole = int(run.last_finite)
    moved = run.positions[:whole] - 1e-3 * v[1 : whole + 1]
    scale = np.abs(run.positions[: whole + 1]).max() + 1e-3 * np.abs(v[: whole + 1]).max()
    assert np.abs(moved - run.positions[1 : whole + 1]).max() < 1e-12 * scale


def test_velocities_of_many_walkers_with_momenta_of_their_own():
    surface = AnnularWell()
    momentum = np.array([0.0, 0.5, 0.9])
    run = simulate(surface, "LLQR+SAM", [4.5, 1.0], 30, 0.01, 0.2, momentum)
    v = velocities(run)
    for k, mu in enumerate(momentum):
        alone = simulate(surface, "LLQR+SAM", [4.5, 1.0], 30, 0.01, 0.2, float(mu))
        assert v[:, k] == pytest.approx(velocities(alone), rel=1e-9, abs=1e-12)
    with pytest.raises(ValueError, match="one walker"):
        step_anatomy(run, 3)


def test_a_zero_gradient_has_no_probe_and_no_step():
    run = simulate(AnnularWell(), "LLQR+SAM", [0.0, 0.0], 5, 0.0165, 0.3, 0.9)
    a = step_anatomy(run, 0)
    for zero in (a.gradient, a.offset, a.outer, a.direction, a.velocity, a.displacement):
        assert not np.any(zero)
    told = answer(surface="annular-well", start_x=0.0, start_y=0.0, step=0)
    assert "zero here" in told["stages"][0]["note"]
    assert told["stages"][2]["note"] == "There is nothing to look along: ε = 0."


def test_a_diverged_run_shows_its_last_whole_step():
    run = simulate(StiffValley(), "SGDM", None, 300, 0.017, 0.33, 0.9)
    assert run.outcome == "diverged"
    a = step_anatomy(run, 299)
    assert a.step == last_whole_step(run) == int(run.last_finite) - 1
    assert np.all(np.isfinite(a.arrived))
    told = answer(preset="stiff-valley", anatomy_method="SGDM", step=3000)
    assert told["diverged"] and told["step"] == told["last"] < told["asked"]


def test_a_run_that_diverges_at_once_is_told():
    told = answer(surface="goldstein-price", learning_rate=1.0, anatomy_method="SAM", step=5)
    assert told["step"] == told["last"]
    assert told["half"] > 0


def test_a_summary_has_no_anatomy():
    run = simulate(AnnularWell(), "SGDM", None, 5, record="summary")
    with pytest.raises(ValueError, match="full record"):
        velocities(run)
    with pytest.raises(ValueError, match="at least 0"):
        step_anatomy(simulate(AnnularWell(), "SGDM", None, 5), -1)


def answer(**state):
    return orjson.loads(read_anatomy({"anatomy_method": "LLQR+SAM", **state}).answer())


@pytest.mark.parametrize("key", SURFACES)
@pytest.mark.parametrize("name", METHODS)
def test_the_answer_holds_the_numbers_of_the_run(key, name):
    told = answer(surface=key, anatomy_method=name, step=7, noise_variance=1e-6)
    assert [stage["key"] for stage in told["stages"]] == list(STAGES)
    for stage in told["stages"]:
        assert stage["title"] and stage["formula"] and stage["numbers"]
    if told["step"] == 7 and told["gradient"] is not None:
        assert vector(told["gradient"]) in told["stages"][0]["numbers"]
        assert vector(told["velocity"]) in told["stages"][5]["numbers"]
        assert vector(told["displacement"]) in told["stages"][6]["numbers"]
        assert vector(told["noise"]) in told["stages"][3]["numbers"]
        assert np.linalg.norm(told["displacement"]) <= told["half"]
        if told["probing"]:
            assert np.linalg.norm(told["offset"]) <= told["half"]
    assert (told["image"] is not None) == METHODS[name].learns


def test_the_ellipse_holds_the_probe_of_its_norm():
    """Euclidean: the probe lies on the ball. √(gᵀUg): on εᵀU⁻¹ε = ρ², which is the ball's image under U^½."""
    ball = answer(preset="figure-2", step=4)
    assert np.linalg.norm(ball["offset"]) == pytest.approx(0.3, rel=1e-9)
    assert ball["metric"] is None
    told = answer(preset="figure-2", step=4, probe_norm="matrix", structure="diagonal")
    u = np.array(told["image"]) / 0.3
    offset = np.array(told["offset"])
    assert offset @ np.linalg.solve(u, offset) == pytest.approx(0.09, rel=1e-9)
    half = np.array(told["metric"]) / 0.3
    assert half @ half == pytest.approx(u, rel=1e-9, abs=1e-12)


def test_when_u_was_learned_is_said():
    assert answer(preset="figure-2", step=4)["stages"][1]["note"] == "U is that of the warm start."
    assert answer(preset="figure-2", step=10)["stages"][1]["note"] == "U was learned anew before this step."
    assert answer(preset="figure-2", step=17)["stages"][1]["note"] == "U is that of step 10."
    assert answer(preset="figure-2", step=0, warm_start_scale=0)["stages"][1]["note"].startswith("U was learned anew")


def test_the_address_refuses_what_does_not_exist(post):
    assert post("/toy/anatomy", {"preset": "figure-2", "step": 3}).status_code == 200
    refused = post("/toy/anatomy", {"anatomy_method": "ADAM"})
    assert refused.status_code == 422
    assert "ADAM" in refused.json()["problems"][0]
    assert post("/toy/anatomy", {"step": "late"}).status_code == 422


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0421, "0.0421"), (-1.5e-7, "−1.5·10⁻⁷"), (float("nan"), "–"), (float("-inf"), "−∞"), (123456.0, "1.235·10⁵")],
)
def test_numbers_as_text(value, text):
    assert number(value) == text
