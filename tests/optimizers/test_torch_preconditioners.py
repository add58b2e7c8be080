"""NGD, K-FAC, Shampoo and Lion as torch optimisers: the numbers of the composed rule, and torch's manners."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import optimizers
from geometry.networks import NetworkLoss
from optimizers import Method, probes
from optimizers.rule import Settings
from optimizers.torch_optim import KFAC, SAM, Lion, NaturalGradient, Shampoo
from tests.optimizers.small_training import (
    assert_same_walk,
    batch,
    closure_of,
    flat,
    normalised,
    one_thread,
    perceptron,
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    with one_thread():
        yield


NGD: dict[str, dict[str, Any]] = {
    "as a matrix": {"damping": 0.5, "refresh_every": 2},
    "without damping": {"damping": 0.0},
    "between its rows": {"damping": 0.5, "dense_up_to": 40},
    "by conjugate gradients": {"damping": 0.5, "dense_up_to": 0},
    "empirical": {"damping": 0.5, "fisher": "empirical"},
    "diagonal": {"damping": 0.5, "diagonal": True},
}
KFACS: dict[str, dict[str, Any]] = {
    "split": {"damping": 0.3, "refresh_every": 2},
    "in the eigenbasis": {"damping": 0.3, "damping_kind": "eigen", "refresh_every": 2, "decay": 0.5},
    "added to each": {"damping": 0.3, "damping_kind": "inverse", "refresh_every": 3},
    "empirical": {"damping": 0.3, "fisher": "empirical", "refresh_every": 2},
    "as released": {"damping": 0.003, "as_released": True, "refresh_every": 2},
}
SHAMPOOS: dict[str, dict[str, Any]] = {
    "sums": {"epsilon": 0.01},
    "averages": {"epsilon": 1e-6, "beta": 0.9, "epsilon_at": "root", "graft": "sgd", "root_every": 2},
    "grafted to Adam": {"epsilon": 1e-6, "beta": 0.9, "epsilon_at": "root", "graft": "adam"},
}
CASES = {
    **{f"NGD {name}": (NaturalGradient, optimizers.NaturalGradient, options) for name, options in NGD.items()},
    **{f"K-FAC {name}": (KFAC, optimizers.KFAC, options) for name, options in KFACS.items()},
    **{f"Shampoo {name}": (Shampoo, optimizers.Shampoo, options) for name, options in SHAMPOOS.items()},
}


def convolutional() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 3, 2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(27, 3)]
    return nn.Sequential(*layers).double()


def made(name: str, model: nn.Module, **settings: float) -> Any:
    kind, _, options = CASES[name]
    return kind(model.parameters(), **settings, module=model, **options)


@pytest.mark.parametrize("probing", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_equals_the_composed_rule_step_by_step(name: str, probing: bool) -> None:
    _, rule, options = CASES[name]
    model, probe = perceptron(), probes.SAM() if probing else probes.NoProbe()
    optimizer = made(name, model, lr=0.02, momentum=0.8, weight_decay=1e-3)
    whole = SAM(optimizer, rho=0.1) if probing else optimizer
    method = Method(probe=probe, preconditioner=rule(**options))
    tolerance = (
        1e-7 if name == "NGD without damping" else 1e-10
    )  # of its pseudo-inverse the smallest eigenvalue decides
    assert_same_walk(model, whole, method, Settings(0.02, 0.1, 0.8, 1e-3), tolerance=tolerance)


@pytest.mark.parametrize("name", ["NGD as a matrix", "K-FAC split", "K-FAC as released", "Shampoo averages"])
@pytest.mark.parametrize("make", [normalised, convolutional])
def test_on_a_norm_and_on_a_convolution(name: str, make: Any) -> None:
    _, rule, options = CASES[name]
    model = make()
    method = Method(probe=probes.SAM(), preconditioner=rule(**options))
    optimizer = SAM(made(name, model, lr=0.02), rho=0.1)
    assert_same_walk(model, optimizer, method, Settings(0.02, 0.1, 0.9), tolerance=1e-10)
    assert all(part.training for part in model.modules()), "a refresh must leave the mode as it was"


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_lion_is_the_outer_rule(decay: float) -> None:
    model = perceptron()
    method = Method(outer=optimizers.Lion(0.8, 0.9, weight_decay=decay))
    optimizer = Lion(model.parameters(), lr=0.01, betas=(0.8, 0.9), weight_decay=decay)
    assert_same_walk(model, optimizer, method, Settings(0.01, 0.0, 0.9))


OWN: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "descent": (torch.optim.SGD, {}, optimizers.Descent()),
    "heavy ball": (torch.optim.SGD, {"momentum": 0.9}, optimizers.HeavyBall()),
    "Nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}, optimizers.Nesterov()),
    "Adam": (torch.optim.Adam, {"betas": (0.8, 0.95)}, optimizers.Adam(0.8, 0.95)),
    "AdamW": (torch.optim.AdamW, {}, optimizers.Adam(decoupled=True)),
}


@pytest.mark.parametrize("name", OWN)
def test_torch_has_the_other_outer_rules(name: str) -> None:
    """As bases of SAM, with weight decay."""
    kind, options, outer = OWN[name]
    model = perceptron()
    base = kind(model.parameters(), lr=0.01, weight_decay=0.1, **options)
    method = Method(probe=probes.SAM(), outer=outer)
    assert_same_walk(model, SAM(base, rho=0.1), method, Settings(0.01, 0.1, 0.9, 0.1), tolerance=1e-10)


def test_torch_has_muon_in_half_precision() -> None:
    """bfloat16 has eight bits, of which the iteration makes parts in a hundred. It takes matrices alone."""
    model, generator = nn.Linear(8, 6, bias=False).double(), torch.Generator().manual_seed(0)
    ground = NetworkLoss(model, torch.zeros(1, 8).double(), torch.zeros(1).long())
    ours, theirs = optimizers.Muon(), torch.optim.Muon(model.parameters(), lr=0.02, weight_decay=0.0)
    theta, kept = ground.initial, ours.start(ground.initial)
    for t in range(3):
        g = torch.randn(48, generator=generator, dtype=torch.float64)
        model.weight.grad = g.reshape(6, 8)
        theirs.step()
        theta, kept = ours.step(theta, g, kept, Settings(0.02), t, ground.layout)
        assert float((flat(model) - theta).norm()) < 0.03 * float((theta - ground.initial).norm())


def lion(model: nn.Module) -> Lion:
    return Lion(model.parameters(), lr=0.01, weight_decay=0.01)


MAKERS = {**{name: (lambda model, name=name: made(name, model, lr=0.02)) for name in CASES}, "Lion": lion}


@pytest.mark.parametrize("probing", [False, True])
@pytest.mark.parametrize("name", MAKERS)
def test_a_saved_run_continues_bit_by_bit(name: str, probing: bool) -> None:
    def start(model: nn.Module) -> tuple[Any, Any]:
        optimizer = MAKERS[name](model)
        optimizer = SAM(optimizer, rho=0.1, module=model) if probing else optimizer
        return optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8)

    def run(model: nn.Module, optimizer: Any, scheduler: Any, steps: range) -> None:
        for t in steps:
            optimizer.step(closure_of(model, *batch(t)))
            scheduler.step()

    whole = perceptron()
    run(whole, *start(whole), range(7))
    model = perceptron()
    optimizer, scheduler = start(model)
    run(model, optimizer, scheduler, range(3))
    kept = []
    for part in (model, optimizer, scheduler):
        file = io.BytesIO()
        torch.save(part.state_dict(), file)
        file.seek(0)
        kept.append(torch.load(file, weights_only=True))
    other = perceptron(seed=5)
    optimizer, scheduler = start(other)
    for part, state in zip((other, optimizer, scheduler), kept, strict=True):
        part.load_state_dict(state)
    run(other, optimizer, scheduler, range(3, 7))
    assert torch.equal(flat(other), flat(whole))


@pytest.mark.parametrize("name", MAKERS)
def test_groups_have_settings_of_their_own(name: str) -> None:
    """One U for both groups; a group whose η is 0 stays, and so does a frozen parameter."""
    model = perceptron()
    biases = [p for key, p in model.named_parameters() if key.endswith("bias")]
    weights = [p for key, p in model.named_parameters() if key.endswith("weight")]
    groups = [{"params": biases, "lr": 0.0}, {"params": weights}]
    if name == "Lion":
        optimizer: Any = Lion(groups, lr=0.01)
    else:
        kind, _, options = CASES[name]
        optimizer = kind(groups, lr=0.02, module=model, **options)
    before, moved = [b.detach().clone() for b in biases], flat(model)
    optimizer.step(closure_of(model, *batch()))
    assert all(torch.equal(a, b) for a, b in zip(before, biases, strict=True)) and not torch.equal(moved, flat(model))
    weights[0].requires_grad_(False)
    still, last = weights[0].detach().clone(), weights[1].detach().clone()
    for t in range(2):
        optimizer.step(closure_of(model, *batch(t)))
    assert torch.equal(weights[0], still) and not torch.equal(weights[1], last)
    weights[0].requires_grad_(True)
    optimizer.step(closure_of(model, *batch()))
    assert not torch.equal(weights[0], still)


@pytest.mark.parametrize("name", MAKERS)
def test_a_loss_that_is_not_a_number_changes_nothing(name: str) -> None:
    model = perceptron()
    optimizer = MAKERS[name](model)
    optimizer.step(closure_of(model, *batch()))
    before, state = flat(model), copy.deepcopy(optimizer.state_dict())

    def closure() -> Any:
        loss, outputs = closure_of(model, *batch())()
        return loss * float("nan"), outputs

    with pytest.raises(ValueError, match="the loss is nan: the step is refused"):
        optimizer.step(closure)
    assert torch.equal(flat(model), before)
    other = copy.deepcopy(model)
    again = MAKERS[name](other)
    again.load_state_dict(state)
    for one, network in ((optimizer, model), (again, other)):
        one.step(closure_of(network, *batch(3)))
    assert torch.equal(flat(model), flat(other)), "it goes on as if nothing had been asked"


def squared(model: nn.Module) -> Any:
    def closure() -> Any:
        outputs = model(batch()[0])
        return F.mse_loss(outputs, torch.zeros_like(outputs)), outputs

    return closure


def test_what_cannot_be_learned_from_is_refused_with_a_sentence() -> None:
    model = perceptron()
    with pytest.raises(ValueError, match="the exact Fisher matrix needs a cross-entropy over the last axis"):
        NaturalGradient(model.parameters(), module=model).step(squared(model))
    with pytest.raises(ValueError, match="K-FAC needs a cross-entropy over the last axis"):
        KFAC(model.parameters(), module=model).step(squared(model))
    with pytest.raises(ValueError, match="single examples need the outputs"):
        NaturalGradient(model.parameters()).step(lambda: closure_of(model, *batch())()[0])
    with pytest.raises(TypeError, match="module must be the network"):
        KFAC(model.parameters(), module=None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="damping must be at least 0"):
        NaturalGradient(model.parameters(), damping=-1.0)
    with pytest.raises(ValueError, match="beta2 must be at least 0 and below 1"):
        Lion(model.parameters(), betas=(0.9, 1.0))
    by_hand = NaturalGradient(model.parameters(), module=model)
    closure_of(model, *batch())()[0].backward()
    with pytest.raises(ValueError, match="a refresh is due before step 0"):
        by_hand.step()


def test_a_state_of_another_optimiser_or_network_is_refused() -> None:
    small, model = perceptron(), convolutional()
    kfac, ngd = KFAC(small.parameters(), module=small), NaturalGradient(small.parameters(), module=small)
    kfac.step(closure_of(small, *batch()))
    ngd.step(closure_of(small, *batch()))
    with pytest.raises(ValueError, match="not the state of an optimiser with NGD"):
        ngd.load_state_dict(kfac.state_dict())
    for kind, state in ((KFAC, kfac.state_dict()), (NaturalGradient, ngd.state_dict())):
        with pytest.raises(ValueError, match="U of other parameters"):
            kind(model.parameters(), module=model).load_state_dict(state)


def test_an_empirical_fisher_matrix_takes_any_loss() -> None:
    model = perceptron()
    optimizer = NaturalGradient(model.parameters(), lr=0.02, module=model, fisher="empirical", damping=1.0)
    losses = [float(optimizer.step(squared(model))) for _ in range(8)]
    assert losses[-1] < losses[0]
