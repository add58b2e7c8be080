"""The job kind "curvature": eigenvalues, trace, spectral density and SAM sharpness at kept weights of a run.

Description: {"run": id of a training job, **controls}, see CURVATURE_CONTROLS. Its rows:
  {"about": {…}}      data, methods, the steps that are measured
  {"measured": {…}}   one method at one step: eigenvalues with residuals, trace with standard error, sharpness
  {"density": {…}}    one method at its last step: λ (points,), p(λ) (points,), float32
  {"done": {…}}       Hessian products, seconds, a sentence
The last kept weights come first. Result: "curvature", a packed list of all of it.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from app.drawing.encoding import encode
from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack
from app.network.explore.frames import data_of
from app.network.explore.interruptible import Watched
from app.network.explore.run_record import fetch_run
from app.network.explore.weight_norms import read_weight_norms
from app.state.numbers_as_text import number
from geometry.curvature import hessian_trace, sam_sharpness, spectral_density, top_eigenvalues
from geometry.networks import NetworkLoss

DENSITY_POINTS = 300
MAXIMUM_PRODUCTS = 1000


def run(description: Description, job: JobContext) -> None:
    """Measure and report."""
    job.settings(0)
    began = time.perf_counter()
    ground, data = fetch_run(description["run"], job), data_of(description, "curvature")
    steps = moments(ground.steps, description)
    places = [(step, name) for step in steps for name in ground.methods]
    # All methods start at the same weights: they are measured once.
    places = [place for place in places if not ground.shared(place[0]) or place[1] == ground.methods[0]]
    densities = [(steps[0], name) for name in ground.methods] if description["curvature_lanczos"] else []
    job.total = len(places) + len(densities) + 1
    objective = ground.objective(data, ground.start)
    job.report(
        0,
        about={
            "steps": sorted(steps),
            "methods": ground.methods,
            "half": data.half,
            "examples": objective.examples,
            "dimension": objective.dimension,
        },
    )
    rows: list[dict[str, Any]] = []
    spectra: list[dict[str, Any]] = []
    for step, name in places:
        rows.append(measured(ground, name, step, data, description, job))
        job.report(len(rows), measured=rows[-1])
    for step, name in densities:
        spectra.append(density(ground, name, step, data, description, job))
        shown = {**spectra[-1], "values": encode(spectra[-1]["values"]), "density": encode(spectra[-1]["density"])}
        job.report(len(rows) + len(spectra), density=shown)
    said = {
        "products": sum(row["products"] for row in (*rows, *spectra)),
        "seconds": time.perf_counter() - began,
        "sentence": sentence(rows, description),
    }
    job.keep_result("curvature", pack({"asked": description, "rows": rows, "densities": spectra, "said": said}))
    job.report(job.total, done=said)


def moments(kept: list[int], asked: Description) -> list[int]:
    """The steps to measure at: the last kept, and along the run evenly spaced ones of those kept, from the end on."""
    if asked["curvature_when"] == "end":
        return [kept[-1]]
    places = np.linspace(len(kept) - 1, 0, min(asked["curvature_moments"], len(kept))).round().astype(int)
    return [kept[place] for place in dict.fromkeys(places.tolist())]


def measured(ground: Any, name: str, step: int, data: Any, asked: Description, job: JobContext) -> dict[str, Any]:
    """One row: the numbers at a method's weights, or a sentence why there are none."""
    began = time.perf_counter()
    spot = ground.kept([step], job)[step][name]
    row: dict[str, Any] = {"method": "" if ground.shared(step) else name, "step": step, "products": 0}
    if not spot.finite:
        return {**row, "problem": "the weights are not finite"}
    try:
        found = _numbers(ground.objective(data, spot), spot.position, asked, job)
    except (ArithmeticError, ValueError) as error:  # where the method has diverged
        return {**row, "problem": str(error)}
    return {**row, **found, "seconds": time.perf_counter() - began}


