"""Runs that were trained elsewhere: read from their folders, they are to every job what a training of the lab's is."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load
from torch import nn

from app.jobs.kinds import load_run, validated
from app.jobs.packing import unpack
from app.network.controls import description_of, read_network_link
from app.network.explore import run_record
from app.network.explore.controls import SLICE_CONTROLS, with_runs
from app.network.explore.run_record import fetch_run
from app.network.export import files
from app.network.export.record import Record
from app.network.export.request import read_network_export
from app.network.kinds import KINDS
from app.network.messages import RunRow
from app.network.training import recorded_job, user_model_loader, user_models
from app.network.training.problem import make_problem, read_plane
from app.network.training.recorded_runs import recorded_runs
from app.state.schema import BadRequest
from geometry.networks import NetworkLoss
from tests.app.network.exploring import RUN, Run, context_of
from tests.optimizers.small_training import one_thread
from tests.project.contract import differ

MINE = """
import torch
from torch import nn

def make():
    torch.manual_seed(3)
    x = torch.randn(60, 5)
    module = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    return module, x, (x.sum(1) > 0).long()
"""


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    module(torch.randn(30, 5))  # running statistics of its own
    return module


def flat(module: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in module.parameters()])


class Recorded(Run):
    """The job that shows the runs brought along; what it has said, and what looks at it."""

    def __init__(self, begun: dict[str, Any] | None = None) -> None:
        kind, self.description = validated({"kind": "recorded"}, KINDS)
        self.description = begun or self.description
        context = context_of(None)
        with one_thread():
            load_run(kind)(self.description, context)
        news = context.news()
        self.results = news["results"]
        entries = [(name, json.loads(raw)) for name, raw in news["entries"]]
        self.rows = [row for name, data in entries if name == "progress" for row in data["rows"]]
        self.said = [data["sentence"] for name, data in entries if name == "notice"]
        self.kept = {data["name"]: data for name, data in entries if name == "result"}
        run_record._RUNS.clear()

    def ask(self, action, message):
        told = super().ask(action, message)
        return {**told, "kind": "recorded"} if action == "description" else told


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Name folders, each of checkpoints {step: module}."""
    (tmp_path / "recorded_for_test.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "recorded_for_test", raising=False)
    monkeypatch.setattr(user_models, "describe", user_model_loader.look)
    for variable in user_models.VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("POTHOLE_OBJECTIVE", "recorded_for_test:make")
    user_model_loader.objective.cache_clear()

    def name(**runs: dict[int, nn.Module]) -> list[Path]:
        folders = []
        for run, modules in runs.items():
            folder = tmp_path / run
            folder.mkdir()
            for step, module in modules.items():
                torch.save(module.state_dict(), folder / f"step_{step}.pt")
            folders.append(folder)
        monkeypatch.setenv("POTHOLE_RUN", os.pathsep.join(map(str, folders)))
        return folders

    yield name
    user_model_loader.objective.cache_clear()
    run_record._RUNS.clear()


A = {step: network(step) for step in (0, 10, 20, 40)}
B = {step: network(100 + step) for step in (10, 25, 40)}
STEPS = [0, 10, 20, 25, 40]


def held(modules: dict[int, nn.Module], step: int) -> nn.Module:
    return modules[max([each for each in modules if each <= step], default=min(modules))]


def test_rows_are_what_the_checkpoints_are(bring) -> None:
    bring(a=A, b=B)
    run = Recorded()
    assert [row["position"] for row in run.rows] == STEPS
    assert not [fault for row in run.rows for fault in differ(row, RunRow)]
    found = make_problem(run.description)
    plane = read_plane(run.results["plane"], found)
    assert plane.kind == "pca" and plane.labels[0].startswith("principal component 1")
    reached = np.array([row["methods"][name]["at"] for row in run.rows for name in "ab"])
    np.testing.assert_allclose(run.kept["plane"]["extent"], [reached.min(0), reached.max(0)], rtol=1e-5)
    for row in run.rows:
        for name, modules in (("a", A), ("b", B)):
            values, module = row["methods"][name], held(modules, row["position"])
            at = plane.project(flat(module))
            np.testing.assert_allclose(values["at"], at, rtol=1e-4, atol=1e-5)
            assert values["off"] == pytest.approx(float((flat(module) - plane.lift(at)).norm()), rel=1e-3, abs=1e-5)
            assert values["seconds"] is values["evaluations"] is values["products"] is None
            if row["position"] not in modules:  # it stands where its last checkpoint was
                assert "train_loss" not in values
                continue
            for half, loss in (("train", found.objective), ("test", found.test)):
                own = NetworkLoss(module, loss.data.inputs, loss.data.targets)
                assert values[f"{half}_loss"] == pytest.approx(float(own.loss(flat(module))), rel=1e-5)
    assert any("The split into training and test examples is the lab’s own" in said for said in run.said)


def test_its_curves_are_saved_over_steps_whatever_axis_the_page_had(bring, monkeypatch) -> None:
    """What it has spent is not known: over gradient evaluations there would be nothing."""
    bring(a=A, b=B)
    run = Recorded()

    async def record_of(engine: Any, job: str) -> Record:
        return Record(job, run.description, "finished", run.rows)

    async def beside(function, *arguments):
        return function(*arguments)

    monkeypatch.setattr(files, "record_of", record_of)
    wish = {"job": "run", "what": "curves", "format": "svg", "width": 480}
    drawn = [
        asyncio.run(files.network_file(None, "v" * 22, read_network_export({**wish, "axis": axis}), beside)).content
        for axis in ("steps", "evaluations")
    ]
    assert drawn[0] == drawn[1] and b"gradient evaluations" not in drawn[0]


def test_other_jobs_look_at_it_as_at_a_training(bring) -> None:
    bring(a=A, b=B)
    run = Recorded()
    few = {"slice_points": 11, "slice_sample": "all"}
    slice_ = run.look("slice", slice_kind="pca", slice_point="b", **few)
    plane = slice_.last("plane")
    assert plane["steps"] == STEPS and set(plane["paths"]) == {"a", "b"} and plane["around"] == "b, step 40"
    tree = unpack(slice_.results["slice"])
    truth = make_problem(run.description).objective
    for name, modules in (("a", A), ("b", B)):
        for index, step in enumerate(STEPS):
            module = held(modules, step)
            own = NetworkLoss(module, truth.data.inputs, truth.data.targets)
            assert tree["paths"][name]["true"][index] == pytest.approx(float(own.loss(flat(module))), rel=1e-5)
    assert (
        run.look("slice", slice_kind="random", slice_point="mean", **few)
        .last("plane")["around"]
        .startswith("mean of 2")
    )
    line = run.look("slice", slice_kind="three-points", slice_axes="1", slice_point="a", slice_second="b", **few)
    assert [mark["words"] for mark in line.last("plane")["marks"]] == ["a, step 40", "b, step 40"]
    quick = {"curvature_count": 1, "curvature_probes": 2, "curvature_lanczos": 0, "curvature_ascent": 2}
    rows = run.look("curvature", curvature_when="along", curvature_moments=2, **quick).all("measured")
    assert {(row["method"], row["step"]) for row in rows} == {(name, step) for name in "ab" for step in (0, 40)}
    for moment, module in (("10", B[10]), ("20", B[10]), ("final", B[40])):
        file = load(run.look("weights-file", moment=moment, method="b").results["file"])
        assert all(torch.equal(file[name], value) for name, value in module.state_dict().items())
    again = run.look("landscape", x=[-1.0, 1.0], y=[-1.0, 1.0])
    assert again.rows[-1]["stride"] == 1


def test_kept_weights_are_in_memory_once(bring) -> None:
    bring(a=A, b=B)
    run = Recorded()
    context = context_of(run.ask)
    record = fetch_run(RUN, context)
    paths = record.paths(context)
    assert paths.shape == (2, 5, record.start.position.numel()) and record.paths(context) is paths
    for row, name in enumerate(record.methods):
        for place, step in enumerate(record.steps):
            spot = record.kept([step], context)[step][name]
            assert torch.equal(spot.position, paths[row, place])
            assert spot.position.untyped_storage().data_ptr() == paths.untyped_storage().data_ptr()


def test_a_long_run_is_thinned_and_says_so(bring, monkeypatch) -> None:
    bring(long={step: network(step) for step in range(1, 8)})
    monkeypatch.setattr(recorded_job, "MOST", 3)
    run = Recorded()
    assert [row["position"] for row in run.rows] == [1, 4, 7]
    assert "Of 7 steps with checkpoints 3 are shown, evenly spaced." in run.said


def test_losses_of_a_slow_network_are_measured_over_fewer_examples(bring, monkeypatch) -> None:
    bring(a=A)
    monkeypatch.setattr(recorded_job, "MEASURED_SECONDS", 0.0)
    monkeypatch.setattr(recorded_job, "FEWEST", 10)
    for row in Recorded().rows:
        told = row["methods"]["a"]["sampled"]
        assert {half: (one["examples"], one["of"]) for half, one in told.items()} == {
            "train": (10, 48),
            "test": (10, 12),
        }


def test_two_checkpoints_span_no_plane_and_the_rest_works(bring) -> None:
    bring(short={1: network(1), 2: network(2)})
    run = Recorded()
    assert any(said.startswith("No picture of the paths is drawn") for said in run.said) and "plane" not in run.results
    assert all("at" not in row["methods"]["short"] for row in run.rows)
    assert run.look("slice", slice_kind="random", slice_points=11).rows


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["/x/sgd", "/x/adam"], ["sgd", "adam"]),
        (["/seed0/ckpt", "/seed1/ckpt"], ["ckpt", "seed1/ckpt"]),
        (["/x/SAM", "/x/mean"], ["x/SAM", "x/mean"]),
        (["/x/a,b", "/x/a,b"], ["a-b"]),
        (["/SAM"], ["run 1"]),
    ],
)
def test_names_are_the_folders_and_nobody_elses(monkeypatch, folders: list[str], names: list[str]) -> None:
    monkeypatch.setenv("POTHOLE_RUN", os.pathsep.join(folders))
    assert list(recorded_runs()) == names and list(recorded_runs().values()) == list(dict.fromkeys(folders))
    choices = {control.name: control for control in with_runs(SLICE_CONTROLS)}["slice_point"].values
    assert choices[0] == "mean" and set(names) <= set(choices)


