"""Checkpoints of other people's scripts: wrappers' names, places, ties; what fits is loaded, all else is refused."""

from __future__ import annotations

import argparse
import json
import random
import zipfile
from collections import defaultdict, deque
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from geometry.checkpoints import fitting_weights, load_weights, read_weights

Table = dict[str, Tensor]


def network(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2))


def comes_back(module: nn.Module, source: nn.Module, path: Path, part: str = "") -> None:
    load_weights(module, path, part)
    for name, value in source.state_dict().items():
        assert torch.equal(module.state_dict()[name], value), name


def put(prefix: str, table: Table) -> Table:
    return {prefix + name: value.clone() for name, value in table.items()}


@pytest.mark.parametrize(
    "prefix",
    [
        *("model.", "net.", "model._orig_mod.", "_forward_module.module.", "module.model.", "_orig_mod.net.module."),
        *("backbone.", "student.encoder."),
    ],
)
@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_a_wrappers_names_are_taken_off(tmp_path: Path, prefix: str, suffix: str) -> None:
    source, path = network(1), tmp_path / f"w.{suffix}"
    (torch.save if suffix == "pt" else save_file)(put(prefix, source.state_dict()), path)
    comes_back(network(0), source, path)


def test_names_in_the_middle_and_wrappers_of_our_own(tmp_path: Path) -> None:
    source, path = network(1), tmp_path / "w.pt"
    state = source.state_dict()
    torch.save({name.replace("0.", "0._orig_mod.", 1): value for name, value in state.items()}, path)
    comes_back(network(0), source, path)
    torch.save({name.replace("3.", "3._checkpoint_wrapped_module.", 1): value for name, value in state.items()}, path)
    comes_back(network(0), source, path)
    torch.save(state, path)
    wrapped = nn.DataParallel(network(0))
    load_weights(wrapped, path)
    assert torch.equal(wrapped.module.state_dict()["0.weight"], state["0.weight"])
    wrapped = nn.ModuleDict({"backbone": nn.ModuleDict({"trunk": network(0)})})
    load_weights(wrapped, path)
    assert torch.equal(wrapped.state_dict()["backbone.trunk.0.weight"], state["0.weight"])


