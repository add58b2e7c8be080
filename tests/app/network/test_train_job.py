"""The job "train": its description, its rows, and that a rerun from any checkpoint is the same run."""

from __future__ import annotations

import base64
import contextlib
import io
import json
from typing import Any, get_type_hints

import numpy as np
import pytest
import torch

from app.drawing.encoding import decode
from app.jobs.context import JobContext, LeaveJob
from app.jobs.kinds import validated
from app.jobs.packing import pack, unpack
from app.network.controls_of_u import SETTINGS_OF_U
from app.network.kinds import KINDS, TRAIN
from app.network.messages import FeedData, RunRow
from app.network.training.boundary import POINTS
from app.network.training.job import run
from app.network.training.session import TrainingSession
from app.network.training.settings import CHANGEABLE, CHOICES, METHOD_NAMES, NUMBERS, STRUCTURES
from optimizers.methods import network_methods
from optimizers.structures import STRUCTURES as ALL_STRUCTURES
from tests.project.contract import differ

pytestmark = pytest.mark.slow

SMALL = {
    "network": "mlp",
    "data": "two-moons",
    "steps": 12,
    "batch_size": 32,
    "refresh_size": 32,
    "refresh_every": 4,
    "noise_variance": 1e-4,
    "evaluations": 3,
    "snapshots": 2,
    "watching": 1.0,  # measured whenever it is due: what a clock decides is in test_watching.py
    "plane": {"seed": 1},
}
FEED = get_type_hints(FeedData)


class Registry:
    """Stands in for the scheduler: runs attempts one after another, each ended where the test says."""

    def __init__(self, **description: Any) -> None:
        _, self.description = validated({"kind": "train", **SMALL, **description}, KINDS)
        self.job: dict[str, Any] = {
            "job": "j",
            "attempt": 1,
            "kind": "train",
            "checkpoint": None,
            "checkpoint_position": 0,
            "position": -1,
            "applied": [],
            "settings": {},
            "version": 0,
            "noted": -1,
            "results": [],
            "kept_bytes": 10**9,
        }
        self.entries: list[tuple[str, Any]] = []
        self.results: dict[str, bytes] = {}

    def attempt(
        self, leave_at: int | None = None, kill_at: int | None = None, changes: dict[int, dict] | None = None
    ) -> None:
        """One attempt. leave_at: asked at that step to leave; kill_at: all that follows that step is lost."""
        context = JobContext(self.job, threads=1, checkpoint_seconds=0.0 if kill_at else 1e9)
        context.set_resumable(True)
        asked = context.settings

        def settings(position: int) -> dict[str, Any]:
            if position == kill_at:
                raise LeaveJob
            if changes and position in changes:
                self.job["version"] += 1
                self.job["settings"] = {**self.job["settings"], **changes[position]}
                context.instruct({"leave": False, "settings": self.job["settings"], "version": self.job["version"]})
            value = asked(position)
            if leave_at is not None and position >= leave_at:
                context.instruct({"leave": True, "settings": self.job["settings"], "version": self.job["version"]})
            if position % 3 == 0:
                self._take(context)
            return value

        context.settings = settings  # type: ignore[method-assign]
        with contextlib.suppress(LeaveJob):
            run(self.description, context)
        if kill_at is None:
            self._take(context)

    def _take(self, context: JobContext) -> None:
        news = context.news()
        entries = [(kind, json.loads(raw)) for kind, raw in news["entries"]]
        for kind, data in entries:
            assert list(differ(data, FEED[kind], kind)) == []
            assert [fault for row in data.get("rows", []) for fault in differ(row, RunRow)] == []
        self.entries += entries
        self.job["position"] = max(self.job["position"], news["position"])
        self.job["noted"] = news["noted"]
        self.job["applied"] = [*self.job["applied"], *news["applied"]]
        if "checkpoint" in news:
            self.job["checkpoint"], self.job["checkpoint_position"] = news["checkpoint"], news["checkpoint_position"]
        self.results.update(news.get("results", {}))
        self.job["results"] = list(self.results)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for kind, values in self.entries if kind == "progress" for row in values["rows"]]


