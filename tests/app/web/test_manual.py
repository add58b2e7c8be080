"""The built manual as the server hands it out, or the sentence that says how to build it."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from app.web.manual import inline_scripts
from app.web.static_files import StaticFiles
from tests.app.web.test_static_files import ROOT, get, nothing_else

SCRIPT = 'document.body.dataset.theme = "auto";'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "index.html": f"<title>Contents</title><script>{SCRIPT}</script><script src='_static/a.js'></script>",
        "using/keys.html": f"<title>Keys</title><script>{SCRIPT}</script>",
        "_static/a.js": "let a = 1;",
        ".doctrees/index.html": "<script>builder()</script>",
        "objects.inv": "read by other manuals",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def served(folder: Path) -> StaticFiles:
    return StaticFiles(nothing_else, ROOT / "assets", {}, None, folder)


def test_its_pages_are_at_their_addresses_and_nothing_else_is(folder: Path) -> None:
    files = served(folder)
    for path, title in {
        "/manual/": "Contents",
        "/manual/index.html": "Contents",
        "/manual/using/keys.html": "Keys",
    }.items():
        status, headers, body = get(files, path)
        assert status == 200 and f"<title>{title}</title>" in body.decode()
        assert headers[b"content-type"].startswith(b"text/html") and headers[b"cache-control"] == b"no-cache"
    assert get(files, "/manual/_static/a.js")[2] == b"let a = 1;"
    status, headers, _ = get(files, "/manual")
    assert status == 308 and headers[b"location"] == b"/manual/"
    for path in (".doctrees/index.html", "objects.inv", "none.html", "../index.html", "using/../index.html", "using/"):
        assert get(files, f"/manual/{path}")[0] == 404


def test_without_a_built_manual_it_says_how_to_build_one(tmp_path: Path) -> None:
    status, _, body = get(served(tmp_path / "none"), "/manual/methods.html")
    assert status == 404 and "`make docs`" in body.decode()


def test_the_policy_lets_its_own_lines_of_script_run(folder: Path) -> None:
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert inline_scripts(folder) == [f"'sha256-{digest}'"]
    assert inline_scripts(folder / "none") == []
