"""An instrument as a file, its numbers or a picture: of the answers that the page draws (computed where the cache has
them not)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import orjson

from app.components.view_controls import WIDTH
from app.instruments.controls import TABLE, instrument_choice, instrument_controls, read_part
from app.instruments.export.request import InstrumentExport
from app.instruments.export.tables import MEASURED, columns_of
from app.instruments.instrument import InstrumentRequest
from app.instruments.registry import INSTRUMENTS
from app.state.control import ChoiceControl
from app.state.schema import BadRequest, read_values
from app.toy.export.description import settings_of, settings_rows
from app.toy.measured_cost import cost_request, seconds
from app.web.cache import AnswerCache
from app.web.made_file import MadeFile, csv_bytes, file_name, npz_bytes

FORMAT = ChoiceControl(
    name="format",
    label="Format",
    options=(("csv", "CSV"), ("npz", "npz"), ("json", "JSON"), ("png", "PNG"), ("svg", "SVG")),
    default="csv",
    help="What is made.",
    group="export",
)
DRAWN = ("png", "svg")


def check_work(name: str, asked: InstrumentRequest, most: float) -> None:
    """BadRequest where a part of a picture has more walkers × steps than one request may have."""
    work = INSTRUMENTS[name].work(asked)
    if work > most:
        raise BadRequest(f"This picture takes {work:.3g} walkers × steps and may take {most:.3g}: ask for less of it.")


def compute_in_steps(part: tuple[str, InstrumentRequest]) -> Iterator[bytes | None]:
    """The JSON of one part of an instrument's picture, after None for each step on the way to it."""
    name, asked = part
    answer = INSTRUMENTS[name].compute(asked)
    if isinstance(answer, bytes):
        yield answer
    else:
        yield from answer


def compute_part(name: str, asked: InstrumentRequest) -> bytes:
    """The JSON of one part of an instrument's picture, all at once."""
    *_, answer = compute_in_steps((name, asked))
    assert answer is not None
    return answer


def collect_answers(name: str, asked: InstrumentRequest, kept: AnswerCache, most: float) -> list[dict[str, Any]]:
    """The instrument's whole answer, part by part: kept, or computed now. most: walkers × steps of one part."""
    answers = []
    for part in INSTRUMENTS[name].parts(asked):
        check_work(name, part, most)
        answers.append(orjson.loads(kept.get((name, part), partial(compute_part, name, part))))
    return answers


def read_export(raw: Mapping[str, Any], kept: AnswerCache | None = None, most: float = math.inf) -> InstrumentExport:
    """The file that a posted state of the instruments page asks for, its answers computed. BadRequest says what is
    wrong.

    kept: where answers are looked for first;  most: walkers × steps that one part of a picture may take.
    """
    values, _ = read_values(raw, (FORMAT, instrument_choice(), WIDTH))
    instrument = INSTRUMENTS[values["instrument"]]
    keys = [key for key, _ in instrument.table_names]
    table = replace(TABLE, options=tuple((key, key) for key in keys), default=keys[0])
    wanted = read_values({} if raw.get("table", "") == "" else raw, (table,))[0]["table"]
    asked, reading = read_part(
        {name: value for name, value in raw.items() if name not in ("method", "stride")}, instrument.key
    )
    names = {control.name for control in instrument_controls()}
    own = {name: value for name, value in reading.state.items() if name in names}
    toy = replace(reading, state={name: value for name, value in reading.state.items() if name not in names})
    answers = collect_answers(instrument.key, asked, kept or AnswerCache(0), most)
    settings = {**settings_of(toy), **own, "what": answers[0].get("what", "")}
    if instrument.counts_cost:
        settings |= _describe_cost(answers[0], asked, toy.state["cost"])
    return InstrumentExport(
        instrument=instrument.key,
        format=values["format"],
        table=wanted,
        answers=answers,
        title=f"{instrument.title}: {toy.surface.title}",
        about=instrument.about,
        state=toy.state,
        shown=own["shown"],
        rows=settings_rows(toy),
        settings=settings,
        width=values["width"],
    )


def make_file(asked: InstrumentExport) -> MadeFile:
    """Its file."""
    instrument, kind = INSTRUMENTS[asked.instrument], asked.format
    if kind in DRAWN:
        from app.instruments.export.pictures import draw_instrument

        content = draw_instrument(asked, instrument.load_picture())
    elif kind == "json":
        content = orjson.dumps({"settings": asked.settings, "answers": asked.answers}, option=orjson.OPT_INDENT_2)
    elif kind == "csv":
        content = csv_bytes(asked.settings, *instrument.tables(asked.answers)[asked.table])
    else:
        columns = columns_of(instrument.tables(asked.answers))
        content = npz_bytes(asked.settings, {key: _as_array(column) for key, column in columns})
    detail = f"{instrument.key}-{asked.table}" if kind == "csv" else instrument.key
    return MadeFile(file_name(asked.state, kind, detail), content)


def _describe_cost(answer: dict[str, Any], asked: InstrumentRequest, unit: str) -> dict[str, Any]:
    """What a file says about its costs; seconds are put into the answer where the page counts in them."""
    if unit == "seconds":
        answer[MEASURED] = seconds(cost_request(asked.toy))
    told = {
        "cost": unit,
        "evaluations_each": answer["costs"],
        **({MEASURED: answer[MEASURED]} if MEASURED in answer else {}),
    }
    budget = answer.get("equal_cost")
    return told if budget is None else {**told, "budget": budget["budget"], "sentence": budget["sentence"]}


def _as_array(values: list[Any]) -> np.ndarray:
    """A column as an array of texts or of numbers, with not-a-number where there is none."""
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=str)
    return np.array([np.nan if value is None else value for value in values])
