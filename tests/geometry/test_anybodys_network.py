"""Networks that others bring: taken as they are, or refused in one sentence; the module given is never changed."""

from __future__ import annotations

import threading
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from torch.utils.data import TensorDataset

from geometry.networks import NetworkLoss
from geometry.slices import evaluate_slice, slice_plane
from optimizers.training import Training, network_methods
from tests.geometry.brought import CLASSES, N, X, Y, classes, layer, numbers, weight_norm_by_hooks


class TiedThrice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(CLASSES, 4)
        self.head, self.last = nn.Linear(4, CLASSES, bias=False), nn.ModuleDict({"again": nn.Linear(4, CLASSES)})
        self.head.weight = self.last["again"].weight = self.table.weight
        self.double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x) + self.last["again"](x)


class Held(nn.Module):
    """A table that is not kept, a frozen part, a counter that is, and a state that is no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.Sequential(layer(), nn.BatchNorm1d(CLASSES).double())
        self.register_buffer("table", torch.ones(CLASSES).double(), persistent=False)
        self.frozen = nn.Parameter(torch.ones(CLASSES).double(), requires_grad=False)
        self.steps = 3

    def get_extra_state(self) -> dict[str, int]:
        return {"steps": self.steps}

    def set_extra_state(self, state: dict[str, int]) -> None:
        self.steps = state["steps"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inside(x) * self.table * self.frozen


class TiedBuffers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.BatchNorm1d(4).double(), nn.BatchNorm1d(4).double()
        self.two.running_mean = self.one.running_mean
        self.head = layer()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.two(self.one(x)))


@pytest.mark.parametrize(
    "make",
    [
        TiedThrice,
        Held,
        TiedBuffers,
        lambda: nn.DataParallel(layer()),
        lambda: nn.Sequential(nn.utils.parametrizations.orthogonal(layer()), layer(CLASSES)),
    ],
)
def test_weights_taken_out_come_back_by_a_strict_load(make: Any) -> None:
    objective = NetworkLoss(make(), X, Y)
    torch.manual_seed(5)
    theta = objective.initial + 0.1 * torch.randn(objective.dimension).double()
    buffers = objective.training_pass(theta).buffers
    module = make()
    module.load_state_dict(objective.module_state(theta, buffers))
    again = NetworkLoss(module, X, Y)
    assert torch.equal(again.initial, theta)
    assert all(torch.equal(again.buffers[name], value) for name, value in buffers.items() if name != "table")
    back, statistics = objective.theta_of(module.state_dict())
    assert torch.equal(back, theta) and all(torch.equal(statistics[k], v) for k, v in buffers.items() if k != "table")


def test_a_state_of_another_network_is_no_theta() -> None:
    objective = NetworkLoss(layer(), X, Y)
    with pytest.raises(ValueError, match="the state dict belongs to another network: it lacks bias"):
        objective.theta_of({"weight": torch.ones(CLASSES, 4)})
    wrapped = {f"module.{name}": value for name, value in layer().state_dict().items()}
    assert torch.equal(objective.theta_of(wrapped)[0], objective.initial)


# ------------------------------------------------------------------------------------------------ what vmap cannot take


class Recurrent(nn.Module):
    """A bidirectional recurrence of two layers, read at its end."""

    def __init__(self, kind: Any = nn.GRU) -> None:
        super().__init__()
        self.cell = kind(1, 3, num_layers=2, batch_first=True, bidirectional=True).double()
        self.head = layer(6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.cell(x[..., None])[0][:, -1])


class ReadsOut(nn.Module):
    """A value read out decides what is computed."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = layer(), layer()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.one(x)
        return scores + self.two(x) if scores.sum().item() > 0 else scores


class ShapeByNumbers(nn.Module):
    """Chooses hidden numbers by their sign."""

    def __init__(self) -> None:
        super().__init__()
        self.one = layer()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.one(x)
        return scores + scores[scores > 0].mean()


