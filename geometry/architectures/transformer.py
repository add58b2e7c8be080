"""Small transformers: a vision transformer for images, a decoder that predicts the next character.

Attention is written out as softmax(QKᵀ/√d)V. PyTorch's fused kernels have no second derivative; written out, Hessian
products go through it, and so do vectorised parameters. Every dense layer and normalisation is a layer at the top
level. Blocks are pre-norm: x ← x + A(norm x), x ← x + F(norm x) (Xiong et al., arXiv 2002.04745).
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from geometry.architectures.architecture import channels_and_side


def attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, causal: bool, hidden: torch.Tensor | None = None
) -> torch.Tensor:
    """softmax(QKᵀ/√d + mask) V over (..., heads, length, d); `causal` hides every later position, and `hidden`, which
    broadcasts over (..., heads, queries, keys), the keys where it is true."""
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
    if causal:
        length = scores.shape[-1]
        later = torch.ones(length, length, dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, -math.inf)
    if hidden is not None:
        scores = scores.masked_fill(hidden, -math.inf)
    return scores.softmax(dim=-1) @ value


class _Blocks(nn.Module):
    """What both transformers share: the residual blocks of attention and of two dense layers."""

    def _add_blocks(self, blocks: int, width: int, heads: int, factor: int, causal: bool) -> None:
        if width % heads:
            raise ValueError(f"width {width} must be a multiple of heads {heads}")
        self.blocks, self.heads, self.causal = blocks, heads, causal
        for number in range(1, blocks + 1):
            name = f"block{number}"
            self.add_module(f"{name}_norm1", nn.LayerNorm(width))
            self.add_module(f"{name}_query_key_value", nn.Linear(width, 3 * width))
            self.add_module(f"{name}_mix", nn.Linear(width, width))
            self.add_module(f"{name}_norm2", nn.LayerNorm(width))
            self.add_module(f"{name}_dense1", nn.Linear(width, factor * width))
            self.add_module(f"{name}_dense2", nn.Linear(factor * width, width))

    def _through_blocks(self, x: torch.Tensor) -> torch.Tensor:
        """(n, length, width) → the same shape."""
        for number in range(1, self.blocks + 1):
            layer = {
                part: self.get_submodule(f"block{number}_{part}")
                for part in ("norm1", "query_key_value", "mix", "norm2", "dense1", "dense2")
            }
            parts = layer["query_key_value"](layer["norm1"](x)).chunk(3, dim=-1)
            query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(-2, -3) for part in parts)
            mixed = attention(query, key, value, self.causal).transpose(-2, -3).flatten(-2)
            x = x + layer["mix"](mixed)
            x = x + layer["dense2"](functional.gelu(layer["dense1"](layer["norm2"](x))))
        return x


class VisionTransformer(_Blocks):
    """Patches → dense embedding + learned positions → blocks → mean over the patches → class scores.

    After Dosovitskiy et al. (arXiv 2010.11929), with the mean in place of a class token. The hidden layer of a block is
    `factor` times as wide as the block (4 there).
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        classes: int,
        patch: int | None = None,
        width: int = 32,
        blocks: int = 2,
        heads: int = 4,
        factor: int = 2,
    ) -> None:
        super().__init__()
        channels, side = channels_and_side(input_shape, "the vision transformer")
        self.patch = patch if patch is not None else max(side // 7, 2)
        if self.patch < 1 or any(length % self.patch for length in input_shape[1:]):
            raise ValueError(f"patch {self.patch} must divide the image’s sides {input_shape[1:]}")
        patches = math.prod(length // self.patch for length in input_shape[1:])
        self.patches = nn.Conv2d(channels, width, self.patch, stride=self.patch)
        self.positions = nn.Embedding(patches, width)
        self._add_blocks(blocks, width, heads, factor, causal=False)
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores (n, classes) of images (n, channels, height, width)."""
        embedded = self.patches(x).flatten(2).transpose(1, 2) + self.positions.weight
        return self.output(self.norm(self._through_blocks(embedded)).mean(dim=1))


class CharacterTransformer(_Blocks):
    """Character + position embeddings → causal blocks → scores of the next character at every position.

    The hidden layer of a block is `factor` times as wide as the block (4 in GPT-2).
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        classes: int,
        width: int = 32,
        blocks: int = 2,
        heads: int = 4,
        factor: int = 2,
    ) -> None:
        super().__init__()
        if len(input_shape) != 1:
            raise ValueError(f"the character transformer takes sequences (length,); these examples have {input_shape}")
        self.characters = nn.Embedding(classes, width)
        self.positions = nn.Embedding(input_shape[0], width)
        self._add_blocks(blocks, width, heads, factor, causal=True)
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (n, length, classes) of character numbers (n, length)."""
        embedded = self.characters(x) + self.positions.weight[: x.shape[-1]]
        return self.output(self.norm(self._through_blocks(embedded)))