class Inner(nn.Module):
    """A part of every wrapper's name, by itself and twice."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Linear(3, 2)
        self.module = nn.ModuleDict({"module": nn.Linear(2, 2)})


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "_orig_mod."])
def test_nothing_is_stripped_against_the_modules_own_names(tmp_path: Path, prefix: str) -> None:
    torch.manual_seed(3)
    source, path = Inner(), tmp_path / "w.pt"
    torch.save(put(prefix, source.state_dict()), path)
    comes_back(Inner(), source, path)


def states(one: Table, other: Table) -> dict[str, Any]:
    """Where scripts keep weights, beside what else they keep."""
    moments = {0: {"exp_avg": torch.ones(2, 3), "step": torch.tensor(3.0)}}
    return {
        "mean teacher": {"epoch": 3, "model_state": one, "optimizer": {"state": moments, "param_groups": []}},
        "lightning": {
            "state_dict": {**put("model.", one), "criterion.weight": torch.ones(2)},
            "callbacks": {"best": torch.tensor(1.0)},
        },
        "settings": {"args": argparse.Namespace(lr=0.1), "best": np.float64(0.9), "network": one},
        "deep": {"checkpoint": {"weights": {"net": one}}, "scaler": {"scale": torch.tensor(2.0)}},
        "when and where": {"model": one, "time": datetime.now(), "path": Path("here"), "options": SimpleNamespace(a=1)},
        "generators": {"model": one, "numpy": np.random.get_state(), "python": random.getstate()},  # noqa: NPY002
        "curves": {"model": one, "losses": np.arange(3.0), "seen": {1, 2}},
        "arrays": {"params": {name: value.numpy() for name, value in one.items()}},
        "list": [one, {"lr": 3}],
        "of another network too": {"generator": one, "discriminator": {"weight": torch.ones(5, 5)}},
        "logs": {
            "model": one,
            "log": defaultdict(list, loss=[0.3]),
            "last": deque([0.1, 0.2]),
            "parts": frozenset({1}),
        },
        "small numbers": {"model": one, "best": np.int16(3), "at": np.array(["a"]), "when": datetime.now(UTC)},
        "averaged": {"model": {"n_averaged": torch.tensor(4), **put("module.", one)}, "epoch": 1},
        "profiled": {**one, "total_ops": torch.zeros(1), "0.total_params": torch.zeros(1)},
        "before it counted": {k: v for k, v in one.items() if not k.endswith("num_batches_tracked")},
        "preferred": {"ema": other, "model": one},
    }


@pytest.mark.parametrize("name", list(states({}, {})))
def test_where_scripts_keep_weights(tmp_path: Path, name: str) -> None:
    source, path = network(1), tmp_path / "w.ckpt"
    torch.save(states(source.state_dict(), network(2).state_dict())[name], path)
    comes_back(network(0), source, path)


@pytest.mark.parametrize(
    ("beside", "here", "elsewhere"),
    [
        (np.float64(0.9), b"numpy._core.multiarray", b"numpy.core.multiarray"),  # by numpy before 2
        (np.arange(3), b"numpy._core.multiarray", b"numpy.core.multiarray"),
        (Path("runs"), b"pathlib\nPosixPath", b"pathlib._local\nPosixPath"),  # by Python 3.13
        (Path("runs"), b"pathlib\nPosixPath", b"pathlib\nWindowsPath"),
    ],
)
def test_files_of_other_versions_and_systems_are_read(
    tmp_path: Path, beside: Any, here: bytes, elsewhere: bytes
) -> None:
    source, path, other = network(1), tmp_path / "w.pt", tmp_path / "o.pt"
    torch.save({"model": source.state_dict(), "beside": beside}, path)
    with zipfile.ZipFile(path) as written, zipfile.ZipFile(other, "w") as changed:
        for name in written.namelist():
            held = written.read(name)
            if name.endswith("data.pkl"):
                assert here in held
                held = held.replace(here, elsewhere)
            changed.writestr(name, held)
    comes_back(network(0), source, other)


def test_the_suffix_need_not_say_what_it_is(tmp_path: Path) -> None:
    source, path = network(1), tmp_path / "model.bin"
    save_file(source.state_dict(), path)
    comes_back(network(0), source, path)


def test_arrays_by_name_are_a_checkpoint(tmp_path: Path) -> None:
    module, other = nn.Linear(3, 2), nn.Linear(3, 2)
    np.savez(tmp_path / "w.npz", **{f"module.{name}": p.detach().numpy() for name, p in module.named_parameters()})
    load_weights(other, tmp_path / "w.npz")
    assert all(torch.equal(*pair) for pair in zip(module.parameters(), other.parameters(), strict=True))
    np.save(tmp_path / "one.npy", np.ones(3))
    whole = (tmp_path / "w.npz").read_bytes()
    for content in (b"no archive", whole[:100], (tmp_path / "one.npy").read_bytes()):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"bad\.npz is not an \.npz archive"):
            load_weights(other, tmp_path / "bad.npz")
    np.savez(tmp_path / "objects.npz", weight=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="holds Python objects"):
        load_weights(other, tmp_path / "objects.npz")
    np.savez_compressed(tmp_path / "hurt.npz", weight=np.random.default_rng(0).normal(size=(2, 3)))
    hurt = bytearray((tmp_path / "hurt.npz").read_bytes())
    hurt[hurt.index(b"weight.npy") + 30] = 0xFF  # where what is compressed begins
    (tmp_path / "hurt.npz").write_bytes(hurt)
    with pytest.raises(ValueError, match=r"hurt\.npz cannot be read"):
        load_weights(other, tmp_path / "hurt.npz")


@pytest.mark.parametrize("kind", [">f4", "g"])
def test_arrays_of_other_machines_are_a_checkpoint(tmp_path: Path, kind: str) -> None:
    module = nn.Linear(3, 2)
    np.savez(tmp_path / "w.npz", weight=np.full((2, 3), 7).astype(kind), bias=np.full(2, 5).astype(kind))
    load_weights(module, tmp_path / "w.npz")
    assert torch.equal(module(torch.ones(3)), torch.full((2,), 26.0))


def test_which_of_several_is_said_or_asked(tmp_path: Path) -> None:
    student, teacher, path = network(1), network(2), tmp_path / "w.pt"
    torch.save({"student": student.state_dict(), "teacher": teacher.state_dict()}, path)
    with pytest.raises(ValueError, match="several tables that fit this network, at 'student', 'teacher'"):
        load_weights(network(0), path)
    comes_back(network(0), teacher, path, "teacher")
    torch.save({"online": student.state_dict(), "online_ema": teacher.state_dict()}, path)
    comes_back(network(0), student, path)  # averages give way to the weights
    comes_back(network(0), teacher, path, "online_ema")
    torch.save({**put("backbone.", student.state_dict()), **put("head.", nn.Linear(2, 2).state_dict())}, path)
    with pytest.raises(ValueError, match="belongs to another network: it lacks 0"):
        load_weights(network(0), path)
    comes_back(network(0), student, path, "backbone")
    with pytest.raises(ValueError, match=r"holds nothing under 'tail'; it has the file itself \(11 tensors\)"):
        load_weights(network(0), path, "tail")
    torch.save({"model": {"a": torch.ones(1)}, "ema": {"b": torch.ones(1), "c": torch.ones(2)}}, path)
    with pytest.raises(ValueError, match=r"tables in the file: model \(1 tensors\), ema \(2 tensors\)"):
        load_weights(network(0), path)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 9, bias=False)
        self.table = nn.Embedding(9, 4)
        self.head.weight = self.table.weight


@pytest.mark.parametrize("lacking", ["head.weight", "table.weight"])
def test_shared_weights_are_needed_once(tmp_path: Path, lacking: str) -> None:
    torch.manual_seed(1)
    source, path = Tied(), tmp_path / "w.safetensors"
    kept = {name: value.clone() for name, value in source.state_dict().items() if name != lacking}
    save_file(put("model.", kept), path)
    comes_back(Tied(), source, path)
    save_file({**kept, lacking: torch.zeros(9, 4)}, path)
    with pytest.raises(ValueError, match="different values, and the network shares one tensor there"):
        load_weights(Tied(), path)


def test_a_network_with_more_than_ours_is_another(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    for prefix in ("", "model."):
        torch.save(put(prefix, {**network(1).state_dict(), "4.weight": torch.ones(2, 2)}), path)
        with pytest.raises(ValueError, match=r"the network does not have (model\.)?4\.weight"):
            load_weights(network(0), path)
    torch.save(put("model.", nn.Linear(4, 2).state_dict()), path)
    with pytest.raises(ValueError, match=r"weight has shape \(2, 4\), the network’s has \(2, 3\)"):
        load_weights(nn.Linear(3, 2), path)


def test_what_is_refused_is_named(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    torch.save({"model": network(1).state_dict(), "share": Fraction(1, 2)}, path)
    with pytest.raises(ValueError, match=r"holds more than tensors, or is no checkpoint \(it names fractions"):
        read_weights(path)
    with pytest.raises(ValueError, match="is no file; name one checkpoint"):
        read_weights(tmp_path)


def test_older_files_hold_buffers_that_are_no_longer_kept(tmp_path: Path) -> None:
    class Positions(nn.Linear):
        def __init__(self) -> None:
            super().__init__(3, 2)
            self.register_buffer("positions", torch.arange(3), persistent=False)

    path = tmp_path / "w.pt"
    source = Positions()
    torch.save({**source.state_dict(), "positions": torch.arange(3)}, path)
    assert set(fitting_weights(Positions(), path)) == {"weight", "bias"}


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda value: value.to(torch.complex64), "0.weight is complex, and the network’s is real"),
        (lambda value: value.to_sparse(), "0.weight is sparse"),
        (lambda value: value.to("meta"), "0.weight has no numbers"),
        (lambda value: (100 * value).to(torch.int8), "0.weight is torch.int8, and the network’s is real"),
        (lambda value: value > 0, "0.weight is torch.bool, and the network’s is real"),
        (lambda value: (100 * value).long(), "0.weight is torch.int64, and the network’s is real"),
    ],
)
def test_tensors_that_are_no_plain_numbers_are_refused(tmp_path: Path, spoilt: Any, said: str) -> None:
    path, module = tmp_path / "w.pt", network(0)
    before = module[0].weight.clone()
    state = network(1).state_dict()
    torch.save({**state, "0.weight": spoilt(state["0.weight"])}, path)
    with pytest.raises(ValueError, match=said):
        load_weights(module, path)
    assert torch.equal(module[0].weight, before)


def in_parts(module: nn.Module, folder: Path, kind: str) -> Path:
    """A network's weights in two files as transformers leaves them; the index."""
    state, stem = module.state_dict(), "model" if kind == "safetensors" else "pytorch_model"
    files = [f"{stem}-0000{k + 1}-of-00002.{kind}" for k in range(2)]
    weight_map = {name: files[k % 2] for k, name in enumerate(state)}
    folder.mkdir(exist_ok=True)
    for file in files:
        tensors = {name: value for name, value in state.items() if weight_map[name] == file}
        if kind == "safetensors":
            save_file(tensors, folder / file)
        else:
            torch.save(tensors, folder / file)
    index = folder / f"{stem}.{kind}.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    return index


