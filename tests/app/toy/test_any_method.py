"""A method is one line: registered here, and right in all that walks, counts, tunes, draws, links or exports it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import orjson
import pytest

from app.drawing.appearance import looks
from app.drawing.encoding import decode
from app.instruments.basins import basins_answer
from app.instruments.export import files as instrument_files
from app.instruments.export.files import compute_part
from app.instruments.fairness import EFFORT, RATES, settings_of
from app.state.schema import write_link
from app.toy.anatomy import read_anatomy
from app.toy.batch import compute_many, compute_paths, together
from app.toy.claims import claims_for
from app.toy.cloud import read_cloud
from app.toy.compute import configured
from app.toy.controls import controls
from app.toy.costs import PRODUCT, counted
from app.toy.export.controls import read_export
from app.toy.export.files import make_file
from app.toy.measured_cost import read_cost
from app.toy.methods_page import layout as methods_page
from app.toy.page import tables
from app.toy.request import read_link, read_request, read_state
from geometry.surfaces import AnnularWell
from optimizers import ASAM, FSAM, LLQR, METHODS, FisherSAM, Method, PastFSAM, simulate
from optimizers.about import About, Source
from optimizers.capabilities import MixCapabilities, OuterCapabilities
from optimizers.exact_llqr import ExactLLQR
from optimizers.mixes import Mixed
from tests.app.counting import evaluations_of_steps
from tests.app.instruments.asking import read_instrument_request

ABOUT = About("Something of its own.", (Source("Nobody"),), identities=("None.",), traps=("None.",))


@dataclass(frozen=True)
class Middle:
    """A mix that the library does not have: the mean of both gradients."""

    capabilities: ClassVar = MixCapabilities()
    about: ClassVar = ABOUT

    def formula(self) -> str:
        return "h = (g + g⁺)/2"

    def memory(self, theta: Any) -> None:
        return None

    def combine(self, layout: Any, gradient: Any, outer: Any, probed: Any, memory: None) -> Mixed:
        return Mixed((gradient + outer) / 2)


@dataclass(frozen=True)
class Signs:
    """An outer rule that the library does not have."""

    capabilities: ClassVar = OuterCapabilities()
    about: ClassVar = ABOUT

    def formula(self) -> tuple[str, str]:
        return "", "θ ← θ − η sign(u)"

    def start(self, theta: Any) -> None:
        return None

    def step(self, theta: Any, direction: Any, state: None, settings: Any, index: int, layout: Any) -> tuple[Any, None]:
        return theta - np.asarray(settings.learning_rate)[..., None] * np.sign(direction), None


PROBES = {"FSAM": FSAM(), "PastFSAM": PastFSAM(), "ASAM": ASAM(), "Fisher-SAM": FisherSAM()}
CASES = {name: Method(probe=probe) for name, probe in PROBES.items()}
CASES["LLQR+FSAM"] = Method(probe=FSAM(), preconditioner=LLQR())
CASES["Exact LLQR"] = Method(preconditioner=ExactLLQR(damping=0.5))
CASES["FSAM+middle"] = Method(probe=FSAM(), mix=Middle())
CASES["Signs"] = Method(outer=Signs())
FORMULAS = {
    "FSAM": "ε = ρ r / √(‖r‖² + 10⁻¹²), r = g − ḡ",
    "PastFSAM": "ε = ρ r / √(‖r‖² + 10⁻¹²), r = g₋ − ḡ",
    "ASAM": "ε = ρ T²g / √(‖Tg‖² + 10⁻¹²), T = |θ| + 0.01",
    "Fisher-SAM": "ε = ρ f / √(gᵀf + 10⁻¹²), f = g/(g² + 0.1)",
    "LLQR+FSAM": "ε = ρ Ur / √(‖Ur‖² + 10⁻¹²), r = g − ḡ",
    "Exact LLQR": "ε = 0",
    "FSAM+middle": "ε = ρ r / √(‖r‖² + 10⁻¹²), r = g − ḡ",
    "Signs": "ε = 0",
}
STATE = {
    "preset": "figure-2",
    "steps": 40,
    "seed": 4711,
    "runs": "3",
    "resolution": "12",
    "damping": 1.0,
    "noise_variance": 0,
    "warm_start_scale": 0,
}
"""Its seed is nobody else's: answers are kept by request, and those of other tests know four methods."""


@pytest.fixture(params=CASES)
def name(request, monkeypatch):
    monkeypatch.setitem(METHODS, request.param, CASES[request.param])
    return request.param


def run_of(name, state=STATE, steps=40):
    """The readable rule with the page's settings, put into the method by hand."""
    request, _ = read_request(state)
    rule = CASES[name].preconditioner
    if isinstance(rule, LLQR):
        rule = LLQR(
            "dense", "newton", request.refresh_every, request.decay, damping=request.damping, warm_start_scale=None
        )
    if isinstance(rule, ExactLLQR):
        rule = ExactLLQR(damping=request.damping, refresh_every=request.refresh_every)
    mine = request.of_method(name)
    return simulate(
        request.make_surface(),
        replace(CASES[name], preconditioner=rule),
        request.start,
        steps,
        mine.learning_rate,
        mine.radius,
        request.momentum,
        compiled=False,
    )


