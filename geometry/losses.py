"""Losses of a network's outputs: each target's own, the mean over all, and the curvature in the outputs.

    ℓ(z, t) of outputs z and targets t;  L = (1/n) Σ ℓ;  Λ = ∂²ℓ/∂z², what stands in the middle of G = Jᵀ Λ J.

`find_loss` says which loss is meant: by a name, by one of torch's own (a module such as torch.nn.MSELoss(), or a
function such as torch.nn.functional.huber_loss), or by the targets alone, and refuses what it would have to guess.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geometry.batches import class_scores
from geometry.streamed import Column, pieces_of

NAMES = ("cross-entropy", "squared error", "huber", "binary cross-entropy")


class OutputLoss(Protocol):
    """A loss that is a mean over targets, each of which has a loss of its own."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def prepare(self, targets: Tensor, dtype: torch.dtype) -> Tensor:
        """Targets in the type that the loss takes; ValueError where they are none for it."""
        ...

    def count(self, targets: Tensor) -> float:
        """n, what the sum over these targets is divided by."""
        ...

    def highest(self, targets: Tensor) -> int:
        """The largest class number among these, −1 where there are no classes."""
        ...

    def scores(self, outputs: Any, targets: Tensor, walkers: tuple[int, ...], highest: int = -1) -> Tensor:
        """The outputs as the other methods take them; ValueError where they do not fit the targets."""
        ...

    def each(self, scores: Tensor, targets: Tensor) -> Tensor:
        """ℓ of every target, with the walkers' axes in front."""
        ...

    def curvature(self, scores: Tensor, targets: Tensor, tangent: Tensor) -> Tensor:
        """Λ·tangent, of the shape of the scores."""
        ...


