"""Second derivatives that torch does not have, or has wrong: named in a sentence, made right, or noticed.

Curvature needs the derivative of a gradient. Some operations have none (EmbeddingBag, hardsigmoid, CTC loss, recurrent
cells of cuDNN): `naming_the_operation` turns torch's words into a sentence that names it. One that is known to be wrong
on the CPU, weight normalisation, is computed from plain operations (`sound_operations`). What else may be wrong shows
in one product more, since a curvature is symmetric (`check_symmetric`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from geometry.shared_setting import SharedSetting

_MISSING = re.compile(r"derivative for '?(?:aten::)?_?(\w+?)(?:_dense|_sparse)?(?:_backward)*'? is not implemented")
_OTHERS = (
    ("marked with @once_differentiable", "a function of the network’s own (marked @once_differentiable)"),
    ("does not currently support double backward", "a module made by torch.compile"),
    ("not supported for CuDNN RNNs", "a recurrent cell of cuDNN"),
    ("does not require grad and does not have a grad_fn", ""),
)


class NoSecondDerivative(ValueError):
    """An operation of the network has no second derivative; the message names it."""


@contextmanager
def naming_the_operation() -> Iterator[None]:
    """What runs inside needs second derivatives: NoSecondDerivative where torch has none, all else as it comes."""
    try:
        yield
    except (RuntimeError, NotImplementedError) as error:
        name = missing_operation(error)
        if name is None:
            raise
        raise NoSecondDerivative(
            f"the operation {name} has no second derivative in torch, and LLQR and curvature need one; loss, "
            "gradients, slices, SGDM and SAM work without. Take another operation, or other methods"
        ) from error


def missing_operation(error: Exception) -> str | None:
    """The operation that torch says has no second derivative; None where it says something else."""
    found = _MISSING.search(str(error))
    if found:
        return found[1]
    return next((name for words, name in _OTHERS if name and words in str(error)), None)


class _Plain(TorchFunctionMode):
    """Weight normalisation g·v/‖v‖ from plain operations: torch's own has a wrong second derivative on the CPU."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch._weight_norm:
            return _weight_norm(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """g·v/‖v‖, the norm over all axes but `dim` (−1: over all)."""
    axes = [axis for axis in range(v.ndim) if dim == -1 or axis != dim % v.ndim]
    return v * (g / torch.linalg.vector_norm(v, dim=axes, keepdim=True)) if axes else v * (g / v.abs())


@dataclass(frozen=True)
class Unsound:
    """Which parts a network has that must be computed otherwise: recurrent cells, weight normalisation."""

    recurrent: bool
    normalised: bool


UNKNOWN = Unsound(recurrent=False, normalised=True)
"""Of a network that is not at hand: what costs next to nothing is done in any case."""


def find_unsound(module: nn.Module | None) -> Unsound:
    """Look once through the parts of a module."""
    if module is None:
        return UNKNOWN
    from torch.nn.utils.parametrizations import _WeightNorm
    from torch.nn.utils.weight_norm import WeightNorm

    parts = list(module.modules())
    hooks = [hook for part in parts for hook in part._forward_pre_hooks.values()]
    normalised = any(isinstance(part, _WeightNorm) for part in parts) or any(isinstance(h, WeightNorm) for h in hooks)
    return Unsound(any(isinstance(part, nn.RNNBase) for part in parts), normalised)


@contextmanager
def sound_operations(unsound: Unsound) -> Iterator[None]:
    """Operations whose second derivatives are there and right.

    Attention by plain matrix products (the fused kernels have no second derivative), recurrent cells without cuDNN
    (likewise) and weight normalisation from plain operations.
    """
    with ExitStack() as stack:
        stack.enter_context(_PLAIN_ATTENTION)
        if unsound.recurrent and torch.cuda.is_available():
            stack.enter_context(_WITHOUT_CUDNN)
        if unsound.normalised:
            stack.enter_context(_Plain())
        yield


@contextmanager
def _attend_plainly() -> Iterator[None]:
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _leave_cudnn_out() -> AbstractContextManager[object]:
    kept = torch.backends.cudnn
    return kept.flags(enabled=False, benchmark=kept.benchmark, deterministic=kept.deterministic)


_PLAIN_ATTENTION, _WITHOUT_CUDNN = SharedSetting(_attend_plainly), SharedSetting(_leave_cudnn_out)


def check_symmetric(product: Callable[[Tensor], Tensor], like: Tensor, metric: str) -> None:
    """ValueError unless ⟨u, Gv⟩ = ⟨v, Gu⟩ for u = Gv and a random v, to rounding: one product more than Gv.

    With u = Gv the difference is ½‖G − Gᵀ‖² on average, whatever the dimension; for any other u it would vanish among
    many parameters. `like` has the shape, type and device of a direction. Nothing is checked in 16-bit numbers.
    """
    if like.element_size() < 4 or like.numel() == 0:
        return
    draws = torch.randn(like.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    v = draws.to(like)
    u = product(v)
    length = torch.linalg.vector_norm(u, dim=-1, keepdim=True)
    u = u / torch.where(length > 0, length, torch.ones_like(length))
    image = product(u)
    there, back = length[..., 0], (v * image).sum(-1)
    exact = like.dtype == torch.float64
    rounding = torch.linalg.vector_norm(v, dim=-1) * torch.linalg.vector_norm(image, dim=-1)
    allowed = (1e-6 if exact else 5e-3) * torch.maximum(there, back.abs()) + (1e-12 if exact else 1e-5) * rounding
    wrong = (there - back).abs() > allowed
    if bool(wrong.any()):
        first = int(wrong.reshape(-1).nonzero()[0])
        raise ValueError(
            f'the curvature "{metric}" of this network is not symmetric: ⟨u, Gv⟩ = '
            f"{float(there.reshape(-1)[first]):.6g} but ⟨v, Gu⟩ = {float(back.reshape(-1)[first]):.6g}, so the "
            "second derivative of one of its operations is wrong or left out; LLQR and "
            "curvature are refused, gradients do not need it"
        )
