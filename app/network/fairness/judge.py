"""What fresh seeds say of tuned methods: statements, given the same of steps, of evaluations or of seconds; curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.components.interval import interval
from app.network.statements.judge import Trials, judge, summarise, tell
from app.network.statements.statement import Comparison, Statement, less, more_accurate

ACCOUNTS = ("steps", "evaluations", "seconds")
"""What methods are given the same of: the page's axes of cost."""
PROBE_AND_U, PROBE = "LLQR+SAM", "SAM"


def find(trials: Trials, names: Sequence[str], goal: str) -> dict[str, Any]:
    """What whole seeds say of these methods, each at its own setting; see messages."""
    claims = {
        account: [tell(*judge(one, cut(trials, account))) for one in statements_of(names, goal)] for account in ACCOUNTS
    }
    methods, curves = summarise(trials, names), [draw(trials, name, goal) for name in names]
    return {"seeds": list(trials), "claims": claims, "methods": methods, "curves": curves}


def statements_of(names: Sequence[str], goal: str) -> list[Statement]:
    """Who is ahead of the first, each at its best setting; and whether the learned U is needed where ρ may be tuned."""

    def ahead(ours: str, other: str) -> Comparison:
        return more_accurate(ours, other) if goal == "test_accuracy" else less(ours, other, goal)

    first, *others = names
    found = [Statement(f"Each at its best, {name} is ahead of {first}.", (ahead(name, first),)) for name in others]
    if PROBE in names and others:
        text = f"A tuned radius lets plain {PROBE} out best: it is ahead of every other."
        found.append(Statement(text, tuple(ahead(PROBE, name) for name in names if name != PROBE)))
    if PROBE_AND_U in names and PROBE in others:
        text = f"{PROBE_AND_U} keeps an advantage over {PROBE} when both are tuned."
        found.append(Statement(text, (ahead(PROBE_AND_U, PROBE),)))
    return found


def cut(trials: Trials, account: str) -> dict[int, dict[str, Mapping[str, Any]]]:
    """Every seed's trials as far as the same of `account` has brought them: what the cheapest whole run took."""
    found = {}
    for seed, own in trials.items():
        budget = min((one[account][-1] for one in own.values() if not one["stopped"]), default=0.0)
        found[seed] = {name: _within(one, account, budget) for name, one in own.items()}
    return found


def _within(trial: Mapping[str, Any], account: str, budget: float) -> Mapping[str, Any]:
    if trial["stopped"]:
        return trial
    count = int(np.searchsorted(trial[account], budget, side="right"))
    return {key: value[:count] if isinstance(value, list) else value for key, value in trial.items()}


def draw(trials: Trials, name: str, goal: str) -> dict[str, Any]:
    """A method's mean over the seeds that came to their end, by measurement, with the mean's interval."""
    fine = [own[name] for own in trials.values() if not own[name]["stopped"]]
    if not fine:
        return {"method": name, **{key: [] for key in (*ACCOUNTS, "mean", "low", "high")}}
    ends = np.array([interval(column) for column in np.array([one[goal] for one in fine]).T])
    mean, _, low, high = ([None if np.isnan(end) else float(end) for end in column] for column in ends.T)
    costs = {account: np.mean([one[account] for one in fine], axis=0).tolist() for account in ACCOUNTS}
    return {"method": name, **costs, "mean": mean, "low": low, "high": high}
