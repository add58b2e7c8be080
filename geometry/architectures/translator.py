"""A transformer that reads one sequence of tokens and writes another (Vaswani et al., arXiv 1706.03762), pre-norm."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from geometry.architectures.transformer import attention


class Translator(nn.Module):
    """Encoder over the source's tokens, causal decoder over the words given so far → scores of the next word.

    Token 0 of the source is padding, which nobody looks at; every source has a token that is none. Padding of the
    target needs no mask: it stands behind all words, which look back only.
    """

    def __init__(
        self,
        source_tokens: int,
        target_tokens: int,
        source_length: int,
        target_length: int,
        width: int = 64,
        blocks: int = 2,
        heads: int = 4,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} must be a multiple of heads {heads}")
        self.blocks, self.heads = blocks, heads
        for side, tokens, length in (
            ("source", source_tokens, source_length),
            ("target", target_tokens, target_length),
        ):
            self.add_module(f"{side}_tokens", nn.Embedding(tokens, width))
            self.add_module(f"{side}_positions", nn.Embedding(length, width))
            for number in range(1, blocks + 1):
                self._add_block(f"{side}{number}", width, looks_across=side == "target")
            self.add_module(f"{side}_norm", nn.LayerNorm(width))
        self.output = nn.Linear(width, target_tokens)

    def _add_block(self, name: str, width: int, looks_across: bool) -> None:
        self.add_module(f"{name}_norm1", nn.LayerNorm(width))
        self.add_module(f"{name}_query_key_value", nn.Linear(width, 3 * width))
        self.add_module(f"{name}_mix", nn.Linear(width, width))
        if looks_across:
            self.add_module(f"{name}_norm_across", nn.LayerNorm(width))
            self.add_module(f"{name}_query", nn.Linear(width, width))
            self.add_module(f"{name}_key_value", nn.Linear(width, 2 * width))
            self.add_module(f"{name}_mix_across", nn.Linear(width, width))
        self.add_module(f"{name}_norm2", nn.LayerNorm(width))
        self.add_module(f"{name}_dense1", nn.Linear(width, 4 * width))
        self.add_module(f"{name}_dense2", nn.Linear(4 * width, width))

    def forward(self, source: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
        """Scores (n, target length, target tokens) for the word after each of `given` (n, target length); source
        (n, source length)."""
        hidden = (source == 0)[:, None, None, :]
        read = self._embedded("source", source)
        for number in range(1, self.blocks + 1):
            read = self._densely(f"source{number}", read + self._within(f"source{number}", read, hidden))
        read = self._part("source_norm")(read)
        written = self._embedded("target", given)
        for number in range(1, self.blocks + 1):
            name = f"target{number}"
            written = written + self._within(name, written, None)
            written = self._densely(name, written + self._across(name, written, read, hidden))
        return self.output(self._part("target_norm")(written))

    def _part(self, name: str) -> nn.Module:
        return self.get_submodule(name)

    def _embedded(self, side: str, tokens: torch.Tensor) -> torch.Tensor:
        places = torch.arange(tokens.shape[-1], device=tokens.device)
        return self._part(f"{side}_tokens")(tokens) + self._part(f"{side}_positions")(places)

    def _within(self, name: str, x: torch.Tensor, hidden: torch.Tensor | None) -> torch.Tensor:
        """Attention among a sequence's own places; causal where nothing is hidden."""
        parts = self._part(f"{name}_query_key_value")(self._part(f"{name}_norm1")(x)).chunk(3, dim=-1)
        query, key, value = map(self._by_head, parts)
        return self._part(f"{name}_mix")(_joined(attention(query, key, value, hidden is None, hidden)))

    def _across(self, name: str, x: torch.Tensor, read: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Attention to what was read."""
        query = self._by_head(self._part(f"{name}_query")(self._part(f"{name}_norm_across")(x)))
        key, value = map(self._by_head, self._part(f"{name}_key_value")(read).chunk(2, dim=-1))
        return self._part(f"{name}_mix_across")(_joined(attention(query, key, value, False, hidden)))

    def _densely(self, name: str, x: torch.Tensor) -> torch.Tensor:
        inner = functional.gelu(self._part(f"{name}_dense1")(self._part(f"{name}_norm2")(x)))
        return x + self._part(f"{name}_dense2")(inner)

    def _by_head(self, part: torch.Tensor) -> torch.Tensor:
        """(n, length, width) → (n, heads, length, width of a head)."""
        return part.unflatten(-1, (self.heads, -1)).transpose(-2, -3)


def _joined(mixed: torch.Tensor) -> torch.Tensor:
    return mixed.transpose(-2, -3).flatten(-2)
