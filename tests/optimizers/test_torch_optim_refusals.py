"""What the torch optimisers refuse, and that a refused step leaves everything as it was."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from optimizers import FSAM, SSAMD, FisherSAM, LookSAM, PastFSAM, VaSSO
from optimizers import SAM as RuleOfSAM
from optimizers.torch_optim import KFAC, LLQR, SAM, Lion, NaturalGradient, Shampoo
from tests.optimizers.small_training import FAST, MAKERS, batch, closure_of, flat, normalised, one_thread, perceptron


def sharded() -> nn.Parameter:
    """A parameter with what torch's DTensor has where it is sharded over processes."""
    parameter = nn.Parameter(torch.ones(1))
    parameter.placements = ()
    return parameter


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    with one_thread():
        yield


def snapshot(model, optimizer):
    return copy.deepcopy((model.state_dict(), optimizer.state_dict()))


def same(a, b) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


@pytest.mark.parametrize("name", ["LLQR", "SAM of LLQR", "SAM of Adam"])
@pytest.mark.parametrize("bad_call", [0, 1, 2])
def test_a_loss_that_is_not_a_number_refuses_the_step_and_keeps_the_state(name, bad_call):
    model = normalised()
    optimizer = MAKERS[name](model)
    for t in range(2):
        optimizer.step(closure_of(model, *batch(t)))
    before = snapshot(model, optimizer)
    calls = iter(range(10))

    def closure():
        loss, outputs = closure_of(model, *batch())()
        return loss * (float("nan") if next(calls) == bad_call else 1.0), outputs

    passes = 1 + isinstance(optimizer, SAM) + ("LLQR" in name)  # the refresh at step 2 is one
    if bad_call >= passes:
        optimizer.step(closure)
        assert not same(before, snapshot(model, optimizer))
        return
    with pytest.raises(ValueError, match="the loss is nan: the step is refused"):
        optimizer.step(closure)
    assert same(before, snapshot(model, optimizer)), "running statistics, too"
    optimizer.step(closure_of(model, *batch()))
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())


def test_a_gradient_that_is_not_finite_is_refused_in_steps_by_hand():
    model = perceptron()
    optimizer = LLQR(model.parameters(), module=model, **FAST)
    optimizer.refresh(closure_of(model, *batch()))
    (F.cross_entropy(model(batch()[0]), batch()[1]) * float("inf")).backward()
    before = snapshot(model, optimizer)
    with pytest.raises(ValueError, match="gradient is not finite"):
        optimizer.step()
    with pytest.raises(ValueError, match="gradient is not finite: the probe is refused"):
        SAM(optimizer).probe()
    assert same(before[0], model.state_dict()) and optimizer.state_dict()["preconditioner"]["index"] == 0


def test_a_loss_that_depends_on_no_parameter_is_refused():
    model, other = perceptron(), perceptron()
    optimizer = LLQR(model.parameters(), metric="newton", **{k: v for k, v in FAST.items() if k != "metric"})
    optimizer._refreshed = True
    before = snapshot(model, optimizer)
    with pytest.raises(ValueError, match="no parameter has a gradient"):
        optimizer.step(closure_of(other, *batch()))
    assert same(before, snapshot(model, optimizer))


def test_the_order_of_steps_by_hand_is_watched():
    model = perceptron()
    base = LLQR(model.parameters(), module=model, **FAST)
    optimizer = SAM(base)
    F.cross_entropy(model(batch()[0]), batch()[1]).backward()
    with pytest.raises(ValueError, match="a refresh is due before step 0"):
        base.step()
    base.refresh(closure_of(model, *batch()))
    assert not base.refresh_due
    with pytest.raises(ValueError, match=r"needs probe\(\)"):
        optimizer.step()
    optimizer.probe()
    with pytest.raises(ValueError, match="at θ \\+ ε"):
        optimizer.state_dict()
    optimizer.step()


def test_closures_that_cannot_serve_are_told_why():
    model = perceptron()
    optimizer = LLQR(model.parameters(), **FAST)
    x, y = batch()

    def backward():
        loss = F.cross_entropy(model(x), y)
        torch.autograd.backward(loss)
        return loss

    for closure, message in [
        (lambda: F.cross_entropy(model(x), y), 'the metric "ngd" needs the class scores'),
        (lambda: (F.cross_entropy(model(x), y).detach(), None), "has no gradient"),
        (backward, r"must call backward\(\) on its loss"),
        (lambda: (F.cross_entropy(model(x), y), model(x)), "does not depend on its outputs"),
    ]:
        with pytest.raises(ValueError, match=message):
            optimizer.step(closure)
    with pytest.raises(TypeError, match="the closure must return the loss"):
        optimizer.step(lambda: 1.5)


