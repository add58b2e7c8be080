"""Figure 6: the seconds of one refresh of U, and of one step, on vision transformers of growing width."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import torch

from app.paper.experiments.training import method_of
from app.paper.experiments.vision import vision_problem
from optimizers.rule import Settings, begin, descent_step, refresh_if_due


def run(
    width: int, data: str, blocks: int, seed: int, batch_size: int, repeats: int, u: dict[str, Any]
) -> dict[str, Any]:
    """{"parameters", "refresh": seconds of each, "step": {name: seconds of each}}, of the processor.

    Before the clock begins each is called once (the refresh with two inner steps): the first call of anything is slow.
    """
    torch.set_num_threads(1)
    _, _, objective = vision_problem(data, width, blocks, seed)
    batch = objective.rows(slice(0, batch_size))
    settings = Settings(learning_rate=1e-3, radius=0.05)
    method = method_of("LLQR+SAM", u)
    state = begin(objective, method, objective.initial.clone())
    short: Any = dataclasses.replace(method.preconditioner, inner_steps=2)  # type: ignore[type-var]
    refresh_if_due(batch, dataclasses.replace(method, preconditioner=short), state)

    def refresh() -> None:
        refresh_if_due(batch, method, state)

    def step(name: str) -> Callable[[], object]:
        plain = method_of(name, None)
        at = begin(objective, plain, objective.initial.clone())
        return lambda: descent_step(batch, plain, settings, at)

    steps = {name: step(name) for name in ("SGDM", "SAM")}
    for one in steps.values():
        one()
    return {
        "parameters": objective.dimension,
        "refresh": [clocked(refresh) for _ in range(repeats)],
        "step": {name: [clocked(one) for _ in range(3 * repeats)] for name, one in steps.items()},
    }


def clocked(call: Callable[[], object]) -> float:
    """Seconds of the processor that a call takes."""
    began = time.process_time()
    call()
    return time.process_time() - began
