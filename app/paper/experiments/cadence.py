"""Figure 5: a vision transformer trained by AdamW behind a U that is learned anew every k steps, or never."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from app.paper.experiments.training import method_of, train_by_the_clock
from app.paper.experiments.vision import vision_problem
from geometry.networks import NetworkLoss
from optimizers.adam import Adam
from optimizers.rule import refresh_if_due
from optimizers.training import Training


def run(
    refresh_every: int | None,
    seed: int,
    data: str,
    width: int,
    blocks: int,
    steps: int,
    every: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    refresh_size: int,
    examples: int,
    u: dict[str, Any],
) -> dict[str, Any]:
    """Train, and measure the loss over `examples` of the training half and over the test half.

    One short refresh and one step come before the clock begins, as the first call of anything is slow.
    """
    torch.set_num_threads(1)
    sets, _, objective = vision_problem(data, width, blocks, seed)
    few = objective.rows(slice(0, examples))
    test = objective.with_batch(sets.test_inputs, sets.test_targets)
    outer = Adam(decoupled=True, weight_decay=weight_decay)
    if refresh_every is None:
        name, method = "AdamW", method_of("AdamW", None, outer)
    else:
        name, method = "AdamW+LLQR", method_of("AdamW+LLQR", {**u, "refresh_every": refresh_every}, outer)

    def measure(theta: torch.Tensor) -> dict[str, float]:
        with torch.no_grad():
            wrong = (test.outputs(theta).argmax(-1) != sets.test_targets).float().mean()
            return {
                "train_loss": float(few.loss(theta)),
                "test_loss": float(test.loss(theta)),
                "test_error": float(wrong),
            }

    def begin() -> Training:
        return Training(objective, {name: method}, batch_size, refresh_size, learning_rate, seed=seed)

    warm_up(objective, begin(), name, refresh_size)
    done = train_by_the_clock(begin(), steps, every, measure)
    return {**done, "parameters": objective.dimension}


def warm_up(objective: NetworkLoss, training: Training, name: str, refresh_size: int) -> None:
    """A refresh of two inner steps, where there is a U, and a step, both thrown away."""
    (method,) = (training.run(name).method,)
    if method.learns:
        short: Any = dataclasses.replace(method.preconditioner, inner_steps=2)  # type: ignore[type-var]
        refresh_if_due(
            objective.rows(slice(0, refresh_size)),
            dataclasses.replace(method, preconditioner=short),
            training.state(name),
        )
    without = dataclasses.replace(method, preconditioner=type(method)().preconditioner)
    Training(objective, {name: without}, 8).step()
