"""Slices are what a plain loop over the points gives; axes, orientation and the peers' known defects."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from geometry.architectures import ARCHITECTURES, build_network
from geometry.architectures.plain import mlp
from geometry.networks import NetworkLoss
from geometry.slices import Plane, evaluate_slice, progressive_slice, sampled_slice, slice_plane
from geometry.slices.points import channels_last, cross_entropy, point_losses
from geometry.surfaces import make_surface

X = np.array([-1.0, -0.3, 0.1, 0.8])
Y = np.array([-0.7, 0.2, 1.1])


class Branching(nn.Module):
    """A small network that is no chain."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(64, 16), nn.Linear(64, 16)
        self.output = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.flatten(1)
        return self.output(torch.tanh(self.first(x)) * torch.relu(self.second(x)))


def network(key: str, dtype: torch.dtype = torch.float64, examples: int = 70, **settings: object) -> NetworkLoss:
    generator = torch.Generator().manual_seed(0)
    if key == "character-transformer":
        inputs: torch.Tensor = torch.randint(20, (examples, 12), generator=generator)
        targets = torch.randint(20, (examples, 12), generator=generator)
        module = build_network(key, (12,), 20)
    else:
        inputs = torch.rand(examples, 1, 8, 8, generator=generator, dtype=torch.float64)
        targets = torch.randint(10, (examples,), generator=generator)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            module = Branching() if key == "branching" else build_network(key, (1, 8, 8), 10)
    return NetworkLoss(module, inputs, targets, dtype=dtype, **settings)  # type: ignore[arg-type]


