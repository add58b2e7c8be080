"""Bring your own network, weights, data: what the command line names is trained, and what does not fit is said."""

from __future__ import annotations

import asyncio
import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from app.__main__ import main
from app.jobs import Engine, EngineSettings
from app.jobs.kinds import validated
from app.jobs.packing import pack, unpack
from app.network.controls import read_network_state
from app.network.kinds import KINDS
from app.network.training import user_model_loader, user_models
from app.network.training.problem import make_problem, read_plane, read_weights
from app.network.training.session import TrainingSession
from app.network.training.user_model_loader import look, user_data
from geometry.architectures import build_network
from geometry.checkpoints import save_weights

pytestmark = pytest.mark.slow

MINE = """
import numpy as np, torch
def make():
    torch.manual_seed(5)
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    inputs = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    return module, inputs, (inputs.sum(1) > 0).astype(np.int64)
def wrong_shape(): return make()[0], np.ones((50, 7), dtype=np.float32), np.zeros(50, dtype=np.int64)
def too_many(): return make()[0], make()[1], np.full(50, 9)
def nothing(): return 3
def broken(): raise RuntimeError("no licence")
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an operator's module, which is the current one; nothing named yet."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    # The looking process and the workers find the program itself from any folder.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[3]))
    for variable in user_models.VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.fixture
def looked_at_here(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is named is looked at by the same program in this process: another imports torch first, for seconds."""

    def look_here(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command == [sys.executable, "-m", user_model_loader.__name__]
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()) as wrong:
            status = user_model_loader.main()
        return subprocess.CompletedProcess(command, status, said.getvalue(), wrong.getvalue())

    monkeypatch.setattr(user_models.subprocess, "run", look_here)
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.delitem(sys.modules, "mine", raising=False)


def named(monkeypatch: pytest.MonkeyPatch, **things: str) -> None:
    for name, value in things.items():
        monkeypatch.setenv(user_models.VARIABLES[name], value)


def description(**settings: Any) -> dict[str, Any]:
    _, cleaned = validated({"kind": "train", "steps": 12, "batch_size": 8, "refresh_size": 8, **settings}, KINDS)
    return cleaned


def test_nothing_named_is_nothing_there(here: Path) -> None:
    assert (
        user_models.describe() == {}
        and user_models.OWN not in user_models.networks()
        and user_models.OWN not in user_models.data_sets()
    )
    with pytest.raises(ValueError, match="network must be one of"):
        description(network="own")


