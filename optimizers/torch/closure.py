"""What a closure of a training loop says about the ground: its loss, and the curvature there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from geometry.objective import Layout, Linearisation
from geometry.stateless import differentiable_attention
from optimizers.torch.flat_parameters import FlatParameters

Closure = Callable[[], Any]
"""Makes a forward pass and returns the loss, or (loss, outputs), without calling backward()."""


class ClosureLoss:
    """The loss that a closure returns, at the parameters as they stand: enough of an Objective for a refresh of U.

    metric "newton" needs the loss; "ngd" and "ngd-mean" also the outputs: class scores or log-probabilities (..., C),
    classes last, of the targets that count. See geometry.networks.NetworkLoss for what the metrics are; the numbers are
    the same. The closure runs once; its graph is kept until the object goes.
    """

    def __init__(self, parameters: FlatParameters, closure: Closure) -> None:
        self.tensors, self.pieces = parameters.tensors, parameters.pieces
        self.layout: Layout = parameters.layout
        with torch.enable_grad(), differentiable_attention():
            self.value, self.outputs = evaluate(closure)

    @property
    def dimension(self) -> int:
        """D, the number of parameters."""
        return self.layout.dimension

    def loss(self, theta: Tensor) -> Tensor:
        """The closure's loss; θ is where the parameters are."""
        return self.value.detach()

    def gradient(self, theta: Tensor) -> Tensor:
        """∇L, shape (D,)."""
        return self._flat(_slopes(self.value, self.tensors, retain_graph=True))

    def curvature_product(self, theta: Tensor, d: Tensor, metric: str = "newton") -> Tensor:
        """G d, shape (D,)."""
        return self.linearise(theta, metric).product(d)

    def linearise(self, theta: Tensor, metric: str = "newton") -> Linearisation:
        """The gradient and the curvature operator; θ is where the parameters are."""
        with torch.enable_grad(), differentiable_attention():
            return self._newton() if metric == "newton" else self._divergence(metric)

    def _newton(self) -> Linearisation:
        """H d = ∂⟨∇L, d⟩/∂θ."""
        slopes = _slopes(self.value, self.tensors, create_graph=True)
        curved = [i for i, slope in enumerate(slopes) if slope.requires_grad]

        def product(d: Tensor) -> Tensor:
            if not curved:
                return torch.zeros_like(d)
            parts = self.pieces(d)
            return self._flat(
                _slopes([slopes[i] for i in curved], self.tensors, [parts[i] for i in curved], retain_graph=True)
            )

        return Linearisation(self._flat(slopes).detach(), product)

    def _divergence(self, metric: str) -> Linearisation:
        """G d = w Jᵀ (diag p − p pᵀ) J d, with J d by a backward pass through the backward pass v ↦ Jᵀ v."""
        if not isinstance(self.outputs, Tensor) or self.outputs.ndim < 2 or self.outputs.shape[-1] < 2:
            raise ValueError(
                f'the metric "{metric}" needs the class scores: let the closure return (loss, outputs) with outputs of '
                "shape (..., classes)"
            )
        gradient = self._flat(_slopes(self.value, self.tensors, retain_graph=True))
        scores = self.outputs.reshape(-1, self.outputs.shape[-1]).to(gradient.dtype)
        p = torch.softmax(scores.detach(), dim=-1)
        weight = 1.0 / scores.shape[0] if metric == "ngd-mean" else 1.0
        cotangent = torch.zeros_like(scores).requires_grad_()
        pulled = _slopes(scores, self.tensors, cotangent, create_graph=True)
        moving = [i for i, part in enumerate(pulled) if part.requires_grad]
        if not moving:
            raise ValueError("the outputs that the closure returns do not depend on the parameters")

        def product(d: Tensor) -> Tensor:
            parts = self.pieces(d)
            (tangent,) = torch.autograd.grad(
                [pulled[i] for i in moving], cotangent, [parts[i] for i in moving], retain_graph=True
            )
            image = weight * p * (tangent - (p * tangent).sum(-1, keepdim=True))
            return self._flat(_slopes(scores, self.tensors, image, retain_graph=True))

        return Linearisation(gradient, product)

    @staticmethod
    def _flat(slopes: tuple[Tensor, ...]) -> Tensor:
        return torch.cat([slope.reshape(-1) for slope in slopes])


def evaluate(closure: Closure) -> tuple[Tensor, Any]:
    """(loss, outputs or None) of one call; an error unless the loss is one finite number with a graph."""
    result = closure()
    loss, outputs = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        raise TypeError(f"the closure must return the loss, a tensor of one number, or (loss, outputs), not {result!r}")
    if not loss.requires_grad:
        raise ValueError(
            "the loss that the closure returns has no gradient: return it as it is, without detach or item"
        )
    if not bool(torch.isfinite(loss.detach())):
        raise ValueError(f"the loss is {loss.item()}: the step is refused, and nothing has changed")
    return loss.reshape(()), outputs


@contextmanager
def inference_mode_of(module: nn.Module | None) -> Iterator[None]:
    """The module in eval mode (running statistics, no dropout) for a while; each part's own mode comes back after."""
    if module is None:
        yield
        return
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _slopes(values: Any, tensors: list[Tensor], cotangents: Any = None, **graph: bool) -> tuple[Tensor, ...]:
    return torch.autograd.grad(values, tensors, cotangents, allow_unused=True, materialize_grads=True, **graph)
