"""Data as other programs keep them: either order of an image's axes, deep pictures, and files that are nobody's."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from geometry.datasets import image_folder, npz


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        ((12, 20, 3), (3, 12, 20)),
        ((3, 12, 20), (3, 12, 20)),
        ((16, 16, 4), (4, 16, 16)),
        ((16, 16, 7), (7, 16, 16)),  # square: the odd one out are the channels
        ((64, 8, 8), (64, 8, 8)),
        ((8, 8, 8), (8, 8, 8)),
        ((5, 9, 1), (1, 5, 9)),
        ((3, 3, 1), (1, 3, 3)),
    ],
)
def test_channels_are_found_on_either_side(tmp_path: Path, shape: tuple[int, ...], read: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).random((6, *shape))
    np.savez(tmp_path / "d.npz", X=images, y=np.arange(6) % 2)
    got = npz(tmp_path / "d.npz", test_fraction=0.5)
    assert got.input_shape == read
    one = got.inputs[0].numpy()
    wanted = images if read == shape else images.transpose(0, 3, 1, 2)
    assert any(np.allclose(one, image, atol=1e-6) for image in wanted)


@pytest.mark.parametrize("shape", [(3, 20, 4), (1, 28, 3), (5, 20, 7)])
def test_images_that_may_be_read_in_two_ways_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.savez(tmp_path / "d.npz", X=np.zeros((6, *shape)), y=np.arange(6) % 2)
    with pytest.raises(ValueError, match=r"may be \d channels of .* pixels or \d channels of"):
        npz(tmp_path / "d.npz")


def test_deep_images_in_an_archive_are_scaled_and_features_are_not(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 8).astype(np.uint16)
    np.savez(tmp_path / "d.npz", X=np.tile(ramp, (6, 8, 1)), y=np.arange(6) % 2)
    assert np.allclose(npz(tmp_path / "d.npz").inputs[0, 0, 0], ramp / 65535, atol=1e-6)
    np.savez(tmp_path / "d.npz", X=np.tile(ramp, (6, 1)), y=np.arange(6) % 2)
    assert np.allclose(npz(tmp_path / "d.npz").inputs[0], ramp)


def folder(root: Path, image: Image.Image, suffix: str = "png") -> Path:
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for number in range(3):
            image.save(root / name / f"{number}.{suffix}")
    return root


RAMP = np.linspace(0, 1, 16)[None].repeat(16, 0)


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize(
    ("array", "suffix"),
    [
        ((RAMP * 65535).astype(np.uint16), "pgm"),
        ((RAMP * 65535).astype(">u2"), "tif"),
        (RAMP.astype(np.float32), "tiff"),
        ((RAMP * 255).astype(np.uint8), "png"),
    ],
)
def test_a_ramp_is_read_as_a_ramp(tmp_path: Path, array: np.ndarray, suffix: str, colour: bool) -> None:
    got = image_folder(folder(tmp_path, Image.fromarray(array), suffix), size=16, colour=colour).inputs[0].numpy()
    assert got.shape == (3 if colour else 1, 16, 16) and np.abs(got - RAMP).max() < 0.005


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        ((RAMP * 4095).astype(np.float32), "real numbers from 0 to 4095; they must lie in 0 to 1"),
        ((RAMP - 0.5).astype(np.float32), r"real numbers from -0\.5 to 0\.5"),
        (np.where(RAMP > 0.5, np.nan, RAMP).astype(np.float32), "real numbers from nan to nan"),
        ((RAMP * 1000).astype(np.int32), "32 bits have no known scale"),
    ],
)
def test_numbers_without_a_known_scale_are_refused(tmp_path: Path, array: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        image_folder(folder(tmp_path, Image.fromarray(array), "tif"))


def test_a_stack_of_pictures_is_no_picture(tmp_path: Path) -> None:
    root = folder(tmp_path, Image.new("L", (8, 8)))
    pages = [Image.new("L", (8, 8), value) for value in (0, 90, 180)]
    pages[0].save(root / "cat" / "stack.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match=r"stack\.tif cannot be read as an image: it holds 3 pictures"):
        image_folder(root)


def test_a_cameras_side_is_followed(tmp_path: Path) -> None:
    picture = Image.fromarray((RAMP * 255).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    root = folder(tmp_path, picture)
    for file in root.glob("*/*.png"):
        picture.save(file, exif=exif)
    assert image_folder(root, size=16).inputs[0, 0, 0, 0] > 0.9


def test_hidden_files_and_foreign_folders_are_no_data(tmp_path: Path) -> None:
    root = folder(tmp_path / "train", Image.new("RGB", (8, 8))).parent
    folder(root / "test", Image.new("RGB", (8, 8)))
    for half in ("train", "test"):
        for name in (".git", "__MACOSX", "@eaDir", ".Trash-1000", "$RECYCLE.BIN"):
            (root / half / name).mkdir()
            Image.new("RGB", (8, 8)).save(root / half / name / "0.png")
        (root / half / "dog" / ".hidden.jpg").write_bytes(b"no picture")
        (root / half / "dog" / "._1.png").write_bytes(b"\0\5\x16\7" + bytes(90))
    data = image_folder(root)
    assert data.class_names == ("cat", "dog") and len(data.inputs) == 6 and len(data.test_inputs) == 6


def test_an_archive_packed_anew_by_macos_is_read(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    np.savez(path, inputs=np.zeros((6, 3)), targets=np.arange(6) % 2)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._inputs.npy", b"\0\5\x16\7" + bytes(90))
        archive.writestr("._targets.npy", b"\0\5\x16\7" + bytes(90))
    assert npz(path).input_shape == (3,)
