"""What the browser draws and reads is what `simulate` gives; answers are kept within bounds."""

from __future__ import annotations

import threading

import numpy as np
import orjson
import pytest

from app.drawing.encoding import decode
from app.toy.batch import compute_paths
from app.toy.compute import configured
from app.toy.request import read_request
from app.web.cache import AnswerCache
from geometry.surface import charted
from geometry.surfaces import make_surface
from optimizers import METHODS, simulate


def answer(**raw):
    request, _ = read_request(raw)
    return request, orjson.loads(compute_paths(request))


@pytest.mark.parametrize("key", ["annular-well", "stiff-valley", "two-scale-quadratic"])
def test_paths_and_table_are_those_of_simulate(key):
    request, said = answer(surface=key, steps=300, noise_variance=1e-4, seed=7, decay=0.9, structure="diagonal")
    surface = make_surface(key)
    for method in said["methods"]:
        run = simulate(
            surface,
            configured(method["name"], request),
            np.array(request.start),
            steps=300,
            learning_rate=request.learning_rate,
            radius=request.radius,
            momentum=request.momentum,
            noise_variance=request.noise_variance,
            seed=7,
        )
        last = int(run.last_finite)
        # float32 keeps seven digits.
        assert np.allclose(decode(method["positions"])[: last + 1], run.positions[: last + 1], rtol=1e-6, atol=1e-6)
        assert np.allclose(decode(method["losses"])[: last + 1], run.losses[: last + 1], rtol=1e-6, atol=1e-6)
        row = method["row"]
        assert row["outcome"] == run.outcome
        assert row["arrival"] == (int(run.arrival) if run.arrival >= 0 else None)
        assert row["evaluations"] == run.gradient_evaluations[last]
        assert row["length"] == pytest.approx(float(run.path_length[last]))
        if row["arrival"] is not None:
            assert row["length_to_arrival"] == pytest.approx(float(run.path_length[run.arrival]))
            assert row["evaluations_to_arrival"] == run.gradient_evaluations[run.arrival]
        else:
            assert row["length_to_arrival"] is None


def test_settings_reach_the_methods():
    request, _ = read_request(
        {
            "structure": "scalar",
            "decay": 0.5,
            "refresh_every": 3,
            "damping": 0.1,
            "warm_start_scale": 0,
            "probe_norm": "matrix",
        }
    )
    method = configured("LLQR+SAM", request)
    llqr = method.preconditioner
    assert (llqr.structure, llqr.decay, llqr.refresh_every, llqr.damping) == ("scalar", 0.5, 3, 0.1)
    assert llqr.warm_start_scale is None
    assert method.probe.norm == "matrix"
    assert configured("SGDM", request) == METHODS["SGDM"]


def test_the_default_settings_are_the_registered_methods():
    request, _ = read_request({})
    for name in METHODS:
        assert configured(name, request) == METHODS[name]


def test_curvature_is_the_largest_eigenvalue():
    surface = make_surface("annular-well")
    theta = np.random.default_rng(0).uniform(-7, 7, (50, 2))
    expected = np.linalg.eigvalsh(surface.hessian(theta))[:, -1]
    assert np.allclose(charted(surface, theta)[1], expected, rtol=1e-9, atol=1e-9)


def test_a_diverged_method_leaves_the_charts_to_the_others():
    _, said = answer(surface="stiff-valley", learning_rate=0.017, radius=0.33, steps=600)
    outcomes = {method["name"]: method["row"]["outcome"] for method in said["methods"]}
    assert outcomes["SGDM"] == "diverged"
    assert outcomes["LLQR"] == "trapped"
    assert said["ranges"]["losses"][1] < 1000


def test_no_method_is_an_answer_too():
    _, said = answer(methods=[])
    assert said["methods"] == []
    assert set(said["ranges"]) == {"losses", "distance", "curvature"}


def test_the_cache_keeps_what_was_asked_last_within_its_bound():
    cache = AnswerCache(100)
    made = []

    def get(key, size=40):
        return cache.get(key, lambda: made.append(key) or b"x" * size)

    get("a"), get("b"), get("a")
    assert made == ["a", "b"]
    get("c")  # drops b, which was asked for least recently
    assert cache.held == 80
    get("a"), get("b")
    assert made == ["a", "b", "c", "b"]
    get("huge", 1000)
    assert cache.held <= 100
    assert get("huge", 1000) == b"x" * 1000
    assert made.count("huge") == 2


def test_the_cache_counts_right_from_many_threads():
    cache = AnswerCache(1000)
    threads = [
        threading.Thread(target=lambda: [cache.get(k % 30, lambda: b"x" * 50) for k in range(300)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.held == 50 * len(cache) <= 1000
