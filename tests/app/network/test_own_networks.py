"""What operators bring with --objective: accepted, it is trained, looked at and taken out; else it is one sentence."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from app.jobs.packing import unpack
from app.network.controls import read_network_state
from app.network.training import user_model_loader, user_models
from geometry.own_objective import load_own_objective
from geometry.random_numbers import DRAWING
from tests.app.network.exploring import Run

MINE = """
import numpy as np, torch
from torch import nn

draw = np.random.default_rng(0)
x = draw.normal(size=(40, 6))
y = (x.sum(1) > 0).astype(int)

class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(9, 4)
        self.head = nn.Linear(4, 9, bias=False)
        self.head.weight = self.table.weight
        self.register_buffer("mask", torch.ones(4), persistent=False)
    def forward(self, x):
        return self.head(self.table(x) * self.mask)

class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTM(1, 3, batch_first=True), nn.Linear(3, 2)
    def forward(self, x):
        return self.head(self.cell(x[..., None])[0][:, -1])

class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.side = nn.Embedding(9, 4), nn.Linear(6, 4)
        self.head = nn.Linear(4, 3)
    def forward(self, words, side):
        return self.head(self.words(words).mean(1) + self.side(side))

class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(6, 2)
    def forward(self, x):
        return self.one(x + 0.1 * torch.randn_like(x))

class Graph(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(6, 3)
    def forward(self, x, edges):
        return self.one(x + torch.zeros_like(x).index_add(0, edges[1], x[edges[0]]))

def graph():
    edges = torch.from_numpy(draw.integers(0, 40, (2, 90)))
    return Graph(), {"x": torch.from_numpy(x).float(), "edges": edges}, draw.integers(0, 3, 40)
def tied():
    text = torch.from_numpy(draw.integers(0, 9, (40, 6)))
    return Tied(), text[:, :-1].contiguous(), text[:, 1:].contiguous()
def recurrent(): return Recurrent(), x, y
def squares(): return nn.Sequential(nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 2)), x, x[:, :2] ** 2, "squared error"
def labels():
    loss = nn.BCEWithLogitsLoss(pos_weight=torch.ones(3))
    return nn.Linear(6, 3), x.astype("float32"), (x[:, :3] > 0).astype(float), loss
def own(): return nn.Linear(6, 2), x, x[:, :2], lambda z, t: (z - t).abs().mean()
def named(): return Named(), {"words": draw.integers(0, 9, (40, 5)), "side": x}, draw.integers(0, 3, 40)
def halves(): return nn.Linear(6, 2).bfloat16(), x.astype("float16"), y
def doubles(): return nn.Linear(6, 2).double(), x.astype("float32"), y.astype("uint8")
def noisy(): return Noisy(), x, y
def compiled(): return torch.compile(nn.Linear(6, 2)), x, y
def streamed():
    from torch.utils.data import DataLoader, TensorDataset
    pairs = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    return nn.Linear(6, 2), DataLoader(pairs, 4, shuffle=True)
def flat(): return nn.Hardsigmoid() and nn.Sequential(nn.Linear(6, 2), nn.Hardsigmoid()), x, y

def unnamed(): return nn.Linear(6, 3), x, x[:, :3]
def lazy(): return nn.Sequential(nn.Flatten(), nn.LazyLinear(2)), x, y
def sparse():
    module = nn.Linear(6, 2)
    module.guard = __import__("threading").Lock()
    return module, x, y
