"""torch_optim.SAM with the probes and mixes of the literature: the composed rule, step by step, and its manners."""

from __future__ import annotations

import copy

import pytest
import torch

from geometry.networks import NetworkLoss
from optimizers import GNP, GSAM, SAM, SAMON, SSAMD, SSAMF, WSAM, LookSAM, Method, NoMix, PastFSAM, VaSSO
from optimizers.rule import Settings, begin, descent_step
from optimizers.torch_optim import SAM as TorchSAM
from tests.optimizers.small_training import assert_same_walk, batch, closure_of, flat, normalised, perceptron

CASES = {
    "SAM": (SAM(), NoMix()),
    "GNP": (SAM(), GNP()),
    "GNP as released": (SAM(), GNP(as_released=True)),
    "GSAM": (SAM(), GSAM()),
    "WSAM": (SAM(), WSAM(0.7)),
    "WSAM coupled": (SAM(), WSAM(0.7, decoupled=False)),
    "LookSAM": (SAM(every=3), LookSAM()),
    "VaSSO": (VaSSO(theta=0.4), NoMix()),
    "SSAM-D": (SSAMD(0.5, 2, horizon=20), NoMix()),
    "SAM-ON": (SAMON(("0",)), NoMix()),
    "GNP of past FSAM": (PastFSAM(), GNP(0.5)),
}
STEPS = 8


def optimiser_for(model, name, lr=0.05):
    probe, mix = CASES[name]
    base = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    return TorchSAM(base, rho=0.1, probe=probe, mix=mix, module=model)


@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_it_is_the_composed_rule(name, by_hand):
    model, (x, y) = perceptron(), batch()
    objective = NetworkLoss(model, x, y)
    method, settings = Method(probe=CASES[name][0], mix=CASES[name][1]), Settings(0.05, 0.1)
    state = begin(objective, method, objective.initial)
    optimiser, closure = optimiser_for(model, name), closure_of(model, x, y)
    for _ in range(STEPS):
        state, _ = descent_step(objective, method, settings, state)
        if by_hand:
            optimiser.zero_grad()
            closure()[0].backward()
            optimiser.probe()
            optimiser.zero_grad()
            closure()[0].backward()
            optimiser.step()
        else:
            optimiser.step(closure)
        torch.testing.assert_close(flat(model), state.position, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_a_saved_state_goes_on_to_the_same_bits(name):
    model, (x, y) = perceptron(), batch()
    optimiser = optimiser_for(model, name)
    for _ in range(4):
        optimiser.step(closure_of(model, x, y))
    other = copy.deepcopy(model)
    again = optimiser_for(other, name)
    again.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for _ in range(4):
        optimiser.step(closure_of(model, x, y))
        again.step(closure_of(other, x, y))
    assert torch.equal(flat(model), flat(other))


def test_a_scheduler_and_groups_of_their_own():
    """What WSAM does past the base goes by each group's own learning rate, as the scheduler sets it."""
    model, (x, y) = perceptron(), batch()
    first, second = list(model[0].parameters()), list(model[2].parameters())
    base = torch.optim.SGD([{"params": first, "lr": 0.1}, {"params": second, "lr": 0.0}])
    optimiser = TorchSAM(base, rho=0.1, mix=WSAM(0.7), module=model)
    scheduler = torch.optim.lr_scheduler.StepLR(optimiser, 1, gamma=0.0)
    before = flat(model)
    optimiser.step(closure_of(model, x, y))
    after = flat(model)
    assert not torch.equal(before[:30], after[:30]) and torch.equal(before[30:], after[30:])
    scheduler.step()
    optimiser.step(closure_of(model, x, y))
    assert torch.equal(flat(model), after)


def test_a_maximised_loss_is_mixed_with_its_own_sign():
    model, (x, y) = perceptron(), batch()
    mirrored = copy.deepcopy(model)
    up = torch.optim.SGD(mirrored.parameters(), lr=0.05, maximize=True)
    one = TorchSAM(torch.optim.SGD(model.parameters(), lr=0.05), rho=0.1, mix=WSAM(0.7))
    two = TorchSAM(up, rho=0.1, mix=WSAM(0.7))
    for _ in range(3):
        one.step(closure_of(model, x, y))
        two.step(lambda: -closure_of(mirrored, x, y)()[0])
    torch.testing.assert_close(flat(mirrored), flat(model), rtol=1e-10, atol=1e-12)


def test_running_statistics_are_those_of_the_pass_at_the_probe():
    model, (x, y) = normalised(), batch()
    optimiser = TorchSAM(torch.optim.SGD(model.parameters(), lr=0.05), rho=0.1, mix=GNP(), module=model)
    optimiser.step(closure_of(model, x, y))
    assert int(model[1].num_batches_tracked) == 1


@pytest.mark.parametrize("as_released", [False, True])
@pytest.mark.parametrize("make", [perceptron, normalised])
def test_a_mask_by_single_examples(make, as_released):
    """Batches of their own for each step, so that the mask is that of the step's batch; in a norm's eval mode."""
    model, probe = make(), SSAMF(0.5, 3, as_released=as_released)
    base = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    assert_same_walk(
        model, TorchSAM(base, rho=0.1, probe=probe, module=model), Method(probe=probe), Settings(0.05, 0.1)
    )


def test_a_mask_by_single_examples_goes_on_to_the_same_bits():
    model = perceptron()

    def made(network):
        base = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
        return TorchSAM(base, rho=0.1, probe=SSAMF(0.5, 3), module=network)

    optimiser = made(model)
    for t in range(4):
        optimiser.step(closure_of(model, *batch(t)))
    other = copy.deepcopy(model)
    again = made(other)
    again.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for t in range(4, 8):
        optimiser.step(closure_of(model, *batch(t)))
        again.step(closure_of(other, *batch(t)))
    assert torch.equal(flat(model), flat(other))


def test_a_mask_by_single_examples_is_refused_by_hand():
    model, (x, y) = perceptron(), batch()
    optimiser = TorchSAM(torch.optim.SGD(model.parameters(), lr=0.05), rho=0.1, probe=SSAMF())
    closure_of(model, x, y)()[0].backward()
    before = flat(model)
    with pytest.raises(ValueError, match="SSAM-F needs the gradients of single examples: make the whole step with"):
        optimiser.probe()
    assert torch.equal(flat(model), before)
    with pytest.raises(ValueError, match="single examples need the outputs"):
        optimiser.step(lambda: closure_of(model, x, y)()[0])
