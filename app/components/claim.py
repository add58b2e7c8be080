"""A statement about the methods, and what a batch of runs says about it."""

from __future__ import annotations

from dataclasses import dataclass

HOLDS, FAILS, UNTESTED, OPEN = VERDICTS = ("holds", "does not hold", "not tested here", "cannot be told")


@dataclass(frozen=True)
class Claim:
    """statement: the sentence that is tested;  source: whose it is;  verdict: one of VERDICTS;
    counts: the numbers the verdict rests on;  detail: how they were computed, with the settings."""

    statement: str
    source: str
    verdict: str
    counts: str
    detail: str


def judged(statement: str, source: str, holds: bool, counts: str, detail: str) -> Claim:
    """A claim with the verdict "holds" or "does not hold"."""
    return Claim(statement, source, HOLDS if holds else FAILS, counts, detail)


def untested(statement: str, source: str, why: str) -> Claim:
    """A claim that these settings cannot test, and why."""
    return Claim(statement, source, UNTESTED, "", why)
