"""Four methods on the ring: ours against the usual way of writing it, and what many walkers cost. Ratios in one run.

The usual way: torch.optim.SGD, a SAM wrapper around it, LLQR's refresh with torch matrices, gradients and Hessians by
automatic differentiation on the same surface. Run by `make bench`; writes tests/benchmarks/results/toys.md.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from geometry.surfaces import AnnularWell
from optimizers import LLQR, METHODS, simulate
from tests.benchmarks.report import RESULTS, Report, draw_table, time_in_turns

RATE, RADIUS = 0.0165, 0.30
SURFACE, START = AnnularWell(), np.array([4.8, 0.9])


@dataclass(frozen=True)
class Size:
    """Steps of a walk, rounds of the measurement, walkers of a small and of a large crowd."""

    steps: int
    rounds: int
    few: int
    many: int


FULL, SMALLEST = Size(400, 6, 64, 4096), Size(12, 1, 2, 512)


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


def walk_the_usual_way(method: str, u: torch.Tensor, steps: int) -> np.ndarray:
    """One method the usual way from START with the given first U; returns the path."""
    theta = torch.tensor(START, requires_grad=True)
    sgd = torch.optim.SGD([theta], lr=RATE, momentum=0.9)
    sam = SAMWrapper(theta, sgd, RADIUS)
    learns, rule, path = "LLQR" in method, LLQR(), [START]
    for t in range(steps):
        sgd.zero_grad()
        SURFACE.loss(theta).backward()
        if learns and t > 0 and t % rule.refresh_every == 0:
            u = refresh_the_usual_way(theta.detach(), theta.grad, u, rule)
        precondition = (lambda g, u=u: u @ g) if learns else (lambda g: g)
        if "SAM" in method:
            sam.step(precondition)
        theta.grad.copy_(precondition(theta.grad))
        sgd.step()
        path.append(theta.detach().numpy().copy())
    return np.array(path)


def refresh_the_usual_way(theta: torch.Tensor, g: torch.Tensor, u: torch.Tensor, rule: LLQR) -> torch.Tensor:
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


def walk_four(start: np.ndarray, steps: int, **options) -> None:
    """All four methods from `start`."""
    for method in METHODS:
        simulate(SURFACE, method, start, steps, RATE, RADIUS, **options)


def walk_four_the_usual_way(steps: int) -> None:
    """All four methods the usual way, from the U that ours starts with."""
    for method in METHODS:
        first = torch.eye(2, dtype=torch.float64)
        if "LLQR" in method:
            first = torch.tensor(simulate(SURFACE, method, START, 1, RATE, RADIUS).preconditioners[0])
        walk_the_usual_way(method, first, steps)


def compare_paths(steps: int) -> float:
    """Largest distance between the two ways over the first 30 steps (SAM is chaotic later): the same computation."""
    worst = 0.0
    for method in METHODS:
        ours = simulate(SURFACE, method, START, steps, RATE, RADIUS)
        path = walk_the_usual_way(method, torch.tensor(ours.preconditioners[0]), steps)
        worst = max(worst, float(np.abs(path - ours.positions)[:31].max()))
    if worst > 1e-9:
        raise RuntimeError(f"the two ways do not compute the same: they are {worst:.1e} apart")
    return worst


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    report = Report(__doc__, arguments, packages=("numpy", "numba", "torch"))
    size = SMALLEST if report.smallest else FULL
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    few, many = (START + rng.normal(scale=0.05, size=(n, 2)) for n in (size.few, size.many))
    # A start that nobody has asked for yet: U is kept for each start.
    fresh = (START + 1e-9 * k for k in itertools.count(1))
    usual, one = "the usual way (torch.optim.SGD, SAM wrapper, autograd), one start", "ours (compiled), one start"
    calls = {
        usual: lambda: walk_four_the_usual_way(size.steps),
        "ours, the readable rule, one start": lambda: walk_four(START, size.steps, compiled=False),
        f"ours, the readable rule, {size.few} starts": lambda: walk_four(few, size.steps, compiled=False),
        one: lambda: walk_four(START, size.steps),
        "ours (compiled), one start, its first U learned anew": lambda: walk_four(next(fresh), size.steps),
        f"ours (compiled), {size.few} starts": lambda: walk_four(few, size.steps),
    }
    for method in METHODS:
        name = f"ours (compiled), {size.many} starts of {method} alone"
        calls[name] = partial(simulate, SURFACE, method, many, size.steps, RATE, RADIUS)
    apart = compare_paths(size.steps)
    ms = {name: 1e3 * statistics.median(times) for name, times in time_in_turns(calls, size.rounds).items()}
    rows = [(name, f"{t:.1f}", f"{ms[usual] / t:.1f}", f"{t / ms[one]:.2f}") for name, t in ms.items()]
    about = (
        f"{size.rounds} rounds in turns (medians without the first), one thread unless there are over 512 walkers. "
        "The usual way starts from the U that ours has learned; ours keeps that U between calls with one start unless "
        f"the row says otherwise. Largest distance between the two ways over 30 steps: {apart:.1e}."
    )
    title = f"Toy simulation: time of four methods × {size.steps} steps on the ring"
    head = ("what", "ms", "usual way ÷ this", "this ÷ ours, one start")
    report.write(RESULTS / "toys.md", title, [about, "", *draw_table(head, rows)])


if __name__ == "__main__":
    main()
