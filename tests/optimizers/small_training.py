"""Networks, batches and optimisers of a few numbers, for the tests of the torch optimisers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F

from optimizers import FSAM, PastFSAM
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
