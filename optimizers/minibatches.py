"""What a training step meets by chance: mini-batches and noise, given by the seed and the step alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_ORDER, _REFRESH, _NOISE, _CENTRES = range(4)


@dataclass(frozen=True)
class Minibatches:
    """Seeded draws for N examples, the same for every method that asks at the same step.

    batch_size B: each pass over the data is a fresh permutation cut into ⌊N/B⌋ batches; a shorter rest is left out.
    None, or N and more: the whole data at every step, in their own order.
    refresh_size R: examples that a preconditioner is learned on, drawn without replacement from a stream of their own,
    so that a method that asks for them meets the same mini-batches as one that does not (the authors' code takes them
    from the training stream). None, or N and more: all.
    """

    examples: int
    batch_size: int | None = None
    refresh_size: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch_size", "refresh_size"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"{name} must be a whole number of at least 1, or None for all, not {value!r}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed must be a whole number of at least 0, not {self.seed!r}")

    def rows(self, step: int) -> Tensor | None:
        """Which examples step `step` meets, (B,); None for all."""
        size = self.batch_size
        if size is None or size >= self.examples:
            return None
        each = self.examples // size
        epoch, place = divmod(step, each)
        order = self._generator(_ORDER, epoch).permutation(self.examples)
        return torch.from_numpy(order[place * size : (place + 1) * size])

    def refresh_rows(self, step: int) -> Tensor | None:
        """Which examples a refresh before step `step` meets, (R,); None for all."""
        if self.refresh_size is None or self.refresh_size >= self.examples:
            return None
        rows = self._generator(_REFRESH, step).choice(self.examples, self.refresh_size, replace=False)
        return torch.from_numpy(rows)

    def centres(self, step: int, count: int, sides: tuple[int, ...]) -> Tensor:
        """A pixel for each of `count` images of height and width `sides`: rows and columns, (count, 2)."""
        return torch.from_numpy(self._generator(_CENTRES, step).integers(0, sides, (count, len(sides))))

    def noise(self, step: int, variance: float, like: Tensor) -> Tensor | None:
        """Gaussian noise of that variance in each coordinate, of the shape of `like`; None where there is none."""
        if variance == 0:
            return None
        generator = torch.Generator().manual_seed(int(self._words(_NOISE, step)[0]))
        draws = torch.randn(like.shape, generator=generator, dtype=like.dtype)
        return draws.to(like.device) * variance**0.5

    def _words(self, purpose: int, number: int) -> np.ndarray:
        return np.random.SeedSequence([self.seed, purpose, number]).generate_state(2)

    def _generator(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence([self.seed, purpose, number]))
