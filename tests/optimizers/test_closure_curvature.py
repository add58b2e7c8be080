"""The metric that a closure's loss has: right for every loss that is told, refused where it is another."""

from __future__ import annotations

import functools
import pickle

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from geometry.losses import Huber
from geometry.networks import NetworkLoss
from optimizers.torch.closure import ClosureLoss
from optimizers.torch_optim import LLQR
from tests.optimizers.small_training import FAST, batch, closure_of, perceptron


def gauss_newton(model: nn.Module, loss_of, x: torch.Tensor) -> torch.Tensor:
    """Jᵀ (∂²loss/∂outputs²) J by explicit matrices."""
    names, values = zip(*model.named_parameters(), strict=True)

    def outputs(*parameters):
        return torch.func.functional_call(model, dict(zip(names, parameters, strict=True)), (x,)).reshape(-1)

    J = torch.cat([j.reshape(j.shape[0], -1) for j in torch.autograd.functional.jacobian(outputs, values)], dim=1)
    shape = model(x).shape
    hessian = torch.autograd.functional.hessian(lambda z: loss_of(z.reshape(shape)), outputs(*values).detach())
    return J.T @ hessian @ J


def products(model: nn.Module, closure, metric: str, loss) -> torch.Tensor:
    optimizer = LLQR(model.parameters(), module=model, metric=metric, loss=loss, **FAST)
    ground = ClosureLoss(optimizer.parameters, closure, model, optimizer._loss)
    found = ground.linearise(optimizer.parameters.theta(), metric)
    return torch.stack([found.product(d) for d in torch.eye(ground.dimension, dtype=torch.float64)])