def looks_ahead(name):
    return CASES[name].looks_ahead


def test_paths_alone_and_among_others(name):
    several = [{**STATE, "methods": [name, "SGDM"], **more} for more in ({}, {"radius": 0.2}, {"refresh_every": 7})]
    requests = [read_request(state)[0] for state in several]
    answers = compute_many(requests)
    assert answers == [compute_paths(request) for request in requests]
    for state, answer in zip(several, answers, strict=True):
        told = {method["name"]: method for method in orjson.loads(answer)["methods"]}
        run = run_of(name, state)
        np.testing.assert_allclose(decode(told[name]["positions"]), run.positions.astype(np.float32), rtol=1e-5)
        assert (told[name]["probes"] is not None) == looks_ahead(name)
        if looks_ahead(name):
            np.testing.assert_allclose(decode(told[name]["probes"]), run.probes.astype(np.float32), rtol=1e-5)
        assert told[name]["row"]["outcome"] == str(run.outcome)
        assert not told[name]["makes_ghosts"]
    assert (together(requests[0]) == together(requests[2])) == (name != "Exact LLQR"), "its interval is no array"


def test_costs_are_those_of_a_walk_that_counts(name):
    request, _ = read_request(STATE)
    method, cost = configured(name, request), counted(configured(name, request))
    assert cost["step"] == {"PastFSAM": 1, "Exact LLQR": 1, "Signs": 1}.get(name, 2)
    run, when = simulate(AnnularWell(), method, request.start, 25, 1e-4), method.preconditioner.schedule
    for t in range(26):
        expected = int(run.gradient_evaluations[t]) + PRODUCT * int(run.curvature_products[t])
        assert cost["step"] * t + cost["refresh"] * when.before(t) == expected
    if "LLQR" not in name:
        assert evaluations_of_steps(AnnularWell(), method, 25)[-1] == 25 * cost["step"]
    aspect = 0.55 + 0.05 * list(CASES).index(name)  # seconds are kept for each ground
    measured = orjson.loads(read_cost({**STATE, "surface.aspect": aspect}).answer())
    assert measured["methods"][name]["step"] > 0 and name in measured["what"]
    assert (measured["methods"][name]["refresh"] > 0) == ("LLQR" in name)


def test_fairness_tunes_its_radius(name):
    rates, radii = settings_of(name)
    assert len(rates) == EFFORT
    assert (radii is not None) == looks_ahead(name)
    if radii is not None:
        assert len(set(zip(rates, radii, strict=True))) == EFFORT
        assert (radii.min(), radii.max()) == (0.02, 2.0)
    assert (rates.min(), rates.max()) == (RATES[0], RATES[-1])


@pytest.mark.parametrize("name", ["PastFSAM"], indirect=True)
def test_fairness_within_an_equal_budget(name):
    """PastFSAM's step is as cheap as SGDM's, so that it walks as far for the same evaluations."""
    wish = instrument_files.read_export({**STATE, "instrument": "fairness", "format": "svg", "cost": "evaluations"})
    (told,) = wish.answers
    row = next(row for row in told["rows"] if row["method"] == name)
    assert row["probing"] and row["radius"] in settings_of(name)[1]
    assert row["own"] == {"own_rate.PastFSAM": row["learning_rate"], "own_radius.PastFSAM": row["radius"]}
    lengths = told["equal_cost"]["lengths"]
    assert lengths[name] == lengths["SGDM"] > lengths["SAM"]
    assert name.encode() in instrument_files.make_file(wish).content


def test_own_settings_and_link(name):
    offered = {control.name for control in controls()}
    assert f"own_rate.{name.replace('+', '-')}" in offered
    assert (f"own_radius.{name.replace('+', '-')}" in offered) == looks_ahead(name)
    own = {f"own_rate.{name.replace('+', '-')}": 0.004}
    if looks_ahead(name):
        own[f"own_radius.{name.replace('+', '-')}"] = 0.12
    state = {**STATE, **own, "tuning": "own", "methods": ["SAM", name], "anatomy_method": name}
    reading = read_state(state)
    again = read_link(write_link(reading.state))
    assert not reading.problems and not again.problems and again.state == reading.state
    (_, mine) = orjson.loads(compute_paths(read_request(state)[0]))["methods"]
    assert mine["row"]["settings"] == "η = 0.004" + (", ρ = 0.12" if looks_ahead(name) else "")
    np.testing.assert_allclose(decode(mine["positions"]), run_of(name, state).positions.astype(np.float32), rtol=1e-5)


