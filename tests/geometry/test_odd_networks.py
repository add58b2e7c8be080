"""Ties between examples, curvature that is missing or wrong, noise: told, and never silently another number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from geometry.networks import NetworkLoss
from geometry.second_derivatives import NoSecondDerivative
from geometry.slices import evaluate_slice, slice_plane
from optimizers.training import Training, network_methods
from tests.geometry.brought import CLASSES, N, X, Y, layer, numbers, weight_norm_by_hooks


class Centred(nn.Module):
    """A batch normalisation of one's own: torch's class nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.one = layer()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.one(x)
        return 3 * (scores - scores.mean(0)) / scores.std(0)


class Attends(nn.Module):
    """Examples look at each other."""

    def __init__(self) -> None:
        super().__init__()
        self.one = layer()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.softmax(x @ x.T, -1) @ self.one(x)


def contrast(outputs: torch.Tensor, _targets: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(outputs @ outputs.T, torch.arange(len(outputs)))


TIED = {
    "own normalisation": (Centred, {}),
    "attention over the batch": (Attends, {}),
    "contrastive loss": (layer, {"loss_function": contrast}),
    "a sum": (layer, {"loss_function": lambda z, _: z.square().sum()}),
    "no running statistics": (
        lambda: nn.Sequential(nn.BatchNorm1d(4, track_running_stats=False).double(), layer()),
        {},
    ),
}


@pytest.mark.parametrize("name", list(TIED))
def test_what_ties_examples_is_not_cut(name: str) -> None:
    make, options = TIED[name]
    whole = NetworkLoss(make(), X, Y, **options)
    assert whole.tied
    cut = NetworkLoss(make(), X, Y, chunk_size=5, **options)
    for ask in (cut.loss, cut.gradient, cut.linearise):
        with pytest.raises(ValueError, match="so chunk_size cannot cut it"):
            ask(cut.initial)
    assert bool(torch.isfinite(whole.loss(whole.initial)))


@pytest.mark.parametrize("name", ["own normalisation", "attention over the batch", "no running statistics"])
def test_slices_do_not_cut_it_either(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geometry.slices.points.BLOCK", 5)
    monkeypatch.setattr("geometry.slices.points.PLAIN_BLOCK", 5)
    objective = NetworkLoss(TIED[name][0](), X, Y)
    plane = slice_plane(objective, objective.initial)
    axis = np.array([-0.2, 0.3])
    expected = [[float(objective.loss(plane.lift(np.array([x, y])))) for x in axis] for y in axis]
    np.testing.assert_allclose(evaluate_slice(objective, plane, axis, axis), expected, rtol=1e-9)


@pytest.mark.parametrize("loss", [None, "squared error", nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 0.5]).double())])
@pytest.mark.parametrize("size", [1, 5, 11])
def test_what_is_not_tied_is_the_same_in_chunks(loss: Any, size: int) -> None:
    targets = numbers(N, CLASSES, seed=2) if loss == "squared error" else Y
    whole, cut = (NetworkLoss(layer(), X, targets, loss_function=loss, chunk_size=k) for k in (None, size))
    assert not whole.tied
    d = numbers(whole.dimension, seed=3)
    torch.testing.assert_close(cut.loss(cut.initial), whole.loss(whole.initial))
    torch.testing.assert_close(cut.gradient(cut.initial), whole.gradient(whole.initial))
    for metric in ("newton", "ngd", "ngd-mean"):
        products = [one.curvature_product(one.initial, d, metric) for one in (cut, whole)]
        torch.testing.assert_close(*products)


# ------------------------------------------------------------------------------------------------ curvature


