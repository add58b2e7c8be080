"""Watching a run within a budget, on a clock that the test moves: what is measured when, what it may cost, and the time
that is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from app.network.kinds import TRAIN
from app.network.training.budget import SURFACE, Budget, budget_here, training_here
from app.network.training.job import Progress
from app.network.training.measure import measure
from app.network.training.readings import END_SECONDS, KEPT_BACK
from app.network.training.session import TrainingSession
from optimizers.methods import network_methods
from tests.app.jobs.restarts import Clock

FOUR = ["SGDM", "SAM", "LLQR", "LLQR+SAM"]
EXAMPLES = (1438, 359)


@dataclass
class Costs:
    """Seconds: of a plain step of a method, of a refresh, of one example in inference mode, of the readings of U, of
    the sharpness, and of the choice of a plane before the first step."""

    step: float = 0.01
    refresh: float = 0.0
    example: float = 1e-5
    u: float = 0.02
    steepness: float = 0.3
    sharpness: float = 0.2
    plane: float = 0.0


class FakeSession:
    """A session in which nothing but the clock moves."""

    def __init__(self, clock: Clock, names: list[str], costs: Costs, every: int) -> None:
        self.clock, self.costs = clock, costs
        self.methods = network_methods("kfac", names=names, refresh_every=every)
        self.examples, self.samples, self.boundary = EXAMPLES, True, None
        self.training: Any = SimpleNamespace(names=tuple(names), advance=self.advance, state=None)
        self.done = dict.fromkeys(names, 0)
        self.measured: list[tuple[str, int | None]] = []
        self.read: list[tuple[str, bool]] = []

    @property
    def plane(self) -> None:
        self.clock.now += self.costs.plane

    def advance(self, name: str) -> Any:
        due = self.methods[name].preconditioner.schedule.due(self.done[name])
        self.done[name] += 1
        self.clock.now += self.costs.step * (2 if "SAM" in name else 1) + self.costs.refresh * bool(due)
        return SimpleNamespace(loss=1.0, gradient_evaluations=1, curvature_products=0)

    def evaluate(self, name: str, size: int | None = None) -> dict[str, Any]:
        self.measured.append((name, size))
        self.clock.now += self.costs.example * sum(min(size or of, of) for of in EXAMPLES)
        return {"train_loss": 1.0, "test_loss": 1.0}

    def read_u(self, name: str, steepness: bool) -> dict[str, float]:
        if not self.methods[name].learns:
            return {}
        self.read.append((name, steepness))
        self.clock.now += self.costs.u + self.costs.steepness * steepness
        return {"u_cosine": 1.0, **({"u_steepness": 1.0} if steepness else {})}

    def read_sharpness(self, _name: str) -> dict[str, float]:
        self.clock.now += self.costs.sharpness
        return {"sharpness": 1.0}

    def place(self, _name: str, _done: int) -> dict[str, Any]:
        return {}


@dataclass
class FakeJob:
    """Notes what a run reports and foresees, and when."""

    clock: Clock
    shown: int = -1
    checkpoint: None = None
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    foreseen: dict[int, tuple[float, float | None]] = field(default_factory=dict)

    def report(self, position: int, methods: dict[str, Any]) -> None:
        self.rows.append((position, methods))

    def foresee(self, seconds: float | None) -> None:
        self.foreseen[len(self.foreseen) + 1] = (self.clock.now, seconds)


class Watched:
    """A whole run of so many steps."""

    def __init__(self, names: list[str], steps: int, costs: Costs, every: int = 100, **description: Any) -> None:
        self.clock = Clock()
        self.session = FakeSession(self.clock, names, costs, every)
        self.job = FakeJob(self.clock)
        told = {"steps": steps, "evaluations": 50, "snapshots": 0, "watching": 0.25, **description}
        self.budget = Budget(told["watching"], self.clock)
        self.began = self.clock.now
        progress = Progress(self.session, told, self.job, self.budget, self.clock)  # type: ignore[arg-type]
        progress.begin()
        for t in range(steps):
            progress.step(t)
        self.ended, self.steps = self.clock.now, steps

    @property
    def watching(self) -> float:
        """The part of the run's time that was not spent in steps."""
        return 1 - self.budget.stepped / (self.ended - self.began)

    @property
    def measured(self) -> list[int]:
        """The steps at which losses were measured."""
        return [position for position, rows in self.job.rows if "train_loss" in next(iter(rows.values()))]

    @property
    def sizes(self) -> list[int | None]:
        """The sizes of the samples, None for all examples; the first of all is made for nothing, so that the second has
        its true price."""
        first = self.session.training.names[0]
        return [size for name, size in self.session.measured if name == first]


