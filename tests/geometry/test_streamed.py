"""Examples from a Dataset or DataLoader: the same numbers as from tensors, and never many of them in memory."""

from __future__ import annotations

import gc
import random
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
)

from geometry.curvature import sam_sharpness
from geometry.networks import NetworkLoss
from geometry.per_example import example_gradients
from geometry.slices import evaluate_slice, sampled_slice, slice_plane
from geometry.weight_norms import path_norm
from optimizers.methods import network_methods
from optimizers.training import Training

N = 40
DRAW = torch.Generator().manual_seed(3)
X, Y = torch.randn(N, 6, generator=DRAW, dtype=torch.float64), torch.randint(0, 3, (N,), generator=DRAW)
AXIS = np.array([-0.1, 0.2])


class Counted(Dataset):
    """X and Y, which knows how many of the examples that it gave are alive, and how often it was asked."""

    def __init__(self) -> None:
        self.alive: set[int] = set()
        self.most, self.asked = 0, 0

    def __len__(self) -> int:
        return N

    def __getitem__(self, number: int):
        example = X[number].clone()
        self.asked += 1
        self.alive.add(self.asked)
        weakref.finalize(example, self.alive.discard, self.asked)
        self.most = max(self.most, len(self.alive))
        return example, Y[number]


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()


def test_everything_is_as_from_tensors() -> None:
    streamed, plain = NetworkLoss(network(), Counted(), chunk_size=7), NetworkLoss(network(), X, Y)
    theta, d = plain.initial, torch.ones_like(plain.initial)
    torch.testing.assert_close(streamed.loss(theta), plain.loss(theta))
    torch.testing.assert_close(streamed.training_pass(theta).gradient, plain.gradient(theta))
    for metric in ("newton", "ngd"):
        found = streamed.curvature_product(theta, d, metric)
        torch.testing.assert_close(found, plain.curvature_product(theta, d, metric))
    few = torch.tensor([3, 1, 30])
    torch.testing.assert_close(example_gradients(streamed.rows(few), theta), example_gradients(plain.rows(few), theta))
    assert sam_sharpness(streamed, theta, 0.1).value == pytest.approx(sam_sharpness(plain, theta, 0.1).value)
    plane = slice_plane(plain, theta)
    for memory in (1, 10**9):  # read anew at every point, and kept
        found = evaluate_slice(streamed, plane, AXIS, AXIS, method="loop", memory=memory)
        np.testing.assert_allclose(found, evaluate_slice(plain, plane, AXIS, AXIS))
    np.testing.assert_allclose(
        sampled_slice(streamed, plane, AXIS, AXIS, samples=9).losses,
        sampled_slice(plain, plane, AXIS, AXIS, samples=9).losses,
    )
    runs = [Training(one, network_methods(), batch_size=8, refresh_size=16, seed=1) for one in (streamed, plain)]
    for _ in range(3):
        for ours, wanted in zip(*(run.step().values() for run in runs), strict=True):
            assert ours.loss == pytest.approx(wanted.loss)


class Long(Counted):
    """More examples than are read together where nothing says how many."""

    def __len__(self) -> int:
        return 150

    def __getitem__(self, number: int):
        return super().__getitem__(number % N)


@pytest.mark.parametrize("chunk_size", [None, 150])
def test_a_batch_is_read_once_for_its_passes_and_its_count(chunk_size) -> None:
    data = Long()
    objective = NetworkLoss(network(), data, chunk_size=chunk_size, memory_limit=None if chunk_size else 2**30)
    batch = objective.rows(torch.arange(0, 150, 1))
    before = data.asked
    batch.training_pass(objective.initial)
    batch.gradient(objective.initial)
    assert data.asked - before == 150


def test_parts_are_as_large_as_memory_allows() -> None:
    assert NetworkLoss(network(), Counted()).chunk_size < 2**29 / (3 * X[0].nbytes)
    assert NetworkLoss(network(), Counted(), chunk_size=7).chunk_size == 7
    assert NetworkLoss(network(), X, Y).with_batch(Counted()).chunk_size is not None


def test_batch_normalisation_without_running_statistics_is_as_from_tensors() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3, track_running_stats=False)).double()
    streamed, plain = NetworkLoss(module, Counted()), NetworkLoss(module, X, Y)
    torch.testing.assert_close(streamed.gradient(plain.initial), plain.gradient(plain.initial))


def test_few_examples_are_alive_at_once() -> None:
    data = Counted()
    objective = NetworkLoss(network(), data, chunk_size=5)
    gc.collect()
    assert data.asked < N, "nothing is run through before a loss is asked for"
    objective.gradient(objective.initial)
    data.most = data.asked = 0
    objective.gradient(objective.initial)
    assert 5 <= data.most <= 10, "a part, and the one before it"
    assert data.asked == N, "the targets come with their inputs"