def plain_loop(objective: NetworkLoss, plane: Plane, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The slow, obvious reference: one loss after the other."""
    losses = np.empty((len(y), len(x)))
    for j in range(len(y)):
        for i in range(len(x)):
            theta = plane.origin + x[i] * plane.directions[0] + y[j] * plane.directions[1]
            losses[j, i] = float(objective.loss(theta))
    return losses


# ------------------------------------------------------------------------------------------ equal to a plain loop


@pytest.mark.parametrize("key", [*ARCHITECTURES, "branching"])
def test_equal_to_a_plain_loop_in_float64(key: str) -> None:
    objective = network(key)
    plane = slice_plane(objective, objective.initial)
    expected = plain_loop(objective, plane, X, Y)
    # Sums in another order differ by rounding, 1e-14 or so times the sizes of the scores.
    assert np.abs(evaluate_slice(objective, plane, X, Y) - expected).max() <= 1e-10 * np.abs(expected).max()


@pytest.mark.parametrize("key", ["mlp", "convnet", "resnet8", "vit", "branching"])
def test_equal_to_a_plain_loop_in_float32(key: str) -> None:
    objective = network(key, torch.float32, examples=600)
    plane = slice_plane(objective, objective.initial)
    expected = plain_loop(objective, plane, X, Y)
    assert np.abs(evaluate_slice(objective, plane, X, Y) - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("method", ["chain", "loop", "batched"])
@pytest.mark.parametrize("settings", [{}, {"label_smoothing": 0.1}, {"ignore_index": 3}])
def test_every_method_gives_the_same(method: str, settings: dict[str, float]) -> None:
    objective = network("convnet", **settings)
    plane = slice_plane(objective, objective.initial, seed=3)
    expected = plain_loop(objective, plane, X, Y)
    assert np.abs(evaluate_slice(objective, plane, X, Y, method=method) - expected).max() <= 1e-10


def test_more_examples_than_a_block_holds() -> None:
    objective = network("mlp", examples=1100)
    plane = slice_plane(objective, objective.initial)
    expected = plain_loop(objective, plane, X, Y)
    for method in ("chain", "loop"):
        assert np.abs(evaluate_slice(objective, plane, X, Y, method=method) - expected).max() <= 1e-10


def test_little_memory_gives_the_same() -> None:
    """Examples in slabs of one, points one by one: the numbers stay."""
    objective = network("mlp")
    plane = slice_plane(objective, objective.initial)
    tight = point_losses(objective, plane, "chain", memory=1)
    assert tight.slab == 1 and tight.points == 1  # type: ignore[attr-defined]
    whole = evaluate_slice(objective, plane, X, Y)
    assert np.abs(evaluate_slice(objective, plane, X, Y, memory=1) - whole).max() <= 1e-10
    assert np.abs(evaluate_slice(objective, plane, X, Y, memory=1, method="batched") - whole).max() <= 1e-10


def test_memory_is_bounded_by_the_slab() -> None:
    objective = network("mlp", torch.float32, examples=1000)
    plane = slice_plane(objective, objective.initial)
    evaluate = point_losses(objective, plane, "chain", memory=400_000)
    products = evaluate._products(objective.data.cut(evaluate.slab)[0])  # type: ignore[attr-defined]
    assert sum(p.numel() * p.itemsize for p in products) <= 400_000


def test_losses_of_ones_own_and_of_probabilities() -> None:
    generator = torch.Generator().manual_seed(1)
    inputs = torch.rand(30, 5, generator=generator, dtype=torch.float64)
    shares = torch.rand(30, 3, generator=generator, dtype=torch.float64)
    objectives = [
        NetworkLoss(mlp((5,), 3), inputs, shares / shares.sum(1, keepdim=True), dtype=torch.float64),
        NetworkLoss(
            mlp((5,), 3), inputs, shares, loss_function="cross-entropy", label_smoothing=0.2, dtype=torch.float64
        ),
        NetworkLoss(mlp((5,), 3), inputs, shares, loss_function=nn.functional.mse_loss, dtype=torch.float64),
    ]
    for objective in objectives:
        plane = slice_plane(objective, objective.initial)
        expected = plain_loop(objective, plane, X, Y)
        assert np.abs(evaluate_slice(objective, plane, X, Y) - expected).max() <= 1e-10


@pytest.mark.parametrize("channels", [1, 3])
def test_a_cpu_gets_its_images_channels_last(channels: int) -> None:
    """Also with one channel, where PyTorch takes either order for the other: pooling would be five times slower."""
    images = torch.rand(4, channels, 8, 8)
    laid = channels_last(images)
    assert torch.equal(laid, images) and laid.stride() == (64 * channels, 1, 8 * channels, channels)
    assert nn.Conv2d(channels, 5, 3)(laid).stride()[1] == 1
    assert channels_last(images[0]) is not None and channels_last(images[0]).stride() == images[0].stride()


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cross_entropy_is_pytorchs(smoothing: float) -> None:
    generator = torch.Generator().manual_seed(0)
    scores = 30 * torch.randn(40, 7, generator=generator, dtype=torch.float64)
    numbers = torch.randint(7, (40,), generator=generator)
    numbers[::5] = 2
    shares = torch.rand(40, 7, generator=generator, dtype=torch.float64)
    reference = nn.functional.cross_entropy
    ours = cross_entropy(scores, numbers, smoothing, 2)
    assert torch.allclose(
        ours, reference(scores, numbers, ignore_index=2, reduction="none", label_smoothing=smoothing), atol=1e-12
    )
    ours = cross_entropy(scores, shares, smoothing, -100)
    assert torch.allclose(ours, reference(scores, shares, reduction="none", label_smoothing=smoothing), atol=1e-12)


def test_small_losses_keep_their_digits_in_float32() -> None:
    """log Σ exp z − z_y of scores near 100 rounds a loss of 1e-4 to a multiple of 8e-6; shifted first it does not."""
    scores = torch.tensor([[100.0, 90.0, 91.0]])
    exact = float(np.log1p(np.exp(-10.0) + np.exp(-9.0)))
    assert float(cross_entropy(scores, torch.tensor([0]), 0.0, -100)) == pytest.approx(exact, rel=1e-3)


# -------------------------------------------------------------------------------- orientation, axes, one dimension


def test_rows_are_y_and_columns_are_x() -> None:
    """losses[j, i] at (x[i], y[j]), on a surface whose value says where it was asked."""

    class Ramp:
        dimension = 2
        layout = make_surface("annular-well").layout

        def loss(self, theta: np.ndarray) -> np.ndarray:
            return 10 * theta[..., 0] + theta[..., 1]

    plane = Plane(np.array([100.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    grid = evaluate_slice(Ramp(), plane, [0, 1, 2], [0, 5])  # type: ignore[arg-type]
    assert np.array_equal(grid, [[1000, 1010, 1020], [1005, 1015, 1025]])


def test_a_surface_over_itself() -> None:
    surface = make_surface("annular-well")
    plane = Plane(np.zeros(2), np.eye(2))
    x, y = np.linspace(-6, 6, 9), np.linspace(-5, 5, 7)
    expected = np.array([[float(surface.loss(np.array([a, b]))) for a in x] for b in y])
    assert np.allclose(evaluate_slice(surface, plane, x, y), expected, rtol=1e-12)


def test_one_dimension_is_a_row_of_two() -> None:
    objective = network("mlp")
    line = slice_plane(objective, objective.initial, axes=1)
    plane = slice_plane(objective, objective.initial)
    losses = evaluate_slice(objective, line, X)
    assert losses.shape == (4,)
    assert np.abs(losses - evaluate_slice(objective, plane, X, [0.0])[0]).max() <= 1e-12


def test_the_order_of_points_does_not_matter() -> None:
    """Rows share work along y: points given in any order must not mix rows up."""
    objective = network("convnet")
    plane = slice_plane(objective, objective.initial)
    points = np.random.default_rng(0).uniform(-1, 1, (9, 2))
    points[3:6, 1] = points[0, 1]
    expected = [float(objective.loss(plane.lift(point))) for point in points]
    assert np.abs(point_losses(objective, plane).losses(points) - expected).max() <= 1e-10


# ---------------------------------------------------------------------------------------- defects of other tools


def test_no_rows_are_shifted() -> None:
    """A tool walks its grid to and fro and shifts every second row by a cell: errors of 40 % on coarse grids."""
    objective = network("mlp")
    plane = slice_plane(objective, objective.initial)
    grid = evaluate_slice(objective, plane, X, Y)
    for j, y in enumerate(Y):
        assert np.abs(evaluate_slice(objective, plane, X, [y])[0] - grid[j]).max() <= 1e-12


def test_the_model_is_left_untouched() -> None:
    """A tool leaves the weights moved to the last point; another moves the running statistics."""
    module = build_network("resnet8-batchnorm", (1, 8, 8), 10).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    objective = NetworkLoss(module, torch.rand(20, 1, 8, 8), torch.arange(20) % 10)
    origin = objective.initial.clone()
    plane = slice_plane(objective, objective.initial)
    first = evaluate_slice(objective, plane, X, Y)
    list(progressive_slice(objective, plane, X, Y))
    assert torch.equal(objective.initial, origin) and torch.equal(plane.origin, origin)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items()) and module.training
    assert np.array_equal(evaluate_slice(objective, plane, X, Y), first)


@pytest.mark.parametrize("key", ["mlp", "convnet", "resnet8"])
def test_the_surface_is_not_constant(key: str) -> None:
    """A tool evaluates the unmoved model at every point."""
    objective = network(key, torch.float32)
    plane = slice_plane(objective, objective.initial)
    grid = evaluate_slice(objective, plane, [-1, 0, 1], [-1, 0, 1])
    assert np.unique(np.round(grid, 6)).size >= 8


def test_the_values_are_those_evaluated() -> None:
    """A tool adds noise to the maximum, returns other coordinates than it evaluated, or cuts high values off."""
    objective = network("mlp")
    plane = slice_plane(objective, objective.initial)
    wide = np.linspace(-20, 20, 5)
    grid = evaluate_slice(objective, plane, wide, wide)
    j, i = np.unravel_index(grid.argmax(), grid.shape)
    assert grid[j, i] == pytest.approx(float(objective.loss(plane.lift([wide[i], wide[j]]))), rel=1e-12)
    assert np.array_equal(grid, evaluate_slice(objective, plane, wide, wide))


def test_all_the_data_with_their_weights() -> None:
    """Tools average a handful of batches silently, and a last short batch as if it were whole."""
    objective = network("mlp", examples=513 + 30)
    plane = slice_plane(objective, objective.initial)
    halves = [objective.rows(torch.arange(0, 400)), objective.rows(torch.arange(400, 543))]
    parts = [evaluate_slice(half, plane, X, Y) for half in halves]
    mean = (400 * parts[0] + 143 * parts[1]) / 543
    assert np.abs(evaluate_slice(objective, plane, X, Y) - mean).max() <= 1e-10


def test_no_weights_are_kept_per_point() -> None:
    """A tool keeps every point's weights: 0.8 GB for a small network. Here the peak does not grow with the grid."""
    objective = network("branching", torch.float32)
    plane = slice_plane(objective, objective.initial)
    lifted = []
    original = type(plane).lift

    class Watched(Plane):
        def lift(self, coordinates: object) -> object:
            lifted.append(np.size(coordinates))
            return original(self, coordinates)

    evaluate_slice(objective, Watched(plane.origin, plane.directions), np.linspace(-1, 1, 9), np.linspace(-1, 1, 9))
    assert max(lifted) == 2  # one point at a time


# ------------------------------------------------------------------------------------------------- progressive


@pytest.mark.parametrize("size", [(17, 9), (6, 1), (1, 1), (2, 30)])
def test_progressive_ends_exact_and_never_repeats(size: tuple[int, int]) -> None:
    objective = network("mlp")
    plane = slice_plane(objective, objective.initial)
    x, y = np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1])
    pictures = list(progressive_slice(objective, plane, x, y, interval=1e-4))
    assert [p.done for p in pictures] == sorted(p.done for p in pictures)
    exact = evaluate_slice(objective, plane, x, y)
    for picture in pictures:
        assert np.abs((picture.losses - exact)[picture.evaluated]).max() <= 1e-10
        assert np.isfinite(picture.losses).all()
    assert pictures[-1].done == 1 and pictures[-1].losses.shape == (size[1], size[0])


