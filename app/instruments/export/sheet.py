"""The sheet of an instrument's picture: what was found in its head, below it what has to be known, and all settings."""

from __future__ import annotations

from collections.abc import Sequence

from app.drawing.sheet import EDGE, HEAD, LOOKS_IN_ROW, ROW_OF_LOOKS, WIDE, Sheet, wrapped
from app.instruments.export.request import InstrumentExport
from app.toy.export.description import SOURCE

ROW = 14
"""Points from one setting to the next."""


def instrument_sheet(
    asked: InstrumentExport, body: int, said: str, notes: Sequence[str], methods: Sequence[str] = ()
) -> tuple[Sheet, float]:
    """(the sheet, where its body begins). said: what the instrument found; notes: what has to be known of it."""
    lead = wrapped(said, 10)
    below = [line for note in notes for line in wrapped(note)]
    deep = -(-len(asked.rows) // 3)
    head = HEAD + (ROW_OF_LOOKS * ((len(methods) - 1) // LOOKS_IN_ROW) if methods else -18)
    top = head + 16 * len(lead) + (6 if lead else 0)
    height = round(top + body + ROW * (len(below) + deep + 1) + 40)
    looks = {name: asked.look(name) for name in methods}
    sheet = Sheet(asked.title, asked.about, height, asked.settings, asked.scheme, asked.format, asked.width, looks)
    sheet.lines(head, lead, 10, color=sheet.colours.ink)
    end = sheet.lines(top + body, below) + 8
    column = (WIDE - 2 * EDGE + 18) / 3
    for index, (name, value) in enumerate(asked.rows):
        left, y = EDGE + (index // deep) * column, end + (index % deep) * ROW
        sheet.text(left, y, name, 8.5)
        sheet.text(left + column - 18, y, value, 8.5, ha="right", color=sheet.colours.ink)
    sheet.text(EDGE, end + deep * ROW + 8, SOURCE, 8.5)
    return sheet, top
