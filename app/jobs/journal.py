"""The form of a job's journal: one line of JSON for each change, written by one function and read by another.

    {"format", "job": the job's numbers after the change, "blobs": {name: [file, CRC-32]}, "entries": what the change
     has added to the feed as [number, kind, time, text of JSON], "feed": the feed's shape, in a first line alone}

Whatever is read has the types and bounds that the rest of the job system counts on, or is refused as a whole: a
journal of valid JSON with a text for a number would otherwise be met by the queue, and break it for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.jobs.feed import Stored
from app.jobs.job import Job
from app.jobs.kinds import LANES, Description
from app.jobs.states import State

FORMAT = 2
LARGEST = 2**53
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Step = Annotated[int, Field(ge=-1, le=LARGEST)]
Seconds = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
Text = Annotated[str, Field(max_length=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
BlobFile = Annotated[str, Field(pattern=r"^blob\.[0-9]{1,15}\z")]


class Strict(BaseModel):
    """What is read as it is or not at all: no text is taken for a number."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Numbers(Strict):
    """Fields of a job that are kept as they are. Times on a steady clock mean nothing to another process."""

    id: Name
    visitor: Name
    address: Text
    kind: Name
    lane: Literal[tuple(LANES)]  # type: ignore[valid-type]
    label: Text
    resumable: bool
    description: Description
    size: Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e12)] = 1.0
    watched: bool = False
    submitted: Seconds
    place: Count
    state: State
    sentence: Text
    reason: Text
    attempt: Count
    lost: Count
    urgent: bool
    ran: Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e12)]
    position: Step
    noted: Step
    total: Count
    settings: Description
    version: Count
    applied: list[tuple[Step, Description]]
    checkpoint_position: Count


class Shape(Strict):
    """A feed's shape, with what makes its numbers go on."""

    last: Count
    stride: Annotated[int, Field(ge=1, le=LARGEST)]
    thinned: Count


class Line(Strict):
    """One line."""

    format: Literal[2]
    job: Numbers
    blobs: dict[Name, tuple[BlobFile, Count]]
    entries: list[tuple[Count, Name, Seconds, str]]
    feed: Shape | None


LINES = TypeAdapter(list[Line])


def numbers_of(job: Job, blobs: dict[str, tuple[str, int]]) -> bytes:
    """The part of a line that tells the job as it is now. TypeError where JSON has no word for something."""
    return orjson.dumps({"job": {name: getattr(job, name) for name in Numbers.model_fields}, "blobs": blobs})


def write_line(numbers: bytes, entries: Sequence[Stored], shape: dict[str, int] | None = None) -> bytes:
    """A line of `numbers_of`'s bytes, what has been added to the feed, and in a first line the feed's shape."""
    rows = [(entry.number, entry.kind, entry.time, entry.raw.decode()) for entry in entries]
    return orjson.dumps({"format": FORMAT, "entries": rows, "feed": shape})[:-1] + b"," + numbers[1:] + b"\n"


def read_lines(journal: bytes) -> tuple[Line, list[Stored], Shape]:
    """The last line, the feed's entries and its shape; ValueError where this is no journal. A torn last line is left
    out: nobody has been told of it."""
    whole = journal.split(b"\n")[:-1]
    lines = LINES.validate_json(b"[" + b",".join(whole) + b"]")
    shape = lines[0].feed if lines else None
    if shape is None or not all(line.feed is None for line in lines[1:]):
        raise ValueError("the first line, and no other, must tell the feed’s shape")
    entries = [Stored(n, kind, time, raw.encode()) for line in lines for n, kind, time, raw in line.entries]
    numbers = [entry.number for entry in entries]
    if numbers != sorted(set(numbers)) or numbers[:1] == [0]:
        raise ValueError("the feed’s numbers must grow")
    for entry in entries:
        if not isinstance(orjson.loads(entry.raw), dict):
            raise ValueError("an entry must be an object")
    return lines[-1], entries, shape
