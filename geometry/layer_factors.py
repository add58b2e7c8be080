"""The two Kronecker factors of a layer's Fisher matrix, from one forward pass and the passes back from its outputs.

A = E[a aᵀ] of a layer's inputs a = (input, 1), and G = E[s sᵀ] of s = ∂log p(y)/∂(output of the layer), for each
example by itself. A convolution's patches, and the positions of a sequence, are further samples: A sums over them and
G averages (Grosse and Martens, arXiv 1602.01407).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geometry.batches import class_scores
from geometry.per_example import counted
from geometry.streamed import in_memory

Factors = dict[str, tuple[Tensor, Tensor]]
"""(A, G) by the name of the layer."""


def layer_factors(loss: Any, theta: Tensor, fisher: str = "exact") -> Factors:
    """(A, G) of every Linear and Conv layer of a NetworkLoss at θ (D,), over its batch, in inference mode.

    "exact" takes the expectation over the labels y that the model would draw, with one pass back for each class and
    target; "empirical" the data's own. Layers that share their weight or are called more than once are left out.
    """
    loss.check_cross_entropy()
    names = {block.name for block in loss.layout.blocks}
    leaf = theta.detach().requires_grad_()
    with loss.stateless.alone, torch.enable_grad(), recorded(loss.architecture) as calls:
        outputs = loss.forward_part(leaf, loss.data, loss.buffers)
        scores = class_scores(outputs, in_memory(loss.data.targets), (), loss.highest)
        values = torch.log_softmax(scores, dim=-1).reshape(loss.examples, -1, scores.shape[-1])
        used = used_calls(calls, names)
        return factors_of(used, _slopes(used, values, loss, fisher), loss.examples, names)


@contextmanager
def recorded(module: nn.Module) -> Iterator[dict[str, tuple[nn.Module, Tensor, Tensor]]]:
    """{name: (layer, input, output)} of the layers that are called while this lasts."""
    calls: dict[str, tuple[nn.Module, Tensor, Tensor]] = {}
    often: set[str] = set()

    def hook(name: str) -> Callable[..., None]:
        def note(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if name in calls or name in often:
                often.add(name)
                calls.pop(name, None)
            else:
                calls[name] = (layer, inputs[0].detach(), output)

        return note

    layers = [(n, m) for n, m in module.named_modules() if isinstance(m, nn.Linear | nn.Conv1d | nn.Conv2d)]
    handles = [layer.register_forward_hook(hook(name)) for name, layer in layers]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def used_calls(calls: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The calls of layers whose weight is among the parameters `names`; ValueError where there is none."""
    used = {name: call for name, call in calls.items() if f"{name}.weight" in names}
    if not used:
        raise ValueError(
            "K-FAC needs a Linear or Conv layer whose weight it moves and that is called once; this network has none"
        )
    return used


def _slopes(calls: Any, values: Tensor, loss: Any, fisher: str) -> Iterator[list[Tensor]]:
    """∂log p(y)/∂(output of each layer), times the root of y's weight, for each y that counts."""
    outputs = [output for _, _, output in calls.values()]
    weights, targets = counted(loss), in_memory(loss.data.targets)
    if fisher == "empirical":
        soft = targets if targets.is_floating_point() else F.one_hot(targets.clamp(min=0), values.shape[-1])
        soft = soft.reshape(values.shape).to(values.dtype)
        yield list(torch.autograd.grad((soft * values * weights[..., None]).sum(), outputs, retain_graph=True))
        return
    yield from label_slopes(outputs, values, weights)


def label_slopes(outputs: list[Tensor], values: Tensor, weights: Tensor | None = None) -> Iterator[list[Tensor]]:
    """∂log p(y)/∂outputs for every label y of values (examples, targets, classes), times the root of y's probability
    and of `weights` (examples, targets), 1 or 0."""
    roots = torch.sqrt(torch.exp(values.detach()))
    if weights is not None:
        roots = roots * weights[..., None]
    for position in range(values.shape[1]):
        for label in range(values.shape[2]):
            told = (roots[:, position, label] * values[:, position, label]).sum()
            yield list(torch.autograd.grad(told, outputs, retain_graph=True))


def factors_of(calls: Any, slopes: Iterator[list[Tensor]], examples: int, names: set[str]) -> Factors:
    """(A, G) by layer of calls {name: (layer, input, output)} and slopes at these outputs, one list for each label.

    names: the parameters that count; a layer without its bias among them has inputs without the 1.
    """
    found: Factors = {}
    for each in slopes:
        for (name, (layer, inputs, _)), slope in zip(calls.items(), each, strict=True):
            s = output_rows(layer, slope)
            g = s.T @ s / s.shape[0]
            if name in found:
                found[name] = (found[name][0], found[name][1] + g)
                continue
            a = input_rows(layer, inputs)
            if f"{name}.bias" in names:
                a = torch.cat([a, a.new_ones(a.shape[0], 1)], dim=1)
            found[name] = (a.T @ a / examples, g)
    return found


def input_rows(layer: nn.Module, inputs: Tensor) -> Tensor:
    """A layer's inputs as rows (samples, in): a convolution's patches in the order of its weight."""
    if isinstance(layer, nn.Linear):
        return inputs.reshape(-1, inputs.shape[-1])
    assert isinstance(layer, nn.Conv1d | nn.Conv2d)
    kernel, stride, dilation = layer.kernel_size, layer.stride, layer.dilation
    padded = (
        F.pad(inputs, layer._reversed_padding_repeated_twice) if any(layer._reversed_padding_repeated_twice) else inputs
    )
    if isinstance(layer, nn.Conv1d):
        padded, kernel, stride, dilation = padded[:, :, None], (1, *kernel), (1, *stride), (1, *dilation)
    patches = F.unfold(padded, kernel, dilation, 0, stride)
    return patches.transpose(1, 2).reshape(-1, patches.shape[1])


def output_rows(layer: nn.Module, slope: Tensor) -> Tensor:
    """Slopes at a layer's outputs as rows (samples, out)."""
    if isinstance(layer, nn.Linear):
        return slope.reshape(-1, slope.shape[-1])
    return slope.movedim(1, -1).reshape(-1, slope.shape[1])
