"""A row of the registry of networks, and what all of them share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the table of networks is read by processes that never build one: torch comes with the first module
    import torch


@dataclass(frozen=True)
class Architecture:
    """A kind of network, in one sentence, and how to build it.

    `make(input_shape, classes)` returns the module, whose children at the top level are its layers: a layerwise
    method treats the parameters of one of them as one control. `kinds` are the kinds of data that it takes.
    """

    key: str
    title: str
    description: str
    kinds: tuple[str, ...]
    make: Callable[[tuple[int, ...], int], torch.nn.Module]

    def parameter_count(self, input_shape: tuple[int, ...], classes: int) -> int:
        """Number of parameters for examples of this shape; nothing is allocated."""
        import torch

        with torch.device("meta"):
            return parameter_count(self.make(input_shape, classes))


def build(name: str, input_shape: tuple[int, ...], classes: int, **settings: Any) -> torch.nn.Module:
    """A network of the class or function "module.name" of this package, imported with the first that is built."""
    module, _, part = name.partition(".")
    return getattr(import_module(f"geometry.architectures.{module}"), part)(input_shape, classes, **settings)


def parameter_count(module: torch.nn.Module) -> int:
    """D, the number of parameters of a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def features(input_shape: tuple[int, ...]) -> int:
    """Numbers in one example."""
    return math.prod(input_shape)


def channels_and_side(input_shape: tuple[int, ...], name: str) -> tuple[int, int]:
    """(channels, the shorter side in pixels) of an image; ValueError for anything else."""
    if len(input_shape) != 3:
        raise ValueError(f"{name} takes images (channels, height, width); these examples have shape {input_shape}")
    return input_shape[0], min(input_shape[1:])


def normalisation(kind: str, channels: int) -> torch.nn.Module:
    """GroupNorm with groups of up to 8 channels ("group") or BatchNorm ("batch")."""
    from torch import nn

    if kind == "group":
        return nn.GroupNorm(math.gcd(channels, max(channels // 8, 1)), channels)
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    raise ValueError(f"norm must be 'group' or 'batch', got {kind!r}")


def plan_blocks(stages: int, blocks: int) -> list[tuple[str, int, int]]:
    """(name, stage from 0, stride) of each residual block, `blocks` a stage; each stage but the first begins with 2."""
    return [
        (f"stage{stage + 1}_block{block + 1}", stage, 2 if stage and not block else 1)
        for stage in range(stages)
        for block in range(blocks)
    ]
