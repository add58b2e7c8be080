"""The cut: closed forms along its lines, what a browser is told, and what is refused."""

import base64

import numpy as np
import orjson
import pytest

from app.drawing.encoding import decode
from app.state.schema import BadRequest
from app.toy.batch import recorded_run
from app.toy.cut import (
    LEVELS,
    MOST_STEPS,
    POINTS,
    SAME,
    WORDS,
    Lines,
    cut,
    frame_of,
    landmarks_on,
    lines_of,
    places_of,
    profiles,
    read_cut,
)
from app.toy.request import read_request
from geometry.surfaces import SURFACES, AnnularWell, QuadraticBowl, make_surface
from optimizers import simulate

METHODS = ("SGDM", "SAM", "LLQR", "LLQR+SAM")
LINES = ("basin", "gradient", "probe")


def told_profiles(surface, lines, steps):
    """The losses that a browser gets, (steps, POINTS)."""
    frame = frame_of(surface)
    levels, which = profiles(surface, frame, lines, np.asarray(steps))
    floor, ceiling = frame.span
    return (floor + levels / LEVELS * (ceiling - floor))[which]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("line", LINES)
def test_on_a_quadratic_the_ground_is_a_parabola_and_slopes_kick_and_probe_have_their_closed_forms(method, line):
    bowl, rate, momentum, rho = QuadraticBowl(), 0.003, 0.5, 0.2
    hessian = np.asarray(bowl.hessian(np.zeros(2)))
    run = simulate(bowl, method, [-4.0, 2.5], steps=40, learning_rate=rate, momentum=momentum, radius=rho)
    lines, frame = lines_of(run, bowl, line), frame_of(bowl)
    u = lines.direction
    assert np.allclose(np.linalg.norm(u, axis=-1), 1)
    theta, g = run.positions[:-1], run.positions[:-1] @ hessian
    # L on the line: L(θ) + (g·u) δ + ½ (uᵀHu) δ², told to half a level of the frame's span.
    delta = frame.places[None] - lines.ball[:, :1]
    parabola = run.losses[:-1, None] + (g * u).sum(-1)[:, None] * delta
    parabola += 0.5 * np.einsum("ti,ij,tj->t", u, hessian, u)[:, None] * delta**2
    floor, ceiling = frame.span
    step = (ceiling - floor) / LEVELS
    told = told_profiles(bowl, lines, range(40))
    assert np.abs(told - np.clip(parabola, floor, ceiling)).max() <= (SAME + 1) * step
    # The ball stands on it, at its own loss.
    assert np.allclose(lines.ball[:, 1], 0.5 * np.einsum("ti,ij,tj->t", theta, hessian, theta))
    # The probe: θ for who does not probe, else θ + ρ g/‖g‖, or θ + ρ U g/‖U g‖ where U is learned.
    probe = theta
    if method.endswith("SAM"):
        ahead = (run.preconditioners @ g[..., None])[..., 0] if method == "LLQR+SAM" else g
        probe = theta + rho * ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)
        offset = lines.probe[:, 0] - lines.ball[:, 0]
        assert np.allclose(offset**2 + lines.probe[:, 2] ** 2, rho**2)
        assert np.allclose(offset, ((probe - theta) * u).sum(-1), atol=1e-9)
        assert np.allclose(lines.probe[:, 1], 0.5 * np.einsum("ti,ij,tj->t", probe, hessian, probe))
    else:
        assert lines.probe is None
    assert np.allclose(lines.slope, (probe @ hessian * u).sum(-1))
    pushed = (run.preconditioners @ (probe @ hessian)[..., None])[..., 0]
    assert np.allclose(lines.kick, -rate / (1 - momentum) * (pushed * u).sum(-1))
    # The step's parts on and off the line make its length.
    assert np.allclose(np.hypot(*lines.moved.T), np.linalg.norm(np.diff(run.positions, axis=0), axis=-1))
    if line == "probe" and method.endswith("SAM"):
        assert np.allclose(lines.probe[:, 2], 0, atol=1e-7)


