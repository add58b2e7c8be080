"""One surface for everybody who watches a run: equal wishes for the ground under its paths are one job."""

from __future__ import annotations

from typing import Any

from app.jobs import Engine
from app.network.kinds import validate_landscape
from app.network.shared_job import share_job
from app.state.schema import BadRequest


async def share_landscape(engine: Engine, run: str, x: Any, y: Any, address: str = "") -> str:
    """The job that computes the loss over the run's plane on [x₀, x₁] × [y₀, y₁], started now or by somebody before.

    Its jobs count as the run's, not as a visitor's: so there are at most so many at a time for each run, however many
    follow it. BadRequest for bounds that are none.
    """
    try:
        wish = validate_landscape({"run": run, "x": x, "y": y})
    except (ValueError, TypeError) as error:
        raise BadRequest(f"{error}.") from error
    return await share_job(engine, f"landscape of {run}", {"kind": "landscape", **wish}, address)
