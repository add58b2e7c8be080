"""Compute the paper's figures into records that the page Paper shows.

    python -m app.paper                     # what is missing, two units at a time
    python -m app.paper --only 3            # one figure; --only 1/sgdm-seed-0: one unit
    python -m app.paper --again --only 6    # anew, though there is a record
    python -m app.paper --list              # what there is, what is missing, what it takes

Stop it at any moment (Ctrl-C): each unit's record is written when it is done, and the next call goes on with the rest.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from app.paper import records
from app.paper.figures import FIGURES, ORDER
from app.paper.units import Unit

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Networks this small are slower with more threads than one; several units at a time use the cores."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    head, _, tail = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m app.paper",
        description=head,
        epilog=tail,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", metavar="KEY", help="a figure, or a unit as --list names it")
    parser.add_argument("--again", action="store_true", help="what has a record too")
    parser.add_argument("--list", action="store_true", help="say what there is and what is missing; compute nothing")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1), help="units at a time")
    parser.add_argument("--smallest", action="store_true", help="every unit at its least size, to see that it runs")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where records go, if not among the page’s own")
    options = parser.parse_args(arguments)
    if options.processes < 1:
        parser.error("--processes must be at least 1")
    options.units = chosen(options.only, options.smallest)
    known = {name for unit in options.units for name in (unit.figure, unit.key)}
    if unknown := [name for name in options.only or () if name not in known]:
        parser.error(f"nothing is called {', '.join(unknown)}; see --list")
    return options


def chosen(only: Sequence[str] | None, smallest: bool = False) -> list[Unit]:
    """The units of the figures or units that are named; all where none is."""
    units = [unit for key in ORDER for unit in FIGURES[key].units(smallest)]
    if smallest:
        units = [replace(unit, seconds=1.0) for unit in units]
    return [unit for unit in units if not only or unit.figure in only or unit.key in only]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute what is missing; 0 when all is there, 130 when stopped."""
    options = parse(arguments)
    with TemporaryDirectory() as nowhere:
        folder = options.into or (Path(nowhere) if options.smallest else records.FOLDER)
        missing = [unit for unit in options.units if options.again or records.read(unit, folder) is None]
        if options.list:
            for unit in options.units:
                print(f"{'missing' if unit in missing else 'there  '}  {unit.key}  {words(unit.seconds)}")
        rest = words(sum(unit.seconds for unit in missing) / options.processes)
        print(f"{len(options.units) - len(missing)} of {len(options.units)} units are there; the rest takes {rest}.")
        return 0 if options.list else compute(missing, folder, options.processes, options.again)


def compute(units: Sequence[Unit], folder: Path, processes: int, again: bool = False) -> int:
    """Compute units, so many at a time, with a line for each; 0, 1 where one failed, 130 when stopped.

    What another call computes at the same time is left to it.
    """
    for name in THREADS:
        os.environ.setdefault(name, "1")
    began, done, failed = time.perf_counter(), 0.0, 0
    everything = sum(unit.seconds for unit in units)
    waiting = list(reversed(units))
    under_way: dict[Future[records.Record], tuple[Unit, ProcessPoolExecutor]] = {}
    pool = start_pool(processes)
    try:
        while waiting or under_way:
            while waiting and len(under_way) < processes:
                unit = waiting.pop()
                under_way[pool.submit(records.compute, unit, folder, again)] = unit, pool
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for one in finished:
                unit, its_pool = under_way.pop(one)
                done += unit.seconds
                left = words((time.perf_counter() - began) / done * (everything - done))
                number = len(units) - len(waiting) - len(under_way)
                try:
                    said = words(one.result()["processor_seconds"])
                except records.ClaimedError as error:
                    said = f"left out, {error}"
                except Exception as error:  # noqa: BLE001 - one unit's fault is told, and the others are computed
                    said, failed = f"failed: {type(error).__name__}: {error}", failed + 1
                    if isinstance(error, BrokenProcessPool) and its_pool is pool:
                        pool = start_pool(processes)  # one of its processes was killed, and it takes nothing more
                print(f"[{number}/{len(units)}] {unit.key}: {said}; {left} left", flush=True)
    except KeyboardInterrupt:
        processes_of_pool = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes_of_pool:
            process.kill()
        print("Stopped. What is done is kept, and the same command goes on with the rest.", flush=True)
        return 130
    pool.shutdown()
    return 1 if failed else 0


def start_pool(processes: int) -> ProcessPoolExecutor:
    """Processes that a terminal's Ctrl-C does not end: what becomes of them is decided by who started them."""
    return ProcessPoolExecutor(processes, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN))


def words(seconds: float) -> str:
    """“42 s”, “3 min”."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    # A shell starts what it puts into the background with the first of these ignored.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    sys.exit(main())
