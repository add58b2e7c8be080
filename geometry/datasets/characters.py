"""English text that ships with Python, as sequences of characters whose next character is the class."""

from __future__ import annotations

import numpy as np

from geometry.datasets.dataset import Dataset, integers


def characters(seed: int = 0, test_fraction: float = 0.1, length: int = 64) -> Dataset:
    """The help topics of Python (`pydoc_data.topics`, about 465 000 characters), cut into windows of `length`.

    Input: characters t … t+length−1 of a window; target at every position: the character that follows. The last share
    `test_fraction` of the text is the test half, so that no window of it was seen in training; the seed shuffles the
    windows. The text, and with it the alphabet, is that of the running version of Python.
    """
    from pydoc_data.topics import topics

    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction must lie between 0 and 1, got {test_fraction}")
    text = "\n".join(topics[name] for name in sorted(topics))
    alphabet = tuple(sorted(set(text)))
    number = {character: index for index, character in enumerate(alphabet)}
    codes = np.fromiter((number[character] for character in text), dtype=np.int64, count=len(text))
    windows = (codes.size - 1) // length
    inputs = codes[: windows * length].reshape(windows, length)
    targets = codes[1 : windows * length + 1].reshape(windows, length)
    held = max(round(test_fraction * windows), 1)
    generator = np.random.default_rng(seed)
    train = generator.permutation(windows - held)
    test = windows - held + generator.permutation(held)
    x, y = integers(inputs), integers(targets)
    return Dataset("characters", "Characters", x[train], y[train], x[test], y[test], alphabet, "characters")
