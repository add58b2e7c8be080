"""The jobs "curvature" and "rescaling": the library's numbers at the run's weights, each with its error."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.drawing.encoding import decode
from app.jobs.context import LeaveJob
from app.jobs.packing import unpack
from app.network.explore import run_record as ground_module
from app.network.training.problem import make_problem, read_weights
from geometry.curvature import hessian_trace, sam_sharpness, spectral_density, top_eigenvalues
from geometry.rescaling import rescaled, rescaling_demonstration
from geometry.slices.sampled import sampled_objective
from geometry.weight_norms import path_norm, spectral_norms
from tests.app.network.exploring import Run

QUICK = {"curvature_probes": 4, "curvature_lanczos": 0, "curvature_ascent": 3, "curvature_count": 2}


@pytest.fixture(scope="module")
def run() -> Run:
    ground_module._RUNS.clear()
    return Run(methods=["SGDM", "LLQR+SAM"])


@pytest.fixture(scope="module")
def found(run: Run) -> Any:
    return make_problem(run.description)


def test_the_numbers_are_those_of_the_library(run: Run, found: Any) -> None:
    look = run.look(
        "curvature",
        curvature_count=2,
        curvature_probes=5,
        curvature_lanczos=12,
        curvature_starts=3,
        curvature_radius=0.2,
        curvature_ascent=4,
        curvature_seed=9,
    )
    rows = look.all("measured")
    assert [row["method"] for row in rows] == ["SGDM", "LLQR+SAM"]
    final = read_weights(run.results["weights/final"], found)
    for row, density in zip(rows, look.all("density"), strict=True):
        theta, _ = final[row["method"]]
        assert row["step"] == 24 and density["method"] == row["method"]
        values = top_eigenvalues(found.objective, theta, 2, seed=9)
        np.testing.assert_allclose(row["eigenvalues"], values.values, rtol=1e-5)
        assert row["converged"] == values.converged.tolist() and row["eigenvalue_products"] == values.products
        assert max(row["residuals"]) <= 1e-3 * row["eigenvalues"][0]
        trace = hessian_trace(found.objective, theta, 5, seed=9)
        np.testing.assert_allclose([row["trace"], row["trace_error"]], [trace.value, trace.standard_error], rtol=1e-4)
        sharpness = sam_sharpness(found.objective, theta, 0.2, 4, seed=9)
        np.testing.assert_allclose(row["rises"], sharpness.rises, rtol=1e-4, atol=1e-7)
        assert row["sharpness"] == max(row["rises"]) and row["ascent"] == 4 and row["radius"] == 0.2
        spectrum = spectral_density(found.objective, theta, probes=3, steps=12, seed=9)
        x, height = spectrum.density(300)
        np.testing.assert_allclose(decode(density["values"]), x, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(decode(density["density"]), height, rtol=1e-2, atol=1e-4 * height.max())
        assert density["products"] == 36
        norms = spectral_norms(found.objective, theta)
        assert row["spectral_product"] == pytest.approx(math.prod(norms.values()), rel=1e-6)
        assert row["path_norm"] == pytest.approx(path_norm(found.objective, theta), rel=1e-6)
        assert row["no_path_norm"] == ""
    done = look.last("done")
    assert done["products"] == sum(row["products"] for row in (*rows, *look.all("density")))
    assert "SGDM: largest eigenvalue" in done["sentence"] and "4 ascent steps" in done["sentence"]
    flattest = min(rows, key=lambda row: row["eigenvalues"][0])["method"]
    assert f"The smallest largest eigenvalue at step 24 is that of {flattest}." in done["sentence"]
    assert unpack(look.results["curvature"])["rows"][1]["eigenvalues"] == rows[1]["eigenvalues"]


def test_along_the_run_the_end_comes_first_and_the_start_once(run: Run, found: Any) -> None:
    look = run.look("curvature", curvature_when="along", curvature_moments=3, **QUICK)
    assert look.last("about")["steps"] == [0, 12, 24]
    places = [(row["step"], row["method"]) for row in look.all("measured")]
    names = ["SGDM", "LLQR+SAM"]
    assert places == [*((24, name) for name in names), *((12, name) for name in names), (0, "")]
    start = look.all("measured")[-1]
    np.testing.assert_allclose(
        start["eigenvalues"], top_eigenvalues(found.objective, found.objective.initial, 2).values, rtol=1e-5
    )
    assert look.all("density") == []


def test_other_data_and_a_sample(run: Run, found: Any) -> None:
    look = run.look("curvature", curvature_data="test", curvature_sample="64", curvature_seed=2, **QUICK)
    objective = sampled_objective(found.over("test"), 64, 2)
    theta, _ = read_weights(run.results["weights/final"], found)["SGDM"]
    row = next(row for row in look.all("measured") if row["method"] == "SGDM")
    np.testing.assert_allclose(row["eigenvalues"], top_eigenvalues(objective, theta, 2, seed=2).values, rtol=1e-5)
    assert look.last("about")["examples"] == 64


def test_what_did_not_converge_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlucky(*arguments: Any, **settings: Any) -> Any:
        return replace(top_eigenvalues(*arguments, **settings), converged=np.array([True, False]))

    monkeypatch.setattr("app.network.explore.curvature_job.top_eigenvalues", unlucky)
    look = run.look("curvature", **QUICK)
    assert [row["converged"] for row in look.all("measured")] == [[True, False]] * 2
    assert "At 2 of 2 places not all 2 eigenvalues converged" in look.last("done")["sentence"]


@pytest.mark.parametrize("kind", ["curvature", "rescaling"])
def test_a_stop_is_taken_up_between_two_products(run: Run, kind: str) -> None:
    whole = run.look(kind, **(QUICK if kind == "curvature" else {}))
    assert whole.questions > 40
    for after in (0, 10, whole.questions - 1):
        with pytest.raises(LeaveJob):
            run.look(kind, stop_after=after, **(QUICK if kind == "curvature" else {}))


def test_rescaling_is_the_librarys(run: Run, found: Any) -> None:
    look = run.look(
        "rescaling", rescaling_point="LLQR+SAM", rescaling_factor=3.0, rescaling_radius=0.2, rescaling_seed=5
    )
    theta, _ = read_weights(run.results["weights/final"], found)["LLQR+SAM"]
    expected = rescaling_demonstration(found.objective, theta, (1.0, 3.0), radius=0.2, seed=5)
    rows = look.all("measured")
    assert [row["factor"] for row in rows] == [1.0, 3.0]
    for row, one in zip(rows, expected, strict=True):
        np.testing.assert_allclose(row["eigenvalue"], one.eigenvalues.values[0], rtol=1e-5)
        np.testing.assert_allclose(row["sharpness"], one.sharpness.value, rtol=1e-4)
        np.testing.assert_allclose(row["plain_slice_difference"], one.plain_slice_difference, rtol=1e-4, atol=1e-9)
        assert row["output_difference"] < 1e-5 and row["slice_difference"] < 1e-4
        point = rescaled(theta, found.objective.layout, row["factor"])
        assert row["path_norm"] == pytest.approx(path_norm(found.objective, point), rel=1e-6)
        assert row["spectral_product"] == pytest.approx(
            math.prod(spectral_norms(found.objective, point).values()), rel=1e-6
        )
    # float32 weights: what is exact in float64 stays to their rounding, while the curvature is another
    for norm in ("path_norm", "spectral_product"):
        assert rows[1][norm] == pytest.approx(rows[0][norm], rel=1e-5)
    assert abs(np.log(rows[1]["eigenvalue"] / rows[0]["eigenvalue"])) > 0.2
    plain, filtered = ([decode(row[line]) for row in rows] for line in ("plain_line", "filter_line"))
    assert np.abs(filtered[1] - filtered[0]).max() < 1e-4 * np.ptp(filtered[0])
    assert np.abs(plain[1] - plain[0]).max() > 0.05 * np.ptp(plain[0])
    # the outputs themselves, asked of the network
    both = [found.objective.outputs(point) for point in (theta, rescaled(theta, found.objective.layout, 3.0))]
    np.testing.assert_allclose(both[0].numpy(), both[1].numpy(), rtol=1e-3, atol=1e-4)
    sentence = look.last("done")["sentence"]
    assert "Rescaled by α = 3" in sentence and "the same function" in sentence
    assert f"The path norm goes from {rows[0]['path_norm']:.4g} to {rows[1]['path_norm']:.4g}." in sentence
    for row in rows:
        assert f"{row['eigenvalue']:.4g}" in sentence and f"{row['sharpness']:.3g}" in sentence


def test_with_alpha_one_there_is_nothing_to_show(run: Run) -> None:
    look = run.look("rescaling", rescaling_factor=1.0)
    assert len(look.all("measured")) == 1 and "nothing is rescaled" in look.last("done")["sentence"]


def test_a_network_without_a_path_norm_says_so() -> None:
    ground_module._RUNS.clear()
    run = Run(network="deep-tanh", data="two-moons", methods=["SGDM"], steps=1, snapshots=0, batch_size=8)
    row = run.look("curvature", **QUICK).last("measured")
    assert row["path_norm"] is None and "has Tanh between them" in row["no_path_norm"]
    assert row["spectral_product"] > 0
    ground_module._RUNS.clear()


def test_no_demonstration_where_the_layers_are_not_joined_by_a_relu() -> None:
    ground_module._RUNS.clear()
    run = Run(network="vit", data="digits", methods=["SGDM"], steps=1, snapshots=0, batch_size=8)
    with pytest.raises(ValueError, match="more than a ReLU"):
        run.look("rescaling")
    ground_module._RUNS.clear()
