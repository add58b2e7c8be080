"""What a picture of an instrument is asked to be; apart from what draws it, which takes long to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.appearance import MethodLook
from app.export.scene import look_in


@dataclass(frozen=True)
class PictureWish:
    """A picture of an instrument: its name, what it is about, the page's state, the settings said and those kept."""

    instrument: str
    title: str
    about: str
    state: Mapping[str, Any]
    shown: str
    rows: Sequence[tuple[str, str]]
    settings: Mapping[str, Any]
    form: str
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