def test_a_run_is_not_trained_and_takes_no_settings(bring) -> None:
    bring(a=A)
    state = read_network_link("methods=a").state
    assert state["methods"] == ["a"]
    with pytest.raises(BadRequest) as refused:
        description_of(state)
    assert "choose a method" in str(refused.value.problems)
    assert description_of(read_network_link("methods=a,SAM").state)["methods"] == ["SAM"]
    with pytest.raises(ValueError, match="those that were named when the lab was started"):
        validated({"kind": "recorded", "run": "/etc"}, KINDS)


def test_what_cannot_be_shown_is_refused_at_the_start(bring, tmp_path: Path, monkeypatch) -> None:
    (folder,) = bring(a=A)
    assert user_models.describe()["runs"] == {"a": {"steps": [0, 40], "checkpoints": 4, "left_out": []}}
    torch.save(nn.Linear(2, 2).state_dict(), folder / "step_50.pt")
    with pytest.raises(ValueError, match=r"step_50\.pt"):
        user_models.describe()
    monkeypatch.setenv("POTHOLE_RUN", str(tmp_path / "gone"))
    with pytest.raises(ValueError, match="gone does not exist"):
        user_models.describe()
    monkeypatch.delenv("POTHOLE_RUN")
    with pytest.raises(ValueError, match="was started without --run"):
        validated({"kind": "recorded"}, KINDS)


