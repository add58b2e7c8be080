"""`python -m app.deploy.assets FOLDER`: all scripts and styles as files for a proxy, each also as .br and .gz.

The files lie at the addresses under which the pages ask for them, without Dash's fingerprints (the proxy takes these
off). They come from the application itself, so the proxy serves byte for byte what the web process would. The whole
folder is replaced in one step: a proxy that is running sees the old or the new one.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli
import httpx

from app import ASSETS
from app.web.settings import WebSettings
from app.web.static_files import SERVED

WORTH = 0.95
"""A compressed file is kept where it is at most this part of the plain one."""
SMALLEST = 512
COMPRESSED = {".js", ".css", ".map", ".json", ".svg", ".html", ".txt"}
SUITES = "/_dash-component-suites"


def addresses(registered: dict[str, set[str]], assets: Path) -> Iterator[str]:
    """Every address of a script or a style: our own assets, and what Dash's packages have registered."""
    for path in sorted(assets.rglob("*")):
        relative = path.relative_to(assets)
        if path.suffix in SERVED and path.is_file() and relative.parts[0] != "screenshots":
            yield f"/assets/{relative.as_posix()}"
    for package, paths in sorted(registered.items()):
        for name in sorted(paths):
            yield f"{SUITES}/{package}/{name}"


def write(folder: Path, address: str, content: bytes, quality: int) -> int:
    """The file and, where it pays, its two compressed forms; returns the number of files."""
    target = folder / address.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    if target.suffix not in COMPRESSED or len(content) < SMALLEST:
        return 1
    count = 1
    # mtime=0: the same assets give the same files.
    level = min(quality, 9)
    forms = {".br": brotli.compress(content, quality=quality), ".gz": gzip.compress(content, level, mtime=0)}
    for suffix, packed in forms.items():
        if len(packed) <= WORTH * len(content):
            target.with_name(target.name + suffix).write_bytes(packed)
            count += 1
    return count


async def collect(folder: Path, quality: int) -> tuple[int, int]:
    """Ask the application for every address and write the answers; returns (addresses, files)."""
    import dash

    from app.server import build

    # The files are everybody's: no name, no password and no rate stands before them here.
    application: Any = build(WebSettings())
    files = 0
    plain = {"Accept-Encoding": "identity"}  # they are packed here
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://lab", headers=plain) as client:
        await client.get("/")  # Dash registers some of its files while it serves its first page
        found = list(addresses(dash.get_app().registered_paths, ASSETS))
        for address in found:
            answer = await client.get(address)
            if answer.status_code == 200:
                files += write(folder, address, answer.content, quality)
    return len(found), files


def main(arguments: list[str] | None = None) -> None:
    """Fill the folder."""
    parser = argparse.ArgumentParser(prog="python -m app.deploy.assets", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="is made, or replaced; the proxy’s POTHOLE_ASSETS")
    parser.add_argument("--quality", type=int, default=11, choices=range(12), help="of packing: 0 to 11, the default")
    options = parser.parse_args(arguments)
    target: Path = options.folder
    new, old = target.with_name(f"{target.name}.new"), target.with_name(f"{target.name}.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir(parents=True)
    asked, files = asyncio.run(collect(new, options.quality))
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    print(f"{target}: {files} files for {asked} addresses")  # noqa: T201


if __name__ == "__main__":
    main()
