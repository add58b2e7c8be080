"""How much a learned U does: how it turns and shortens the gradient, and how steep the problem is that teaches it."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import cast

import torch

from geometry.networks import NetworkLoss
from optimizers.inner_curvature import largest_inner_eigenvalue
from optimizers.llqr import LLQR
from optimizers.methods import Method
from optimizers.rule import State, at_rest

LEAST = 1e-30


def read_u(objective: NetworkLoss, method: Method, state: State, steepness: bool) -> dict[str, float]:
    """{"u_cosine": cos(Ug, g), "u_length": ‖Ug‖/‖g‖}, both 1 where U = I, of the gradient over `objective` at the
    state; with `steepness` also "u_steepness", λmax of LLQR's inner problem. Nothing for a method without U, and no
    number that is not finite: a method may stand where its next step is refused.

    Costs one gradient, the steepness 16 curvature products more.
    """
    if not method.learns:
        return {}
    here = cast(NetworkLoss, at_rest(objective, state))
    g = here.gradient(state.position)
    u = method.preconditioner.apply(here.layout, state.preconditioner, g)
    lengths = [max(float(torch.linalg.vector_norm(one)), LEAST) for one in (u, g)]
    found = {"u_cosine": float(u @ g) / (lengths[0] * lengths[1]), "u_length": lengths[0] / lengths[1]}
    if steepness and method.preconditioner.capabilities.has_inner_problem:
        llqr = cast(LLQR, method.preconditioner)
        with suppress(ArithmeticError, ValueError, RuntimeError):  # no eigenvalue of what is not finite
            found["u_steepness"] = largest_inner_eigenvalue(llqr, here, state.position, state.preconditioner)
    return {name: value for name, value in found.items() if math.isfinite(value)}