def without_seconds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**row, "methods": {n: {k: v for k, v in m.items() if k != "seconds"} for n, m in row["methods"].items()}}
        for row in rows
    ]


def weights(data: bytes) -> dict[str, np.ndarray]:
    return {name: tree["position"] for name, tree in unpack(data).items()}


def test_a_run_reports_what_a_page_draws() -> None:
    whole = Registry(methods=["SGDM", "LLQR+SAM"])
    whole.attempt()
    assert [row["position"] for row in whole.rows] == list(range(13))
    last = whole.rows[-1]["methods"]["LLQR+SAM"]
    assert {"loss", "seconds", "evaluations", "products", "at", "off", "train_loss", "test_accuracy"} <= set(last)
    assert 0.0 <= last["test_accuracy"] <= 1.0
    assert whole.rows[-1]["methods"]["SGDM"]["evaluations"] == 12, "one gradient a step"
    # Two gradients a step and one for each of the refreshes at steps 0, 4 and 8.
    assert last["evaluations"] == 2 * 12 + 3
    assert set(whole.results) == {"plane", "boundary", "weights/6", "weights/final"}


@pytest.mark.parametrize("data", ["two-moons", "spirals"])
def test_the_border_of_a_class_is_where_the_network_changes_its_mind(data: str) -> None:
    _, description = validated({"kind": "train", **SMALL, "data": data, "steps": 200, "methods": ["SGDM"]}, KINDS)
    session = TrainingSession(description)
    for _ in range(60):
        session.training.step()
    boundary = session.boundary
    assert boundary is not None
    facts = boundary.facts()
    (x0, x1), (y0, y1) = facts["ranges"]
    places = decode(facts["places"])
    assert (places > [x0, y0]).all() and (places < [x1, y1]).all() and len(places) == len(facts["classes"])
    parts = [
        np.frombuffer(base64.b64decode(one["bdata"]), dtype="<u2") / 65534
        for one in boundary.read(session.training.state("SGDM"))
    ]
    x, y = (np.linspace(*ends, POINTS) for ends in facts["ranges"])
    grid = torch.tensor(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2), dtype=torch.float32)
    theta = session.training.state("SGDM").position
    said = session.objective.with_batch(grid, torch.zeros(len(grid), dtype=torch.int64)).outputs(theta).argmax(1)
    assert len(parts) == int(session.objective.highest), "a class more than there are grids"
    for one, part in enumerate(parts):
        clear = np.abs(part - 0.5) > 1e-3
        assert (part > 0.5)[clear].tolist() == (said.numpy() == one)[clear].tolist() and 0 < part[clear].mean() < 1


def test_there_is_no_border_to_draw_between_images() -> None:
    _, description = validated({"kind": "train", **SMALL, "data": "digits", "plane": None}, KINDS)
    assert TrainingSession(description).boundary is None


@pytest.mark.parametrize(("settings", "turns"), [("paper", False), ("short", True)])
def test_a_run_says_what_its_u_does(settings: str, turns: bool) -> None:
    """The paper's settings leave U at the identity in a short run, and the settings for short runs do not."""
    values = {**SETTINGS_OF_U[settings][1], "data": "digits", "batch_size": 64, "refresh_size": 64}
    values["inputs"] = "badly scaled"
    every = {} if settings == "paper" else {"refresh_every": 10}
    whole = Registry(**{**values, **every, "methods": ["SGDM", "LLQR"], "steps": 30, "snapshots": 0, "plane": None})
    whole.attempt()
    rows = [row["methods"] for row in whole.rows]
    assert not any(key.startswith("u_") for row in rows for key in row["SGDM"]), "it has no U"
    told = [row["LLQR"] for row in rows if "u_cosine" in row["LLQR"]]
    assert len(told) == 3, "with each measurement but the one before the first step"
    assert all(one["u_steepness"] > 0 for one in told)
    assert (told[-1]["u_length"] < 0.9) == turns and (told[-1]["u_cosine"] < 0.99) == turns
    if not turns:
        assert told[-1]["u_cosine"] > 0.999 and abs(told[-1]["u_length"] - 1) < 0.02