WEIGHT = [nn.Parameter(torch.ones(2, 2))]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LLQR(WEIGHT, lr=-0.1), ValueError, "lr must be at least 0"),
        (lambda: LLQR(WEIGHT, lr=float("nan")), ValueError, "lr must be at least 0"),
        (lambda: LLQR(WEIGHT, lr="fast"), TypeError, "lr must be a number"),
        (lambda: LLQR(WEIGHT, momentum=1.0), ValueError, "momentum must be at least 0 and below 1"),
        (lambda: LLQR(WEIGHT, weight_decay=-1), ValueError, "weight_decay must be at least 0"),
        (lambda: LLQR([{"params": WEIGHT, "lr": -1}]), ValueError, "lr must be at least 0"),
        (lambda: LLQR([{"params": WEIGHT, "structure": "kfac"}]), ValueError, "structure is one for all parameters"),
        (lambda: LLQR(WEIGHT, structure="full"), ValueError, "unknown structure 'full'; choose one of dense"),
        (lambda: LLQR(WEIGHT, metric="fisher"), ValueError, "metric must be one of newton"),
        (lambda: LLQR(WEIGHT, dampening=0.1), TypeError, "unknown option 'dampening'; LLQR takes structure, "),
        (lambda: LLQR([]), ValueError, "empty parameter list"),
        (lambda: LLQR([torch.ones(2)]), ValueError, "none of the parameters asks for a gradient"),
        (lambda: LLQR([nn.Parameter(torch.ones(0))]), ValueError, "is empty"),
        (lambda: LLQR([nn.Parameter(torch.ones(1) + 1j)]), ValueError, r"not of real floating point \(torch.complex64"),
        (lambda: LLQR([sharded()]), ValueError, "is sharded over several processes"),
        (lambda: LLQR([*WEIGHT, nn.Parameter(torch.ones(1).double())]), ValueError, "must have one type"),
        (lambda: LLQR(WEIGHT, module=nn.Linear(2, 2)), ValueError, "no parameter of the module"),
        (lambda: SAM(torch.optim.SGD(WEIGHT), rho=-0.1), ValueError, "rho must be at least 0"),
        (lambda: SAM(torch.optim.SGD([{"params": WEIGHT, "rho": -1.0}])), ValueError, "rho must be at least 0"),
        (lambda: SAM(WEIGHT), TypeError, "base must be an optimiser"),
        (lambda: SAM(torch.optim.LBFGS(WEIGHT)), ValueError, "step of LBFGS needs a closure"),
        (lambda: SAM(SAM(torch.optim.SGD(WEIGHT))), ValueError, "step of SAM needs a closure"),
        (lambda: SAM(LLQR(WEIGHT), probe=FisherSAM()), ValueError, "its base cannot be LLQR"),
        (lambda: LLQR(WEIGHT).load_state_dict(torch.optim.SGD(WEIGHT).state_dict()), ValueError, "not the state of an"),
        (lambda: SAM(LLQR(WEIGHT)).load_state_dict(LLQR(WEIGHT).state_dict()), ValueError, "not the state of a SAM"),
        (
            lambda: LLQR(WEIGHT).load_state_dict(LLQR(WEIGHT, structure="kfac").state_dict()),
            ValueError,
            "holds kfac blocks .* has diagonal blocks",
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_group_that_is_refused_leaves_the_optimiser_as_it_was():
    model = perceptron()
    optimizer = LLQR(model[0].parameters(), **FAST)
    with pytest.raises(ValueError, match="lr must be"):
        optimizer.add_param_group({"params": list(model[2].parameters()), "lr": -1.0})
    assert len(optimizer.param_groups) == 1
    optimizer.add_param_group({"params": list(model[2].parameters())})
    start = flat(model)
    optimizer.step(closure_of(model, *batch()))
    assert bool((flat(model) != start).all())


WITH_U = {"LLQR": LLQR, "NGD": NaturalGradient, "K-FAC": KFAC, "Shampoo": Shampoo}


def made(name, model):
    return Lion(model.parameters()) if name == "Lion" else WITH_U[name](model.parameters(), module=model)


@pytest.mark.parametrize("name", [*WITH_U, "Lion"])
def test_a_state_of_others_is_refused_and_changes_nothing(name):
    model, other = perceptron(), nn.Sequential(nn.Linear(3, 2))
    optimizer, foreign = made(name, model), made(name, other)
    optimizer.step(closure_of(model, *batch()))
    wider = copy.deepcopy(optimizer.state_dict())
    for entry in wider["state"].values():
        for key, value in entry.items():
            entry[key] = torch.cat([value, value])
    states = [None, {}, {"state": {}, "param_groups": []}, foreign.state_dict(), wider]
    if name != "Lion":
        own = wider["preconditioner"]
        good = copy.deepcopy(optimizer.state_dict())
        no_u = dict.fromkeys(own["leaves"], float("nan"))
        spoilt = (3, {}, {**own, "settings": {"unheard": 1}}, {**own, "leaves": no_u})
        states += [{**good, "preconditioner": one} for one in spoilt]
        if name == "K-FAC":
            missing = {key: leaf for key, leaf in own["leaves"].items() if not key.endswith(".G")}
            odd = ({**own["leaves"], "elsewhere.S": torch.ones(2, 2)}, missing)
            states += [{**good, "preconditioner": {**own, "leaves": leaves}} for leaves in odd]
    before = snapshot(model, optimizer)
    for state in states:
        with pytest.raises(ValueError, match="the state"):
            optimizer.load_state_dict(state)
        assert same(snapshot(model, optimizer), before)
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step(closure_of(model, *batch()))


PROBES = {"FSAM": FSAM, "PastFSAM": PastFSAM, "VaSSO": VaSSO, "SSAM-D": SSAMD, "SAM": RuleOfSAM}


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("base", [torch.optim.SGD, torch.optim.Adam])
def test_sam_refuses_the_state_of_another_network_or_probe(base, probe):
    def made_sam(model):
        return SAM(base(model.parameters(), 0.01), probe=PROBES[probe](), mix=LookSAM())

    model, smaller = perceptron(), nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 2))
    optimizer, foreign = made_sam(model), made_sam(smaller)
    optimizer.step(closure_of(model, *batch()))
    foreign.step(lambda: F.cross_entropy(smaller(torch.ones(4, 3)), torch.tensor([0, 1, 1, 0])))
    good = copy.deepcopy(optimizer.state_dict())
    alien = copy.deepcopy(foreign.state_dict())
    parts = [{"sam": {**good["sam"], key: alien["sam"][key]}} for key in ("memory", "mixing")]
    states = [None, {}, alien, {**good, "sam": 3}, {**good, "sam": {}}, {"sam": good["sam"]}]
    states += [{**good, **part} for part in parts if not same(part["sam"], good["sam"])]
    states += [{**good, "sam": {**good["sam"], "memory": other}} for other in ("no", (torch.ones(2),), {"mask": None})]
    before = snapshot(model, optimizer)
    for state in states:
        with pytest.raises(ValueError, match=r"the state|this is not the state"):
            optimizer.load_state_dict(state)
        assert same(snapshot(model, optimizer), before)
    again = made_sam(model)
    again.load_state_dict(good)
    assert same(again.state_dict(), good)


