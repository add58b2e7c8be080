"""Batch normalisation's running statistics, taken anew at other weights than those that gathered them."""

from __future__ import annotations

import torch
from torch import Tensor

from geometry.networks import NetworkLoss
from geometry.stateless import BatchNorm, Tensors


def re_estimate(objective: NetworkLoss, theta: Tensor, parts: int = 1) -> Tensors:
    """The buffers at θ (D,) whose running means and variances are the average over `parts` equal parts of the
    objective's data; all else, dropout among it, stays in inference mode. Shapes and names as `objective.buffers`;
    `objective.with_buffers` takes them.

    ValueError: more parts than examples, or a part of one example, which has no variance.
    """
    if isinstance(parts, bool) or not 1 <= parts <= objective.examples:
        raise ValueError(f"parts must be from 1 to {objective.examples}, not {parts!r}")
    module = objective.stateless
    found = dict(objective.buffers)
    for path, layer in module.architecture.named_modules():
        if isinstance(layer, BatchNorm) and layer.running_mean is not None:
            for name, first in (("running_mean", 0.0), ("running_var", 1.0), ("num_batches_tracked", 0)):
                key = f"{path}.{name}" if path else name
                found[key] = torch.full_like(found[key], first)
    gathering, at = module.gathering(), objective.parameters(theta.detach())
    with torch.no_grad():
        for part in objective.data.cut(-(-objective.examples // parts)):
            inputs = tuple(objective.ready(x) for x in part.inputs)
            _, found = gathering(at, found, inputs, True, part.names)
    return found