def test_the_place_in_the_plane_is_the_projection() -> None:
    whole = Registry(methods=["SGDM"])
    whole.attempt()
    theta = weights(whole.results["weights/final"])["SGDM"].astype(float)
    kept = unpack(whole.results["plane"])
    plane = {name: kept[name].astype(float) for name in ("origin", "directions")}
    least, *_ = np.linalg.lstsq(plane["directions"].T, theta - plane["origin"], rcond=None)
    row = whole.rows[-1]["methods"]["SGDM"]
    # float32 weights of 9000 parameters.
    np.testing.assert_allclose(row["at"], least, rtol=1e-3, atol=1e-6)
    off = np.linalg.norm(theta - plane["origin"] - least @ plane["directions"])
    np.testing.assert_allclose(row["off"], off, rtol=1e-3)


@pytest.mark.parametrize("network", ["mlp", "resnet8-batchnorm"])
def test_a_rerun_from_a_checkpoint_is_the_same_run(network: str) -> None:
    """All methods, a change of settings on the way, batch norm's statistics: bit by bit the same numbers."""
    if network == "mlp":
        setting: dict[str, Any] = {"methods": list(METHOD_NAMES), "structure": "kfac", "steps": 12}
    else:
        setting = {"methods": ["LLQR+SAM"], "network": network, "data": "digits", "steps": 6, "refresh_every": 2}
        setting |= {"evaluations": 0, "plane": None, "snapshots": 0, "batch_size": 8, "refresh_size": 8}
    steps: int = setting["steps"]
    changes = {steps // 3: {"learning_rate": 0.02, "radius": 0.2}}
    whole = Registry(**setting)
    whole.attempt(changes=changes)
    expected = weights(whole.results["weights/final"])
    for how in ("leave_at", "kill_at"):
        broken = Registry(**setting)
        broken.attempt(**{how: 2 * steps // 3}, changes=changes)
        assert 0 < broken.job["checkpoint_position"] < steps and broken.rows[-1]["position"] < steps
        broken.attempt()
        assert without_seconds(broken.rows) == without_seconds(whole.rows), how
        assert [e for e in broken.entries if e[0] in ("change", "result")] == [
            e for e in whole.entries if e[0] in ("change", "result")
        ]
        end = weights(broken.results["weights/final"])
        for name in expected:
            np.testing.assert_array_equal(end[name], expected[name], err_msg=f"{how} {name}")


def test_final_weights_are_kept_before_snapshots_and_nothing_to_go_on_with() -> None:
    whole, tight = Registry(methods=["SGDM"], snapshots=5), Registry(methods=["SGDM"], snapshots=5)
    whole.attempt()
    each = len(whole.results["weights/final"])
    assert whole.job["checkpoint"] == b"" and sum(name.startswith("weights/") for name in whole.results) == 6
    tight.job["kept_bytes"] = len(whole.results["plane"]) + 3 * each + each // 2
    tight.attempt(leave_at=4)
    tight.attempt()
    assert sorted(tight.results) == ["boundary", "plane", "weights/4", "weights/8", "weights/final"]
    assert tight.results["weights/final"] == whole.results["weights/final"]
    said = [data["sentence"] for kind, data in tight.entries if kind == "notice" and "not_kept" in data]
    assert len(said) == 1 and "Of 5 snapshots 2 are kept" in said[0] and "POTHOLE_KEPT_BYTES" in said[0]
    before = list(tight.entries)
    tight.attempt()  # its worker was lost between the last weights and the end
    assert [kind for kind, _ in tight.entries[len(before) :] if kind in ("progress", "result")] == []


def test_a_run_leaves_while_its_plane_is_chosen_and_goes_on() -> None:
    setting = {"methods": ["SGDM"], "plane": {"kind": "first steps"}}
    whole, broken = Registry(**setting), Registry(**setting)
    whole.attempt()
    broken.attempt(leave_at=0)
    assert broken.job["checkpoint"] and broken.job["checkpoint_position"] == 0
    assert [row["position"] for row in broken.rows] == [0] and "plane" not in broken.results
    broken.attempt()
    assert without_seconds(broken.rows) == without_seconds(whole.rows)
    assert broken.results["plane"] == whole.results["plane"]
    assert broken.results["weights/final"] == whole.results["weights/final"]


def test_the_training_does_not_depend_on_what_is_measured_of_it() -> None:
    """However much or little of a run's time is for watching, and over a pause: the same steps to the last bit."""

    def trained(run: Registry) -> list[Any]:
        kept = ("loss", "at", "off", "evaluations", "products")
        return [{n: [m.get(key) for key in kept] for n, m in row["methods"].items()} for row in run.rows]

    runs = [Registry(watching=share) for share in (1.0, 0.25, 0.0)]
    for one in runs:
        one.attempt()
    broken = Registry(watching=0.25)
    broken.attempt(leave_at=7)
    broken.attempt()
    for one in (*runs[1:], broken):
        assert trained(one) == trained(runs[0])
        assert one.results["weights/final"] == runs[0].results["weights/final"]
        assert one.results["plane"] == runs[0].results["plane"]
        assert "train_loss" in one.rows[0]["methods"]["SGDM"] and "train_loss" in one.rows[-1]["methods"]["SGDM"]
        assert "sampled" not in one.rows[-1]["methods"]["SGDM"], "the end of a small run is exact"


def test_seconds_go_on_over_a_pause() -> None:
    paused = Registry(methods=["SGDM"])
    paused.attempt(leave_at=6)
    paused.attempt()
    seconds = [row["methods"]["SGDM"]["seconds"] for row in paused.rows]
    assert seconds == sorted(seconds) and seconds[0] == 0 < seconds[1]


def test_a_method_that_diverges_stops_says_so_once_and_tries_again_after_a_change() -> None:
    wild = Registry(methods=["SGDM", "SAM"], learning_rate=10.0, momentum=0.99, steps=400, plane=None, snapshots=0)
    wild.attempt(changes={390: {"learning_rate": 0.0, "momentum": 0.0}})
    notes = [values for kind, values in wild.entries if kind == "notice" and "method" in values]
    stopped, at = notes[0]["method"], notes[0]["position"]
    assert 0 < at < 390 and "kept" in notes[0]["sentence"]
    # Its weights are too large by then for any learning rate, so that it stops once more.
    assert [note["position"] for note in notes if note["method"] == stopped] == [at, 390]
    rows = {row["position"]: row["methods"][stopped] for row in wild.rows}
    assert rows[at + 1]["stopped"] and rows[at + 1]["loss"] is None
    assert rows[at + 1]["evaluations"] == rows[at]["evaluations"]


@pytest.mark.parametrize(
    "wild",
    [
        {"inner_learning_rate": 10.0, "data": "digits"},
        {"solver": "adam", "inner_learning_rate": 10.0, "clip": 0.0, "data": "digits"},
        {"learning_rate": 10.0, "refresh_size": 8192, "random_labels": 1.0},
    ],
)
def test_where_a_u_ends_its_method_the_run_goes_on(wild: dict[str, Any]) -> None:
    usual = {"refresh_every": 100, "batch_size": 64, "refresh_size": 128, "noise_variance": 0.0, "snapshots": 0}
    run = Registry(**{**usual, **wild}, methods=["SGDM", "LLQR"], evaluations=12, plane=None)
    run.attempt()
    (note,) = [values for kind, values in run.entries if kind == "notice" and "method" in values]
    assert note["method"] == "LLQR" and "LLQR stops before step" in note["sentence"]
    assert [row["position"] for row in run.rows] == list(range(13)) and "weights/final" in run.results
    # Where U's own readings are not numbers, there is nothing in their place.
    assert not any(v is None for row in run.rows for k, v in row["methods"]["LLQR"].items() if k.startswith("u_"))


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        ({"steps": 0}, "steps must be a whole number from 1 to 20000, not 0"),
        ({"steps": 1.5}, "steps must be a whole number"),
        ({"steps": True}, "steps must be a whole number"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number from 0 to 10, not nan"),
        ({"learning_rate": 10**5000}, "learning_rate must be a number from 0 to 10, not a huge one"),
        ({"learning_rate": "fast"}, "learning_rate must be a number from 0 to 10, not str"),
        ({"momentum": 1.0}, "momentum must be a number from 0 below 1, not 1"),
        ({"seed": 2**40}, "seed must be"),
        ({"network": "gpt"}, "network must be one of mlp"),
        ({"network": ["mlp"]}, "network must be one of mlp"),
        ({"data": "/etc/passwd"}, "data must be one of digits"),
        ({"data": "characters"}, "takes images or vectors; these data are characters"),
        ({"methods": []}, f"methods must be a list of 1 to {len(METHOD_NAMES)}"),
        ({"methods": ["SGDM", "SGDM"]}, "each method once"),
        ({"methods": ["Adagrad"]}, "methods must be one of SGDM"),
        ({"structure": "dense"}, "structure must be one of diagonal"),
        ({"solver": "newton"}, "solver must be one of momentum"),
        ({"random_labels": 1.5}, "random_labels must be a number from 0 to 1"),
        ({"cutout": 2.5}, "cutout must be a whole number from 0 to 256"),
        ({"data": "two-moons", "cutout": 2}, "the data 'two-moons' are vectors: cutout covers squares of images"),
        (
            {"network": "character-transformer", "data": "characters", "inputs": "badly scaled"},
            "the data 'characters' are characters: they have no units to scale",
        ),
        ({"bad_start": -1}, "bad_start must be a whole number from 0 to 20000"),
        ({"plane": {"file": "x"}}, "plane must be null"),
        ({"plane": {"normalisation": 3}}, "normalisation must be one of filter"),
        ({"objective": "os:system"}, "unknown setting 'objective'"),
    ],
)
def test_a_bad_description_gets_a_sentence(description: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        validated({"kind": "train", **description}, KINDS)


def test_a_description_is_complete_after_validation_and_plain_json() -> None:
    _, cleaned = validated({"kind": "train"}, KINDS)
    assert set(cleaned) == {*NUMBERS, *CHOICES, "network", "data", "methods", "plane"}
    assert json.loads(json.dumps(cleaned)) == cleaned
    assert TRAIN.validate(cleaned) == cleaned
    assert TRAIN.label is not None and TRAIN.label(cleaned) == "mlp on digits, SGDM, SAM, LLQR, LLQR+SAM"


@pytest.mark.parametrize("settings", [{"steps": 5}, {"learning_rate": -1}, {"seed": 1}, {"learning_rate": None}])
def test_a_bad_change_gets_a_sentence(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"cannot be changed|must be a number"):
        TRAIN.change(settings)


def test_every_changeable_setting_can_be_changed() -> None:
    ground = TrainingSession(validated({"kind": "train", **SMALL, "methods": ["SGDM"]}, KINDS)[1])
    cleaned = TRAIN.change(dict.fromkeys(CHANGEABLE, 0.5))
    ground.training.change(**cleaned)


def test_structures_offered_exist() -> None:
    assert set(STRUCTURES) <= set(ALL_STRUCTURES)
    for structure in STRUCTURES:
        assert list(network_methods(structure, names=["LLQR"], refresh_every=5)) == ["LLQR"]


def test_packed_trees_come_back() -> None:
    tree = {
        "a": [1, 2.5, None, True, "text", float("inf")],
        "b": ({"c": np.arange(6, dtype=np.float32).reshape(2, 3)}, torch.ones(2, dtype=torch.int64)),
        "scalar": np.float64(3.0),
        "$array": {},
    }
    back = unpack(pack(tree))
    assert back["a"] == tree["a"]
    assert isinstance(back["b"], tuple)
    np.testing.assert_array_equal(back["b"][0]["c"], tree["b"][0]["c"])
    assert back["b"][0]["c"].dtype == np.float32 and back["b"][1].tolist() == [1, 1]
    assert back["scalar"] == 3.0 and back["$array"] == {}


def test_what_is_no_tree_is_refused_and_nothing_is_executed() -> None:
    with pytest.raises(TypeError, match="cannot hold object"):
        pack({"a": object()})
    with pytest.raises(TypeError, match="cannot hold ndarray"):
        pack(np.array([object()]))
    file = io.BytesIO()
    np.savez(file, tree=np.array([object()], dtype=object))
    for data in (b"", b"junk", file.getvalue(), pack({"a": np.ones(3)})[:100]):
        with pytest.raises(ValueError, match=r"no packed tree|allow_pickle"):
            unpack(data)