def test_progressive_evaluates_each_point_once_and_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    objective = network("mlp", examples=10)
    plane = slice_plane(objective, objective.initial)
    counted: list[int] = []
    from geometry.slices.points import ChainLosses

    original = ChainLosses.losses
    monkeypatch.setattr(ChainLosses, "losses", lambda self, c: (counted.append(len(c)), original(self, c))[1])
    x = np.linspace(-1, 1, 25)
    pictures = progressive_slice(objective, plane, x, x)
    assert counted == []
    first = next(pictures)
    assert sum(counted) == first.evaluated.sum() == 16 and first.stride == 8
    pictures.close()
    assert sum(counted) == 16
    list(progressive_slice(objective, plane, x, x))
    assert sum(counted) == 16 + 625


def test_progressive_interpolates_linearly() -> None:
    class Ramp:
        dimension = 2
        layout = make_surface("annular-well").layout

        def loss(self, theta: np.ndarray) -> np.ndarray:
            return 10 * theta[..., 0] + theta[..., 1]

    plane = Plane(np.zeros(2), np.eye(2))
    x, y = np.linspace(0, 1, 20), np.linspace(0, 2, 13)
    first = next(progressive_slice(Ramp(), plane, x, y))  # type: ignore[arg-type]
    assert first.done < 0.1
    assert np.allclose(first.losses, 10 * x + y[:, None], atol=1e-12)
    line = Plane(np.zeros(2), np.eye(2)[:1])
    assert next(progressive_slice(Ramp(), line, x)).losses.shape == (20,)  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------------------------- sampled


