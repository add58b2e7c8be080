"""Numbers and vectors in sentences and formulas: four significant digits, a true minus sign, powers of ten raised."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

DIGITS = 4
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = DIGITS) -> str:
    """0.04210 → “0.0421”, −1.5e-7 → “−1.5·10⁻⁷”, not-a-number → “–”."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text.replace("-", "−")
    mantissa, exponent = text.split("e")
    return f"{mantissa.replace('-', '−')}·10{str(int(exponent)).translate(RAISED)}"


def percent(part: float) -> str:
    """0.754 → “75 %”."""
    return f"{100 * part:.0f} %"


def vector(values: Iterable[Any], digits: int = DIGITS) -> str:
    """“(1.2, −3)”; one component stands in brackets too, so that a formula reads the same in one dimension."""
    return f"({', '.join(number(float(v), digits) for v in values)})"