def test_the_kick_has_the_walks_own_noise_and_the_slope_has_none():
    request, _ = read_request({"preset": "figure-2", "noise_variance": 0.5, "steps": 60, "seed": 3})
    run, surface = recorded_run(request, "SAM")
    lines = lines_of(run, surface, "basin")
    clean = (np.asarray(surface.gradient(run.probes)) * lines.direction).sum(-1)
    noisy = (np.asarray(run.gradients) * lines.direction).sum(-1)
    assert np.abs(noisy - clean).max() > 0.3
    assert np.allclose(lines.slope, clean)
    assert np.allclose(lines.kick, -0.0165 / (1 - 0.9) * noisy)


@pytest.mark.parametrize("turn", [1, -1])
def test_the_words_follow_the_slopes_at_ball_and_probe_whichever_way_the_probe_looks(turn):
    here, there = turn * np.array([1, 1, -1, -1]), turn * np.array([3, -3, 3, -3])
    found = [WORDS[k] for k in places_of(np.full(4, 0.3 * turn), here, there, True)]
    assert found == ["probe up the wall", "probe over the crest", "probe on the far wall", "probe down the slope"]
    assert WORDS[places_of(np.zeros(1), here[:1], there[:1], True)[0]] == "probe beside the line"
    assert WORDS[places_of(np.zeros(1), here[:1], there[:1], False)[0]] == "own slope"


def test_sam_at_the_bottom_looks_up_the_wall_and_on_the_lip_over_the_crest():
    run = simulate(AnnularWell(), "SAM", None, steps=200)
    lines = lines_of(run, AnnularWell(), "basin")
    barrier, bottom = AnnularWell().barrier_radius, AnnularWell().well_radius
    s = lines.ball[:, 0]
    inside = (s > bottom - 0.1) & (s < bottom + 0.1)
    assert inside.any()
    assert {WORDS[k] for k in lines.place[inside]} == {"probe up the wall"}
    lip = (s > barrier) & (s < barrier + 0.25)
    assert lip.any()
    assert {WORDS[k] for k in lines.place[lip]} == {"probe over the crest"}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_the_ground_does_not_flip_under_a_walker(line, noise):
    """Both signs of u are the same line: the one that turns less is taken, also through the basin and when bouncing."""
    run = simulate(AnnularWell(), "LLQR+SAM", None, steps=600, noise_variance=noise)
    lines = lines_of(run, AnnularWell(), line)
    turn = (lines.direction[1:] * lines.direction[:-1]).sum(-1)
    assert (turn >= -1e-12).all()
    assert lines.ball[0, 0] > 0
    if line == "basin" and noise == 0:
        assert np.allclose(turn, 1)  # one line all the way, on both sides of the centre
        assert lines.ball[:, 0].min() < 0 < lines.ball[:, 0].max()


def test_on_the_ring_every_line_to_the_basin_has_the_same_ground_and_it_is_told_once():
    run = simulate(AnnularWell(), "LLQR", None, steps=300, noise_variance=0.3)
    angle = np.arctan2(*run.positions[:, ::-1].T)
    assert np.ptp(angle) > 0.3
    levels, which = profiles(
        AnnularWell(), frame_of(AnnularWell()), lines_of(run, AnnularWell(), "basin"), np.arange(300)
    )
    assert len(levels) == 1
    assert set(which) == {0}


@pytest.mark.parametrize("key", sorted(SURFACES))
def test_every_surface_has_a_frame_with_its_start_in_it(key):
    surface = make_surface(key)
    frame = frame_of(surface)
    start = np.atleast_1d(surface.default_start) - frame.centre
    assert frame.near < 0 < float(np.linalg.norm(start)) <= frame.far
    assert frame.low < frame.high
    on_line = np.asarray(surface.loss(frame.centre + frame.places[:, None] * frame.outwards))
    assert on_line.min() >= frame.low - 1e-3 * (frame.high - frame.low)


def test_a_landmark_is_named_where_the_walkers_own_line_has_it():
    """A dug pothole lies on one line; a walker on another passes it by, on the page and in files."""
    pit = read_request({"preset": "stiff-valley", "pits": "3,1.5,500,0.2"})[0].make_surface()
    frame = frame_of(pit)
    through, beside = (
        np.asarray(pit.loss(frame.centre + frame.places[:, None] * u)) for u in (frame.outwards, np.array([0.0, 1.0]))
    )
    assert [mark.name for mark in landmarks_on(through, frame)] == [mark.name for mark in frame.landmarks]
    assert "pothole" in [mark.name for mark in frame.landmarks]
    assert [mark.name for mark in landmarks_on(beside, frame)] == ["flat basin"]


