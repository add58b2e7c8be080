"""A lecture's scenes: a text file of titles, links and notes, read strictly.

The format is plain text in Markdown's clothes, so that it reads well anywhere and every mistake has a line:

    # Title of the lecture                       once, before the first scene; may be left out
    Remarks about the file, not shown.           any lines up to the first scene

    ## Title of a scene                          as many as there are scenes
    link: /?preset=figure-2&steps=600            the page and its state, as the address bar or "Copy link" has it
    part: Why it cannot leave                    of which part of the lecture this is the first scene
    say: One sentence above the picture.
    turn: learning_rate                          the controls beside it, by their names in links
    show: cut map                                which pictures of the page, where not all
    ask: One question for the room?
    answer: What to say to it.
    goal: SAM leaves; radius <= 0.2              makes an exercise of the scene: what has to hold (app/lecture/goals.py)
    solution: radius=0.15                        settings with which it does, as a link has them
    minutes: 2                                   how long the scene takes
                                                 an empty line; all but link may be left out, in any order
    Notes for the speaker, in paragraphs.        up to the next scene; may be left out

A link may begin with a host (http://localhost:8050/?…), which is dropped. It is checked as its page checks it: a key
that means nothing there, a value out of range or of the wrong kind is an error of the file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from app.lecture.goals import describe_exercise, find_goal_faults
from app.state.control import shorten
from app.state.schema import LONGEST_LINK, BadRequest, repeated
from app.web.pages import PAGES, page_at

SHIPPED = Path(__file__).with_name("scenes.md")
"""The scenes that are offered where no file is named."""
EXERCISES = Path(__file__).with_name("exercises.md")
"""The exercises that ship: scenes with goals."""
MAXIMUM_TEXT = 40_000
"""Characters of a scene file."""
MAXIMUM_SCENES = 60
MAXIMUM_TITLE = 80
MAXIMUM_NOTES = 4_000
LINE_ENDS = re.compile(r"\r\n|\r|\n")
MAXIMUM_SENTENCE = 240
"""Characters of what a scene says, asks or answers."""
LONGEST_SCENE = 120
"""Minutes."""
SHOWN = ("cut", "map", "surface", "losses", "distance", "curvature", "outcomes", "claims", "anatomy")
"""What a scene may show of the toy lab, by the names that a scene file uses."""
NEEDED = (
    ("answer", "ask", "an answer needs a question"),
    ("goal", "ask", "a goal needs what is asked for"),
    ("goal", "solution", "a goal needs a solution"),
    ("solution", "goal", "a solution needs a goal"),
)
"""(key, the key that it needs, what is said where that is missing)."""
KEY = re.compile(r"\s*([^\s:]+)\s*:\s*(.*)$")
KEYS = ("link", "part", "say", "turn", "show", "ask", "answer", "goal", "solution", "minutes")


class SceneFileError(BadRequest):
    """A scene file that cannot be used: one sentence that names the line."""


@dataclass(frozen=True)
class Scene:
    """One scene: its title, the link to open, what stands beside the picture, and the speaker's notes as paragraphs.

    part: the title of the part of the lecture that it belongs to; say, ask, answer: a sentence each; turn: the names
    of the controls beside it; show: of SHOWN, where not everything; goal, solution: what makes an exercise of it, and
    settings that solve it, goal_words, solution_words: the same for who reads them; minutes: how long it takes. "" or 0
    where not said.
    """

    title: str
    link: str
    notes: tuple[str, ...] = ()
    part: str = ""
    say: str = ""
    turn: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    ask: str = ""
    answer: str = ""
    goal: str = ""
    solution: str = ""
    goal_words: str = ""
    solution_words: str = ""
    minutes: float = 0


@dataclass(frozen=True)
class Scenes:
    """A lecture: its title and its scenes in order, at least one."""

    title: str
    scenes: tuple[Scene, ...]


@dataclass
class _Draft:
    """A scene while it is being read."""

    title: str
    line: int
    part: str
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    in_notes: bool = False
    notes: list[str] = field(default_factory=list)

    def finished(self, known: Callable[[str], Collection[str]]) -> Scene:
        if "link" not in self.values:
            _wrong(self.line, f"the scene “{shorten(self.title)}” has no link; below its title stands “link: /?…”.")
        for name in self.values.get("turn", ()):
            if name not in known(self.values["link"]):
                _wrong(self.lines["turn"], f"turn: the page of the scene’s link has no control “{shorten(name)}”.")
        for key, needed, said in NEEDED:
            if key in self.values and needed not in self.values:
                _wrong(self.lines[key], f"{said} (“{needed}: …”).")
        paragraphs = [" ".join(part.split()) for part in "\n".join(self.notes).split("\n\n")]
        notes = tuple(part for part in paragraphs if part)
        if sum(map(len, notes)) > MAXIMUM_NOTES:
            _wrong(self.line, f"the notes of “{shorten(self.title)}” are longer than {MAXIMUM_NOTES} characters.")
        scene = Scene(self.title, notes=notes, **{"part": self.part, **self.values})
        if not scene.goal:
            return scene
        for key, problem in find_goal_faults(scene.link, scene.goal, scene.turn, scene.solution):
            _wrong(self.lines[key], f"{key}: {problem}")
        goal, solution = describe_exercise(scene.link, scene.goal, scene.turn, scene.solution)
        return replace(scene, goal_words=goal, solution_words=solution)


def local_link(link: str) -> str:
    """The link's path, query and nothing else: a link copied from the address bar loses its host.

    What cannot be taken apart is given back as it is.
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    if parts.scheme not in ("", "http", "https") or (not parts.scheme and parts.netloc):
        return link
    path = parts.path or ("/" if parts.netloc else "")
    return f"{path}?{parts.query}" if parts.query else path


