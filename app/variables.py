"""Every environment variable of the lab's programs. A name that is none of them is refused before anything starts: a
misspelt POTHOLE_PASSWORD would open the lab to everybody, and nobody would be told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches

from app.jobs.settings import EngineSettings
from app.network.training import user_models
from app.state.environment import SettingsTable
from app.telemetry.settings import ObserveSettings
from app.web.settings import WebSettings

TABLES: tuple[type[SettingsTable], ...] = (WebSettings, EngineSettings, ObserveSettings)
OF_THE_PROXY = ("POTHOLE_SITE", "POTHOLE_WEB", "POTHOLE_ASSETS")
"""What app/deploy/Caddyfile is told."""
PREFIX = "POTHOLE_"
ALIKE = 0.9
"""From here on a name without the prefix, such as POTHLE_PASSWORD, is one of ours with a slip in it."""


def known_variables() -> tuple[str, ...]:
    """The names of all variables that mean something to one of the programs."""
    rows = [row.metadata["variable"] for table in TABLES for row in table.rows()]
    return (*rows, *user_models.VARIABLES.values(), *OF_THE_PROXY)


def refuse_unknown_variables(environment: Mapping[str, str] | None = None) -> None:
    """ValueError, with a sentence that names the nearest known one, where a variable looks like ours and is not."""
    known = known_variables()
    for name in os.environ if environment is None else environment:
        upper = name.upper()
        if name in known or not (upper.startswith(PREFIX) or get_close_matches(upper, known, 1, ALIKE)):
            continue
        nearest = get_close_matches(upper, known, 1, 0.0)[0]
        raise ValueError(
            f"{name[:60]} is no setting of Pothole lab (the nearest is {nearest}; python -m app --settings lists all)"
        )
