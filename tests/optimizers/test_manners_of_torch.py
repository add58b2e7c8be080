"""LLQR and SAM behave as torch.optim's do: schedulers, frozen and unused parameters, closures, statistics."""

from __future__ import annotations

import copy
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler, swa_utils

from optimizers import FSAM, PastFSAM
from optimizers.torch_optim import LLQR, SAM
from tests.optimizers.small_training import FAST, MAKERS, batch, closure_of, flat, normalised, one_thread, perceptron


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    with one_thread():
        yield


SCHEDULERS = {
    "one cycle": lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=9),
    "cycle": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=3),
    "plateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0),
    "one after the other": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o), lr_scheduler.CosineAnnealingLR(o, 4)], milestones=[3]
    ),
    "averaged": lambda o: swa_utils.SWALR(o, swa_lr=0.05),
    "chained": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
}
BASES = {
    "NAdam": lambda p: torch.optim.NAdam(p, lr=0.01),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5),
    "LLQR": lambda p: LLQR(p, lr=0.01, **FAST),
}


@pytest.mark.parametrize("scheduler", list(SCHEDULERS))
@pytest.mark.parametrize("base", list(BASES))
def test_schedulers_do_to_sam_what_they_do_to_its_base(scheduler, base):
    """Learning rates, momenta and betas over nine steps are those that the base alone would have had."""
    alone, model = perceptron(), perceptron()
    plain = BASES[base](alone.parameters())
    sam = SAM(BASES[base](model.parameters()))
    schedules = SCHEDULERS[scheduler](plain), SCHEDULERS[scheduler](sam)
    for t in range(8):
        for optimizer, network, schedule in ((plain, alone, schedules[0]), (sam, model, schedules[1])):
            loss, _ = closure_of(network, *batch(t))()
            if isinstance(optimizer, torch.optim.Optimizer) and not isinstance(optimizer, LLQR | SAM):
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            else:
                optimizer.step(closure_of(network, *batch(t)))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                schedule.step(*([1.0] if scheduler == "plateau" else []))
        groups = [{k: v for k, v in o.param_groups[0].items() if k not in ("params", "rho")} for o in (plain, sam)]
        assert groups[0] == groups[1]
    assert sam.param_groups[0]["rho"] == 0.05


