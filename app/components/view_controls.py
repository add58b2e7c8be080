"""The controls of what a browser shows, the same on every page, and of saved pictures; they change no number."""

from __future__ import annotations

from typing import Any

from app.state.control import ChoiceControl, Control, whole_number


def _choice(name: str, label: str, options: tuple[tuple[str, str], ...], help: str, **more: Any) -> ChoiceControl:  # noqa: A002
    return ChoiceControl(name, label, options, options[0][0], help, "view", **{"role": "view", **more})


SCHEME = _choice("scheme", "Colours", (("light", "Light"), ("dark", "Dark")), "Light or dark.", role="drawn", kept=True)
THEME = _choice(
    "theme",
    "Theme",
    (("screen", "Screen"), ("projector", "Projector")),
    "Projector: large type, thick lines, high contrast.",
    kept=True,
)
PANEL = _choice(
    "panel",
    "Controls panel",
    (("shown", "Shown"), ("hidden", "Hidden")),
    "Whether controls are shown; the toy lab folds them away at first.",
    kept=True,
)
PREDICT = _choice(
    "predict",
    "Prediction",
    (("off", "Off"), ("outcome", "Escapes or stays"), ("first", "Who is first")),
    "Paths are hidden until the audience has guessed.",
)
SCENES = _choice(
    "scenes",
    "Scenes",
    (("off", "No lecture"), ("lab", "The server’s"), ("exercises", "Exercises"), ("own", "This browser’s")),
    "The list of scenes that a lecture goes through.",
    kept=True,
)
SCENE = whole_number(
    "scene", "Scene", 1, 60, 1, "The scene of the lecture that is shown.", "view", role="view", kept=True
)

LECTURE: tuple[Control, ...] = (THEME, PANEL, PREDICT, SCENES, SCENE)
"""What a lecture adds to a page's view."""

WIDTH = whole_number(
    "width", "Width", 320, 3840, 1600, "Width of a PNG; an SVG has no pixels.", "export", step=10, unit="pixels"
)
