"""Curves, slices, curvature and potholes of a run as long tables (CSV) and arrays in double precision (npz)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.jobs.packing import Tree
from app.network.export.record import Record
from app.web.made_file import csv_bytes, npz_bytes

COSTS = ("evaluations", "products", "seconds")
MEASURED = (
    "loss",
    "train_loss",
    "test_loss",
    "train_accuracy",
    "test_accuracy",
    "off",
    "u_cosine",
    "u_length",
    "u_steepness",
    "sharpness",
)
HALVES = ("train", "test")
Columns = dict[str, np.ndarray]


def curves_of(record: Record, method: str) -> Columns:
    """The columns of one method, equally long: step, costs, what was measured (not-a-number where it was not), over how
    many examples of either half where not over all, with the standard errors, the coordinates in the run's own plane.
    """
    measured = (row for row in record.rows if method in row["methods"])
    rows: list[tuple[int, Mapping[str, Any]]] = [(row["position"], row["methods"][method]) for row in measured]
    columns: Columns = {"step": np.array([step for step, _ in rows], dtype=np.int64)}
    for key in (*COSTS, *MEASURED):
        columns[key] = np.array([_number(values.get(key)) for _, values in rows], dtype=float)
    for half in HALVES:
        sampled = [(values.get("sampled") or {}).get(half) or {} for _, values in rows]
        for key, column in (("examples", "examples"), ("loss", "loss_error"), ("accuracy", "accuracy_error")):
            columns[f"{half}_{column}"] = np.array([_number(one.get(key)) for one in sampled], dtype=float)
    at = [values.get("at") or (None, None) for _, values in rows]
    for index in (0, 1):
        columns[f"at_{index + 1}"] = np.array([_number(place[index]) for place in at], dtype=float)
    return columns


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def curves_csv(record: Record) -> bytes:
    """One row per method and step."""
    heads: list[str] = []
    rows: list[list[Any]] = []
    for method in record.methods:
        columns = curves_of(record, method)
        heads = ["method", *columns]
        rows += [[method, *values] for values in zip(*(column.tolist() for column in columns.values()), strict=True)]
    return csv_bytes(record.settings(), heads, rows)


def curves_npz(record: Record, plane: Tree | None) -> bytes:
    """Every column as "<method>.<column>", and the plane of the live picture: origin (D,), directions (2, D)."""
    arrays: dict[str, Any] = {}
    for method in record.methods:
        arrays |= {f"{method}.{name}": column for name, column in curves_of(record, method).items()}
    if plane is not None:
        arrays |= {"plane.origin": plane["origin"], "plane.directions": plane["directions"]}
    return npz_bytes(record.settings(), arrays)


def slice_settings(tree: Tree, record: Record) -> dict[str, Any]:
    """What was asked of the slice and what it says of itself, beside the run's own settings."""
    return {**look_settings("slice", tree, record), "labels": tree["labels"]}


def slice_csv(tree: Tree, record: Record) -> bytes:
    """The losses, one row per point, and then the paths: kind "loss" at (x, y), or a method's kept weights with their
    true loss, the drawn height and the distance off the plane."""
    x, y, losses = np.asarray(tree["x"]), tree["y"], np.asarray(tree["losses"])
    heads = ["kind", "step", "x", "y", "loss", "drawn", "distance"]
    rows: list[list[Any]] = []
    if y is None:
        rows += [["loss", "", float(a), "", float(loss), "", ""] for a, loss in zip(x, losses, strict=True)]
    else:
        rows += [
            ["loss", "", float(x[i]), float(b), float(losses[j, i]), "", ""]
            for j, b in enumerate(np.asarray(y))
            for i in range(len(x))
        ]
    for method, path in tree["paths"].items():
        for index, step in enumerate(tree["steps"]):
            place = [float(value) for value in path["coordinates"][index]]
            told = [float(path[key][index]) for key in ("true", "drawn", "distance")]
            rows.append([method, int(step), place[0], place[1] if len(place) > 1 else "", *told])
    return csv_bytes(slice_settings(tree, record), heads, rows)


