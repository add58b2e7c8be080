"""The job kind "rescaling": the network of a run, rescaled, computes the same and is sharper or flatter.

Description: {"run": id of a training job, **controls}, see RESCALING_CONTROLS. Its rows:
  {"about": {…}}      whose weights, the two layers, the slices' coordinates x
  {"measured": {…}}   for α = 1 and for the factor asked for: largest differences of outputs and loss, top eigenvalue,
                      trace, sharpness, differences of the slices, and two lines through the weights (float32)
  {"done": {…}}       seconds, a sentence
Result: "rescaling", a packed list of all of it.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from app.drawing.encoding import encode
from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack
from app.network.explore.interruptible import Watched
from app.network.explore.run_record import Data, fetch_run
from app.network.explore.weight_norms import read_weight_norms
from app.state.numbers_as_text import number
from geometry.plane import Plane
from geometry.rescaling import rescaled, rescalings
from geometry.slices import evaluate_slice, slice_plane

LINE_POINTS = 61
ASCENT = 10


def run(description: Description, job: JobContext) -> None:
    """Demonstrate and report."""
    job.settings(0)
    began = time.perf_counter()
    ground = fetch_run(description["run"], job)
    spot = ground.spot(description["rescaling_point"], ground.steps[-1], job)
    objective = ground.objective(Data("train"), spot)
    factors = list(dict.fromkeys((1.0, description["rescaling_factor"])))
    job.total = len(factors) + 1
    x, layers = np.linspace(-1, 1, LINE_POINTS), [layer.name for layer in objective.layout.layers[:2]]
    about = {"around": spot.words, "layers": layers, "x": encode(x), "examples": objective.examples, "factors": factors}
    job.report(0, about=about)
    rows: list[dict[str, Any]] = []
    found = rescalings(
        objective,
        spot.position,
        tuple(factors),
        radius=description["rescaling_radius"],
        steps=ASCENT,
        seed=description["rescaling_seed"],
        watch=lambda plain: Watched(plain, job),
    )
    for one in found:
        job.settings(len(rows))
        lines = two_lines(objective, spot.position, one.factor, x, description["rescaling_seed"])
        rows.append(
            {
                "factor": one.factor,
                "loss_difference": one.loss_difference,
                "output_difference": one.output_difference,
                "eigenvalue": float(one.eigenvalues.values[0]),
                "residual": float(one.eigenvalues.residuals[0]),
                "converged": bool(one.eigenvalues.converged[0]),
                "products": one.eigenvalues.products,
                "trace": one.trace.value,
                "trace_error": one.trace.standard_error,
                "probes": one.trace.probes,
                "sharpness": one.sharpness.value,
                "radius": one.sharpness.radius,
                "ascent": one.sharpness.steps,
                **read_weight_norms(objective, rescaled(spot.position, objective.layout, one.factor)),
                "slice_difference": one.slice_difference,
                "plain_slice_difference": one.plain_slice_difference,
                **lines,
            }
        )
        shown = {**rows[-1], **{name: encode(line) for name, line in lines.items()}}
        job.report(len(rows), measured=shown)
    said = {"seconds": time.perf_counter() - began, "sentence": sentence(rows)}
    job.keep_result("rescaling", pack({"asked": description, "x": x, "rows": rows, "said": said}))
    job.report(job.total, done=said)


def two_lines(objective: Any, theta: Any, factor: float, x: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """The loss along a filter-normalised random direction at T_α θ, and along the same direction unscaled, of length
    ‖θ‖ for every α."""
    moved = rescaled(theta, objective.layout, factor)
    filtered = slice_plane(objective, moved, "random", "filter", seed, axes=1)
    fixed = slice_plane(objective, theta, "random", "none", seed, axes=1).directions * float(theta.double().norm())
    return {
        "filter_line": evaluate_slice(objective, filtered, x),
        "plain_line": evaluate_slice(objective, Plane(moved, fixed), x),
    }


def _norms(one: dict[str, Any], other: dict[str, Any]) -> str:
    """What becomes of the two norms, as far as the network has them."""
    named = {"The product of the layers’ spectral norms": "spectral_product", "The path norm": "path_norm"}
    found = {words: (one[key], other[key]) for words, key in named.items() if one[key] is not None}
    return "".join(f"{words} goes from {a:.4g} to {b:.4g}. " for words, (a, b) in found.items())


def sentence(rows: list[dict[str, Any]]) -> str:
    """What was found, in words."""
    if len(rows) < 2:
        return "With α = 1 nothing is rescaled: choose another factor."
    one, other = rows
    return (
        f"Rescaled by α = {other['factor']:g} the network’s outputs differ by at most "
        f"{number(100 * other['output_difference'], 1)} % of the largest and its loss by "
        f"{number(abs(other['loss_difference']), 1)}: the same function. Its largest eigenvalue goes from "
        f"{number(one['eigenvalue'])} to {number(other['eigenvalue'])}, its sharpness within radius "
        f"{number(other['radius'])} from {number(one['sharpness'], 3)} to {number(other['sharpness'], 3)} "
        f"({other['ascent']} ascent steps). {_norms(one, other)}The slice along unscaled directions changes by up to "
        f"{number(100 * other['plain_slice_difference'], 3)} % of its range, the filter-normalised one by "
        f"{number(100 * other['slice_difference'], 1)} %."
    )
