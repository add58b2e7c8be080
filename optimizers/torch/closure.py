"""What a closure of a training loop says about the ground: its loss, and the curvature there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from geometry.convolutions import LinearBackward
from geometry.losses import TORCH_LOSSES
from geometry.objective import Layout, Linearisation
from geometry.second_derivatives import Unsound, check_symmetric, find_unsound, naming_the_operation, sound_operations
from optimizers.torch.flat_parameters import FlatParameters, all_finite
from optimizers.torch.output_curvature import OutputCurvature, Told, count_heard, kind_of
from optimizers.torch.ranks import Ranks

Closure = Callable[[], Any]
"""Makes a forward pass and returns the loss, or (loss, outputs); it may call backward() on the loss itself."""


class ClosureLoss:
    """The loss that a closure returns, at the parameters as they stand: enough of an Objective for a refresh of U.

    metric "newton" needs the loss; "ngd" and "ngd-mean" also the outputs, see optimizers.torch.output_curvature: what
    the closure returns, or else what the module returned in it. The closure runs once; its graph is kept until the
    object goes. A closure that calls backward() on its loss is taken at its word: the losses are added up, nothing is
    sent backward, and `.grad` stays as it is.

    loss: what was told of the loss, see LLQR.  ranks: the processes whose examples count as well.
    """

    def __init__(
        self,
        parameters: FlatParameters,
        closure: Closure,
        module: nn.Module | None = None,
        loss: Told = None,
        ranks: Ranks | None = None,
    ) -> None:
        self.tensors, self.pieces = parameters.tensors, parameters.pieces
        self.layout: Layout = parameters.layout
        self.ranks = ranks
        self.unsound: Unsound = find_unsound(module)
        self.check = False
        self._convolutions = LinearBackward()
        with (
            torch.enable_grad(),
            sound_operations(self.unsound),
            gradients_kept(self.tensors),
            _Listening(module) as ear,
            self._convolutions,
        ):
            with ear.backward:
                result = closure()
            if any(p.grad is not None for p in self.tensors):
                raise ValueError("for a refresh the closure must call backward() on its loss, and no other way back")
        given, outputs = split_result(result)
        with torch.enable_grad():
            self.value = check_loss(sum(ear.backward.losses) if ear.backward.losses else given, finite=ranks is None)
        self.outputs = ear.outputs if outputs is None else outputs
        self.kind, self.count = kind_of(loss), count_heard(loss, ear.backward.targets)

    @property
    def dimension(self) -> int:
        """D, the number of parameters."""
        return self.layout.dimension

    def loss(self, theta: Tensor) -> Tensor:
        """The closure's loss; θ is where the parameters are."""
        value = self.value.detach()
        return value if self.ranks is None else self.ranks.mean(value)

    def gradient(self, theta: Tensor) -> Tensor:
        """∇L, shape (D,)."""
        return self._mean(self._flat(slopes_of(self.value, self.tensors, retain_graph=True)))

    def curvature_product(self, theta: Tensor, d: Tensor, metric: str = "newton") -> Tensor:
        """G d, shape (D,)."""
        return self.linearise(theta, metric).product(d)

    def linearise(self, theta: Tensor, metric: str = "newton") -> Linearisation:
        """The gradient and the curvature operator; θ is where the parameters are.

        NoSecondDerivative that names the operation; with `check` set, ValueError for a G that is not symmetric.
        """
        with torch.enable_grad(), sound_operations(self.unsound), naming_the_operation():
            found = self._newton() if metric == "newton" else self._divergence(metric)
        if self.ranks is not None and not all_finite(found.gradient):
            raise ValueError("the gradient is not finite: the step is refused, and nothing has changed")

        def product(d: Tensor) -> Tensor:
            with sound_operations(self.unsound), naming_the_operation():
                image = found.product(d)
            if self.ranks is None:
                return image
            return self.ranks.total(image) if metric == "ngd" else self.ranks.mean(image)

        if self.check:
            check_symmetric(product, found.gradient, metric)
        return Linearisation(found.gradient, product)

    def _newton(self) -> Linearisation:
        """H d = ∂⟨∇L, d⟩/∂θ."""
        slopes = slopes_of(self.value, self.tensors, create_graph=True)
        curved = [i for i, slope in enumerate(slopes) if slope.requires_grad]

        def product(d: Tensor) -> Tensor:
            if not curved:
                return torch.zeros_like(d)
            parts = self.pieces(d)
            return self._flat(
                slopes_of([slopes[i] for i in curved], self.tensors, [parts[i] for i in curved], retain_graph=True)
            )

        return Linearisation(self._mean(self._flat(slopes).detach()), product)

    def _divergence(self, metric: str) -> Linearisation:
        """G d = Jᵀ Λ J d, with J d by a backward pass through the backward pass v ↦ Jᵀ v."""
        curvature = OutputCurvature(self.value, self.outputs, metric, self.kind, self.count)
        gradient = self._flat(slopes_of(self.value, self.tensors, retain_graph=True))
        outputs = curvature.outputs
        cotangent = torch.zeros_like(outputs).requires_grad_()
        with self._convolutions.linear_in_cotangent():
            pulled = slopes_of(outputs, self.tensors, cotangent, create_graph=True)
        moving = [i for i, part in enumerate(pulled) if part.requires_grad]
        if not moving:
            raise ValueError("the outputs that the closure returns do not depend on the parameters")

        def product(d: Tensor) -> Tensor:
            parts = self.pieces(d)
            (tangent,) = torch.autograd.grad(
                [pulled[i] for i in moving], cotangent, [parts[i] for i in moving], retain_graph=True
            )
            return self._flat(slopes_of(outputs, self.tensors, curvature.image(tangent), retain_graph=True))

        return Linearisation(self._mean(gradient), product)

    def _mean(self, gradient: Tensor) -> Tensor:
        return gradient if self.ranks is None else self.ranks.mean(gradient)

    @staticmethod
    def _flat(slopes: tuple[Tensor, ...]) -> Tensor:
        return torch.cat([slope.reshape(-1) for slope in slopes])


