"""Copies of a module without its tensors, and the modules of which there can be none."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.parameter import is_lazy

from geometry.random_numbers import drawing_from

Held = TypeVar("Held")


def wrapped_at(module: nn.Module) -> str | None:
    """Where a module that shares a network's work out, or compiles it, holds the network; None for any other."""
    if isinstance(module, DataParallel | DistributedDataParallel):
        return "module"
    return "_orig_mod" if type(module).__name__ == "OptimizedModule" else None


def check_depends(loss_at: Callable[[Tensor, bool], Tensor], theta: Tensor) -> None:
    """ValueError for a copy whose loss (θ, whether in train mode) is no function of θ in either mode.

    Nobody's random numbers are moved; those drawn in train mode may leave every parameter out of a pass.
    """
    leaf = theta.clone().requires_grad_()
    with torch.enable_grad(), drawing_from(0, leaf.device):
        for training in (True, False):
            loss = loss_at(leaf, training)
            if loss.requires_grad and torch.autograd.grad(loss, leaf, allow_unused=True)[0] is not None:
                return
    raise ValueError(
        "the outputs do not depend on the parameters: the module computes them without gradients (no_grad, detach, "
        "numpy), or with a part of itself that a copy does not have (by a weak reference)"
    )


def copy_without_tensors(module: nn.Module) -> nn.Module:
    """A copy whose parameters and buffers have shapes but no memory; shared tensors stay shared.

    Tensors that torch cannot copy, since they were computed (the weight that a hook makes anew at each pass, a kept
    activation), are copied by value. Data-parallel and compiled networks are copied as what is inside, under the same
    names: one device, and nothing compiled, since compiled code has no second derivative.

    ValueError with one sentence that names the part that cannot be copied.
    """
    blank: dict[int, Any] = {}
    for parameter in module.parameters():
        blank[id(parameter)] = nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)
    for buffer in module.buffers():
        blank[id(buffer)] = torch.empty_like(buffer, device="meta")
    for part in module.modules():
        for tensor in held_in(part, Tensor):
            if not tensor.is_leaf and id(tensor) not in blank:
                blank[id(tensor)] = tensor.detach().clone()
    place = wrapped_at(module)
    if place is not None:
        return _Bare(place, copy_without_tensors(getattr(module, place)))
    try:
        return copy.deepcopy(module, blank)
    except Exception as error:
        raise ValueError(_culprit(module, blank, error)) from error


class _Bare(nn.Module):
    """A network under the name that its wrapper had for it."""

    def __init__(self, place: str, inside: nn.Module) -> None:
        super().__init__()
        self._place = place
        self.add_module(place, inside)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """What the network inside returns."""
        return getattr(self, self._place)(*inputs, **named)


def check_module(module: nn.Module) -> None:
    """ValueError with one sentence where the module is of a kind that no loss can be made of."""
    if isinstance(module, torch.jit.ScriptModule):
        raise ValueError(
            f"the module is TorchScript ({getattr(module, 'original_name', 'scripted')}), whose code cannot be called "
            "with other weights: give the module that it was made from"
        )
    tensors = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
    for name, tensor in tensors:
        if is_lazy(tensor):
            raise ValueError(
                f"{name} has no shape yet (a lazy module): call the module once on some inputs before it comes here"
            )
    for name, parameter in module.named_parameters():
        if parameter.is_complex() and parameter.requires_grad:
            raise ValueError(
                f"the parameter {name} is complex, and θ is a vector of real numbers: keep it as two real ones, "
                "torch.view_as_complex(parameter) in the forward pass"
            )
        if hasattr(parameter, "placements"):
            raise ValueError(f"the parameter {name} is sharded over several processes; gather it before it comes here")
        if parameter.is_meta:
            raise ValueError(f"the parameter {name} has no values (it lies on the device meta): load its weights first")
    _check_apart(module)


def _check_apart(module: nn.Module) -> None:
    """ValueError where two parameters share memory and are not one: θ would hold the same numbers twice."""
    spans = []
    for name, parameter in module.named_parameters():
        if parameter.layout == torch.strided and parameter.numel():
            first = parameter.storage_offset()
            last = first + sum((n - 1) * by for n, by in zip(parameter.shape, parameter.stride(), strict=True))
            spans.append((parameter.untyped_storage().data_ptr(), first, last, name))
    spans.sort()
    for (storage, _, last, one), (other, first, _, two) in itertools.pairwise(spans):
        if storage == other and first <= last:
            raise ValueError(
                f"the parameters {one} and {two} are two views of the same memory: make them one parameter, or copy one"
            )


def held_in(part: nn.Module, kind: type[Held]) -> Iterator[Held]:
    """What of this kind is among a module's plain attributes, in lists and tables, too."""
    plain = {k: v for k, v in part.__dict__.items() if k not in ("_parameters", "_buffers", "_modules")}
    return _within(plain, kind, 0)


def _within(held: Any, kind: type[Held], depth: int) -> Iterator[Held]:
    if isinstance(held, kind):
        yield held
    elif depth < 3 and isinstance(held, dict | list | tuple):
        for value in held.values() if isinstance(held, dict) else held:
            yield from _within(value, kind, depth + 1)


def _culprit(module: nn.Module, blank: dict[int, Any], error: Exception) -> str:
    """Which attribute of which part cannot be copied."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:150]
    for path, part in module.named_modules():
        for name, value in part.__dict__.items():
            if name in ("_parameters", "_buffers", "_modules"):
                continue
            try:
                copy.deepcopy(value, dict(blank))
            except Exception:  # noqa: BLE001 - that is what is looked for
                where = f"{path}.{name}" if path else name
                return (
                    f"the module cannot be copied: its attribute {where} is a {type(value).__name__} ({reason}); "
                    "make it where it is used, or keep it out of the module"
                )
    return f"the module cannot be copied: {reason}"
