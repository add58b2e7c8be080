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

from app.instruments.controls import INSTRUMENT, STRIDES, InstrumentRequest, own_state, read_instrument_request
from app.instruments.export.request import InstrumentWish
from app.instruments.export.tables import MAKERS, MEASURED, TABLES, columns_of
from app.instruments.page import ABOUT
from app.instruments.routes import check_work, one_part
from app.state.control import ChoiceControl
from app.toy.export.controls import WIDTH, read_values
from app.toy.export.data import csv_bytes, npz_bytes
from app.toy.export.description import file_name, settings_of, settings_rows
from app.toy.export.files import MadeFile
from app.toy.measured_cost import cost_request, seconds
from app.toy.request import read_state
from app.web.cache import AnswerCache
from app.web.request import BadRequest
from optimizers import METHODS

FORMAT = ChoiceControl(
    "format", "Format",
    (("csv", "CSV"), ("npz", "npz"), ("json", "JSON"), ("png", "PNG"), ("svg", "SVG")),
    "csv", "What is made.", "export",
)  # fmt: skip
DRAWN = ("png", "svg")


def parts_of(name: str, asked: InstrumentRequest) -> Iterator[InstrumentRequest]:
    """The requests that together are the whole picture: the very ones that the page makes, so that they are kept."""
    if name == "phase":
        yield replace(asked, stride=STRIDES[0], methods=tuple(METHODS))
        yield from (replace(asked, stride=s, methods=(m,)) for s in STRIDES[1:] for m in METHODS)
    elif name == "basins":
        yield from (replace(asked, methods=(m,)) for m in METHODS)
    else:
        yield asked


def answers_of(name: str, asked: InstrumentRequest, kept: AnswerCache, most: float) -> list[dict[str, Any]]:
    """The instrument's whole answer, part by part: kept, or computed now. most: walkers × steps of one part."""
    answers = []
    for part in parts_of(name, asked):
        check_work(name, part, most)
        answers.append(orjson.loads(kept.get((name, part), partial(_computed, name, part))))
    return answers


def _computed(name: str, part: InstrumentRequest) -> bytes:
    return one_part([(name, part)])[0]


def instrument_wish(raw: Mapping[str, Any], kept: AnswerCache | None = None, most: float = math.inf) -> InstrumentWish:
    """The wish in a posted state of the instruments page, its answers computed. BadRequest says what is wrong.

    kept: where answers are looked for first;  most: walkers × steps that one part of a picture may take.
    """
    values, _ = read_values(raw, (FORMAT, INSTRUMENT, WIDTH))
    name, kind = values["instrument"], values["format"]
    if name not in MAKERS:
        raise BadRequest(f"There is no data of this instrument; there is of {', '.join(MAKERS)}.")
    keys = [key for key, _ in TABLES[name]]
    table = ChoiceControl("table", "Table", tuple((key, key) for key in keys), keys[0], "", "export")
    wanted = read_values({} if raw.get("table", "") == "" else raw, (table,))[0]["table"]
    reading = read_state(raw)
    own, _ = own_state(raw, reading.state["surface"])
    asked = read_instrument_request({k: v for k, v in raw.items() if k not in ("method", "stride")}, name)
    answers = answers_of(name, asked, kept or AnswerCache(0), most)
    settings = {**settings_of(reading), **own, "instrument": name, "what": answers[0].get("what", "")}
    if name in COUNTING:
        settings |= _counted(answers[0], asked, reading.state["cost"])
    title = f"{dict(INSTRUMENT.options)[name]}: {reading.surface.title}"
    return InstrumentWish(
        name, kind, wanted, answers, title, ABOUT[name], reading.state, own["shown"], settings_rows(reading), settings,
        values["width"],
    )  # fmt: skip


def instrument_file(wish: InstrumentWish) -> MadeFile:
    """Its file."""
    name, kind = wish.instrument, wish.format
    if kind in DRAWN:
        from app.instruments.export.pictures import instrument_picture

        content = instrument_picture(wish)
    elif kind == "json":
        content = orjson.dumps({"settings": wish.settings, "answers": wish.answers}, option=orjson.OPT_INDENT_2)
    elif kind == "csv":
        content = csv_bytes(wish.settings, *MAKERS[name](wish.answers)[wish.table])
    else:
        columns = columns_of(MAKERS[name](wish.answers))
        content = npz_bytes(wish.settings, {key: _array(column) for key, column in columns})
    return MadeFile(file_name(wish.state, kind, f"{name}-{wish.table}" if kind == "csv" else name), content)


COUNTING = ("phase", "fairness")
"""Instruments that count in the unit of the page."""


def _counted(answer: dict[str, Any], asked: InstrumentRequest, unit: str) -> dict[str, Any]:
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


def _array(values: list[Any]) -> np.ndarray:
    """A column as an array of texts or of numbers, with not-a-number where there is none."""
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=str)
    return np.array([np.nan if value is None else value for value in values])
