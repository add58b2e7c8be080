"""The fairness strip: every method tuned over the same number of settings, judged on runs it was not tuned on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from app.claims.trials import MOST
from app.control import NumberControl
from app.instruments.axes import AXES
from app.instruments.controls import InstrumentRequest
from app.instruments.repeats import Repeats, repeats
from app.toy.compute import configured
from app.toy.request import METHOD_NAMES, ToyRequest
from geometry.surface import Surface
from optimizers import METHODS, SAM, simulate

RATES = np.geomspace(1e-4, 1.0, 27)
RADII = np.geomspace(0.02, 2.0, 8)
EFFORT = len(RATES) * len(RADII)
"""Settings tried for each method: learning rates × radii, or as many learning rates where no probe has a radius."""
JUDGED_ON = 20
"""Fresh runs on which the tuned settings are compared."""
FASTER = 1.25
"""An advantage is: arriving where the other does not, or in a median number of steps smaller by this factor …"""
AT_LEAST = 3
"""… and by at least this many steps."""


@dataclass(frozen=True)
class Tried:
    """One method at N settings, R runs each: arrays (N)."""

    name: str
    rates: np.ndarray
    radii: np.ndarray
    arrived: np.ndarray
    median: np.ndarray
    final_loss: np.ndarray

    @property
    def best(self) -> int:
        """Most arrivals, then the smallest median step, then the smallest final loss."""
        order = [np.where(np.isnan(v), np.inf, v) for v in (self.final_loss, self.median)]
        return int(np.lexsort((order[0], order[1], -self.arrived))[0])


def settings_of(name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """(rates, radii) that are tried; radii None where the method has no probe: the page's ρ then changes nothing."""
    if isinstance(METHODS[name].probe, SAM):
        rates, radii = np.meshgrid(RATES, RADII, indexing="ij")
        return _kept(AXES["learning_rate"], rates.ravel()), _kept(AXES["radius"], radii.ravel())
    return _kept(AXES["learning_rate"], np.geomspace(RATES[0], RATES[-1], EFFORT)), None


def _kept(control: NumberControl, values: np.ndarray) -> np.ndarray:
    return np.array([control.quantise(float(value)) for value in values])


def tried(name: str, request: ToyRequest, surface: Surface, rates: Any, radii: Any, trial: Repeats) -> Tried:
    """The method at these settings, all runs in one batched call."""
    rates = np.asarray(rates, dtype=float)
    radii = np.full(len(rates), request.radius) if radii is None else np.asarray(radii, dtype=float)
    with np.errstate(all="ignore"):
        run = simulate(
            surface, configured(name, request), trial.starts, trial.steps, rates[:, None], radii[:, None],
            request.momentum, request.noise_variance, trial.seeds, "summary",
        )  # fmt: skip
        lost = run.outcome == "diverged"
        losses = np.where(lost, np.inf, surface.loss(run.final))
    reached = run.outcome == "reached"
    median = np.array([np.median(a[r]) if r.any() else np.nan for a, r in zip(run.arrival, reached, strict=True)])
    final = np.median(losses, axis=-1)
    return Tried(name, rates, radii, reached.sum(axis=-1), median, np.where(np.isfinite(final), final, np.nan))