class _Listening:
    """While a closure runs: the module's outputs, and the losses that it calls backward() on."""

    def __init__(self, module: nn.Module | None) -> None:
        self.module, self.backward = module, _Backward()
        self.heard: list[Any] = []

    @property
    def outputs(self) -> Any:
        """What the module returned; None where it was not called once."""
        return self.heard[0] if len(self.heard) == 1 else None

    def __enter__(self) -> _Listening:
        self._hook = None if self.module is None else self.module.register_forward_hook(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        if self._hook is not None:
            self._hook.remove()

    def _hear(self, _module: nn.Module, _inputs: Any, outputs: Any) -> None:
        self.heard.append(outputs if isinstance(outputs, Tensor) else getattr(outputs, "logits", None))


class _Backward(TorchFunctionMode):
    """Takes note of what backward() is called on, and lets nothing happen; and of torch's losses and their targets."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[Tensor] = []
        self.targets: list[tuple[Any, Tensor]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is Tensor.backward:
            self.losses.append(args[0])
            return None
        if func in TORCH_LOSSES:
            self.targets.append((func, args[1] if len(args) > 1 else (kwargs or {})["target"]))
        return func(*args, **(kwargs or {}))


def split_result(result: Any) -> tuple[Any, Any]:
    """(loss, outputs or None) of what a closure returned."""
    return result if isinstance(result, tuple) and len(result) == 2 else (result, None)


def check_loss(loss: Any, finite: bool = True) -> Tensor:
    """The loss as a tensor () with a graph; an error that says what it is instead."""
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        raise TypeError(f"the closure must return the loss, a tensor of one number, or (loss, outputs), not {loss!r}")
    if not loss.requires_grad:
        raise ValueError(
            "the loss that the closure returns has no gradient: return it as it is, without detach or item"
        )
    if finite and not bool(torch.isfinite(loss.detach())):
        raise ValueError(f"the loss is {loss.item()}: the step is refused, and nothing has changed")
    return loss.reshape(())


def run_backward(closure: Closure, tensors: list[Tensor], finite: bool = True) -> Tensor:
    """The gradients of the closure's loss into `.grad`, by the closure's own backward() or by ours; the loss.

    A closure that calls backward() may return the loss in any form (a number, detached), as with torch and Lightning.
    finite False: a loss that is no number is left to the gradients to tell.
    """
    with torch.enable_grad():
        loss, _ = split_result(closure())
        if all(p.grad is None for p in tensors):
            loss = check_loss(loss, finite)
            loss.backward()
    if isinstance(loss, int | float):
        loss = torch.tensor(float(loss), dtype=tensors[0].dtype)
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        raise TypeError(f"the closure must return the loss, a tensor of one number, or (loss, outputs), not {loss!r}")
    if finite and not bool(torch.isfinite(loss.detach())):
        raise ValueError(f"the loss is {loss.item()}: the step is refused, and nothing has changed")
    return loss.detach().reshape(())


@contextmanager
def gradients_kept(tensors: list[Tensor]) -> Iterator[None]:
    """No gradients for a while; those of before come back after."""
    kept = [p.grad for p in tensors]
    for p in tensors:
        p.grad = None
    try:
        yield
    finally:
        for p, gradient in zip(tensors, kept, strict=True):
            p.grad = gradient


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


def slopes_of(values: Any, tensors: list[Tensor], cotangents: Any = None, **graph: bool) -> tuple[Tensor, ...]:
    """∂values/∂tensors, weighed by cotangents; 0 where there is no way from one to the other, or a tensor is frozen."""
    free = [i for i, p in enumerate(tensors) if p.requires_grad]
    found = torch.autograd.grad(
        values, [tensors[i] for i in free], cotangents, allow_unused=True, materialize_grads=True, **graph
    )
    if any(slope.layout != torch.strided for slope in found):
        raise ValueError("a gradient is sparse; dense gradients are needed (an Embedding with sparse=False)")
    if len(free) == len(tensors):
        return found
    by_place = dict(zip(free, found, strict=True))
    return tuple(by_place.get(i, torch.zeros_like(p)) for i, p in enumerate(tensors))
