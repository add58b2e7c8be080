"""A file that was made for a visitor, in memory; what tables and arrays are kept in, and what files are called."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

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


def csv_bytes(settings: Mapping[str, Any], heads: list[str], rows: Any) -> bytes:
    """A table as UTF-8 CSV under a line "# settings: {JSON}" (pandas.read_csv(…, comment="#") leaves it out).

    Numbers are written so that reading them gives the same double; what is not a number is left empty.
    """
    out = io.StringIO(newline="")
    out.write(f"# settings: {json.dumps(settings, ensure_ascii=False)}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return repr(float(value)) if np.isfinite(value) else ""
    return value


def npz_bytes(settings: Mapping[str, Any], arrays: Mapping[str, Any]) -> bytes:
    """The arrays as a compressed npz with the settings as JSON text under "settings"; np.load(…) needs no pickle."""
    out = io.BytesIO()
    kept: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
    kept["settings"] = np.array(json.dumps(settings))
    np.savez_compressed(out, **kept)
    return out.getvalue()


def file_name(state: Mapping[str, Any], ending: str, detail: str = "") -> str:
    """A name that every file system takes: "pothole-lab-annular-well-seed-0-step-120.svg"."""
    parts = ["pothole-lab", str(state["surface"]), f"seed-{state['seed']}", detail]
    words = "-".join(part for part in parts if part).lower()
    return re.sub(r"[^a-z0-9-]+", "-", words).strip("-")[:100] + "." + re.sub(r"[^a-z0-9]+", "", ending.lower())