def fairness_answer(request: InstrumentRequest) -> bytes:
    """The JSON of the strips, of every method's best setting, and of the sentence."""
    toy, surface = request.toy, request.toy.make_surface()
    trial, fresh = repeats(toy, surface, request.runs), repeats(toy, surface, JUDGED_ON, seed=1)
    strips, rows, untuned, tuned = [], [], {}, {}
    for name in METHOD_NAMES:
        found = tried(name, toy, surface, *settings_of(name), trial)
        best = found.best
        again = tried(name, toy, surface, found.rates[[best]], found.radii[[best]], fresh)
        now = tried(name, toy, surface, [toy.learning_rate], [toy.radius], fresh)
        untuned[name], tuned[name] = now, again
        strips.append({"method": name, **_strip(found)})
        rows.append(
            {
                "method": name,
                "probing": isinstance(METHODS[name].probe, SAM),
                "learning_rate": float(found.rates[best]),
                "radius": float(found.radii[best]),
                "tuned": _told(again),
                "now": _told(now),
            }
        )
    answer = {
        "rates": RATES.tolist(),
        "runs": request.runs,
        "judged_on": JUDGED_ON,
        "effort": EFFORT,
        "strips": strips,
        "rows": rows,
        "sentence": sentence(toy, untuned, tuned),
        "what": (
            f"Tuned for arrivals, then for early ones, on: {trial.what}. {EFFORT} settings for each method. Judged on "
            f"{JUDGED_ON} fresh runs. To arrive is to enter the basin, if in passing: the final loss tells who stays."
        ),
    }
    return orjson.dumps(answer)


def _told(found: Tried) -> dict[str, Any]:
    return {
        "arrived": int(found.arrived[0]), "median": _number(found.median[0]), "loss": _number(found.final_loss[0])
    }  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _strip(found: Tried) -> dict[str, list[Any]]:
    """The best of what was tried in each bin around a rate of RATES."""
    edges = np.sqrt(RATES[1:] * RATES[:-1])
    which = np.searchsorted(edges, found.rates)
    strip: dict[str, list[Any]] = {"arrived": [], "median": [], "loss": [], "rate": [], "radius": []}
    for k in range(len(RATES)):
        mine = np.flatnonzero(which == k)
        fields = ("rates", "radii", "arrived", "median", "final_loss")
        part = Tried(found.name, *(getattr(found, field)[mine] for field in fields))
        best = part.best
        strip["arrived"].append(int(part.arrived[best]))
        strip["median"].append(_number(part.median[best]))
        strip["loss"].append(_number(part.final_loss[best]))
        strip["rate"].append(float(part.rates[best]))
        strip["radius"].append(float(part.radii[best]))
    return strip


def advantage(ours: Tried, other: Tried) -> bool | None:
    """Whether `ours` is ahead of `other`, both at one setting; None where ours does not arrive in most runs."""
    runs = JUDGED_ON
    if ours.arrived[0] < MOST * runs:
        return None
    if other.arrived[0] < MOST * runs:
        return True
    mine, theirs = float(ours.median[0]), float(other.median[0])
    return theirs > FASTER * mine and theirs - mine >= AT_LEAST


def sentence(request: ToyRequest, untuned: dict[str, Tried], tuned: dict[str, Tried]) -> str:
    """Does LLQR+SAM's advantage over SAM survive when both are tuned?"""
    before = advantage(untuned["LLQR+SAM"], untuned["SAM"])
    after = advantage(tuned["LLQR+SAM"], tuned["SAM"])
    said = [f"LLQR+SAM {_said(found['LLQR+SAM'])}, SAM {_said(found['SAM'])}" for found in (untuned, tuned)]
    setting = f"at equal settings (η = {request.learning_rate:g}, ρ = {request.radius:g})"
    numbers = f"{setting} {said[0]}; each at its best {said[1]}."
    others = " and ".join(f"{name} {_said(tuned[name])}" for name in ("SGDM", "LLQR"))
    if after:
        head = "LLQR+SAM's advantage over SAM survives tuning" if before else "LLQR+SAM gains an advantage by tuning"
    elif before:
        head = "LLQR+SAM's advantage over SAM does not survive tuning"
    else:
        head = "There is no advantage of LLQR+SAM over SAM here, tuned or not"
    return f"{head}: {numbers} Without a probe, each at its best, {others}."


def _said(found: Tried) -> str:
    count = int(found.arrived[0])
    return f"arrives in {count} of {JUDGED_ON}" + (f" (median step {found.median[0]:g})" if count else "")
