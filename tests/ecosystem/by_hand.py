"""What the library computes, written by hand in plain torch: the side that it is compared with.

Nothing here is imported from the library. Attention takes plain matrix products on both sides, since torch's fused
kernels have no second derivative. Random numbers begin at the seed of a pass.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from tests.ecosystem.cases import Brought

EVALUATION = 0
"""The seed of a pass in evaluation: NetworkLoss's own."""
MOMENTUM, RADIUS = 0.9, 0.05
STEPS = {torch.float32: 1, torch.float64: 3}
"""A random network in train mode magnifies rounding a hundredfold at each pass at a probe."""
STRIDE = 2e-3
"""‖first step‖/‖θ‖: the learning rate is made so. """
REFRESH = {"inner_steps": 4, "inner_momentum": 0.9, "damping": 0.1, "clip": 5.0}
REACH = 0.3
"""How far the first step of a refresh moves the entry of U that moves most: its rate is made so."""
DECAY, EVERY, FLOOR = 0.5, 2, 1e-8


@contextmanager
def plain_attention() -> Iterator[None]:
    """Attention by matrix products."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def free(module: nn.Module) -> list[nn.Parameter]:
    """The parameters that are trained."""
    return [p for p in module.parameters() if p.requires_grad]


def loss_of(brought: Brought, module: nn.Module, seed: int = EVALUATION) -> Tensor:
    """The loss of one pass in the module's mode; its random numbers begin at `seed`."""
    torch.manual_seed(seed)
    with plain_attention():
        return brought.criterion(brought.outputs(module), brought.targets)


def flat(pieces: Sequence[Tensor | None], parameters: Sequence[Tensor]) -> Tensor:
    """One vector; 0 for what a pass does not use."""
    return torch.cat(
        [(torch.zeros_like(p) if g is None else g).reshape(-1) for g, p in zip(pieces, parameters, strict=True)]
    ).detach()


def gradient(brought: Brought) -> tuple[Tensor, Tensor]:
    """(L, ∇L) in evaluation."""
    module = copy.deepcopy(brought.module).eval()
    loss, parameters = loss_of(brought, module), free(module)
    return loss.detach(), flat(torch.autograd.grad(loss, parameters, allow_unused=True), parameters)


def hessian_product(brought: Brought, d: Tensor) -> Tensor:
    """H d by a derivative of ⟨∇L, d⟩, in evaluation."""
    module = copy.deepcopy(brought.module).eval()
    return _product(loss_of(brought, module), free(module), d)


def _product(loss: Tensor, parameters: list[nn.Parameter], d: Tensor) -> Tensor:
    first = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True)
    parts = torch.split(d, [p.numel() for p in parameters])
    along = sum((g.reshape(-1) * v).sum() for g, v in zip(first, parts, strict=True) if g is not None)
    if not isinstance(along, Tensor) or not along.requires_grad:
        return torch.zeros_like(d)
    second = torch.autograd.grad(along, parameters, allow_unused=True, retain_graph=True)
    return flat(second, parameters)


@torch.no_grad()
def losses_on(brought: Brought, directions: Tensor, x: Sequence[float], y: Sequence[float]) -> Tensor:
    """L(θ + a d₁ + b d₂) (len(y), len(x)) in evaluation."""
    module = copy.deepcopy(brought.module).eval()
    theta = parameters_to_vector(free(module))
    rows = torch.zeros(len(y), len(x), dtype=theta.dtype)
    for j, b in enumerate(y):
        for i, a in enumerate(x):
            vector_to_parameters(theta + a * directions[0] + b * directions[1], free(module))
            rows[j, i] = loss_of(brought, module)
    return rows


def walk(module: nn.Module, step: Callable[[int], object]) -> list[Tensor]:
    """θ, the real buffers as one vector and the counting ones as another, after the steps in train mode."""
    module.train()
    for index in range(STEPS[free(module)[0].dtype]):
        step(index)
    buffers = list(module.buffers())
    kinds = [[b.reshape(-1) for b in buffers if b.is_floating_point() == real] for real in (True, False)]
    return [parameters_to_vector(free(module)).detach(), *(torch.cat(kind) for kind in kinds if kind)]


