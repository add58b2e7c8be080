"""Requests that are computed together get, to the last bit, the answers that they get alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.state.control import NamesControl, NumberControl, TextControl
from app.state.schema import BadRequest
from app.toy.batch import compute_many, compute_paths, paths_key, together
from app.toy.controls import controls, controls_of
from app.toy.request import read_request
from geometry.surface import charted
from geometry.surfaces import SURFACES, make_surface
from optimizers import METHODS, compiled_engine


def value_of(control):
    if isinstance(control, TextControl):
        texts = {"pits": ["", "1,-2,3,0.5", "0.5,0,1,0.2;-1,0.5,2,1"], "surface.formula": ["x^2 + y^2", "sin(x)*y"]}
        return st.sampled_from(texts.get(control.name, ["", "?radius=0.1"]))
    if isinstance(control, NamesControl):
        return st.lists(st.sampled_from(control.names), unique=True)
    if not isinstance(control, NumberControl):
        return st.sampled_from(control.values)
    if control.name == "steps":
        return st.sampled_from([10, 50, 120])
    return st.floats(control.minimum, control.maximum, allow_nan=False)


@st.composite
def states(draw, surfaces=tuple(SURFACES)):
    surface = make_surface(draw(st.sampled_from(surfaces)))
    raw = {"surface": surface.key, "steps": draw(st.sampled_from([10, 50, 120]))}
    for control in controls_of(surface):
        if control.name != "steps" and draw(st.booleans()):
            raw[control.name] = draw(value_of(control))
    raw["methods"] = [name for name in METHODS if draw(st.booleans())]
    return raw


def readable(raws):
    requests = []
    for raw in raws:
        try:
            requests.append(read_request(raw)[0])
        except BadRequest:  # a surface that refuses a combination of its parameters
            continue
    return requests


@settings(max_examples=40)
@given(st.lists(states(), min_size=1, max_size=6))
def test_a_batch_answers_as_single_calls_do(raws):
    requests = readable(raws)
    assert compute_many(requests) == [compute_paths(request) for request in requests]


@pytest.mark.parametrize("key", SURFACES)
def test_one_surface_many_settings(key):
    """What a lecture hall sends: the same ground and steps, everything else different, so that all are one call."""
    rng = np.random.default_rng(5)
    raws = []
    for number in range(12):
        raw = {"surface": key, "steps": 200, "seed": number, "warm_start_scale": 0.5 + 0.1 * (number % 3)}
        for control in controls():
            if isinstance(control, NumberControl) and control.name not in ("steps", "seed", "warm_start_scale"):
                raw[control.name] = float(control.default) * float(rng.uniform(0.5, 1.0))
        raw["noise_variance"] = [0.0, 1e-6, 1e-3][number % 3]
        raws.append(raw)
    requests = readable(raws)
    assert len({together(request) for request in requests}) == 1
    assert len(set(requests)) == 12
    compiled_engine._KEPT.clear()
    in_one = compute_many(requests)
    for request, answer in zip(requests, in_one, strict=True):
        compiled_engine._KEPT.clear()  # alone means alone: nothing is taken from the batch
        assert compute_paths(request) == answer


def test_requests_that_differ_in_what_does_not_matter_have_one_key():
    light, dark = (read_request({"scheme": scheme})[0] for scheme in ("light", "dark"))
    assert light != dark and paths_key(light) == paths_key(dark)
    assert json.loads(compute_paths(light)) == json.loads(compute_paths(dark))


@pytest.mark.parametrize("key", SURFACES)
def test_compiled_charts_are_those_of_the_surface(key):
    surface = make_surface(key)
    rng = np.random.default_rng(1)
    low, high = np.array(surface.domain).T
    points = rng.uniform(low, high, (5, 40, surface.dimension))
    losses, curvature = charted(surface, points)
    assert losses.shape == curvature.shape == (5, 40)
    assert np.allclose(losses, surface.loss(points), rtol=1e-9, atol=1e-9)
    expected = np.linalg.eigvalsh(surface.hessian(points))[..., -1]
    assert np.allclose(curvature, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    points[0, 0] = np.nan
    assert np.isnan(charted(surface, points)[0][0, 0])