def test_landmarks_are_the_basin_and_what_is_sharper():
    marks = {mark.name: mark.s for mark in frame_of(AnnularWell()).landmarks}
    assert set(marks) == {"flat basin", "pothole"}
    assert marks["pothole"] == pytest.approx(AnnularWell().well_radius, abs=0.01)
    assert [mark.name for mark in frame_of(AnnularWell(depth=0.0)).landmarks] == ["minimum"]
    assert [mark.name for mark in frame_of(make_surface("quadratic-bowl")).landmarks] == ["minimum"]


def answer_to(**state):
    return orjson.loads(read_cut(state).answer())


def test_the_answer_has_the_steps_asked_for_and_ends_where_the_walk_ends():
    told = answer_to(preset="stiff-valley", cut_steps=[0, 3, 599, 600], methods=["SGDM", "LLQR"])
    sgdm, llqr = told["methods"]
    assert sgdm["last"] < 20
    assert sgdm["steps"] == [0, 3, sgdm["last"]]
    assert llqr["steps"] == [0, 3, 599]
    for method in told["methods"]:
        count = len(method["steps"])
        ground = np.frombuffer(base64.b64decode(method["ground"]), dtype="<u2").reshape(-1, POINTS)
        assert len(method["which"]) == count
        assert max(method["which"]) == len(ground) - 1
        for key, shape in {"direction": (2,), "ball": (2,), "slope": (), "moved": (2,), "kick": ()}.items():
            values = decode(method[key])
            assert values.shape == (count, *shape)
            assert np.isfinite(values).all()


def test_a_curve_is_its_own_line():
    told = answer_to(preset="two-scale", cut_steps=[0, 5], cut_line="gradient")
    assert told["dimension"] == 1
    for method in told["methods"]:
        assert (decode(method["direction"]) == 1).all()
        assert (decode(method["moved"])[:, 1] == 0).all()
        assert len(np.unique(method["which"])) == 1


def test_own_settings_and_the_table_decide_the_run():
    state = {"preset": "figure-2", "tuning": "own", "own_rate.SAM": 0.03, "own_radius.SAM": 0.5}
    request, _ = read_request(state)
    told = cut(request, "basin", [0])
    (sam,) = [method for method in told["methods"] if method["name"] == "SAM"]
    (s, _), (probe, _, _) = decode(sam["ball"])[0], decode(sam["probe"])[0]
    assert abs(probe - s) == pytest.approx(0.5, abs=1e-6)


def test_a_walker_that_starts_on_the_centre_or_where_nothing_slopes_has_a_line():
    for line in LINES:
        told = answer_to(preset="figure-2", start_x=0.0, start_y=0.0, cut_steps=[0, 9], cut_line=line)
        for method in told["methods"]:
            assert np.allclose(np.linalg.norm(decode(method["direction"]), axis=-1), 1)


def test_rows_of_a_walk_that_is_lost_at_once_are_whole():
    run = simulate(QuadraticBowl(), "SGDM", [1e300, 1e300], steps=5, learning_rate=1.0)
    lines = lines_of(run, QuadraticBowl(), "gradient")
    assert isinstance(lines, Lines)
    assert np.isfinite(lines.direction[0]).all()


@pytest.mark.parametrize(
    "steps", [None, [], "3", [0.5], [True], [-1], [3001], list(range(MOST_STEPS + 1)), [[1]], {"0": 1}]
)
def test_other_steps_are_refused_with_a_sentence(steps):
    with pytest.raises(BadRequest, match="cut_steps must be a list of 1 to 160 steps from 0 to 3000"):
        read_cut({"preset": "figure-2", "cut_steps": steps})


def test_another_line_is_refused_with_a_sentence():
    with pytest.raises(BadRequest, match="“up” does not exist"):
        read_cut({"preset": "figure-2", "cut_steps": [0], "cut_line": "up"})
