"""What the manual's pages name is there: files, programs, commands, links into the lab, words."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from app.lecture.scenes import find_link_faults, parse_scenes
from app.server import build
from optimizers import OUTCOMES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts)
PATH = re.compile(r"(?<![\w./-])(?:\.\./)*((?:app|assets|docs|geometry|optimizers|tests)/[\w./-]*[\w/])")
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


def missing(text: str) -> list[str]:
    """The paths of the repository that a text names and that are not there."""
    named = {name for name in PATH.findall(text) if not name.startswith("docs/_build")}
    return sorted(name for name in named if not (ROOT / name).exists())


def test_there_are_pages() -> None:
    assert {"docs/index.md", "docs/internals/architecture.md", "docs/what-it-shows.md"} <= set(NAMES)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    assert missing(page.read_text(encoding="utf-8")) == []


def test_a_file_that_is_not_there_is_found() -> None:
    assert missing("see `app/toy/no_such_file.py`, [here](../../assets/nothing.png), app/toy/controls.py.") == [
        "app/toy/no_such_file.py",
        "assets/nothing.png",
    ]


def test_architecture_names_files() -> None:
    text = (ROOT / "docs" / "internals" / "architecture.md").read_text(encoding="utf-8")
    assert len(PATH.findall(text)) > 20


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_programs_and_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    assert set(re.findall(r"\bmake ([a-z]+)\b", code)) <= targets
    programs = set(re.findall(r"python -m ([\w.]+)", code))
    assert [name for name in programs if importlib.util.find_spec(name) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere_in_the_repository_too(page: Path) -> None:
    """The pages are also read as files, where no Sphinx follows the links."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.fixture(scope="module")
def registered() -> None:
    """The pages, which say what is wrong with a link to them."""
    build()


@pytest.mark.usefixtures("registered")
def test_links_into_the_lab_hold_what_its_pages_know() -> None:
    links = {link for page in PAGES for link in re.findall(r"(/\w*\?\w[^\s`]*)", page.read_text(encoding="utf-8"))}
    assert len(links) > 2
    assert [f"{link}: {fault}" for link in links for fault in find_link_faults(link)] == []


@pytest.mark.usefixtures("registered")
def test_the_scene_files_that_are_shown_are_some() -> None:
    text = (ROOT / "docs" / "using" / "lecturers.md").read_text(encoding="utf-8")
    lecture, exercises = map(parse_scenes, re.findall(r"```markdown\n(.*?)```", text, re.DOTALL))
    assert len(lecture.scenes) == 2 and lecture.scenes[0].notes
    assert exercises.scenes[0].goal


def test_outcomes_are_explained() -> None:
    text = (ROOT / "docs" / "using" / "students.md").read_text(encoding="utf-8")
    assert [name for name in OUTCOMES if f"\n{name}\n: " not in text] == []