def slice_npz(tree: Tree, record: Record) -> bytes:
    """x, y, losses (m, n), origin and directions of the plane in the weights' space, and every path."""
    arrays = {
        name: tree[name] for name in ("x", "y", "losses", "origin", "directions", "steps") if tree[name] is not None
    }
    for method, path in tree["paths"].items():
        arrays |= {f"{method}.{key}": value for key, value in path.items()}
    return npz_bytes(slice_settings(tree, record), arrays)


def look_settings(kind: str, tree: Tree, record: Record) -> dict[str, Any]:
    """What was asked of a look at a run and what it says of itself, beside the run's own settings."""
    return {**record.settings(), kind: tree["asked"], "said": tree["said"]}


def curvature_csv(tree: Tree, record: Record) -> bytes:
    """One row per method and step; eigenvalues and residuals in columns of their own. Method "" is all of them."""
    most = max((len(row.get("eigenvalues", ())) for row in tree["rows"]), default=0)
    plain = (
        *("loss", "trace", "trace_error", "sharpness", "one_step", "radius", "ascent"),
        *("spectral_product", "path_norm", "products", "problem"),
    )
    heads = ["method", "step", *plain]
    heads += [f"{name}_{k + 1}" for k in range(most) for name in ("eigenvalue", "residual", "converged")]
    rows = []
    for row in sorted(tree["rows"], key=lambda row: (row["method"], row["step"])):
        values = [row["method"], row["step"], *(row.get(key, "") for key in plain)]
        for k in range(most):
            found = row.get("eigenvalues", ())
            values += [row[key][k] if k < len(found) else "" for key in ("eigenvalues", "residuals", "converged")]
        rows.append(values)
    return csv_bytes(look_settings("curvature", tree, record), heads, rows)


def curvature_npz(tree: Tree, record: Record) -> bytes:
    """ "<method or start>.<step>.<name>" of every measurement, and "density.<method>.values" and ".density"."""
    arrays: dict[str, Any] = {}
    for row in tree["rows"]:
        where = f"{row['method'] or 'start'}.{row['step']}"
        said = {key: value for key, value in row.items() if key not in ("method", "step") and value is not None}
        arrays |= {f"{where}.{key}": np.asarray(value) for key, value in said.items()}
    for one in tree["densities"]:
        for key in ("values", "density"):
            arrays[f"density.{one['method']}.{key}"] = np.asarray(one[key])
    return npz_bytes(look_settings("curvature", tree, record), arrays)


def potholes_settings(tree: Tree, record: Record) -> dict[str, Any]:
    """What was asked and found, with the statements' verdicts, beside the run's own settings."""
    claims = [claim for row in tree["rows"] for claim in row.get("claims", ())]
    verdicts = [{key: claim[key] for key in ("statement", "verdict", "counts")} for claim in claims]
    return {**look_settings("potholes", tree, record), "verdicts": verdicts}


OF_DIRECTIONS = ("here", "average", "factors", "first_order_factors")
"""vᵀHv, vᵀH̄v, and how many times what it adds without U a probe adds along v with it: measured, and to first order."""


def potholes_csv(tree: Tree, record: Record) -> bytes:
    """One row per method, kind of directions and direction; of a method without numbers the reason."""
    rows: list[list[Any]] = []
    for row in tree["rows"]:
        if "problem" in row:
            rows.append([row["method"], "", "", *("" for _ in OF_DIRECTIONS), row["problem"]])
            continue
        for group in row["groups"]:
            columns = zip(*(group[key] for key in OF_DIRECTIONS), strict=True)
            rows += [[row["method"], group["kind"], k, *values, ""] for k, values in enumerate(columns, start=1)]
    heads = ["method", "kind", "direction", "here", "average", "factor", "first_order_factor", "problem"]
    return csv_bytes(potholes_settings(tree, record), heads, rows)


def potholes_npz(tree: Tree, record: Record) -> bytes:
    """ "<method>.<kind>.<name>" of every direction, and ".batches": the factor of all of them, batch by batch."""
    arrays: dict[str, Any] = {}
    for row in tree["rows"]:
        for group in row.get("groups", ()):
            where = f"{row['method']}.{group['kind']}"
            arrays |= {f"{where}.{key}": np.array(group[key], dtype=float) for key in OF_DIRECTIONS}
            arrays[f"{where}.batches"] = np.array(group["factor"]["values"], dtype=float)
    return npz_bytes(potholes_settings(tree, record), arrays)