class Maps(Dataset):
    """Pictures with a class for each pixel, which knows the bytes of all tensors there are when it was asked often."""

    def __init__(self, examples: int) -> None:
        self.examples, self.asked, self.most = examples, 0, 0

    def __len__(self) -> int:
        return self.examples

    def __getitem__(self, number: int):
        self.asked += 1
        if self.asked % self.examples == 0:
            self.most = max(self.most, bytes_of_tensors())
        return torch.full((1, 48, 48), number % 2, dtype=torch.uint8), torch.full((48, 48), number % 2)


def bytes_of_tensors() -> int:
    return sum(x.nbytes for x in gc.get_objects() if type(x) is torch.Tensor)


class Pixels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scores = nn.Linear(1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scores(x.movedim(1, -1).float() + 1)


def test_targets_are_no_more_in_memory_than_their_inputs() -> None:
    data = Maps(1000)
    gc.collect()
    before = bytes_of_tensors()
    objective = NetworkLoss(Pixels(), data, ignore_index=1, chunk_size=20)
    found = float(objective.loss(objective.initial))
    x, y = default_collate([data[0], data[2]])
    assert found == pytest.approx(float(NetworkLoss(Pixels(), x, y).loss(objective.initial)), rel=1e-3)
    assert objective.count == 500 * 48 * 48
    every = len(data) * y[0].nbytes
    assert data.asked > 2 * len(data) and 0 < data.most < before + every / 4


class Largest(TorchDispatchMode):
    """The most numbers of any tensor that is made."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if not func.is_view:
            sizes = [x.numel() for x in tree_leaves(made) if isinstance(x, torch.Tensor)]
            self.numbers = max(self.numbers, *sizes, 0)
        return made


@pytest.mark.parametrize("kind", ["mapped", "dataset"])
def test_no_pass_makes_a_copy_of_the_data(tmp_path: Path, kind: str) -> None:
    rows, width, together = 400, 30, 20
    x = np.random.default_rng(0).standard_normal((rows, width), dtype=np.float32)
    y = torch.arange(rows) % 3
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    rows_of = [(torch.from_numpy(np.array(row)), label) for row, label in zip(x, y, strict=True)]
    given = (mapped, y) if kind == "mapped" else (_Listed(rows_of),)
    with Largest() as largest:
        objective = NetworkLoss(nn.Linear(width, 3), *given, chunk_size=together)
        theta = objective.initial
        objective.loss(theta)
        objective.training_pass(theta)
        objective.curvature_product(theta, theta, "ngd")
        sam_sharpness(objective, theta, 0.1)
        plane = slice_plane(objective, theta)
        memory = 8 * together * width
        for method in ("loop", "chain"):
            evaluate_slice(objective, plane, AXIS, AXIS, method=method, memory=memory)
        sampled_slice(objective, plane, AXIS, AXIS, samples=together, memory=memory)
        Training(objective, network_methods(), batch_size=together, refresh_size=together).step()
    assert 0 < largest.numbers <= rows * width / 4


class _Listed(Dataset):
    def __init__(self, items) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int):
        return self.items[number]


def inputs_of(given, seed: int = 0) -> torch.Tensor:
    return NetworkLoss(network(), given, noise_seed=seed).rows(slice(None)).data.inputs[0].read()


def test_a_loader_gives_its_examples_in_a_seeded_order() -> None:
    data = TensorDataset(X, Y)
    torch.testing.assert_close(inputs_of(DataLoader(data, 7)), X)
    shuffled = DataLoader(data, 7, shuffle=True)
    before = torch.get_rng_state()
    first = inputs_of(shuffled)
    assert torch.equal(first, inputs_of(shuffled)) and not torch.equal(first, inputs_of(shuffled, 1))
    assert torch.equal(torch.get_rng_state(), before), "nobody else's random numbers are moved"
    torch.testing.assert_close(first.sort(0).values, X.sort(0).values)
    assert len(inputs_of(DataLoader(data, 7, drop_last=True))) == 35
    torch.testing.assert_close(inputs_of(Subset(data, [5, 2])), X[[5, 2]])


@pytest.mark.parametrize("own", [False, True])
def test_the_order_is_that_of_a_pass_after_seeding(own: bool) -> None:
    generator = torch.Generator().manual_seed(8) if own else None
    loader = DataLoader(TensorDataset(X, Y), 7, shuffle=True, generator=generator)
    seeded = generator or torch.default_generator
    before = seeded.get_state()
    found = inputs_of(loader, 5)
    assert torch.equal(seeded.get_state(), before), "the loader's own generator is left as it was"
    seeded.manual_seed(5)
    torch.testing.assert_close(found, torch.cat([x for x, _ in loader]))


def test_a_loader_without_batches_gives_its_examples() -> None:
    data = TensorDataset(X, Y)
    torch.testing.assert_close(
        inputs_of(DataLoader(data, batch_size=None, collate_fn=lambda pair: (2 * pair[0], pair[1]))), 2 * X
    )
    listed = BatchSampler(SequentialSampler(data), 7, drop_last=False)
    torch.testing.assert_close(inputs_of(DataLoader(data, batch_size=None, sampler=listed)), X)


def test_workers_of_a_loader_are_not_used_which_is_said_and_the_order_is_the_same() -> None:
    data = TensorDataset(X, Y)
    wanted = inputs_of(DataLoader(data, 7, shuffle=True), 5)
    with pytest.warns(UserWarning, match="num_workers=2 is not used"):
        assert torch.equal(inputs_of(DataLoader(data, 7, shuffle=True, num_workers=2), 5), wanted)


def test_a_collate_function_that_draws_gives_the_same_batch_every_time() -> None:
    def masked(items):
        x, y = default_collate(items)
        return x * (torch.rand(len(x), 1) < 0.5), y

    objective = NetworkLoss(network(), DataLoader(TensorDataset(X, Y), 4, collate_fn=masked))
    assert torch.equal(*(objective.loss(objective.initial) for _ in range(2)))


@pytest.mark.parametrize("draw", [lambda: float(torch.rand(())), np.random.rand, random.random])
def test_a_transform_that_draws_gives_the_same_example_every_time(draw: Callable[[], float]) -> None:
    class Noisy(Counted):
        def __getitem__(self, number: int):
            x, y = super().__getitem__(number)
            return x + draw(), y

    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    objective = NetworkLoss(network(), Noisy())
    theta = objective.initial
    once = objective.loss(theta)
    assert float(once) != pytest.approx(float(NetworkLoss(network(), X, Y).loss(theta)))
    for size in (1, 7):
        objective.chunk_size = size
        torch.testing.assert_close(objective.loss(theta), once)
    assert python == random.getstate(), "nobody else's random numbers are moved"
    assert np.array_equal(numpy[1], np.random.get_state()[1])  # noqa: NPY002


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return self.inner(left * right)


@pytest.mark.parametrize("form", ["tuple", "dictionary"])
def test_several_inputs_are_read_at_once(form: str) -> None:
    data = Counted()

    def collate(items):
        x, y = default_collate(items)
        return ((x, 2 * x) if form == "tuple" else {"right": 2 * x, "left": x}), y

    objective = NetworkLoss(Named(), DataLoader(data, 4, collate_fn=collate), chunk_size=9)
    wanted = NetworkLoss(Named(), (X, 2 * X), Y)
    objective.loss(objective.initial)  # looks, once, whether the examples can be taken apart
    asked = data.asked
    torch.testing.assert_close(objective.loss(objective.initial), wanted.loss(wanted.initial))
    assert data.asked == asked + N


class Run(IterableDataset):
    def __iter__(self):
        return iter(zip(X, Y, strict=True))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((Run(),), "can only be run through"),
        ((DataLoader(Run(), 4),), "can only be run through"),
        ((TensorDataset(X),), r"must be a pair \(inputs, targets\)"),
        ((TensorDataset(X[:0], Y[:0]),), "the batch is empty"),
        ((TensorDataset(X, Y), Y), "has its own targets"),
        ((DataLoader(TensorDataset(X, Y), 4, collate_fn=lambda _: (X[:2], Y[:2])),), "as many rows"),
        ((X,), "there are no targets"),
        ((DataLoader([(x[: 3 + int(y)], y) for x, y in zip(X, Y, strict=True)]),), "cannot be put together"),
        ((DataLoader([(x, "one") for x in X]),), "must be numbers"),
    ],
)
def test_what_cannot_be_read_is_refused(given, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        NetworkLoss(network(), *given)


def test_targets_of_other_shapes_are_refused_where_they_come() -> None:
    pairs = [(x, x[: 1 + (k == 29)]) for k, x in enumerate(X)]
    objective = NetworkLoss(nn.Linear(6, 1).double(), DataLoader(pairs), loss_function="squared error", chunk_size=1)
    with pytest.raises(ValueError, match=r"one shape for all examples, not of \(1,\) and \(2,\)"):
        objective.rows(slice(29, 30)).loss(objective.initial)


def test_images_are_cut_as_those_in_memory() -> None:
    images, model = X[:, :4].reshape(N, 1, 2, 2), nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).double()
    both = NetworkLoss(model, TensorDataset(images, Y), chunk_size=9), NetworkLoss(model, images, Y)
    ours, wanted = (Training(one, network_methods(), batch_size=8, seed=1, cutout=1).step() for one in both)
    for name, report in wanted.items():
        assert ours[name].loss == pytest.approx(report.loss)
    assert path_norm(both[0], both[0].initial) == pytest.approx(path_norm(both[1], both[1].initial))