def find_link_faults(link: str) -> list[str]:
    """A sentence for each thing that is wrong with a link to a page: its address, a key, a value."""
    if not link.startswith("/") or link.startswith("//"):
        return [f"“{shorten(link)}” is not a link to a page here; it begins with one of {_addresses()}."]
    if len(link) > LONGEST_LINK:
        return [f"the link is longer than {LONGEST_LINK} characters."]
    path, _, query = link.partition("?")
    page = page_at(path)
    if page is None or not page.in_navigation:
        return [f"there is no page at “{shorten(path)}”; there are {_addresses()}."]
    twice = [f"“{shorten(name)}” is given twice." for name in repeated(query)]
    return [*twice, *(page.read_link(query).faults() if page.read_link else [])]


def controls_of_link(link: str) -> Collection[str]:
    """The names of the controls on the page that a link opens, as they stand in links."""
    path, _, query = link.partition("?")
    page = page_at(path)
    return page.read_link(query).state if page and page.read_link else ()


def _addresses() -> str:
    return ", ".join(page.path for page in PAGES.values() if page.in_navigation)


def load_scenes(path: str | Path | None = None) -> Scenes:
    """The scenes in a file (by default those that ship). SceneFileError with one sentence where they cannot be had."""
    file = Path(path) if path else SHIPPED
    try:
        with file.open("rb") as source:
            content = source.read(4 * MAXIMUM_TEXT + 4)
        return parse_scenes(content.decode("utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SceneFileError(f"The scene file {file} cannot be read ({reason}).") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SceneFileError(f"Line {line} of the scene file {file}: this is not UTF-8 text.") from None
    except ValueError as error:  # a path that no system takes, or what the parser says
        if isinstance(error, SceneFileError):
            raise
        raise SceneFileError(f"The scene file cannot be read ({error}).") from None


def parse_scenes(
    text: str,
    check: Callable[[str], list[str]] = find_link_faults,
    known: Callable[[str], Collection[str]] = controls_of_link,
) -> Scenes:
    """The scenes that a file's text describes; SceneFileError with one sentence for the first thing wrong in it.

    `check(link)` gives the sentences on what is wrong with a link, `known(link)` the names of its page's controls; by
    default what the page says, so that the pages must have been registered (the server does so when it is built).
    """
    lines = LINE_ENDS.split(_checked(text))
    title: str | None = None
    drafts: list[_Draft] = []
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip()
        if line.startswith("## ") or line == "##":
            if len(drafts) == MAXIMUM_SCENES:
                _wrong(number, f"a lecture has at most {MAXIMUM_SCENES} scenes.")
            part = drafts[-1].values.get("part", drafts[-1].part) if drafts else ""
            drafts.append(_Draft(_title(line[2:], number, "scene"), number, part))
        elif line.startswith("# ") or line == "#":
            if drafts or title is not None:
                _wrong(number, "the lecture’s title (“# …”) stands once, before the first scene.")
            title = _title(line[1:], number, "lecture")
        elif line.startswith("#"):
            _wrong(number, f"“{shorten(line)}” is neither a title (“# …”) nor a scene (“## …”).")
        elif drafts:
            _read_line(drafts[-1], line, number, check)
        elif line.startswith("link:"):
            _wrong(number, "a link belongs to a scene, and no scene (“## Title”) has begun.")
    if not drafts:
        raise SceneFileError("The scene file has no scene: a line “## Title”, and below it “link: /?…”.")
    return Scenes(title or "Lecture", tuple(draft.finished(known) for draft in drafts))


def _read_line(draft: _Draft, line: str, number: int, check: Callable[[str], list[str]]) -> None:
    """One line below a scene's title: a key with its value, the empty line after them, or the scene's notes."""
    if draft.in_notes:
        draft.notes.append(line)
        return
    if not line.strip():
        draft.in_notes = "link" in draft.values
        return
    found = KEY.match(line)
    if found is None:
        said = shorten(line.strip())
        _wrong(number, f"“{said}” is not “link: …”; a scene’s title is followed by its link, notes by an empty line.")
    key, text = found[1], " ".join(found[2].split())
    if key not in KEYS:
        _wrong(number, f"“{shorten(key)}” is no key of a scene; it has {', '.join(KEYS)}. Notes follow an empty line.")
    if key in draft.values:
        _wrong(number, f"the scene has “{key}” already.")
    draft.lines[key] = number
    draft.values[key] = _value(key, text, number, check)


def _value(key: str, text: str, number: int, check: Callable[[str], list[str]]) -> Any:
    """What a key of a scene is given."""
    if key == "link":
        link = local_link(text)
        for problem in check(link)[:1]:
            _wrong(number, f"link: {problem}")
        return link
    if not text:
        _wrong(number, f"“{key}:” is followed by nothing.")
    if key == "part":
        return _title(text, number, "part")
    if key == "show":
        names = tuple(text.replace(",", " ").split())
        for name in names:
            if name not in SHOWN:
                _wrong(number, f"show: there is no picture “{shorten(name)}”; there are {', '.join(SHOWN)}.")
        return names
    if key == "turn":
        return tuple(text.replace(",", " ").split())
    if key == "minutes":
        return _minutes(text, number)
    if len(text) > MAXIMUM_SENTENCE:
        _wrong(number, f"what stands after “{key}:” is longer than {MAXIMUM_SENTENCE} characters.")
    return text


def _minutes(text: str, number: int) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 < minutes <= LONGEST_SCENE:
        _wrong(number, f"minutes: “{shorten(text)}” is not a number above 0, at most {LONGEST_SCENE}.")
    return minutes


def _checked(text: str) -> str:
    """The text without a byte order mark, if it is of an allowed length and can be written as UTF-8."""
    if len(text) > MAXIMUM_TEXT:
        raise SceneFileError(f"The scene file is longer than {MAXIMUM_TEXT} characters.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        _wrong(len(LINE_ENDS.split(text[: error.start])), "holds something that is no character.")
    return text.removeprefix("\ufeff")


def _title(text: str, number: int, what: str) -> str:
    title = " ".join(text.split())
    if not title:
        _wrong(number, f"the {what} has no title.")
    if len(title) > MAXIMUM_TITLE:
        _wrong(number, f"the {what}’s title is longer than {MAXIMUM_TITLE} characters.")
    return title


def _wrong(number: int, what: str) -> NoReturn:
    raise SceneFileError(f"Line {number} of the scene file: {what}")
