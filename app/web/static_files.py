"""Scripts, styles and pictures: read once, compressed once, off the event loop, and kept by browsers for a year.

Only files that are known when the application is built are served, by their exact name, so there is no path that could
lead out of a folder. A file's address carries its time of change or its version (Dash puts them there), so that a
browser may keep it for as long as it likes and still gets every new version; without that mark it is asked for again
each time and answered with 304 while it has not changed.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import brotli
from dash.fingerprint import check_fingerprint
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web import manual
from app.web.modules import link, modules_of

ASSETS, SUITES = "/assets/", "/_dash-component-suites/"
YEAR = 365 * 24 * 3600
PAGES = "pages"
"""The folder of the entries, whose files are served with all that they import."""
SERVED = {".css", ".html", ".js", ".png", ".svg"}
WORTH_COMPRESSING = 1000
BROTLI = 6
"""Its quality: at 9 a start packs for a third of a second longer, for a fiftieth less."""
LATER = ("/async-", "/dash_table/", "-worker.js")
"""Parts of the names of Dash's scripts that no page asks for while it is opened."""
COMPRESSED_KINDS = ("text/", "application/json", "application/javascript", "image/svg+xml", "font/ttf")


@dataclass(frozen=True)
class Content:
    """A file as it is sent. forms: its compressed forms by encoding, best first; none where that gains nothing.

    made_of: each file that is in it, with its time of change in ns.
    """

    plain: bytes
    forms: dict[str, bytes]
    kind: str
    tag: bytes
    made_of: tuple[tuple[Path, int], ...]

    @property
    def current(self) -> bool:
        """Whether the disk still holds what this was made of."""
        return all(os.stat(file).st_mtime_ns == changed for file, changed in self.made_of)


def read_content(file: Path, parts: Sequence[Path] = ()) -> Content:
    """Read and compress a file; an entry with all that it imports, and with its page's further parts."""
    entry = file.parent.name == PAGES and file.suffix == ".js"
    made_of = tuple((part, os.stat(part).st_mtime_ns) for part in (modules_of(file, *parts) if entry else [file]))
    plain = link(file, *parts).encode() if entry else file.read_bytes()
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    forms = {}
    if kind.startswith(COMPRESSED_KINDS) and len(plain) > WORTH_COMPRESSING:
        forms = {"br": brotli.compress(plain, quality=BROTLI), "gzip": gzip.compress(plain, 9, mtime=0)}
    if kind.startswith("text/") or kind.endswith(("javascript", "json")):
        kind += "; charset=utf-8"
    return Content(plain, forms, kind, b'"' + hashlib.sha256(plain).hexdigest()[:32].encode() + b'"', made_of)


class StaticFiles:
    """Answers GET and HEAD under /assets/, /manual/ and /_dash-component-suites/; everything unknown there is 404."""

    def __init__(
        self,
        app: ASGIApp,
        assets: Path,
        suites: Mapping[str, Collection[str]],
        parts: Mapping[str, Sequence[str]] | None = None,
        manual_folder: Path | None = None,
    ) -> None:
        """suites: package → paths in it, which Dash goes on registering while it serves its first page; parts: entry →
        modules that its script has besides those that it imports."""
        self.app = app
        self._parts = {
            f"{ASSETS}{PAGES}/{entry}": [assets / part for part in more] for entry, more in (parts or {}).items()
        }
        self._assets = {
            ASSETS + path.relative_to(assets).as_posix(): path
            for path in sorted(assets.rglob("*"))
            if path.suffix in SERVED
            and path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(assets).parts)
        }
        self._manual = {
            name: path
            for name, path in (manual.manual_files(manual_folder) if manual_folder else {}).items()
            if path.suffix in SERVED
        }
        self._suites = suites
        self._contents: dict[str, Content] = {}
        self._reading = Lock()

    def marked(self, path: str) -> str:
        """The address of a file of ours with its mark, under which browsers keep it."""
        content = self._content(ASSETS + path, self._assets[ASSETS + path])
        return f"{ASSETS}{path}?m={content.tag.decode()[1:13]}"

    def warm(self) -> None:
        """Read and compress what pages load: styles, the script of each page, Dash's own scripts. In a thread.

        All else is compressed when somebody asks for it: the modules that a page's script has in it, what Dash loads
        for components that no page has.
        """
        ours = [name for name in self._assets if name.endswith(".css") or name.startswith(f"{ASSETS}{PAGES}/")]
        dash = [f"{SUITES}dash/{path}" for path in list(self._suites.get("dash", ())) if path.endswith(".js")]
        for name in [*ours, *(name for name in dash if not any(part in name for part in LATER))]:
            file = self._file(name)
            if file is not None:
                self._content(name, file)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == manual.ADDRESS.rstrip("/"):
            await _plain(send, 308, b"The manual.", [(b"location", manual.ADDRESS.encode())])
            return
        if scope["type"] != "http" or not scope["path"].startswith((ASSETS, manual.ADDRESS, SUITES)):
            await self.app(scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            await _plain(send, 405, b"Only GET and HEAD.", [(b"allow", b"GET, HEAD")])
            return
        name, marked = self._named(scope["path"])
        file = self._file(name)
        try:
            content = await self._current(name, file) if file is not None else None
        except OSError:
            content = None
        if content is None:
            unbuilt = name.startswith(manual.ADDRESS) and not self._manual
            await _plain(send, 404, (manual.MISSING if unbuilt else "There is no such file.").encode())
            return
        asked = Headers(scope=scope)
        marked = marked or scope["query_string"].startswith(b"m=")
        cached = b"public, max-age=%d, immutable" % YEAR if marked else b"no-cache"
        headers = [(b"etag", content.tag), (b"cache-control", cached), (b"vary", b"accept-encoding")]
        if content.tag.decode() in asked.get("if-none-match", ""):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        body = content.plain
        taken = asked.get("accept-encoding", "").replace(" ", "").split(",")
        encoding = next((name for name in content.forms if name in taken), None)
        if encoding is not None:
            body = content.forms[encoding]
            headers.append((b"content-encoding", encoding.encode()))
        headers += [(b"content-type", content.kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _file(self, name: str) -> Path | None:
        """The file at an address; None where there is none that is meant to be served."""
        if name.startswith(manual.ADDRESS):
            return self._manual.get(f"{name}index.html" if name.endswith("/") else name)
        if not name.startswith(SUITES):
            return self._assets.get(name)
        package, _, path = name.removeprefix(SUITES).partition("/")
        if path not in self._suites.get(package, ()):
            return None
        return Path(str(sys.modules[package].__file__)).parent / path

    def _named(self, path: str) -> tuple[str, bool]:
        """(the file's own address, whether this one carries its version)."""
        if not path.startswith(SUITES):
            return path, False
        package, _, rest = path.removeprefix(SUITES).partition("/")
        found, marked = check_fingerprint(rest) if rest else (rest, False)
        return f"{SUITES}{package}/{found}", bool(marked)

    async def _current(self, name: str, file: Path) -> Content:
        kept = self._contents.get(name)
        if kept is not None and kept.current:
            return kept
        return await asyncio.to_thread(self._content, name, file)

    def _content(self, name: str, file: Path) -> Content:
        with self._reading:  # a hundred first visitors wait for one reading
            kept = self._contents.get(name)
            if kept is None or not kept.current:
                kept = self._contents[name] = read_content(file, self._parts.get(name, ()))
            return kept


async def _plain(send: Send, status: int, text: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*head, *(headers or [])]})
    await send({"type": "http.response.body", "body": text})
