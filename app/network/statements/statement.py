"""The statements that belong to each preset: which method is compared with which, in what, and what is said of it.

What is written here are questions. What holds is computed each time, from seeds (see `judge`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from app.network.presets import CUSTOM
from app.network.training.settings import DEFAULT_METHODS

ALIKE = 1.25
"""Two costs within this factor are a draw."""
LEAST_OF_A_COST, LEAST_OF_A_LOSS, LEAST_OF_AN_ACCURACY = 0.02, 0.001, 0.001
"""Who is ahead by less is not ahead: many seeds, or methods that hardly differ, make sure of differences that do not
matter."""
LEAST_IN_WORDS = (
    f"Who is ahead by less than {100 * LEAST_OF_A_COST:g} % of a cost, {LEAST_OF_A_LOSS:g} of a loss or "
    f"{100 * LEAST_OF_AN_ACCURACY:g} % of accuracy is not ahead."
)


@dataclass(frozen=True)
class Comparison:
    """A statement on the mean over seeds of `ours` against `other`: it lies between `above` and `below`.

    quantity: a key of QUANTITIES, which says whether the two are compared by their ratio or by their difference.
    """

    ours: str
    other: str
    quantity: str
    above: float = -math.inf
    below: float = math.inf


@dataclass(frozen=True)
class Statement:
    """The sentence, and the comparisons that all have to come out as it says."""

    text: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class Quantity:
    """What is compared. least: the smallest difference that counts as one. ratio: of costs until both have reached one
    training loss, `least` as a part of the other's; or else a difference of means over the last measurements, in
    `unit`s of which 1 has `parts`; digits: how many a ratio is told with."""

    words: str
    least: float
    ratio: bool = False
    unit: str = ""
    parts: float = 1.0
    digits: int = 2


QUANTITIES: dict[str, Quantity] = {
    "steps": Quantity("steps", LEAST_OF_A_COST, ratio=True),
    "evaluations": Quantity("gradient evaluations", LEAST_OF_A_COST, ratio=True),
    "seconds": Quantity("seconds", LEAST_OF_A_COST, ratio=True),
    "train_loss": Quantity("training loss", LEAST_OF_A_LOSS),
    "test_loss": Quantity("test loss", LEAST_OF_A_LOSS),
    "test_accuracy": Quantity("test accuracy", LEAST_OF_AN_ACCURACY, unit=" %", parts=100.0),
}
COMPARED = DEFAULT_METHODS
"""The methods that statements are about."""


USUAL = ", usual start"
"""What follows a method's name where its run begins from the usual first weights, in spite of a bad start."""


def less(ours: str, other: str, quantity: str) -> Comparison:
    """`ours` is below `other` by more than the least that counts."""
    told = QUANTITIES[quantity]
    return Comparison(ours, other, quantity, below=1 - told.least if told.ratio else -told.least)


def more_accurate(ours: str, other: str) -> Comparison:
    """`ours` is right on more test examples, by more than the least that counts."""
    return Comparison(ours, other, "test_accuracy", above=LEAST_OF_AN_ACCURACY)


HALF = Statement(
    "U halves the steps: LLQR needs less than half of SGDM’s.", (Comparison("LLQR", "SGDM", "steps", below=0.5),)
)
FEWER_STEPS = Statement("LLQR needs fewer steps than SGDM.", (less("LLQR", "SGDM", "steps"),))
FEWER_EVALUATIONS = Statement(
    "It pays in gradient evaluations too, the refreshes of U counted.", (less("LLQR", "SGDM", "evaluations"),)
)
DRAW = Statement(
    "In seconds it is a draw: within a quarter of each other.",
    (Comparison("LLQR", "SGDM", "seconds", above=1 / ALIKE, below=ALIKE),),
)
FASTER = Statement("LLQR is faster than SGDM by the clock.", (less("LLQR", "SGDM", "seconds"),))
U_GENERALISES = Statement("U raises the test accuracy: LLQR over SGDM.", (more_accurate("LLQR", "SGDM"),))
SAM_GENERALISES = Statement("SAM raises the test accuracy: SAM over SGDM.", (more_accurate("SAM", "SGDM"),))
SAM_WITH_U = Statement("SAM helps with U as well: LLQR+SAM over LLQR.", (more_accurate("LLQR+SAM", "LLQR"),))
BOTH = Statement(
    "Both together beat each: LLQR+SAM is more accurate than LLQR and than SAM.",
    (more_accurate("LLQR+SAM", "LLQR"), more_accurate("LLQR+SAM", "SAM")),
)
BY_HEART = Statement(
    "U learns the wrong labels by heart sooner: LLQR’s training loss is below SGDM’s.",
    (less("LLQR", "SGDM", "train_loss"),),
)
GETS_GOING = Statement(
    "U gets on where SGDM does not: LLQR ends at the lower loss.", (less("LLQR", "SGDM", "train_loss"),)
)
TRAP = Statement(
    "The bad start is a trap: SGDM ends less accurate from it than from usual weights.",
    (more_accurate("SGDM" + USUAL, "SGDM"),),
)
SAM_LEADS_OUT = Statement("SAM finds a way out: its test loss is below SGDM’s.", (less("SAM", "SGDM", "test_loss"),))
U_LEADS_OUT = Statement(
    "U alone finds a way out: LLQR’s test loss is below SGDM’s.", (less("LLQR", "SGDM", "test_loss"),)
)
BOTH_LEAD_OUT = Statement(
    "Both together lead out further than SAM: LLQR+SAM’s test loss is below SAM’s.",
    (less("LLQR+SAM", "SAM", "test_loss"),),
)
UNHARMED = Statement(
    "With both the bad start does no harm: LLQR+SAM is as accurate from it as from usual weights, within 1 %.",
    (Comparison("LLQR+SAM", "LLQR+SAM" + USUAL, "test_accuracy", above=-0.01),),
)
STATEMENTS: dict[str, tuple[Statement, ...]] = {
    "badly-scaled": (HALF, FEWER_EVALUATIONS, DRAW, U_GENERALISES, BOTH),
    "badly-scaled-noise": (U_GENERALISES, SAM_GENERALISES, SAM_WITH_U, BOTH),
    "label-noise": (SAM_GENERALISES, SAM_WITH_U, BY_HEART, U_GENERALISES, BOTH),
    "bad-start": (TRAP, SAM_LEADS_OUT, U_LEADS_OUT, BOTH_LEAD_OUT, UNHARMED),
    "deep-tanh": (GETS_GOING, HALF, FASTER, SAM_GENERALISES, BOTH),
    "two-moons": (FEWER_STEPS, U_GENERALISES, SAM_GENERALISES, BOTH),
    CUSTOM: (FEWER_STEPS, FASTER, U_GENERALISES, SAM_GENERALISES, BOTH),
}
"""By preset; whoever sets everything by hand gets those that can be said of any network."""


def trials_of(preset: str) -> tuple[str, ...]:
    """Names of the runs from each seed that its statements compare: all methods, and some once more with USUAL."""
    compared = [one for statement in STATEMENTS[preset] for one in statement.comparisons]
    return tuple(dict.fromkeys((*COMPARED, *(name for one in compared for name in (one.ours, one.other)))))
