"""Told when a program starts, and not with its first run: a device that is wanted and not here."""

from __future__ import annotations

import subprocess
import sys

from app.jobs.settings import EngineSettings

LOOK = """
import sys
from app.network.training.devices import device_for
try:
    device_for(0)
except ValueError as error:
    sys.exit(str(error))
"""


def refuse_missing_device(settings: EngineSettings) -> None:
    """ValueError with a sentence where the environment wants a GPU for workers here and torch finds none.

    A process of its own looks: who asks needs no torch, whose import takes seconds. Where no GPU is asked for by name,
    nobody looks.
    """
    if settings.device in ("auto", "cpu"):
        return
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.strip().splitlines()[-1])
