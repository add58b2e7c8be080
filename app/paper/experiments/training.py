"""One method trained by the processor's clock: what all experiments on networks share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

from optimizers import FSAM, LLQR, SAM, Method
from optimizers.outer import Outer
from optimizers.training import StepRefused, Training

PROBES: dict[str, Callable[[int], Any]] = {
    "SAM": lambda first: SAM(start_step=first),
    "FSAM": lambda first: FSAM(start_step=first),
}
PRODUCT = 2
"""Gradient evaluations that a curvature product counts as, as in app.toy.costs."""


def method_of(name: str, u: dict[str, Any] | None, outer: Outer | None = None, probe_from: int = 0) -> Method:
    """The method that a name spells: "SGDM", "FSAM", "LLQR+SAM", …; u: LLQR's settings; outer: None for the heavy ball.

    ValueError for a part that is not known.
    """
    parts: dict[str, Any] = {} if outer is None else {"outer": outer}
    for part in name.split("+"):
        if part in PROBES:
            parts["probe"] = PROBES[part](probe_from)
        elif part == "LLQR":
            parts["preconditioner"] = LLQR.for_networks(**(u or {}))
        elif part not in ("SGDM", "AdamW"):
            raise ValueError(f"unknown part {part!r} of the method {name!r}")
    return Method(**parts)


def train_by_the_clock(
    training: Training,
    steps: int,
    every: int,
    measure: Callable[[torch.Tensor], dict[str, float]],
    rate: Callable[[int], float] | None = None,
) -> dict[str, Any]:
    """Make the steps of the only method and measure every so many, and at the end.

    rows: {"step", "seconds", "evaluations", "loss", …measure(θ)}: seconds of the processor in steps and refreshes,
    evaluations of the gradient with PRODUCT for each curvature product, loss the mean over the mini-batches since the
    last row.  refreshes: steps before which U was learned.  stopped: why it ended early, or None.
    rate: the learning rate of each step, counted from 0.
    """
    (name,) = training.names
    seconds, losses, stopped, refreshes = 0.0, [], None, []
    rows: list[dict[str, Any]] = [
        {"step": 0, "seconds": 0.0, "evaluations": 0, "loss": None, **measure(training.state(name).position)}
    ]
    for step in range(1, steps + 1):
        if rate is not None:
            training.change(learning_rate=rate(step - 1))
        began = time.process_time()
        try:
            report = training.advance(name)
        except StepRefused as error:
            stopped = str(error)
            break
        seconds += time.process_time() - began
        losses.append(report.loss)
        if report.refreshed:
            refreshes.append(step - 1)
        if step % every == 0 or step == steps:
            spent = report.gradient_evaluations + PRODUCT * report.curvature_products
            row = {"step": step, "seconds": seconds, "evaluations": spent, "loss": sum(losses) / len(losses)}
            rows.append(row | measure(report.position))
            losses = []
    return {"rows": rows, "refreshes": refreshes, "stopped": stopped}
