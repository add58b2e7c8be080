"""The network page: runs through the library's own step, a slice that is the loss, shadows and their distance."""

import numpy as np
import orjson
import pytest
import torch

from app.encoding import decode
from app.network.controls import CONTROLS, read_network_request
from app.network.picture import network_answer, plane_of
from app.network.runs import trained
from app.network.shadow import shadow_of
from app.request import BadRequest
from geometry.plane import Plane
from optimizers.minibatches import Minibatches
from optimizers.rule import Settings, begin, descent_step, refresh_if_due

SHORT = {"steps": 30, "refresh_every": 10, "seed": 3}


@pytest.fixture(scope="module")
def request_and_answer():
    request, notices = read_network_request(SHORT)
    return request, orjson.loads(network_answer(request, notices))


def test_the_runs_are_the_composed_step(request_and_answer):
    """LLQR+SAM once more by hand: rule.begin, refresh_if_due and descent_step on the same batches."""
    request, _ = request_and_answer
    found = trained(request.training)
    run = found.runs["LLQR+SAM"]
    draws = Minibatches(found.objective.examples, request.batch_size, 128, request.seed)
    state = begin(found.objective, run.method, found.objective.initial.clone())
    settings = Settings(request.learning_rate, request.radius, request.momentum, seed=request.seed)
    for t in range(12):
        if run.method.preconditioner.due(t):
            state, _ = refresh_if_due(found.objective.rows(draws.refresh_rows(t)), run.method, state)
        state, _ = descent_step(found.objective.rows(draws.rows(t)), run.method, settings, state)
    torch.testing.assert_close(state.position, run.positions[12], rtol=1e-5, atol=1e-6)


def test_the_drawn_slice_is_the_loss_of_the_network(request_and_answer):
    """The picture's heights against a plain loop over some of its points, to 1e-5 (float32)."""
    request, answer = request_and_answer
    found = trained(request.training)
    plane = plane_of(found, request)
    heights = decode(answer["surface"]["relief"]["losses"])
    (x0, x1), (y0, y1) = answer["surface"]["domain"]
    points = heights.shape[0]
    for j, i in ((0, 0), (3, 17), (points // 2, points // 2), (points - 1, 2), (7, points - 1)):
        x, y = x0 + (x1 - x0) * i / (points - 1), y0 + (y1 - y0) * j / (points - 1)
        theta = plane.origin + x * plane.directions[0] + y * plane.directions[1]
        assert heights[j, i] == pytest.approx(float(found.objective.loss(theta)), rel=1e-5)


def test_training_learns_and_costs_are_told(request_and_answer):
    _, answer = request_and_answer
    rows = {row["method"]: row for row in answer["rows"]}
    assert set(rows) == {"SGDM", "SAM", "LLQR", "LLQR+SAM"}
    for row, method in zip(answer["rows"], answer["paths"]["methods"], strict=True):
        losses = decode(method["losses"])
        assert losses.shape == (31,) and losses[-1] < losses[0] and row["loss"] == pytest.approx(losses[-1], rel=1e-6)
        assert 0.1 < row["accuracy"] <= 1.0
    assert rows["SGDM"]["evaluations"] == 30 and rows["SAM"]["evaluations"] == 60
    assert rows["LLQR"]["products"] == 3 * 50 and rows["LLQR"]["evaluations"] == 33


def test_all_methods_start_at_the_same_weights(request_and_answer):
    _, answer = request_and_answer
    starts = [decode(method["positions"])[0] for method in answer["paths"]["methods"]]
    for start in starts[1:]:
        np.testing.assert_array_equal(start, starts[0])


def test_a_shadow_knows_what_it_leaves_out(request_and_answer):
    """In a plane that holds the path everything is captured; in the plane across it nothing is."""
    request, _ = request_and_answer
    objective = trained(request.training).objective
    origin = objective.initial
    axes = torch.zeros(3, objective.dimension)
    axes[0, 5], axes[1, 900], axes[2, 1700] = 2.0, 1.0, 1.0
    path = origin + torch.linspace(0, 1, 7)[:, None] * axes[0]
    losses = np.zeros(7)
    inside = shadow_of(objective, Plane(origin, axes[:2]), path, losses)
    assert inside.captured == pytest.approx(1.0, abs=1e-5) and np.abs(inside.distance).max() < 1e-5
    np.testing.assert_allclose(inside.coordinates, np.stack([np.linspace(0, 1, 7), np.zeros(7)], -1), atol=1e-5)
    real = [float(objective.loss(point)) for point in path]
    np.testing.assert_allclose(inside.heights, real, rtol=1e-5)
    across = shadow_of(objective, Plane(origin, axes[1:]), path, losses)
    assert across.captured == pytest.approx(0.0, abs=1e-5)
    np.testing.assert_allclose(across.distance, np.linspace(0, 2, 7), atol=1e-5)


def test_principal_components_capture_more_than_chance(request_and_answer):
    _, random = request_and_answer
    request, _ = read_network_request({**SHORT, "plane": "pca"})
    pca = orjson.loads(network_answer(request, []))
    for by_chance, by_paths in zip(random["rows"], pca["rows"], strict=True):
        assert by_paths["captured"] > 0.5 > by_chance["captured"]


def test_another_slice_needs_no_new_training():
    first, _ = read_network_request(SHORT)
    second, _ = read_network_request({**SHORT, "plane_seed": 9, "span": 0.5, "scheme": "dark"})
    assert first.training == second.training and trained(first.training) is trained(second.training)


WRONG = ("fast", None, [1], {"a": 1}, True, float("nan"), float("inf"))


@pytest.mark.parametrize("name", [control.name for control in CONTROLS])
def test_wrong_types_are_refused_with_the_controls_name(name):
    control = next(control for control in CONTROLS if control.name == name)
    for value in WRONG:
        with pytest.raises(BadRequest, match=control.label):
            read_network_request({name: value})


def test_values_out_of_range_are_clamped_and_said():
    request, notices = read_network_request({"steps": 1e308, "learning_rate": -1e308, "unknown": 1})
    assert request.steps == 600 and request.learning_rate == 1e-4 and len(notices) == 2


@pytest.mark.parametrize("body", ["", "[]", "{", '{"steps":"many"}', '{"plane":"vertical"}', '{"seed":NaN}'])
def test_the_address_answers_bad_input_with_sentences(post, body):
    answer = post("/network/train", body)
    assert 400 <= answer.status_code < 500 and answer.json()["problems"]


def test_the_page_is_there(call):
    assert call("GET", "/network").status_code == 200
