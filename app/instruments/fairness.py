"""The fairness strip: every method tuned over the same number of settings, judged on runs it was not tuned on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from app.drawing.encoding import finite
from app.instruments.arrival_cost import STEPS, Unit, median_refreshes, prices, unit_of
from app.instruments.axes import AXES
from app.instruments.equal_cost import WORDS, compared, equal_budget, lengths_told, steps_within
from app.instruments.export.tables import fairness_tables
from app.instruments.instrument import RUNS, Instrument, InstrumentRequest
from app.instruments.messages import FairnessAnswer, FairnessRow, Judged, Strip
from app.instruments.repeats import Repeats, repeats
from app.state.control import NumberControl
from app.state.numbers_as_text import number, percent
from app.toy.claims.trials import MOST
from app.toy.compute import configured
from app.toy.controls import COST, own_key
from app.toy.request import ToyRequest
from geometry.surface import Surface
from optimizers import method_named, simulate
from optimizers.capabilities import LEARNING_RATE
from optimizers.run import STAYING
from optimizers.sweeps import middle_arrivals

RATES = LEARNING_RATE.values(27)
RADII_TRIED = 8
EFFORT = len(RATES) * RADII_TRIED
"""Settings tried for each method: learning rates × radii, or as many learning rates where there is no radius."""
JUDGED_ON = 20
"""Fresh runs on which the tuned settings are compared."""
FASTER = 1.25
"""An advantage is: arriving where the other does not, or at a median step (or cost) smaller by this factor …"""
AT_LEAST = 3
"""… and by at least this many steps (or what they cost the other)."""


@dataclass(frozen=True)
class Tried:
    """One method at N settings, R runs each: arrays (N)."""

    name: str
    rates: np.ndarray
    radii: np.ndarray
    arrived: np.ndarray
    median: np.ndarray
    refreshes: np.ndarray
    final_loss: np.ndarray

    def at(self, which: np.ndarray) -> Tried:
        """Some of the settings."""
        return Tried(self.name, *(values[which] for name, values in vars(self).items() if name != "name"))

    def cost(self, unit: Unit) -> np.ndarray:
        """Median cost of the arrivals (N)."""
        return np.asarray(unit.cost(self.name, self.median, self.refreshes))

    @property
    def best(self) -> int:
        """Most arrivals, then the smallest median step, then the smallest final loss."""
        return self.best_or(-1)

    def best_or(self, kept: int) -> int:
        """The same, but where the setting `kept` arrives as often and as early as any, that one."""
        order = [np.where(np.isnan(v), np.inf, v) for v in (self.final_loss, self.median)]
        other = np.arange(len(self.rates)) != kept
        return int(np.lexsort((order[0], other, order[1], -self.arrived))[0])


def settings_of(name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """(rates, radii) that are tried; radii None where the page's ρ changes nothing for the method."""
    radius = method_named(name).tunable("radius")
    if radius is not None:
        rates, radii = np.meshgrid(RATES, radius.values(RADII_TRIED), indexing="ij")
        return _kept(AXES["learning_rate"], rates.ravel()), _kept(AXES["radius"], radii.ravel())
    return _kept(AXES["learning_rate"], LEARNING_RATE.values(EFFORT)), None


def _kept(control: NumberControl, values: np.ndarray) -> np.ndarray:
    return np.array([control.quantise(float(value)) for value in values])


def tried(name: str, request: ToyRequest, surface: Surface, rates: Any, radii: Any, trial: Repeats) -> Tried:
    """The method at these settings, all runs in one batched call."""
    rates = np.asarray(rates, dtype=float)
    radii = np.full(len(rates), request.radius) if radii is None else np.asarray(radii, dtype=float)
    method = configured(name, request)
    with np.errstate(all="ignore"):
        run = simulate(
            surface,
            method,
            trial.starts,
            trial.steps,
            rates[:, None],
            radii[:, None],
            request.momentum,
            request.noise_variance,
            trial.seeds,
            "summary",
        )
        lost = run.outcome == "diverged"
        losses = np.where(lost, np.inf, surface.loss(run.final))
    reached = run.outcome == "reached"
    pair = middle_arrivals(run.arrival, reached)
    refreshes = median_refreshes(pair, method.preconditioner.schedule)
    final = np.median(losses, axis=-1)
    final = np.where(np.isfinite(final), final, np.nan)
    return Tried(name, rates, radii, reached.sum(axis=-1), pair.mean(axis=0), refreshes, final)


