"""A file that was made for a visitor, in memory."""

from __future__ import annotations

from dataclasses import dataclass

from app.state.schema import Notice

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "gif": "image/gif",
    "csv": "text/csv; charset=utf-8",
    "npz": "application/octet-stream",
    "json": "application/json",
    "py": "text/x-python; charset=utf-8",
    "safetensors": "application/octet-stream",
}


@dataclass(frozen=True)
class MadeFile:
    """Its name, its bytes, and what had to be said of the request."""

    name: str
    content: bytes
    notices: tuple[Notice, ...] = ()

    @property
    def media_type(self) -> str:
        """By the name's ending."""
        return MEDIA_TYPES[self.name.rpartition(".")[2]]