@pytest.mark.parametrize("kind", ["safetensors", "bin"])
def test_weights_in_several_files_are_those_of_one(tmp_path: Path, kind: str) -> None:
    comes_back(network(1), network(2), in_parts(network(2), tmp_path, kind))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("{", "cannot be read as the index"),
        ("[" * 100_000, "cannot be read as the index"),
        ("[]", "cannot be read as the index"),
        ("{}", 'has no "weight_map"'),
        ('{"weight_map": {}}', 'has no "weight_map"'),
        ('{"weight_map": {"a": 3}}', 'has no "weight_map"'),
        ('{"weight_map": {"a": "../secret.bin"}}', "have to lie beside their index"),
        ('{"weight_map": {"a": "model.bin.index.json"}}', "have to lie beside their index"),
        (f'{{"weight_map": {{"a": "{"x" * 1000}"}}}}', "names 'x{100}', which is not beside it"),
        ('{"weight_map": {"a": "gone.bin"}}', "names 'gone.bin', which is not beside it"),
        ('{"weight_map": {"a": "part.bin"}}', "does not hold 'a', which model.bin.index.json says is there"),
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path: Path, table: str, said: str) -> None:
    torch.save({"b": torch.ones(2)}, tmp_path / "part.bin")
    (tmp_path / "model.bin.index.json").write_text(table)
    with pytest.raises(ValueError, match=said):
        read_weights(tmp_path / "model.bin.index.json")