@dataclass(frozen=True)
class Comparison:
    """All methods tuned and judged with so many steps each: what is drawn, and the settings in view and the best."""

    unit: Unit
    strips: list[Strip]
    rows: list[FairnessRow]
    untuned: dict[str, Tried]
    tuned: dict[str, Tried]
    best: dict[str, int]
    """Which of the settings that were tried is each method's best."""

    @property
    def verdict(self) -> str:
        """Does LLQR+SAM's advantage over SAM survive when both are tuned?"""
        before, after = (advantage(found["LLQR+SAM"], found["SAM"], self.unit) for found in (self.untuned, self.tuned))
        if after:
            return (
                "LLQR+SAM’s advantage over SAM survives tuning" if before else "LLQR+SAM gains an advantage by tuning"
            )
        if before:
            return "LLQR+SAM’s advantage over SAM does not survive tuning"
        return "There is no advantage of LLQR+SAM over SAM here, tuned or not"

    def sentence(self, request: ToyRequest) -> str:
        """The verdict with the counts that it rests on."""
        said = [
            f"LLQR+SAM {self._said(found['LLQR+SAM'])}, SAM {self._said(found['SAM'])}"
            for found in (self.untuned, self.tuned)
        ]
        setting = f"at equal settings (η = {number(request.learning_rate, 6)}, ρ = {number(request.radius, 6)})"
        others = " and ".join(f"{name} {self._said(self.tuned[name])}" for name in ("SGDM", "LLQR"))
        numbers = f"{setting} {said[0]}; each at its best {said[1]}."
        counted = "" if self.unit == STEPS else f", counted in {WORDS[self.unit.name]}"
        told = f"{self.verdict}{counted}: {numbers} Without a probe, each at its best, {others}."
        more = [name for name in self.tuned if name not in ("SGDM", "SAM", "LLQR", "LLQR+SAM")]
        beside = ", ".join(f"{name} {self._said(self.tuned[name])}" for name in more)
        told = f"{told} Beside them, each at its best, {beside}." if more else told
        return f"{told} {self._threshold()}"

    def _threshold(self) -> str:
        """When one method is ahead of another."""
        least = f"{AT_LEAST} steps" if self.unit == STEPS else f"what {AT_LEAST} steps cost"
        return (
            f"An advantage is to arrive in {percent(MOST)} of the runs where the other does not, or {FASTER:g} times "
            f"as soon, by at least {least}."
        )

    def _said(self, found: Tried) -> str:
        count = int(found.arrived[0])
        cost = f" ({self.unit.said(found.cost(self.unit)[0])})" if count else ""
        return f"arrives in {count} of {JUDGED_ON}{cost}"


def compare(
    request: InstrumentRequest, unit: Unit, lengths: Mapping[str, int], kept: Mapping[str, int] | None = None
) -> Comparison:
    """Tune every method over as many settings with so many steps, and judge it on fresh runs.

    kept: settings that stay a method's best where none is better, so that no tie decided otherwise makes a difference.
    """
    toy, surface = request.toy, request.toy.make_surface()
    trial, fresh = repeats(toy, surface, request.runs), repeats(toy, surface, JUDGED_ON, seed=1)
    strips: list[Strip] = []
    rows: list[FairnessRow] = []
    untuned, tuned, chosen = {}, {}, {}
    for name in toy.methods:
        mine, judging = (replace(one, steps=lengths[name]) for one in (trial, fresh))
        found = tried(name, toy, surface, *settings_of(name), mine)
        best = chosen[name] = found.best_or((kept or {}).get(name, -1))
        again = tried(name, toy, surface, found.rates[[best]], found.radii[[best]], judging)
        now = tried(name, toy, surface, [toy.learning_rate], [toy.radius], judging)
        untuned[name], tuned[name] = now, again
        strips.append(_strip(found))
        rate, radius, probing = float(found.rates[best]), float(found.radii[best]), method_named(name).tunable("radius")
        rows.append(
            {
                "method": name,
                "probing": probing is not None,
                "learning_rate": rate,
                "radius": radius,
                "own": {own_key("rate", name): rate, **({own_key("radius", name): radius} if probing else {})},
                "tuned": _told(again),
                "now": _told(now),
            }
        )
    return Comparison(unit, strips, rows, untuned, tuned, chosen)