def test_a_built_in_network_is_recognised_by_the_first_checkpoint(bring, monkeypatch) -> None:
    from geometry.architectures import build_network

    monkeypatch.delenv("POTHOLE_OBJECTIVE")
    bring(moons={step: build_network("mlp", (2,), 2, seed=step) for step in (1, 2, 3)})
    told = user_models.describe()
    assert told["network"] == {"title": "mlp of step_1.pt", "data": ["two-moons"]}
    run = Recorded()
    assert run.description["data"] == "two-moons" and [row["position"] for row in run.rows] == [1, 2, 3]


def test_a_folder_that_goes_on_is_shown_as_it_was_at_the_start(bring) -> None:
    folders = bring(a=A, b=B)
    description = validated({"kind": "recorded"}, KINDS)[1]
    assert description["steps"] == 40
    newest = network(7)
    torch.save(newest.state_dict(), folders[0] / "step_60.pt")
    (folders[0] / "step_40.pt").unlink()  # as a recorder thins out what is no longer the last
    (folders[1] / "step_40.pt").unlink()
    run = Recorded(description)
    assert [row["position"] for row in run.rows] == STEPS
    assert "1 checkpoint has come since the lab was started: start it anew to see more." in run.said
    context = context_of(run.ask)
    record = fetch_run(RUN, context)
    last = record.kept([40], context)[40]
    assert torch.equal(last["a"].position, flat(A[20])) and torch.equal(last["b"].position, flat(B[25]))


