"""Residual networks for small images (He et al., arXiv 1512.03385, §4.2): depth 6n + 2, n blocks in 3 stages each."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from geometry.architectures.architecture import channels_and_side, normalisation, plan_blocks


class ResNet(nn.Module):
    """A residual network whose every convolution and normalisation is a layer of its own at the top level.

    Block: y = relu(norm(conv(relu(norm(conv x)))) + shortcut(x)); the shortcut takes every second pixel and appends
    zero channels where the size halves (the parameter-free option A of the paper). Depth 8, 14, 20, …

    shortcuts=False leaves them out: the same layers and parameters, y = relu(norm(conv(relu(norm(conv x))))), as Li et
    al. (arXiv 1712.09913) compare.
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        classes: int,
        depth: int = 8,
        norm: str = "group",
        widths: tuple[int, int, int] = (16, 32, 64),
        shortcuts: bool = True,
    ) -> None:
        super().__init__()
        if depth < 8 or (depth - 2) % 6:
            raise ValueError(f"depth must be 8, 14, 20, … (6n + 2), got {depth}")
        before, _ = channels_and_side(input_shape, "a residual net")
        self.widths, self.blocks, self.shortcuts = widths, (depth - 2) // 6, shortcuts
        self._add("stem", "", before, widths[0], 1, norm)
        before = widths[0]
        for name, width, stride in self._plan():
            self._add(name, "1", before, width, stride, norm)
            self._add(name, "2", width, width, 1, norm)
            before = width
        self.output = nn.Linear(before, classes)

    def _plan(self) -> list[tuple[str, int, int]]:
        """(name, channels, stride) of every block, in order."""
        planned = plan_blocks(len(self.widths), self.blocks)
        return [(name, self.widths[stage], stride) for name, stage, stride in planned]

    def _add(self, name: str, number: str, before: int, width: int, stride: int, norm: str) -> None:
        self.add_module(f"{name}_conv{number}", nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False))
        self.add_module(f"{name}_norm{number}", normalisation(norm, width))

    def _convolved(self, name: str, number: str, x: torch.Tensor) -> torch.Tensor:
        return self.get_submodule(f"{name}_norm{number}")(self.get_submodule(f"{name}_conv{number}")(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores (n, classes) of images (n, channels, height, width)."""
        x = functional.relu(self._convolved("stem", "", x))
        for name, width, stride in self._plan():
            inner = self._convolved(name, "2", functional.relu(self._convolved(name, "1", x)))
            if self.shortcuts:
                shortcut = x[:, :, ::stride, ::stride]
                if width > shortcut.shape[1]:
                    shortcut = functional.pad(shortcut, (0, 0, 0, 0, 0, width - shortcut.shape[1]))
                inner = inner + shortcut
            x = functional.relu(inner)
        return self.output(x.mean(dim=(2, 3)))
