"""What is computed at once and kept as one record: an experiment at one setting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast


@dataclass(frozen=True)
class Unit:
    """figure: its key;  name: what tells it from the figure's others, in words;  experiment: "module:function" below
    app.paper.experiments, a pure function of the settings;  settings: JSON, all that it needs to be repeated;
    seconds: about what it takes of one core of 2024, to say how long all will take."""

    figure: str
    name: str
    experiment: str
    settings: dict[str, Any]
    seconds: float

    @property
    def slug(self) -> str:
        """Its name as a file's: "llqr-sam-seed-3"."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower().replace("η", "eta")).strip("-")

    @property
    def key(self) -> str:
        """What `--only` takes: "1/llqr-sam-seed-3"."""
        return f"{self.figure}/{self.slug}"

    def compute(self) -> dict[str, Any]:
        """The result, JSON. It takes about `seconds`; torch is imported."""
        module, function = self.experiment.split(":")
        run = getattr(import_module(f"app.paper.experiments.{module}"), function)
        return cast("dict[str, Any]", run(**self.settings))
