"""The library beside plain torch on one network: how far apart loss, gradient, Hv, slice and steps are."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from geometry.networks import NetworkLoss
from geometry.second_derivatives import NoSecondDerivative, missing_operation
from geometry.slices import evaluate_slice, slice_plane
from optimizers.torch_optim import LLQR, SAM
from tests.ecosystem import by_hand
from tests.ecosystem.cases import Brought, Case

LIMITS = {torch.float32: 1e-6, torch.float64: 1e-10}
"""Relative difference that is allowed."""
TELLING = 10
"""How many times that the steps of SAM and of LLQR are away from those of SGD, or the comparison would tell nothing."""
X, Y = (-0.4, 0.0, 0.4), (-0.2, 0.3)
QUANTITIES = ("loss", "gradient", "Hv", "slice", "SAM", "LLQR")


@dataclass(frozen=True)
class Row:
    """What was found for a network in one type: the relative difference of each quantity, or why there is none."""

    parameters: int
    differences: dict[str, float]
    refused: dict[str, str]

    def failures(self, dtype: torch.dtype) -> list[str]:
        """The quantities that are further apart than allowed."""
        return [f"{name} {far:.1e}" for name, far in self.differences.items() if not far <= LIMITS[dtype]]


def compare(case: Case, dtype: torch.dtype) -> Row:
    """Everything of QUANTITIES for a case.

    Losses of a slice are compared as a whole, steps by θ and by the running statistics after them. AssertionError
    where the library refuses what plain torch computes, or the other way round, and where it changed the module.
    """
    torch.manual_seed(0)
    brought = case.make().to(dtype)
    before = copy.deepcopy(brought.module.state_dict())
    objective = NetworkLoss(brought.module, brought.inputs, brought.targets, loss_function=brought.loss_function)
    theta = objective.initial
    loss, slope = by_hand.gradient(brought)
    plane = slice_plane(objective, theta, seed=3)
    grid = evaluate_slice(objective, plane, np.array(X), np.array(Y))
    rate = by_hand.learning_rate(brought)
    sam, plain = walk(brought, partial(sam_of, rate=rate)), walk(brought, partial(sgd_of, rate=rate))
    found = {
        "loss": apart(objective.loss(theta), loss),
        "gradient": apart(objective.gradient(theta), slope),
        "slice": apart(torch.as_tensor(grid), by_hand.losses_on(brought, plane.directions, X, Y)),
        "SAM": apart_after(sam, by_hand.sam(brought, rate)),
    }
    assert apart(sam[0], plain[0]) > TELLING * LIMITS[dtype], "SAM's steps are those of SGD"
    refused: dict[str, str] = {}
    product, missing = refusal(lambda: objective.curvature_product(theta, slope))
    wanted, lacking = refusal(lambda: by_hand.hessian_product(brought, slope))
    assert missing == lacking, f"the library names {missing!r}, plain torch {lacking!r}"
    if product is None or wanted is None:
        refused = {"Hv": str(missing), "LLQR": refused_by_llqr(brought)}
    else:
        inner = by_hand.refresh_rate(slope, wanted)
        llqr = walk(brought, partial(llqr_of, rate=rate, inner_rate=inner))
        layers = [slice(layer.start, layer.stop) for layer in objective.layout.layers]
        found |= {"Hv": apart(product, wanted), "LLQR": apart_after(llqr, by_hand.llqr(brought, layers, rate, inner))}
        # Among millions of parameters few entries of U move far: in float32 that may not show.
        exact = dtype == torch.float64
        assert not exact or apart(llqr[0], plain[0]) > TELLING * LIMITS[dtype], "LLQR's steps are those of SGD"
    after = brought.module.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items() if isinstance(value, Tensor))
    return Row(objective.dimension, found, refused)


def apart(ours: Tensor, theirs: Tensor) -> float:
    """‖ours − theirs‖/‖theirs‖, taken in float64."""
    a, b = ours.detach().double().reshape(-1), theirs.detach().double().reshape(-1)
    assert a.shape == b.shape, f"{tuple(ours.shape)} and {tuple(theirs.shape)}"
    length = float(torch.linalg.vector_norm(b))
    far = float(torch.linalg.vector_norm(a - b))
    return far / length if length else far


def apart_after(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """The largest of the differences of what walked: θ, and the buffers together."""
    assert len(ours) == len(theirs)
    return max(apart(a, b) for a, b in zip(ours, theirs, strict=True))


def refusal(compute: Callable[[], Tensor]) -> tuple[Tensor | None, str | None]:
    """(what comes, None), or (None, the operation without second derivative that torch or the library names)."""
    try:
        return compute(), None
    except (RuntimeError, NotImplementedError, NoSecondDerivative) as error:
        name = missing_operation(error.__cause__ if isinstance(error, NoSecondDerivative) else error)  # type: ignore[arg-type]
        if name is None:
            raise
        return None, name


def refused_by_llqr(brought: Brought) -> str:
    """The operation that LLQR's step names; AssertionError where it makes one."""
    try:
        walk(brought, partial(llqr_of, rate=1.0, inner_rate=1.0))
    except NoSecondDerivative as error:
        return str(missing_operation(error.__cause__))  # type: ignore[arg-type]
    raise AssertionError("LLQR made a step without second derivatives")


def sam_of(module: nn.Module, rate: float) -> SAM:
    """Ours with the settings of by_hand."""
    base = torch.optim.SGD(by_hand.free(module), rate, by_hand.MOMENTUM)
    return SAM(base, rho=by_hand.RADIUS, module=module)


def sgd_of(module: nn.Module, rate: float) -> torch.optim.Optimizer:
    """Neither of the two."""
    return torch.optim.SGD(by_hand.free(module), rate, by_hand.MOMENTUM)


def llqr_of(module: nn.Module, rate: float, inner_rate: float) -> LLQR:
    """Ours with the settings of by_hand."""
    return LLQR(
        module.parameters(),
        rate,
        by_hand.MOMENTUM,
        module=module,
        metric="newton",
        decay=by_hand.DECAY,
        refresh_every=by_hand.EVERY,
        floor=by_hand.FLOOR,
        inner_learning_rate=inner_rate,
        **by_hand.REFRESH,
    )


def walk(brought: Brought, make: Callable[[nn.Module], torch.optim.Optimizer]) -> list[Tensor]:
    """What by_hand.walk tells after steps of an optimiser, by closures."""
    module = copy.deepcopy(brought.module)
    optimizer = make(module)

    def step(index: int) -> None:
        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = by_hand.loss_of(brought, module, seed=100 + index)
            loss.backward()
            return loss

        optimizer.step(closure)

    return by_hand.walk(module, step)
