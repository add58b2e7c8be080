"""A network of 11 million parameters, and made-up pictures for it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CLASSES = 10
EXAMPLES = 2500


class Block(nn.Module):
    """Two convolutions and what goes past them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)])
        self.past = nn.Conv2d(inputs, outputs, 1, stride) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(self.norms[0](self.first(x)))
        return F.relu(self.norms[1](self.second(inner)) + self.past(x))


def resnet18() -> nn.Module:
    """ResNet-18 for small images."""
    widths = ((64, 1), (128, 2), (256, 2), (512, 2))
    parts: list[nn.Module] = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    before = 64
    for width, stride in widths:
        parts += [Block(before, width, stride), Block(width, width, 1)]
        before = width
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, CLASSES))


def make() -> tuple[nn.Module, Tensor, Tensor]:
    """For --objective: pictures of 32 × 32, each class with a colour of its own."""
    torch.manual_seed(0)
    labels = torch.arange(EXAMPLES) % CLASSES
    colours = torch.randn(CLASSES, 3, 1, 1)
    return resnet18(), torch.randn(EXAMPLES, 3, 32, 32) + colours[labels], labels
