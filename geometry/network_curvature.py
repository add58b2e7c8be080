"""Products of a network's curvature with directions: Hessian of the mean loss, or of the divergence at θ."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from geometry.batches import Batch, class_scores, parts_of
from geometry.objective import Linearisation
from geometry.stateless import Tensors

METRICS = ("newton", "ngd", "ngd-mean")


class LossInParts(Protocol):
    """What a product needs of a network's loss (geometry.networks.NetworkLoss): its data, and passes over a part."""

    data: Batch
    chunk_size: int | None
    ignore_index: int

    @property
    def count(self) -> int:
        """Targets that count."""
        ...

    def gradient(self, theta: Tensor) -> Tensor:
        """∇L(θ) over all data."""
        ...

    def buffers_of(self, walkers: Any) -> Tensors:
        """The running statistics of these walkers."""
        ...

    def forward_part(self, theta: Tensor, part: Batch, buffers: Tensors) -> Tensor:
        """The outputs for a part of the data."""
        ...

    def loss_of(self, outputs: Tensor, part: Batch, walkers: tuple[int, ...]) -> Tensor:
        """The part's share of the loss, from its outputs."""
        ...

    def part_loss(self, theta: Tensor, part: Batch, training: bool, buffers: Tensors) -> tuple[Tensor, Tensors]:
        """The same from θ, with the buffers afterwards."""
        ...


class _Operator(Protocol):
    gradient: Tensor

    def product(self, d: Tensor) -> Tensor: ...


def _slope(value: Tensor, theta: Tensor, cotangent: Tensor | None = None, **options: bool) -> Tensor:
    (slope,) = torch.autograd.grad(value, theta, cotangent, allow_unused=True, materialize_grads=True, **options)
    return slope


class _Newton:
    """H d = ∂⟨∇L, d⟩/∂θ: one more backward pass through the kept gradient."""

    def __init__(self, objective: LossInParts, theta: Tensor, part: Batch, buffers: Tensors) -> None:
        self.theta = theta.detach().requires_grad_()
        loss, _ = objective.part_loss(self.theta, part, False, buffers)
        self.slope = (
            _slope(loss.sum(), self.theta, create_graph=True) if loss.requires_grad else torch.zeros_like(theta)
        )
        self.gradient = self.slope.detach()

    def product(self, d: Tensor) -> Tensor:
        if not self.slope.requires_grad:
            return torch.zeros_like(d)
        return _slope(self.slope, self.theta, d, retain_graph=True)


class _Divergence:
    """G d = Jᵀ (diag p − p pᵀ) J d, with J the derivative of the class scores.

    J d is the derivative of v ↦ Jᵀv (linear, so v = 0 serves), applied to d: a backward pass through a backward pass.
    """

    def __init__(self, objective: LossInParts, theta: Tensor, part: Batch, buffers: Tensors, weight: float) -> None:
        self.theta, walkers = theta.detach().requires_grad_(), tuple(theta.shape[:-1])
        outputs = objective.forward_part(self.theta, part, buffers)
        self.scores = class_scores(outputs, part.targets, walkers)
        self.gradient = _slope(objective.loss_of(outputs, part, walkers).sum(), self.theta, retain_graph=True)
        self.probabilities = torch.softmax(self.scores.detach(), dim=-1)
        self.weights = torch.full_like(self.probabilities[..., :1], weight)
        if not part.targets.is_floating_point():
            self.weights = self.weights * (part.targets != objective.ignore_index)[..., None]
        self.cotangent = torch.zeros_like(self.scores).requires_grad_()
        self.pulled = _slope(self.scores, self.theta, self.cotangent, create_graph=True)

    def product(self, d: Tensor) -> Tensor:
        tangent = _slope(self.pulled, self.cotangent, d, retain_graph=True)
        p = self.probabilities
        image = self.weights * p * (tangent - (p * tangent).sum(-1, keepdim=True))
        return _slope(self.scores, self.theta, image, retain_graph=True)


def curvature_at(objective: LossInParts, theta: Tensor, metric: str) -> Linearisation:
    """Gradient and curvature operator at θ (..., D), in inference mode.

    The graph is kept between products where all of the batch is in memory at once, and made anew for each product
    where chunk_size says otherwise.
    """
    flat = theta.reshape(-1, theta.shape[-1]) if theta.ndim > 2 else theta
    groups = list(parts_of(flat, objective.data, objective.chunk_size))
    weight = 1.0 / objective.count if metric == "ngd-mean" else 1.0

    def operator(walkers: Any, part: Batch) -> _Operator:
        own = objective.buffers_of(walkers)
        with torch.enable_grad():
            if metric == "newton":
                return _Newton(objective, flat[walkers], part, own)
            return _Divergence(objective, flat[walkers], part, own, weight)

    if len(groups) == 1 and len(groups[0][1]) == 1:
        kept = operator(..., groups[0][1][0])
        return Linearisation(
            kept.gradient.reshape(theta.shape), lambda d: kept.product(d.reshape(flat.shape)).reshape(d.shape)
        )

    def product(d: Tensor) -> Tensor:
        directions, rows = d.reshape(flat.shape), []
        for walkers, parts in groups:
            total = torch.zeros_like(directions[walkers])
            for part in parts:
                total += operator(walkers, part).product(directions[walkers])
            rows.append(total)
        return (rows[0] if len(rows) == 1 else torch.cat(rows)).reshape(d.shape)

    return Linearisation(objective.gradient(theta), product)
