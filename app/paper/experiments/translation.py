"""Figure 4: German number words, letter by letter, into English words, by a small transformer."""

from __future__ import annotations

import math
from typing import Any

import torch

from app.paper.experiments.training import method_of, train_by_the_clock
from geometry.architectures.translator import Translator
from geometry.datasets.number_words import PADDING, NumberWords, number_words
from geometry.networks import NetworkLoss
from geometry.random_numbers import drawing_from
from optimizers.adam import Adam
from optimizers.training import Training


def run(
    method: str,
    seed: int,
    largest: int,
    examples: int,
    held_out: int,
    width: int,
    blocks: int,
    steps: int,
    every: int,
    batch_size: int,
    learning_rate: float,
    warm_up: int,
    radius: float,
    weight_decay: float,
    label_smoothing: float,
    refresh_size: int,
    u: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Train; measure the teacher-forced error of tokens and their loss on held-out numbers, and at the end BLEU of
    greedy translations.

    The learning rate rises in `warm_up` steps to `learning_rate` and falls as the inverse square root of the step; a
    probe is used from then on.
    """
    torch.set_num_threads(1)
    pairs = number_words(largest, examples + held_out, seed)
    module = make_translator(pairs, width, blocks, seed)
    own, held = pairs.rows(slice(0, examples)), pairs.rows(slice(examples, None))
    objective = NetworkLoss(module, (own.source, own.given), own.wanted, label_smoothing, ignore_index=PADDING)
    test = NetworkLoss(module, (held.source, held.given), held.wanted, ignore_index=PADDING)
    counts = held.wanted != PADDING

    def measure(theta: torch.Tensor) -> dict[str, float]:
        with torch.no_grad():
            wrong = (test.outputs(theta).argmax(-1) != held.wanted)[counts].float().mean()
            return {"token_error": float(wrong), "test_loss": float(test.loss(theta))}

    def rate(step: int) -> float:
        return learning_rate * min((step + 1) / warm_up, math.sqrt(warm_up / (step + 1)))

    outer = Adam(beta2=0.98, decoupled=True, weight_decay=weight_decay)
    methods = {method: method_of(method, u, outer, warm_up)}
    training = Training(objective, methods, batch_size, refresh_size, learning_rate, radius, seed=seed)
    done = train_by_the_clock(training, steps, every, measure, rate)
    module.load_state_dict(objective.module_state(training.state(method).position))
    said = translate(module, held)
    meant = held.sentences(held.wanted)
    exact = sum(a == b for a, b in zip(said, meant, strict=True)) / len(meant)
    shown = [{"German": held.german(row), "English": meant[row], "said": said[row]} for row in range(3)]
    return {**done, "parameters": objective.dimension, "bleu": bleu(said, meant), "exact": exact, "shown": shown}


def make_translator(pairs: NumberWords, width: int, blocks: int, seed: int) -> Translator:
    """The network, with its first weights drawn by the seed."""
    with drawing_from(seed, torch.device("cpu")):
        return Translator(
            len(pairs.letters), len(pairs.words), pairs.source.shape[1], pairs.given.shape[1], width, blocks
        )


def translate(module: Translator, pairs: NumberWords) -> list[str]:
    """Word by word, each time the likeliest, until the end."""
    module.eval()
    given = torch.full_like(pairs.given, pairs.begin)
    with torch.no_grad():
        for place in range(given.shape[1]):
            said = module(pairs.source, given).argmax(-1)
            if place + 1 < given.shape[1]:
                given[:, place + 1] = said[:, place]
    return pairs.sentences(torch.cat([given[:, 1:], said[:, -1:]], dim=1))


def bleu(said: list[str], meant: list[str]) -> float:
    """BLEU-4 of a corpus, 0 to 100, by sacrebleu; the words are split at blanks alone."""
    from sacrebleu.metrics import BLEU

    return float(BLEU(tokenize="none").corpus_score(said, [meant]).score)