class InPlace(nn.Module):
    """Writes into an array that it makes itself."""

    def __init__(self) -> None:
        super().__init__()
        self.one = layer()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = torch.zeros(len(x), CLASSES, dtype=x.dtype)
        found[:, :2] = self.one(x)[:, :2]
        return found


class Packed(Recurrent):
    """Sequences of several lengths, packed."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        lengths = torch.arange(len(x)) % 3 + 2
        packed = nn.utils.rnn.pack_padded_sequence(x[..., None], lengths, batch_first=True, enforce_sorted=False)
        return self.head(self.cell(packed)[1].movedim(0, 1)[:, :2].reshape(len(x), -1))


@pytest.mark.parametrize(
    "make",
    [Recurrent, lambda: Recurrent(nn.LSTM), ReadsOut, ShapeByNumbers, InPlace, Packed],
    ids=["GRU", "LSTM", "reads out", "shapes", "in place", "packed"],
)
def test_walkers_are_looped_over_where_vmap_cannot(make: Any) -> None:
    """Loss, gradient, training pass, curvature and slice of many points are those of each point by itself."""
    objective = NetworkLoss(make(), X, Y)
    many = objective.initial + 0.1 * torch.randn(2, 2, objective.dimension, generator=torch.Generator().manual_seed(3))
    many = many.double()
    d = torch.randn(many.shape, generator=torch.Generator().manual_seed(4)).double()
    trained = objective.training_pass(many, seed=0)
    for i in range(2):
        for j in range(2):
            theta = many[i, j]
            torch.testing.assert_close(objective.loss(many)[i, j], objective.loss(theta))
            torch.testing.assert_close(objective.gradient(many)[i, j], objective.gradient(theta))
            torch.testing.assert_close(trained.gradient[i, j], objective.training_pass(theta).gradient)
            for metric in ("newton", "ngd"):
                both = objective.curvature_product(many, d, metric)[i, j]
                torch.testing.assert_close(both, objective.curvature_product(theta, d[i, j], metric))
    plane = slice_plane(objective, objective.initial)
    axis = np.linspace(-0.1, 0.1, 2)
    grids = [evaluate_slice(objective, plane, axis, axis, method=way) for way in ("auto", "batched")]
    np.testing.assert_allclose(grids[0], grids[1], rtol=1e-9)
    reports = Training(objective, network_methods(), batch_size=6, refresh_size=6).step()
    assert all(report.stopped is None for report in reports.values())


# ------------------------------------------------------------------------------------------------ copies


def kept_activation() -> nn.Module:
    class Keeps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = layer()
            self.seen: list[Any] = []

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.last = self.one(x)
            self.seen = [self.last]
            return self.last

    module = Keeps()
    module(X)
    return module


def pruned() -> nn.Module:
    from torch.nn.utils import prune

    return nn.Sequential(prune.random_unstructured(layer(), "weight", amount=3))


def spectral() -> nn.Module:
    return nn.Sequential(nn.utils.spectral_norm(layer()))


def compiled() -> nn.Module:
    return torch.compile(nn.Sequential(layer(), nn.Tanh(), layer(CLASSES)))  # type: ignore[return-value]


@pytest.mark.parametrize("make", [kept_activation, pruned, spectral, weight_norm_by_hooks, compiled])
def test_modules_that_deepcopy_cannot_take_are_taken(make: Any) -> None:
    module = make()
    objective = NetworkLoss(module, X, Y)
    objective.check(curvature=True)
    module.eval()
    expected = F.cross_entropy(module(X), Y) if make is not compiled else F.cross_entropy(module._orig_mod(X), Y)
    torch.testing.assert_close(objective.loss(objective.initial), expected.detach())
    slope = objective.gradient(objective.initial)
    d = torch.randn(objective.dimension, generator=torch.Generator().manual_seed(2)).double()
    ahead, behind = (objective.loss(objective.initial + sign * 1e-6 * d) for sign in (1, -1))
    torch.testing.assert_close(slope @ d, (ahead - behind) / 2e-6, rtol=1e-5, atol=1e-7)


class Locked(nn.Linear):
    def __init__(self) -> None:
        super().__init__(4, CLASSES)
        self.guard = threading.Lock()


class Complex(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.phase = nn.Parameter(torch.ones(4, dtype=torch.cfloat))


def two_views() -> nn.Module:
    one, other = layer(4, 4), layer(4, 4)
    other.weight = nn.Parameter(one.weight.detach().T)
    return nn.Sequential(one, other)


def sharded_away() -> nn.Module:
    with torch.device("meta"):
        return nn.Linear(4, CLASSES)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (Locked, r"cannot be copied: its attribute guard is a lock"),
        (lambda: nn.Sequential(nn.Flatten(), Locked()), r"its attribute 1\.guard is a lock"),
        (Complex, "the parameter phase is complex, and θ is a vector of real numbers"),
        (lambda: nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d()), r"0\.weight has no shape yet"),
        (lambda: torch.jit.trace(nn.Linear(4, 3), torch.ones(1, 4)), "is TorchScript"),
        (sharded_away, "the parameter weight has no values"),
        (two_views, "the parameters 0.weight and 1.weight are two views of the same memory"),
        (nn.Flatten, "has no parameter that asks for a gradient"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_modules_that_no_loss_can_be_made_of_are_refused(make: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        NetworkLoss(make(), X, Y)
    assert "\n" not in str(refused.value)


class Checkpointed(nn.Module):
    """Keeps no activations."""

    def __init__(self) -> None:
        super().__init__()
        self.body = layer()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The scores."""
        return checkpoint(lambda held: self.body(held).tanh(), x, use_reentrant=False)


