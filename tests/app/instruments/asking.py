"""What the instruments' tests ask for: the request alone, without the state that it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.instruments.controls import read_part
from app.instruments.instrument import InstrumentRequest


def read_instrument_request(raw: Mapping[str, Any], instrument: str = "") -> InstrumentRequest:
    """The checked request of an instrument; BadRequest with a sentence for each problem."""
    return read_part(raw, instrument)[0]
