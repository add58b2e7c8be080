"""The engine's two parts as processes of their own, for more than one web process or machine.

    python -m app.processes certificate tls                 # ca.pem, cert.pem, key.pem, for all of them
    export POTHOLE_TLS_CA=tls/ca.pem POTHOLE_TLS_CERT=tls/cert.pem POTHOLE_TLS_KEY=tls/key.pem
    python -m app.processes scheduler --port 8786
    python -m app.processes worker tls://127.0.0.1:8786        # one for each GPU, or one
    POTHOLE_SCHEDULER=tls://127.0.0.1:8786 python -m app    # any number of web processes

Whoever may speak to scheduler or workers may run code there (dask sends code between its processes). With the three
files that is whoever has the key; without them whoever reaches a port, every user of the computer among them.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import os
import signal
import sys
from pathlib import Path

import dask
from distributed import Nanny, Scheduler

from app.jobs.connection import DASK, THREAD_VARIABLES
from app.jobs.settings import EngineSettings
from app.jobs.tls import protocol_of, security_of_cluster, write_certificate
from app.network.device_check import refuse_missing_device
from app.network.training import user_models
from app.ports import cannot_listen, parse_port

END_SECONDS = 5.0
logger = logging.getLogger("pothole.engine")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m app.processes", description="A part of the engine as a process.")
    parts = parser.add_subparsers(dest="part", required=True)
    scheduler = parts.add_parser("scheduler", help="the queue, the jobs and their feeds")
    scheduler.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this computer only)")
    scheduler.add_argument("--port", type=parse_port, default=8786)
    scheduler.add_argument(
        "--state",
        default=os.environ.get("POTHOLE_STATE_DIR"),
        metavar="FOLDER",
        help="jobs are kept here across restarts; none: nowhere (default: POTHOLE_STATE_DIR, or this user’s own)",
    )
    worker = parts.add_parser("worker", help="runs jobs; is restarted when it dies, and finds a restarted scheduler")
    worker.add_argument("scheduler", nargs="?", default=os.environ.get("POTHOLE_SCHEDULER"), help="tls://host:8786")
    worker.add_argument("--name", default=None, help="a number says which GPU to use: 0, 1, …")
    user_models.add_options(worker)
    certificate = parts.add_parser("certificate", help="make a certificate for all parts of a cluster, where none is")
    certificate.add_argument("folder", type=Path)
    parts.add_parser("settings", help="print the table of settings and end")
    options = parser.parse_args(arguments)
    if options.part == "worker" and not options.scheduler:
        parser.error("say where the scheduler is: python -m app.processes worker tls://127.0.0.1:8786")
    return options


def state_folder(chosen: str | None, port: int) -> str:
    """The folder that the command line or the environment names, else one of this user's for this port."""
    if chosen == "none":
        return ""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return chosen or str(Path(home) / "pothole-lab" / f"scheduler-{port}")


async def run_scheduler(host: str, port: int, settings: EngineSettings, stop: asyncio.Event) -> None:
    """Serve until stopped."""
    security = security_of_cluster(settings)
    if not security.require_encryption:
        logger.warning("whoever reaches port %d may run code here: POTHOLE_TLS_CA, _CERT and _KEY are not set", port)
    try:
        scheduler = await Scheduler(
            host=host,
            port=port,
            protocol=protocol_of(security),
            security=security,
            dashboard=False,
            dashboard_address="127.0.0.1:0",
        )
    except RuntimeError as error:  # dask's, around the reason
        another = "python -m app.processes scheduler --port 8787"
        raise cannot_listen("The scheduler", host, port, error.__cause__, another) from None
    async with scheduler:
        print(f"Scheduler at {scheduler.address}", flush=True)  # noqa: T201
        await stop.wait()


async def run_worker(name: str | None, settings: EngineSettings, stop: asyncio.Event) -> None:
    """Serve until stopped; a scheduler that goes away is waited for."""
    scheduler, security = settings.scheduler, security_of_cluster(settings)
    env = {variable: str(settings.worker_threads) for variable in THREAD_VARIABLES}

    async def live() -> None:
        while True:
            nanny = Nanny(
                scheduler,
                nthreads=1,
                name=name,
                memory_limit=0,
                env=env,
                dashboard=False,
                security=security,
                protocol=protocol_of(security),
            )
            try:
                async with nanny:
                    print(f"Worker of {scheduler}", flush=True)  # noqa: T201
                    await nanny.finished()
            except (OSError, TimeoutError, RuntimeError) as error:
                logger.warning("no worker: %s", error.__cause__ or error)
            finally:
                # One that is given up in the middle of its start leaves its process behind. The nanny is asked, not
                # Python: another thread starts it, and takes this after that.
                if nanny.process is not None and nanny.process.process is not None:
                    await nanny.process.process.kill()
            await asyncio.sleep(0.5)

    life, stopped = asyncio.create_task(live()), asyncio.create_task(stop.wait())
    await asyncio.wait([life, stopped], return_when=asyncio.FIRST_COMPLETED)
    life.cancel()
    # A nanny that is given up in the middle of its end leaves its process too: one that ignores SIGTERM (`JobRunner`),
    # and that Python would wait for at this one's end.
    await asyncio.wait([life], timeout=END_SECONDS)
    for child in multiprocessing.active_children():
        child.kill()


async def serve(options: argparse.Namespace, settings: EngineSettings) -> None:
    """Run one part until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    if options.part == "scheduler":
        # Read where the registry is set up, which a web process asks for.
        os.environ["POTHOLE_STATE_DIR"] = state_folder(options.state, options.port)
        await run_scheduler(options.host, options.port, settings, stop)
    else:
        await run_worker(options.name, settings, stop)


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    options = parse(arguments)
    if options.part == "settings":
        for variable, default, text in EngineSettings.table():
            print(f"{variable:30} {default!s:>12}  {text}")  # noqa: T201
        return
    if options.part == "certificate":
        try:
            made = write_certificate(options.folder)
        except OSError as error:
            raise SystemExit(f"No certificate can be put into {options.folder} ({error.strerror}).") from None
        print(f"{'Made' if made else 'There is already'} a certificate in {options.folder}")  # noqa: T201
        return
    # Imported here: a worker's process imports this file, and has no use for it.
    from app.variables import refuse_unknown_variables

    try:
        refuse_unknown_variables()
        # A scheduler is told of no other.
        scheduler = options.scheduler if options.part == "worker" else ""
        settings = EngineSettings.from_environment(scheduler=scheduler)
        if options.part == "worker":
            refuse_missing_device(settings)
        user_models.take(options)
    except ValueError as error:
        print(f"The {options.part} does not start: {error}.", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
    from app.telemetry.logs import configure_logs
    from app.telemetry.settings import ObserveSettings

    configure_logs(ObserveSettings.from_environment())
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "warning")  # for the worker's process, which dask starts
    for name, known in logging.Logger.manager.loggerDict.items():
        if name.startswith("distributed") and isinstance(known, logging.Logger) and known.handlers:
            known.handlers.clear()  # dask gives its loggers handlers with a form of their own
            known.propagate = True
            known.setLevel(logging.WARNING)
    dask.config.set({**DASK, "distributed.comm.timeouts.connect": "3s"})
    asyncio.run(serve(options, settings))


if __name__ == "__main__":
    main()
