"""Convolutions whose backward pass costs little to differentiate by its cotangent, as products with JᵀΛJ do.

J d is the derivative of v ↦ Jᵀ v. Through torch's own convolutions it also makes the derivatives by inputs and weights,
which nobody asked for: a product then takes twice its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

CONVOLUTIONS = (torch.conv1d, torch.conv2d, torch.conv3d)


class LinearBackward(TorchFunctionMode):
    """While it is entered: convolutions with torch's values and slopes.

    A graph of their backward pass that is made within `linear_in_cotangent` knows the cotangent alone, and no inputs
    and weights; any other is torch's own. Convolutions under autocast, torch.compile or a transform of torch.func,
    with padding by name, or of complex numbers, are left to torch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.linear = False

    @contextmanager
    def linear_in_cotangent(self) -> Iterator[None]:
        """For a backward pass that is to be differentiated by what it is given, and by nothing else."""
        self.linear = True
        try:
            yield
        finally:
            self.linear = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if func in CONVOLUTIONS and "input" not in named and not _is_transformed():
            x, weight, bias, stride, padding, dilation, groups = _arguments(*args, **named)
            ours = all(type(one) in (Tensor, nn.Parameter) for one in (x, weight)) and x.ndim == weight.ndim
            usual = not torch.is_autocast_enabled(x.device.type) and not x.is_complex()
            if ours and usual and not isinstance(padding, str):
                stride, padding, dilation = (_each(setting, x.ndim - 2) for setting in (stride, padding, dilation))
                return _Convolution.apply(self, x, weight, bias, _Settings(stride, padding, dilation, groups))
        return func(*args, **named)


def _is_transformed() -> bool:
    """Whether torch.func or torch.compile is at work."""
    return torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()


class _Settings(NamedTuple):
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int


def _arguments(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> tuple[Any, ...]:
    return x, weight, bias, stride, padding, dilation, groups


def _each(setting: Any, axes: int) -> tuple[int, ...]:
    """A setting for each axis."""
    whole = tuple(setting) if hasattr(setting, "__iter__") else (int(setting),)
    return whole * axes if len(whole) == 1 else whole


class _Convolution(torch.autograd.Function):
    """x ∗ W + b."""

    @staticmethod
    def forward(
        ctx: Any, mode: LinearBackward, x: Tensor, weight: Tensor, bias: Tensor | None, settings: _Settings
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.mode, ctx.settings = mode, settings
        return _convolve(x, weight, bias, settings)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        wanted = tuple(ctx.needs_input_grad[1:4])
        if ctx.mode.linear:
            found = _SendBack.apply(slopes[0], x.detach(), weight.detach(), wanted, ctx.settings)
        else:
            found = _send_back(slopes[0], x, weight, wanted, ctx.settings)
        return None, *found, None


class _SendBack(torch.autograd.Function):
    """v ↦ the slopes by x, W and b, at fixed x and W."""

    @staticmethod
    def forward(
        ctx: Any, v: Tensor, x: Tensor, weight: Tensor, wanted: tuple[bool, ...], settings: _Settings
    ) -> tuple[Tensor, ...]:
        ctx.save_for_backward(x, weight)
        ctx.settings, ctx.shape = settings, v.shape
        ctx.set_materialize_grads(False)
        return _send_back(v, x, weight, wanted, settings)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dx: Tensor | None, dweight: Tensor | None, dbias: Tensor | None) -> Any:
        x, weight = ctx.saved_tensors
        parts = [
            None if dx is None else _convolve(dx, weight, None, ctx.settings),
            None if dweight is None else _convolve(x, dweight, None, ctx.settings),
            None if dbias is None else dbias.reshape(-1, *(1 for _ in ctx.settings.stride)).expand(ctx.shape),
        ]
        held = [part for part in parts if part is not None]
        return sum(held[1:], held[0]), None, None, None, None


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None, settings: _Settings) -> Tensor:
    stride, padding, dilation, groups = settings
    return torch.convolution(x, weight, bias, stride, padding, dilation, False, [0] * len(stride), groups)


def _send_back(
    v: Tensor, x: Tensor, weight: Tensor, wanted: tuple[bool, ...], settings: _Settings
) -> tuple[Tensor, ...]:
    stride, padding, dilation, groups = settings
    biases, straight = [len(weight)], [0] * len(stride)
    return torch.ops.aten.convolution_backward(
        v, x, weight, biases, stride, padding, dilation, False, straight, groups, wanted
    )