def test_anatomy(name):
    told = orjson.loads(read_anatomy({**STATE, "anatomy_method": name, "step": 12}).answer())
    run, stages = run_of(name), {stage["key"]: stage for stage in told["stages"]}
    assert stages["probe"]["formula"] == FORMULAS[name]
    assert told["probing"] == looks_ahead(name) and told["learns"] == ("LLQR" in name)
    assert stages["outer"]["formula"] == ("h = (g + g⁺)/2" if name == "FSAM+middle" else "g⁺ = ∇L(θ + ε)")
    assert stages["step"]["formula"] == ("θ ← θ − η sign(u)" if name == "Signs" else "θ ← θ − ηv")
    np.testing.assert_allclose(np.add(told["theta"], told["displacement"]), run.positions[13], rtol=1e-9)
    np.testing.assert_allclose(told["theta"], run.positions[12], rtol=1e-9)
    np.testing.assert_allclose(told["offset"], (run.probes - run.positions[:-1])[12], rtol=1e-6, atol=1e-9)
    if "LLQR" in name:
        assert "U is that of step 10." in stages["ball"]["note"]
    assert ("units of its own" in stages["ball"]["note"]) == (name in ("ASAM", "Fisher-SAM"))


def test_the_page_of_methods_has_its_card(name):
    page = str(methods_page().to_plotly_json())
    method = CASES[name]
    assert all(formula in page for formula in method.formulas.values())
    assert all(part.about.what in page for part in method.telling_parts.values())


def test_the_matrix_norm_is_offered_to_probes_that_have_it(name):
    request, _ = read_request({**STATE, "probe_norm": "matrix"})
    assert (configured(name, request).probe.norm == "matrix") == ("FSAM" in name)
    told = orjson.loads(
        read_anatomy({**STATE, "anatomy_method": name, "step": 3, "probe_norm": "matrix"}).answer(),
    )
    assert (told["metric"] is not None) == (name == "LLQR+FSAM")


def test_legend(name):
    told = tables()
    assert told["methods"][len(METHODS) - 1] == told["compared"][-1] == name
    assert json.dumps(f"Step of {name}") in json.dumps(told["controls"])
    mine, others = told["looks"][name], [look for key, look in told["looks"].items() if key != name]
    for part in ("colour", "marker"):
        assert mine[part] not in [look[part] for look in others]
    assert (mine["dash"], mine["width"]) not in [(look["dash"], look["width"]) for look in others]
    assert looks([*METHODS])[name] == mine, "the same every time"


def test_files(name):
    def content(kind, **more):
        return make_file(read_export({**STATE, "methods": [name, "SAM"], "format": kind, "step": 20, **more})).content

    run = run_of(name)
    arrays = np.load(io.BytesIO(content("npz")))
    np.testing.assert_allclose(arrays[f"{name}.positions"], run.positions, rtol=1e-9)
    rows = [line.split(",") for line in content("csv").decode().splitlines() if line.startswith(f"{name},")]
    assert len(rows) == 41 and (rows[3][4] != "") == looks_ahead(name)
    space: dict = {}
    exec(compile(content("py"), "scene.py", "exec"), space)  # noqa: S102 - our own script, which is what is tested
    np.testing.assert_allclose(space["runs"][name].positions, run.positions, rtol=1e-9)
    assert f'"{name}"' in content("html").decode()
    assert name in content("svg").decode()


def test_maps_cloud_and_statements(name, monkeypatch):
    asked = read_instrument_request({**STATE, "method": name}, "phase")
    (part,) = orjson.loads(compute_part("phase", replace(asked, stride=8)))["parts"]
    assert part["method"] == name
    two_scale = {**STATE, "preset": "two-scale", "radius": 0.6, "method": name}
    (told,) = orjson.loads(basins_answer(read_instrument_request(two_scale, "basins")))["maps"]
    assert told["ghosts"] == [] and "at a ghost minimum" not in told["names"]
    cloud = orjson.loads(read_cloud({**STATE, "cloud": 16, "cloud_spread": 0, "methods": [name]}).answer())
    assert cloud["methods"][0]["counts"][str(run_of(name).outcome)] == 16
    request, _ = read_request({**STATE, "steps": 60})
    told_with = claims_for(request)
    monkeypatch.delitem(METHODS, name)
    assert claims_for(request) == told_with, "the paper's statements speak of its four methods"


@pytest.mark.parametrize("name", ["PastFSAM"], indirect=True)
@pytest.mark.parametrize("instrument", ["phase", "basins"])
def test_pictures_of_the_instruments_have_a_place_for_it(name, instrument):
    wish = instrument_files.read_export({**STATE, "instrument": instrument, "format": "svg", "resolution": "12"})
    svg = instrument_files.make_file(wish).content.decode()
    four = [one for one in wish.answers for _ in one.get("maps", ())]
    assert name in svg and (instrument == "phase" or len(four) == len(METHODS) == 5)
