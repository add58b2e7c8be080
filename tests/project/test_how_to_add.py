"""What is added as the architecture page says is known to all who should know of it, with no other line changed.

Methods are added in tests/app/toy/test_any_method.py, kinds of jobs in tests/app/jobs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_surface_a_control_an_instrument_and_a_page():
    script = "import asyncio; from tests.project.added import check; asyncio.run(check()); print('all know')"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "all know"
