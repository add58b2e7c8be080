"""The built manual under /manual/: its files beside the scripts and styles, and what its pages need to be allowed."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

ADDRESS = "/manual/"
MISSING = (
    "The manual is not built here. In a copy of the repository `make docs` builds it, and the next start of the server "
    "serves it; a wheel made by `make wheel` carries it."
)
INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.+?)</script>", re.DOTALL)


def manual_files(folder: Path) -> dict[str, Path]:
    """Address → file of all that was built; nothing where it was not. What begins with a dot is the builder's own."""
    files = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {ADDRESS + at.as_posix(): path for at, path in files.items() if not any(p.startswith(".") for p in at.parts)}


def inline_scripts(folder: Path) -> list[str]:
    """The hashes, as a policy names them, of the few lines of script that stand in the pages themselves."""
    pages = [path for address, path in manual_files(folder).items() if address.endswith(".html")]
    found = {text for page in pages for text in INLINE.findall(page.read_text(encoding="utf-8"))}
    digests = (hashlib.sha256(text.encode()).digest() for text in sorted(found))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
