"""Every result is drawn with its units and error, told in a table, and is the same after a file."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from geometry import slices
from geometry.connectivity import Way, connect, interpolate
from geometry.curvature import sam_sharpness, spectral_density, top_eigenvalues
from geometry.networks import NetworkLoss
from geometry.projection_error import path_on_plane
from geometry.recording import Recorder, read_path
from geometry.result import Result, load_result
from geometry.slices import adaptive_slice, exact_slice, sampled_slice, slice_plane
from geometry.surfaces import make_surface
from optimizers import simulate
from optimizers.training import train

X = np.linspace(-1, 1, 9)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One of each kind, over a small network."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    inputs = torch.randn(40, 3, generator=generator)
    objective = NetworkLoss(module, inputs, (inputs.sum(1) > 0).long())
    runs = train(objective, steps=12, batch_size=8, learning_rate=0.1, keep_every=3, full_every=4)
    a, b = runs["SGDM"].final.position, runs["LLQR+SAM"].final.position
    plane = slice_plane(objective, a, "random", seed=1)
    line = slice_plane(objective, a, "random", seed=1, axes=1)
    recorder = Recorder(tmp_path_factory.mktemp("run") / "run")
    for step in range(4):
        module[0].weight.data += torch.randn(4, 3, generator=generator)
        recorder(step, module, loss=1.0)
    return {
        "plane": plane,
        "line": line,
        "grid": exact_slice(objective, plane, X, X[:5]),
        "line's grid": exact_slice(objective, line, X),
        "sample": sampled_slice(objective, plane, X, X, samples=16),
        "line's sample": sampled_slice(objective, line, X, samples=16),
        "adaptive": adaptive_slice(objective, plane, tolerance=0.2, max_evaluations=120),
        "shadow": path_on_plane(objective, plane, runs["SAM"].positions),
        "way": interpolate(objective, a, b, 9),
        "curve": connect(objective, a, b, steps=3, points=9),
        "density": spectral_density(objective, a, steps=6),
        "eigenvalues": top_eigenvalues(objective, a, 3),
        "sharpness": sam_sharpness(objective, a, 0.5, steps=4),
        "training": runs["LLQR+SAM"],
        "recorded": read_path(recorder.folder, objective),
        "walk": simulate(make_surface("annular-well"), "LLQR+SAM", np.array([[3.0, 2.0], [1.0, 4.0]]), steps=20),
    }


def same(one: Any, other: Any, where: str) -> None:
    """Equal to the last bit, in value and kind; a number of numpy's comes back as Python's."""
    one = one.item() if isinstance(one, np.generic) else one
    assert type(one) is type(other), where
    if dataclasses.is_dataclass(one):
        for row in dataclasses.fields(one):
            if row.name != "interpolant":
                same(getattr(one, row.name), getattr(other, row.name), f"{where}.{row.name}")
    elif isinstance(one, np.ndarray | torch.Tensor):
        kept, found = np.asarray(one), np.asarray(other)
        assert kept.dtype == found.dtype and np.array_equal(kept, found, equal_nan=kept.dtype.kind == "f"), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for index, pair in enumerate(zip(one, other, strict=True)):
            same(*pair, f"{where}.{index}")
    else:
        assert one == other or one != one, where


def test_a_file_gives_the_same_result_back(results, tmp_path: Path) -> None:
    for name, result in results.items():
        result.save(tmp_path / "result.npz")
        again = load_result(tmp_path / "result.npz")
        same(result, again, name)
        if name == "adaptive":
            np.testing.assert_array_equal(again.losses(X, X), result.losses(X, X))


TITLES = {
    "plane": ("A plane through the parameters", "random direction 1, seed 1"),
    "line": ("A plane through the parameters", "random direction 1, seed 1"),
    "grid": ("Loss on a plane", "45 points, exact"),
    "line's grid": ("Loss on a line", "9 points, exact"),
    "sample": ("Loss on a plane", "16 of 40 examples, standard error at most"),
    "line's sample": ("Loss on a line", "± one standard error"),
    "adaptive": ("Loss on a plane", "fresh points"),
    "shadow": ("A path beside its shadow", "of the path’s variance"),
    "way": ("Between two solutions", "(standard error); straight, 40 examples"),
    "curve": ("Between two solutions", "quadratic Bézier curve"),
    "density": ("Spectral density of the Hessian", "(standard error); 26 parameters"),
    "eigenvalues": ("Eigenvalues of the Hessian", "residual ‖Gv − λv‖"),
    "sharpness": ("Rise of the loss within 0.5", "4 ascent steps"),
    "training": ("Training by LLQR+SAM", "curvature products"),
    "walk": ("A walk on the surface", "2 of 2 walkers"),
    "recorded": ("A plane through the parameters", "principal component 1"),
}


def test_every_figure_says_what_it_is_and_how_far_to_trust_it(results) -> None:
    assert set(TITLES) == set(results)
    for name, (title, said) in TITLES.items():
        figure = results[name].figure()
        words = str(figure.to_plotly_json())
        assert figure.layout.title.text.startswith(title), name
        assert said in words, (name, said)
        assert figure.layout.xaxis.title.text and len(figure.data) >= 1, name
        if name not in ("line",):
            assert figure.layout.yaxis.title.text, name


def test_figures_show_the_numbers(results) -> None:
    grid, way = results["grid"], results["way"]
    drawn = grid.figure({"SAM": results["shadow"]})
    np.testing.assert_array_equal(drawn.data[0].customdata, grid.losses)
    np.testing.assert_array_equal(drawn.data[1].x, results["shadow"].coordinates[:, 0])
    np.testing.assert_array_equal(way.figure().data[0].y, way.losses)
    error = results["line's sample"].figure().data[1]
    assert np.nanmax(error.y) > results["line's sample"].losses.max()
    wide = slices.Grid(results["plane"], X, X[:2], np.geomspace(1e-3, 10, 18).reshape(2, 9))
    np.testing.assert_allclose(wide.figure().data[0].z, np.log10(wide.losses))
    told = wide.figure().data[0].colorbar.ticktext
    assert told[0] == "0.001" and told[-1] == "10"


def test_a_notebook_gets_a_table(results) -> None:
    for name, result in results.items():
        page = result._repr_html_()
        assert page.startswith("<table><caption>") and page.count("<tr>") >= 3, name
    assert "5 × 9, from" in results["grid"]._repr_html_()
    assert "<b>" not in slices.Plane(np.zeros(2), np.eye(2), labels=("<b>", "y"))._repr_html_()


def test_vtk_holds_the_grid_in_its_order(results, tmp_path: Path) -> None:
    grid = results["sample"]
    grid.save_vtk(tmp_path / "slice.vtk")
    lines = (tmp_path / "slice.vtk").read_text().splitlines()
    assert lines[:5] == [
        "# vtk DataFile Version 3.0",
        lines[1],
        "ASCII",
        "DATASET RECTILINEAR_GRID",
        "DIMENSIONS 9 9 1",
    ]
    assert [float(x) for x in lines[6].split()] == grid.x.tolist()
    for name, values in (("loss", grid.losses), ("standard_error", grid.standard_error)):
        start = lines.index(f"SCALARS {name} double 1") + 2
        # x runs fastest, as VTK has it.
        assert [float(line) for line in lines[start : start + 81]] == values.ravel().tolist()


def test_what_is_no_result_is_refused(results, tmp_path: Path) -> None:
    file = tmp_path / "other.npz"
    np.savez(file, x=np.zeros(3))
    with pytest.raises(ValueError, match="is no saved result"):
        load_result(file)
    for named in ("os:system", "subprocess:Popen", "geometry.result:load_result", "geometryx:Way"):
        np.savez(file, json=np.array(f'{{"format": 1, "result": {{"class": "{named}", "fields": {{}}}}}}'))
        with pytest.raises(ValueError, match="is no result of these packages"):
            load_result(file)
    held = dataclasses.replace(results["way"], a={1, 2})
    with pytest.raises(ValueError, match="is no data that a file can hold: set"):
        held.save(file)


def test_without_plotly_the_extra_is_named(results, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(ModuleNotFoundError, match=r"install pothole-lab\[figures\]"):
        results["way"].figure()
    assert isinstance(results["way"], Way) and issubclass(Way, Result)


@dataclasses.dataclass(frozen=True)
class Held(Result):
    """Anything."""

    it: Any


def test_a_damaged_file_or_another_version_is_told_in_a_sentence(results, tmp_path: Path) -> None:
    whole, file = tmp_path / "whole.npz", tmp_path / "broken.npz"
    results["way"].save(whole)
    good = whole.read_bytes()
    flipped = bytes(byte ^ 0x55 if 60 <= place < len(good) // 3 else byte for place, byte in enumerate(good))
    for content in (b"", b"no archive", good[: len(good) // 2], flipped):
        file.write_bytes(content)
        with pytest.raises(ValueError, match="is no saved result"):
            load_result(file)
    np.save(tmp_path / "array.npy", np.ones(3))
    with pytest.raises(ValueError, match="is no saved result: it is one array"):
        load_result(tmp_path / "array.npy")
    for kept in (
        "[]",
        '{"format": 99, "result": 1}',
        '{"result": 1}',
        '{"format": 1, "result": {"class": 3}}',
        '{"format": 1, "result": {"class": "geometry.plane:Nothing", "fields": {}}}',
        '{"format": 1, "result": {"class": "geometry.nothing:Plane", "fields": {}}}',
        '{"format": 1, "result": {"class": "geometry.plane:Plane", "fields": [1]}}',
        '{"format": 1, "result": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ):
        np.savez(file, json=np.array(kept))
        with pytest.raises(ValueError, match="is no saved result"):
            load_result(file)


def test_what_a_file_cannot_hold_is_refused_and_the_file_there_stays(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("geometry.result.PACKAGES", ("tests",))
    file = tmp_path / "held"
    keys = {"a.b": np.ones(1), "a": {"b": np.zeros(2)}, 1: np.ones(3), "1": np.zeros(3)}
    Held(keys).save(file)
    same(load_result(file).it, keys, "keys")
    for it, said in (
        (np.array([{}], dtype=object), "of objects"),
        (torch.ones(2, dtype=torch.bfloat16), "BFloat16"),
        (torch.ones(2, 2).to_sparse(), "it is no array that a file can hold"),
        ({(1, 2): 3}, "a key that a file cannot hold: tuple"),
    ):
        with pytest.raises(ValueError, match=said):
            Held(it).save(file)
    same(load_result(file).it, keys, "keys")
    assert [path.name for path in tmp_path.iterdir()] == ["held"]
