"""The start-up line: what runs here, on what, and within which limits."""

from __future__ import annotations

import logging
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from app import __version__
from app.jobs.settings import EngineSettings, available_cores, visible_gpus
from app.web.access import describe_hosts
from app.web.settings import WebSettings

logger = logging.getLogger("pothole.start")
LIBRARIES = ("torch", "dash", "plotly")


def installed(name: str) -> str:
    """The version of an installed package. Read from its files: importing it may take seconds."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def device() -> str:
    """What training would run on here: the GPUs at hand, or the processor's cores."""
    gpus = len(visible_gpus())
    return counted(gpus, "GPU") if gpus else f"CPU, {counted(available_cores(), 'core')}"


def counted(number: int, what: str) -> str:
    """2, "core" → "2 cores"."""
    return f"{number} {what}{'s' * (number != 1)}"


def start_line(web: WebSettings, engine: EngineSettings) -> None:
    """Log the start-up line."""
    logger.info("start", extra=facts(web, engine))


def facts(web: WebSettings, engine: EngineSettings) -> dict[str, Any]:
    """The start-up line's keys and values."""
    embedded = f"embedded, {counted(engine.worker_count, 'worker')}"
    return {
        "pothole_lab": __version__,
        "python": platform.python_version(),
        **{name: installed(name) for name in LIBRARIES},
        "device": device(),
        "engine": f"scheduler {engine.scheduler}" if engine.scheduler else embedded,
        "body_bytes": web.body_bytes,
        "walker_steps": web.walker_steps,
        "waiting": web.waiting,
        "sockets": web.sockets,
        "hosts": describe_hosts(web.hosts),
        "password": "asked" if web.password else "none",
        "queue_length": engine.queue_length,
        "jobs_per_visitor": engine.jobs_per_visitor,
        "jobs_kept": engine.jobs_kept,
        "kept_bytes": engine.all_kept_bytes,
    }
