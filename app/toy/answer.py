"""What /toy/compute is asked and answers: a state is read, the surface and the paths of its runs stand side by side.

Who computes them is another matter: threads of the server for all its pages, a notebook's kernel for its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from app.state.schema import Reader
from app.toy.batch import compute_paths
from app.toy.request import ToyReading, ToyRequest, read_toy, request_of
from app.toy.surface import surface_key, surface_of


def read_computation(raw: Mapping[str, Any]) -> tuple[ToyReading, ToyRequest, bool]:
    """(the state, what it asks to be computed, whether the surface is wanted: not where the asker has it, `have`).
    BadRequest where something has the wrong type or does not exist."""
    reader = Reader(raw)
    reader.know("have")
    reading = read_toy(reader)
    reader.check()
    request = request_of(reading.state)
    return reading, request, raw.get("have") != surface_key(request)


def write_answer(reading: ToyReading, surface: bytes | None, paths: bytes) -> bytes:
    """The answer's JSON, from that of its parts."""
    notices, left_out = orjson.dumps(reading.notices), orjson.dumps(reading.left_out)
    return b'{"surface":%b,"paths":%b,"notices":%b,"left_out":%b}' % (surface or b"null", paths, notices, left_out)


def answer_alone(raw: Mapping[str, Any]) -> bytes:
    """The answer, computed here and now."""
    reading, request, wanted = read_computation(raw)
    return write_answer(reading, surface_of(request) if wanted else None, compute_paths(request))