@lru_cache(maxsize=32)
def compare_by_steps(request: InstrumentRequest) -> Comparison:
    """Every method with the page's number of steps; kept, because every other unit is compared with it."""
    steps = repeats(request.toy, request.toy.make_surface(), request.runs).steps
    return compare(request, STEPS, dict.fromkeys(request.toy.methods, steps))


def fairness_answer(request: InstrumentRequest) -> bytes:
    """The JSON of the strips, of every method's best setting, and of the sentence; within an equal budget too."""
    toy = request.toy
    trial = repeats(toy, toy.make_surface(), request.runs)
    steps = compare_by_steps(replace(request, unit=STEPS.name))
    answer: FairnessAnswer = {
        "rates": RATES.tolist(),
        "runs": request.runs,
        "judged_on": JUDGED_ON,
        "effort": EFFORT,
        "costs": {name: prices(configured(name, toy)) for name in toy.methods},
        "strips": steps.strips,
        "rows": steps.rows,
        "sentence": steps.sentence(toy),
        "what": (
            f"Tuned for arrivals, then for early ones, on: {trial.what}. {EFFORT} settings for each method. Judged on "
            f"{JUDGED_ON} fresh runs. To arrive is to come into the basin to stay: "
            f"from then on within {STAYING:g} of its radii, and inside still in the last quarter."
        ),
    }
    if request.unit != STEPS.name:
        answer["equal_cost"] = _within_budget(request, steps, trial.steps)
    return orjson.dumps(answer)


def _within_budget(request: InstrumentRequest, by_steps: Comparison, steps: int) -> Any:
    """The same comparison where each method walks what an equal budget pays for; what that changes is said."""
    unit = unit_of(request.unit, request.toy)
    schedules = {name: configured(name, request.toy).preconditioner.schedule for name in request.toy.methods}
    budget = equal_budget(unit, schedules, steps)
    lengths = {name: steps_within(unit, name, when, budget) for name, when in schedules.items()}
    found = compare(request, unit, lengths, by_steps.best)
    return {
        "strips": found.strips,
        "rows": found.rows,
        "sentence": f"{found.sentence(request.toy)} {compared(found.verdict, by_steps.verdict)}",
        "unit": unit.name,
        "prices": unit.prices,
        "budget": budget,
        "lengths": lengths,
        "what": f"{lengths_told(unit, budget, lengths)} {unit.told()}",
    }


def _told(found: Tried) -> Judged:
    return {
        "arrived": int(found.arrived[0]),
        "median": finite(found.median[0]),
        "loss": finite(found.final_loss[0]),
        "refreshes": finite(found.refreshes[0]),
    }


def _strip(found: Tried) -> Strip:
    """The best of what was tried in each bin around a rate of RATES."""
    edges = np.sqrt(RATES[1:] * RATES[:-1])
    which = np.searchsorted(edges, found.rates)
    bins = [np.flatnonzero(which == k) for k in range(len(RATES))]
    best = np.array([mine[found.at(mine).best] for mine in bins])
    return {
        "method": found.name,
        "arrived": found.arrived[best].tolist(),
        "median": [finite(value) for value in found.median[best]],
        "refreshes": [finite(value) for value in found.refreshes[best]],
        "loss": [finite(value) for value in found.final_loss[best]],
        "rate": found.rates[best].tolist(),
        "radius": found.radii[best].tolist(),
    }


def advantage(ours: Tried, other: Tried, unit: Unit = STEPS) -> bool | None:
    """Whether `ours` is ahead of `other`, both at one setting; None where ours does not arrive in most runs."""
    runs = JUDGED_ON
    if ours.arrived[0] < MOST * runs:
        return None
    if other.arrived[0] < MOST * runs:
        return True
    mine, theirs = float(ours.cost(unit)[0]), float(other.cost(unit)[0])
    return theirs > FASTER * mine and theirs - mine >= AT_LEAST * unit.of(other.name)["step"]


FAIRNESS = Instrument(
    key="fairness",
    title="Fairness",
    about="Equal learning rates favour whom they suit. Here every method is tuned over as many settings.",
    controls=(RUNS, COST),
    decided_by=(COST.name,),  # within the equal budget of a unit every method is tuned anew
    compute=fairness_answer,
    script="instruments/fairness.js",
    table_names=(("strip", "Strip"), ("best", "Every method at its best")),
    tables=fairness_tables,
    picture="app.instruments.export.pictures:fairness_picture",
    counts_cost=True,
    compares=True,
)
