"""Structured logs: one line for each record on the standard error, as key=value or as JSON.

Our own code and the libraries log through the standard library's `logging`; structlog only writes the records, so a
library's line has the same keys as ours. What a request binds (its id) is in every line logged on its behalf.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict

from app.telemetry.settings import ObserveSettings

FIRST = ["timestamp", "level", "event", "request_id"]
QUIET = {"uvicorn.access": logging.WARNING, "uvicorn.error": logging.WARNING, "asyncio": logging.WARNING}
"""Loggers that say at the level "info" what is logged here better, or what nobody asks for."""


def configure_logs(settings: ObserveSettings, stream: TextIO | None = None) -> None:
    """Let all records at the settings' level and above go to one stream (the standard error) in the settings' form."""
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=_json)
        if settings.log_format == "json"
        else structlog.processors.LogfmtRenderer(key_order=FIRST, bool_as_flag=False, drop_missing=True)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _without_controls,
            renderer,
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "pothole", False):
            root.removeHandler(old)
    handler.pothole = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(settings.level)
    # The start-up line is printed whatever the level is.
    logging.getLogger("pothole.start").setLevel(logging.INFO)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(max(level, root.level))


def _json(record: EventDict, **_options: Any) -> str:
    return orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _without_controls(_logger: Any, _method: str, record: EventDict) -> EventDict:
    """A record is one line without control characters, whoever wrote a part of it: JSON and logfmt escape line feeds,
    and the rest (an escape sequence could repaint a terminal) is written as \\x1b here."""
    record.pop("message", None)  # another handler's formatter has left it on the record; it is the event again
    for key, value in record.items():
        if isinstance(value, str) and not value.isprintable():
            record[key] = "".join(
                sign if sign.isprintable() or sign in "\n\t" else sign.encode("unicode_escape").decode()
                for sign in value
            )
    return record
