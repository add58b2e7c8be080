"""Arrays as the browser takes them: base64 of little-endian float32, the form that plotly reads too."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

LARGEST = float(np.finfo(np.float32).max)


def encode(array: Any) -> dict[str, Any]:
    """{"dtype": "f4", "bdata": base64, "shape": "m, n"}. NaN stays NaN; what is too large for float32 is clipped."""
    values = np.clip(np.asarray(array, dtype=np.float64), -LARGEST, LARGEST)
    data = np.ascontiguousarray(values, dtype="<f4")
    shape = ", ".join(str(size) for size in data.shape)
    return {"dtype": "f4", "bdata": base64.b64encode(data.tobytes()).decode("ascii"), "shape": shape}


def decode(encoded: dict[str, Any]) -> np.ndarray:
    """The array again, as float32 (what the browser sees)."""
    shape = tuple(int(size) for size in encoded["shape"].split(","))
    return np.frombuffer(base64.b64decode(encoded["bdata"]), dtype="<f4").reshape(shape)