class Branches(nn.Module):
    """A body, a head that is used, one that is used every second time, and a table."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head, self.other = nn.Linear(4, 5), nn.Linear(5, 3), nn.Linear(5, 3)
        self.scale = nn.Parameter(torch.ones(5))
        self.turn = 0
        self.double()

    def forward(self, x):
        self.turn += 1
        hidden = torch.tanh(self.body(x)) * self.scale
        return self.head(hidden) + (self.other(hidden) if self.turn % 2 else 0)


def rule_of(model, name):
    return {
        "SAM": lambda: SAM(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)),
        "FSAM of Adam": lambda: SAM(torch.optim.Adam(model.parameters(), lr=0.1), probe=FSAM()),
        "LLQR": lambda: LLQR(model.parameters(), lr=0.1, weight_decay=0.1, module=model, **FAST),
        "LLQR without module": lambda: LLQR(model.parameters(), lr=0.1, **FAST),
        "SAM of LLQR": lambda: SAM(LLQR(model.parameters(), lr=0.1, structure="kfac", module=model, **FAST)),
    }[name]()


NAMES = ["SAM", "FSAM of Adam", "LLQR", "LLQR without module", "SAM of LLQR"]


@pytest.mark.parametrize("name", NAMES)
def test_frozen_parameters_stay_and_freed_ones_move(name):
    """Frozen before, frozen on the way, freed on the way: moves exactly what asks for a gradient."""
    model = Branches()
    model.body.requires_grad_(False)
    optimizer = rule_of(model, name)

    def moved() -> set[str]:
        before = {n: p.detach().clone() for n, p in model.named_parameters()}
        model.turn = 2  # the other head is used in one pass of two
        optimizer.step(closure_of(model, *batch()))
        return {n.split(".")[0] for n, p in model.named_parameters() if not torch.equal(before[n], p)}

    assert "body" not in moved() and "head" in moved()
    model.scale.requires_grad_(False)
    assert "scale" not in moved()
    model.body.requires_grad_(True)
    assert {"body", "head"} <= moved()
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_what_a_pass_does_not_use_is_left_as_it_is(name):
    """No decay, no momentum for it: as torch.optim leaves a parameter whose gradient is None."""
    model = Branches()
    unused = nn.Linear(3, 3).double()
    model.add_module("unused", unused)
    before = copy.deepcopy(unused.state_dict())
    optimizer = rule_of(model, name)
    for t in range(3):
        optimizer.step(closure_of(model, *batch(t)))
    assert all(torch.equal(before[key], value) for key, value in unused.state_dict().items())


def test_unused_parameters_change_nothing_for_the_others():
    alone, model = perceptron(), perceptron()
    idle = nn.Parameter(torch.ones(3).double())
    one = SAM(torch.optim.SGD(alone.parameters(), lr=0.1))
    two = SAM(torch.optim.SGD([*model.parameters(), idle], lr=0.1))
    for t in range(3):
        one.step(closure_of(alone, *batch(t)))
        two.step(closure_of(model, *batch(t)))
    torch.testing.assert_close(flat(model), flat(alone), rtol=1e-13, atol=0)


def test_sam_looks_downhill_where_its_base_climbs():
    down, up = perceptron(), perceptron()
    one = SAM(torch.optim.SGD(down.parameters(), lr=0.1), rho=0.2)
    two = SAM(torch.optim.SGD(up.parameters(), lr=0.1, maximize=True), rho=0.2)
    for t in range(3):
        one.step(lambda t=t: F.cross_entropy(down(batch(t)[0]), batch(t)[1]))
        two.step(lambda t=t: -F.cross_entropy(up(batch(t)[0]), batch(t)[1]))
    torch.testing.assert_close(flat(up), flat(down), rtol=1e-13, atol=0)


def torch_closure(optimizer, model, x, y, clip=None, form="loss"):
    """What torch's documentation and Lightning call a closure: it clears, goes back, and returns the loss."""

    def closure():
        optimizer.zero_grad()
        scores = model(x)
        loss = F.cross_entropy(scores, y)
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        return {"loss": loss, "number": loss.item(), "detached": loss.detach(), "pair": (loss, scores)}[form]

    return closure


@pytest.mark.parametrize("name", ["LLQR", "SAM of LLQR", "SAM of Adam"])
@pytest.mark.parametrize("form", ["loss", "number", "detached", "pair"])
def test_closures_that_call_backward_make_the_same_steps(name, form):
    ours, theirs = normalised(), normalised()
    one, two = MAKERS[name](ours), MAKERS[name](theirs)
    for t in range(4):
        loss = one.step(closure_of(ours, *batch(t)))
        other = two.step(torch_closure(two, theirs, *batch(t), form=form))
        assert float(other) == pytest.approx(float(loss), rel=1e-12)
    assert torch.equal(flat(ours), flat(theirs))
    assert all(torch.equal(b, c) for b, c in zip(ours.buffers(), theirs.buffers(), strict=True))


def test_a_closure_that_adds_up_parts_makes_the_step_of_the_whole():
    """Accumulation inside a closure: a refresh adds up what backward() is called on, and so does the step."""
    whole, parts = perceptron(), perceptron()
    settings = {"structure": "kfac", "metric": "newton", **FAST}
    one = SAM(LLQR(whole.parameters(), module=whole, **settings), rho=0.1)
    two = SAM(LLQR(parts.parameters(), module=parts, **settings), rho=0.1)
    for t in range(4):
        x, y = batch(t)

        def closure(x=x, y=y):
            two.zero_grad()
            total = 0.0
            for rows in (slice(0, 4), slice(4, None)):
                loss = F.cross_entropy(parts(x[rows]), y[rows], reduction="sum") / len(y)
                loss.backward()
                total += loss.detach()
            return total

        one.step(closure_of(whole, x, y))
        two.step(closure)
    torch.testing.assert_close(flat(parts), flat(whole), rtol=1e-10, atol=1e-12)


def test_gradients_clipped_in_the_closure_are_what_the_step_takes():
    model = perceptron()
    before, optimizer = flat(model), SAM(torch.optim.SGD(model.parameters(), lr=1.0), rho=0.1)
    optimizer.step(torch_closure(optimizer, model, *batch(), clip=1e-3))
    assert float((flat(model) - before).norm()) == pytest.approx(1e-3, rel=1e-4)