class Spoilt(nn.Sequential):
    """A run that diverged."""

    def __init__(self, value: float) -> None:
        super().__init__(layer())
        self[0].bias.data[1] = value


class Unmoved(nn.Module):
    """Computes without gradients, or with the layer that is no part of its copies."""

    def __init__(self, weakly: bool) -> None:
        super().__init__()
        self.layer = layer()
        self.calls = weakref.ref(self.layer) if weakly else torch.no_grad()(self.layer.forward)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.calls()(x) if isinstance(self.calls, weakref.ref) else self.calls(x)


@pytest.mark.parametrize(
    ("module", "inputs", "targets", "sentence"),
    [
        (Unmoved(weakly=True), X, Y, "the outputs do not depend on the parameters"),
        (Unmoved(weakly=False), X, Y, "the outputs do not depend on the parameters"),
        (layer(7), X, Y, "does not take its inputs: mat1 and mat2"),
        (layer(), (9 * X).to(torch.uint8), Y, "inputs are uint8: embeddings take int64 or int32, other layers real"),
        (layer(), X > 0, Y, "inputs are bool: embeddings take"),
        (Checkpointed(), X, Y, r"where a part runs again in its backward pass \(checkpointing\), turn that off"),
        (nn.Embedding(9, CLASSES), Y.to(torch.int16), Y, "inputs are int16: embeddings take"),
        (layer(), X.to_sparse(), Y, r"inputs or targets are sparse: give x\.to_dense\(\)"),
        (layer(), X.to("meta"), Y, "inputs or targets have no numbers"),
        (layer(), np.ma.masked_greater(X.numpy(), 1.0), Y, "inputs or targets are masked"),
        (layer(), X.numpy().astype(str), Y, "inputs or targets must be numbers, not <U"),
        (layer(), X, Y.numpy().astype(object), "inputs or targets must be numbers, not object"),
        (
            nn.Sequential(nn.Embedding(2, 4), nn.Flatten(), layer(16)).double(),
            classes(N, 4),
            Y,
            "does not take its inp",
        ),
        (layer(), {"z": X}, Y, "does not take its inputs: .*unexpected keyword argument 'z'"),
        (layer(), X, classes(N) + 5, "class 7, but the outputs have only"),
        (nn.GRU(4, 3).double(), X[:, None], Y, "must return one tensor of class scores, not tuple"),
        (layer(), X, numbers(N, 7).softmax(1), r"outputs of shape \(\d+, 3\) are no scores"),
        (Spoilt(float("nan")), X, Y, r"the weights at the start are not all numbers: 0\.bias holds NaN"),
        (Spoilt(float("inf")), X, Y, r"the weights at the start are not all numbers: 0\.bias holds NaN or infinity"),
    ],
)
def test_the_check_at_the_start_says_what_is_wrong(module: nn.Module, inputs: Any, targets: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        NetworkLoss(module, inputs, targets).check()
    assert "\n" not in str(refused.value)


def test_nested_inputs_are_refused() -> None:
    # Made here: torch imports for a second to make one, which each process would do that collects the tests.
    nested = torch.nested.nested_tensor(list(X), layout=torch.jagged)
    with pytest.raises(ValueError, match="inputs or targets are nested: pad them"):
        NetworkLoss(layer(), nested, Y).check()


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x.astype(">f8"),
        lambda x: x.astype(np.longdouble),
        lambda x: np.broadcast_to(x, x.shape),
        lambda x: x[::-1].copy()[::-1],
        lambda x: np.ma.masked_array(x),
        lambda x: nn.Parameter(torch.as_tensor(x)),
    ],
)
def test_numbers_of_any_form_are_cast(form: Any) -> None:
    module = layer()
    found = NetworkLoss(module, form(X.numpy()), Y.numpy().astype(">i4"))
    assert float(found.loss(found.initial)) == float(NetworkLoss(module, X, Y).loss(found.initial))


