"""The way to the scheduler: an embedded cluster or an address, and one question at a time. On the engine's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import signal
from multiprocessing import resource_tracker
from typing import Any

import dask
from distributed import Client, LocalCluster
from distributed.core import rpc

from app.jobs.errors import Refused, Unavailable, UnknownJob
from app.jobs.scheduler_side import HANDLER, RegistryPlugin
from app.jobs.settings import EngineSettings
from app.jobs.tls import protocol_of, security_of_cluster, security_of_its_own
from app.jobs.worker_side import JobRunner

logger = logging.getLogger("pothole.engine")
CONNECT_SECONDS = 5.0
DASK: dict[str, Any] = {
    # dask opens a port for pages about itself in any case; nothing is served there.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # For those pages it notes a hundred times a second what each thread does, and looks at its loops fifty times. An
    # idle engine took a twentieth of a processor with it.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    # It dates the last word of a worker with the wall clock, and would end all of them when that is set forward. A job
    # has a lease on the steady clock (`registry`), and a broken connection is noticed by the system.
    "distributed.scheduler.worker-ttl": None,
    # It would end the nanny of a worker that is lost and not back within 15 seconds, or lost again just then. On a busy
    # machine the next one takes longer, and then there would be none for ever.
    "distributed.deploy.lost-worker-timeout": "3650 days",
}
"""What dask is told before it starts anything; its worker processes get it from whoever starts them."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


class Connection:
    """Questions to the registry. The cluster is started, or the scheduler found, with the first one.

    Where an answer does not come the next question tries anew; a scheduler that has been restarted is set up again.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._security = security_of_its_own() if self.embedded else security_of_cluster(settings)
        self._cluster: LocalCluster | None = None
        self._rpc: Any = None
        self._starting: asyncio.Task[Any] | None = None
        self._closed = False

    @property
    def embedded(self) -> bool:
        """Whether scheduler and workers belong to this process."""
        return not self.settings.scheduler

    async def ask(self, action: str, seconds: float = 30.0, **message: Any) -> Any:
        """The registry's answer. Refused or UnknownJob with its sentence; Unavailable where there is no answer."""
        for attempt in (1, 2):
            connection = await self._open()
            try:
                answer = await asyncio.wait_for(
                    getattr(connection, HANDLER)(action=action, message=message), timeout=seconds
                )
            except (OSError, TimeoutError) as error:
                # Comm errors are OSErrors. The next question opens a fresh connection.
                await self._drop(connection)
                # A connection that has gone stale with a scheduler's restart deserves one fresh try. Every action may
                # be asked twice: what has been done already is done to the same end again.
                if attempt == 1 and isinstance(error, OSError) and not isinstance(error, TimeoutError):
                    continue
                raise self._unavailable() from error
            if answer is None:  # a scheduler without our handler: a new one under the same address
                await self._drop(connection)
                continue
            if "refused" in answer:
                raise (UnknownJob if answer["unknown"] else Refused)(answer["refused"])
            return answer["value"]
        raise self._unavailable()

    async def close(self) -> None:
        """End what was started here; what is being started is waited for, or nobody would end it."""
        self._closed = True  # who still asks does not start it anew
        if self._starting is not None:
            if not self.embedded:  # nothing of ours starts there, and a silent scheduler would be waited for
                self._starting.cancel()
            await asyncio.wait([self._starting])
        await self._drop(self._rpc)
        if self._cluster is not None:
            cluster, self._cluster = self._cluster, None
            # First of all: otherwise the workers' end would be told as their loss.
            for plugin in cluster.scheduler.plugins.values():  # type: ignore[union-attr]
                if isinstance(plugin, RegistryPlugin):
                    await plugin.before_close()
            await _end(cluster)

    def _unavailable(self) -> Unavailable:
        where = "The engine" if self.embedded else f"The scheduler at {self.settings.scheduler}"
        return Unavailable(f"{where} does not answer.")

    async def _open(self) -> Any:
        if self._closed:
            raise self._unavailable()
        if self._rpc is not None:
            return self._rpc
        if self._starting is None or self._starting.done():
            # In a context of its own: what lives on from here belongs to no request, and its log lines to none.
            self._starting = asyncio.create_task(self._connect(), context=contextvars.Context())
        # Whoever stops waiting does not end the start with it: dask would leave the processes that have begun.
        return await asyncio.shield(self._starting)

    async def _connect(self) -> Any:
        try:
            if self.embedded and self._cluster is None:
                self._cluster = await self._embedded()
            address = self.settings.scheduler or self._cluster.scheduler_address  # type: ignore[union-attr]
            client = Client(
                address,
                asynchronous=True,
                timeout=CONNECT_SECONDS,
                set_as_default=False,
                name="pothole",
                security=self._security,
            )
            try:
                await client
                # Both are kept by name on the scheduler: a second web process finds them there.
                await client.register_plugin(RegistryPlugin(self.settings))
                await client.register_plugin(JobRunner(self.settings))
            finally:  # `async with` would leave one behind that never came to stand
                await client.close()
            arguments = self._security.get_connection_args("client")
            self._rpc = rpc(address, timeout=CONNECT_SECONDS, connection_args=arguments)
            return self._rpc
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            if isinstance(error, RuntimeError):  # dask's, where a process of the engine does not start
                logger.error("the engine does not start: %s", error.__cause__ or error)
            raise self._unavailable() from error

    async def _drop(self, connection: Any) -> None:
        """Close a connection that failed; one that another question has opened since is left alone."""
        if connection is not None and self._rpc is connection:
            self._rpc = None
            with contextlib.suppress(OSError):
                await connection.close_rpc()

    async def _embedded(self) -> LocalCluster:
        settings = self.settings
        threads = {name: str(settings.worker_threads) for name in THREAD_VARIABLES}
        dask.config.set(DASK)  # for good: some of it is read when a worker is lost
        _keep_signals_from_workers()
        cluster = LocalCluster(
            n_workers=settings.worker_count,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol=protocol_of(self._security),
            security=self._security,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            worker_dashboard_address=None,
            asynchronous=True,
            silence_logs=logging.ERROR,
            memory_limit=0,
            env=threads,
        )
        try:
            return await cluster
        except RuntimeError:  # a worker did not start; the others and the scheduler would live on
            await _end(cluster)
            raise


async def _end(cluster: LocalCluster) -> None:
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        closing = cluster.close(timeout=10)
        if closing is not None:
            await closing


def _keep_signals_from_workers() -> None:
    """Ctrl+C and a service manager's SIGTERM reach a whole group of processes. A worker that died of it while it starts
    would be told as a fault, or started again; it inherits from this thread that it hears neither, and is ended with
    the cluster."""
    if hasattr(signal, "pthread_sigmask"):  # Windows has none, and no groups of this kind
        resource_tracker.ensure_running()  # its start ends with these signals let through again
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