def test_a_refresh_leaves_gradients_and_the_closures_backward_alone():
    model = normalised()
    optimizer = LLQR(model.parameters(), module=model, **FAST)
    F.cross_entropy(model(batch()[0]), batch()[1]).backward()
    kept = [p.grad.clone() for p in model.parameters()]
    buffers = [b.clone() for b in model.buffers()]
    optimizer.refresh(torch_closure(optimizer, model, *batch(2)))
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), kept, strict=True))
    assert all(torch.equal(b, c) for b, c in zip(model.buffers(), buffers, strict=True))


class Counting(nn.Module):
    """Statistics in every form: a buffer assigned, one that begins as None, one in place, a number, a plain tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 3).double()
        self.register_buffer("assigned", torch.zeros(()))
        self.register_buffer("late", None)
        self.register_buffer("in_place", torch.zeros(2))
        self.passes, self.average = 0, torch.zeros(3).double()

    def forward(self, x):
        scores = self.inner(x)
        if self.training:
            self.assigned = self.assigned + 1
            self.late = torch.ones(3) if self.late is None else self.late + 1
            self.in_place += 1
            self.passes += 1
            self.average = 0.9 * self.average + 0.1 * scores.detach().mean(0)
        return scores

    def counts(self) -> list[float]:
        late = 0.0 if self.late is None else float(self.late[0])
        return [float(self.assigned), late, float(self.in_place[0]), float(self.passes)]


@pytest.mark.parametrize("probe", [None, FSAM(), PastFSAM()])
def test_a_step_counts_its_statistics_once_in_every_form(probe):
    model = Counting()
    optimizer = SAM(torch.optim.SGD(model.parameters(), lr=0.1), probe=probe, module=model)
    for t in range(3):
        optimizer.step(closure_of(model, *batch(t)))
        assert model.counts() == [t + 1.0] * 4
    kept = model.average.clone()
    with pytest.raises(ValueError, match="the loss is nan"):
        optimizer.step(lambda: F.cross_entropy(model(batch()[0]), batch()[1]) * float("nan"))
    assert model.counts() == [3.0] * 4 and torch.equal(model.average, kept)


@pytest.mark.parametrize("make", [normalised, Counting])
@pytest.mark.parametrize("cleared", ["before", "after", "by the module"])
def test_by_hand_statistics_are_counted_once_as_well(make, cleared):
    torch.manual_seed(0)
    model = make()
    by_closure = copy.deepcopy(model)
    one = SAM(torch.optim.SGD(by_closure.parameters(), lr=0.1), rho=0.2, module=by_closure)
    two = SAM(torch.optim.SGD(model.parameters(), lr=0.1), rho=0.2, module=model)
    clear = model.zero_grad if cleared == "by the module" else two.zero_grad
    for t in range(3):
        one.step(closure_of(by_closure, *batch(t)))
        x, y = batch(t)
        for pass_ in range(2):
            if cleared != "after" or pass_ == 1:
                clear()
            for rows in (slice(0, 6), slice(6, None)):  # two parts: what by hand is for
                (F.cross_entropy(model(x[rows]), y[rows]) / 2).backward()
            if pass_ == 0:
                two.probe()
        two.step()
        if cleared == "after":
            clear()
    counted = float(model[1].num_batches_tracked) if make is normalised else model.counts()[0]
    assert counted == 6, "two parts in each of three steps"


def test_by_hand_and_by_closure_leave_the_same_statistics():
    model = normalised()
    by_closure = copy.deepcopy(model)
    one = SAM(torch.optim.SGD(by_closure.parameters(), lr=0.1), rho=0.2, module=by_closure)
    two = SAM(torch.optim.SGD(model.parameters(), lr=0.1), rho=0.2, module=model)
    for t in range(3):
        one.step(closure_of(by_closure, *batch(t)))
        two.zero_grad()
        closure_of(model, *batch(t))()[0].backward()
        two.probe()
        two.zero_grad()
        closure_of(model, *batch(t))()[0].backward()
        two.step()
    assert all(torch.equal(b, c) for b, c in zip(model.buffers(), by_closure.buffers(), strict=True))
    assert torch.equal(flat(model), flat(by_closure))
