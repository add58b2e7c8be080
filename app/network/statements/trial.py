"""One method trained from one seed, and what is read of it on the way."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from app.network.training.session import TrainingSession
from optimizers.training import StepRefused

MEASUREMENTS = 40
"""How often in a run losses and accuracies are measured."""

Trial = dict[str, Any]
"""{"steps", "evaluations", "seconds", "train_loss", "test_loss", and of class numbers "train_accuracy" and
"test_accuracy": lists with one number for each measurement, "stopped": a sentence, empty where it came to its end}.
evaluations: of gradients, and curvature products of U's refreshes; seconds: of the processor, in steps and refreshes,
by the thread that trains."""


def train_one(
    session: TrainingSession,
    name: str,
    steps: int,
    pause: Callable[[int], None] = lambda _: None,
    measurements: int = MEASUREMENTS,
) -> Trial:
    """Train a method of a session that has not begun. `pause` is called before each step with its index."""
    every = max(1, steps // measurements)
    trial: Trial = {"steps": [], "evaluations": [], "seconds": [], "stopped": ""}
    seconds, evaluations = 0.0, 0
    for done in range(steps + 1):
        if done:
            pause(done - 1)
            began = time.thread_time()
            try:
                report = session.training.advance(name)
            except StepRefused as error:
                return {**trial, "stopped": str(error)}
            seconds += time.thread_time() - began
            evaluations = report.gradient_evaluations + report.curvature_products
        if done % every == 0 or done == steps:
            measured = session.evaluate(name)
            if not all(map(math.isfinite, measured.values())):
                return {**trial, "stopped": f"The loss of {name} is no number after step {done}."}
            for key, value in {"steps": done, "evaluations": evaluations, "seconds": seconds, **measured}.items():
                trial.setdefault(key, []).append(value)
    return trial
