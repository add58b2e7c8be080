"""The cloud of walkers: counts and places against single runs, the sentence against a count of its own; ghosts."""

from __future__ import annotations

import base64

import numpy as np
import orjson
import pytest

from app.drawing.encoding import NOWHERE
from app.state.schema import BadRequest
from app.toy.cloud import extents_of, frames_of, read_cloud, seeds_of, starts_of
from app.toy.compute import configured
from app.toy.ghosts import ghosts
from app.toy.request import read_request
from geometry import two_scale
from geometry.surfaces import SURFACES, TwoScalePlane
from optimizers import simulate


def answered(**state):
    request = read_cloud(state)
    return request, orjson.loads(request.answer())


def unpacked(request, told):
    """(name → places (frames, W, 2) with not-a-number off the map)."""
    low, high = np.array(told["extents"]).T
    found = {}
    for method in told["methods"]:
        raw = np.frombuffer(base64.b64decode(method["places"]["bdata"]), dtype="<u2")
        raw = raw.reshape(len(told["frames"]), request.walkers, 2).astype(float)
        found[method["name"]] = np.where(raw == NOWHERE, np.nan, low + raw / (NOWHERE - 1) * (high - low))
    return found


@pytest.mark.parametrize(
    "state",
    [
        {"preset": "figure-3", "steps": 200, "noise_variance": 1e-4},
        {"preset": "stiff-valley", "steps": 150},
        {"preset": "two-scale", "steps": 150, "radius": 0.6},
        {"surface": "himmelblau", "steps": 100},
    ],
)
def test_each_walker_is_a_run_of_its_own(state):
    """Counts, arrivals and places of all walkers by one plain simulation each; places to their 16 bits."""
    request, told = answered(**state, cloud=16, cloud_spread=0.02)
    toy = request.toy
    surface = toy.make_surface()
    starts, seeds, at = starts_of(request, surface), seeds_of(request), unpacked(request, told)
    tolerance = [(high - low) / (NOWHERE - 1) for low, high in told["extents"]]
    assert tuple(starts[0]) == toy.start
    for method in told["methods"]:
        counts = dict.fromkeys(method["counts"], 0)
        for w in range(16):
            run = simulate(
                surface,
                configured(method["name"], toy),
                starts[w],
                toy.steps,
                toy.learning_rate,
                toy.radius,
                toy.momentum,
                toy.noise_variance,
                int(seeds[w]),
            )
            counts[str(run.outcome)] += 1
            assert method["arrival"][w] == (int(run.arrival) if run.outcome == "reached" else -1)
            place = run.positions[told["frames"]]
            if surface.dimension == 1:
                place = np.column_stack([place, run.losses[told["frames"]]])
            drawn = at[method["name"]][:, w]
            low, high = np.array(told["extents"]).T
            on_map = np.all((place >= low) & (place <= high), axis=-1)
            assert np.array_equal(np.isfinite(drawn).all(axis=-1), on_map)
            assert np.all(np.abs(drawn - place)[on_map] <= tolerance)
        assert method["counts"] == counts


def test_the_sentence_is_counted_anew():
    """Figure 3: noise alone decides; SGDM and LLQR stay, both SAM variants arrive in all, LLQR+SAM earlier."""
    _, told = answered(preset="figure-3", cloud=64, cloud_spread=0)
    by = {method["name"]: method for method in told["methods"]}
    arrivals = {name: [a for a in method["arrival"] if a >= 0] for name, method in by.items()}
    parts = [f"{n} {len(a)}" + (f" (median step {np.median(a):g})" if a else "") for n, a in arrivals.items()]
    assert told["sentence"] == f"Of 64 walkers each, these reach the flat basin: {'; '.join(parts)}."
    assert [len(arrivals[name]) for name in ("SGDM", "SAM", "LLQR", "LLQR+SAM")] == [0, 64, 0, 64]
    assert by["LLQR+SAM"]["median"] < by["SAM"]["median"]
    assert told["what"].startswith("All from the start, noise seeds 0 to 63")


