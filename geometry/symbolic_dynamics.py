"""All cycles of SAM in a pothole: sign words up to a period, which are admissible, and which one an orbit is on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from geometry.two_scale import Cycle, cycle

LONGEST = 12
"""Longest period that is listed unless asked otherwise: 747 words, some 50 ms."""
Word = tuple[int, ...]


def sign_words(longest: int) -> Iterator[Word]:
    """Every word of ±1 of period up to `longest` once: no word that repeats a shorter one, one of all its rotations.

    These are the Lyndon words over {−1, 1}, made in order by Duval's algorithm (J. Algorithms 4, 1983).
    """
    word = [-1]
    while word:
        yield tuple(word)
        length = len(word)
        while len(word) < longest:
            word.append(word[-length])
        while word and word[-1] == 1:
            word.pop()
        if word:
            word[-1] = 1


def rotated(word: Sequence[int]) -> Word:
    """The rotation of a word that stands for all of them: the smallest."""
    letters = tuple(int(s) for s in word)
    return min(letters[k:] + letters[:k] for k in range(len(letters)))


def mirrored(word: Sequence[int]) -> Word:
    """The word of the mirror image x → −x, as `rotated`."""
    return rotated([-s for s in word])


@lru_cache(maxsize=64)
def admissible_cycles(c: float, momentum: float, longest: int = LONGEST) -> tuple[Cycle, ...]:
    """The admissible cycles for ρ = 1 of period up to `longest`, shortest first, one of each with its mirror image.

    For 0 < c < 2 (1 + μ) each attracts its neighbourhood, where the map contracts as M does. Empty where none exists.
    """
    found = []
    for word in sign_words(longest):
        if mirrored(word) < word:
            continue
        try:
            orbit = cycle(word, c, momentum, 1.0)
        except ValueError:  # I − Mᵖ has no inverse: no cycle of this period
            continue
        if orbit.admissible:
            found.append(orbit)
    return tuple(sorted(found, key=lambda orbit: (len(orbit.word), orbit.word)))


def word_of(x: np.ndarray, longest: int, tolerance: float) -> Word | None:
    """The sign word of the period on which a settled orbit x (T,) ends, as `rotated`; None if none up to `longest`."""
    for period in range(1, longest + 1):
        if np.abs(x[period:] - x[:-period]).max() < tolerance:
            return rotated(np.sign(x[-period:]).astype(int).tolist())
    return None
