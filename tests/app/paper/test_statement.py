"""Intervals and verdicts, held to scipy's own tests."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy

from app.components.claim import FAILS, HOLDS, OPEN
from app.paper.statement import MISSING, Mean, compare, exponent, share


def test_mean_and_interval_are_those_of_student():
    values = (3.0, 5.5, 4.0, 4.4)
    mean = Mean(values)
    low, high = scipy.stats.t.interval(0.95, 3, np.mean(values), scipy.stats.sem(values))
    assert (mean.mean, mean.error) == pytest.approx((np.mean(values), scipy.stats.sem(values)), rel=1e-12)
    assert (mean.low, mean.high) == pytest.approx((low, high), rel=1e-9)
    assert mean.told(" %") == "4.22 % [2.58, 5.87]"


def test_one_number_has_no_interval():
    assert Mean((2.0,)).told() == "2" and math.isnan(Mean((2.0,)).error)


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [((-1.0, -1.2, -0.9), HOLDS), ((1.0, 1.2, 0.9), FAILS), ((-1.0, 1.2, 0.1), OPEN)],
)
def test_verdicts_follow_the_paired_interval(differences, verdict):
    theirs = {0: 5.0, 1: 9.0, 2: 1.0, 7: 3.0}
    ours = {seed: theirs[seed] + one for seed, one in enumerate(differences)}
    found = compare("Ours is lower.", ours, theirs, " %", "how")
    assert found.verdict == verdict
    low, high = scipy.stats.ttest_rel(list(ours.values()), [theirs[s] for s in ours]).confidence_interval(0.95)
    assert sum(end < 0 for end in (low, high)) == {HOLDS: 2, FAILS: 0, OPEN: 1}[verdict]
    mean = 5 + sum(differences) / 3
    assert found.counts.startswith(f"{mean:.3g} % against 5 %; difference ")
    assert found.counts.endswith(", 3 seeds"), "seeds without a partner do not count"


@pytest.mark.parametrize("ours", [{}, {0: 1.0}, {8: 1.0, 9: 2.0}])
def test_without_two_pairs_nothing_is_judged(ours):
    assert compare("x", ours, {0: 1.0, 1: 2.0}, "", "").verdict == MISSING


@pytest.mark.parametrize(
    ("wins", "of", "verdict"), [(10, 10, HOLDS), (9, 10, HOLDS), (7, 10, OPEN), (1, 10, FAILS), (0, 10, FAILS)]
)
def test_shares_have_the_interval_of_clopper_and_pearson(wins, of, verdict):
    found = share("So it is.", [True] * wins + [False] * (of - wins), "", "")
    interval = scipy.stats.binomtest(wins, of).proportion_ci(0.95)
    assert found.verdict == verdict
    assert found.counts == f"in {wins} of {of} runs (share [{interval.low:.2g}, {interval.high:.2g}])"


def test_exponent_is_the_slope_of_the_logarithms():
    sizes = [1e3, 1e4, 2e5, 3e6]
    seconds = [0.02, 0.11, 3.0, 31.0]
    slope, error, factor = exponent(sizes, seconds)
    fit = scipy.stats.linregress(np.log(sizes), np.log(seconds))
    assert (slope, error, factor) == pytest.approx((fit.slope, fit.stderr, math.exp(fit.intercept)), rel=1e-9)
    assert exponent([1.0, 10.0], [2.0, 200.0]) == pytest.approx((2.0, 0.0, 2.0))
