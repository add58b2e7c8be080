"""The addresses at which statements are asked for and stopped."""

from __future__ import annotations

from fastapi import FastAPI

from app.jobs import default_engine
from app.jobs.kinds import Description
from app.network.asked_routes import WATCHING, add_asked_routes
from app.network.controls import description_of
from app.network.statements.statement import COMPARED
from app.state.schema import State


def statements_of(state: State) -> Description:
    """The job of statements that a state of the page asks for, but for the job that it goes on after."""
    described = description_of({**state, "methods": list(COMPARED)})
    trained = {name: value for name, value in described.items() if name not in WATCHING}
    return {**trained, "kind": "statements", "preset": state["preset"], "seeds": state["statements_seeds"]}


def add_statements_routes(server: FastAPI) -> None:
    """Put the addresses on the server."""
    add_asked_routes(server, "/network/statements", statements_of, lambda: default_engine())
