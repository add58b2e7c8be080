"""Dash's own endpoint for callbacks, guarded: what no page of ours sends is refused with 400 before Dash reads it.

Dash trusts the shape of what is posted to it and answers a wrong one with an internal error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MAXIMUM_PARTS = 400
LONGEST_NUMBER = 18
"""Digits of a whole number."""


class NotACallback(ValueError):
    """A posted body that is no callback of this application; the message says why."""


def check_callback(body: bytes, known: Mapping[str, Any]) -> None:
    """NotACallback unless the body asks for a known callback in the shape that Dash's client uses.

    known: Dash's map from the text of a callback's outputs to its specification.
    """
    try:
        posted = json.loads(body, parse_int=_whole, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise NotACallback("The request is not valid JSON.") from None
    if not isinstance(posted, dict):
        raise NotACallback("The request must be a JSON object.")
    name = posted.get("output")
    if not isinstance(name, str) or name not in known:
        raise NotACallback("The request names no callback of this application.")
    specification = known[name]
    for key in ("inputs", "state"):
        _check_values(posted.get(key, []), specification.get(key, []), key)
    _check_outputs(posted.get("outputs"))
    changed = posted.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(entry, str) for entry in changed):
        raise NotACallback("changedPropIds must be a list of texts.")


def _whole(digits: str) -> int:
    """Dash answers a number that no browser can have sent with an internal error."""
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("too long")
    return int(digits)


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _check_values(values: Any, wanted: list[dict[str, Any]], key: str) -> None:
    """One {"id", "property", "value"} for each input that the callback declares, in its order."""
    if not isinstance(values, list) or len(values) != len(wanted) or len(values) > MAXIMUM_PARTS:
        raise NotACallback(f"The callback takes {len(wanted)} {key}.")
    for value, declared in zip(values, wanted, strict=True):
        fits = isinstance(value, dict) and all(value.get(part) == declared[part] for part in ("id", "property"))
        if not fits:
            raise NotACallback(f"The callback's {key} must be those that it declares.")


def _check_outputs(outputs: Any) -> None:
    """One {"id", "property"} with texts, or a list of them."""
    each = outputs if isinstance(outputs, list) else [outputs]
    if not 0 < len(each) <= MAXIMUM_PARTS:
        raise NotACallback("The callback's outputs must be listed.")
    for output in each:
        if not isinstance(output, dict) or not all(isinstance(output.get(part), str) for part in ("id", "property")):
            raise NotACallback("Each output must have an id and a property.")
