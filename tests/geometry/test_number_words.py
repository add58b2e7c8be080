"""Numbers in German and in English words, and their tokens."""

from __future__ import annotations

import pytest
import torch

from geometry.datasets.number_words import LIMIT, PADDING, english, german, number_words

IN_WORDS = {
    0: ("null", "zero"),
    1: ("eins", "one"),
    16: ("sechzehn", "sixteen"),
    21: ("einundzwanzig", "twenty one"),
    30: ("dreißig", "thirty"),
    77: ("siebenundsiebzig", "seventy seven"),
    100: ("einhundert", "one hundred"),
    101: ("einhunderteins", "one hundred one"),
    1000: ("eintausend", "one thousand"),
    1001: ("eintausendeins", "one thousand one"),
    21_000: ("einundzwanzigtausend", "twenty one thousand"),
    101_017: ("einhunderteintausendsiebzehn", "one hundred one thousand seventeen"),
    999_999: (
        "neunhundertneunundneunzigtausendneunhundertneunundneunzig",
        "nine hundred ninety nine thousand nine hundred ninety nine",
    ),
}


@pytest.mark.parametrize("number", IN_WORDS)
def test_in_words(number):
    assert (german(number), english(number)) == IN_WORDS[number]


@pytest.mark.parametrize("number", [-1, LIMIT])
def test_others_have_no_words(number):
    for say in (german, english):
        with pytest.raises(ValueError, match=f"from 0 to 999999, not {number}"):
            say(number)


def test_no_two_numbers_have_the_same_words():
    some = [*range(3000), *range(3000, LIMIT, 997)]
    assert len({german(n) for n in some}) == len({english(n) for n in some}) == len(some)


def test_tokens_spell_the_words():
    pairs = number_words(9999, 400, seed=3)
    meant = pairs.sentences(pairs.wanted)
    by_german = {german(n): english(n) for n in range(10_000)}
    assert [by_german[pairs.german(row)] for row in range(400)] == meant
    assert len(set(meant)) == 400, "no number twice"
    assert torch.equal(pairs.given[:, 1:], pairs.wanted[:, :-1].clamp(min=0) * (pairs.wanted[:, :-1] != pairs.end))
    assert bool((pairs.given[:, 0] == pairs.begin).all())
    assert bool(
        (
            (pairs.wanted == PADDING).sum(1) + torch.tensor([len(m.split()) + 1 for m in meant])
            == pairs.wanted.shape[1]
        ).all()
    )


def test_the_seed_draws():
    assert torch.equal(number_words(99, 20, 1).source, number_words(99, 20, 1).source)
    assert number_words(99, 20, 1).sentences(number_words(99, 20, 1).wanted) != number_words(99, 20, 2).sentences(
        number_words(99, 20, 2).wanted
    )


def test_more_than_there_are_is_refused():
    with pytest.raises(ValueError, match="there are 100 numbers up to 99, not 101"):
        number_words(99, 101)
