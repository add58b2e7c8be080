"""The job "slice": its numbers are the library's, called directly, and it says what it leaves out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from app.drawing.encoding import decode
from app.jobs.context import LeaveJob
from app.jobs.errors import Refused, UnknownJob
from app.jobs.kinds import validated
from app.jobs.packing import unpack
from app.network.explore import run_record as ground_module
from app.network.explore import slice_job
from app.network.explore.controls import SLICE_CONTROLS
from app.network.explore.frames import asked_plane
from app.network.explore.routes import TABLES
from app.network.kinds import KINDS as JOB_KINDS
from app.network.training.problem import make_problem, read_weights
from geometry.plane import Plane
from geometry.projection_error import path_on_plane
from geometry.slices import KINDS, NORMALISATIONS, evaluate_slice, sampled_slice, slice_plane
from geometry.slices.sampled import sampled_objective
from tests.app.network.exploring import Look, Run

FEW = {"slice_points": 13}


@pytest.fixture(scope="module")
def run() -> Run:
    ground_module._RUNS.clear()
    return Run()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slice_job, "PATIENCE_SECONDS", math.inf)


@pytest.fixture(scope="module")
def found(run: Run) -> Any:
    return make_problem(run.description)


def weights(run: Run, found: Any, step: int | str) -> dict[str, torch.Tensor]:
    return {name: theta for name, (theta, _) in read_weights(run.results[f"weights/{step}"], found).items()}


def paths(run: Run, found: Any) -> dict[str, torch.Tensor]:
    steps = [weights(run, found, step) for step in (6, 12, 18, "final")]
    return {name: torch.stack([found.objective.initial, *(one[name] for one in steps)]) for name in steps[0]}


def mean_of_finals(run: Run, found: Any) -> torch.Tensor:
    return torch.stack(list(weights(run, found, "final").values())).double().mean(0).float()


def axes_of(look: Any) -> tuple[np.ndarray, np.ndarray]:
    kept = unpack(look.results["slice"])
    return kept["x"], kept["y"]


def plane_kept(look: Any) -> Plane:
    kept = unpack(look.results["slice"])
    return Plane(torch.from_numpy(kept["origin"].copy()), torch.from_numpy(kept["directions"].copy()))


@pytest.mark.parametrize(("kept", "axes"), [(2, 2), (1, 1)])
def test_principal_components_of_too_few_points_are_refused_in_the_page_s_words(kept: int, axes: int) -> None:
    """A run that was stopped at its first step; a point that diverged counts as none."""
    path = torch.cat([torch.arange(5.0 * kept).reshape(kept, 5), torch.full((1, 5), torch.nan)])
    asked = {"slice_kind": "pca", "slice_axes": str(axes)}
    words = f"take at least {axes + 1} kept points of the paths, and this run has {kept}: let it train further"
    with pytest.raises(ValueError, match=words):
        asked_plane(None, asked, None, None, path[None], None)  # type: ignore[arg-type]


def expected_plane(kind: str, run: Run, found: Any, trained: dict[str, torch.Tensor]) -> Plane:
    """What the library is asked for by hand."""
    objective, origin = found.objective, trained["SAM"]
    if kind == "random":
        return slice_plane(objective, origin, "random", "layer", 7)
    if kind == "pca":
        return slice_plane(objective, origin, "pca", trajectories=torch.cat(list(paths(run, found).values())))
    if kind == "hessian":
        return slice_plane(objective, origin, "hessian", seed=7)
    if kind == "three-points":
        points = torch.stack([trained["LLQR"], trained["SGDM"]])
        return slice_plane(objective, origin, "three-points", points=points)
    return slice_plane(objective, origin, "gradient-sam", radius=0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_the_librarys_plane_and_slice(run: Run, found: Any, kind: str) -> None:
    settings = {"slice_normalisation": "layer", "slice_seed": 7, "slice_radius": 0.2}
    settings |= {"slice_point": "SAM", "slice_second": "LLQR", "slice_third": "auto"}
    look = run.look("slice", slice_kind=kind, slice_way="exact", **settings, **FEW)
    trained = weights(run, found, "final")
    plane = expected_plane(kind, run, found, trained)
    mine = plane_kept(look)
    np.testing.assert_array_equal(mine.origin.numpy(), plane.origin.numpy())
    np.testing.assert_allclose(mine.directions.numpy(), plane.directions.numpy(), rtol=1e-5, atol=1e-6)
    labels = ["towards LLQR, step 24", "towards SGDM, step 24"] if kind == "three-points" else list(plane.labels)
    assert look.last("plane")["labels"] == labels and look.last("plane")["kind"] == kind
    x, y = axes_of(look)
    expected = evaluate_slice(found.objective, mine, x, y)
    np.testing.assert_allclose(unpack(look.results["slice"])["losses"], expected, rtol=1e-6)
    # what the page draws is that, in float32
    np.testing.assert_allclose(decode(look.last("picture")["losses"]), expected, rtol=1e-6)


def test_every_kind_of_the_library_is_offered() -> None:
    choices = {control.name: control for control in SLICE_CONTROLS}
    assert set(choices["slice_kind"].values) == set(KINDS)
    assert set(choices["slice_normalisation"].values) == set(NORMALISATIONS)


def test_coarse_pictures_come_first_and_the_last_is_exact(run: Run, found: Any) -> None:
    look = run.look("slice", slice_points=21, slice_way="progressive")
    counts = [picture["evaluated"] for picture in look.all("picture")]
    assert counts == sorted(counts) and len(counts) >= 2 and counts[0] <= 64 and counts[-1] == 21**2
    np.testing.assert_allclose(
        decode(look.last("picture")["losses"]),
        evaluate_slice(found.objective, plane_kept(look), *axes_of(look)),
        rtol=1e-6,
    )
    positions = [row["position"] for row in look.rows]
    assert positions == sorted(set(positions)), "each row has a position of its own, or a rerun would lose one"
    first = next(k for k, row in enumerate(look.rows) if "picture" in row)
    assert "plane" in look.rows[0] and "honesty" in look.rows[first + 1] and "done" in look.rows[-1]


def test_around_the_mean_and_any_kept_point(run: Run, found: Any) -> None:
    mean = run.look("slice", slice_kind="random", **FEW)
    np.testing.assert_allclose(plane_kept(mean).origin.numpy(), mean_of_finals(run, found).numpy(), rtol=1e-6)
    assert mean.last("plane")["around"] == "mean of 4 methods, step 24"
    for moment, step in ((50, 12), (74, 18), (100, 24)):
        look = run.look("slice", slice_kind="random", slice_point="LLQR+SAM", slice_moment=moment, **FEW)
        expected = weights(run, found, "final" if step == 24 else step)["LLQR+SAM"]
        np.testing.assert_array_equal(plane_kept(look).origin.numpy(), expected.numpy())
        assert look.last("plane")["step"] == step and f"LLQR+SAM, step {step}" in look.last("done")["sentence"]
    start = run.look("slice", slice_kind="random", slice_point="SAM", slice_moment=0, **FEW)
    np.testing.assert_array_equal(plane_kept(start).origin.numpy(), found.objective.initial.numpy())


def test_the_honesty_meter_is_that_of_the_library(run: Run, found: Any) -> None:
    look = run.look("slice", slice_kind="pca", **FEW)
    assert look.last("plane")["steps"] == [0, 6, 12, 18, 24]
    for name, path in paths(run, found).items():
        expected = path_on_plane(found.objective, plane_kept(look), path)
        shown = look.last("honesty")[name]
        np.testing.assert_allclose(shown["captured"], expected.variance_captured, rtol=1e-6)
        for key, value in (
            ("distance", expected.distance),
            ("displacement", expected.displacement),
            ("true", expected.loss),
            ("drawn", expected.drawn),
        ):
            np.testing.assert_allclose(decode(shown[key]), value, rtol=1e-5, atol=1e-6, err_msg=f"{name} {key}")
        np.testing.assert_allclose(
            decode(look.last("plane")["paths"][name]), expected.coordinates, rtol=1e-5, atol=1e-5
        )
        assert f"{name}: at its last kept weights {expected.describe()}." in look.last("done")["sentence"]


def test_the_frame_holds_the_paths_or_stays_with_the_point(run: Run) -> None:
    look = run.look("slice", slice_kind="pca", **FEW)
    x, y = axes_of(look)
    drawn = np.concatenate([decode(path) for path in look.last("plane")["paths"].values()])
    assert x[0] < drawn[:, 0].min() and drawn[:, 0].max() < x[-1]
    assert y[0] < drawn[:, 1].min() and drawn[:, 1].max() < y[-1]
    np.testing.assert_allclose(np.ptp(x), np.ptp(y), rtol=1e-9)
    half = run.look("slice", slice_kind="pca", slice_span=0.5, **FEW)
    np.testing.assert_allclose(np.ptp(axes_of(half)[0]), np.ptp(x) / 2, rtol=1e-9)
    around = run.look("slice", slice_kind="pca", slice_frame="point", slice_span=0.3, **FEW)
    np.testing.assert_allclose(axes_of(around)[1][[0, -1]], [-0.3, 0.3])


def test_adaptive_states_the_error_on_fresh_points(run: Run, found: Any) -> None:
    look = run.look("slice", slice_way="adaptive", slice_scale="linear", slice_points=21)
    done = look.last("done")
    assert done["met"] and done["relative_error"] <= done["tolerance"] == 0.01
    assert done["evaluations"] <= 433 and done["fresh"] == 32
    assert done["described"] in done["sentence"] and "on 32 fresh points" in done["described"]
    true = evaluate_slice(found.objective, plane_kept(look), *axes_of(look))
    shown = unpack(look.results["slice"])["losses"]
    # 32 points say little of the last per mille: three times the tolerance is what no sound picture exceeds.
    assert np.abs(shown - true).max() <= 0.03 * np.ptp(true)


def test_adaptive_on_a_logarithmic_scale_is_of_the_logarithm(run: Run) -> None:
    done = run.look("slice", slice_way="adaptive", slice_scale="log", slice_tolerance=5.0, **FEW).last("done")
    assert done["logarithmic"] and "log L" in done["described"]


def test_a_line(run: Run, found: Any) -> None:
    for way in ("progressive", "adaptive", "exact"):
        look = run.look("slice", slice_axes="1", slice_kind="three-points", slice_point="SGDM", slice_way=way)
        kept = unpack(look.results["slice"])
        assert kept["y"] is None and kept["losses"].shape == (51,) and look.last("plane")["axes"] == 1
        expected = evaluate_slice(found.objective, plane_kept(look), kept["x"])
        np.testing.assert_allclose(kept["losses"], expected, rtol=1e-6 if way != "adaptive" else 0.05)
        between = np.linalg.norm(weights(run, found, "final")["SAM"] - weights(run, found, "final")["SGDM"])
        places = [mark["at"][0] for mark in look.last("plane")["marks"]]
        np.testing.assert_allclose(places, [0.0, between], rtol=1e-3, atol=1e-5)


def test_test_data_and_a_sample_with_its_standard_error(run: Run, found: Any) -> None:
    look = run.look("slice", slice_data="test", slice_sample="64", slice_seed=3, slice_points=11)
    whole = found.over("test")
    assert whole.examples > 64
    expected = evaluate_slice(sampled_objective(whole, 64, 3), plane_kept(look), *axes_of(look))
    kept = unpack(look.results["slice"])
    np.testing.assert_allclose(kept["losses"], expected, rtol=1e-5)
    errors = sampled_slice(whole, plane_kept(look), *axes_of(look), samples=64, seed=3).standard_error
    np.testing.assert_allclose(kept["said"]["standard_error"], np.median(errors), rtol=1e-5)
    np.testing.assert_allclose(kept["said"]["largest_standard_error"], errors.max(), rtol=1e-5)
    sentence = look.last("done")["sentence"]
    assert f"64 of {whole.examples} test examples" in sentence and "Standard error" in sentence


def test_the_same_is_the_same_whoever_asks_and_the_run_is_left_as_it_was(run: Run) -> None:
    before = dict(run.results)
    one, other = (run.look("slice", slice_kind="random", **FEW) for _ in range(2))
    for name in ("losses", "x", "y", "directions"):
        np.testing.assert_array_equal(unpack(one.results["slice"])[name], unpack(other.results["slice"])[name])
    assert run.results == before


@pytest.mark.parametrize("way", ["progressive", "exact", "adaptive"])
def test_a_stop_is_taken_up_in_the_middle(run: Run, way: str) -> None:
    for after in (0, 3):  # how many questions there are in all depends on the clock, but there are more than these
        with pytest.raises(LeaveJob):
            run.look("slice", slice_way=way, stop_after=after)


def test_batch_norm_uses_the_statistics_that_were_kept() -> None:
    """True losses at each point with its own statistics; the picture with those of the point in the middle."""
    ground_module._RUNS.clear()
    run = Run(
        network="resnet8-batchnorm",
        data="digits",
        methods=["SGDM"],
        steps=4,
        snapshots=2,
        batch_size=8,
        refresh_size=8,
        learning_rate=0.1,
    )
    found = make_problem(run.description)
    look = run.look(
        "slice",
        slice_kind="random",
        slice_point="SGDM",
        slice_sample="64",
        slice_points=11,
        slice_span=0.1,
        slice_way="exact",
    )
    theta, buffers = read_weights(run.results["weights/final"], found)["SGDM"]
    sample = sampled_objective(found.at(found.objective, buffers), 64, 0)
    kept = unpack(look.results["slice"])
    np.testing.assert_allclose(
        kept["losses"], evaluate_slice(sample, plane_kept(look), kept["x"], kept["y"]), rtol=1e-4
    )
    assert not torch.allclose(sample.loss(theta), sampled_objective(found.objective, 64, 0).loss(theta))
    shown = decode(look.last("honesty")["SGDM"]["true"])
    np.testing.assert_allclose(shown[-1], float(sample.loss(theta)), rtol=1e-4)
    np.testing.assert_allclose(
        shown[0], float(sampled_objective(found.objective, 64, 0).loss(found.objective.initial)), rtol=1e-4
    )
    ground_module._RUNS.clear()


# ---------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("wrong", [None, 3, "", "x" * 101, ["run"], {}])
def test_the_run_must_be_an_id(run: Run, kind: str, wrong: Any) -> None:
    with pytest.raises(Refused, match="run must be the id of a training job"):
        validated({"kind": kind, "run": wrong}, JOB_KINDS)


@pytest.mark.parametrize("kind", TABLES)
def test_a_key_of_no_control_is_named(run: Run, kind: str) -> None:
    with pytest.raises(Refused, match=r"unknown setting 'whirl'; there are .*run"):
        validated({"kind": kind, "run": "r", "whirl": 3}, JOB_KINDS)


@pytest.mark.parametrize("name", [control.name for table in TABLES.values() for control in table])
def test_every_key_is_checked_and_named(run: Run, name: str) -> None:
    for wrong in (None, True, [], {}, "nonsense", float("nan"), float("inf"), 1e308, -1e308, 10**400):
        with pytest.raises(Refused, match=name):
            validated({"kind": name.split("_")[0], "run": "r", name: wrong}, JOB_KINDS)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"slice_point": "ASAM"}, "ASAM was not trained in this run; it has SGDM, SAM, LLQR, LLQR\\+SAM"),
        ({"slice_kind": "three-points", "slice_second": "SAM", "slice_third": "SAM"}, "SAM is chosen twice"),
        ({"slice_kind": "three-points", "slice_point": "SAM", "slice_second": "SAM"}, "SAM is chosen twice"),
        ({"slice_kind": "three-points", "slice_second": "FSAM"}, "FSAM was not trained"),
        ({"slice_kind": "three-points", "slice_moment": 0}, "lie on a line, or two of them are the same"),
    ],
)
def test_what_the_run_has_not_gets_a_sentence(run: Run, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        run.look("slice", **settings, **FEW)


def test_a_run_that_is_not_known_gets_a_sentence(run: Run) -> None:
    with pytest.raises(UnknownJob, match="there is no such job"):
        Look(run, {"kind": "slice", "run": "another"}, None)


def test_a_plane_through_three_needs_three() -> None:
    ground_module._RUNS.clear()
    two = Run(methods=["SGDM", "SAM"], steps=4, snapshots=0)
    with pytest.raises(ValueError, match="only if the run has as many; it has SGDM, SAM"):
        two.look("slice", slice_kind="three-points", slice_point="SGDM", **FEW)
    # with the mean in the middle all three lie on a line
    with pytest.raises(ValueError, match="lie on a line"):
        two.look("slice", slice_kind="three-points", **FEW)
    ground_module._RUNS.clear()


@pytest.mark.parametrize("axes", ["1", "2"])
def test_where_a_coarse_picture_takes_long_one_of_a_sample_comes_first(
    run: Run, found: Any, monkeypatch: pytest.MonkeyPatch, axes: str
) -> None:
    monkeypatch.setattr(slice_job, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(slice_job, "SAMPLE_SECONDS", math.inf)
    look = run.look("slice", slice_kind="random", slice_axes=axes, **FEW)
    first, *later = look.all("picture")
    x, y = axes_of(look)
    lines = np.array([0, 3, 6, 9, 12])
    wanted = sampled_slice(
        found.objective, plane_kept(look), x[lines], None if y is None else y[lines], samples=64, seed=0
    )
    losses = decode(first["losses"])
    np.testing.assert_allclose(losses[lines] if y is None else losses[np.ix_(lines, lines)], wanted.losses, rtol=1e-6)
    np.testing.assert_allclose(losses[..., 1], (2 * losses[..., 0] + losses[..., 3]) / 3, rtol=1e-5)
    assert first["evaluated"] == 0 and first["sampled"]["examples"] == 64
    assert first["sampled"]["standard_error"] == pytest.approx(np.median(wanted.standard_error), rel=1e-6)
    assert later and not any("sampled" in one for one in later)
    np.testing.assert_array_equal(
        decode(later[-1]["losses"]), unpack(look.results["slice"])["losses"].astype(np.float32)
    )
    assert "standard_error" not in look.last("done"), "the end is exact"
    with pytest.raises(LeaveJob):
        run.look("slice", stop_after=4, slice_kind="random", slice_axes=axes, **FEW)
    monkeypatch.setattr(slice_job, "SAMPLE_SECONDS", 0.0)
    slow = run.look("slice", slice_kind="random", slice_axes=axes, **FEW).all("picture")[0]["sampled"]
    assert slow["examples"] == slice_job.FEWEST and slow["standard_error"] > first["sampled"]["standard_error"]


def test_a_quick_slice_is_over_all_examples_from_the_beginning(run: Run) -> None:
    """That of this file: its machine counts as quick, however busy it is."""
    assert not any("sampled" in one for one in run.look("slice", slice_kind="random", **FEW).all("picture"))