def learning_rate(brought: Brought) -> float:
    """η for STRIDE, by the gradient in train mode."""
    module = copy.deepcopy(brought.module).train()
    loss_of(brought, module, seed=100).backward()
    parameters = free(module)
    length = torch.linalg.vector_norm(flat([p.grad for p in parameters], parameters))
    return STRIDE * float(torch.linalg.vector_norm(parameters_to_vector(parameters).detach()) / length)


def sam(brought: Brought, rate: float) -> list[Tensor]:
    """SAM around SGD with momentum; running statistics of the second pass alone."""
    module = copy.deepcopy(brought.module)
    optimizer = torch.optim.SGD(free(module), rate, MOMENTUM)

    def step(index: int) -> None:
        before = [b.clone() for b in module.buffers()]
        optimizer.zero_grad()
        loss_of(brought, module, seed=100 + index).backward()
        with torch.no_grad():
            for buffer, old in zip(module.buffers(), before, strict=True):
                buffer.copy_(old)
            moved = [p for p in free(module) if p.grad is not None]
            length = torch.stack([p.grad.norm() for p in moved]).norm()
            kept = [p.clone() for p in moved]
            for p in moved:
                p.add_(RADIUS * p.grad / length)
        optimizer.zero_grad()
        loss_of(brought, module, seed=100 + index).backward()
        with torch.no_grad():
            for p, old in zip(moved, kept, strict=True):
                p.copy_(old)
        optimizer.step()

    return walk(module, step)


def refresh_rate(g: Tensor, bent: Tensor) -> float:
    """The rate of a refresh's steps at a gradient g with H g, for REACH."""
    slope = g * (bent + REFRESH["damping"] * g - g)
    return REACH / float(slope.abs().max())


def llqr(brought: Brought, layers: Sequence[slice], rate: float, inner_rate: float) -> list[Tensor]:
    """LLQR with a diagonal U for each layer and Newton's cost J(U) = g·d + ½ dᵀ(H + λI)d, d = −Ug.

    Every `EVERY` steps U follows by the slow average what a few clipped steps of momentum from it find.
    """
    module = copy.deepcopy(brought.module)
    parameters = free(module)
    sizes = [p.numel() for p in parameters]
    u = torch.ones(sum(sizes), dtype=parameters[0].dtype)
    velocity = torch.zeros_like(u)

    def learn(index: int) -> Tensor:
        module.eval()
        loss = loss_of(brought, module, seed=100 + index)
        g = flat(torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True), parameters)
        found, momentum = u.clone(), torch.zeros_like(u)
        for _ in range(int(REFRESH["inner_steps"])):
            e = found * g
            slope = g * (_product(loss, parameters, e) + REFRESH["damping"] * e - g)
            for layer in layers:
                length = torch.linalg.vector_norm(slope[layer])
                slope[layer] *= torch.clamp(REFRESH["clip"] / length, max=1.0)
            momentum = slope + REFRESH["inner_momentum"] * momentum
            found = found - inner_rate * momentum
        module.train()
        return torch.clamp(DECAY * u + (1 - DECAY) * found, min=FLOOR)

    def step(index: int) -> None:
        nonlocal u
        if index % EVERY == 0:
            u = learn(index)
        module.zero_grad()
        loss_of(brought, module, seed=100 + index).backward()
        with torch.no_grad():
            used = torch.cat([torch.full((p.numel(),), p.grad is not None) for p in parameters])
            g = flat([p.grad for p in parameters], parameters)
            velocity[used] = (MOMENTUM * velocity + u * g)[used]
            theta = parameters_to_vector(parameters)
            vector_to_parameters(torch.where(used, theta - rate * velocity, theta), parameters)

    return walk(module, step)
