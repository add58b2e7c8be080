"""What several seeds say of a statement: paired differences, their interval, the verdict.

Both methods of a pair start from the same weights and see the same mini-batches, so they are compared seed by seed: of
n differences (or, for costs, logarithms of ratios) the mean has Student's interval (`interval`). A statement holds
where the whole interval bears it out, does not hold where none of it does, and cannot be told in between; nor where a
seed has no value, as those that are left are no fair draw: a method that diverges is not the better for it. What counts
as a difference has a least size, see `statement`: more seeds would make sure of any.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from app.components.claim import FAILS, HOLDS, OPEN, Claim
from app.components.interval import LEVEL, interval
from app.drawing.encoding import finite
from app.network.statements.messages import JudgedStatement, PairedSeeds
from app.network.statements.statement import QUANTITIES, Comparison, Quantity, Statement
from app.state.numbers_as_text import number, percent

LAST = 4
"""A method's value is the mean over its last so many measurements."""
PLURALS = {"seed": "seeds", "batch": "batches"}

Trials = Mapping[int, Mapping[str, Mapping[str, Any]]]
"""Seed → method → trial (see `trial`)."""


def judge(statement: Statement, trials: Trials) -> tuple[Claim, list[PairedSeeds]]:
    """The statement with its verdict, and the comparisons that it rests on."""
    pairs = [compare(comparison, trials) for comparison in statement.comparisons]
    verdicts = {one["verdict"] for one in pairs}
    verdict = FAILS if FAILS in verdicts else OPEN if OPEN in verdicts else HOLDS
    counts = "; ".join(one["counts"] for one in pairs)
    return Claim(statement.text, "", verdict, counts, ""), pairs


def tell(claim: Claim, pairs: list[PairedSeeds]) -> JudgedStatement:
    """What the page is told of a judged statement."""
    return {**asdict(claim), "pairs": pairs}  # type: ignore[typeddict-item]


def compare(comparison: Comparison, trials: Trials) -> PairedSeeds:
    """One method against another over all seeds."""
    quantity = QUANTITIES[comparison.quantity]
    ours, other = comparison.ours, comparison.other
    words = f"{ours} / {other}, {quantity.words}" if quantity.ratio else f"{ours} − {other}, {quantity.words}"
    found = [_difference(comparison, one) for one in trials.values()]
    return judge_values(words, found, quantity, comparison.above, comparison.below)


def judge_values(
    words: str,
    found: Sequence[float | None],
    quantity: Quantity,
    above: float = -math.inf,
    below: float = math.inf,
    each: str = "seed",
) -> PairedSeeds:
    """What differences, or logarithms of ratios, one for each seed (`each`: or for each batch), tell of a statement on
    their mean: that it, or the ratio, lies between above and below."""
    known = np.array([value for value in found if value is not None])
    mean, error, low, high = interval(known)
    above, below = (_inner(end, quantity.ratio) for end in (above, below))
    verdict = OPEN
    if 1 < len(known) == len(found):
        verdict = HOLDS if above < low and high < below else FAILS if high <= above or low >= below else OPEN

    def shown(value: float) -> float | None:
        if not math.isfinite(value):
            return None
        return math.exp(value) if quantity.ratio else quantity.parts * value

    pairs: PairedSeeds = {
        "words": words,
        "unit": quantity.unit,
        "ratio": quantity.ratio,
        "each": each,
        "values": [None if value is None else shown(value) for value in found],
        "mean": shown(mean),
        "error": None if quantity.ratio else shown(error),
        "low": shown(low),
        "high": shown(high),
        "above": shown(above),
        "below": shown(below),
        "verdict": verdict,
        "counts": "",
    }
    within = int(((known > above) & (known < below)).sum())
    pairs["counts"] = _told(quantity, pairs, len(found), len(known), within)
    return pairs


def summarise(trials: Trials, names: Sequence[str]) -> list[dict[str, Any]]:
    """For each method how many seeds stopped, and [mean, standard error] over the others of its last values."""
    rows = []
    for name in names:
        mine = [one[name] for one in trials.values()]
        fine = [one for one in mine if not one["stopped"]]
        row: dict[str, Any] = {"method": name, "stopped": len(mine) - len(fine)}
        for key in ("train_loss", "test_loss", "test_accuracy", "evaluations", "seconds"):
            ends = [
                last(one, key) if key in QUANTITIES and not QUANTITIES[key].ratio else one[key][-1]
                for one in fine
                if key in one
            ]
            mean, error, *_ = interval(np.array(ends))
            row[key] = [finite(value) for value in (mean, error)]
        rows.append(row)
    return rows


def last(trial: Mapping[str, Any], quantity: str) -> float:
    """A trial's value: the mean over its last measurements."""
    return float(np.mean(trial[quantity][-LAST:]))


def reach_cost(trial: Mapping[str, Any], loss: float, quantity: str) -> float:
    """What it cost a trial until its training loss, a mean over LAST measurements, was at `loss`, which it does reach;
    between two measurements by straight lines."""
    losses = np.array([np.mean(trial["train_loss"][max(0, k + 1 - LAST) : k + 1]) for k in range(len(trial["steps"]))])
    costs = np.asarray(trial[quantity], dtype=float)
    k = int(np.argmax(losses <= loss))
    if k == 0:
        return float(costs[0])
    part = (losses[k - 1] - loss) / (losses[k - 1] - losses[k])
    return float(costs[k - 1] + part * (costs[k] - costs[k - 1]))


def _difference(comparison: Comparison, trials: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Of one seed: the difference of the two, or the logarithm of the ratio of what it cost them to come down to the
    training loss at which the one that is behind ends. None where one has no value."""
    ours, other = trials[comparison.ours], trials[comparison.other]
    if ours["stopped"] or other["stopped"]:
        return None
    if not QUANTITIES[comparison.quantity].ratio:
        if comparison.quantity not in ours:
            return None
        return last(ours, comparison.quantity) - last(other, comparison.quantity)
    loss = max(last(ours, "train_loss"), last(other, "train_loss"))
    costs = [reach_cost(one, loss, comparison.quantity) for one in (ours, other)]
    return math.log(costs[0] / costs[1]) if min(costs) > 0 else None


def _inner(end: float, ratio: bool) -> float:
    """An end of what a statement says, on the scale on which means are taken."""
    if not ratio or math.isinf(end):
        return end
    return math.log(end)


def _told(quantity: Quantity, pairs: PairedSeeds, count: int, known: int, within: int) -> str:
    """The numbers of a comparison in words."""
    each = pairs["each"]
    of = f"{known} {each if known == 1 else PLURALS[each]}"
    lost = f", {count - known} without a value" if known < count else ""
    words, mean, between = pairs["words"], pairs["mean"], (pairs["low"], pairs["high"])
    if mean is None:
        return f"{words}: no {each} with a value"
    if quantity.ratio:
        text = f"{words}: {number(mean, quantity.digits)} times"
        ends = [number(end, quantity.digits) for end in between if end is not None]
    else:
        text = f"{words}: {signed(mean)}{quantity.unit}"
        ends = [f"{signed(end)}{quantity.unit}" for end in between if end is not None]
    if ends:
        text += f", {percent(LEVEL)} interval {ends[0]} to {ends[1]}"
    return f"{text}; as said on {within} of {of}{lost}"


def signed(value: float) -> str:
    """+3.1, −0.02."""
    return f"+{number(value, 2)}" if value > 0 else number(value, 2)
