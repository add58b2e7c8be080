"""What an exercise asks for, checked by the engine: conditions on how runs end and on the controls that may be turned.

A goal is a list of conditions with semicolons between them; all have to hold:

    SAM leaves               its run arrives in the flat basin, to stay there; also: stays, diverges
    LLQR+SAM before SAM      it arrives, and earlier than the other, which may not arrive at all
    radius <= 0.2            a control of the toy lab, by its name in links; also >=

Everything else that decides the run has to be as the exercise's link has it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from app.lecture.messages import GoalAnswer, GoalCondition
from app.state.control import Control, NumberControl, shorten
from app.state.numbers_as_text import number
from app.state.schema import BadRequest, State
from app.toy.batch import run_alone
from app.toy.controls import controls_of
from app.toy.frozen import say_value
from app.toy.request import ToyReading, read_link, read_state, request_of
from optimizers.run import Run

ENDINGS = {"leaves": "reached", "diverges": "diverged", "stays": None}
"""What a goal may say of a run → its outcome; to stay is neither to arrive nor to diverge."""
ENDING = re.compile(rf"(\S+)\s+({'|'.join(ENDINGS)})$")
ORDER = re.compile(r"(\S+)\s+before\s+(\S+)$")
BOUND = re.compile(r"(\S+)\s*(<=|>=)\s*(\S+)$")
MOST_CONDITIONS = 8
SHAPE = "“SAM leaves” (or stays, diverges), “LLQR+SAM before SAM” or “radius <= 0.2”"


@dataclass(frozen=True)
class Condition:
    """One condition: `subject` ends as `wanted` says, comes before the method `wanted`, or is within the bound."""

    kind: str  # "ending", "order", "<=", ">="
    subject: str
    wanted: Any
    title: str = ""
    """Of the control that is bounded."""

    @property
    def words(self) -> str:
        """What has to hold, for who reads it."""
        joined = {"ending": "", "order": "arrives before ", "<=": "at most ", ">=": "at least "}[self.kind]
        wanted = number(self.wanted, 6) if self.title else self.wanted
        return f"{self.title or self.subject} {joined}{wanted}"

    def check(self, state: Mapping[str, Any], runs: Mapping[str, Run]) -> GoalCondition:
        """Whether it holds, in words."""
        if self.kind == "ending":
            outcome = str(runs[self.subject].outcome)
            ended = "stays" if outcome not in ENDINGS.values() else next(k for k, v in ENDINGS.items() if v == outcome)
            found = f"{self.subject} {runs[self.subject].describe_outcome()}"
            return {"wanted": self.words, "holds": ended == self.wanted, "found": found}
        if self.kind == "order":
            first, second = (int(runs[name].arrival) for name in (self.subject, self.wanted))
            found = " and ".join(f"{name} {_arrival(runs[name])}" for name in (self.subject, self.wanted))
            holds = first >= 0 and (second < 0 or first < second)
            return {"wanted": self.words, "holds": holds, "found": found}
        value = state[self.subject]
        holds = value <= self.wanted if self.kind == "<=" else value >= self.wanted
        return {"wanted": self.words, "holds": holds, "found": f"it is {number(value, 6)}"}

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods whose runs it is about."""
        return {"ending": (self.subject,), "order": (self.subject, self.wanted)}.get(self.kind, ())


def parse_goal(text: str, reading: ToyReading) -> tuple[Condition, ...]:
    """The conditions of a goal on the state of its link; ValueError with one sentence for the first that is none."""
    parts = [" ".join(part.split()) for part in text.split(";") if part.strip()]
    if not 0 < len(parts) <= MOST_CONDITIONS:
        raise ValueError(f"there must be one to {MOST_CONDITIONS} conditions, with semicolons between them.")
    return tuple(_parse_condition(part, reading) for part in parts)


def _parse_condition(text: str, reading: ToyReading) -> Condition:
    numbers = {name: c for name, c in _controls(reading).items() if isinstance(c, NumberControl)}
    if found := BOUND.match(text):
        name, sign, number = found.groups()
        if name not in numbers:
            raise ValueError(f"there is no control “{shorten(name)}” with numbers.")
        try:
            bound = numbers[name].read(float(number))
        except (ValueError, TypeError):
            raise ValueError(f"“{shorten(number)}” is no number.") from None
        if bound[1]:
            raise ValueError(f"{bound[1]}")
        return Condition(sign, name, bound[0], numbers[name].title)
    if found := ENDING.match(text):
        condition = Condition("ending", found[1], found[2])
    elif found := ORDER.match(text):
        condition = Condition("order", found[1], found[2])
    else:
        raise ValueError(f"“{shorten(text)}” is not like {SHAPE}.")
    for name in condition.methods:
        if name not in reading.state["methods"]:
            raise ValueError(f"“{shorten(text)}” is about a method that the link does not show: {shorten(name)}.")
    return condition