@pytest.mark.parametrize("key", ["mlp", "vit", "character-transformer"])
def test_sampled_with_all_examples_is_exact(key: str) -> None:
    objective = network(key, examples=30)
    plane = slice_plane(objective, objective.initial)
    found = sampled_slice(objective, plane, X, Y, samples=99)
    assert found.samples == found.examples == 30
    assert np.abs(found.losses - evaluate_slice(objective, plane, X, Y)).max() <= 1e-10
    assert (found.standard_error == 0).all()


@pytest.mark.parametrize("key", ["mlp", "character-transformer"])
def test_the_stated_error_is_the_error(key: str) -> None:
    """Over 200 samples the deviation from the full loss has the stated size (a χ² mean of 200: 10 % one sigma)."""
    objective = network(key, examples=120)
    plane = slice_plane(objective, objective.initial, axes=1)
    full = evaluate_slice(objective, plane, [0.9])
    draws = [sampled_slice(objective, plane, [0.9], samples=40, seed=seed) for seed in range(200)]
    deviation = np.array([d.losses - full for d in draws])
    stated = np.mean([d.standard_error**2 for d in draws])
    assert 0.6 < np.mean(deviation**2) / stated < 1.5


# --------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        ([], [0.0], r"x must have shape \(n,\) with at least one"),
        ([0.0], None, "y is missing"),
        ([[0.0]], [0.0], "x must have shape"),
        ([0.0], [np.nan], "y holds coordinates that are not finite"),
        (["a"], [0.0], "x must be numbers"),
        ({"a": 1}, [0.0], "x must be numbers"),
    ],
)
def test_wrong_axes(x: object, y: object, sentence: str) -> None:
    surface = make_surface("annular-well")
    with pytest.raises(ValueError, match=sentence):
        evaluate_slice(surface, Plane(np.zeros(2), np.eye(2)), x, y)


