"""Λ, the curvature of a closure's loss in the network's outputs: what stands in the middle of G = Jᵀ Λ J."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from geometry.losses import NAMES, OutputLoss, find_loss

KINDS = (*NAMES, "convex")
"""Kinds of losses that LLQR may be told; "convex": any other that is convex in the outputs."""

Told = str | Callable[..., Any] | OutputLoss | None
"""What LLQR may be told of a closure's loss: a kind, a loss of torch's, a function of the user's own, or nothing."""


def check_told(loss: Told) -> Told:
    """What is kept of it: a kind, or the loss itself where it is a known one of torch's; a ValueError where it is
    none."""
    if isinstance(loss, str) and loss not in KINDS:
        raise ValueError(f"loss must be one of {', '.join(KINDS)}, a loss of torch’s or a function, not {loss!r}")
    return "convex" if kind_of(loss) == "convex" else loss


def count_heard(loss: Told, heard: list[tuple[Any, Tensor]]) -> float | None:
    """n of the targets that a loss of torch's met in the closure, as geometry.losses counts them; None where a kind was
    told, or they were not met once. `heard`: torch's losses there, and their targets; others are beside the point."""
    if loss is None or isinstance(loss, str):
        return None
    met = [targets for function, targets in heard if kind_of(function) == kind_of(loss)]
    if len(met) != 1:
        return None
    criterion = find_loss(loss, met[0])
    assert criterion is not None  # check_told keeps no other
    return criterion.count(met[0])


def kind_of(loss: Told) -> str | None:
    """Its kind by name."""
    if loss is None or isinstance(loss, str):
        return loss
    criterion = find_loss(loss, torch.zeros(1, dtype=torch.int64))
    return "convex" if criterion is None else criterion.name


class OutputCurvature:
    """Λ at the outputs of one closure, for the metrics "ngd-mean" (of the mean loss) and "ngd" (times the targets).

    Without a kind the outputs are class scores or log-probabilities (..., C), classes last, and the loss is a cross-
    entropy of their softmax, a plain mean over the rows: Λ = diag p − p pᵀ, p = softmax, for each of the rows. That it
    is one shows in the slopes (p − q)/n of the loss by the outputs, which then sum to zero along the classes and give
    target probabilities q ≥ 0; else the kind must be told.

    With a kind told Λ is the Hessian of the loss itself in the outputs, whatever its axes, weights and ignored targets:
    2/n for the squared error over n numbers, p(1 − p)/n for the binary cross-entropy. "ngd" then multiplies by
    `count`, the targets that count, and where that is not known by all there are: rows of class scores, numbers of the
    outputs, or examples of a loss that is "convex".

    ValueError: outputs that the loss was not made from, another loss than told, a loss that is not convex in them.
    """

    def __init__(self, loss: Tensor, outputs: Any, metric: str, kind: str | None, count: float | None = None) -> None:
        if not isinstance(outputs, Tensor) or outputs.ndim < 1 or (kind is None and outputs.ndim < 2):
            raise ValueError(
                f'the metric "{metric}" needs the class scores: let the closure return (loss, outputs) with outputs of '
                "shape (..., classes), or name the module, which is then to be called once"
            )
        (slope,) = torch.autograd.grad(
            loss, outputs, create_graph=kind is not None, retain_graph=True, allow_unused=True
        )
        if slope is None:
            raise ValueError(
                "the loss that the closure returns does not depend on its outputs: return the very tensor that the "
                "loss was made from"
            )
        classes = _class_axes(slope.detach())
        self.metric, self.kind, self.slope, self.given = metric, kind, slope, outputs
        self.last = outputs.ndim - 1
        if kind is None:
            if self.last not in classes or outputs.shape[-1] < 2:
                raise ValueError(_unlike(metric, outputs, classes))
            rows = outputs.reshape(-1, outputs.shape[-1])
            self.outputs = rows.to(loss.dtype)
            self.probabilities = torch.softmax(self.outputs.detach(), dim=-1)
            _check_alike(metric, self.probabilities, slope.detach().reshape(rows.shape))
            self.weight = 1.0 / len(rows) if metric == "ngd-mean" else 1.0
            return
        if kind == "cross-entropy" and not classes:
            raise ValueError(
                "the loss was told to be a cross-entropy, but its slopes by the outputs do not sum to zero along any "
                "axis of classes"
            )
        self.outputs = outputs
        if count is None:
            count = len(outputs) if kind == "convex" else outputs.numel()
            count = count // outputs.shape[classes[0]] if kind == "cross-entropy" else count
        self.weight = count if metric == "ngd" else 1.0

    def image(self, tangent: Tensor) -> Tensor:
        """Λ·tangent, of the shape of `outputs`."""
        if self.kind is None:
            p = self.probabilities
            return self.weight * p * (tangent - (p * tangent).sum(-1, keepdim=True))
        if not self.slope.requires_grad:
            return torch.zeros_like(tangent)
        (image,) = torch.autograd.grad(
            self.slope, self.given, tangent, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        along = float((image * tangent).sum())
        if along < -1e-3 * float(torch.linalg.vector_norm(image) * torch.linalg.vector_norm(tangent)):
            raise ValueError(
                f'the loss is not convex in the outputs, so the metric "{self.metric}" is not defined for it; use '
                'metric="newton"'
            )
        return self.weight * image


def _check_alike(metric: str, p: Tensor, slope: Tensor) -> None:
    """ValueError where q = p − n·slope is negative somewhere: of targets that do not count alike some weigh more than
    1/n, so that their q overshoots; and so it is with a sum, or a loss of p that is none."""
    allowed = 1e-3 if slope.element_size() >= 4 else 5e-2
    if bool((p - len(p) * slope < -allowed).any()):
        raise ValueError(
            f'the metric "{metric}" is that of a mean cross-entropy in which all targets count alike, and here some '
            "count more (class weights, ignored targets, a sum), or the loss is another: tell its kind, "
            'LLQR(…, loss="cross-entropy") or loss="convex", or use metric="newton"'
        )


def _class_axes(slope: Tensor) -> tuple[int, ...]:
    """The axes, the last or the second, along which the slopes sum to zero as those of a softmax do."""
    largest = slope.abs().amax() if slope.numel() else slope.sum()
    allowed = (1e-3 if slope.element_size() >= 4 else 5e-2) * largest
    axes = [axis for axis in dict.fromkeys((slope.ndim - 1, 1)) if 0 < axis < slope.ndim and slope.shape[axis] > 1]
    return tuple(axis for axis in axes if bool((slope.sum(axis).abs() <= allowed).all()))


def _unlike(metric: str, outputs: Tensor, classes: tuple[int, ...]) -> str:
    shape = tuple(outputs.shape)
    if classes:
        where = f"its classes lie along axis {classes[0]}: return the outputs with the classes last, or"
    else:
        where = "this loss is none:"
    return (
        f'the metric "{metric}" is that of a cross-entropy over the last axis of the outputs, of shape {shape}, and '
        f'{where} tell the kind of the loss, LLQR(…, loss="…") with one of {", ".join(KINDS)}, or use metric="newton"'
    )