def test_kfac_says_where_there_is_no_layer_for_it():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, x):
            return self.layer(self.layer(x))

    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.scores = nn.Parameter(torch.zeros(2))

        def forward(self, x):
            return self.scores + x

    for model in (Shared(), Table()):
        for fisher in ("exact", "empirical"):
            optimizer = KFAC(model.parameters(), module=model, fisher=fisher)
            before = snapshot(model, optimizer)
            with pytest.raises(ValueError, match="K-FAC needs a Linear or Conv layer"):
                optimizer.step(lambda model=model: F.cross_entropy(model(torch.ones(3, 2)), torch.tensor([0, 1, 1])))
            assert same(snapshot(model, optimizer), before)


def test_half_precision_and_sparse_gradients_are_refused_at_once():
    for name in ("NGD", "K-FAC", "Shampoo"):
        for kind in (torch.float16, torch.bfloat16):
            with pytest.raises(ValueError, match="needs parameters in float32 or float64"):
                made(name, perceptron().to(kind))
    table = nn.Sequential(nn.Embedding(5, 3, sparse=True), nn.Linear(3, 2))
    for name in WITH_U:
        with pytest.raises(ValueError, match="the gradients of 0 are sparse"):
            made(name, table)
    LLQR(table[1].parameters(), module=table)
    with pytest.raises(ValueError, match="a gradient is sparse"):
        LLQR(table.parameters()).step(
            lambda: (F.cross_entropy(out := table(torch.tensor([1])), torch.tensor([0])), out)
        )


def test_lions_betas_are_looked_at_in_every_group():
    for betas in (0.9, (0.9,), (0.9, 0.99, 0.0), (1.5, 0.9), ("a", 0.9)):
        with pytest.raises((ValueError, TypeError), match="beta"):
            Lion([{"params": WEIGHT, "betas": betas}])
    assert Lion(WEIGHT).param_groups[0]["betas"] == (0.9, 0.99)
