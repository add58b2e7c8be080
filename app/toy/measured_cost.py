"""What a step costs in seconds, measured on this server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from app.toy.compute import configured
from app.toy.messages import Price
from app.toy.request import ToyRequest, read_state, request_of
from optimizers import Method
from optimizers.methods import toy_methods
from optimizers.rule import Settings, begin, descent_step, refresh_if_due

STEPS_TIMED = 25
ROUNDS = 5
"""The fastest of so many rounds counts: what else the machine does only ever adds."""
REFRESHES_TIMED = 2


@dataclass(frozen=True)
class CostRequest:
    """The setting whose seconds are measured; all that takes no part in the time has one value."""

    toy: ToyRequest

    def answer(self) -> bytes:
        """The JSON of the seconds of each method."""
        found = seconds(self)
        return orjson.dumps({"methods": found, "what": measuring_told(found)})


@lru_cache(maxsize=256)
def seconds(asked: CostRequest) -> Mapping[str, Price]:
    """{step, refresh} in seconds for each method, measured once and kept: page, verdict and file tell the same."""
    methods = {name: configured(name, asked.toy) for name in toy_methods()}
    found = {name: measured(method, asked.toy) for name, method in methods.items()}
    for name, method in methods.items():
        # The same refresh is the same work, whatever disturbed its measurement once.
        alike = [
            found[other]["refresh"] for other, one in methods.items() if one.preconditioner == method.preconditioner
        ]
        found[name]["refresh"] = min(alike)
    return found


def read_cost(raw: Mapping[str, Any]) -> CostRequest:
    """The posted state as far as it decides how long a step takes. BadRequest as usual."""
    reading = read_state({**raw, "methods": list(toy_methods())}).checked()
    return cost_request(request_of(reading.state))


def cost_request(toy: ToyRequest) -> CostRequest:
    """The setting of a request as far as it decides how long a step takes: surface, structure of U, probe norm."""
    start = tuple(float(value) for value in np.atleast_1d(toy.make_surface().default_start))
    alike = {
        "methods": (),
        "preset": "custom",
        "scheme": "light",
        "own": (),
        "start": start,
        "learning_rate": 1e-4,
        "radius": 0.1,
        "momentum": 0.9,
        "noise_variance": 0.0,
        "steps": 100,
        "seed": 0,
        "decay": 0.95,
        "damping": 0.0,
        "refresh_every": 10,
        "warm_start_scale": 0.0,  # a warm start would take nine tenths of the time, and is not measured
    }
    return CostRequest(replace(toy, **alike))  # type: ignore[arg-type]


def measured(method: Method, toy: ToyRequest) -> Price:
    """Seconds of one step and of one refresh of the readable rule (numpy, one walker), here and now."""
    surface = toy.make_surface()
    settings = Settings(toy.learning_rate, toy.radius, toy.momentum)
    with np.errstate(all="ignore"):
        state, _ = refresh_if_due(surface, method, begin(surface, method, np.asarray(toy.start, dtype=float)[None]))

        def walk() -> None:
            now = state
            for _ in range(STEPS_TIMED):
                now, _ = descent_step(surface, method, settings, now)

        def refresh() -> None:
            for _ in range(REFRESHES_TIMED):
                method.preconditioner.refresh(surface, state.position, state.preconditioner)

        return {
            "step": _fastest(walk) / STEPS_TIMED,
            "refresh": _fastest(refresh) / REFRESHES_TIMED if method.preconditioner.schedule.ever else 0.0,
        }


def _fastest(work: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def measuring_told(found: Mapping[str, Price]) -> str:
    """How the seconds were measured, and what came out."""
    each = []
    for name, cost in found.items():
        extra = f" and {1e3 * cost['refresh']:.2g} ms for each refresh" if cost["refresh"] else ""
        each.append(f"{name} {1e6 * cost['step']:.2g} µs a step{extra}")
    return (
        f"Measured on this server, with the readable rule in numpy and one walker: {'; '.join(each)}. On so "
        "small a problem that is mostly the interpreter’s time; on a network the ratios are others."
    )
