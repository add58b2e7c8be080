"""Dash's own endpoint for callbacks, guarded: what no page of ours sends is refused with 400 before Dash reads it.

Dash trusts the shape of what is posted to it and answers a wrong one with an internal error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MAXIMUM_PARTS = 400
KEYS = ("output", "outputs", "inputs", "state", "changedPropIds", "parsedChangedPropsIds")
"""What Dash's client posts."""
LONGEST_NUMBER = 18
"""Digits of a whole number."""


class NotACallback(ValueError):
    """A posted body that is no callback of this application; the message says why."""


def check_callback(body: bytes, known: Mapping[str, Any]) -> bytes:
    """The body with nothing in it but what Dash's client sends; NotACallback unless it asks for a known callback.

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
    _check_outputs(posted.get("outputs"), name)
    for key in ("changedPropIds", "parsedChangedPropsIds"):
        changed = posted.get(key, [])
        if not isinstance(changed, list) or not all(isinstance(entry, str) for entry in changed):
            raise NotACallback(f"{key} must be a list of texts.")
    return json.dumps({key: posted[key] for key in KEYS if key in posted}).encode()


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
            raise NotACallback(f"The callback’s {key} must be those that it declares.")


def _check_outputs(outputs: Any, name: str) -> None:
    """The {"id", "property"}, or the list of them, that the callback's name stands for: "a.b", or "..a.b...c.d.."."""
    several = name.startswith("..")
    wanted = [part.partition("@")[0] for part in (name[2:-2].split("...") if several else [name])]
    each = outputs if isinstance(outputs, list) else [outputs]
    for output in each:
        if not isinstance(output, dict) or not all(isinstance(output.get(part), str) for part in ("id", "property")):
            raise NotACallback("Each output must have an id and a property.")
    if several != isinstance(outputs, list) or [f"{o['id']}.{o['property']}".partition("@")[0] for o in each] != wanted:
        raise NotACallback("The callback’s outputs must be those that it declares.")
