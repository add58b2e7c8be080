"""Scene files: what is read, and which line a mistake is reported with."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.lecture.routes import check_scenes, encode_scenes
from app.lecture.scenes import (
    KEYS,
    MAXIMUM_NOTES,
    MAXIMUM_SCENES,
    MAXIMUM_TEXT,
    SHIPPED,
    Scene,
    SceneFileError,
    Scenes,
    find_link_faults,
    load_scenes,
    local_link,
    parse_scenes,
)
from app.server import build
from app.state.schema import BadRequest
from app.toy.request import read_link
from app.web.pages import PAGES, page_at

GOOD = """\ufeff# A short  lecture
Remarks: not shown.

## One
link: http://somewhere:8050/?steps=50#end

First line
and second.

Another paragraph.
## Two

link:/instruments?instrument=race
"""


@pytest.fixture(scope="module", autouse=True)
def pages():
    build()


WHOLE = """## One
part: Why
turn: surface.stiffness
link: /?preset=stiff-valley
say: It  crawls.
show: cut, map
ask: Why?
answer: One number for two directions: 1/h.
minutes: 1.5

Notes.

## Two
link: /

## Three
part: And then
link: /
"""


def test_what_a_scene_may_say():
    first, second, third = parse_scenes(WHOLE).scenes
    assert first == Scene(
        title="One",
        link="/?preset=stiff-valley",
        notes=("Notes.",),
        part="Why",
        say="It crawls.",
        turn=("surface.stiffness",),
        show=("cut", "map"),
        ask="Why?",
        answer="One number for two directions: 1/h.",
        minutes=1.5,
    )
    assert second == Scene("Two", "/", part="Why"), "a part lasts until another begins"
    assert third.part == "And then"


def fault(text: str) -> str:
    with pytest.raises(SceneFileError) as caught:
        parse_scenes(text)
    assert len(caught.value.problems) == 1
    return str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_is_read_whatever_ends_its_lines(end):
    assert parse_scenes(GOOD.replace("\n", end)) == Scenes(
        "A short lecture",
        (
            Scene("One", "/?steps=50", ("First line and second.", "Another paragraph.")),
            Scene("Two", "/instruments?instrument=race"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("## A\nlink: /?radius=9", 2, "Probe radius ρ = 9 is outside 0 … 3."),
        ("## A\nlink: /?radius=far", 2, "Probe radius ρ must be a number from 0 to 3, not the text “far”."),
        ("## A\nlink: /?banana=1", 2, "“banana”, which means nothing here"),
        ("## A\nlink: /?seed=1&seed=2", 2, "“seed” is given twice"),
        ("## A\nlink: /?surface=moon", 2, "“moon” does not exist"),
        ("## A\nlink: /moon", 2, "there is no page at “/moon”"),
        ("## A\nlink: /notes", 2, "there is no page at “/notes”"),
        ("## A\nlink: javascript:alert(1)", 2, "is not a link to a page here"),
        ("## A\nlink: //elsewhere/?a=1", 2, "is not a link to a page here"),
        ("## A\nlink:", 2, "is not a link to a page here"),
        ("## A\nlink: /instruments?x_axis=steps", 2, "“steps” does not exist"),
        ("## A\nlink: /instruments?x_axis=decay&y_axis=decay", 2, "The two axes must differ"),
        ("## A\nlink: /\n\n## B\nnotes: x", 5, "“notes” is no key of a scene"),
        ("## A\nlink: /\ntitle: x", 3, "“title” is no key of a scene"),
        ("## A\nlink: /\nlink: /", 3, "the scene has “link” already"),
        ("## A\nturn: warp\nlink: /", 2, "has no control “warp”"),
        ("## A\nlink: /\nturn: surface.stiffness", 3, "has no control “surface.stiffness”"),
        ("## A\nlink: /\nshow: cut moon", 3, "there is no picture “moon”"),
        ("## A\nlink: /\nminutes: soon", 3, "“soon” is not a number above 0"),
        ("## A\nlink: /\nminutes: 0", 3, "“0” is not a number above 0"),
        ("## A\nlink: /\nminutes: nan", 3, "“nan” is not a number above 0"),
        ("## A\nlink: /\nsay:", 3, "“say:” is followed by nothing"),
        ("## A\nlink: /\nsay: " + "x" * 241, 3, "longer than 240 characters"),
        ("## A\nlink: /instruments\nask: b\ngoal: SAM stays\nsolution: seed=1", 4, "a goal is for the toy lab"),
        ("## A\nlink: /\nask: b\ngoal: SAM flies\nsolution: seed=1", 4, "“SAM flies” is not"),
        ("## A\nlink: /\nask: b\ngoal: SOM stays\nsolution: seed=1", 4, "does not show: SOM"),
        ("## A\nlink: /\nask: b\ngoal: warp <= 3\nsolution: seed=1", 4, "no control “warp”"),
        ("## A\nlink: /?methods=SAM\nask: b\ngoal: SGDM stays\nsolution: seed=1", 4, "does not show: SGDM"),
        ("## A\nlink: /\ngoal: SAM stays\nsolution: seed=1", 3, "needs what is asked for"),
        ("## A\nlink: /\nask: b\ngoal: SAM stays", 4, "needs a solution"),
        (
            "## A\nlink: /\nask: b\nturn: radius\ngoal: SAM stays\nsolution: seed=1",
            6,
            "“seed”, which may not be turned",
        ),
        ("## A\nlink: /\nask: b\nturn: radius\ngoal: SAM stays\nsolution: radius=9", 6, "outside 0 … 3"),
        ("## A\nlink: /\nsolution: radius=1", 3, "a solution needs a goal"),
        ("## A\nlink: /\nanswer: yes", 3, "an answer needs a question"),
        ("## A\n\nhello", 3, "“hello” is not “link: …”"),
        ("## A\nlink: /\n\n## B\n", 4, "“B” has no link"),
        ("##\nlink: /", 1, "the scene has no title"),
        ("# A\n# B", 2, "stands once"),
        ("## A\nlink: /\n\n### x", 4, "neither a title"),
        ("link: /", 1, "no scene"),
        ("## " + "x" * 81, 1, "longer than 80 characters"),
        ("## A\nlink: /\n\n" + "x" * (MAXIMUM_NOTES + 1), 1, "longer than 4000 characters"),
        ("\n" + "## A\nlink: /\n" * (MAXIMUM_SCENES + 1), 2 * MAXIMUM_SCENES + 2, "at most 60 scenes"),
        ("## A\nlink: /\n\nx\ud800", 4, "no character"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(text, line, said):
    sentence = fault(text)
    assert sentence.startswith(f"Line {line} of the scene file: ")
    assert said in sentence


def test_without_a_scene_or_too_long_is_a_sentence():
    assert "has no scene" in fault("# Only a title")
    assert "longer than" in fault("x" * (MAXIMUM_TEXT + 1))


def test_the_file_that_ships_documents_the_format():
    assert all(scene.notes for scene in load_scenes().scenes)
    header = SHIPPED.read_text(encoding="utf-8").partition("\n## ")[0]
    for word in ("# Title", "## Title", "notes", *(f"{key}:" for key in KEYS)):
        assert word in header
    named = set(re.findall(r"\b([a-z]+)=", header)) - {"preset"}
    assert named <= set(read_link("").state)


def test_every_page_of_the_navigation_checks_its_links():
    for page in PAGES.values():
        if page.in_navigation and page.read_link:
            assert find_link_faults(f"{page.path}?banana=1"), page.path


def test_what_the_browser_copies_is_a_link_that_passes():
    from app.state.schema import write_link

    assert find_link_faults("/" + write_link(read_link("?preset=stiff-valley&theme=projector").state)) == []


@given(st.text(max_size=400))
def test_any_text_is_a_lecture_or_one_sentence(text):
    try:
        scenes = parse_scenes(text)
    except SceneFileError as error:
        assert len(error.problems) == 1  # noqa: PT017
    else:
        assert 1 <= len(scenes.scenes) <= MAXIMUM_SCENES
        assert json.loads(encode_scenes(scenes))["title"] == scenes.title


LINES = ["# T", "## S", "link: /", "link: /?steps=50", "", "words", "key: v", "### x", "link: /?a", "link: ///", "\x00"]


@given(st.lists(st.sampled_from(LINES), max_size=30))
def test_any_order_of_lines_is_a_lecture_or_names_a_line_of_the_file(lines):
    try:
        scenes = parse_scenes("\n".join(lines))
    except SceneFileError as error:
        found = re.match(r"Line (\d+) ", str(error))
        assert found is None or 1 <= int(found[1]) <= len(lines)
        assert found or "## S" not in lines
    else:
        assert len(scenes.scenes) == lines.count("## S")
        assert all(page_at(scene.link.partition("?")[0]) for scene in scenes.scenes)


@example("http://[half")
@example("/?" + "x" * 5000)
@given(st.text(max_size=60))
def test_any_link_is_taken_apart(link):
    assert isinstance(find_link_faults(local_link(link)), list)


def test_a_file_opened_in_the_browser_is_checked_the_same_way():
    assert orjson.loads(check_scenes(json.dumps({"text": GOOD}).encode()))["scenes"][1]["link"] == (
        "/instruments?instrument=race"
    )
    for body in (b"{}", b'{"text": 3}', b"[]"):
        with pytest.raises(BadRequest):
            check_scenes(body)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"## A\nlink: /?radius=9", "Line 2 of the scene file: link: Probe radius"),
        (b"## A\n\xff", "Line 2 of the scene file"),
        (None, "cannot be read (No such file or directory)"),
        ("no\0path", "cannot be read (embedded null byte)"),
    ],
)
def test_a_wrong_file_is_a_sentence(tmp_path, content, said):
    file = tmp_path / (content if isinstance(content, str) else "scenes.md")
    if isinstance(content, bytes):
        file.write_bytes(content)
    with pytest.raises(SceneFileError) as caught:
        load_scenes(file)
    assert said in str(caught.value)


def test_a_start_with_a_wrong_file_ends_with_the_sentence(tmp_path):
    file = tmp_path / "scenes.md"
    file.write_text("## A\nlink: /?radius=9")
    done = subprocess.run(
        [sys.executable, "-m", "app", "--no-browser", "--port", "0", "--scenes", str(file)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert "Line 2 of the scene file: link: Probe radius" in done.stderr
    assert "Traceback" not in done.stderr
