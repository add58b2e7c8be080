"""What a file of an instrument is made of; apart from what draws it, which takes long to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.drawing.appearance import MethodLook, look_in


@dataclass(frozen=True)
class InstrumentExport:
    """A checked request: the instrument, the answers that it draws, the page's state, and what a picture says of them.

    table: the one that a CSV holds; rows: the settings as the page names them; settings: all that a file keeps.
    """

    instrument: str
    format: str
    table: str
    answers: Sequence[Mapping[str, Any]]
    title: str
    about: str
    state: Mapping[str, Any]
    shown: str
    rows: Sequence[tuple[str, str]]
    settings: Mapping[str, Any]
    width: int

    @property
    def scheme(self) -> str:
        """Light or dark."""
        return str(self.state["scheme"])

    def look(self, method: str) -> MethodLook:
        """A method's look in the scheme."""
        return look_in(method, self.scheme)

    @property
    def unit(self) -> str:
        """What costs are counted in."""
        return str(self.state["cost"])
