"""The methods of the literature in the toy lab: not shown unless asked for, and then whole: paths, costs, anatomy."""

from __future__ import annotations

import re

import numpy as np
import orjson
import pytest

from app.drawing.encoding import decode
from app.state.schema import write_link
from app.toy.anatomy import read_anatomy
from app.toy.batch import compute_many, compute_paths
from app.toy.compute import configured
from app.toy.costs import PRODUCT, counted
from app.toy.export.script import toy_script
from app.toy.page import tables
from app.toy.request import read_link, read_request, read_state
from optimizers import METHODS, SAM, WSAM, Adam, Method, simulate
from optimizers.anatomy import step_anatomy
from optimizers.methods import GROUPS, MORE_METHODS, NETWORK_METHODS, grouped, toy_methods

STATE = {"preset": "figure-2", "steps": 40, "learning_rate": 0.005, "noise_variance": 0.0}


def state(name):
    return {**STATE, "methods": ["SGDM", name], "anatomy_method": name}


def run_of(name):
    request, _ = read_request(state(name))
    return simulate(
        request.make_surface(),
        configured(name, request),
        request.start,
        request.steps,
        request.learning_rate,
        request.radius,
        request.momentum,
    )


def test_four_are_shown_and_the_others_wait_in_groups():
    assert read_state({}).state["methods"] == list(METHODS)
    told = tables()
    assert told["methods"] == list(toy_methods()) and told["compared"] == list(METHODS)
    waiting = [name for names in told["groups"].values() for name in names]
    assert sorted(waiting) == sorted(MORE_METHODS)
    assert set(grouped(NETWORK_METHODS)) == set(GROUPS)
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted({*NETWORK_METHODS, *MORE_METHODS} - set(METHODS))


@pytest.mark.parametrize("name", MORE_METHODS)
def test_paths_costs_and_script(name):
    request, _ = read_request(state(name))
    several = [request, read_request({**state(name), "radius": 0.2, "damping": 0.5, "refresh_every": 7})[0]]
    answers = compute_many(several)
    assert answers == [compute_paths(one) for one in several], "together as alone, to the last bit"
    told, run = orjson.loads(answers[0])["methods"][1], run_of(name)
    np.testing.assert_allclose(decode(told["positions"]), run.positions.astype(np.float32), rtol=1e-5, atol=1e-6)
    assert (told["probes"] is not None) == (name in ("GNP", "VaSSO", "GSAM", "WSAM"))
    method = configured(name, request)
    cost, when = counted(method), method.preconditioner.schedule
    assert told["cost"] == cost
    for t in (0, 1, 10, 40):
        expected = int(run.gradient_evaluations[t]) + PRODUCT * int(run.curvature_products[t])
        assert cost["step"] * t + cost["refresh"] * when.before(t) == expected
    space: dict = {}
    exec(compile(toy_script(read_state(state(name))), "scene.py", "exec"), space)  # noqa: S102 - our own script
    np.testing.assert_allclose(space["runs"][name].positions, run.positions, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", MORE_METHODS)
def test_anatomy(name):
    """Every vector is the record's, and the drawn step ends where the walker does."""
    told = orjson.loads(read_anatomy({**state(name), "step": 12}).answer())
    run, method = run_of(name), toy_methods()[name]
    formulas = {stage["key"]: stage["formula"] for stage in told["stages"]}
    if name in ("GNP", "GSAM", "WSAM"):
        assert formulas["outer"] == method.mix.formula()
    else:
        assert formulas["outer"] == "g⁺ = ∇L(θ + ε)"
    assert formulas["step"].startswith(method.outer.formula()[1])
    np.testing.assert_allclose(np.add(told["theta"], told["displacement"]), run.positions[13], rtol=1e-12, atol=1e-12)
    a = step_anatomy(run, 12)
    np.testing.assert_allclose(a.mixed + a.noise, a.noisy, rtol=1e-12)
    np.testing.assert_allclose(a.preconditioner @ a.noisy, a.direction, rtol=1e-12)
    assert (told["mixed"] is not None) == (name in ("GNP", "GSAM", "WSAM"))
    used = "h" if told["mixed"] else "g⁺"
    rolls, learns = method.outer.capabilities.compiled, method.learns
    assert told["names"] == {
        "direction": f"U{used}" if learns else f"U{used} = {used}",
        "velocity": "v" if rolls else "−Δθ/η",
        "step": "−ηv" if rolls and name != "WSAM" else "Δθ",
    }
    if name == "Shampoo":
        note = next(stage["note"] for stage in told["stages"] if stage["key"] == "ball")
        assert note.startswith("U is made of the gradients up to this one.")


def vectors_in(text):
    """The vectors that a line of numbers shows."""
    found = re.findall(r"\((.+?), (.+?)\)", text.replace("−", "-"))
    return [np.array([float(x), float(y)]) for x, y in found]


@pytest.mark.parametrize("name", toy_methods())
def test_the_step_that_is_written_adds_up(name):
    """WSAM's has a part that goes past v."""
    told = orjson.loads(read_anatomy({**state(name), "step": 12}).answer())
    stage = told["stages"][-1]
    *made_of, step, _ = vectors_in(stage["numbers"])
    np.testing.assert_allclose(-STATE["learning_rate"] * sum(made_of), step, rtol=2e-3, atol=1e-6)
    assert len(made_of) == (2 if name == "WSAM" else 1) and ("past v" in stage["formula"]) == (name == "WSAM")


def test_what_goes_past_an_outer_rule_is_counted_once():
    """Also where the rule is not the heavy ball, whose recorded steps over −η hold it already."""
    method = Method(probe=SAM(), mix=WSAM(0.7), outer=Adam())
    run = simulate(read_request(state("WSAM"))[0].make_surface(), method, [4.5, 1.0], 8, 0.005, 0.2)
    a = step_anatomy(run, 5)
    assert np.abs(a.beyond).max() > 0.1
    np.testing.assert_allclose(a.theta + a.displacement, a.arrived, rtol=1e-12)


@pytest.mark.parametrize("name", ["GSAM", "Adam"])
def test_noise_is_told_from_the_mix(name):
    run = simulate(read_request(state(name))[0].make_surface(), name, [4.5, 1.0], 8, 0.005, 0.2, 0.9, 1e-3, 1)
    a = step_anatomy(run, 5)
    assert 0 < np.abs(a.noise).max() < 0.2
    if name == "GSAM":
        mixed = toy_methods()[name].mix.combine(run.objective.layout, a.gradient, a.outer, True, None).gradient
        np.testing.assert_allclose(a.noisy, mixed + a.noise, rtol=1e-12)


@pytest.mark.parametrize("name", MORE_METHODS)
def test_the_link_holds_it(name):
    reading = read_state({**state(name), "tuning": "own", f"own_rate.{name}": 0.004})
    again = read_link(write_link(reading.state))
    assert not reading.problems and not again.problems and again.state == reading.state
    assert again.state["methods"] == ["SGDM", name]
