"""The job kind "fairness": every method tuned with the same effort on one seed, then judged on others.

Its rows: {"position": steps planned so far, of all methods, settings and seeds together}; with "waiting" where it gives
way; with "tuned" where a method's round has ended; with "judged" at the end of a seed (see messages). Every method's
first round comes first, so that there is soon something to see. Its checkpoint holds every trial that has come to its
end, and is kept at the end too: a job that is told to go on "after" another of the same settings begins with what that
one has.
"""

from __future__ import annotations

from typing import Any

from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack, unpack
from app.network.fairness.judge import find
from app.network.fairness.tuning import Score, best_of, rounds_of, settings_of
from app.network.resumed import Pace, find_checkpoint
from app.network.statements.trial import MEASUREMENTS, train_one
from app.network.training.first_fit import fit, steps_of
from app.network.training.problem import TrainingProblem, make_problem
from app.network.training.session import TrainingSession
from optimizers.methods import NETWORK_METHODS

OWN = ("kind", "preset", "seeds", "after")
"""What two jobs may differ in whose trials are the same."""
APART = 10_000
"""From the page's seed to that which is tuned on: none that it is judged on."""


def run(description: Description, job: JobContext) -> None:
    """Tune, judge, from the last checkpoint or from where an earlier job was."""
    Comparing(description, job).run()


class Comparing:
    """The trials of a fair comparison, made one after the other. `tried`: per method and round {setting: score};
    `spent`: per method [gradient evaluations, processor seconds] of its tuning; `judged`: {seed: {method: trial}}."""

    def __init__(self, description: Description, job: JobContext) -> None:
        self.description, self.job = description, job
        self.names: list[str] = description["methods"]
        effort = int(description["effort"])
        self.grids = {name: settings_of(NETWORK_METHODS[name].tunables, effort) for name in self.names}
        self.rounds = rounds_of(effort, description["steps"])
        kept = find_checkpoint(description, job, OWN)
        known = unpack(kept) if kept is not None else {"tried": {}, "spent": {}, "judged": {}}
        self.tried: dict[str, list[dict[int, Score]]] = {name: [{} for _ in self.rounds] for name in self.names}
        for name, rounds in known["tried"].items():
            for mine, found in zip(self.tried[name], rounds, strict=True):
                mine.update({int(index): tuple(score) if score else None for index, score in found.items()})
        self.spent: dict[str, list[float]] = {name: known["spent"].get(name, [0.0, 0.0]) for name in self.names}
        self.judged: dict[int, dict[str, Any]] = {int(seed): own for seed, own in known["judged"].items()}
        self.position = 0
        self._first = steps_of(description)
        self._found: TrainingProblem | None = None
        """Of the seed that was trained from last, at the weights that its runs begin from."""

    def run(self) -> None:
        """All of it."""
        steps, seeds = self.description["steps"], range(self.description["seed"], self._end)
        of_each = sum(count * each for count, each in self.rounds) + len(seeds) * steps
        self.job.total = len(self.names) * of_each + (1 + len(seeds)) * self._first
        self.position = self._first
        for index, (count, each) in enumerate(self.rounds):
            for name in self.names:
                self._tune(name, index, count, each)
                self.job.report(self.position, tuned=[self.told(one) for one in self.names])
        for number, seed in enumerate(seeds):
            able = [name for name in self.names if self.best(name) is not None]
            own = self.judged.setdefault(seed, {})
            self.position += self._first
            for name in able:
                if name not in own:
                    own[name] = self._train(name, seed, self.grids[name][self.best(name) or 0], steps)
                self.position += steps
            self.position += (len(self.names) - len(able)) * steps
            whole = {one: self.judged[one] for one in seeds[: number + 1]}
            if len(able) > 1:
                self.job.report(self.position, judged=find(whole, able, self.description["goal"]))
            else:
                self.job.report(self.position)
        self.job.keep_checkpoint(self.position, self.packed())

    @property
    def _end(self) -> int:
        return int(self.description["seed"] + self.description["seeds"])

    def _tune(self, name: str, index: int, count: int, steps: int) -> None:
        """One round of a method."""
        begun, scores = self.position, self.tried[name][index]
        grid = self.grids[name]
        for place in range(len(grid)) if index == 0 else best_of(self.tried[name][index - 1], count):
            if place not in scores:
                trial = self._train(name, self.description["seed"] + APART, grid[place], steps, 1)
                scores[place] = self._score(trial)
                for key, cost in enumerate(("evaluations", "seconds")):
                    self.spent[name][key] += trial[cost][-1] if trial.get(cost) else 0.0
            self.position += steps
        self.position = begun + count * steps

    def _score(self, trial: dict[str, Any]) -> Score:
        if trial["stopped"]:
            return None
        goal = self.description["goal"]
        if goal not in trial:
            raise ValueError("these data have no classes to be right about: tune for a loss")
        value = trial[goal][-1]
        return (-value if goal == "test_accuracy" else value, trial["train_loss"][-1])

    def _train(
        self, name: str, seed: int, setting: dict[str, float], steps: int, measurements: int = MEASUREMENTS
    ) -> dict[str, Any]:
        told = {**self.description, **setting, "seed": seed, "methods": [name]}
        if self._found is None or self._found.description["seed"] != seed:
            found = make_problem(told, self.job.worker)
            self._found = fit(found, Pace(self.job, self.packed, self.position - self._first))
        session = TrainingSession(told, found=self._found)
        return train_one(session, name, steps, Pace(self.job, self.packed, self.position), measurements)

    def best(self, name: str) -> int | None:
        """The setting that is best in the last round that one came to its end in; None before there is one."""
        for scores in reversed(self.tried[name]):
            for place in best_of(scores, 1):
                return place
        return None

    def told(self, name: str) -> dict[str, Any]:
        """What is known of a method's settings; see messages."""
        grid, sign = self.grids[name], -1 if self.description["goal"] == "test_accuracy" else 1
        first = [self.tried[name][0].get(place) for place in range(len(grid))]
        return {
            "method": name,
            "rates": [one["learning_rate"] for one in grid],
            "radii": [one["radius"] for one in grid] if "radius" in grid[0] else [],
            "values": [None if score is None else sign * score[0] for score in first],
            "steps": self.rounds[0][1],
            "best": self.best(name),
            "evaluations": self.spent[name][0],
            "seconds": self.spent[name][1],
        }

    def packed(self) -> bytes:
        """Every trial that has come to its end."""
        tried = {
            name: [{str(place): list(score) if score else None for place, score in one.items()} for one in rounds]
            for name, rounds in self.tried.items()
        }
        judged = {str(seed): own for seed, own in self.judged.items()}
        return pack({"tried": tried, "spent": self.spent, "judged": judged})