RUNS = {
    "measuring is cheap": (["SGDM", "SAM"], 300, Costs()),
    "measuring costs as much as the run": (["SGDM", "SAM"], 60, Costs(step=0.016, example=8.5e-5)),
    "the end costs half of what a short run has earned": (["SGDM", "SAM"], 60, Costs(step=0.0044, example=5.2e-5)),
    "far more than the run": (["SGDM", "SAM"], 30, Costs(step=0.09, example=1e-3)),
    "refreshes cost as much as the steps": (FOUR, 500, Costs(step=0.004, refresh=0.4, example=2e-6)),
    "readings of U cost more than losses": (FOUR, 400, Costs(step=0.002, refresh=0.1, example=2e-6, u=0.05)),
}


@pytest.mark.parametrize(("names", "steps", "costs"), RUNS.values(), ids=RUNS)
def test_watching_stays_within_its_share_and_ends_exactly_where_that_can_be_paid(
    names: list[str], steps: int, costs: Costs
) -> None:
    run = Watched(names, steps, costs)
    exact = len(names) * sum(EXAMPLES) * costs.example
    readings = sum(run.session.methods[name].learns for name in names) * (costs.u + costs.steepness)
    # The end may be dearer than what was saved for it by what a short run is granted, and by one reading of U.
    earned = run.budget.earned()
    granted = (max(0.0, END_SECONDS - earned) + readings) / run.budget.stepped
    assert run.watching <= 0.25 + granted + 0.01
    if earned >= END_SECONDS and not readings:
        assert run.ended - run.began <= 1.35 * run.budget.stepped
    if "more than" not in next(key for key, value in RUNS.items() if value[2] is costs):
        assert run.watching <= 0.26
    assert run.measured[0] == 0 and run.measured[-1] == steps
    assert len(run.measured) >= 3, "seldom, but on the way, too"
    affordable = exact <= KEPT_BACK * run.budget.earned()
    assert (run.sizes[-1] is None) or not affordable
    assert [position for position, _ in run.job.rows] == list(range(steps + 1)), "a row for every step all the same"


def test_what_can_be_paid_for_is_measured_when_it_is_due_and_over_all_examples() -> None:
    """As without a budget: the first alone, which nothing has paid for yet, is a sample."""
    run = Watched(["SGDM", "SAM"], 300, Costs(step=0.1))
    free = Watched(["SGDM", "SAM"], 300, Costs(step=0.1), watching=1.0)
    assert run.measured == free.measured == list(range(0, 301, 6))
    assert set(free.sizes) == {None} and set(run.sizes[10:]) == {None} and run.sizes[:2] == [64, 256]


def test_the_first_row_of_a_slow_network_comes_with_the_smallest_sample() -> None:
    run = Watched(["SGDM", "SAM"], 30, Costs(step=1.0, example=0.05))
    assert run.measured[0] == 0 and run.sizes[0] == 64 and 256 not in run.sizes[:2]


