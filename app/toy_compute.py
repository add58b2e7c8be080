"""Paths for one request: every method from the same start, as float32 arrays, table rows and a spoken summary."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson

from app.cache import AnswerCache
from app.encoding import encode
from app.request import ToyRequest
from app.settings import web_settings
from app.toy_surface import reference
from geometry.surface import Surface
from optimizers import LLQR, METHODS, SAM, Method, simulate
from optimizers.run import Run

PATHS = AnswerCache(web_settings().cache_bytes / 2, "paths")
"""Answers by request: at 600 steps one is about 100 kB."""


def configured(name: str, request: ToyRequest) -> Method:
    """The registered method with the request's settings in place of its own."""
    method = METHODS[name]
    probe, preconditioner = method.probe, method.preconditioner
    if isinstance(probe, SAM):
        probe = replace(probe, norm=request.probe_norm)
    if isinstance(preconditioner, LLQR):
        preconditioner = replace(
            preconditioner,
            structure=request.structure,
            decay=request.decay,
            refresh_every=request.refresh_every,
            damping=request.damping,
            warm_start_scale=request.warm_start_scale or None,
        )
    return replace(method, probe=probe, preconditioner=preconditioner)


def run_method(name: str, request: ToyRequest, surface: Surface) -> Run:
    """One method's run from the request's start."""
    return simulate(
        surface,
        configured(name, request),
        np.asarray(request.start, dtype=float),
        steps=request.steps,
        learning_rate=request.learning_rate,
        radius=request.radius,
        momentum=request.momentum,
        noise_variance=request.noise_variance,
        seed=request.seed,
    )


def compute_paths(request: ToyRequest) -> bytes:
    """The JSON of the request's paths."""
    surface = request.make_surface()
    # What overflows belongs to a diverged run and is reported by its outcome, not by numpy's warnings.
    with np.errstate(all="ignore"):
        traces = [trace_of(name, run_method(name, request, surface), surface) for name in request.methods]
    rows = [table_row(trace.name, trace.run) for trace in traces]
    return orjson.dumps(
        {
            "steps": request.steps,
            "dimension": surface.dimension,
            "start": list(request.start),
            "ranges": ranges(traces),
            "methods": [_entry(trace, row, surface) for trace, row in zip(traces, rows, strict=True)],
            "summary": _summary(rows),
        }
    )


def paths_answer(request: ToyRequest) -> bytes:
    """`compute_paths`, kept. Colour scheme and preset change nothing in the paths."""
    return PATHS.get(replace(request, scheme="light", preset="custom"), lambda: compute_paths(request))


@dataclass(frozen=True)
class Trace:
    """A run with what the charts show along it, each of shape (T+1)."""

    name: str
    run: Run
    losses: np.ndarray
    distance: np.ndarray
    curvature: np.ndarray


def trace_of(name: str, run: Run, surface: Surface) -> Trace:
    """The quantities along one run."""
    positions = np.asarray(run.positions)
    distance = np.linalg.norm(positions - reference(surface)[0], axis=-1)
    return Trace(name, run, np.asarray(run.losses), distance, largest_curvature(surface, positions))


def ranges(traces: list[Trace]) -> dict[str, list[float]]:
    """The vertical range of each chart: all of the methods that did not diverge, and where the others start."""
    found = {}
    for key in ("losses", "distance", "curvature"):
        parts = [getattr(t, key)[: 1 if t.run.outcome == "diverged" else None] for t in traces]
        values = np.concatenate(parts) if parts else np.zeros(1)
        values = values[np.isfinite(values)]
        found[key] = [float(values.min()), float(values.max())] if values.size else [0.0, 1.0]
    return found


def _entry(trace: Trace, row: dict[str, Any], surface: Surface) -> dict[str, Any]:
    """One method's arrays and its row of the table."""
    run = trace.run
    ahead = probes_ahead(run)
    return {
        "name": trace.name,
        "positions": encode(run.positions),
        "probes": encode(run.probes) if ahead else None,
        "losses": encode(trace.losses),
        "probe_losses": encode(surface.loss(run.probes)) if ahead else None,
        "distance": encode(trace.distance),
        "curvature": encode(trace.curvature),
        "last_finite": int(run.last_finite),
        "arrival": int(run.arrival),
        "row": row,
    }


def probes_ahead(run: Run) -> bool:
    """Whether the method looks anywhere but at its own position."""
    return isinstance(run.method.probe, SAM)


def largest_curvature(surface: Surface, positions: np.ndarray) -> np.ndarray:
    """Largest eigenvalue of the Hessian at each position: (T+1, D) → (T+1)."""
    hessian = np.asarray(surface.hessian(positions))
    if hessian.shape[-1] == 1:
        return hessian[..., 0, 0]
    a, b, d = hessian[..., 0, 0], hessian[..., 0, 1], hessian[..., 1, 1]
    return 0.5 * (a + d) + np.hypot(0.5 * (a - d), b)


def table_row(name: str, run: Run) -> dict[str, Any]:
    """What the table says about a run; None where there is no number."""
    arrival, last = int(run.arrival), int(run.last_finite)
    arrived = arrival >= 0
    return {
        "method": name,
        "outcome": str(run.outcome),
        "sentence": run.describe_outcome(),
        "arrival": arrival if arrived else None,
        "evaluations_to_arrival": int(run.gradient_evaluations[arrival]) if arrived else None,
        "evaluations": int(run.gradient_evaluations[last]),
        "products_to_arrival": int(run.curvature_products[arrival]) if arrived else None,
        "products": int(run.curvature_products[last]),
        "length_to_arrival": _finite(run.path_length_to_arrival),
        "length": _finite(run.path_length[last]),
    }


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _summary(rows: list[dict[str, Any]]) -> str:
    """All outcomes as sentences, for a screen reader."""
    if not rows:
        return "No method is shown."
    return " ".join(f"{row['method']}: {row['sentence']}." for row in rows)
