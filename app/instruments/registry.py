"""The instruments, in the order of their tabs."""

from __future__ import annotations

from app.instruments.basins import BASINS
from app.instruments.fairness import FAIRNESS
from app.instruments.instrument import Instrument
from app.instruments.phase import PHASE
from app.instruments.race import RACE
from app.instruments.two_scale import TWO_SCALE

INSTRUMENTS: dict[str, Instrument] = {one.key: one for one in (PHASE, RACE, FAIRNESS, BASINS, TWO_SCALE)}
