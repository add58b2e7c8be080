"""Weights kept by a loop of one's own: what is there afterwards, within the limit, and after a resume."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from geometry.networks import NetworkLoss
from geometry.recording import Recorder, lightning_callback, list_checkpoints, read_path, transformers_callback
from geometry.recording.path import read_numbers


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def train(module: nn.Module, recorder: Any, steps: int, first: int = 1) -> dict[int, torch.Tensor]:
    """A plain loop; θ after every step."""
    kept = {}
    for step in range(first, steps + 1):
        with torch.no_grad():
            for index, p in enumerate(module.parameters()):
                p += 0.01 * step * torch.randn(p.shape, generator=torch.Generator().manual_seed(31 * step + index))
        module(torch.randn(8, 3, generator=torch.Generator().manual_seed(step)))  # moves the running statistics
        recorder(step, module, loss=torch.tensor(1.0 / step, requires_grad=True))
        kept[step] = torch.cat([p.detach().reshape(-1) for p in module.parameters()]).clone()
    return kept


def loss_of(module: nn.Module) -> NetworkLoss:
    return NetworkLoss(module, torch.randn(6, 3), torch.randint(0, 2, (6,)))


def test_the_path_is_what_the_loop_went(tmp_path: Path) -> None:
    module, recorder = network(), Recorder(tmp_path / "run", every=5)
    recorder(0, module)
    kept = train(module, recorder, 20)
    path = read_path(tmp_path / "run", loss_of(network()))
    assert path.steps.tolist() == recorder.steps == [0, 5, 10, 15, 20]
    for row, step in enumerate(path.steps.tolist()):
        if step:
            assert torch.equal(path.positions[row], kept[step])
            assert path.numbers[row]["loss"] == pytest.approx(1.0 / step)
    assert torch.equal(path.buffers[-1]["1.running_mean"], module[1].running_mean)
    assert not torch.equal(path.buffers[-1]["1.running_mean"], path.buffers[1]["1.running_mean"])
    ground = loss_of(network())
    end = module.eval()(ground.data.inputs[0])
    expected = nn.functional.cross_entropy(end, ground.data.targets).detach()
    assert path.losses(ground)[-1] == pytest.approx(float(expected), rel=1e-5)


def test_half_of_the_size_and_rounded_as_said(tmp_path: Path) -> None:
    module = nn.Linear(200, 200)
    module.weight.data[0, 0] = 1.0
    for half in (False, True):
        Recorder(tmp_path / str(half), half=half).keep(1, module)
    small, large = ((tmp_path / name / "step-000000001.safetensors").stat().st_size for name in ("True", "False"))
    assert 0.5 < small / large < 0.51
    other = nn.Linear(200, 200)
    other.load_state_dict(torch_file(tmp_path / "True"))
    given = module.weight.detach()
    far = (other.weight.detach() - given).abs() / given.abs().clamp(min=1e-3)
    assert 0 < float(far.max()) < 5e-4

    module.weight.data[0, 0] = 1e6  # float16 ends at 65504
    Recorder(tmp_path / "large", half=True).keep(1, module)
    assert torch_file(tmp_path / "large")["weight"][0, 0] == 1e6


def torch_file(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(str(next(folder.glob("*.safetensors"))))


def test_a_folder_over_its_limit_is_thinned_evenly(tmp_path: Path) -> None:
    module = network()
    Recorder(tmp_path / "one").keep(1, module, loss=1.0)
    size = next((tmp_path / "one").glob("*.safetensors")).stat().st_size
    recorder = Recorder(tmp_path / "run", limit=9 * size)
    recorder(0, module)
    train(module, recorder, 64)
    files = list((tmp_path / "run").glob("*.safetensors"))
    assert sum(file.stat().st_size for file in files) <= 9 * size and len(files) == len(recorder.steps)
    gaps = set(np.diff(recorder.steps))
    assert recorder.steps[0] == 0 and recorder.steps[-1] == 64 and len(recorder.steps) >= 5
    assert max(gaps) <= 2 * min(gaps), recorder.steps
    with pytest.raises(ValueError, match="has no room for 4 kept steps"):
        Recorder(tmp_path / "small", limit=2 * size).keep(1, module)


def test_a_run_that_goes_on_has_one_path(tmp_path: Path) -> None:
    whole, parts = network(), network()
    once = train(whole, Recorder(tmp_path / "whole", every=2), 12)
    lost = network()
    train(lost, Recorder(tmp_path / "run", every=2), 10)  # killed after step 10; its own checkpoint is of step 5
    assert list_checkpoints(tmp_path / "run").checkpoints[-1].step == 10
    train(parts, lambda *_, **__: None, 5)
    with pytest.raises(ValueError, match="holds a recording up to step 10: go on with it by resume=True"):
        Recorder(tmp_path / "run", every=2)
    recorder = Recorder(tmp_path / "run", every=2, resume=True)
    train(parts, recorder, 7, first=6)
    assert recorder.steps == [2, 4, 6], "what came after the step that was taken up is another attempt's"
    train(parts, recorder, 12, first=8)
    path = read_path(tmp_path / "run", loss_of(network()))
    assert path.steps.tolist() == [2, 4, 6, 8, 10, 12]
    assert torch.equal(path.positions, torch.stack([once[step] for step in path.steps.tolist()]))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda folder: Recorder(folder, every=0), "every must be a whole number of at least 1, not 0"),
        (lambda folder: Recorder(folder)(-1, network()), "step must be a whole number of at least 0, not -1"),
        (lambda folder: Recorder(folder)(2.0, network()), "step must be a whole number of at least 0, not 2.0"),
        (lambda folder: Recorder(folder)(1, network(), loss="low"), "loss must be a number, not str"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, call: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call(tmp_path / "run")


def test_callbacks_of_trainers_keep_what_their_loops_go_through(tmp_path: Path, monkeypatch) -> None:
    """The two packages are not among the requirements: here stand classes that call the hooks in their order."""
    for name in ("lightning", "lightning.pytorch", "transformers"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setattr(sys.modules["lightning.pytorch"], "Callback", type("Callback", (), {}), raising=False)
    monkeypatch.setattr(sys.modules["transformers"], "TrainerCallback", type("TrainerCallback", (), {}), raising=False)

    module, recorder = network(), Recorder(tmp_path / "lightning", every=2)
    callback, trainer = lightning_callback(recorder), SimpleNamespace(global_step=0)
    callback.on_train_start(trainer, module)
    for batch in range(10):  # two batches for each step
        trainer.global_step = (batch + 1) // 2
        callback.on_train_batch_end(trainer, module, {"loss": torch.tensor(3.0)}, None, batch)
    callback.on_train_end(trainer, module)
    assert recorder.steps == [0, 2, 4, 5]
    assert read_path(tmp_path / "lightning", loss_of(network())).numbers[1] == {"loss": 3.0}

    recorder = Recorder(tmp_path / "transformers", every=2)
    callback, state = transformers_callback(recorder), SimpleNamespace(global_step=0, log_history=[])
    callback.on_train_begin(None, state, None, model=module)
    for step in range(1, 6):
        state.global_step = step
        callback.on_step_end(None, state, None, model=module)
        state.log_history.append({"loss": float(step)})
    callback.on_train_end(None, state, None, model=module, optimizer=None)
    assert recorder.steps == [0, 2, 4, 5]
    assert read_path(tmp_path / "transformers", loss_of(network())).numbers[2] == {"loss": 3.0}


def test_a_trainer_that_is_not_installed_is_named(tmp_path: Path, monkeypatch) -> None:
    for name in ("lightning.pytorch", "pytorch_lightning", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)  # an import of it fails
    with pytest.raises(ModuleNotFoundError, match="one of the packages lightning"):
        lightning_callback(Recorder(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="needs the package transformers"):
        transformers_callback(Recorder(tmp_path))


def test_bad_calls_are_told_and_lose_nothing(tmp_path: Path) -> None:
    module, folder = network(), tmp_path / "run"
    recorder = Recorder(folder)
    for step in range(3):
        recorder(step, module)
    (folder / "step-best.safetensors").write_bytes(b"")
    for settings in ("", "[]", "{}", '{"every": null}', '{"every": 0}', "[" * 100_000):
        (folder / "recording.json").write_text(settings)
        with pytest.raises(ValueError, match="does not tell how many steps lie between"):
            Recorder(folder, resume=True)
    (folder / "recording.json").unlink()
    again = Recorder(folder, resume=True)
    for call, said in (
        (lambda: again.keep(-1, module), "step must be a whole number"),
        (lambda: again.keep(10**20, module), "step must be a whole number"),
        (lambda: again.keep(1, None), "module must be the network"),
        (lambda: again.keep(1, nn.Linear(2, 2, device="meta")), "has no numbers yet"),
        (lambda: again.keep(1, module, loss="low"), "loss must be a number"),
    ):
        with pytest.raises(ValueError, match=said):
            call()
    assert again.steps == [0, 1, 2] and len(list(folder.glob("step-0*"))) == 3
    for limit in (-1, "all", None, float("nan")):
        with pytest.raises(ValueError, match="limit must be a number of bytes"):
            Recorder(tmp_path / "other", limit=limit)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        Recorder(tmp_path / "file")


def test_a_header_that_holds_no_numbers_tells_none(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    for told in ("[1]", "{", '{"loss": 1' + "0" * 400 + "}", "[" * 100_000, '{"loss": "low"}'):
        save_file({"x": torch.ones(1)}, str(tmp_path / "x.safetensors"), metadata={"numbers": told})
        assert read_numbers(tmp_path / "x.safetensors") == {}
