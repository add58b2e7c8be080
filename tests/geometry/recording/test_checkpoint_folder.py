"""Folders as training scripts leave them: the right files in the right order, or one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from geometry.checkpoints import read_tables
from geometry.networks import NetworkLoss
from geometry.recording import list_checkpoints, read_path, spread
from geometry.recording.checkpoint_folder import step_in
from tests.geometry.test_checkpoints import in_parts


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("step-000000100.safetensors", 100),
        ("epoch=3-step=400.ckpt", 400),
        ("epoch=3-step=400-v1.ckpt", 400),
        ("model_epoch_12.pth", 12),
        ("resnet18_ckpt7.pt", 7),
        ("resnet18-epoch5-loss0.31.pth.tar", 5),
        ("checkpoint-1500", 1500),
        ("iter_2000.pth", 2000),
        ("000030.pt", 30),
        ("resnet18_20.pt", 20),
        ("step-10k.pt", 10_000),
        ("global_step100", 100),
        ("vit16-epoch3.pt", 3),
        ("split2_it50.pt", 50),
        ("epoch=0-iter=200.pt", 200),
        ("1_loss2.30.pt", 1),
        ("Epoch-004.PTH", 4),
        ("best_0.93.pt", None),
        ("2026-11-26_12-30-59.pt", None),
        ("20261126-resnet18-e5.pt", 5),
        ("best.pt", None),
        ("last.ckpt", None),
    ],
)
def test_names_tell_their_step(name: str, step: int | None) -> None:
    assert step_in(name) == step


def test_files_in_the_order_of_their_steps(tmp_path: Path) -> None:
    found = list_checkpoints(
        fill(tmp_path, "epoch_10.pt", "epoch_9.pt", "epoch_1.pt", "best.pt", ".epoch_11.pt", "log.txt", "epoch_4.json")
    )
    assert [one.step for one in found.checkpoints] == [1, 9, 10]
    assert found.left_out == ("best.pt",)


@pytest.mark.parametrize(
    ("names", "steps", "left_out"),
    [
        (("epoch_1.pt", "epoch_2.pt", "best_acc93.pt"), [1, 2], ("best_acc93.pt",)),
        (("model_10.pt", "model_2.pt", "optimizer_2.pt", "lr_scheduler_10.pt", "rng_state_2.pth"), [2, 10], ()),
        (("1_seed42.pt", "10_seed42.pt", "2_seed42.pt"), [1, 2, 10], ()),
        (("resnet18_run3_7.pt", "resnet18_run3_11.pt"), [7, 11], ()),
        (("model_optimizer_epoch_1.pt", "model_optimizer_epoch_2.pt"), [1, 2], ()),
    ],
)
def test_what_lies_beside_the_weights_is_passed_over(
    tmp_path: Path, names: tuple[str, ...], steps: list[int], left_out: tuple[str, ...]
) -> None:
    found = list_checkpoints(fill(tmp_path, *names))
    assert ([one.step for one in found.checkpoints], found.left_out) == (steps, left_out)


def test_folders_for_one_step_each(tmp_path: Path) -> None:
    fill(tmp_path, "checkpoint-500/model.safetensors", "checkpoint-500/optimizer.pt", "checkpoint-1000/optimizer.pt")
    fill(tmp_path, "checkpoint-1000/pytorch_model.bin", "runs/events.1", "trainer_state.json", "checkpoint-7/x.txt")
    fill(
        tmp_path, "checkpoint-2000/net.pth", "checkpoint-2000/optim.pth", "checkpoint-3000/a.pt", "checkpoint-3000/b.pt"
    )
    found = list_checkpoints(tmp_path)
    assert [str(one.path.relative_to(tmp_path)) for one in found.checkpoints] == [
        "checkpoint-500/model.safetensors",
        "checkpoint-1000/pytorch_model.bin",
        "checkpoint-2000/net.pth",
    ]
    assert found.left_out == ("checkpoint-7", "checkpoint-3000")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "holds no checkpoints whose name tells a step"),
        (("best.pt", "last.pt"), "holds no checkpoints whose name tells a step"),
        (("epoch_1.pt", "log.txt"), "holds 1 checkpoint whose name tells a step"),
        (("epoch=1.ckpt", "epoch=1-v1.ckpt", "epoch=2.ckpt"), "epoch=1-v1.ckpt and epoch=1.ckpt are both of step 1"),
        (("model-00001-of-00002.safetensors",), "is one part of several"),
        (("checkpoint-1/model-00001-of-00002.bin", "checkpoint-2/x.bin"), "is one part of several"),
        (("epoch_1.pt", "epoch_2.pt", "step_100.pt"), "epoch_2.pt counts epochs and step_100.pt counts steps"),
        (("checkpoint-1/x.bin", "epoch-2/x.bin"), "checkpoint-1 counts checkpoints and epoch-2 counts epochs"),
        (("version_0/checkpoints/epoch_1.pt", "hparams.yaml"), "there are some in .*version_0/checkpoints$"),
        (("step-1/__0_0.distcp", "step-2/__0_0.distcp"), "step-1 holds a distributed checkpoint"),
        (("epoch_1/a.pt", "epoch_1/b.pt", "epoch_2/c.pt"), "in epoch_1 is no model.safetensors"),
    ],
)
def test_what_is_no_path_is_one_sentence(tmp_path: Path, names: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        list_checkpoints(fill(tmp_path, *names))
    assert "\n" not in str(refused.value)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        list_checkpoints(tmp_path / "gone")
    with pytest.raises(ValueError, match="is no folder of checkpoints; name the folder that it is in"):
        list_checkpoints(fill(tmp_path, "step-1.pt") / "step-1.pt")


def test_spread_keeps_both_ends() -> None:
    assert spread(range(11), 3) == [0, 5, 10] and spread(range(4), 9) == [0, 1, 2, 3]
    assert spread(range(100), 7)[0] == 0 and spread(range(100), 7)[-1] == 99 and len(spread(range(100), 7)) == 7


def test_every_format_gives_the_same_path(tmp_path: Path) -> None:
    torch.manual_seed(0)
    modules = [nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)) for _ in range(3)]
    objective = NetworkLoss(modules[0], torch.randn(6, 3), torch.randint(0, 2, (6,)))
    wanted = torch.stack([torch.cat([p.detach().reshape(-1) for p in one.parameters()]) for one in modules])
    for step, module in enumerate(modules):
        state = module.state_dict()
        for kind in ("plain", "wrapped", "safe", "folders"):
            (tmp_path / kind).mkdir(exist_ok=True)
        torch.save(state, tmp_path / "plain" / f"epoch_{step}.pt")
        wrapped = {f"module.{name}": value for name, value in state.items()}
        torch.save({"epoch": step, "state_dict": wrapped, "optimizer": {}}, tmp_path / "wrapped" / f"{step}.pth.tar")
        save_file(state, tmp_path / "safe" / f"step={step}.safetensors")
        (tmp_path / "folders" / f"checkpoint-{step}").mkdir()
        save_file(state, tmp_path / "folders" / f"checkpoint-{step}" / "model.safetensors")
        for suffix in ("safetensors", "bin"):
            (tmp_path / suffix).mkdir(exist_ok=True)
            in_parts(module, tmp_path / suffix / f"checkpoint-{step}", suffix)
    for kind in ("plain", "wrapped", "safe", "folders", "safetensors", "bin"):
        path = read_path(tmp_path / kind, objective)
        assert torch.equal(path.positions, wanted), kind
        assert path.steps.tolist() == [0, 1, 2] and path.numbers == ({}, {}, {})
    one = wanted[0].numel() * 4
    assert torch.equal(read_path(tmp_path / "plain", objective, limit=2 * one).positions, wanted[[0, 2]])
    with pytest.raises(ValueError, match="do not hold two points of 26 parameters"):
        read_path(tmp_path / "plain", objective, limit=one)
    other = NetworkLoss(nn.Linear(3, 2), torch.randn(6, 3), torch.randint(0, 2, (6,)))
    with pytest.raises(ValueError, match=r"epoch_0\.pt"):
        read_path(tmp_path / "plain", other)


def test_a_number_too_long_for_a_step_is_none(tmp_path: Path) -> None:
    for name in ("step-1.pt", "step-2.pt", f"step-{'9' * 30}.pt"):
        (tmp_path / name).write_bytes(b"")
    found = list_checkpoints(tmp_path)
    assert [one.step for one in found.checkpoints] == [1, 2] and found.left_out == (f"step-{'9' * 30}.pt",)


def test_a_folder_or_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "step-1.pt").write_bytes(b"x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ValueError, match=r"step-1\.pt cannot be read: Permission denied"):
        read_tables(tmp_path / "step-1.pt")
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ValueError, match="cannot be read: Permission denied"):
        list_checkpoints(tmp_path)


def test_arrays_are_a_path_where_nothing_else_is_one(tmp_path: Path) -> None:
    module = nn.Linear(3, 2)
    for step in (100, 200):
        held = {name: np.full(tuple(p.shape), float(step)) for name, p in module.named_parameters()}
        np.savez(tmp_path / f"step-{step}.npz", **held)
    fill(tmp_path, "best.npz")
    found = list_checkpoints(tmp_path)
    assert [one.step for one in found.checkpoints] == [100, 200]
    assert found.left_out == ("best.npz",)
    loss = NetworkLoss(module, torch.ones(4, 3), torch.tensor([0, 1, 0, 1]))
    assert read_path(tmp_path, loss).positions[:, 0].tolist() == [100.0, 200.0]
    for names in (("checkpoint-5/model.pt", "checkpoint-6/w.npz"), ("step-1.pt", "step-2.pt")):
        names_found = [one.path.name for one in list_checkpoints(fill(tmp_path, *names)).checkpoints]
        assert names_found == [Path(name).name for name in names]
