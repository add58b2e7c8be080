"""Products of a network's curvature with directions: Hessian of the mean loss, or of the divergence at θ."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from geometry.batches import Batch, parts_of
from geometry.convolutions import LinearBackward
from geometry.losses import OutputLoss
from geometry.objective import Linearisation
from geometry.second_derivatives import check_symmetric, naming_the_operation
from geometry.stateless import Tensors
from geometry.streamed import in_memory

METRICS = ("newton", "ngd", "ngd-mean")


class LossInParts(Protocol):
    """What a product needs of a network's loss (geometry.networks.NetworkLoss): its data, and passes over a part."""

    data: Batch
    chunk_size: int | None
    criterion: OutputLoss | None
    symmetric: dict[str, bool]

    @property
    def count(self) -> float:
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
    """G d = Jᵀ Λ J d, with J the derivative of the outputs and Λ the curvature of the loss in them (geometry.losses).

    J d is the derivative of v ↦ Jᵀv (linear, so v = 0 serves), applied to d: a backward pass through a backward pass.
    """

    def __init__(self, objective: LossInParts, theta: Tensor, part: Batch, buffers: Tensors, weight: float) -> None:
        self.theta, walkers = theta.detach().requires_grad_(), tuple(theta.shape[:-1])
        self.criterion, self.weight = objective.criterion, weight
        convolutions = LinearBackward()
        with convolutions:
            outputs = objective.forward_part(self.theta, part, buffers)
        self.targets = in_memory(part.targets)
        if self.criterion is not None:
            self.scores = self.criterion.scores(outputs, self.targets, walkers)
        elif isinstance(outputs, Tensor):
            self.scores = outputs
        else:
            raise ValueError(
                f'the module returns {type(outputs).__name__}; the metric "ngd" needs one tensor of outputs, '
                'use metric="newton"'
            )
        loss = objective.loss_of(outputs, part, walkers).sum()
        self.gradient = _slope(loss, self.theta, retain_graph=True)
        self.slope = None if self.criterion is not None else _slope(loss, self.scores, create_graph=True)
        self.cotangent = torch.zeros_like(self.scores).requires_grad_()
        with convolutions.linear_in_cotangent():
            self.pulled = _slope(self.scores, self.theta, self.cotangent, create_graph=True)

    def product(self, d: Tensor) -> Tensor:
        tangent = _slope(self.pulled, self.cotangent, d, retain_graph=True)
        return _slope(self.scores, self.theta, self._image(tangent), retain_graph=True)

    def _image(self, tangent: Tensor) -> Tensor:
        """Λ·tangent, weighed; of a function of the user's own by its second derivative, which must not be negative."""
        if self.criterion is not None:
            return self.weight * self.criterion.curvature(self.scores.detach(), self.targets, tangent)
        if self.slope is None or not self.slope.requires_grad:
            return torch.zeros_like(tangent)
        image = _slope(self.slope, self.scores, tangent, retain_graph=True)
        along, sizes = float((image * tangent).sum()), [float(torch.linalg.vector_norm(v)) for v in (image, tangent)]
        if along < -1e-3 * sizes[0] * sizes[1]:
            raise ValueError(
                "this loss_function is not convex in the outputs, so that it has no Gauss–Newton metric; use "
                'metric="newton"'
            )
        return self.weight * image


def curvature_at(objective: LossInParts, theta: Tensor, metric: str) -> Linearisation:
    """Gradient and curvature operator at θ (..., D), in inference mode.

    The graph is kept between products where all of the batch is in memory at once, and made anew for each product
    where chunk_size says otherwise.
    """
    flat = theta.reshape(-1, theta.shape[-1]) if theta.ndim > 2 else theta
    groups = list(parts_of(flat, objective.data, objective.chunk_size))
    # A loss of the user's own is a mean already; of the others Λ is of one target.
    mean = objective.criterion is None
    weight = (1.0 if mean else 1.0 / objective.count) if metric == "ngd-mean" else objective.count if mean else 1.0

    def operator(walkers: Any, part: Batch) -> _Operator:
        own = objective.buffers_of(walkers)
        with torch.enable_grad(), naming_the_operation():
            if metric == "newton":
                return _Newton(objective, flat[walkers], part, own)
            return _Divergence(objective, flat[walkers], part, own, weight)

    if len(groups) == 1 and len(groups[0][1]) == 1:
        kept = operator(..., groups[0][1][0])

        def product(d: Tensor) -> Tensor:
            with naming_the_operation():
                return kept.product(d.reshape(flat.shape)).reshape(d.shape)

        gradient = kept.gradient.reshape(theta.shape)
    else:

        def product(d: Tensor) -> Tensor:
            directions, rows = d.reshape(flat.shape), []
            for walkers, parts in groups:
                total = torch.zeros_like(directions[walkers])
                for part in parts:
                    with naming_the_operation():
                        total += operator(walkers, part).product(directions[walkers])
                rows.append(total)
            return (rows[0] if len(rows) == 1 else torch.cat(rows)).reshape(d.shape)

        gradient = objective.gradient(theta)
    if metric not in objective.symmetric:  # looked at once for a network and all its batches
        check_symmetric(product, gradient, metric)
        objective.symmetric[metric] = True
    return Linearisation(gradient, product)
