"""Four methods on the ring: ours against the usual way of writing it, and what many walkers cost. Ratios in one run.

The usual way: torch.optim.SGD, a SAM wrapper around it, LLQR's refresh with torch matrices, gradients and Hessians by
automatic differentiation on the same surface. Run by `make bench`; writes tests/benchmarks/results/toys.md.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from geometry.surfaces import AnnularWell
from optimizers import LLQR, METHODS, fast, simulate

RESULT = Path(__file__).parent / "results" / "toys.md"
STEPS, RATE, RADIUS = 400, 0.0165, 0.30
SURFACE, START = AnnularWell(), np.array([4.8, 0.9])


class SAMWrapper:
    """The ordinary two-pass SAM around a torch optimiser: climb, take the gradient, come back, step."""

    def __init__(self, theta: torch.Tensor, base: torch.optim.Optimizer, radius: float) -> None:
        self.theta, self.base, self.radius = theta, base, radius

    def step(self, precondition: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """One step with the gradient at θ already in θ.grad."""
        direction = precondition(self.theta.grad)
        offset = self.radius * direction / torch.sqrt((direction**2).sum() + 1e-12)
        with torch.no_grad():
            self.theta.add_(offset)
        self.base.zero_grad()
        SURFACE.loss(self.theta).backward()
        with torch.no_grad():
            self.theta.sub_(offset)


def usual(method: str, u: torch.Tensor) -> np.ndarray:
    """One method the usual way from START with the given first U; returns the path."""
    theta = torch.tensor(START, requires_grad=True)
    sgd = torch.optim.SGD([theta], lr=RATE, momentum=0.9)
    sam = SAMWrapper(theta, sgd, RADIUS)
    learns, rule, path = "LLQR" in method, LLQR(), [START]
    for t in range(STEPS):
        sgd.zero_grad()
        SURFACE.loss(theta).backward()
        if learns and t > 0 and t % rule.refresh_every == 0:
            u = usual_refresh(theta.detach(), theta.grad, u, rule)
        precondition = (lambda g, u=u: u @ g) if learns else (lambda g: g)
        if "SAM" in method:
            sam.step(precondition)
        theta.grad.copy_(precondition(theta.grad))
        sgd.step()
        path.append(theta.detach().numpy().copy())
    return np.array(path)


def usual_refresh(theta: torch.Tensor, g: torch.Tensor, u: torch.Tensor, rule: LLQR) -> torch.Tensor:
    """LLQR's refresh with torch matrices and an automatic Hessian."""
    h = torch.func.hessian(SURFACE.loss)(theta)
    inner, buffer = u, torch.zeros_like(u)
    for _ in range(rule.inner_steps):
        slope = -torch.outer(g - h @ (inner @ g), g)
        norm = slope.norm()
        buffer = slope * (rule.clip / torch.clamp(norm, min=rule.clip)) + rule.inner_momentum * buffer
        inner = inner - rule.inner_learning_rate * buffer
    u = rule.decay * u + (1 - rule.decay) * inner
    return (u + u.T) / 2


def median_ms(call: Callable[[], object], repeats: int) -> float:
    """Median wall time of `call` in ms after one call that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times)


def four(start: np.ndarray, **options) -> None:
    """All four methods from `start`."""
    for method in METHODS:
        simulate(SURFACE, method, start, STEPS, RATE, RADIUS, **options)


def four_from_scratch() -> None:
    """All four methods from START, with the first U of LLQR learned anew."""
    fast._one_warm_start.cache_clear()
    four(START)


def four_the_usual_way() -> None:
    """All four methods the usual way, from the U that ours starts with."""
    for method in METHODS:
        first = torch.eye(2, dtype=torch.float64)
        if "LLQR" in method:
            first = torch.tensor(simulate(SURFACE, method, START, 1, RATE, RADIUS).preconditioners[0])
        usual(method, first)


def agreement() -> float:
    """Largest distance between the two ways over the first 30 steps (SAM is chaotic later): the same computation."""
    worst = 0.0
    for method in METHODS:
        ours = simulate(SURFACE, method, START, STEPS, RATE, RADIUS)
        path = usual(method, torch.tensor(ours.preconditioners[0]))
        worst = max(worst, float(np.abs(path - ours.positions)[:31].max()))
    return worst


def main() -> None:
    """Measure and write the table."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    many = {n: START + rng.normal(scale=0.05, size=(n, 2)) for n in (64, 4096)}
    rows: list[tuple[str, float]] = []
    ours = median_ms(lambda: four(START), 15)
    base = median_ms(four_the_usual_way, 3)
    rows.append(("the usual way (torch.optim.SGD, SAM wrapper, autograd), one start", base))
    rows.append(("ours, the readable rule, one start", median_ms(lambda: four(START, compiled=False), 1)))
    rows.append(("ours, the readable rule, 64 starts", median_ms(lambda: four(many[64], compiled=False), 1)))
    rows.append(("ours (compiled), one start", ours))
    rows.append(("ours (compiled), one start, its first U learned anew", median_ms(four_from_scratch, 15)))
    rows.append(("ours (compiled), 64 starts", median_ms(lambda: four(many[64]), 7)))
    for method in METHODS:
        name = f"ours (compiled), 4096 starts of {method} alone"
        rows.append((name, median_ms(lambda m=method: simulate(SURFACE, m, many[4096], STEPS, RATE, RADIUS), 3)))
    lines = [
        "# Toy simulation: time of four methods × 400 steps on the ring", "",
        "Written by `make bench` (tests/benchmarks/bench_toys.py), one thread unless there are over 512 walkers. The",
        "usual way starts from the U that ours has learned; ours keeps that U between calls with one start unless the",
        f"row says otherwise. Largest distance between the two ways over 30 steps: {agreement():.1e}.", "",
        "| what | ms | usual way ÷ this | this ÷ ours, one start |", "| --- | --- | --- | --- |",
    ]  # fmt: skip
    lines += [f"| {name} | {ms:.1f} | {base / ms:.1f} | {ms / ours:.2f} |" for name, ms in rows]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