@dataclass(frozen=True)
class CrossEntropy:
    """ℓ = −Σ_c w_c q_c log softmax(z)_c,  Λ = (Σ_c w_c q_c)(diag p − p pᵀ);  q the target, smoothed.

    targets: class numbers of the outputs' shape without the class axis (entries equal to `ignore_index` do not count),
    or with `shares` class probabilities of the outputs' shape. n: the targets that count, Σ of their w for class
    numbers. class_axis: 1 as torch has it, −1 the last; None: the one that fits, and where both do, refused.
    """

    label_smoothing: float = 0.0
    ignore_index: int = -100
    shares: bool = False
    weights: Tensor | None = None
    class_axis: int | None = None
    name: str = "cross-entropy"

    def prepare(self, targets: Tensor, dtype: torch.dtype) -> Tensor:
        """Class numbers as int64, probabilities in the outputs' type."""
        if self.shares != targets.is_floating_point():
            wanted = "class probabilities" if self.shares else "class numbers"
            raise ValueError(f"the cross-entropy’s targets were {wanted}; these are of type {targets.dtype}")
        return targets.to(dtype) if self.shares else targets.to(torch.int64)

    def count(self, targets: Tensor) -> float:
        """The targets that are not ignored, weighed; rows of probabilities."""
        if self.shares:
            return max(1, targets.numel() // targets.shape[-1])
        kept = targets != self.ignore_index
        if self.weights is None:
            return int(kept.sum())
        return float(self.weights.to(targets.device)[targets[kept]].sum(dtype=torch.float64))

    def highest(self, targets: Tensor) -> int:
        """The largest class number; ValueError where one is negative and not to be ignored, or has no weight."""
        if self.shares:
            return -1
        kept = torch.where(targets == self.ignore_index, torch.zeros_like(targets), targets)
        low, high = (int(bound) for bound in kept.aminmax())
        if low < 0:
            raise ValueError(
                f"targets must be class numbers of at least 0, or {self.ignore_index} to be ignored; got {low}"
            )
        if self.weights is not None and high >= len(self.weights):
            raise ValueError(f"a target is class {high}, but there are weights for {len(self.weights)} classes")
        return high

    def scores(self, outputs: Any, targets: Tensor, walkers: tuple[int, ...], highest: int = -1) -> Tensor:
        """Class axis last."""
        return class_scores(outputs, targets, walkers, highest, self.class_axis)

    def each(self, scores: Tensor, targets: Tensor) -> Tensor:
        """ℓ of each target; 0 where it is ignored."""
        repeated = targets.expand(scores.shape if self.shares else scores.shape[:-1])
        weights = None if self.weights is None else self.weights.to(scores)
        losses = F.cross_entropy(
            scores.reshape(-1, scores.shape[-1]),
            repeated.reshape(-1, scores.shape[-1]) if self.shares else repeated.reshape(-1),
            weight=weights,
            ignore_index=-100 if self.shares else self.ignore_index,
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        return losses.reshape(scores.shape[:-1])

    def curvature(self, scores: Tensor, targets: Tensor, tangent: Tensor) -> Tensor:
        """Λ·tangent."""
        p = torch.softmax(scores, dim=-1)
        image = p * (tangent - (p * tangent).sum(-1, keepdim=True))
        weights = self._curvature_weights(scores, targets)
        return image if weights is None else weights[..., None] * image

    def _curvature_weights(self, scores: Tensor, targets: Tensor) -> Tensor | None:
        """Σ_c w_c q_c of each target; None where all are 1."""
        s, kept = self.label_smoothing, None if self.shares else (targets != self.ignore_index).to(scores.dtype)
        if self.weights is None:
            return (1 - s) * targets.sum(-1) + s if self.shares else kept
        w = self.weights.to(scores)
        given = (targets * w).sum(-1) if self.shares else w[targets.masked_fill(targets == self.ignore_index, 0)]
        weights = (1 - s) * given + s * w.mean()
        return weights if kept is None else weights * kept


class _Elementwise:
    """A loss of outputs and targets of one shape, number by number."""

    def prepare(self, targets: Tensor, dtype: torch.dtype) -> Tensor:
        """Targets as real numbers."""
        if not bool(torch.isfinite(targets).all()):
            raise ValueError("a target is not finite")
        return targets.to(dtype)

    def count(self, targets: Tensor) -> float:
        """All numbers of the targets."""
        return targets.numel()

    def highest(self, targets: Tensor) -> int:
        """There are no classes."""
        return -1

    def scores(self, outputs: Any, targets: Tensor, walkers: tuple[int, ...], highest: int = -1) -> Tensor:
        """The outputs in the targets' shape: the same, or with an axis of length 1 more or less at the end."""
        if not isinstance(outputs, Tensor):
            raise ValueError(f"the module must return one tensor for this loss, not {type(outputs).__name__}")
        own, wanted = tuple(outputs.shape[len(walkers) :]), tuple(targets.shape)
        if own != wanted and own != (*wanted, 1) and (*own, 1) != wanted:
            raise ValueError(f"outputs of shape {own} do not fit targets of shape {wanted}: they must be the same")
        return outputs.reshape(*walkers, *wanted)


@dataclass(frozen=True)
class SquaredError(_Elementwise):
    """ℓ = (z − t)²,  Λ = 2;  L is the mean over all numbers, as torch's mse_loss."""

    name: str = "squared error"

    def each(self, scores: Tensor, targets: Tensor) -> Tensor:
        """(z − t)²."""
        return (scores - targets).square()

    def curvature(self, scores: Tensor, targets: Tensor, tangent: Tensor) -> Tensor:
        """2·tangent."""
        return 2 * tangent


@dataclass(frozen=True)
class Huber(_Elementwise):
    """ℓ = s·½r² for |r| ≤ δ, s·δ(|r| − ½δ) beyond, r = z − t;  Λ = s where |r| ≤ δ, else 0.

    s = 1: torch's huber_loss; s = 1/δ: its smooth_l1_loss.
    """

    delta: float = 1.0
    scale: float = 1.0
    name: str = "huber"

    def each(self, scores: Tensor, targets: Tensor) -> Tensor:
        """ℓ of each number."""
        return self.scale * F.huber_loss(scores, targets.expand(scores.shape), reduction="none", delta=self.delta)

    def curvature(self, scores: Tensor, targets: Tensor, tangent: Tensor) -> Tensor:
        """Λ·tangent."""
        return self.scale * ((scores - targets).abs() <= self.delta) * tangent


@dataclass(frozen=True)
class BinaryCrossEntropy(_Elementwise):
    """ℓ = −w (a t log σ(z) + (1 − t) log(1 − σ(z))),  Λ = w (a t + 1 − t) σ(z)(1 − σ(z)); w, a: 1, or of the last axis.

    Targets between 0 and 1: several labels at once, or one.
    """

    weight: Tensor | None = None
    positive_weight: Tensor | None = None
    name: str = "binary cross-entropy"

    def prepare(self, targets: Tensor, dtype: torch.dtype) -> Tensor:
        """Targets as numbers between 0 and 1."""
        if targets.numel() and not (float(targets.min()) >= 0 and float(targets.max()) <= 1):
            raise ValueError("the targets of a binary cross-entropy must lie between 0 and 1")
        return super().prepare(targets, dtype)

    def each(self, scores: Tensor, targets: Tensor) -> Tensor:
        """ℓ of each number."""
        weight, positive = (None if w is None else w.to(scores) for w in (self.weight, self.positive_weight))
        return F.binary_cross_entropy_with_logits(
            scores, targets.expand(scores.shape), weight=weight, pos_weight=positive, reduction="none"
        )

    def curvature(self, scores: Tensor, targets: Tensor, tangent: Tensor) -> Tensor:
        """Λ·tangent."""
        p = torch.sigmoid(scores)
        slope = p * (1 - p)
        if self.positive_weight is not None:
            slope = slope * (self.positive_weight.to(scores) * targets + 1 - targets)
        return (slope if self.weight is None else self.weight.to(scores) * slope) * tangent


LossFunction = Callable[[Any, Tensor], Tensor]
Given = str | LossFunction | OutputLoss | None


def count_targets(criterion: OutputLoss, targets: Column, size: int) -> tuple[float, int]:
    """(n, what the sum over all targets is divided by; the largest class number, −1 where there are no classes).

    Of streamed targets in one run through the data, `size` at a time, as a pass takes them: what it has just read is
    not read again. ValueError where there are none that the loss takes, or none that count.
    """
    count, highest = 0.0, -1
    for part in pieces_of(targets, size):
        highest = max(highest, criterion.highest(part))
        count += criterion.count(part)
    if not count > 0:
        raise ValueError(
            "every target is to be ignored (ignore_index) or of a class of weight 0: there is nothing to learn from"
        )
    return count, highest


def find_loss(
    given: Given, targets: Column, label_smoothing: float = 0.0, ignore_index: int = -100
) -> OutputLoss | None:
    """The loss that is meant; None for a function of the user's own, which sees the batch as a whole.

    given: a name (NAMES), a loss of torch's as a module or a function (functools.partial of one included), a loss of
    this module, or None. None with whole numbers as targets is the cross-entropy of class numbers; with real numbers it
    is the cross-entropy of class probabilities where every row is one (not negative, with sum 1), and else refused: a
    regression and several labels at once have the same form, so the loss must be named.

    ValueError: such targets, a name that is none, a loss of torch's that is no mean over the targets or that learns.
    """
    if isinstance(given, str):
        if given not in NAMES:
            raise ValueError(f"loss_function must be one of {', '.join(NAMES)}, or a function, not {given!r}")
        return _named(given, targets, label_smoothing, ignore_index)
    if given is None:
        if not targets.is_floating_point() or _are_shares(targets):
            return CrossEntropy(label_smoothing, ignore_index, shares=targets.is_floating_point())
        raise ValueError(
            "these targets are real numbers and no class probabilities (rows that are not negative and sum to 1): name "
            "the loss, loss_function='squared error', 'huber' or 'binary cross-entropy'"
        )
    if isinstance(given, CrossEntropy | SquaredError | Huber | BinaryCrossEntropy):
        return given
    if isinstance(given, nn.Module):
        return _of_module(given, targets)
    if isinstance(given, functools.partial) and not given.args:
        return _of_function(given.func, given.keywords, targets)
    return _of_function(given, {}, targets)


def _are_shares(targets: Column) -> bool:
    """Whether every row is a distribution over two classes or more."""
    if targets.ndim < 2 or targets.shape[-1] < 2 or not targets.is_floating_point():
        return False
    parts = (part.double() for part in pieces_of(targets))
    return all(bool((rows >= 0).all() and ((rows.sum(-1) - 1).abs() < 1e-3).all()) for rows in parts)


def _named(name: str, targets: Column, label_smoothing: float, ignore_index: int) -> OutputLoss:
    if name == "cross-entropy":
        return CrossEntropy(label_smoothing, ignore_index, shares=targets.is_floating_point())
    return {"squared error": SquaredError, "huber": Huber, "binary cross-entropy": BinaryCrossEntropy}[name]()


def _of_module(module: nn.Module, targets: Column) -> OutputLoss | None:
    """One of torch's losses as a module; None for another."""
    learns = [name for name, parameter in module.named_parameters() if parameter.requires_grad]
    if learns:
        raise ValueError(f"the loss function has a parameter of its own, {learns[0]}, which would never be trained")
    reduction = getattr(module, "reduction", "mean")
    if reduction != "mean":
        raise ValueError(f"the loss function must be a mean over the targets; its reduction is {reduction!r}")
    if type(module) is nn.CrossEntropyLoss:
        shares = targets.is_floating_point()
        return CrossEntropy(module.label_smoothing, module.ignore_index, shares, module.weight, None if shares else 1)
    if type(module) is nn.MSELoss:
        return SquaredError()
    if type(module) is nn.HuberLoss:
        return Huber(module.delta)
    if type(module) is nn.SmoothL1Loss and module.beta > 0:
        return Huber(module.beta, 1 / module.beta)
    if type(module) is nn.BCEWithLogitsLoss:
        return BinaryCrossEntropy(module.weight, module.pos_weight)
    return None


TORCH_LOSSES: dict[Any, Callable[..., nn.Module]] = {
    F.cross_entropy: nn.CrossEntropyLoss,
    F.mse_loss: nn.MSELoss,
    F.huber_loss: nn.HuberLoss,
    F.smooth_l1_loss: nn.SmoothL1Loss,
    F.binary_cross_entropy_with_logits: nn.BCEWithLogitsLoss,
}
"""Torch's losses that are known here: the function that each calls, too, when it is a module."""


def _of_function(function: Any, keywords: dict[str, Any], targets: Column) -> OutputLoss | None:
    """One of torch's losses as a function; None for another."""
    make = TORCH_LOSSES.get(function) if callable(function) and function.__hash__ is not None else None
    if make is None:
        if not callable(function):
            raise ValueError(f"loss_function must be a function or one of {', '.join(NAMES)}, not {function!r}")
        return None
    return _of_module(make(**keywords), targets)
