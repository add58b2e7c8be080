"""Small networks whose top-level children are their layers: one registry.

module = build_network("mlp", data.input_shape, data.classes, seed=0)
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from geometry.architectures.architecture import Architecture, build, parameter_count

if TYPE_CHECKING:
    import torch

__all__ = ["ARCHITECTURES", "Architecture", "build_network", "parameter_count"]

_IMAGES = ("images",)
_ROWS = (
    Architecture(
        "mlp",
        "MLP 128-64",
        "Two hidden dense layers of 128 and 64 ReLU units.",
        ("images", "vectors"),
        partial(build, "plain.mlp"),
    ),
    Architecture(
        "deep-tanh",
        "Deep tanh MLP",
        "Eight hidden dense layers of 16 tanh units, through which gradients fade.",
        ("images", "vectors"),
        partial(build, "plain.mlp", widths=(16,) * 8, activation="tanh"),
    ),
    Architecture(
        "convnet",
        "Small ConvNet",
        "Three 3×3 convolutions of 16, 32 and 32 channels.",
        _IMAGES,
        partial(build, "plain.convnet"),
    ),
    Architecture(
        "resnet8",
        "ResNet-8",
        "Residual net of depth 8 with GroupNorm.",
        _IMAGES,
        partial(build, "resnet.ResNet", depth=8),
    ),
    Architecture(
        "resnet8-batchnorm",
        "ResNet-8, BatchNorm",
        "Residual net of depth 8 with BatchNorm.",
        _IMAGES,
        partial(build, "resnet.ResNet", depth=8, norm="batch"),
    ),
    Architecture(
        "resnet20",
        "ResNet-20",
        "Residual net of depth 20 with GroupNorm.",
        _IMAGES,
        partial(build, "resnet.ResNet", depth=20),
    ),
    Architecture(
        "resnet20-batchnorm",
        "ResNet-20, BatchNorm",
        "Residual net of depth 20 with BatchNorm.",
        _IMAGES,
        partial(build, "resnet.ResNet", depth=20, norm="batch"),
    ),
    Architecture(
        "wide-resnet10",
        "Wide ResNet-10-2",
        "Wide residual net of depth 10 and widening factor 2, with GroupNorm.",
        _IMAGES,
        partial(build, "wide_resnet.WideResNet"),
    ),
    Architecture(
        "pyramidnet8",
        "PyramidNet-8",
        "Pyramidal residual net of depth 8, each block 16 channels wider (α 48), with GroupNorm.",
        _IMAGES,
        partial(build, "pyramidnet.PyramidNet"),
    ),
    Architecture(
        "vgg",
        "VGG-style",
        "Three stages of two convolutions with GroupNorm and pooling.",
        _IMAGES,
        partial(build, "plain.vgg"),
    ),
    Architecture(
        "vit",
        "Small ViT",
        "Vision transformer: two blocks of width 32 over patches.",
        _IMAGES,
        partial(build, "transformer.VisionTransformer"),
    ),
    Architecture(
        "character-transformer",
        "Character transformer",
        "Causal transformer of two blocks that predicts the next character.",
        ("characters",),
        partial(build, "transformer.CharacterTransformer"),
    ),
)

ARCHITECTURES: dict[str, Architecture] = {row.key: row for row in _ROWS}
"""Every built-in network by its key; the first is the default."""


def build_network(key: str, input_shape: tuple[int, ...], classes: int, seed: int = 0) -> torch.nn.Module:
    """The network `key` of ARCHITECTURES with PyTorch's usual initial weights, drawn with `seed`.

    The weights are drawn on the CPU, the same on every machine, and the global random state is left as it was.
    Raises ValueError for an unknown key, or examples of a shape that the network does not take.
    """
    if key not in ARCHITECTURES:
        raise ValueError(f"unknown network {key!r}; choose one of {', '.join(ARCHITECTURES)}")
    if classes < 2:
        raise ValueError(f"a classifier needs at least 2 classes, got {classes}")
    import torch

    from geometry.random_numbers import drawing_from

    with drawing_from(seed, torch.device("cpu")):
        return ARCHITECTURES[key].make(input_shape, classes)
