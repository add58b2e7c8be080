"""Numbers in German words, letter by letter, and in English words: a task of translation that never runs out.

German says the ones before the tens ("einundzwanzig", one and twenty) and writes a number as one word, so that letters
have to be found together and put in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

GERMAN = (
    *("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf"),
    *("dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"),
)
GERMAN_TENS = ("", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")
ENGLISH = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
ENGLISH_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
LIMIT = 1_000_000
"""Numbers are below this."""
PADDING = -100
"""The target where there is no word any more, as torch's losses ignore it."""


def german(number: int) -> str:
    """345 → "dreihundertfünfundvierzig". ValueError for a number below 0, or from LIMIT on."""
    _check(number)
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _german_below_1000(rest)
    head = _german_below_1000(thousands).removesuffix("s") if thousands % 100 == 1 else _german_below_1000(thousands)
    return head + "tausend" + (_german_below_1000(rest) if rest else "")


def _german_below_1000(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    head = f"{GERMAN[hundreds].removesuffix('s') if hundreds == 1 else GERMAN[hundreds]}hundert" if hundreds else ""
    if head and not rest:
        return head
    if rest < len(GERMAN):
        return head + GERMAN[rest]
    tens, ones = divmod(rest, 10)
    before = f"{GERMAN[ones].removesuffix('s') if ones == 1 else GERMAN[ones]}und" if ones else ""
    return head + before + GERMAN_TENS[tens]


def english(number: int) -> str:
    """345 → "three hundred forty five". ValueError for a number below 0, or from LIMIT on."""
    _check(number)
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _english_below_1000(rest)
    return f"{_english_below_1000(thousands)} thousand" + (f" {_english_below_1000(rest)}" if rest else "")


def _english_below_1000(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    words = [ENGLISH[hundreds], "hundred"] if hundreds else []
    if rest >= len(ENGLISH):
        tens, ones = divmod(rest, 10)
        words += [ENGLISH_TENS[tens], *([ENGLISH[ones]] if ones else [])]
    elif rest or not hundreds:
        words.append(ENGLISH[rest])
    return " ".join(words)


def _check(number: int) -> None:
    if not 0 <= number < LIMIT:
        raise ValueError(f"a number in words must be from 0 to {LIMIT - 1}, not {number}")


@dataclass(frozen=True, eq=False)
class NumberWords:
    """Pairs as tokens. source (n, letters): 0 is padding; given (n, words): `begin`, then the words; wanted (n, words):
    the words, then the end, then PADDING. letters, words: what each token is."""

    source: torch.Tensor
    given: torch.Tensor
    wanted: torch.Tensor
    letters: tuple[str, ...]
    words: tuple[str, ...]
    begin: int = 0
    end: int = 1

    def rows(self, index: Any) -> NumberWords:
        """Some of the pairs."""
        return replace(self, source=self.source[index], given=self.given[index], wanted=self.wanted[index])

    def sentences(self, tokens: torch.Tensor) -> list[str]:
        """The words of each row (n, words) up to its end."""
        return [self._sentence(row) for row in tokens.tolist()]

    def _sentence(self, row: Sequence[int]) -> str:
        words = []
        for token in row:
            if token in (self.end, PADDING):
                break
            words.append(self.words[token])
        return " ".join(words)

    def german(self, row: int) -> str:
        """The source of a row."""
        return "".join(self.letters[token] for token in self.source[row].tolist() if token)


def number_words(largest: int, count: int, seed: int = 0) -> NumberWords:
    """`count` different numbers up to `largest`, drawn and put in order by the seed.

    ValueError where there are not as many numbers, or some have no words here.
    """
    _check(largest)
    if not 0 < count <= largest + 1:
        raise ValueError(f"there are {largest + 1} numbers up to {largest}, not {count}")
    drawn = np.random.default_rng(seed).permutation(largest + 1)[:count].tolist()
    letters = ("", *sorted({letter for word in (*GERMAN, *GERMAN_TENS, "hunderttausendund") for letter in word}))
    words = ("<begin>", "<end>", *ENGLISH, *ENGLISH_TENS[2:], "hundred", "thousand")
    of_letter, of_word = ({token: index for index, token in enumerate(tokens)} for tokens in (letters, words))
    sources = [[of_letter[letter] for letter in german(number)] for number in drawn]
    targets = [[of_word[word] for word in english(number).split()] for number in drawn]
    most, more = max(map(len, sources)), max(map(len, targets)) + 1
    return NumberWords(
        torch.tensor([row + [0] * (most - len(row)) for row in sources]),
        torch.tensor([[0, *row] + [0] * (more - 1 - len(row)) for row in targets]),
        torch.tensor([[*row, 1] + [PADDING] * (more - 1 - len(row)) for row in targets]),
        letters,
        words,
    )
