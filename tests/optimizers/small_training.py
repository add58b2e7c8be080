"""Networks, batches and optimisers of a few numbers, for the tests of the torch optimisers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from geometry.networks import NetworkLoss
from optimizers import FSAM, Method, PastFSAM
from optimizers.rule import Settings, begin, descent_step, refresh_if_due
from optimizers.torch_optim import LLQR, SAM

FAST = {"refresh_every": 2, "inner_steps": 5, "inner_learning_rate": 0.02, "damping": 0.1}
"""A U that moves visibly within a few steps."""
EXAMPLES = 12


def perceptron(seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).to(dtype)


def normalised(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)).double()


def batch(seed: int = 1, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    return torch.randn(EXAMPLES, 4, dtype=dtype), torch.randint(0, 3, (EXAMPLES,))


def closure_of(model: nn.Module, x: torch.Tensor, y: torch.Tensor):
    def closure():
        outputs = model(x)
        return F.cross_entropy(outputs, y), outputs

    return closure


def flat(model: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in model.parameters()])


MAKERS = {
    "LLQR": lambda model: LLQR(model.parameters(), module=model, structure="kfac", **FAST),
    "SAM of LLQR": lambda model: SAM(LLQR(model.parameters(), module=model, **FAST), rho=0.1, probe=FSAM()),
    "past FSAM of LLQR": lambda model: SAM(LLQR(model.parameters(), **FAST), rho=0.1, probe=PastFSAM()),
    "SAM of Adam": lambda model: SAM(torch.optim.Adam(model.parameters(), lr=1e-2), rho=0.1, module=model),
}


@contextmanager
def one_thread() -> Iterator[None]:
    """Networks this small are only slowed down by threads that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def walked(
    model: nn.Module, method: Method, settings: Settings, steps: int
) -> tuple[list[torch.Tensor], list[float], dict]:
    """Positions and losses by optimizers.rule, each step on its own batch, and the buffers at the end."""
    ground = NetworkLoss(model, *batch())
    state = begin(ground, method, ground.initial)
    positions, losses = [], []
    for t in range(steps):
        here = ground.with_batch(*batch(t))
        state, _ = refresh_if_due(here, method, state)
        state, trace = descent_step(here, method, settings, state)
        positions.append(state.position)
        losses.append(float(trace.loss))
    return positions, losses, state.buffers


def assert_same_walk(model, optimizer, method, settings, steps=6, tolerance=1e-12):
    wanted, losses, buffers = walked(copy.deepcopy(model), method, settings, steps)
    start = flat(model)
    for t in range(steps):
        loss = optimizer.step(closure_of(model, *batch(t)))
        # Sums in another order: rounding of 1e-16 grows a little from step to step.
        assert float((flat(model) - wanted[t]).norm()) < tolerance * float((wanted[t] - start).norm())
        assert float(loss) == pytest.approx(losses[t], rel=tolerance)
    for name, buffer in model.named_buffers():
        torch.testing.assert_close(buffer, buffers[name], rtol=tolerance, atol=1e-14)
