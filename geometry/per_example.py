"""What single examples say at θ: their gradients, and the scores whose products make a Fisher matrix.

Both in inference mode, with the batch that a NetworkLoss holds. torch is loaded only where there is a network.
"""

from __future__ import annotations

from typing import Any

Array = Any
FISHERS = ("exact", "empirical")
TOGETHER = 64
"""Examples whose derivatives are in memory at once."""


def squared_gradients(objective: Any, theta: Array, gradient: Array) -> Array:
    """Σ_n (∇ℓ_n)² elementwise, (..., D), over the examples of the batch with their own targets.

    A surface has no examples: it is one, and the square of its `gradient`. An objective that has a way of its own to
    them has `squared_gradients()`.
    """
    if hasattr(objective, "squared_gradients"):
        return objective.squared_gradients()
    if not hasattr(objective, "examples"):
        return gradient * gradient
    return (example_gradients(objective, theta) ** 2).sum(-2)


def example_gradients(loss: Any, theta: Array) -> Array:
    """∇ℓ_n(θ) for each of the N examples, (..., N, D): their mean is ∇L where every example counts alike."""
    import torch
    from torch.func import grad, vmap

    from geometry.batches import Batch

    share = loss.count if loss.loss_function is None else loss.examples

    def one(at: Array, inputs: tuple[Array, ...], target: Array) -> Array:
        batch = Batch(tuple(x[None] for x in inputs), target[None])
        outputs = loss.forward_part(at, batch, loss.buffers)
        if loss.loss_function is not None:
            return loss.loss_function(outputs, batch.targets)
        return loss.loss_of(outputs, batch, ()) * share

    each = vmap(grad(one), in_dims=(None, 0, 0), chunk_size=TOGETHER)
    flat = theta.detach().reshape(-1, loss.dimension)
    apart = _taken_apart(loss)
    rows = torch.stack([each(at, *apart) for at in flat])
    return rows.reshape(*theta.shape[:-1], loss.examples, loss.dimension)


def _taken_apart(loss: Any) -> tuple[tuple[Array, ...], Array]:
    """Inputs and targets, each with one row for an example; ValueError where they are one whole."""
    from geometry.streamed import in_memory

    if loss.data.whole:
        raise ValueError(f"gradients of single examples are asked for, and {loss.tied}")
    return tuple(loss.ready(x) for x in loss.data.inputs), in_memory(loss.data.targets)


def fisher_rows(loss: Any, theta: Array, fisher: str = "exact") -> Array:
    """R (..., K, D) with RᵀR the mean Fisher matrix at θ.

    "exact": (1/N) Σ_n J_nᵀ(diag p_n − p_n p_nᵀ)J_n, from the rows √(p_nc/N) ∇log p_nc of every class c; "empirical":
    (1/N) Σ_n ∇ℓ_n ∇ℓ_nᵀ with the data's own targets, which is another matrix and vanishes where the fit is perfect.
    ValueError for "exact" where the loss is no cross-entropy.
    """
    if fisher == "empirical":
        return example_gradients(loss, theta) / loss.examples**0.5
    loss.check_cross_entropy()
    import torch
    from torch.func import jacrev, vmap

    def one(at: Array, inputs: tuple[Array, ...], target: Array) -> tuple[Array, Array]:
        values = log_probabilities(loss, at, inputs, target)
        return values, values

    each = vmap(jacrev(one, has_aux=True), in_dims=(None, 0, 0), chunk_size=TOGETHER)
    flat = theta.detach().reshape(-1, loss.dimension)
    apart, rows = _taken_apart(loss), []
    for at in flat:
        slopes, values = each(at, *apart)
        weights = torch.sqrt(torch.exp(values) * counted(loss)[..., None] / loss.count)
        rows.append((weights[..., None] * slopes).reshape(-1, loss.dimension))
    return torch.stack(rows).reshape(*theta.shape[:-1], -1, loss.dimension)


def log_probabilities(loss: Any, theta: Array, inputs: tuple[Array, ...], target: Array) -> Array:
    """log p of one example at θ (D,): (targets, classes)."""
    import torch

    from geometry.batches import Batch, class_scores

    batch = Batch(tuple(x[None] for x in inputs), target[None])
    scores = class_scores(loss.forward_part(theta, batch, loss.buffers), target[None], ())
    return torch.log_softmax(scores.reshape(-1, scores.shape[-1]), dim=-1)


def counted(loss: Any) -> Array:
    """1 for each target that counts, 0 for one that is to be ignored, (N, targets of an example)."""
    from geometry.streamed import in_memory

    targets = in_memory(loss.data.targets)
    kept = targets[..., 0] == targets[..., 0] if targets.is_floating_point() else targets != loss.ignore_index
    return kept.reshape(loss.examples, -1).to(loss.dtype)
