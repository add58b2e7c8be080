"""Losses by name and torch's own, with their metrics; targets and inputs of every form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from geometry.networks import NetworkLoss
from geometry.per_example import example_gradients
from geometry.slices import evaluate_slice, slice_plane
from optimizers.training import Training, network_methods
from tests.geometry.brought import CLASSES, N, X, Y, classes, layer, numbers

REAL = numbers(N, CLASSES, seed=2)
BITS = (REAL > 0).double()
SHARES = REAL.softmax(-1)
WEIGHTS = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
IGNORED = torch.where(torch.arange(N) % 4 == 0, -100, Y)
KNOWN: dict[str, tuple[Any, torch.Tensor, Any]] = {
    "squared error": ("squared error", REAL, F.mse_loss),
    "torch's squared error": (nn.MSELoss(), REAL, F.mse_loss),
    "huber": ("huber", 2 * REAL, F.huber_loss),
    "huber, wide": (nn.HuberLoss(delta=0.3), REAL, lambda z, t: F.huber_loss(z, t, delta=0.3)),
    "smooth": (nn.SmoothL1Loss(beta=0.5), REAL, lambda z, t: F.smooth_l1_loss(z, t, beta=0.5)),
    "several labels": ("binary cross-entropy", BITS, F.binary_cross_entropy_with_logits),
    "rare labels": (
        nn.BCEWithLogitsLoss(pos_weight=WEIGHTS),
        BITS,
        lambda z, t: F.binary_cross_entropy_with_logits(z, t, pos_weight=WEIGHTS),
    ),
    "weighted classes": (nn.CrossEntropyLoss(WEIGHTS), Y, lambda z, t: F.cross_entropy(z, t, weight=WEIGHTS)),
    "weighted and smoothed": (
        nn.CrossEntropyLoss(WEIGHTS, label_smoothing=0.2),
        Y,
        lambda z, t: F.cross_entropy(z, t, weight=WEIGHTS, label_smoothing=0.2),
    ),
    "weighted, and 255 for no class": (
        nn.CrossEntropyLoss(WEIGHTS, ignore_index=255),
        IGNORED.masked_fill(IGNORED < 0, 255),
        lambda z, t: F.cross_entropy(z, t, weight=WEIGHTS, ignore_index=255),
    ),
    "ignored": (nn.CrossEntropyLoss(ignore_index=-100), IGNORED, F.cross_entropy),
    "shares": (None, SHARES, F.cross_entropy),
    "named shares": ("cross-entropy", SHARES * 2, F.cross_entropy),
    "own, convex": (lambda z, t: F.poisson_nll_loss(z, t), BITS, lambda z, t: F.poisson_nll_loss(z, t)),
}


@pytest.mark.parametrize("name", list(KNOWN))
def test_losses_are_torchs_and_their_metric_is_gauss_newton(name: str) -> None:
    given, targets, torchs = KNOWN[name]
    module = nn.Sequential(layer(), nn.Tanh(), layer(CLASSES))
    objective = NetworkLoss(module, X, targets, loss_function=given)
    theta = objective.initial
    torch.testing.assert_close(objective.loss(theta), torchs(module(X), targets).detach())

    def outputs(theta: torch.Tensor) -> torch.Tensor:
        return objective.outputs(theta).reshape(-1)

    J = torch.autograd.functional.jacobian(outputs, theta)
    H = torch.autograd.functional.hessian(lambda z: torchs(z.reshape(N, CLASSES), targets), outputs(theta).detach())
    G, d = J.T @ H @ J, numbers(objective.dimension, seed=7)
    torch.testing.assert_close(objective.curvature_product(theta, d, "ngd-mean"), G @ d, rtol=1e-8, atol=1e-11)
    torch.testing.assert_close(
        objective.curvature_product(theta, d, "ngd"), objective.count * G @ d, rtol=1e-8, atol=1e-10
    )
    plane = slice_plane(objective, theta)
    axis = np.array([-0.3, 0.2])
    expected = [float(objective.loss(plane.lift(np.array([x, 0.1])))) for x in axis]
    np.testing.assert_allclose(evaluate_slice(objective, plane, axis, np.array([0.1]))[0], expected, rtol=1e-10)


@pytest.mark.parametrize(
    "targets", [REAL, BITS, numbers(N), SHARES * 3, SHARES - 0.1], ids=["real", "bits", "one", "thrice", "below"]
)
def test_real_targets_do_not_become_class_probabilities(targets: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"real numbers and no class probabilities .*: name the loss"):
        NetworkLoss(layer(), X, targets)


@pytest.mark.parametrize(
    ("given", "targets", "sentence"),
    [
        ("mse", REAL, "must be one of cross-entropy, squared error, huber, binary cross-entropy"),
        (nn.MSELoss(reduction="sum"), REAL, "must be a mean over the targets; its reduction is 'sum'"),
        (nn.Bilinear(3, 3, 1), REAL, "the loss function has a parameter of its own, weight"),
        ("binary cross-entropy", REAL, "must lie between 0 and 1"),
        ("squared error", REAL / 0, "a target is not finite"),
        (3, REAL, "must be a function or one of"),
        (nn.CrossEntropyLoss(WEIGHTS[:2]), Y, "class 2, but there are weights for 2 classes"),
    ],
)
def test_losses_that_are_none_are_refused(given: Any, targets: torch.Tensor, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        NetworkLoss(layer(), X, targets, loss_function=given)


def test_a_regression_of_one_number_takes_either_shape_and_no_other() -> None:
    wanted = F.mse_loss(layer(4, 1)(X)[:, 0], REAL[:, 0]).detach()
    for targets in (REAL[:, 0], REAL[:, :1]):
        objective = NetworkLoss(layer(4, 1), X, targets, loss_function="squared error")
        torch.testing.assert_close(objective.loss(objective.initial), wanted)
    broadcast = NetworkLoss(layer(4, 3), X, REAL[:, 0], loss_function="squared error")
    with pytest.raises(ValueError, match="do not fit targets of shape"):
        broadcast.loss(broadcast.initial)


def test_segmentation_in_both_layouts_and_where_the_shape_does_not_tell() -> None:
    image, labels = numbers(4, 1, 5, 6), classes(4, 5, 6)
    torch.manual_seed(1)
    net = nn.Conv2d(1, CLASSES, 3, padding=1).double()
    wanted = F.cross_entropy(net(image), labels).detach()
    for given in (None, nn.CrossEntropyLoss(), F.cross_entropy):
        objective = NetworkLoss(net, image, labels, loss_function=given)
        torch.testing.assert_close(objective.loss(objective.initial), wanted)
    square, labels = numbers(4, 1, 3, 3), classes(4, 3, 3)
    unclear = NetworkLoss(net, square, labels)
    with pytest.raises(ValueError, match="the classes may lie on the second axis or on the last"):
        unclear.loss(unclear.initial)
    told = NetworkLoss(net, square, labels, loss_function=nn.CrossEntropyLoss())
    torch.testing.assert_close(told.loss(told.initial), F.cross_entropy(net(square), labels).detach())


# ------------------------------------------------------------------------------------------------ inputs


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = layer(), layer(2)

    def forward(self, x: torch.Tensor, side: torch.Tensor | None = None) -> torch.Tensor:
        return self.one(x) if side is None else self.one(x) + self.two(side)


def test_inputs_by_place_and_by_name() -> None:
    side = numbers(N, 2, seed=4)
    by_place = NetworkLoss(Two(), (X, side), Y, chunk_size=5)
    by_name = NetworkLoss(Two(), {"side": side, "x": X}, Y, chunk_size=5)
    theta = by_place.initial
    torch.testing.assert_close(by_place.loss(theta), F.cross_entropy(Two()(X, side), Y).detach())
    torch.testing.assert_close(by_name.gradient(theta), by_place.gradient(theta))
    torch.testing.assert_close(example_gradients(by_name, theta), example_gradients(by_place, theta))
    both = torch.stack([theta, theta + 0.1])
    torch.testing.assert_close(by_name.loss(both), by_place.loss(both))
    torch.testing.assert_close(by_name.rows(torch.arange(3)).loss(theta), by_place.rows(torch.arange(3)).loss(theta))


class Graph(nn.Module):
    """Each node takes the mean of its neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.one = layer()

    def forward(self, x: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
        summed = torch.zeros_like(x).index_add(0, edges[1], x[edges[0]])
        return self.one(x + summed)


class Pooled(Graph):
    """One output for the graph."""

    def forward(self, x: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
        return super().forward(x, edges).mean()


class Bags(nn.Module):
    """Words of all examples in one row, and where each begins."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(5, CLASSES, mode="sum").double()

    def forward(self, words: torch.Tensor, begin: torch.Tensor) -> torch.Tensor:
        return self.table(words, begin)


class Graphs(nn.Module):
    """The nodes of several graphs in one row, and which graph each belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self.one = layer()

    def forward(self, x: torch.Tensor, graph: torch.Tensor) -> torch.Tensor:
        return torch.zeros(N // 2, CLASSES).double().index_add(0, graph, self.one(x).tanh())


EDGES = torch.randint(0, N, (2, 30), generator=torch.Generator().manual_seed(0))
WHOLES = {
    "nodes": (Graph, (X, EDGES), Y),
    "nodes by name": (Graph, {"x": X, "edges": EDGES}, Y),
    "bags": (Bags, {"words": torch.arange(3 * N) % 5, "begin": torch.arange(0, 3 * N, 3)}, Y),
    "graphs": (Graphs, (X, torch.arange(N) // 2), Y[: N // 2]),
}


@pytest.mark.parametrize("name", list(WHOLES))
@pytest.mark.parametrize("own", [False, True])
def test_mini_batches_of_a_whole_are_of_its_targets(name: str, own: bool) -> None:
    make, inputs, targets = WHOLES[name]
    module = make()
    objective = NetworkLoss(module, inputs, targets, loss_function=by_hand if own else None)
    outputs = module(**inputs) if isinstance(inputs, dict) else module(*inputs)
    theta, some = objective.initial, torch.tensor([4, 1, 2])
    few = objective.rows(some)
    expected = F.cross_entropy(outputs[some], targets[some]).detach()
    torch.testing.assert_close(few.loss(theta), expected)
    torch.testing.assert_close(few.loss(torch.stack([theta, theta])), expected.expand(2))
    one = few.rows(torch.tensor([2]))
    torch.testing.assert_close(one.loss(theta), F.cross_entropy(outputs[2:3], targets[2:3]).detach())
    each = torch.stack([objective.rows(torch.tensor([k])).gradient(theta) for k in range(len(targets))])
    torch.testing.assert_close(each.mean(0), objective.gradient(theta))
    plane = slice_plane(objective, theta)
    at = evaluate_slice(few, plane, np.array([0.0]), np.array([0.0]))
    np.testing.assert_allclose(at, float(expected), rtol=1e-10)
    methods = {key: method for key, method in network_methods().items() if "LLQR" not in key or name != "bags"}
    training = Training(objective, methods, batch_size=3, refresh_size=4)
    reports = [training.step() for _ in range(3)][-1]
    assert not any(report.stopped for report in reports.values())
    with pytest.raises(ValueError, match="of single examples are asked for, and inputs of other first axes"):
        example_gradients(few, theta)


def by_hand(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return -outputs.log_softmax(-1).gather(-1, targets[:, None]).mean()


def test_a_graph_is_one_whole() -> None:
    edges = torch.randint(0, N, (2, 30), generator=torch.Generator().manual_seed(0))
    objective = NetworkLoss(Graph(), (X, edges), Y)
    torch.testing.assert_close(objective.loss(objective.initial), F.cross_entropy(Graph()(X, edges), Y).detach())
    plane = slice_plane(objective, objective.initial)
    axis = np.array([0.0, 0.2])
    assert evaluate_slice(objective, plane, axis, axis)[0, 0] == pytest.approx(float(objective.loss(objective.initial)))
    objective.check(curvature=True)
    reports = Training(objective, network_methods(), refresh_size=None).step()
    assert all(report.stopped is None for report in reports.values())
    pooled = NetworkLoss(
        Pooled(), (X, edges), Y[:2], loss_function=lambda z, t: (z - t.double().mean()).square().mean()
    )
    assert torch.isfinite(pooled.loss(pooled.initial))
    with pytest.raises(ValueError, match="does not return one output for each target, so there are no mini-batches"):
        pooled.rows(torch.arange(1)).loss(pooled.initial)
    with pytest.raises(ValueError, match="are one whole, so chunk_size cannot cut it"):
        NetworkLoss(Graph(), (X, edges), Y, chunk_size=4).loss(objective.initial)


@pytest.mark.parametrize("kind", ["float64", "float16", "float32"])
def test_inputs_mapped_from_a_file_stay_there(tmp_path: Path, kind: str) -> None:
    np.save(tmp_path / "x.npy", X.numpy().astype(kind))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    objective = NetworkLoss(layer().float(), mapped[1:], Y[1:], chunk_size=4)
    assert objective.data.inputs[0].data_ptr() == mapped[1:].ctypes.data, "nothing is copied"
    plain = NetworkLoss(layer().float(), np.array(mapped[1:]), Y[1:].numpy())
    theta = plain.initial
    torch.testing.assert_close(objective.gradient(theta), plain.gradient(theta))
    torch.testing.assert_close(objective.rows(torch.tensor([2, 5])).loss(theta), plain.rows([2, 5]).loss(theta))
    plane = slice_plane(objective, theta)
    axis = np.array([0.0, 0.2])
    np.testing.assert_allclose(
        evaluate_slice(objective, plane, axis, axis), evaluate_slice(plain, plane, axis, axis), rtol=1e-5
    )