def find_goal_faults(link: str, goal: str, turn: Collection[str], solution: str) -> list[tuple[str, str]]:
    """(key of the scene, sentence) for what is wrong with an exercise; whether its solution solves it is not asked."""
    path, _, query = link.partition("?")
    if path != "/":
        return [("goal", "a goal is for the toy lab, whose links begin with “/?”.")]
    reading = read_link(query)
    try:
        parse_goal(goal, reading)
    except ValueError as error:
        return [("goal", str(error))]
    names = [part.partition("=")[0] for part in solution.split("&")]
    for name in names:
        if name not in turn:
            return [("solution", f"it sets “{shorten(name)}”, which may not be turned.")]
    return [("solution", fault) for fault in read_link(f"{query}&{solution}").faults()[:1]]


def describe_exercise(link: str, goal: str, turn: Collection[str], solution: str) -> tuple[str, str]:
    """What is asked for, and one solution, with the names that the page's controls have."""
    query = link.partition("?")[2]
    reading = read_link(query)
    wanted = "; ".join(condition.words for condition in parse_goal(goal, reading))
    solved, controls = read_link(f"{query}&{solution}").state, _controls(reading)
    names = [name for part in solution.split("&") if (name := part.partition("=")[0]) in controls]
    found = ", ".join(f"{controls[name].title} = {say_value(controls[name], solved[name])}" for name in names)
    return f"{wanted}. {_free(reading, turn)}.", f"{found}."


def solve(link: str, solution: str) -> State:
    """The state of an exercise's link with its solution's settings."""
    return read_link(f"{link.partition('?')[2]}&{solution}").state


def check_goal(scene: Mapping[str, Any], posted: Mapping[str, Any]) -> GoalAnswer:
    """Whether a state solves a scene's exercise, from its link, goal and turn; BadRequest with a sentence else."""
    link, goal, turn = (scene.get(key) for key in ("link", "goal", "turn"))
    if not (isinstance(link, str) and isinstance(goal, str) and isinstance(turn, list) and link.startswith("/?")):
        raise BadRequest("An exercise has a link to the toy lab, a goal and a list of what may be turned.")
    if not all(isinstance(name, str) for name in turn):
        raise BadRequest("What may be turned are names of controls.")
    asked = read_link(link.partition("?")[2])
    try:
        conditions = parse_goal(goal, asked)
    except ValueError as error:
        raise BadRequest(f"goal: {error}") from None
    reading = read_state(posted).checked()
    kept = _kept(asked, reading.state, turn)
    if not kept["holds"]:
        return {"solved": False, "conditions": [kept]}
    request = request_of(reading.state)
    names = dict.fromkeys(name for condition in conditions for name in condition.methods)
    runs = {name: run_alone(name, request, reading.surface) for name in names}
    found = [kept, *(condition.check(reading.state, runs) for condition in conditions)]
    return {"solved": all(one["holds"] for one in found), "conditions": found}


def _kept(asked: ToyReading, given: Mapping[str, Any], turn: Collection[str]) -> GoalCondition:
    """Whether everything that decides the run is as the link has it, but for what may be turned."""
    controls = _controls(asked)
    if given["surface"] != asked.state["surface"]:
        changed = ["the surface"]
    else:
        computed = [name for name, control in controls.items() if control.role == "computed" and name not in turn]
        changed = [controls[name].title for name in computed if given.get(name) != asked.state[name]]
    found = f"changed: {', '.join(changed)}" if changed else "nothing else is changed"
    return {"wanted": _free(asked, turn), "holds": not changed, "found": found}


def _free(asked: ToyReading, turn: Collection[str]) -> str:
    controls = _controls(asked)
    titles = ", ".join(controls[name].title for name in turn if name in controls) or "Nothing"
    return f"{titles} may be turned, nothing else"


def _controls(reading: ToyReading) -> dict[str, Control]:
    return {control.name: control for control in controls_of(reading.surface)}


def _arrival(run: Run) -> str:
    arrival = int(run.arrival)
    return f"arrives at step {arrival}" if arrival >= 0 else "does not arrive"