def words(): return nn.Embedding(3, 2), draw.integers(0, 9, 40), y
def no_scores(): return nn.LSTM(6, 2), x[:, None], y
"""

TAKEN = [
    *("tied", "recurrent", "squares", "labels", "own", "named", "halves", "doubles", "noisy", "compiled", "streamed"),
    "graph",
]
SMALL = {"network": "own", "data": "own", "steps": 2, "batch_size": 8, "refresh_size": 8, "snapshots": 0}


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Name a function of the operator's; what there is, is looked at in this process."""
    (tmp_path / "brought_for_test.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "brought_for_test", raising=False)
    monkeypatch.setattr(user_models, "describe", user_model_loader.look)
    for variable in user_models.VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)

    def name(function: str) -> str:
        user_model_loader.objective.cache_clear()
        monkeypatch.setenv(user_models.VARIABLES["objective"], f"brought_for_test:{function}")
        return f"brought_for_test:{function}"

    yield name
    user_model_loader.objective.cache_clear()


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_accepted_is_trained_looked_at_and_taken_out(bring, name: str) -> None:
    called = bring(name)
    run = Run(**SMALL, methods=["SGDM", "LLQR+SAM"])
    weights = unpack(run.results["weights/final"])
    assert {len(one["position"]) for one in weights.values()} and set(weights) == {"SGDM", "LLQR+SAM"}
    seen = run.look("slice", slice_kind="random", slice_points=11)
    assert seen.rows, "a slice"
    file = load(run.look("weights-file", moment="final", method="SGDM").results["file"])
    module = load_own_objective(called).module
    module.load_state_dict(file)
    flat = torch.cat([p.detach().float().reshape(-1) for p in module.parameters()])
    trained = torch.as_tensor(weights["SGDM"]["position"]).float()
    torch.testing.assert_close(
        flat, trained, rtol=1e-2 if name == "halves" else 0, atol=1e-2 if name == "halves" else 0
    )


def test_the_function_is_called_while_no_other_thread_draws(bring, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may seed torch and draw its weights from it."""
    drawn = []

    def draw() -> bool:
        drawing = DRAWING.acquire(blocking=False)
        if drawing:
            DRAWING.release()
        return drawing

    def load_watched(name: str) -> object:
        with ThreadPoolExecutor(1) as other:
            drawn.append(other.submit(draw).result())
        return load_own_objective(name)

    monkeypatch.setattr(user_model_loader, "load_own_objective", load_watched)
    bring(next(iter(TAKEN)))
    assert user_model_loader.own_losses(0) is not None
    assert drawn == [False]


@pytest.mark.parametrize("harder", [{"bad_start": 100}, {"random_labels": 0.5}, {"inputs": "badly scaled"}])
def test_own_data_cannot_be_made_harder(bring, harder: dict[str, object]) -> None:
    """Their targets need be no classes; a link that asks for it is told so, and keeps everything else."""
    bring(next(iter(TAKEN)))
    with pytest.raises(ValueError, match=r"the data of --objective are used as they are: .* no bad start"):
        Run(**SMALL, **harder)
    reading = read_network_state({"network": "own", "data": "own", "steps": 40, **harder})
    assert any("used as they are" in sentence for sentence in reading.sentences())
    assert (reading.state["bad_start"], reading.state["random_labels"], reading.state["steps"]) == (0, 0.0, 40)


def test_one_methods_failure_ends_that_method_alone(bring) -> None:
    bring("flat")
    weights = unpack(Run(**SMALL, methods=["SGDM", "LLQR"]).results["weights/final"])
    first = unpack(Run(**{**SMALL, "steps": 1}, methods=["SGDM"]).results["weights/final"])
    assert (weights["LLQR"]["position"] != weights["SGDM"]["position"]).any()
    assert (weights["SGDM"]["position"] != first["SGDM"]["position"]).any(), "two steps were made"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("unnamed", "these targets are real numbers and no class probabilities .* name the loss"),
        ("lazy", r"1\.weight has no shape yet"),
        ("sparse", "cannot be copied: its attribute guard is a lock"),
        ("words", "cannot be trained: the module does not take its inputs: index out of range"),
        ("no_scores", "cannot be trained: the module must return one tensor of class scores, not tuple"),
    ],
)
def test_what_cannot_be_trained_is_refused_at_the_start(bring, name: str, sentence: str) -> None:
    bring(name)
    with pytest.raises(ValueError, match=sentence) as refused:
        user_models.describe()
    assert "\n" not in str(refused.value)


def test_the_start_says_what_there_is(bring) -> None:
    bring("named")
    assert user_models.describe()["data"] == {
        "title": "data of brought_for_test:named",
        "kind": "own",
        "examples": 32,
        "classes": 3,
    }
    bring("squares")
    told = user_models.describe()["data"]
    assert told["loss"] == "squared error" and told["kind"] == "vectors" and "classes" not in told