NOISY = """
import dataclasses, torch
from torch import nn

@dataclasses.dataclass
class Drawn:
    scores: torch.Tensor
    width: torch.Tensor

class Sampling(nn.Sequential):
    def forward(self, x):
        scores = super().forward(x)
        return Drawn(scores + torch.randn_like(scores), scores.std())

def fit(drawn, targets):
    return nn.functional.cross_entropy(drawn.scores, targets) + drawn.width

def make():
    torch.manual_seed(3)
    x = torch.randn(60, 5)
    return Sampling(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2)), x, (x.sum(1) > 0).long(), fit
"""


def test_a_network_that_draws_and_returns_an_object_is_shown_and_what_is_random_is_said(bring, tmp_path: Path) -> None:
    (tmp_path / "recorded_for_test.py").write_text(NOISY)
    bring(a=A)
    one, other = Recorded(), Recorded()
    assert any("draws random numbers in inference mode" in said for said in one.said)
    losses = [[row["methods"]["a"]["train_loss"] for row in run.rows] for run in (one, other)]
    assert losses[0] == losses[1] and np.isfinite(losses[0]).all() and len(set(losses[0])) == len(A)
    few = {"slice_kind": "pca", "slice_points": 11, "slice_way": "exact", "slice_point": "a"}
    pictures = [run.look("slice", **few).last("picture")["losses"]["bdata"] for run in (one, other)]
    assert pictures[0] == pictures[1]
    quick = {"curvature_count": 1, "curvature_probes": 2, "curvature_lanczos": 0, "curvature_ascent": 2}
    assert len(one.look("curvature", **quick).all("measured")) == 1


def test_a_damaged_checkpoint_on_the_way_is_told_and_the_others_are_shown(bring) -> None:
    folders = bring(a=A, b=B)
    (folders[0] / "step_20.pt").write_bytes(b"no checkpoint")
    (folders[1] / "step_25.pt").write_bytes(b"")
    run = Recorded()
    (told,) = [said for said in run.said if said.startswith("Not shown: ")]
    assert "step_20.pt" in told and told.endswith("So it is with 1 more.")
    assert [row["position"] for row in run.rows] == STEPS
    context = context_of(run.ask)
    kept = fetch_run(RUN, context).kept([20, 25, 40], context)
    for step, a, b in ((20, A[10], B[10]), (25, A[10], B[10]), (40, A[40], B[40])):
        assert torch.equal(kept[step]["a"].position, flat(a)) and torch.equal(kept[step]["b"].position, flat(b))
    assert user_models.describe()["runs"]["a"]["steps"] == [0, 40]
    (folders[0] / "step_40.pt").write_bytes(b"PK")  # it was being written when the training was ended
    (folders[0] / "step_0.pt").write_bytes(b"")
    assert user_models.describe()["runs"]["a"]["steps"] == [0, 40]
    assert "train_loss" not in run.rows[2]["methods"]["a"] and "train_loss" in run.rows[4]["methods"]["a"]