def test_wrong_planes_and_methods() -> None:
    surface, objective = make_surface("annular-well"), network("branching")
    plane = Plane(np.zeros(2), np.eye(2))
    own = slice_plane(objective, objective.initial)
    with pytest.raises(ValueError, match="takes x only"):
        evaluate_slice(surface, Plane(np.zeros(2), np.eye(2)[:1]), X, Y)
    with pytest.raises(ValueError, match="method must be one of auto"):
        evaluate_slice(surface, plane, X, Y, method="fast")
    with pytest.raises(ValueError, match="is for networks"):
        evaluate_slice(surface, plane, X, Y, method="chain")
    with pytest.raises(ValueError, match="needs a Sequential"):
        evaluate_slice(objective, own, X, Y, method="chain")
    with pytest.raises(ValueError, match="memory must be"):
        evaluate_slice(surface, plane, X, Y, memory=0)
    with pytest.raises(ValueError, match="the plane has 2 parameters, the objective"):
        evaluate_slice(objective, plane, X, Y)
    with pytest.raises(TypeError, match="made of torch tensors"):
        evaluate_slice(objective, Plane(own.origin.numpy(), own.directions.numpy()), X, Y)
    with pytest.raises(ValueError, match=r"the plane lies in torch\.float32 on cpu, the objective in torch\.float64"):
        evaluate_slice(objective, slice_plane(objective, objective.initial.float()), X, Y)
    with pytest.raises(ValueError, match="power of two"):
        progressive_slice(surface, plane, X, Y, coarsest=3)
    with pytest.raises(ValueError, match="interval must be"):
        progressive_slice(surface, plane, X, Y, interval=0)
    with pytest.raises(TypeError, match="only a network’s loss"):
        sampled_slice(surface, plane, X, Y)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 2"):
        sampled_slice(objective, own, X, Y, samples=1)
    batchwise = network("branching", loss_function=lambda outputs, _: outputs.square().mean())
    with pytest.raises(ValueError, match="have no loss of their own"):
        sampled_slice(batchwise, own, X, Y)


@pytest.mark.parametrize("tail", [(), (nn.Identity(),), (nn.ReLU(),), (nn.LogSoftmax(dim=1),)])
def test_a_head_without_a_tail(tail: tuple[nn.Module, ...]) -> None:
    """Softmax regression: what the head hands on lies in a buffer that the next block and point overwrite."""
    inputs = torch.rand(700, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    objective = NetworkLoss(nn.Sequential(nn.Linear(6, 3), *tail), inputs, torch.arange(700) % 3, dtype=torch.float64)
    plane = slice_plane(objective, objective.initial)
    grid = evaluate_slice(objective, plane, X, Y, method="chain")
    assert np.abs(grid - plain_loop(objective, plane, X, Y)).max() <= 1e-10


@pytest.mark.parametrize("what", ["hook", "shared", "frozen", "subclass"])
def test_what_is_no_plain_chain_is_not_taken_for_one(what: str) -> None:
    """A hook, a layer used twice, a frozen parameter, a Sequential of one's own: the loop serves, and is right."""
    module = mlp((6,), 3, widths=(6, 6))
    if what == "hook":
        module.linear1.register_forward_hook(lambda _module, _inputs, output: 2 * output)
    elif what == "shared":
        layer = nn.Linear(6, 6)
        module = nn.Sequential(layer, nn.Tanh(), layer, nn.Linear(6, 3))
    elif what == "frozen":
        module.linear2.weight.requires_grad_(False)
    else:

        class Doubled(nn.Sequential):
            def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002
                return 2 * super().forward(input)

        module = Doubled(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3))
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(20, 6, generator=generator, dtype=torch.float64)
    objective = NetworkLoss(module, inputs, torch.arange(20) % 3, dtype=torch.float64)
    plane = slice_plane(objective, objective.initial)
    assert point_losses(objective, plane).method == "loop"
    assert np.abs(evaluate_slice(objective, plane, X, Y) - plain_loop(objective, plane, X, Y)).max() <= 1e-10