# ------------------------------------------------------------------------------------------------ statistics


class Assigned(nn.Module):
    """Statistics by assignment: a buffer, one that begins as None, a number."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.passes = layer(), 0
        self.register_buffer("mean", torch.zeros(CLASSES).double())
        self.register_buffer("late", None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.one(x)
        if self.training:
            self.mean = 0.5 * self.mean + 0.5 * scores.detach().mean(0)
            self.late = torch.ones(1) if self.late is None else self.late + 1
            self.passes += 1
        return scores - self.mean + self.passes + (0 if self.late is None else self.late)


def test_statistics_that_are_assigned_come_out_of_a_training_pass() -> None:
    module = Assigned()
    objective = NetworkLoss(module, X, Y)
    theta = objective.initial
    done = objective.training_pass(theta)
    torch.testing.assert_close(done.buffers["mean"], 0.5 * module.one(X).detach().mean(0))
    again = objective.training_pass(theta)
    assert torch.equal(again.loss, done.loss), "a pass leaves nothing behind"
    assert torch.equal(module.mean, torch.zeros(3).double()) and module.passes == 0 and module.late is None
    two = objective.training_pass(torch.stack([theta, theta + 1]))
    torch.testing.assert_close(two.buffers["mean"][0], done.buffers["mean"])


class Skipping(nn.Module):
    """In train mode a layer that is left out as often as not, and one that is there for inference alone."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = layer(), layer()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left_out = self.training and bool(torch.rand(()) < 0.5)
        return x[:, :CLASSES] if left_out else self.first(x) if self.training else self.second(x)


def test_the_check_moves_no_random_numbers_and_refuses_no_layer_that_is_left_out_at_times() -> None:
    before = torch.get_rng_state()
    objective = NetworkLoss(Skipping(), X, Y)
    for seed in range(8):
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        objective.check()
        assert torch.equal(state, torch.get_rng_state())
    torch.set_rng_state(before)


@pytest.mark.parametrize("kind", [torch.int32, torch.uint8, torch.int16])
def test_a_loss_of_ones_own_gets_class_numbers_as_torchs_losses_take_them(kind: torch.dtype) -> None:
    def own(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return F.nll_loss(outputs.log_softmax(-1), targets)

    torch.manual_seed(0)
    module = layer()
    given, wanted = (NetworkLoss(module, X, t, loss_function=own) for t in (Y.to(kind), Y))
    streamed = NetworkLoss(module, TensorDataset(X, Y.to(kind)), loss_function=own)
    assert given.loss(given.initial) == wanted.loss(wanted.initial)
    torch.testing.assert_close(streamed.loss(streamed.initial), wanted.loss(wanted.initial))
