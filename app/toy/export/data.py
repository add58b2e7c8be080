"""The runs as data: a long table (CSV), and arrays in double precision (npz)."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.toy.export.description import settings_of
from app.toy.export.scene import Scene, probe_points
from app.web.made_file import csv_bytes, npz_bytes

AXES = ("theta_1", "theta_2")


def table_of(scene: Scene) -> tuple[list[str], list[list[Any]]]:
    """(heads, rows): one row per method and step, up to the last finite position.

    θ, the probe point θ + ε and the outer gradient g⁺ of the step that begins there (empty at the end, and the probe
    where a method has none), L(θ), L(θ + ε), distance, largest eigenvalue of ∇²L, path length and cost so far.
    """
    axes = AXES[: scene.surface.dimension]
    heads = [
        "method",
        "step",
        *axes,
        *(f"probe_{a}" for a in axes),
        *(f"outer_gradient_{a}" for a in axes),
        "loss",
        "probe_loss",
        "distance",
        "largest_curvature",
        "path_length",
        "gradient_evaluations",
        "curvature_products",
    ]
    rows = []
    nothing = [np.nan] * len(axes)
    for trace in scene.traces:
        run, probes = trace.run, probe_points(trace)
        probe_losses = trace.probe_losses
        for step in range(int(run.last_finite) + 1):
            begins = step < scene.steps
            rows.append(
                [
                    trace.name,
                    step,
                    *run.positions[step],
                    *(probes[step] if probes is not None and begins else nothing),
                    *(run.gradients[step] if begins else nothing),
                    trace.losses[step],
                    probe_losses[step] if probe_losses is not None and begins else np.nan,
                    trace.distance[step],
                    trace.curvature[step],
                    run.path_length[step],
                    int(run.gradient_evaluations[step]),
                    int(run.curvature_products[step]),
                ]
            )
    return heads, rows


def scene_csv(scene: Scene) -> bytes:
    """The long table of all shown methods."""
    return csv_bytes(settings_of(scene.reading), *table_of(scene))


def scene_npz(scene: Scene) -> bytes:
    """Every array of every run, named "<method>.<array>": positions (T+1, D), probes, gradients, losses, U, …"""
    arrays: dict[str, Any] = {}
    for trace in scene.traces:
        run = trace.run
        found = {
            "positions": run.positions,
            "probes": run.probes,
            "outer_gradients": run.gradients,
            "losses": run.losses,
            "preconditioners": run.preconditioners,
            "distance": trace.distance,
            "largest_curvature": trace.curvature,
            "path_length": run.path_length,
            "gradient_evaluations": run.gradient_evaluations,
            "curvature_products": run.curvature_products,
            "arrival": run.arrival,
            "first_entry": run.first_entry,
            "last_finite": run.last_finite,
            "outcome": np.array(str(run.outcome)),
        }
        arrays |= {f"{trace.name}.{name}": array for name, array in found.items()}
    return npz_bytes(settings_of(scene.reading), arrays)
