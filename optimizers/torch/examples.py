"""What the single examples of a closure's batch say: rows that make the Fisher matrix, and their own gradients.

A closure gives one loss for all of them. Its outputs tell them apart, as long as no example's outputs depend on another
(a batch norm in train mode): the slope of the loss at one example's outputs, sent back alone, is its own gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor

from geometry.per_example import TOGETHER
from optimizers.torch.closure import ClosureLoss
from optimizers.torch.output_curvature import OutputCurvature


class ClosureExamples(ClosureLoss):
    """The examples of a closure's batch, the first axis of its outputs, at the parameters as they stand."""

    @property
    def examples(self) -> int:
        """N."""
        return int(self.known_outputs.shape[0])

    @property
    def known_outputs(self) -> Tensor:
        """The outputs; a ValueError where the closure gives none."""
        if not isinstance(self.outputs, Tensor) or self.outputs.ndim < 1:
            raise ValueError(
                "single examples need the outputs: let the closure return (loss, outputs) with an example in each row, "
                "or name the module, which is then to be called once"
            )
        return self.outputs

    def class_scores(self, who: str) -> Tensor:
        """log p (n, C) of all targets; a ValueError unless the loss is a cross-entropy over the outputs' last axis."""
        outputs = self.known_outputs
        try:
            curvature = OutputCurvature(self.value, outputs, "ngd-mean", None)
        except ValueError as error:
            raise ValueError(
                f"{who} needs a cross-entropy over the last axis of the outputs: let the closure return (loss, "
                "outputs) with class scores for outputs"
            ) from error
        return torch.log_softmax(curvature.outputs, dim=-1)

    def gradients(self) -> Tensor:
        """∇ℓ_n for each of the N examples, (N, D): their mean is ∇L."""
        with torch.enable_grad():
            outputs = self.known_outputs
            (slope,) = torch.autograd.grad(self.value, outputs, retain_graph=True)
            alone = torch.eye(self.examples, dtype=slope.dtype, device=slope.device)
            alone = alone.reshape(self.examples, self.examples, *[1] * (slope.ndim - 1))
            return self._sent_back(outputs, self.examples * alone * slope)

    def squared_gradients(self) -> Tensor:
        """Σ_n (∇ℓ_n)² elementwise, (D,)."""
        return (self.gradients() ** 2).sum(0)

    def fisher_rows(self, fisher: str) -> Tensor:
        """R (K, D) with RᵀR the mean Fisher matrix, as geometry.per_example.fisher_rows has it."""
        if fisher == "empirical":
            return self.gradients() / self.examples**0.5
        with torch.enable_grad():
            values = self.class_scores("the exact Fisher matrix")
            count = values.numel()
            each = torch.eye(count, dtype=values.dtype, device=values.device).reshape(count, *values.shape)
            weights = torch.sqrt(torch.exp(values.detach()) / values.shape[0]).reshape(-1)
            return weights[:, None] * self._sent_back(values, each)

    def _sent_back(self, values: Tensor, cotangents: Tensor) -> Tensor:
        """The rows ⟨cotangent, ∂values/∂θ⟩ (K, D) of cotangents (K, …), some at a time."""
        rows = []
        for part in cotangents.split(TOGETHER):
            slopes = torch.autograd.grad(
                values,
                self.tensors,
                part,
                retain_graph=True,
                is_grads_batched=True,
                allow_unused=True,
                materialize_grads=True,
            )
            rows.append(torch.cat([slope.reshape(len(part), -1) for slope in slopes], dim=1))
        return torch.cat(rows)