def test_a_cloud_without_noise_and_spread_says_so():
    _, told = answered(preset="figure-2", noise_variance=0, cloud=16, cloud_spread=0, steps=20)
    assert "They differ in nothing" in told["what"]
    assert len({tuple(m["counts"].values()) for m in told["methods"]}) >= 1
    for method in told["methods"]:
        assert sorted(method["counts"].values()) == [0, 0, 0, 16]


def test_where_there_is_no_basin_all_outcomes_are_told():
    _, told = answered(surface="monkey-saddle", cloud=16, steps=50)
    assert "no basin to reach" in told["sentence"]


def test_a_long_walk_is_drawn_at_odd_strides():
    request = read_cloud({"cloud": 256, "steps": 3000})
    frames = frames_of(request)
    stride = frames[1] - frames[0]
    assert stride > 1 and stride % 2 == 1
    assert frames[-1] == 3000
    assert 4 * 256 * 4 * len(frames) <= 3_300_000
    assert (np.diff(frames_of(read_cloud({"cloud": 64, "steps": 600}))) == 1).all()


@pytest.mark.parametrize("key", SURFACES)
def test_the_extents_hold_the_map(key):
    surface = read_request({"surface": key})[0].make_surface()
    extents = extents_of(surface)
    assert len(extents) == 2
    for (low, high), (wide_low, wide_high) in zip(surface.domain, extents, strict=False):
        assert wide_low < low < high < wide_high


def test_bad_clouds_are_refused(post):
    with pytest.raises(BadRequest, match="at least one walker"):
        read_cloud({"cloud": 0})
    assert post("/toy/cloud", {"cloud": "many"}).status_code == 422
    assert post("/toy/cloud", {"cloud": 16, "steps": 20}).json()["walkers"] == 16


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("rate", [3e-4, 8e-4, 1e-3, 1.5e-3, 2e-3, 5e-3, 0.0165])
def test_a_ghost_on_the_plane_holds_exactly_where_the_closed_form_says(rate, momentum):
    """A walker put beside the ghost comes back to it or goes; on the plane the turning probe is what drives it off."""
    request, _ = read_request(
        {"surface": "two-scale-plane", "learning_rate": rate, "momentum": momentum, "radius": 0.6}
    )
    surface = request.make_surface()
    (ghost,) = ghosts(surface, request)
    near = np.array(ghost.position) + 1e-4
    run = simulate(surface, "SAM", near, 8000, request.learning_rate, 0.6, momentum)
    stays = bool(np.linalg.norm(run.final - np.array(ghost.position)) < 1e-6)
    assert stays is ghost.holds


@pytest.mark.parametrize(("rate", "momentum", "holds"), [(0.03, 0.0, True), (0.06, 0.0, False), (0.09, 0.9, True)])
def test_a_ghost_on_the_curve_holds_up_to_the_edge_of_stability(rate, momentum, holds):
    request, _ = read_request(
        {"surface": "two-scale-quadratic", "learning_rate": rate, "momentum": momentum, "radius": 0.6}
    )
    surface = request.make_surface()
    (ghost,) = ghosts(surface, request)
    assert ghost.holds is holds
    run = simulate(surface, "SAM", [ghost.position[0] + 1e-3], 8000, rate, 0.6, momentum)
    assert (abs(run.final[0] - ghost.position[0]) < 1e-6) is np.bool_(holds)
    assert ghost.position[0] == two_scale.ghost_minimum(0.3, 40.0, 0.25, 4.0, 0.6)


def test_no_ghosts_elsewhere():
    for state in (
        {"preset": "figure-2"},
        {"preset": "two-scale", "radius": 0.1},
        {"preset": "two-scale", "radius": 0.6, "probe_norm": "matrix"},
    ):
        request, _ = read_request(state)
        assert ghosts(request.make_surface(), request) == []
    assert isinstance(read_request({"surface": "two-scale-plane"})[0].make_surface(), TwoScalePlane)