def test_sharpness_is_read_a_few_times_and_leaves_the_losses_their_half() -> None:
    names = ["SGDM", "SAM"]
    read = {}
    for share, cost in ((1.0, 0.2), (0.25, 0.2), (0.25, 500.0)):
        run = Watched(names, 300, Costs(step=0.1, sharpness=cost), watching=share)
        read[share, cost] = [at for at, rows in run.job.rows if "sharpness" in rows["SAM"]]
    assert read[1.0, 0.2] == [0, 48, 96, 144, 192, 240, 288, 300]
    assert 3 <= len(read[0.25, 0.2]) <= 7 and read[0.25, 0.2][-1] == 300 and 0 not in read[0.25, 0.2]
    assert len(read[0.25, 500.0]) <= 1, "its price is known after the first"


def test_the_cheapest_is_read_first_and_samples_grow_with_what_is_earned() -> None:
    dear = Watched(FOUR, 400, Costs(step=0.001, example=2e-6, u=0.05, steepness=2.0))
    assert len(dear.measured) > 25, "losses are cheap"
    told = [(name, steep) for name, steep in dear.session.read if not steep]
    assert len(told) < len(dear.measured), "what U does is read more seldom than losses"
    sizes = {step: Watched(["SGDM"], 200, Costs(step=step, example=1e-4)).sizes[2:-1] for step in (0.01, 0.1, 1.0)}
    middles = [float(np.median([size or max(EXAMPLES) for size in found])) for found in sizes.values()]
    assert middles == sorted(middles) and middles[0] < middles[-1]


def test_no_measurement_holds_up_the_steps_for_longer_than_they_have_earned() -> None:
    run = Watched(["SGDM", "SAM"], 200, Costs(step=0.01, example=1e-4))
    when = {step: moment for step, (moment, _) in run.job.foreseen.items()}
    waits = [when[step + 1] - when[step] - 0.03 for step in range(1, 199)]
    assert max(waits) <= run.budget.earned() / 2, "never all at once"
    assert run.watching <= 0.26


FORESEEN = {
    **RUNS,
    "no sample can be paid for on the way": (["SGDM", "SAM"], 30, Costs(step=0.38, example=0.0042, plane=2.0)),
}


@pytest.mark.parametrize(("names", "steps", "costs"), FORESEEN.values(), ids=FORESEEN)
@pytest.mark.parametrize("share", [0.25, 1.0])
def test_the_time_left_is_right_after_a_tenth_of_the_run(
    names: list[str], steps: int, costs: Costs, share: float
) -> None:
    run = Watched(names, steps, costs, watching=share)
    for part in (0.1, 0.2, 0.5, 0.8):
        moment, said = run.job.foreseen[int(part * steps)]
        left = run.ended - moment
        assert said is not None and abs(said - left) <= (0.2 if share < 1 else 0.3) * left, (part, said, left)


def test_nothing_is_said_of_the_time_left_before_two_like_steps_are_known() -> None:
    said = [left for _, left in Watched(FOUR, 400, Costs(step=0.002, refresh=0.1)).job.foreseen.values()]
    assert said[:2] == [None, None], "LLQR's first step learns U, and its second is the first plain one"
    assert None not in said[2:] and said[-1] == 0
    assert Watched(FOUR, 1, Costs()).job.foreseen[1][1] == 0, "nothing is left of it"


def test_a_machine_that_becomes_slower_is_noticed() -> None:
    clock = Clock()
    session = FakeSession(clock, ["SGDM"], Costs(step=0.01), 100)
    job = FakeJob(clock)
    told = {"steps": 1000, "evaluations": 0, "snapshots": 0}
    progress = Progress(session, told, job, Budget(0.25, clock), clock)  # type: ignore[arg-type]
    progress.begin()
    for t in range(1000):
        if t == 300:
            session.costs.step = 0.04
        progress.step(t)
    moment, said = job.foreseen[400]
    assert said == pytest.approx(clock.now - moment, rel=0.3)


