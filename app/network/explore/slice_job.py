"""The job kind "slice": the loss on a plane through the weights of a run, with the run's paths projected onto it.

Description: {"run": id of a training job, **controls}, see SLICE_CONTROLS. Its rows, in this order:
  {"plane": {…}}      labels of the axes, x and y, whose weights lie in the middle, the projected paths' coordinates
  {"picture": {…}}    losses (m, n) float32, how many points are exact; more of them follow, each better. Where even a
                      coarse one takes long the first is over a sample of the examples, whose error it tells
  {"honesty": {…}}    for every method: variance captured, distance off the plane, true losses, drawn heights
  {"done": {…}}       evaluations, seconds, error (adaptive) or standard error (sample), a sentence
Result: "slice", a packed tree of all of it in float64, for export. A stop is taken up between two groups of points.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from app.drawing.encoding import encode
from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack
from app.network.explore.frames import asked_plane, data_of, frame
from app.network.explore.run_record import fetch_run
from app.network.training.measure import has_examples
from geometry.networks import NetworkLoss
from geometry.projection_error import path_on_plane
from geometry.slices.adaptive import refined_slices
from geometry.slices.grid import lattice
from geometry.slices.points import point_losses
from geometry.slices.progressive import progressive_slice
from geometry.slices.sampled import sampled_objective, sampled_slice

FIRST_SECONDS = 0.12
"""What the first coarse picture may take."""
INTERVALS = (0.15, 1.0)
"""Seconds between pictures at first, and at most later: the feed keeps them all."""
BLOCK_SECONDS = 0.1
PATIENCE_SECONDS = 5.0
"""Where the first coarse picture would take longer, one over FEW examples comes before it, COARSE lines an axis."""
FEW, FEWEST = 64, 16
COARSE = 5
SAMPLE_SECONDS = 6.0
"""What that one may take; where it would take longer it is over fewer examples, FEWEST at least."""
FEWEST_LINES = 4.0
"""Of an axis, in the first coarse picture over all examples."""
ERROR_POINTS = 11
"""The standard error of a sample is stated on a grid of so many points an axis."""
BUDGETS = {1: 120, 2: 433}
"""Most evaluations of an adaptive line and plane; 433 is a sixth of 51 × 51."""


def run(description: Description, job: JobContext) -> None:
    """Compute and report."""
    job.settings(0)
    Slice(fetch_run(description["run"], job), description, job).compute()


class Slice:
    """One slice on its way. `position` counts evaluations of the picture: it only grows, as a feed's must."""

    def __init__(self, ground: Any, asked: Description, job: JobContext) -> None:
        self.began = time.perf_counter()
        self.ground, self.asked, self.job = ground, asked, job
        self.data = data_of(asked, "slice")
        spot = ground.spot(asked["slice_point"], ground.nearest(asked["slice_moment"]), job)
        self.spot = spot
        self.whole = ground.objective(type(self.data)(self.data.half), spot)
        self.objective = ground.objective(self.data, spot)
        together = ground.paths(job)
        self.paths = dict(zip(ground.methods, together, strict=True))
        going = ground.going(job)
        rows = [ground.methods.index(name) for name in going]
        ahead = together if len(going) == len(ground.methods) else together[rows]  # a copy, which may be large
        self.plane, others = asked_plane(ground, asked, self.objective, spot, ahead, job)
        self.coordinates = {name: self._project(path) for name, path in self.paths.items()}
        self.marks = [
            {"words": one.words, "at": self._project(one.position[None])[0].tolist()} for one in [spot, *others]
        ]
        drawn = [*(self.coordinates[name] for name in going), *(np.array([mark["at"]]) for mark in self.marks)]
        self.x, self.y = frame(asked, self.plane, np.concatenate(drawn))
        self.points = self.x.size * (1 if self.y is None else self.y.size)
        self.shadows: dict[str, Any] = {}
        self.seconds_of_few = 0.0
        job.total = self.points + 3

    def compute(self) -> None:
        """All rows, and the result."""
        self.report_plane()
        losses, said = {"progressive": self.progressive, "adaptive": self.adaptive, "exact": self.exact}[
            self.asked["slice_way"]
        ]()
        if not self.shadows:
            self.report_honesty(self.points + 1)
        said["seconds"] = time.perf_counter() - self.began
        said |= self.standard_error()
        said["low"], said["high"] = float(np.nanmin(losses)), float(np.nanmax(losses))
        said["sentence"] = self.sentence(losses, said)
        self.keep(losses, said)
        self.job.report(self.points + 3, done=said)

    def report_plane(self) -> None:
        """What the picture will show."""
        self.job.report(
            0,
            plane={
                "axes": self.plane.axes,
                "labels": list(self.plane.labels),
                "kind": self.plane.kind,
                "normalisation": self.plane.normalisation,
                "x": encode(self.x),
                "y": None if self.y is None else encode(self.y),
                "around": self.spot.words,
                "step": self.spot.step,
                "steps": self.ground.steps,
                "marks": self.marks,
                "dimension": self.objective.dimension,
                "examples": self.objective.examples,
                "of_examples": self.whole.examples,
                "half": self.data.half,
                "paths": {name: encode(path) for name, path in self.coordinates.items()},
            },
        )

    def progressive(self) -> tuple[np.ndarray, dict[str, Any]]:
        """Coarse, then exact."""
        interval, found = INTERVALS[0], None
        stride = self._coarsest_at_once()
        if stride is None:
            self.report_sample()
            stride = self._coarsest_of(math.inf)
        pictures = progressive_slice(
            self.objective,
            self.plane,
            self.x,
            self.y,
            coarsest=stride,
            interval=INTERVALS[0],
            between=lambda: self.job.settings(0),
        )
        shown = 0.0
        for found in pictures:
            evaluated = int(found.evaluated.sum())
            self.job.settings(evaluated)
            now = time.perf_counter()
            if now - shown >= interval or evaluated == self.points:
                self.picture(1 + evaluated, found.losses, evaluated, stride=found.stride)
                interval = min(INTERVALS[1], 1.2 * interval) if shown else interval
                shown = now
            if not self.shadows:
                self.report_honesty(2 + evaluated)
        assert found is not None
        return found.losses, {"way": "progressive", "evaluations": self.points}

    def exact(self) -> tuple[np.ndarray, dict[str, Any]]:
        """Every point, drawn at the end; `done` tells how far it is."""
        evaluate = point_losses(self.objective, self.plane, between=lambda: self.job.settings(0))
        points = lattice(self.x, self.y)
        found, start, together = np.empty(len(points)), 0, 4
        while start < len(points):
            began = time.perf_counter()
            some = slice(start, start + together)
            found[some] = evaluate.losses(points[some])
            start = min(len(points), start + together)
            self.job.settings(start)
            self.job.report(start, evaluated=start)
            together = max(1, min(2 * together, int(BLOCK_SECONDS * together / (time.perf_counter() - began + 1e-9))))
        losses: np.ndarray = found if self.y is None else found.reshape(self.y.size, self.x.size)
        self.report_honesty(self.points + 1)
        self.picture(self.points + 2, losses, self.points)
        return losses, {"way": "exact", "evaluations": self.points}

    def adaptive(self) -> tuple[np.ndarray, dict[str, Any]]:
        """From few points, refined where interpolation errs."""
        ends = [(float(axis[0]), float(axis[-1])) for axis in (self.x, self.y) if axis is not None]
        found = None
        for found in refined_slices(
            self.objective,
            self.plane,
            ends[0],
            ends[1] if len(ends) > 1 else None,
            tolerance=self.asked["slice_tolerance"] / 100,
            max_evaluations=BUDGETS[self.plane.axes],
            logarithmic=self.asked["slice_scale"] == "log",
            seed=self.asked["slice_seed"],
        ):
            self.job.settings(found.evaluations)
            losses = found.losses(self.x, self.y)
            self.picture(1 + found.evaluations, losses, found.evaluations, error=found.relative_error)
            if not self.shadows:
                self.report_honesty(2 + found.evaluations)
        assert found is not None
        said = {
            "way": "adaptive",
            "evaluations": found.evaluations,
            "error": found.error,
            "fresh": found.fresh,
            "relative_error": found.relative_error,
            "tolerance": found.tolerance,
            "met": found.met,
            "logarithmic": found.logarithmic,
            "described": found.describe(),
        }
        return found.losses(self.x, self.y), said

    def picture(self, position: int, losses: np.ndarray, evaluated: int, **more: Any) -> None:
        """A row with the picture so far."""
        self.job.report(position, picture={"losses": encode(losses), "evaluated": evaluated, **more})

    def report_sample(self) -> None:
        """A coarse picture over a few of the examples, and its standard error."""
        from scipy.interpolate import RegularGridInterpolator  # half a second that no other job needs

        axes = [axis for axis in (self.x, self.y) if axis is not None]
        few, points = FEW, COARSE**self.plane.axes
        while few > FEWEST and self.seconds_of_few * points * few / FEW > SAMPLE_SECONDS:
            few //= 2
        losses, errors = self._sampled(self.objective, few, COARSE, 0)
        between = RegularGridInterpolator([_few(axis, COARSE) for axis in reversed(axes)], losses)
        everywhere = np.stack(np.meshgrid(*reversed(axes), indexing="ij"), axis=-1)
        sampled = {"examples": few, "standard_error": float(np.median(errors))}
        self.picture(1, between(everywhere), 0, sampled=sampled)

    def _sampled(
        self, objective: NetworkLoss, samples: int, lines: int, position: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Losses over a sample and their standard errors, on so many lines of each axis."""
        rows = []
        for y in [None] if self.y is None else _few(self.y, lines)[:, None]:
            self.job.settings(position)
            some = _few(self.x, lines)
            rows.append(sampled_slice(objective, self.plane, some, y, samples=samples, seed=self.data.seed))
        return np.concatenate([row.losses for row in rows]), np.concatenate([row.standard_error for row in rows])

    def report_honesty(self, position: int) -> None:
        """What the projection of every path leaves out."""
        for name, path in self.paths.items():
            self.job.settings(position)
            true = self.ground.true_losses(name, self.data, self.job)
            self.shadows[name] = path_on_plane(self.objective, self.plane, path, true, together=1)
        self.job.report(
            position,
            honesty={
                name: {
                    "captured": shadow.variance_captured,
                    "distance": encode(shadow.distance),
                    "displacement": encode(shadow.displacement),
                    "true": encode(shadow.loss),
                    "drawn": encode(shadow.drawn),
                }
                for name, shadow in self.shadows.items()
            },
        )

    def standard_error(self) -> dict[str, Any]:
        """Of a sample: the standard error of its level, on a coarse grid; nothing for whole data."""
        if self.objective.examples == self.whole.examples:
            return {}

        _, errors = self._sampled(self.whole, self.objective.examples, ERROR_POINTS, self.points)
        return {
            "standard_error": float(np.median(errors)),
            "largest_standard_error": float(errors.max()),
            "error_points": int(errors.size),
        }

    def sentence(self, losses: np.ndarray, said: dict[str, Any]) -> str:
        """The slice in words, for people who listen."""
        size = f"{self.x.size} points" if self.y is None else f"{self.x.size} × {self.y.size} points"
        whole = self.objective.examples == self.whole.examples
        half = {"train": "training", "test": "test"}[self.data.half]
        over = f"all {self.whole.examples}" if whole else f"{self.objective.examples} of {self.whole.examples}"
        what = "exact" if said["way"] != "adaptive" else said["described"]
        parts = [
            f"{'Line' if self.y is None else 'Plane'} around {self.spot.words}: {'; '.join(self.plane.labels)}.",
            f"Loss over {over} {half} examples from {said['low']:.3g} to {said['high']:.3g} on {size}, {what}.",
        ]
        if not whole:
            parts.append(
                f"Standard error of the sampled loss: {said['standard_error']:.2g} in the middle of "
                f"{said['error_points']} points, at most {said['largest_standard_error']:.2g}."
            )
        parts += [f"{name}: at its last kept weights {shadow.describe()}." for name, shadow in self.shadows.items()]
        return " ".join(parts)

    def keep(self, losses: np.ndarray, said: dict[str, Any]) -> None:
        """The result, in float64."""
        paths = {
            name: {
                "coordinates": shadow.coordinates,
                "distance": shadow.distance,
                "displacement": shadow.displacement,
                "true": shadow.loss,
                "drawn": shadow.drawn,
                "captured": float(shadow.variance_captured),
            }
            for name, shadow in self.shadows.items()
        }
        tree = {
            "asked": self.asked,
            "x": self.x,
            "y": self.y,
            "losses": losses,
            "origin": self.plane.origin,
            "directions": self.plane.directions,
            "labels": list(self.plane.labels),
            "steps": list(self.ground.steps),
            "paths": paths,
            "said": said,
        }
        self.job.keep_result("slice", pack(tree))

    def _project(self, positions: Any) -> np.ndarray:
        return self.plane.project(positions).double().cpu().numpy()

    def _coarsest_at_once(self) -> int | None:
        """Stride of the first picture, such that it is there in time: 8 × 8 points at most, 4 × 4 at least; None where
        that takes so long that a sample is to be shown first."""
        objective = self.objective
        if objective.examples > FEW and has_examples(objective):
            self.seconds_of_few = self._seconds_of_a_point(sampled_objective(objective, FEW), 2)
            each = self.seconds_of_few * objective.examples / FEW
            if each * FEWEST_LINES**self.plane.axes > PATIENCE_SECONDS:
                return None
        return self._coarsest_of(self._seconds_of_a_point(objective))

    def _seconds_of_a_point(self, objective: NetworkLoss, times: int = 1) -> float:
        """The least of so many, after one that pays for what is loaded once."""
        evaluate = point_losses(objective, self.plane, between=lambda: self.job.settings(0))
        middle = np.zeros((1, self.plane.axes))
        evaluate.losses(middle)
        seconds = []
        for _ in range(times):
            self.job.settings(0)
            began = time.perf_counter()
            evaluate.losses(middle)
            seconds.append(time.perf_counter() - began)
        return min(seconds)

    def _coarsest_of(self, each: float) -> int:
        """Stride of the first picture where a point takes so many seconds."""
        wanted = FIRST_SECONDS / max(each, 1e-9)
        lines = min(8.0, max(FEWEST_LINES, wanted if self.y is None else wanted**0.5))
        stride = 1
        while (self.x.size - 1) / stride + 1 > lines:
            stride *= 2
        return stride


def _few(axis: np.ndarray, count: int) -> np.ndarray:
    """So many of an axis's points, its ends among them."""
    return axis[np.unique(np.linspace(0, axis.size - 1, count).round().astype(int))]