def test_an_own_objective_is_trained_by_a_worker(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the function named to the trained weights, in a worker process; this process never runs the function."""
    named(monkeypatch, objective="mine:make")
    assert user_models.describe()["data"] == {
        "title": "data of mine:make",
        "kind": "vectors",
        "examples": 40,
        "classes": 2,
    }
    assert "mine" not in sys.modules, "looked at in a process of its own"
    reading = read_network_state({})
    assert reading.state["network"] == reading.state["data"] == "own" and not reading.problems
    wish = {"kind": "train", **description(network="own", data="own", plane={"kind": "first steps"})}

    async def scenario() -> tuple[list[Any], bytes]:
        job = await engine.submit("a", wish)
        entries = [entry async for entry in engine.follow(job)]
        return entries, await engine.result(job, "weights/final")

    engine = Engine(EngineSettings(nice=0, kinds=KINDS))
    try:
        entries, weights = asyncio.run(asyncio.wait_for(scenario(), 120))
    finally:
        engine.close()
    assert entries[-1].data["state"] == "finished", entries[-1].data
    assert unpack(weights)["SGDM"]["position"].shape == (3 * 4 + 4 + 4 * 2 + 2,)
    told = next(entry.data for entry in entries if entry.data.get("device"))
    assert told["parameters"] == 26 and told["examples"] == 40


@pytest.mark.usefixtures("looked_at_here")
def test_own_data_go_with_the_built_in_networks_of_their_kind(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    images, classes = generator.integers(0, 255, (40, 8, 8), dtype=np.uint8), np.arange(40) % 3
    np.savez(here / "mine.npz", inputs=images, targets=classes)
    named(monkeypatch, data=str(here / "mine.npz"))
    assert user_models.data_sets()["own"][2] == "images" and user_models.fits("convnet", "own")
    found = make_problem(description(network="convnet", data="own"))
    assert found.data.input_shape == (1, 8, 8) and found.data.classes == 3
    with pytest.raises(ValueError, match="takes characters; these data are images"):
        description(network="character-transformer", data="own")


@pytest.mark.usefixtures("looked_at_here")
def test_a_folder_of_images_is_data(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(8):
        folder = here / "pictures" / ("cats", "dogs")[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (12, 10), (20 * index, 0, 0)).save(folder / f"{index}.png")
    named(monkeypatch, data=str(here / "pictures"))
    data = make_problem(description(network="mlp", data="own")).data
    assert data is not None and data.class_names == ("cats", "dogs") and data.input_shape == (3, 32, 32)
    named(monkeypatch, image_size="9")
    assert user_data(0).input_shape == (3, 9, 9)


@pytest.mark.parametrize("size", ["0", "-3", "9.5", "large"])
def test_an_image_size_is_a_number_of_pixels(here: Path, monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    named(monkeypatch, data=str(here), image_size=size)
    with pytest.raises(ValueError, match="--image-size must be a whole number of pixels of at least 1"):
        user_data(0)


def test_an_image_size_is_that_of_a_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, image_size="9")
    with pytest.raises(ValueError, match="--image-size goes with a folder of images"):
        look()
    np.savez(here / "mine.npz", inputs=np.zeros((8, 3)), targets=np.arange(8) % 2)
    named(monkeypatch, data=str(here / "mine.npz"))
    with pytest.raises(ValueError, match="--image-size goes with a folder of images"):
        user_data(0)


@pytest.mark.usefixtures("looked_at_here")
@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_a_checkpoint_is_recognised_and_training_starts_from_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    module = build_network("mlp", (2,), 3, seed=77)
    path = here / f"kept.{suffix}"
    if suffix == "pt":
        torch.save(module.state_dict(), path)
    else:
        save_weights(module, path)
    named(monkeypatch, checkpoint=str(path))
    told = user_models.describe()["network"]
    assert told == {"title": f"mlp of kept.{suffix}", "data": ["spirals"]}, (
        "its shapes are those of this data set alone"
    )
    ground = TrainingSession(description(network="own", data="spirals", seed=1))
    start = ground.training.state("SGDM").position
    torch.testing.assert_close(start, torch.nn.utils.parameters_to_vector(module.parameters()).detach())
    with pytest.raises(ValueError, match="network 'own' takes the data spirals"):
        description(network="own", data="digits")


@pytest.mark.parametrize(
    ("things", "sentence"),
    [
        ({"objective": "mine"}, "not of the form"),
        ({"objective": "yours:make"}, "no module 'yours'"),
        ({"objective": "mine:unknown"}, "has no function 'unknown'"),
        (
            {"objective": "mine:nothing"},
            "or these and a loss function; it returned int",
        ),
        ({"objective": "mine:broken"}, "loading failed with RuntimeError: no licence"),
        ({"objective": "mine:wrong_shape"}, "does not take its inputs"),
        ({"objective": "mine:too_many"}, "a target is class 9, but the outputs have only classes 0 to 1"),
        ({"data": "nowhere.npz"}, "nowhere.npz does not exist"),
        ({"data": "mine.py"}, "mine.py is not an .npz archive"),
        ({"checkpoint": "nowhere.pt"}, "nowhere.pt does not exist"),
        ({"checkpoint": "mine.py"}, "holds more than tensors, or is no checkpoint"),
        ({"objective": "mine:make", "checkpoint": "mine.py"}, "holds more than tensors"),
        ({"objective": "mine:make", "data": "mine.npz"}, "both name data; give one of them"),
    ],
)
def test_what_does_not_fit_is_one_sentence(
    here: Path, monkeypatch: pytest.MonkeyPatch, things: dict[str, str], sentence: str
) -> None:
    """`look` is what the start of the program and of a worker runs in a process of its own."""
    named(monkeypatch, **things)
    sys.modules.pop("mine", None)
    monkeypatch.syspath_prepend(str(here))
    try:
        with pytest.raises((ValueError, RuntimeError)) as refused:
            look()
    finally:
        sys.modules.pop("mine", None)
    said = str(refused.value)
    assert sentence.replace("loading failed with RuntimeError: ", "") in said and "\n" not in said


def test_a_wrong_start_ends_with_status_2_and_a_sentence(here: Path) -> None:
    program = ["-m", "app.processes", "worker", "tcp://127.0.0.1:9"]
    done = subprocess.run(
        [sys.executable, *program, "--objective", "mine:broken"], capture_output=True, text=True, check=False, cwd=here
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "does not start: loading failed with RuntimeError: no licence." in done.stderr


@pytest.mark.usefixtures("looked_at_here")
@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("objective", "mine:broken", "loading failed with RuntimeError: no licence."),
        ("data", "nowhere.npz", "{here}/nowhere.npz does not exist"),
    ],
)
def test_the_command_line_wins_over_the_environment_and_names_whole_paths(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str,
    value: str,
    sentence: str,
) -> None:
    named(monkeypatch, **{option: "elsewhere"})
    with pytest.raises(SystemExit) as ended:
        main(["--port", "0", f"--{option}", value])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and "does not start: " in said and sentence.format(here=here) in said
    assert "Traceback" not in said


def test_no_request_names_code(here: Path) -> None:
    for wish in ({"objective": "mine:make"}, {"network": "mine:make"}, {"data": "mine.npz"}, {"checkpoint": "x.pt"}):
        with pytest.raises(ValueError, match=r"unknown setting|must be one of"):
            description(**wish)


# What a job about another job stands on


def test_the_foundation_of_a_description_is_the_training_s_own(here: Path) -> None:
    told = description(network="resnet8-batchnorm", data="digits", methods=["SGDM"], plane={"kind": "random"})
    ground, found = TrainingSession(told), make_problem(told)
    torch.testing.assert_close(found.objective.initial, ground.objective.initial, rtol=0, atol=0)
    ground.training.advance("SGDM")
    theta, buffers = read_weights(ground.packed_weights(), found)["SGDM"]
    torch.testing.assert_close(theta, ground.training.state("SGDM").position, rtol=0, atol=0)
    here_, there = found.at(found.over("test", 64), buffers), ground.half("test")
    assert buffers and here_.examples == 64
    state = ground.training.state("SGDM")
    rows = there.with_buffers(state.buffers).rows(torch.arange(64))
    assert float(here_.loss(theta)) == pytest.approx(float(rows.loss(theta)), rel=1e-6)
    plane = read_plane(ground.packed_plane(), found)
    assert plane.labels == ground.plane.labels and plane.kind == "random"
    torch.testing.assert_close(plane.directions, ground.plane.directions, rtol=0, atol=0)


def test_what_is_no_training_has_no_foundation() -> None:
    with pytest.raises(ValueError, match="no training run"):
        make_problem({"kind": "slice", "run": "x"})


def test_the_plane_of_the_first_steps_shows_how_a_run_begins(here: Path) -> None:
    """The run of SGDM lies in it far better than in the random plane; and the random one stands in where it must."""
    off = {}
    for kind in ("first steps", "random"):
        ground = TrainingSession(description(data="two-moons", methods=["SGDM"], plane={"kind": kind}))
        for _ in range(12):
            ground.training.advance("SGDM")
        moved = float(torch.linalg.vector_norm(ground.training.state("SGDM").position - ground.objective.initial))
        off[kind] = ground.place("SGDM")["off"] / moved
    assert off["first steps"] < 0.35 < 0.9 < off["random"]
    still = TrainingSession(
        description(data="two-moons", methods=["SGDM"], learning_rate=0.0, plane={"kind": "first steps"})
    )
    assert still.plane is not None and still.plane.kind == "random" and still.extent == []


def test_packed_planes_hold_no_code() -> None:
    with pytest.raises(TypeError, match="cannot hold"):
        pack({"labels": {1, 2}})
