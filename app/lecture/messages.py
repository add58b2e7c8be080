"""What the lecture's addresses answer."""

from __future__ import annotations

from typing import TypedDict


class LectureScene(TypedDict):
    """One scene; notes are paragraphs. The rest is "", empty or 0 where the scene file does not say it."""

    title: str
    link: str
    notes: list[str]
    part: str
    say: str
    turn: list[str]
    show: list[str]
    ask: str
    answer: str
    goal: str
    solution: str
    goal_words: str
    solution_words: str
    minutes: float


class SceneList(TypedDict):
    """GET /lecture/scenes, GET /lecture/exercises and POST /lecture/check."""

    title: str
    scenes: list[LectureScene]


class GoalCondition(TypedDict):
    """One condition of a goal in words, whether it holds, and what was found."""

    wanted: str
    holds: bool
    found: str


class GoalAnswer(TypedDict):
    """POST /lecture/try: whether an exercise is solved."""

    solved: bool
    conditions: list[GoalCondition]


MESSAGES = (LectureScene, SceneList, GoalCondition, GoalAnswer)
