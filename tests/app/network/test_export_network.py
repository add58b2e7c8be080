"""Files of a training run: from a real engine, checked against the engine's own weights and against the library."""

from __future__ import annotations

import asyncio
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from app.jobs import Engine, EngineSettings, Refused, Unavailable, UnknownJob
from app.jobs.hub import Entry
from app.jobs.packing import pack, unpack
from app.network.export.data import curvature_csv, curvature_npz, curves_of, slice_csv, slice_npz
from app.network.export.figures import curvature_figure, curves_figure, slice_figure
from app.network.export.files import network_file
from app.network.export.record import Record, record_of
from app.network.export.request import read_network_export
from app.network.export.script import network_script
from app.network.kinds import KINDS, validate_weights
from app.network.training.settings import validate
from app.state.schema import BadRequest
from geometry.architectures import build_network
from geometry.checkpoints import load_weights
from geometry.datasets import load_dataset
from geometry.networks import NetworkLoss
from optimizers.methods import NETWORK_METHODS, network_methods

pytestmark = pytest.mark.slow

WITHIN = 150.0
"""Seconds: the worker process imports torch first, on a machine that may be busy."""
RUN = {
    "kind": "train",
    "network": "mlp",
    "data": "two-moons",
    "methods": ["SGDM", "LLQR+SAM", "ASAM", "Fisher-SAM"],
    "steps": 24,
    "batch_size": 32,
    "refresh_size": 64,
    "noise_variance": 1e-4,
    "evaluations": 4,
    "snapshots": 2,
    "seed": 5,
    "label_smoothing": 0.05,
    "weight_decay": 1e-3,
    "plane": {"kind": "random", "normalisation": "filter"},
    "inputs": "badly scaled",
    "random_labels": 0.25,
    "refresh_every": 10,
    "clip": 0.0,
    "probe_norm": "matrix",
    "structure": "diagonal",
}
NORMALISED = {
    "kind": "train",
    "network": "resnet8-batchnorm",
    "data": "digits",
    "methods": ["SAM"],
    "bad_start": 3,
    "bad_start_rate": 0.05,
    "steps": 3,
    "batch_size": 32,
    "cutout": 3,
    "evaluations": 0,
    "snapshots": 1,
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other on a busy machine take tens of times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def lab():
    """(engine, run(coroutine), ids of two finished runs): one embedded engine for all of these tests."""
    engine = Engine(EngineSettings(threads=1, nice=0, kinds=KINDS))

    async def finished(description: dict) -> str:
        job = await engine.submit("v" * 22, description)
        async for _ in engine.follow(job):
            pass
        assert (await engine.summary(job))["state"] == "finished"
        return job

    def run(coroutine):
        return asyncio.run(asyncio.wait_for(coroutine, WITHIN))

    async def both() -> tuple[str, str]:
        return await finished(RUN), await finished(NORMALISED)

    try:
        yield engine, run, run(both())
    finally:
        engine.close()


async def beside(function, *arguments):
    return function(*arguments)


def made(lab, wish: dict):
    engine, run, _ = lab
    return run(network_file(engine, "v" * 22, read_network_export(wish), beside))


def test_the_script_trains_to_the_weights_of_the_run(lab):
    """With equal threads the weights should be equal to the last bit; another machine's sums may differ in it, and 24
    steps of momentum carry that to about 1e-6. 2e-5 is far above that and far below one step."""
    engine, run, (job, _) = lab
    text = made(lab, {"job": job, "what": "script", "format": "py"}).content.decode()
    assert len(text.splitlines()) <= 38
    space: dict = {}
    exec(compile(text, "exported.py", "exec"), space)  # noqa: S102 - the text is our own
    final = unpack(run(engine.result(job, "weights/final")))
    assert list(space["training"].names) == RUN["methods"]
    for name in RUN["methods"]:
        mine = space["training"].state(name).position.numpy()
        start = space["objective"].initial.numpy()
        assert np.abs(mine - start).max() > 1e-2, "it has moved"
        assert np.allclose(mine, final[name]["position"], rtol=1e-4, atol=2e-5), name


def test_the_script_of_a_network_with_batch_norm_has_its_statistics(lab):
    engine, run, (_, job) = lab
    space: dict = {}
    text = made(lab, {"job": job, "what": "script", "format": "py"}).content.decode()
    exec(compile(text, "exported.py", "exec"), space)  # noqa: S102 - the text is our own
    final = unpack(run(engine.result(job, "weights/final")))["SAM"]
    state = space["training"].state("SAM")
    assert np.allclose(state.position.numpy(), final["position"], rtol=1e-3, atol=1e-4)
    for name, value in final["buffers"].items():
        assert np.allclose(state.buffers[name].numpy(), value, rtol=1e-3, atol=1e-4), name


def test_changes_on_the_way_are_in_the_script():
    record = Record(
        "j",
        {
            **RUN,
            "structure": "diagonal",
            "refresh_every": 10,
            "decay": 0.95,
            "damping": 0.0,
            "learning_rate": 0.05,
            "radius": 0.1,
            "momentum": 0.9,
        },
        "finished",
        [{"position": 40, "methods": {}}],
        [
            {"position": 7, "settings": {"radius": 0.2}},
            {"position": 7, "settings": {"momentum": 0.5}},
            {"position": 20, "settings": {"learning_rate": 0.01}},
        ],
    )
    text = network_script(record)
    assert "changes = {7: {'radius': 0.2, 'momentum': 0.5}, 20: {'learning_rate': 0.01}}" in text
    compile(text, "exported.py", "exec")


def test_every_method_of_a_network_is_written_with_the_run_s_own_options():
    names, options = list(NETWORK_METHODS), {"refresh_every": 7, "decay": 0.8, "damping": 0.1}
    described = validate({**{key: value for key, value in RUN.items() if key != "kind"}, **options, "methods": names})
    line = next(row for row in network_script(Record("j", described, "finished")).splitlines() if "methods = " in row)
    space: dict = {"network_methods": network_methods}
    exec(line, space)  # noqa: S102 - our own script, which is what is tested
    asked = {**options, "inner_steps": 25, "clip": None, "probe_norm": "matrix"}
    assert space["methods"] == network_methods(described["structure"], names=names, **asked)
    assert list(space["methods"]) == names and space["methods"]["FSAM"].looks_ahead


@pytest.mark.parametrize("moment", ["final", "snapshot"])
def test_the_weights_load_into_the_torch_module_and_give_the_run_s_outputs(lab, tmp_path, moment):
    engine, run, (plain, normalised) = lab
    for job, description, method in ((plain, RUN, "LLQR+SAM"), (normalised, NORMALISED, "SAM")):
        record = run(record_of(engine, job))
        kept = [name for name in record.results if re.match(r"weights/\d", name)]
        which = "final" if moment == "final" or not kept else kept[0].partition("/")[2]
        file = made(lab, {"job": job, "what": "weights", "format": "safetensors", "method": method, "moment": which})
        assert file.name.endswith(".safetensors")
        path = tmp_path / file.name
        path.write_bytes(file.content)
        seed = description.get("seed", 0)
        data = load_dataset(description["data"], seed=seed)
        module = build_network(description["network"], data.input_shape, data.classes, seed=seed + 100)
        load_weights(module, path)
        tree = unpack(run(engine.result(job, f"weights/{which}")))[method]
        objective = NetworkLoss(
            build_network(description["network"], data.input_shape, data.classes), data.inputs, data.targets
        )
        buffers = {name: torch.from_numpy(value.copy()) for name, value in tree["buffers"].items()}
        if buffers:
            assert description is NORMALISED
            objective = objective.with_buffers(buffers)
        theta = torch.from_numpy(tree["position"].copy())
        module.eval()
        with torch.no_grad():
            expected = objective.outputs(theta)[:50]
            # the same float32 arithmetic by two routes
            assert torch.allclose(module(data.inputs[:50]), expected, rtol=1e-4, atol=1e-5)
        assert bool(buffers) == (description is NORMALISED)


def test_curves_as_csv_and_npz_hold_every_row(lab):
    engine, run, (job, _) = lab
    record = run(record_of(engine, job))
    assert [row["position"] for row in record.rows] == list(range(25)) and record.over
    first, head, *lines = made(lab, {"job": job, "what": "curves", "format": "csv"}).content.decode().splitlines()
    settings = json.loads(first.removeprefix("# settings: "))
    assert settings["seed"] == 5 and settings["label_smoothing"] == 0.05 and settings["steps_done"] == 24
    rows = [dict(zip(head.split(","), line.split(","), strict=True)) for line in lines]
    assert len(rows) == 25 * len(RUN["methods"])
    with np.load(io.BytesIO(made(lab, {"job": job, "what": "curves", "format": "npz"}).content)) as file:
        arrays = {name: file[name] for name in file.files}
    for method in RUN["methods"]:
        mine = [row for row in rows if row["method"] == method]
        told = [row["methods"][method] for row in record.rows]
        assert [float(row["loss"]) if row["loss"] else None for row in mine] == [values["loss"] for values in told]
        assert [int(float(row["evaluations"])) for row in mine] == [values["evaluations"] for values in told]
        assert np.array_equal(arrays[f"{method}.test_loss"], curves_of(record, method)["test_loss"], equal_nan=True)
        assert np.isfinite(arrays[f"{method}.test_loss"]).sum() == 5
        assert np.isfinite(arrays[f"{method}.at_1"]).all()
    dimension = unpack(run(engine.result(job, "plane")))["origin"].shape[0]
    assert arrays["plane.directions"].shape == (2, dimension)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_curves_as_figures(lab, scheme):
    job = lab[2][0]
    wish = {"job": job, "what": "curves", "width": 480, "scheme": scheme, "axis": "evaluations"}
    image = Image.open(io.BytesIO(made(lab, {**wish, "format": "png"}).content)).convert("RGB")
    assert image.width == 480 and (sum(image.getpixel((2, 2))) > 600) == (scheme == "light")
    text = made(lab, {**wish, "format": "svg"}).content.decode()
    for word in ("Fisher-SAM", "Test accuracy", "gradient evaluations", "two-moons"):
        assert word in text
    assert not re.search(r"href=\"(?!#)", text)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_method_that_has_diverged_leaves_the_frame_of_the_others(stopped):
    values = {"loss": 1.0, "evaluations": 1, "products": 0, "seconds": 0.1}
    rows = [
        {
            "position": step,
            "methods": {"SGDM": {**values, "train_loss": 2.0 - step}, "SAM": {**values, "train_loss": loss}},
        }
        for step, loss in enumerate((2.0, 1e17))
    ]
    rows[-1]["methods"]["SAM"]["stopped"] = stopped
    record = Record("j", {**RUN, "methods": ["SAM", "SGDM"]}, "finished", rows)
    asked = read_network_export({"job": "job", "what": "curves", "format": "svg", "loss_scale": "linear"})
    assert ("1e17" in curves_figure(record, asked).decode()) != stopped


def finished(dimensions: int) -> tuple[dict, Record]:
    """A slice's tree as the job keeps it, and its run."""
    x, y = np.linspace(-1, 1, 9), np.linspace(-2, 2, 7)
    flat = dimensions == 1
    steps = [0, 20, 40]
    path = {
        "coordinates": np.array([[0.0, 0.0], [0.5, 1.0], [0.75, -1.5]])[:, :dimensions],
        "distance": np.array([0.0, 0.1, 0.2]),
        "displacement": np.array([0.0, 1.0, 2.0]),
        "true": np.array([3.0, 2.0, 1.0]),
        "drawn": np.array([3.0, 2.5, 1.5]),
        "captured": 0.8,
    }
    losses = 1 + x**2 if flat else 1 + x[None, :] ** 2 + 3 * y[:, None] ** 2
    tree = {
        "asked": {"slice_kind": "random"},
        "x": x,
        "y": None if flat else y,
        "losses": losses,
        "origin": np.zeros(5),
        "directions": np.eye(5)[:dimensions],
        "labels": ["first", "second"][:dimensions],
        "steps": steps,
        "paths": {"SGDM": path, "SAM": path},
        "said": {"sentence": "…"},
    }
    rows = [{"position": 40, "methods": {}}]
    return unpack(pack(tree)), Record("j", {**RUN, "methods": ["SGDM", "SAM"]}, "finished", rows)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_a_slice_keeps_its_orientation(dimensions):
    tree, record = finished(dimensions)
    _, head, *lines = slice_csv(tree, record).decode().splitlines()
    rows = [dict(zip(head.split(","), line.split(","), strict=True)) for line in lines]
    ground = [row for row in rows if row["kind"] == "loss"]
    assert len(ground) == (9 if dimensions == 1 else 63)
    for row in ground:
        y = float(row["y"]) if row["y"] else 0.0
        assert float(row["loss"]) == pytest.approx(1 + float(row["x"]) ** 2 + 3 * y**2)
    last = [row for row in rows if row["kind"] == "SAM"][-1]
    assert (int(last["step"]), float(last["x"]), float(last["loss"]), float(last["drawn"])) == (40, 0.75, 1.0, 1.5)
    with np.load(io.BytesIO(slice_npz(tree, record))) as file:
        assert np.array_equal(file["losses"], tree["losses"]) and file["SAM.coordinates"].shape == (3, dimensions)
    for kind in ("png", "svg"):
        wish = read_network_export({"job": "j", "what": "slice", "format": kind, "width": 480})
        assert len(slice_figure(tree, record, wish)) > 5000
    assert "80 % of its movement" in slice_figure(tree, record, wish).decode()


def test_curvature_says_what_did_not_converge_and_what_could_not_be_measured():
    good = {
        "eigenvalues": [3.0, 1.0],
        "residuals": [1e-6, 0.2],
        "converged": [True, False],
        "eigenvalue_products": 9,
        "loss": 0.5,
        "trace": 7.0,
        "trace_error": 0.5,
        "probes": 4,
        "sharpness": 0.25,
        "one_step": 0.2,
        "rises": [0.2, 0.25],
        "radius": 0.1,
        "ascent": 2,
        "products": 13,
        "seconds": 0.1,
    }
    tree = unpack(
        pack(
            {
                "asked": {"curvature_count": 2},
                "said": {},
                "rows": [
                    {"method": "", "step": 0, **good},
                    {"method": "SGDM", "step": 40, **good},
                    {"method": "SAM", "step": 40, "products": 0, "problem": "the weights are not finite"},
                ],
                "densities": [
                    {"method": "SGDM", "step": 40, "values": np.linspace(0, 3, 5), "density": np.ones(5)},
                    {"method": "SAM", "step": 40, "values": np.empty(0), "density": np.empty(0)},
                ],
            }
        )
    )
    _, record = finished(2)
    _, head, *lines = curvature_csv(tree, record).decode().splitlines()
    rows = [dict(zip(head.split(","), line.split(","), strict=True)) for line in lines]
    told = {(row["method"], row["step"]): row for row in rows}
    assert told[("SGDM", "40")]["converged_2"] == "False" and float(told[("SGDM", "40")]["residual_2"]) == 0.2
    assert told[("SAM", "40")]["problem"] == "the weights are not finite"
    assert told[("SAM", "40")]["eigenvalue_1"] == ""
    with np.load(io.BytesIO(curvature_npz(tree, record)), allow_pickle=False) as file:
        assert file["start.0.eigenvalues"].tolist() == [3.0, 1.0] and len(file["density.SGDM.values"]) == 5
    wish = read_network_export({"job": "j", "what": "curvature", "format": "svg"})
    assert "Spectral density" in curvature_figure(tree, record, wish).decode()


def test_what_there_is_not_gets_a_sentence(lab):
    job = lab[2][0]
    with pytest.raises(UnknownJob):
        made(lab, {"job": "nobody-knows-it", "what": "curves"})
    with pytest.raises(Refused, match="no slice"):
        made(lab, {"job": job, "what": "slice"})
    with pytest.raises(Refused, match="SAM"):
        made(lab, {"job": job, "what": "weights", "method": "SAM"})
    with pytest.raises(Refused):
        made(lab, {"job": job, "what": "weights", "method": "SGDM", "moment": 7})


class SlowEngine:
    """An engine with a run of three rows that goes on: it has five entries now and hands on `shown` of them."""

    def __init__(self, shown: int) -> None:
        self.shown = shown

    async def description(self, _job: str) -> dict:
        return {"kind": "train", "methods": ["SGDM"]}

    async def summary(self, _job: str) -> dict:
        return {"state": "running", "last_number": 5}

    async def follow(self, _job: str):
        yield Entry(1, "notice", 0.0, b'{"sentence":"Of 9 snapshots 3 are kept.","not_kept":"weights"}')
        for number in range(2, self.shown + 1):
            await asyncio.sleep(0.01)
            if number == 4:
                yield Entry(number, "change", 0.0, b'{"position":4,"settings":{}}')
            else:
                yield Entry(number, "progress", 0.0, b'{"rows":[{"position":%d}]}' % number)
        await asyncio.Event().wait()


def test_a_run_that_goes_on_is_written_down_as_far_as_it_had_come(monkeypatch):
    """All that there was when it was asked for, no matter how slowly it comes; and then without waiting for more."""
    record = asyncio.run(record_of(SlowEngine(5), "j"))
    assert [row["position"] for row in record.rows] == [2, 3, 5] and not record.over
    assert record.changes == [{"position": 4, "settings": {}}]
    assert record.settings()["not_kept"] == ["Of 9 snapshots 3 are kept."]
    monkeypatch.setattr("app.network.export.record.WITHIN", 0.1)
    with pytest.raises(Unavailable, match="not come whole"):
        asyncio.run(record_of(SlowEngine(4), "j"))


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"job": 3},
        {"job": "../x"},
        {"job": "a", "what": "everything"},
        {"job": "a", "format": "py"},
        {"job": "a", "what": "weights", "format": "csv"},
        {"job": "a", "method": "Adagrad"},
        {"job": "a", "moment": "last"},
        {"job": "a", "moment": 1.5e300},
        {"job": "a", "moment": []},
        {"job": "a", "axis": 3},
        {"job": "a", "width": "x"},
    ],
)
def test_a_wrong_wish_is_a_sentence(post, wish):
    if wish.get("moment") != 1.5e300:  # clamped to the largest step there may be
        with pytest.raises(BadRequest):
            read_network_export(wish)
        response = post("/export/network", wish)
        assert response.status_code == 422 and response.json()["problems"][0].endswith(".")
    else:
        assert read_network_export(wish).moment == "999999999"


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"run": "a"},
        {"run": "a", "moment": "0", "method": "SAM"},
        {"run": "a", "moment": "final", "method": "Adagrad"},
        {"run": "x" * 200, "moment": "final", "method": "SAM"},
        {"run": "a", "moment": 3, "method": "SAM"},
        {"run": "a", "moment": "final", "method": "SAM", "more": 1},
    ],
)
def test_the_job_takes_nothing_else(description):
    with pytest.raises(ValueError):
        validate_weights(description)
