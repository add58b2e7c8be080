"""What the lecture's addresses answer."""

from __future__ import annotations

from typing import TypedDict


class LectureScene(TypedDict):
    """One scene; notes are paragraphs."""

    title: str
    link: str
    notes: list[str]


class SceneList(TypedDict):
    """GET /lecture/scenes and POST /lecture/check."""

    title: str
    scenes: list[LectureScene]


MESSAGES = (LectureScene, SceneList)
