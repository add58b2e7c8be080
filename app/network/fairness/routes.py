"""The addresses at which a fair comparison is asked for and stopped."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from app.jobs import default_engine
from app.network.asked_routes import WATCHING, add_asked_routes
from app.network.controls import description_of

TUNED = ("learning_rate", "radius")
"""Settings that are tuned for each method: what the page has makes no difference where a method has them."""


def fairness_of(state: dict[str, Any]) -> dict[str, Any]:
    """The comparison that a state of the page asks for, but for the job that it goes on after."""
    described = {name: value for name, value in description_of(state).items() if name not in (*WATCHING, *TUNED)}
    asked = {name: state[f"fairness_{name}"] for name in ("goal", "effort", "seeds")}
    return {**described, "kind": "fairness", **asked}


def add_fairness_routes(server: FastAPI) -> None:
    """Put the addresses on the server."""
    add_asked_routes(server, "/network/fairness", fairness_of, lambda: default_engine())
