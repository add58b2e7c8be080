"""Networks that are one chain of layers: a multilayer perceptron, a small convolutional net, a VGG-style net."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from geometry.architectures.architecture import channels_and_side, features, normalisation

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "sigmoid": nn.Sigmoid}


def mlp(
    input_shape: tuple[int, ...], classes: int, widths: tuple[int, ...] = (128, 64), activation: str = "relu"
) -> nn.Sequential:
    """x ↦ W_L φ(… φ(W_1 x + b_1) …) + b_L, hidden widths `widths`, φ one of relu, tanh, gelu, sigmoid."""
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    before = features(input_shape)
    for number, width in enumerate(widths, start=1):
        layers[f"linear{number}"] = nn.Linear(before, width)
        layers[f"{activation}{number}"] = ACTIVATIONS[activation]()
        before = width
    layers["output"] = nn.Linear(before, classes)
    return nn.Sequential(layers)


def convnet(input_shape: tuple[int, ...], classes: int, channels: tuple[int, int, int] = (16, 32, 32)) -> nn.Sequential:
    """Three 3×3 convolutions with ReLU, halved in size after the first (and after the others while above 8 pixels)."""
    before, side = channels_and_side(input_shape, "the convolutional net")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, width in enumerate(channels, start=1):
        layers[f"conv{number}"] = nn.Conv2d(before, width, 3, padding=1)
        layers[f"relu{number}"] = nn.ReLU()
        if side >= 2 and (number == 1 or side > 8):
            layers[f"pool{number}"] = nn.MaxPool2d(2)
            side //= 2
        before = width
    layers["flatten"] = nn.Flatten()
    layers["output"] = nn.Linear(_flat_size(layers, input_shape), classes)
    return nn.Sequential(layers)


def vgg(
    input_shape: tuple[int, ...],
    classes: int,
    widths: tuple[int, ...] = (16, 32, 64),
    norm: str = "group",
) -> nn.Sequential:
    """Stages of two 3×3 convolutions, each with normalisation and ReLU, halved in size after every stage.

    After Simonyan and Zisserman (arXiv 1409.1556), with one hidden dense layer; `norm` is "group" or "batch".
    """
    before, side = channels_and_side(input_shape, "the VGG-style net")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for stage, width in enumerate(widths, start=1):
        for number in (1, 2):
            name = f"{stage}_{number}"
            layers[f"conv{name}"] = nn.Conv2d(before, width, 3, padding=1, bias=False)
            layers[f"norm{name}"] = normalisation(norm, width)
            layers[f"relu{name}"] = nn.ReLU()
            before = width
        if side >= 2:
            layers[f"pool{stage}"] = nn.MaxPool2d(2)
            side //= 2
    layers["flatten"] = nn.Flatten()
    layers["dense"] = nn.Linear(_flat_size(layers, input_shape), widths[-1])
    layers["relu_dense"] = nn.ReLU()
    layers["output"] = nn.Linear(widths[-1], classes)
    return nn.Sequential(layers)


def _flat_size(layers: OrderedDict[str, nn.Module], input_shape: tuple[int, ...]) -> int:
    """Length of what the convolutions hand on: their strides and paddings are known, so shapes are enough."""
    height, width = input_shape[1:]
    channels = input_shape[0]
    for layer in layers.values():
        if isinstance(layer, nn.Conv2d):
            channels = layer.out_channels
        elif isinstance(layer, nn.MaxPool2d):
            height, width = height // 2, width // 2
    return torch.Size((channels, height, width)).numel()
