"""What a browser gets of one request's runs: float32 arrays, table rows and a spoken summary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from app.drawing.encoding import finite, narrow, packed
from app.toy.costs import counted
from app.toy.ghosts import ghost_entry, ghosts
from app.toy.messages import CountedCost, OutcomeRow
from app.toy.request import ToyRequest
from app.toy.surface import reference
from geometry.surface import Surface, charted
from optimizers import Method
from optimizers.methods import method_named
from optimizers.run import Run

OPTIONS = ("decay", "refresh_every", "damping", "warm_start_scale")
"""Numbers of a preconditioner that a request sets."""


def configured(name: str, request: ToyRequest) -> Method:
    """The registered method with the request's settings, or arrays of them over walkers, in place of its own."""
    options = {option: getattr(request, option) for option in OPTIONS}
    return _set(method_named(name), request.probe_norm, request.structure, **options)


def _set(method: Method, probe_norm: str, structure: str, **options: Any) -> Method:
    """The method with those of these settings that its probe and its preconditioner have."""
    if not np.any(options["warm_start_scale"]):
        options["warm_start_scale"] = None
    own = {("preconditioner", name): value for name, value in {"structure": structure, **options}.items()}
    return method.with_fields({("probe", "norm"): probe_norm, **own})


_kept = lru_cache(maxsize=1024)(_set)
"""For settings that are numbers: most requests of a drag leave the method as it is."""


def answer_of(request: ToyRequest, surface: Surface, traces: list[Trace]) -> bytes:
    """The JSON of the request's paths, from one trace per method."""
    rows = [table_row(t.name, t.run, own_settings(request, t.name)) for t in traces]
    return orjson.dumps(
        {
            "steps": request.steps,
            "dimension": surface.dimension,
            "start": list(request.start),
            "ranges": ranges(traces),
            "methods": [_entry(trace, row, request) for trace, row in zip(traces, rows, strict=True)],
            "summary": _summary(rows),
            "ghosts": [ghost_entry(ghost, surface) for ghost in ghosts(surface, request.of_method("SAM"))],
        }
    )


def _cost(name: str, request: ToyRequest) -> CountedCost:
    """What the method's steps and refreshes are counted as."""
    options = {option: getattr(request, option) for option in OPTIONS}
    return counted(_kept(method_named(name), request.probe_norm, request.structure, **options))


def own_settings(request: ToyRequest, name: str) -> str | None:
    """A method's own learning rate and radius in words; None where all methods walk with the same."""
    if not request.own:
        return None
    mine = request.of_method(name)
    return ", ".join(f"{one.symbol} = {getattr(mine, one.name):g}" for one in method_named(name).tunables)


@dataclass(frozen=True)
class Trace:
    """A run of one walker with what the charts show along it, each of shape (T+1)."""

    name: str
    run: Run
    losses: np.ndarray
    distance: np.ndarray
    curvature: np.ndarray
    probe_losses: np.ndarray | None
    """L(θ + ε) at each step (T); None where the method looks nowhere but at its own position."""
    sent: dict[str, np.ndarray | None]
    """What the browser is sent of them, in float32."""


def traces_of(name: str, run: Run, surface: Surface) -> list[Trace]:
    """One trace for each of the W walkers of a run."""
    # (W, T+1, D), as it lies in memory: a walker's own record is then in one piece.
    positions = run.positions.swapaxes(0, 1)
    offset = positions - reference(surface)[0]
    distance = np.sqrt((offset * offset).sum(axis=-1))
    _, curvature = charted(surface, positions)
    looked = charted(surface, run.probes.swapaxes(0, 1))[0] if run.method.looks_ahead else None
    # Narrowed for all walkers at once: each alone would take as long as its simulation.
    whole = {
        "positions": narrow(positions),
        "probes": None if looked is None else narrow(run.probes.swapaxes(0, 1)),
        "losses": narrow(run.losses.T),
        "probe_losses": None if looked is None else narrow(looked),
        "distance": narrow(distance),
        "curvature": narrow(curvature),
    }
    return [
        Trace(
            name,
            run.walker(w),
            run.losses[:, w],
            distance[w],
            curvature[w],
            None if looked is None else looked[w],
            {key: None if values is None else values[w] for key, values in whole.items()},
        )
        for w in range(run.arrival.shape[0])
    ]


def ranges(traces: list[Trace]) -> dict[str, list[float]]:
    """The vertical range of each chart: all of the methods that did not diverge, and where the others start."""
    found = {}
    for key in ("losses", "distance", "curvature"):
        parts = [getattr(t, key)[: 1 if t.run.outcome == "diverged" else None] for t in traces]
        values = np.concatenate(parts) if parts else np.zeros(1)
        values = values[np.isfinite(values)]
        found[key] = [float(values.min()), float(values.max())] if values.size else [0.0, 1.0]
    return found


def _entry(trace: Trace, row: OutcomeRow, request: ToyRequest) -> dict[str, Any]:
    """One method's arrays, its row of the table, and what its steps are counted as."""
    run = trace.run
    return {
        "name": trace.name,
        "makes_ghosts": run.method.probe.capabilities.makes_ghosts,
        **{key: None if values is None else packed(values) for key, values in trace.sent.items()},
        "last_finite": int(run.last_finite),
        "arrival": int(run.arrival),
        "row": row,
        "cost": _cost(trace.name, request),
    }


def table_row(name: str, run: Run, settings: str | None) -> OutcomeRow:
    """What the table says about a run; None where there is no number. settings: its own, in words."""
    arrival, last = int(run.arrival), int(run.last_finite)
    arrived = arrival >= 0
    return {
        "method": name,
        "outcome": str(run.outcome),
        "sentence": run.describe_outcome(),
        "settings": settings,
        "arrival": arrival if arrived else None,
        "evaluations_to_arrival": int(run.gradient_evaluations[arrival]) if arrived else None,
        "evaluations": int(run.gradient_evaluations[last]),
        "products_to_arrival": int(run.curvature_products[arrival]) if arrived else None,
        "products": int(run.curvature_products[last]),
        "length_to_arrival": finite(run.path_length_to_arrival),
        "length": finite(run.path_length[last]),
    }


def _summary(rows: list[OutcomeRow]) -> str:
    """All outcomes as sentences, for a screen reader."""
    if not rows:
        return "No method is shown."
    return " ".join(f"{row['method']}: {row['sentence']}." for row in rows)