def _numbers(plain: NetworkLoss, theta: torch.Tensor, asked: Description, job: JobContext) -> dict[str, Any]:
    """What is measured at weights θ (D,). ValueError with a sentence where the curvature is not defined."""
    objective, seed = Watched(plain, job), asked["curvature_seed"]
    count = min(asked["curvature_count"], objective.dimension)
    values = top_eigenvalues(
        objective, theta, count, tolerance=asked["curvature_tolerance"], max_products=MAXIMUM_PRODUCTS, seed=seed
    )
    trace = hessian_trace(objective, theta, asked["curvature_probes"], seed=seed)
    sharpness = sam_sharpness(objective, theta, asked["curvature_radius"], asked["curvature_ascent"], seed=seed)
    return {
        "loss": float(objective.loss(theta)),
        "eigenvalues": values.values.tolist(),
        "residuals": values.residuals.tolist(),
        "converged": values.converged.tolist(),
        "eigenvalue_products": values.products,
        "trace": trace.value,
        "trace_error": trace.standard_error,
        "probes": trace.probes,
        "sharpness": sharpness.value,
        "one_step": sharpness.one_step,
        "rises": sharpness.rises.tolist(),
        "radius": sharpness.radius,
        "ascent": sharpness.steps,
        **read_weight_norms(plain, theta),
        "products": values.products + trace.probes,
    }


def density(ground: Any, name: str, step: int, data: Any, asked: Description, job: JobContext) -> dict[str, Any]:
    """The spectral density at a method's weights; its trace is a by-product to compare with."""
    spot = ground.kept([step], job)[step][name]
    row: dict[str, Any] = {"method": name, "step": step, "products": 0, "values": np.empty(0), "density": np.empty(0)}
    if not spot.finite:
        return {**row, "problem": "the weights are not finite"}
    try:
        found = spectral_density(
            Watched(ground.objective(data, spot), job),
            spot.position,
            probes=asked["curvature_starts"],
            steps=asked["curvature_lanczos"],
            seed=asked["curvature_seed"],
        )
    except (ArithmeticError, ValueError) as problem:
        return {**row, "problem": str(problem)}
    values, height = found.density(DENSITY_POINTS)
    trace, error = found.trace
    return {
        **row,
        "values": values,
        "density": height,
        "trace": trace,
        "trace_error": error,
        "starts": asked["curvature_starts"],
        "steps": int(found.nodes.shape[1]),
        "products": found.products,
    }


def sentence(rows: list[dict[str, Any]], asked: Description) -> str:
    """The last weights' numbers in words, for people who listen."""
    last = max(row["step"] for row in rows)
    parts = []
    for row in rows:
        if row["step"] != last:
            continue
        name = row["method"] or "The first weights"
        if "problem" in row:
            parts.append(f"{name}: {row['problem']}.")
            continue
        good = "" if row["converged"][0] else ", not converged"
        largest, residual = number(row["eigenvalues"][0]), number(row["residuals"][0], 1)
        parts.append(
            f"{name}: largest eigenvalue {largest} (residual {residual}{good}), trace {number(row['trace'])} ± "
            f"{number(row['trace_error'], 1)}, sharpness {number(row['sharpness'], 3)} within radius "
            f"{number(row['radius'])} in {row['ascent']} ascent steps."
        )
    fine = [row for row in rows if row["step"] == last and "problem" not in row and row["method"]]
    if len(fine) > 1:
        flattest = min(fine, key=lambda row: row["eigenvalues"][0])
        parts.append(f"The smallest largest eigenvalue at step {last} is that of {flattest['method']}.")
    missed = sum(not all(row["converged"]) for row in rows if "problem" not in row)
    if missed:
        parts.append(
            f"At {missed} of {len(rows)} places not all {asked['curvature_count']} eigenvalues converged to a residual "
            f"of {number(asked['curvature_tolerance'])} of the largest."
        )
    return " ".join(parts)
