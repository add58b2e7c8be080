"""What machines ask: whether the process lives, whether it is ready for visitors, and its counts."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.jobs import default_engine
from app.telemetry.metrics import ENGINE
from app.telemetry.settings import ObserveSettings
from app.web.visitor import FORWARDING, address_of

ENGINE_ANSWERS_WITHIN = 2.0
ADDRESSES = ("/healthz", "/readyz", "/metrics")


class Readiness:
    """Whether the first compilation is over. A process that nobody has told to prepare says so."""

    def __init__(self) -> None:
        self.problem = "The process has just started, and its first compilation is not over."

    @property
    def ready(self) -> bool:
        """Whether visitors are answered without a wait."""
        return not self.problem

    def done(self) -> None:
        """The compilation is over."""
        self.problem = ""

    def failed(self, error: BaseException) -> None:
        """The first computation ended with an error: this process answers no visitor well."""
        self.problem = f"The first computation failed ({type(error).__name__}); the log says how."


READINESS = Readiness()


async def engine_state() -> dict[str, Any]:
    """The engine's counts; "unavailable" where it does not answer soon. Starts nothing."""
    try:
        return await asyncio.wait_for(default_engine().state(), ENGINE_ANSWERS_WITHIN)
    except TimeoutError:
        return {"state": "unavailable", "problem": "The engine does not answer."}


def add_health_routes(server: FastAPI, settings: ObserveSettings, readiness: Readiness = READINESS) -> None:
    """Put /healthz, /readyz and /metrics on the server."""

    def answer(content: dict[str, Any], status: int = 200) -> Response:
        headers = {"Cache-Control": "no-store"}
        return Response(orjson.dumps(content), status, headers=headers, media_type="application/json")

    @server.get("/healthz", include_in_schema=False)
    async def alive() -> Response:
        """The process lives and its event loop turns; nothing is computed."""
        return answer({"alive": True})

    @server.get("/readyz", include_in_schema=False)
    async def ready() -> Response:
        """503 with a sentence before the first compilation is over. The engine is told of and not asked for: without
        it the toy lab still works, and a balancer that took all web processes away would end that too."""
        state = await engine_state()
        engine = {key: state[key] for key in ("state", "problem", "waiting") if state.get(key) not in (None, "")}
        problems = [] if readiness.ready else [readiness.problem]
        return answer(
            {"ready": readiness.ready, "problems": problems, "engine": engine}, 200 if readiness.ready else 503
        )

    @server.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        """Prometheus' text for those whom POTHOLE_METRICS names. A request that came through a proxy is judged by
        the address that the proxy told, and refused where that is not trusted to tell it: a proxy on this computer
        would open them to everybody."""
        passed_on = any(name in request.headers for name in FORWARDING)
        if passed_on or not settings.may_read_metrics(address_of(request)):
            return answer({"problems": ["The metrics are not for this address; POTHOLE_METRICS names those."]}, 403)
        ENGINE.take(await engine_state())
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})
