"""Wide residual networks (Zagoruyko and Komodakis, arXiv 1605.07146): shallow, and k times as wide."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from geometry.architectures.architecture import channels_and_side, normalisation, plan_blocks


class WideResNet(nn.Module):
    """WRN-d-k, of depth d = 6n + 4 and widening factor k: three stages of n blocks with 16k, 32k and 64k channels.

    Every convolution and normalisation is a layer of its own. Block: y = conv(relu(norm(conv(relu(norm x))))) +
    shortcut, the shortcut x itself, or where the channels change a 1×1 convolution of relu(norm x), as in the authors'
    code. After the last block norm, relu, the mean over the pixels and a dense layer. No dropout. `norm` is "batch",
    the paper's, or "group".
    """

    def __init__(
        self, input_shape: tuple[int, ...], classes: int, depth: int = 10, widen: int = 2, norm: str = "group"
    ) -> None:
        super().__init__()
        if depth < 10 or (depth - 4) % 6:
            raise ValueError(f"depth must be 10, 16, 22, … (6n + 4), got {depth}")
        if widen < 1:
            raise ValueError(f"widen must be at least 1, got {widen}")
        before, _ = channels_and_side(input_shape, "a wide residual net")
        self.plan = plan_blocks(3, (depth - 4) // 6)
        self.stem = nn.Conv2d(before, 16, 3, padding=1, bias=False)
        before = 16
        for name, stage, stride in self.plan:
            width = 16 * widen * 2**stage
            self.add_module(f"{name}_norm1", normalisation(norm, before))
            self.add_module(f"{name}_conv1", nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False))
            self.add_module(f"{name}_norm2", normalisation(norm, width))
            self.add_module(f"{name}_conv2", nn.Conv2d(width, width, 3, padding=1, bias=False))
            if width != before:
                self.add_module(f"{name}_shortcut", nn.Conv2d(before, width, 1, stride=stride, bias=False))
            before = width
        self.last_norm = normalisation(norm, before)
        self.output = nn.Linear(before, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores (n, classes) of images (n, channels, height, width)."""
        layers = dict(self.named_children())
        x = self.stem(x)
        for name, *_ in self.plan:
            ready = functional.relu(layers[f"{name}_norm1"](x))
            shortcut = layers[f"{name}_shortcut"](ready) if f"{name}_shortcut" in layers else x
            inner = functional.relu(layers[f"{name}_norm2"](layers[f"{name}_conv1"](ready)))
            x = layers[f"{name}_conv2"](inner) + shortcut
        return self.output(functional.relu(self.last_norm(x)).mean(dim=(2, 3)))
