"""Pyramidal residual networks (Han, Kim and Kim, arXiv 1610.02915): every block is a little wider than the last."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from geometry.architectures.architecture import channels_and_side, normalisation, plan_blocks


class PyramidNet(nn.Module):
    """A PyramidNet of basic blocks, depth 6n + 2: block k = 1 … 3n has ⌊16 + kα/(3n)⌋ channels (additive widening).

    The paper writes D_k = ⌊D_{k−1} + α/(3n)⌋, which is meant without rounding on the way, or no α below 3n would widen
    anything. Block: y = norm(conv(relu(norm(conv(norm x))))) + shortcut, with no relu before its first convolution; the
    shortcut has the mean over squares of 2×2 pixels where the size halves, and zeros for the channels that x lacks.
    `norm` is "batch", the paper's, or "group".
    """

    def __init__(
        self, input_shape: tuple[int, ...], classes: int, depth: int = 8, alpha: float = 48, norm: str = "group"
    ) -> None:
        super().__init__()
        if depth < 8 or (depth - 2) % 6:
            raise ValueError(f"depth must be 8, 14, 20, … (6n + 2), got {depth}")
        if alpha < 0:
            raise ValueError(f"alpha must be at least 0, got {alpha}")
        before, _ = channels_and_side(input_shape, "a pyramidal net")
        self.plan = [(name, stride) for name, _, stride in plan_blocks(3, (depth - 2) // 6)]
        self.stem = nn.Conv2d(before, 16, 3, padding=1, bias=False)
        self.stem_norm = normalisation(norm, 16)
        before = 16
        for number, (name, stride) in enumerate(self.plan, start=1):
            width = int(16 + number * alpha / len(self.plan))
            self.add_module(f"{name}_norm1", normalisation(norm, before))
            self.add_module(f"{name}_conv1", nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False))
            self.add_module(f"{name}_norm2", normalisation(norm, width))
            self.add_module(f"{name}_conv2", nn.Conv2d(width, width, 3, padding=1, bias=False))
            self.add_module(f"{name}_norm3", normalisation(norm, width))
            before = width
        self.last_norm = normalisation(norm, before)
        self.output = nn.Linear(before, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores (n, classes) of images (n, channels, height, width)."""
        layers = dict(self.named_children())
        x = self.stem_norm(self.stem(x))
        for name, stride in self.plan:
            inner = layers[f"{name}_conv1"](layers[f"{name}_norm1"](x))
            inner = layers[f"{name}_conv2"](functional.relu(layers[f"{name}_norm2"](inner)))
            inner = layers[f"{name}_norm3"](inner)
            shortcut = functional.avg_pool2d(x, stride, ceil_mode=True) if stride > 1 else x
            x = inner + functional.pad(shortcut, (0, 0, 0, 0, 0, inner.shape[1] - shortcut.shape[1]))
        return self.output(functional.relu(self.last_norm(x)).mean(dim=(2, 3)))
