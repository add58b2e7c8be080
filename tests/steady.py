"""The whole suite again and again beside busy loops, and a line for each run: what fails here waits for a time.

make steady RUNS=10; what a run with a failure printed is kept in .cache/steady
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / "tests" / "steady.log"
PRINTED = ROOT / ".cache" / "steady"
BUSY = [sys.executable, "-c", "while True: pass"]


def main() -> int:
    """Append to tests/steady.log; the exit status says whether every run was without a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--loops", type=int, default=2)
    options = parser.parse_args()
    loops = [subprocess.Popen(BUSY) for _ in range(options.loops)]
    bad = 0
    try:
        write(f"{options.runs} runs beside {options.loops} busy loops on {os.cpu_count()} cores")
        for run in range(1, options.runs + 1):
            began, commit = time.monotonic(), at_commit()
            done = subprocess.run(["make", "test"], cwd=ROOT, capture_output=True, text=True, check=False)
            lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR", "="))]
            last = lines[-1].strip("= ") if lines else done.stderr[-300:]
            seconds = time.monotonic() - began
            write(f"run {run} of {commit}: exit {done.returncode} after {seconds:.0f} s: {last}")
            for line in lines:
                if line.startswith(("FAILED", "ERROR")):
                    write(f"  {line}")
            if done.returncode:
                bad += 1
                PRINTED.mkdir(parents=True, exist_ok=True)
                (PRINTED / f"{commit}-{run}.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    finally:
        for loop in loops:
            loop.kill()
    return int(bad > 0)


def at_commit() -> str:
    """What is run, so that runs of several days can be told apart."""
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "no commit"


def write(line: str) -> None:
    """To the log and the terminal, with the time."""
    stamped = f"{datetime.now(UTC):%Y-%m-%d %H:%M} {line}"
    print(stamped, flush=True)
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"{stamped}\n")


if __name__ == "__main__":
    sys.exit(main())