X, Y = batch()
REAL = torch.randn(12, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
BITS = (REAL > 0).double()
WEIGHTS = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
IGNORED = torch.where(torch.arange(12) % 4 == 0, -100, Y)
LOSSES = {
    "squared error": ("squared error", lambda z: F.mse_loss(z, REAL), 36),
    "half the squares summed": ("squared error", lambda z: (z - REAL).square().sum() / 2, 36),
    "huber": ("huber", lambda z: F.huber_loss(z, 3 * REAL), 36),
    "several labels": ("binary cross-entropy", lambda z: F.binary_cross_entropy_with_logits(z, BITS), 36),
    "rare labels": (
        "binary cross-entropy",
        lambda z: F.binary_cross_entropy_with_logits(z, BITS, pos_weight=WEIGHTS),
        36,
    ),
    "weighted classes": ("cross-entropy", lambda z: F.cross_entropy(z, Y, weight=WEIGHTS), 12),
    "ignored targets": ("cross-entropy", lambda z: F.cross_entropy(z, IGNORED), 12),
    "poisson": ("convex", lambda z: F.poisson_nll_loss(z, BITS), 12),
}


@pytest.mark.parametrize("name", list(LOSSES))
def test_the_metric_of_a_told_loss_is_its_gauss_newton_matrix(name):
    kind, loss_of, targets = LOSSES[name]
    model = perceptron()

    def closure():
        outputs = model(X)
        return loss_of(outputs), outputs

    G = gauss_newton(model, loss_of, X)
    torch.testing.assert_close(products(model, closure, "ngd-mean", kind), G, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(products(model, closure, "ngd", kind), targets * G, rtol=1e-9, atol=1e-11)


def poisson(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return F.poisson_nll_loss(z, t)


def ranked(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return (F.softplus(z) - t * z).sum(1).mean()


class Own(nn.Module):
    def forward(self, z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return (z - t).cosh().mean()


BROUGHT = {
    "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.1), Y),
    "weighted": (nn.CrossEntropyLoss(weight=WEIGHTS), Y),
    "weighted and ignored": (nn.CrossEntropyLoss(weight=WEIGHTS, ignore_index=1, label_smoothing=0.2), Y),
    "ignored": (functools.partial(F.cross_entropy, ignore_index=-100), IGNORED),
    "shares": (nn.CrossEntropyLoss(), torch.softmax(REAL, 1)),
    "squares": (nn.MSELoss(), REAL),
    "smooth": (functools.partial(F.smooth_l1_loss, beta=0.5), REAL),
    "labels": (nn.BCEWithLogitsLoss(weight=WEIGHTS, pos_weight=2 * WEIGHTS), BITS),
    "poisson": (nn.PoissonNLLLoss(), BITS),
    "function": (poisson, BITS),
    "lambda": (lambda z, t: (z - t).square().square().mean(), REAL),
    "own module": (Own(), REAL),
    "sum over labels": (ranked, BITS),
    "of the library": (Huber(0.7), REAL),
}


@pytest.mark.parametrize("metric", ["ngd", "ngd-mean", "newton"])
@pytest.mark.parametrize("name", list(BROUGHT))
def test_a_loss_is_told_as_a_network_loss_takes_it(name, metric):
    loss, targets = BROUGHT[name]
    model, called = perceptron(), functools.partial(F.huber_loss, delta=0.7) if isinstance(loss, Huber) else loss

    def closure():
        outputs = model(X)
        return called(outputs, targets), outputs

    wanted = NetworkLoss(model, X, targets, loss_function=loss).linearise(flat(model), metric)
    found = products(model, closure, metric, loss)
    for d, image in zip(torch.eye(len(found), dtype=torch.float64), found, strict=True):
        torch.testing.assert_close(image, wanted.product(d), rtol=1e-9, atol=1e-11)


def test_what_is_added_to_the_loss_that_was_told_does_not_count():
    model, loss = perceptron(), nn.CrossEntropyLoss(ignore_index=-100)

    def closure():
        outputs = model(X)
        decay = sum(F.mse_loss(p, torch.zeros_like(p)) for p in model.parameters())
        return loss(outputs, IGNORED) + 1e-3 * decay, outputs

    wanted = NetworkLoss(model, X, IGNORED, loss_function=loss).linearise(flat(model), "ngd")
    found = products(model, closure, "ngd", loss)
    for d, image in zip(torch.eye(len(found), dtype=torch.float64), found, strict=True):
        torch.testing.assert_close(image, wanted.product(d), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (nn.MSELoss(reduction="sum"), "its reduction is 'sum'"),
        (functools.partial(F.cross_entropy, reduction="none"), "its reduction is 'none'"),
        (nn.AdaptiveLogSoftmaxWithLoss(4, 3, [2]), "a parameter of its own"),
        (0.5, "must be a function"),
        ("mse", "loss must be one of"),
    ],
)
def test_what_is_no_mean_loss_is_refused_when_it_is_told(loss, sentence):
    with pytest.raises(ValueError, match=sentence):
        LLQR(perceptron().parameters(), loss=loss)


@pytest.mark.parametrize("loss", [nn.MSELoss(), lambda z, t: (z - t).square().mean()])
def test_an_optimiser_that_was_told_a_loss_can_be_sent_to_other_processes(loss):
    assert pickle.dumps(LLQR(perceptron().parameters(), loss=loss, **FAST))


@pytest.mark.parametrize("name", ["squared error", "huber", "several labels", "rare labels", "poisson"])
def test_another_loss_is_not_taken_for_a_cross_entropy(name):
    _, loss_of, _ = LOSSES[name]
    model = perceptron()
    optimizer = LLQR(model.parameters(), module=model, **FAST)
    with pytest.raises(ValueError, match=r"is that of a cross-entropy over the last axis .* and this loss is none"):
        optimizer.step(lambda: (loss_of(z := model(X)), z))


@pytest.mark.parametrize(
    "loss_of",
    [
        LOSSES["weighted classes"][1],
        LOSSES["ignored targets"][1],
        lambda z: F.cross_entropy(z, Y, reduction="sum"),
        lambda z: F.cross_entropy(4 * z, Y),
        lambda z: (F.cross_entropy(z, Y, reduction="none") * torch.linspace(0, 2, 12)).mean(),
        lambda z: F.cross_entropy(z, Y) + z.logsumexp(1).square().mean() - z.sum(1).mean(),
    ],
    ids=["weighted classes", "ignored targets", "sum", "temperature", "weighted examples", "penalty"],
)
def test_a_cross_entropy_whose_targets_do_not_count_alike_is_told(loss_of):
    model = perceptron()
    before = [p.clone() for p in model.parameters()]
    optimizer = LLQR(model.parameters(), module=model, **FAST)
    with pytest.raises(ValueError, match=r"all targets count alike|and this loss is none"):
        optimizer.step(lambda: (loss_of(z := model(X)), z))
    assert all(torch.equal(p, value) for p, value in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_a_plain_cross_entropy_need_not_be_told(scale):
    for smoothing in (0.0, 0.2):
        model = perceptron()
        optimizer = LLQR(model.parameters(), module=model, **FAST)
        loss = optimizer.step(
            lambda model=model, s=smoothing: (scale * F.cross_entropy(z := model(X), Y, label_smoothing=s), z)
        )
        assert torch.isfinite(loss)


def flat(model: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in model.parameters()])


class Pixels(nn.Module):
    """(N, 4) → (N, C, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layer = nn.Linear(4, 3 * 2 * 2).double()

    def forward(self, x):
        return self.layer(x).reshape(-1, 3, 2, 2)


def test_classes_on_the_second_axis_are_found_where_they_are_told():
    model, targets = Pixels(), torch.randint(0, 3, (12, 2, 2), generator=torch.Generator().manual_seed(3))

    def closure():
        outputs = model(X)
        return F.cross_entropy(outputs, targets), outputs

    with pytest.raises(ValueError, match="its classes lie along axis 1"):
        products(model, closure, "ngd-mean", None)
    G = gauss_newton(model, lambda z: F.cross_entropy(z, targets), X)
    torch.testing.assert_close(products(model, closure, "ngd-mean", "cross-entropy"), G, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(products(model, closure, "ngd", "cross-entropy"), 48 * G, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("loss_of", "kind", "sentence"),
    [
        (lambda z: -z.square().mean(), "convex", "not convex in the outputs"),
        (lambda z: F.mse_loss(z, REAL), "cross-entropy", "do not sum to zero along any axis of classes"),
    ],
)
def test_what_is_told_wrongly_is_refused(loss_of, kind, sentence):
    model = perceptron()
    optimizer = LLQR(model.parameters(), module=model, loss=kind, **FAST)
    with pytest.raises(ValueError, match=sentence):
        optimizer.step(lambda: (loss_of(z := model(X)), z))
    with pytest.raises(ValueError, match="loss must be one of cross-entropy, squared error"):
        LLQR(model.parameters(), loss="hinge")


class WithoutSecond(nn.Module):
    def __init__(self, operation) -> None:
        super().__init__()
        self.layer, self.operation = nn.Linear(4, 3).double(), operation

    def forward(self, x):
        return self.operation(self.layer(x))


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (F.hardsigmoid, "hardsigmoid"),
        (lambda z: torch.cdist(z, torch.eye(3, dtype=z.dtype)), "cdist"),
        (lambda z: torch.segment_reduce(z, "sum", lengths=torch.full((12,), 1)), "segment_reduce"),
    ],
)
def test_an_operation_without_second_derivative_is_named(operation, name):
    model = WithoutSecond(operation)
    optimizer = LLQR(model.parameters(), module=model, metric="newton", **FAST)
    with pytest.raises(ValueError, match=f"the operation {name} has no second derivative in torch"):
        optimizer.step(closure_of(model, X, Y))


class Crooked(torch.autograd.Function):
    """x², whose backward pass leaves a part of its derivative out: the second derivative is wrong."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (x + x.detach().roll(1, 1) * 0 + x.detach()) * (1 + x.roll(1, 1) - x.roll(1, 1).detach())


def test_a_curvature_that_is_not_symmetric_is_refused():
    model = WithoutSecond(Crooked.apply)
    optimizer = LLQR(model.parameters(), module=model, metric="newton", **FAST)
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(ValueError, match='curvature "newton" of this network is not symmetric'):
        optimizer.step(closure_of(model, X, Y))
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize("form", ["parametrised", "hooked"])
def test_weight_normalisation_has_its_true_curvature(form):
    make = {
        "parametrised": nn.utils.parametrizations.weight_norm,
        "hooked": lambda layer: pytest.warns(FutureWarning) and nn.utils.weight_norm(layer),
    }[form]
    torch.manual_seed(0)
    if form == "hooked":
        with pytest.warns(FutureWarning):
            layer = nn.utils.weight_norm(nn.Linear(4, 3).double())
    else:
        layer = make(nn.Linear(4, 3).double())
    model = nn.Sequential(layer)
    H = products(model, closure_of(model, X, Y), "newton", None)
    parameters = list(model.parameters())

    def gradient():
        return torch.cat([g.reshape(-1) for g in torch.autograd.grad(F.cross_entropy(model(X), Y), parameters)])

    columns = []
    for p in parameters:
        for index in range(p.numel()):
            with torch.no_grad():
                p.view(-1)[index] += 1e-6
            ahead = gradient()
            with torch.no_grad():
                p.view(-1)[index] -= 2e-6
            columns.append((ahead - gradient()) / 2e-6)
            with torch.no_grad():
                p.view(-1)[index] += 1e-6
    torch.testing.assert_close(H, torch.stack(columns), rtol=1e-5, atol=1e-7)
