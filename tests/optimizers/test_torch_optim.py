"""LLQR and SAM as torch optimisers: the numbers of the composed rule, and a good neighbour in a training loop."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from torch.nn import functional as F

from optimizers import ASAM, FSAM, FisherSAM, Method, PastFSAM, probes
from optimizers import LLQR as Rule
from optimizers.preconditioners import Identity
from optimizers.rule import Settings
from optimizers.torch_optim import LLQR, SAM
from tests.optimizers.small_training import (
    EXAMPLES,
    FAST,
    MAKERS,
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


@pytest.mark.parametrize("structure", ["dense", "diagonal", "scalar", "kfac", "e-kfac"])
@pytest.mark.parametrize("metric", ["newton", "ngd", "ngd-mean"])
@pytest.mark.parametrize("probing", [False, True])
def test_equals_the_composed_rule_step_by_step(structure, metric, probing):
    model = perceptron()
    method = Method(
        probe=probes.SAM() if probing else probes.NoProbe(),
        preconditioner=Rule.for_networks(structure=structure, metric=metric, **FAST),
    )
    optimizer = LLQR(model.parameters(), 0.05, 0.9, 1e-3, module=model, structure=structure, metric=metric, **FAST)
    assert_same_walk(model, SAM(optimizer, rho=0.1) if probing else optimizer, method, Settings(0.05, 0.1, 0.9, 1e-3))


@pytest.mark.parametrize(
    "probe",
    [
        probes.SAM(along="gradient", start_step=3),
        probes.SAM(norm="layer-euclidean"),
        FSAM(),
        PastFSAM(),
        PastFSAM(start_step=2),
        ASAM(),
    ],
    ids=str,
)
def test_every_probe_composes_with_it(probe):
    model = perceptron()
    method = Method(probe=probe, preconditioner=Rule.for_networks(**FAST))
    optimizer = SAM(LLQR(model.parameters(), module=model, **FAST), rho=0.1, probe=probe)
    assert_same_walk(model, optimizer, method, Settings(0.05, 0.1, 0.9))


@pytest.mark.parametrize("probe", [probes.SAM(), FisherSAM()], ids=str)
def test_sam_of_plain_sgd_is_the_rule_without_u(probe):
    model = perceptron()
    base = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    method = Method(probe=probe, preconditioner=Identity())
    assert_same_walk(model, SAM(base, rho=0.2, probe=probe, module=model), method, Settings(0.05, 0.2, 0.9))


@pytest.mark.parametrize("probing", [False, True])
def test_running_statistics_are_those_of_the_pass_at_the_probe(probing):
    model = normalised()
    probe = probes.SAM() if probing else probes.NoProbe()
    method = Method(probe=probe, preconditioner=Rule.for_networks(**FAST))
    optimizer = LLQR(model.parameters(), module=model, **FAST)
    assert_same_walk(model, SAM(optimizer, rho=0.1) if probing else optimizer, method, Settings(0.05, 0.1, 0.9))
    assert all(part.training for part in model.modules()), "a refresh must leave the mode as it was"


def test_groups_may_have_any_order_and_settings_of_their_own():
    """Biases first, with another rate, momentum and decay: the same U as for the module in its own order."""
    together, apart = perceptron(), perceptron()
    biases = [p for name, p in apart.named_parameters() if name.endswith("bias")]
    weights = [p for name, p in apart.named_parameters() if name.endswith("weight")]
    first = LLQR(together.parameters(), 0.05, module=together, structure="dense", **FAST)
    second = LLQR([{"params": biases}, {"params": weights}], 0.05, module=apart, structure="dense", **FAST)
    for t in range(4):
        first.step(closure_of(together, *batch(t)))
        second.step(closure_of(apart, *batch(t)))
    torch.testing.assert_close(flat(together), flat(apart), rtol=0, atol=0)

    frozen = perceptron()
    biases = [p for name, p in frozen.named_parameters() if name.endswith("bias")]
    before = [b.detach().clone() for b in biases]
    weights = [p for name, p in frozen.named_parameters() if name.endswith("weight")]
    optimizer = LLQR([{"params": biases, "lr": 0.0}, {"params": weights}], 0.05, module=frozen, **FAST)
    start = flat(frozen)
    optimizer.step(closure_of(frozen, *batch()))
    assert all(torch.equal(a, b) for a, b in zip(before, biases, strict=True))
    assert not torch.equal(start, flat(frozen))


@pytest.mark.parametrize("probe", [None, probes.SAM(along="direction"), FSAM()])
def test_different_radii_scale_the_blocks_of_one_direction(probe):
    """By the short way of plain SAM, and by that of every other probe."""
    model = perceptron()
    first, second = list(model[0].parameters()), list(model[2].parameters())
    base = torch.optim.SGD([{"params": first, "rho": 0.3}, {"params": second}], lr=0.1)
    optimizer = SAM(base, rho=0.1, probe=probe)
    theta = flat(model)
    F.cross_entropy(model(batch()[0]), batch()[1]).backward()
    g = torch.cat([p.grad.reshape(-1) for p in model.parameters()])
    optimizer.probe()
    size = sum(p.numel() for p in first)
    radii = torch.tensor([0.3] * size + [0.1] * (len(g) - size), dtype=torch.float64)
    torch.testing.assert_close(flat(model) - theta, g / g.norm() * radii, rtol=1e-9, atol=1e-12)
    optimizer.restore()
    assert torch.equal(flat(model), theta), "back to θ to the last bit"


@pytest.mark.parametrize("probe", [None, FSAM()])
@pytest.mark.parametrize("base", ["SGD", "LLQR"])
def test_a_group_that_is_added_later_is_stepped_like_one_from_the_start(base, probe):
    """And with the radius that it brings along, or the common one; what the probe remembers begins anew."""
    models = perceptron(), perceptron()
    optimizers = []
    for model, later in zip(models, (True, False), strict=True):
        first, second = ({"params": list(model[k].parameters())} for k in (0, 2))
        groups = [first] if later else [first, second | {"rho": 0.02}]
        inner = LLQR(groups, 0.1, **FAST) if base == "LLQR" else torch.optim.SGD(groups, 0.1)
        optimizer = SAM(inner, rho=0.3, probe=probe)
        if later:
            if base == "SGD":  # a step without the other layer leaves a memory of the wrong size, if it is kept
                kept = copy.deepcopy(model.state_dict())
                optimizer.step(closure_of(model, *batch()))
                model.load_state_dict(kept)
                optimizer.base.state.clear()
            optimizer.add_param_group(second | {"rho": 0.02})
        optimizers.append(optimizer)
    assert [[group["rho"] for group in optimizer.param_groups] for optimizer in optimizers] == [[0.3, 0.02]] * 2
    for t in range(4):
        for model, optimizer in zip(models, optimizers, strict=True):
            optimizer.step(closure_of(model, *batch(t)))
    torch.testing.assert_close(flat(models[0]), flat(models[1]), rtol=0, atol=0)
    with pytest.raises(ValueError, match="rho must be at least 0"):
        optimizers[0].add_param_group({"params": [torch.nn.Parameter(torch.ones(1).double())], "rho": -1.0})
    assert len(optimizers[0].param_groups) == 2


def saved_and_loaded(state: dict) -> dict:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("pause", [3, 4], ids=["between refreshes", "before a refresh"])
def test_a_saved_run_continues_bit_by_bit(name, pause):
    def run(model, optimizer, scheduler, steps):
        for t in steps:
            optimizer.step(closure_of(model, *batch(t)))
            scheduler.step()

    def made(model):
        optimizer = MAKERS[name](model)
        return optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8)

    whole = perceptron(dtype=torch.float32).double()
    run(whole, *made(whole), range(8))
    model = perceptron(dtype=torch.float32).double()
    optimizer, scheduler = made(model)
    run(model, optimizer, scheduler, range(pause))
    kept = [saved_and_loaded(part.state_dict()) for part in (model, optimizer, scheduler)]
    other = perceptron(seed=5)
    optimizer, scheduler = made(other)
    for part, state in zip((other, optimizer, scheduler), kept, strict=True):
        part.load_state_dict(state)
    run(other, optimizer, scheduler, range(pause, 8))
    assert torch.equal(flat(other), flat(whole))


def test_a_copy_of_an_optimiser_works_by_itself():
    model = perceptron()
    optimizer = SAM(LLQR(model.parameters(), module=model, **FAST), rho=0.1)
    optimizer.step(closure_of(model, *batch(0)))
    model_copy, optimizer_copy = copy.deepcopy((model, optimizer))
    optimizer.step(closure_of(model, *batch(1)))
    optimizer_copy.step(closure_of(model_copy, *batch(1)))
    assert torch.equal(flat(model), flat(model_copy))


def test_steps_by_hand_with_accumulated_gradients_equal_the_whole_batch():
    """Two halves of the batch, each half its share of the loss; the refresh sees the whole batch."""
    model, other = perceptron(), perceptron()
    inner = LLQR(other.parameters(), module=other, **FAST)
    whole, by_hand = SAM(LLQR(model.parameters(), module=model, **FAST), rho=0.1), SAM(inner, rho=0.1)

    def accumulate(x, y):
        by_hand.zero_grad()
        for part in (slice(None, EXAMPLES // 2), slice(EXAMPLES // 2, None)):
            (F.cross_entropy(other(x[part]), y[part]) / 2).backward()

    for t in range(5):
        x, y = batch(t)
        whole.step(closure_of(model, x, y))
        if inner.refresh_due:
            inner.refresh(closure_of(other, x, y))
        accumulate(x, y)
        by_hand.probe()
        accumulate(x, y)
        by_hand.step()
    torch.testing.assert_close(flat(model), flat(other), rtol=1e-12, atol=1e-14)


def test_schedulers_change_the_rate_of_the_shared_groups():
    model = perceptron()
    base = LLQR(model.parameters(), lr=0.08, module=model, **FAST)
    optimizer = SAM(base, rho=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    optimizer.step(closure_of(model, *batch()))
    scheduler.step()
    assert base.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"] == 0.04


def test_bfloat16_autocast_keeps_parameters_and_u_in_float32():
    model = perceptron(dtype=torch.float32)
    x, y = batch(dtype=torch.float32)
    optimizer = SAM(LLQR(model.parameters(), module=model, **FAST), rho=0.05)

    def closure():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = model(x)
            return F.cross_entropy(outputs, y), outputs

    losses = [float(optimizer.step(closure)) for _ in range(30)]
    assert closure()[1].dtype == torch.bfloat16
    assert losses[-1] < 0.8 * losses[0]
    assert all(p.dtype == torch.float32 for p in model.parameters())
    leaves = optimizer.state_dict()["preconditioner"]["leaves"]
    assert all(leaf.dtype == torch.float32 for leaf in leaves.values())


def test_a_gradient_scaler_changes_nothing_but_skips_what_overflows():
    """A scale that is a power of two is exact, so scaled and plain steps are the same to the last bit."""
    model, other = perceptron(dtype=torch.float32), perceptron(dtype=torch.float32)
    whole = SAM(LLQR(model.parameters(), module=model, **FAST), rho=0.1, probe=FSAM())
    inner = LLQR(other.parameters(), module=other, **FAST)
    by_hand = SAM(inner, rho=0.1, probe=FSAM())
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    x, y = batch(dtype=torch.float32)

    def step(factor=1.0):
        if inner.refresh_due:
            inner.refresh(closure_of(other, x, y))
        by_hand.zero_grad()
        scaler.scale(F.cross_entropy(other(x), y)).backward()
        by_hand.probe(scaler)
        by_hand.zero_grad()
        scaler.scale(F.cross_entropy(other(x), y) * factor).backward()
        scaler.step(by_hand)
        by_hand.restore()
        scaler.update(2.0 * scaler.get_scale())  # what FSAM remembers must not be in units of the scale

    for _ in range(4):
        whole.step(closure_of(model, x, y))
        step()
    assert torch.equal(flat(model), flat(other))
    before = flat(other)
    step(float("inf"))
    assert torch.equal(before, flat(other)), "skipped, and back at θ"
    assert by_hand.state_dict()["sam"]["index"] == 4
