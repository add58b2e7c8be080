"""The vision transformer of Figures 5 and 6: 16 patches, hidden layers of four times the width."""

from __future__ import annotations

import torch
from torch import nn

from geometry.architectures.transformer import VisionTransformer
from geometry.datasets import Dataset, load_dataset
from geometry.networks import NetworkLoss
from geometry.random_numbers import drawing_from


def vision_problem(data: str, width: int, blocks: int, seed: int) -> tuple[Dataset, nn.Module, NetworkLoss]:
    """(data, network, loss over the training half); the seed draws the split and the first weights."""
    sets = load_dataset(data, seed)
    patch = sets.input_shape[-1] // 4
    with drawing_from(seed, torch.device("cpu")):
        module = VisionTransformer(sets.input_shape, sets.classes, patch, width, blocks, factor=4)
    return sets, module, NetworkLoss(module, sets.inputs, sets.targets)
