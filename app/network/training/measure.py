"""Loss and accuracy over some examples of a half, and how far those of the whole half may be from them."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import Tensor

from geometry.losses import CrossEntropy
from geometry.networks import NetworkLoss
from geometry.streamed import in_memory

BLOCK = 512
"""Examples at once."""


def measure(half: str, objective: NetworkLoss, position: Tensor, of: int) -> dict[str, Any]:
    """{"<half>_loss", and of class numbers "<half>_accuracy"} at θ (D,), in inference mode, over the n examples of the
    objective; where there are N = `of` > n of them also "sampled": {half: {"examples": n, "of": N, "loss": standard
    error, and "accuracy": standard error}}.

    Standard error of a mean, with s the standard deviation of the examples' parts in it: s/√n · √(1 − n/N).
    """
    with torch.no_grad():
        sums = _example_sums(objective, position)
        if sums is None:
            return _measure_whole(half, objective, position)
    losses, right, counted = sums
    n = objective.examples
    found: dict[str, Any] = {f"{half}_loss": float(losses.sum()) / objective.count}
    errors = {"loss": _standard_error(losses, objective.count, of)}
    if right is not None:
        found[f"{half}_accuracy"] = float(right.sum()) / counted
        errors["accuracy"] = _standard_error(right, counted, of)
    if n < of:
        found["sampled"] = {half: {"examples": n, "of": of, **errors}}
    return found


def has_examples(objective: NetworkLoss) -> bool:
    """Whether its examples have losses of their own, so that some of them are a sample."""
    return objective.criterion is not None and not objective.tied and not objective.data.whole


def seconds_over(objective: NetworkLoss, examples: int) -> float:
    """Seconds of the processor that the loss over the first of its examples takes."""
    few = objective.rows(slice(0, examples))
    for _ in range(2):  # the first pays for what is loaded once
        began = time.thread_time()
        with torch.no_grad():
            few.loss(objective.initial)
        took = time.thread_time() - began
    return max(took, 1e-9)


def _example_sums(objective: NetworkLoss, position: Tensor) -> tuple[Tensor, Tensor | None, float] | None:
    """Of each example the sum of its targets' losses and, of class numbers, how many of them are right, (n,); and how
    many targets count. None where there are no single examples."""
    criterion = objective.criterion
    if criterion is None or not has_examples(objective):
        return None
    classes = isinstance(criterion, CrossEntropy) and not criterion.shares
    losses, right, counted = [], [], 0.0
    for part in objective.data.cut(min(BLOCK, objective.chunk_size or BLOCK)):
        outputs = objective.forward_part(position, part, objective.buffers)
        targets = in_memory(part.targets)
        scores = criterion.scores(outputs, targets, ())
        losses.append(_per_example(criterion.each(scores, targets)))
        if classes:
            kept = targets != criterion.ignore_index  # type: ignore[attr-defined]
            right.append(_per_example((scores.argmax(-1) == targets) & kept))
            counted += float(kept.sum())
    return torch.cat(losses), torch.cat(right) if classes else None, counted


def _per_example(each: Tensor) -> Tensor:
    return each.reshape(each.shape[0], -1).sum(-1, dtype=torch.float64)


def _standard_error(sums: Tensor, count: float, of: int) -> float | None:
    """Of Σ sums/count, over n of N examples; None of a single one."""
    n = len(sums)
    if n < 2:
        return None
    return float(sums.std()) * (n / count) * ((1 - n / of) / n) ** 0.5


def _measure_whole(half: str, objective: NetworkLoss, position: Tensor) -> dict[str, Any]:
    found = {f"{half}_loss": float(objective.loss(position))}
    criterion = objective.criterion
    if isinstance(criterion, CrossEntropy) and not criterion.shares:
        targets = in_memory(objective.data.targets)
        right = criterion.scores(objective.outputs(position), targets, ()).argmax(-1) == targets
        found[f"{half}_accuracy"] = float(right[targets != criterion.ignore_index].double().mean())
    return found