class Halved(torch.autograd.Function):
    """x³ whose backward pass hides a part of its own dependence on x, mixed over the features."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return gradient * (3 * x.detach() ** 2 + x.roll(1, 1) - x.roll(1, 1).detach())


class By(nn.Module):
    def __init__(self, operation: Any) -> None:
        super().__init__()
        self.one, self.operation = layer(), operation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.operation(self.one(x))


def test_a_curvature_that_is_not_symmetric_is_refused_and_the_rest_works() -> None:
    objective = NetworkLoss(By(Halved.apply), X, Y)
    with pytest.raises(ValueError, match=r"is not symmetric: ⟨u, Gv⟩ = .* LLQR and curvature are refused"):
        objective.curvature_product(objective.initial, objective.initial)
    assert bool(torch.isfinite(objective.gradient(objective.initial)).all())


@pytest.mark.parametrize("wrap", ["parametrised", "hooked", "over all axes"])
@pytest.mark.parametrize("metric", ["newton", "ngd"])
def test_weight_normalisation_has_its_true_curvature(wrap: str, metric: str) -> None:
    if wrap == "hooked":
        module = weight_norm_by_hooks()
    else:
        dim = None if wrap == "over all axes" else 0
        module = nn.Sequential(nn.utils.parametrizations.weight_norm(layer(), dim=dim), nn.Tanh(), layer(CLASSES))
    objective = NetworkLoss(module, X, Y)
    theta, eye = objective.initial, torch.eye(objective.dimension).double()
    G = torch.stack([objective.curvature_product(theta, d, metric) for d in eye])
    torch.testing.assert_close(G, G.T, rtol=1e-9, atol=1e-12)
    if metric == "newton":
        ahead, behind = (objective.gradient(theta + sign * 1e-6 * eye) for sign in (1, -1))
        torch.testing.assert_close(G, (ahead - behind) / 2e-6, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (F.hardsigmoid, "hardsigmoid"),
        (lambda z: torch.cdist(z, torch.eye(3, dtype=z.dtype)), "cdist"),
        (lambda z: torch.segment_reduce(z, "sum", lengths=torch.ones(len(z)).long()), "segment_reduce"),
    ],
)
def test_an_operation_without_second_derivative_is_named_and_ends_only_what_needs_it(operation: Any, name: str) -> None:
    objective = NetworkLoss(By(operation), X, Y)
    for metric in ("newton", "ngd"):
        with pytest.raises(NoSecondDerivative, match=f"the operation {name} has no second derivative"):
            objective.curvature_product(objective.initial, objective.initial, metric)
    training = Training(objective, network_methods(), batch_size=6, refresh_size=6)
    for _ in range(2):
        reports = training.step()
    stopped = {method: report.stopped for method, report in reports.items() if report.stopped}
    assert set(stopped) == {"LLQR", "LLQR+SAM"} and all(name in words for words in stopped.values())
    assert reports["SGDM"].index == reports["SAM"].index == 2


# ------------------------------------------------------------------------------------------------ noise of one's own


class Sampling(nn.Module):
    """A variational bottleneck that samples in inference mode, too."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.decode = layer(4, 4), layer(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean, width = self.encode(x).chunk(2, -1)
        return self.decode(mean + width.exp() * torch.randn_like(width))


class OwnGenerator(nn.Module):
    """Noise from a generator that the module keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.generator = layer(), torch.Generator().manual_seed(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.one(x + torch.randn(x.shape, generator=self.generator, dtype=x.dtype))


class ListedGenerators(OwnGenerator):
    """The same, kept in a table."""

    def __init__(self) -> None:
        super().__init__()
        self.table = {"noise": [self.__dict__.pop("generator")]}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.one(x + torch.randn(x.shape, generator=self.table["noise"][0], dtype=x.dtype))


class AlwaysDropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = layer()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.one(F.dropout(x, 0.5, training=True))


class Rounding(nn.Module):
    """Stochastic rounding of the scores, straight through."""

    def __init__(self) -> None:
        super().__init__()
        self.one = layer()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.one(x)
        return scores + (torch.bernoulli(torch.sigmoid(scores.detach())) - 0.5)


@pytest.mark.parametrize("make", [Sampling, AlwaysDropping, Rounding, OwnGenerator, ListedGenerators])
def test_noise_of_ones_own_is_the_same_at_every_point(make: Any) -> None:
    objective = NetworkLoss(make(), X, Y)
    assert objective.random
    state = torch.get_rng_state()
    theta = objective.initial
    first, many = objective.loss(theta), objective.loss(torch.stack([theta, theta]))
    assert torch.equal(torch.get_rng_state(), state), "nobody else's random numbers are moved"
    torch.manual_seed(99)
    assert torch.equal(objective.loss(theta), first)
    torch.testing.assert_close(many, first.expand(2))
    plane = slice_plane(objective, theta)
    axis = np.linspace(-0.5, 0.5, 3)
    one, two = (evaluate_slice(objective, plane, axis, axis) for _ in range(2))
    assert np.array_equal(one, two)
    other = NetworkLoss(make(), X, Y, noise_seed=1)
    assert not torch.equal(other.loss(theta), first)
    with pytest.raises(ValueError, match=r"random numbers .* cannot cut it"):
        NetworkLoss(make(), X, Y, chunk_size=5).loss(theta)


@pytest.mark.parametrize("make", [OwnGenerator, ListedGenerators])
def test_a_seeded_pass_of_a_module_with_a_generator_is_the_same_again(make: type[nn.Module]) -> None:
    objective = NetworkLoss(make(), X, Y)
    losses = [float(objective.training_pass(objective.initial, seed=seed).loss) for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]


def test_dropout_that_inference_turns_off_is_no_noise() -> None:
    assert not NetworkLoss(nn.Sequential(nn.Dropout(0.5), layer()), X, Y).random
