"""Many requests for paths in one call of the simulation per method: what differs becomes an axis of walkers.

One walker's arithmetic takes a twentieth of the time that a call takes around it, so that requests which arrive
together cost little more than one. Every number is the same, to the last bit, as in a call of its own: a walker's steps
are computed in scalars of its own, and what surrounds them is done element by element.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from app.toy.compute import OPTIONS, Trace, answer_of, configured, traces_of
from app.toy.request import ToyRequest
from geometry.surface import Surface
from optimizers import Method, simulate
from optimizers.methods import method_named, toy_methods
from optimizers.run import Run


def paths_key(request: ToyRequest) -> ToyRequest:
    """Equal for requests with the same paths: colour scheme and preset change nothing in them."""
    return replace(request, scheme="light", preset="custom")


def together(request: ToyRequest) -> Hashable:
    """Equal for requests that can be walked in one call: the same ground, steps and kinds of probe and U."""
    return (
        request.surface,
        request.surface_parameters,
        request.pits,
        request.steps,
        request.probe_norm,
        request.structure,
        request.warm_start_scale > 0,
        *(getattr(request, option) for option in OPTIONS if not _broadcasts(option)),
    )


def _broadcasts(option: str) -> bool:
    """Whether every method either lacks this number or takes an array of it over the walkers."""
    rules = [method.preconditioner for method in toy_methods().values()]
    return all(option in rule.capabilities.array_fields or not hasattr(rule, option) for rule in rules)


def compute_many(requests: Sequence[ToyRequest]) -> list[bytes]:
    """The JSON of each request's paths, in their order."""
    groups: dict[Hashable, list[int]] = {}
    for index, request in enumerate(requests):
        groups.setdefault(together(request), []).append(index)
    answers: dict[int, bytes] = {}
    for members in groups.values():
        answers |= zip(members, _one_ground([requests[i] for i in members]), strict=True)
    return [answers[index] for index in range(len(requests))]


def compute_paths(request: ToyRequest) -> bytes:
    """The JSON of one request's paths."""
    return compute_many([request])[0]


def _one_ground(requests: list[ToyRequest]) -> list[bytes]:
    """Answers to requests that can be walked together: one call for each method that any of them shows."""
    surface = requests[0].make_surface()
    found: list[dict[str, Trace]] = [{} for _ in requests]
    # What overflows belongs to a diverged run and is reported by its outcome, not by numpy's warnings.
    with np.errstate(all="ignore"):
        for name in dict.fromkeys(name for request in requests for name in request.methods):
            mine = [index for index, request in enumerate(requests) if name in request.methods]
            traces = _walked(name, surface, [requests[index] for index in mine])
            for index, trace in zip(mine, traces, strict=True):
                found[index][name] = trace
        return [
            answer_of(request, surface, [traces[name] for name in request.methods])
            for request, traces in zip(requests, found, strict=True)
        ]


def _walked(name: str, surface: Surface, requests: list[ToyRequest]) -> list[Trace]:
    """One method's traces, a walker for each request."""
    return traces_of(name, _run(name, surface, requests), surface)


def run_alone(name: str, request: ToyRequest, surface: Surface) -> Run:
    """One method's run from one request, the same to the last bit as in any batch; its walkers' shape is ()."""
    return _run(name, surface, [request]).walker(0)


@lru_cache(maxsize=32)
def recorded_run(request: ToyRequest, name: str) -> tuple[Run, Surface]:
    """`run_alone` and its surface; kept, because people go through the steps of the same run."""
    surface = request.make_surface()
    with np.errstate(all="ignore"):
        return run_alone(name, request, surface), surface


def traces_alone(request: ToyRequest, surface: Surface) -> list[Trace]:
    """One request's traces, in the order of its methods."""
    with np.errstate(all="ignore"):
        return [_walked(name, surface, [request])[0] for name in request.methods]


def _run(name: str, surface: Surface, requests: list[ToyRequest]) -> Run:
    """One method's run, a walker for each request."""
    requests = [request.of_method(name) for request in requests]

    def column(key: str) -> np.ndarray:
        return np.array([getattr(request, key) for request in requests])

    return simulate(
        surface,
        _method(name, requests),
        np.array([request.start for request in requests], dtype=float),
        steps=requests[0].steps,
        learning_rate=column("learning_rate"),
        radius=column("radius"),
        momentum=column("momentum"),
        noise_variance=column("noise_variance"),
        seed=column("seed"),
    )


def _method(name: str, requests: list[ToyRequest]) -> Method:
    """The method with each request's options as arrays over the walkers."""
    if len(requests) == 1 or not method_named(name).learns:
        return configured(name, requests[0])
    options: dict[str, Any] = {
        key: np.array([getattr(r, key) for r in requests]) for key in OPTIONS if _broadcasts(key)
    }
    return configured(name, replace(requests[0], **options))