def test_a_step_that_was_held_up_by_chance_says_nothing_of_the_others() -> None:
    clock = Clock()
    session = FakeSession(clock, ["SGDM"], Costs(step=0.01), 100)
    job = FakeJob(clock)
    progress = Progress(session, {"steps": 100, "evaluations": 0, "snapshots": 0}, job, Budget(0.25, clock), clock)  # type: ignore[arg-type]
    progress.begin()
    for t in range(100):
        session.costs.step = 0.5 if t == 4 else 0.01
        progress.step(t)
    moment, said = job.foreseen[10]
    assert said == pytest.approx(clock.now - moment, rel=0.01)


def test_the_surface_draws_with_what_the_run_of_its_process_has_earned() -> None:
    assert budget_here() is None, "nothing trains here: nobody waits for what is drawn"
    clock = Clock()
    budget = Budget(0.25, clock)

    def earn(seconds: float) -> None:
        with budget.stepping():
            clock.now += seconds

    with training_here(budget):
        assert budget_here() is budget
        assert not budget.lets_draw
        earn(3.0)  # one second for watching
        assert budget.lets_draw
        budget.draw(SURFACE * 0.9)
        assert budget.lets_draw and budget.left == pytest.approx(1 - SURFACE), "the rest is for the curves"
        budget.draw(SURFACE * 0.2)
        assert not budget.lets_draw and budget.left == pytest.approx(1 - SURFACE)
        earn(3.0)
        assert budget.lets_draw
    assert budget_here() is None
    assert Budget(1.0, Clock()).lets_draw


@pytest.mark.slow
def test_the_standard_error_is_how_far_samples_scatter() -> None:
    description = TRAIN.validate({"network": "mlp", "data": "digits", "methods": ["SGDM"]})
    session = TrainingSession(description)
    for _ in range(30):
        session.training.step()
    whole, theta = session.objective, session.training.state("SGDM").position
    of, n = whole.examples, 64
    exact = measure("train", whole, theta, of)
    assert "sampled" not in exact
    assert exact["train_loss"] == pytest.approx(float(whole.loss(theta)), rel=1e-6)
    right = (whole.outputs(theta).argmax(-1) == whole.data.targets).double().mean()
    assert exact["train_accuracy"] == pytest.approx(float(right), abs=1e-9)
    order = torch.randperm(of, generator=torch.Generator().manual_seed(0))
    found = [measure("train", whole.rows(part), theta, of) for part in order.split(n)[:-1]]
    for quantity in ("loss", "accuracy"):
        values = np.array([one[f"train_{quantity}"] for one in found])
        said = np.array([one["sampled"]["train"][quantity] for one in found])
        # Disjoint parts scatter as independent ones do, about the whole's mean: √(1 − n/N) takes 2 % off.
        scatter = np.sqrt(np.mean((values - exact[f"train_{quantity}"]) ** 2))
        # 22 parts know their own scatter to 15 %.
        assert np.sqrt(np.mean(said**2)) == pytest.approx(scatter, rel=0.4)
    assert found[0]["sampled"]["train"] | {"loss": 0, "accuracy": 0} == {
        **{"examples": n, "of": of},
        **{"loss": 0, "accuracy": 0},
    }


@pytest.mark.slow
def test_of_sequences_the_spread_is_that_of_examples_and_the_loss_that_of_targets() -> None:
    description = TRAIN.validate({"network": "character-transformer", "data": "characters", "methods": ["SGDM"]})
    session = TrainingSession(description)
    few = session.objective.rows(slice(0, 40))
    found = measure("test", few.rows(slice(0, 20)), session.objective.initial, 40)
    sums = [float(few.rows(slice(k, k + 1)).loss(session.objective.initial)) for k in range(20)]
    assert found["test_loss"] == pytest.approx(np.mean(sums), rel=1e-5), "all examples have as many targets"
    assert found["sampled"]["test"]["loss"] == pytest.approx(np.std(sums, ddof=1) * (0.5 / 20) ** 0.5, rel=1e-4)
