"""Scripts and styles as browsers get them: what the disk holds, compressed once, kept by their mark, nothing else."""

from __future__ import annotations

import asyncio
import gzip
import re
from pathlib import Path

import brotli
import pytest

from app.web.static_files import ASSETS, StaticFiles

ROOT = Path(__file__).resolve().parents[3]


def get(files: StaticFiles, path: str, method: str = "GET", query: bytes = b"", **headers: str):
    """(status, headers, body)."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        raise AssertionError("a file has no use for a body")

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": pairs}
    asyncio.run(files(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(part.get("body", b"") for part in sent[1:])


async def nothing_else(scope, receive, send):
    raise AssertionError("only files are asked for here")


@pytest.fixture(scope="module")
def files() -> StaticFiles:
    return StaticFiles(nothing_else, ROOT / "assets", {"plotly": {"package_data/plotly.min.js"}})


def test_a_file_is_what_the_disk_holds(files):
    expected = (ROOT / "assets" / "core" / "gate.js").read_bytes()
    status, headers, body = get(files, "/assets/core/gate.js")
    assert (status, body) == (200, expected)
    assert headers[b"content-type"].startswith(b"text/javascript")
    status, headers, body = get(files, "/assets/core/gate.js", accept_encoding="gzip, deflate, br")
    assert headers[b"content-encoding"] == b"br" and brotli.decompress(body) == expected
    status, headers, body = get(files, "/assets/core/gate.js", accept_encoding="gzip")
    assert headers[b"content-encoding"] == b"gzip" and gzip.decompress(body) == expected
    assert int(headers[b"content-length"]) == len(body) < len(expected)
    status, headers, body = get(files, "/assets/core/gate.js", "HEAD")
    assert (status, body) == (200, b"") and int(headers[b"content-length"]) == len(expected)


def test_pictures_are_not_compressed_again(files):
    _, headers, body = get(files, "/assets/screenshots/light.png", accept_encoding="gzip")
    assert b"content-encoding" not in headers and body.startswith(b"\x89PNG")


def test_what_carries_its_version_is_kept_and_the_rest_asked_for_again(files):
    _, headers, _ = get(files, "/assets/core/gate.js", query=b"m=12.5")
    assert b"immutable" in headers[b"cache-control"]
    _, headers, _ = get(files, "/assets/core/gate.js")
    assert headers[b"cache-control"] == b"no-cache"
    status, headers, body = get(files, "/assets/core/gate.js", if_none_match=headers[b"etag"].decode())
    assert (status, body) == (304, b"")
    assert get(files, "/assets/core/gate.js", if_none_match='"other"')[0] == 200
    _, headers, _ = get(files, "/_dash-component-suites/plotly/package_data/plotly.v7_1_0m17.min.js")
    assert b"immutable" in headers[b"cache-control"]


def test_a_changed_file_is_read_anew(tmp_path):
    file = tmp_path / "a.css"
    file.write_text("a { }")
    files = StaticFiles(nothing_else, tmp_path, {})
    first = get(files, "/assets/a.css")
    file.write_text("b { } /* longer */")
    second = get(files, "/assets/a.css")
    assert (first[2], second[2]) == (b"a { }", b"b { } /* longer */")
    assert first[1][b"etag"] != second[1][b"etag"]
    file.unlink()
    assert get(files, "/assets/a.css")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../Makefile",
        "/assets/",
        "/assets/core",
        "/assets//etc/passwd",
        "/assets/.git/config",
        "/assets/\0",
        "/_dash-component-suites/",
        "/_dash-component-suites/plotly",
        "/_dash-component-suites/plotly/__init__.py",
        "/_dash-component-suites/os/path.py",
        "/_dash-component-suites/plotly/../plotly/package_data/plotly.min.js",
    ],
)
def test_nothing_else_is_served(files, path):
    assert get(files, path)[0] == 404


def test_only_reading(files):
    assert get(files, "/assets/core/gate.js", "POST")[0] == 405


def test_everything_the_page_names_is_there(call):
    html = call("GET", "/").text
    named = [path for path in re.findall(r'(?:src|href)="([^"]+)"', html) if not path.startswith("/_favicon")]
    assert len(named) > 10
    for path in named:
        response = call("GET", path)
        assert response.status_code == 200, path
        assert "immutable" in response.headers["cache-control"], path
    assert any(path.startswith(ASSETS) for path in named)


def test_an_entry_is_served_with_all_that_it_imports(tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.js").write_text('import { word } from "../b.js";\n\nconsole.log(word);\n')
    part = tmp_path / "b.js"
    part.write_text('export const word = "one";\n')
    files = StaticFiles(nothing_else, tmp_path, {})
    address = files.marked("pages/a.js")
    status, headers, body = get(files, "/assets/pages/a.js", query=address.partition("?")[2].encode())
    assert status == 200 and b'"one"' in body and b"immutable" in headers[b"cache-control"]
    part.write_text('export const word = "another";\n')
    assert b'"another"' in get(files, "/assets/pages/a.js")[2]
    assert files.marked("pages/a.js") != address, "what browsers keep has the old address"


def test_what_only_tools_read_is_not_served(files):
    for name in ("package.json", "core/contract.d.ts"):
        assert (ROOT / "assets" / name).exists() and get(files, f"/assets/{name}")[0] == 404
