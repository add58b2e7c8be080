"""Two norms of a network's weights that are no curvature: the product of its layers' spectral norms, the path norm.

    spectral_norms(objective, theta)     # {layer: largest singular value}; their product bounds a chain's slope
    path_norm(objective, theta)          # does not change where layers are rescaled against each other

Both in float64. The bound: Virmaux and Scaman, arXiv 1805.10965; as a penalty: Yoshida and Miyato, arXiv 1705.10941.
The path norm: Neyshabur, Tomioka and Srebro, arXiv 1503.00036.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, svds
from torch import Tensor, nn

from geometry.networks import NetworkLoss
from geometry.stateless import Tensors

CHAINED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ReLU, nn.Flatten, nn.MaxPool2d, nn.AvgPool2d, nn.Identity, nn.Dropout)
"""What a chain of layers with a path norm is made of."""
MEASURED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""The layers whose spectral norms are found."""


def spectral_norms(objective: NetworkLoss, theta: Tensor) -> dict[str, float]:
    """The largest singular value σ of every dense and convolutional layer at θ (D,), by the layer's name.

    A convolution is taken as the linear map that it is on inputs of the size that it meets, borders and strides
    included. In a chain of such layers with slopes of at most 1 between them (ReLU, tanh, pooling by the largest) the
    product of all σ bounds how much faster the outputs change than the inputs, ‖f(x) − f(y)‖ ≤ Πσ·‖x − y‖; beside
    shortcuts, normalisation or attention it bounds nothing, and is a reading of the weights' size. Frozen, shared and
    parametrised weights count as they are; a layer that is called more than once, or transposed, is left out.
    """
    calls: dict[str, list[tuple[nn.Module, Tensor, Tensor]]] = {}

    def hook(name: str) -> Callable[..., None]:
        def note(layer: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
            # Here alone, within the pass, the layer holds the weight that it is called with.
            weight = cast("Tensor", layer.weight)
            calls.setdefault(name, []).append((layer, weight.detach().double(), inputs[0][:1].double()))

        return note

    layers = [(name, part) for name, part in objective.architecture.named_modules() if isinstance(part, MEASURED)]
    with torch.no_grad(), objective.stateless.alone:
        handles = [layer.register_forward_hook(hook(name)) for name, layer in layers]
        try:
            objective.forward_part(theta.detach(), objective.data.repeated(1), objective.buffers_of(0))
        finally:
            for handle in handles:
                handle.remove()
    return {name: _largest_singular_value(*met[0]) for name, met in calls.items() if len(met) == 1}


def path_norm(objective: NetworkLoss, theta: Tensor) -> float:
    """√(Σ over paths from inputs to outputs of Πw²) at θ (D,), biases left out: the root of the sum of all outputs
    where every weight is squared and every input is 1. Pooling by the largest counts the largest of a square's sums.

    ValueError with a sentence for what is no chain of dense and convolutional layers with ReLU: it has none.
    """
    why = _unlike_a_chain(objective.architecture)
    if why:
        raise ValueError(f"The path norm is one of chains of dense and convolutional layers with ReLU: {why}.")

    def squared(tensors: Tensors) -> Tensors:
        return {
            name: value.detach().double().square() if value.ndim > 1 else torch.zeros_like(value, dtype=torch.float64)
            for name, value in tensors.items()
        }

    network = copy.copy(objective.stateless)
    network.frozen = squared(network.frozen)
    ones = torch.ones_like(objective.ready(objective.data.inputs[0][:1]), dtype=torch.float64, device=theta.device)
    with torch.no_grad():
        outputs, _ = network(squared(objective.parameters(theta)), {}, (ones,), training=False)
    return float(outputs.sum().sqrt())


def _unlike_a_chain(module: nn.Module) -> str:
    """What keeps a module from being such a chain, in words; empty where it is one."""
    for part in module.modules():
        if next(part.children(), None) is not None and type(part) is not nn.Sequential:
            return f"this {type(part).__name__} is no plain sequence of layers"
        if next(part.children(), None) is None and type(part) not in CHAINED:
            return f"this network has {type(part).__name__} between them"
    return ""


def _largest_singular_value(layer: nn.Module, weight: Tensor, inputs: Tensor) -> float:
    """Of a layer's linear map, without its bias, on inputs of this shape; no number where the weights are none."""
    if not bool(torch.isfinite(weight).all()):
        return math.nan
    if isinstance(layer, nn.Linear):
        return float(torch.linalg.matrix_norm(weight, 2))
    with torch.enable_grad():
        x = torch.zeros_like(inputs).requires_grad_()
        y = layer._conv_forward(x, weight, None)  # type: ignore[operator]
        tangent = torch.zeros_like(y).requires_grad_()
        (back,) = torch.autograd.grad(y, x, tangent, create_graph=True)

    def forwards(vector: np.ndarray) -> np.ndarray:
        # The map is linear: the derivative of its transpose along a vector is the map itself.
        along = torch.from_numpy(vector.reshape(x.shape)).to(x)
        return torch.autograd.grad(back, tangent, along, retain_graph=True)[0].cpu().numpy().ravel()

    def backwards(vector: np.ndarray) -> np.ndarray:
        along = torch.from_numpy(vector.reshape(y.shape)).to(y)
        return torch.autograd.grad(y, x, along, retain_graph=True)[0].cpu().numpy().ravel()

    shape = (y.numel(), x.numel())
    linear = LinearOperator(shape, matvec=forwards, rmatvec=backwards, dtype=np.float64)
    if min(shape) < 3:  # too small for the iteration
        return float(np.linalg.norm(linear @ np.eye(shape[1]), 2))
    start = np.random.default_rng(0).standard_normal(min(shape))
    if not (linear @ start if shape[1] == len(start) else linear.T @ start).any():  # the map is 0
        return 0.0
    return float(svds(linear, k=1, v0=start, return_singular_vectors=False, tol=1e-8)[0])
