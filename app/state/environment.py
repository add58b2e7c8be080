"""A table of settings: dataclass fields that environment variables may set, read strictly, with words for people.

    @dataclass(frozen=True)
    class EngineSettings(SettingsTable):
        queue_length: int = setting(64, "POTHOLE_QUEUE_LENGTH", "jobs that may wait", 1)

The web process (app.web.settings) and the engine (app.jobs.settings) each have one; only the standard library is
needed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import Field, field, fields
from typing import Any, Self

from app.state.markdown import write_markdown

SHOWN_CHARACTERS = 60


def setting(
    default: Any,
    variable: str,
    text: str,
    least: float = 0,
    most: float = math.inf,
    *,
    unit: str = "",
    choices: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """A field that `variable` may set. The default's type says how it is read.

    int, float: a number from `least` to `most`;  str: text, one of `choices` where there are any;  tuple: names
    separated by commas.  A secret's value is never shown.
    """
    row = {"variable": variable, "help": text, "least": least, "most": most, "unit": unit}
    return field(default=default, metadata={**row, "choices": choices, "secret": secret})


class SettingsTable:
    """The base of a table of settings."""

    @classmethod
    def rows(cls) -> list[Field[Any]]:
        """The fields that an environment variable sets."""
        return [row for row in fields(cls) if row.metadata.get("variable")]  # type: ignore[arg-type]

    @classmethod
    def table(cls) -> list[tuple[str, Any, str]]:
        """(environment variable, default, meaning) of every setting that has one."""
        return [(row.metadata["variable"], row.default, row.metadata["help"]) for row in cls.rows()]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Self:
        """Settings from the environment; `given` ones win. An empty variable counts as not set.

        ValueError, with a sentence that names the variable, where a value is not what the setting takes.
        """
        environment = os.environ if environment is None else environment
        read = {
            row.name: _parsed(row, environment[row.metadata["variable"]].strip())
            for row in cls.rows()
            if environment.get(row.metadata["variable"], "").strip()
        }
        return cls(**{**read, **given})


def _parsed(row: Field[Any], text: str) -> Any:
    default, about = row.default, row.metadata
    variable = about["variable"]
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, str):
        if about["choices"] and text not in about["choices"]:
            raise ValueError(f"{variable} must be one of {', '.join(about['choices'])}, not {_shown(text)}")
        return text
    try:
        value: float = int(text) if isinstance(default, int) else float(text)
        fine = about["least"] <= value <= about["most"] and not math.isinf(float(text))
    except ValueError:
        fine = False
    if not fine:
        what = "a whole number" if isinstance(default, int) else "a number"
        raise ValueError(f"{variable} must be {what} {_range(row)}, not {_shown(text)}")
    return value


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…")


def _range(row: Field[Any]) -> str:
    least, most = row.metadata["least"], row.metadata["most"]
    return f"of at least {least:.12g}" if math.isinf(most) else f"from {least:.12g} to {most:.12g}"


def as_table(settings: Iterable[SettingsTable]) -> str:
    """All rows of the tables as one Markdown table, with the value in force."""
    rows = []
    for table in settings:
        for row in table.rows():
            about, value = row.metadata, getattr(table, row.name)
            shown = ("(set)" if value else "") if about["secret"] else _text(value)
            rows.append((about["variable"], shown, _text(row.default), _takes(row), about["help"]))
    return write_markdown(("variable", "value", "default", "takes", "meaning"), rows)


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _takes(row: Field[Any]) -> str:
    if row.metadata["choices"]:
        return " or ".join(row.metadata["choices"])
    if isinstance(row.default, tuple):
        return "names, separated by commas"
    if isinstance(row.default, str):
        return "text"
    what = "a whole number" if isinstance(row.default, int) else "a number"
    unit = f" ({row.metadata['unit']})" if row.metadata["unit"] else ""
    return f"{what} {_range(row)}{unit}"
