"""The part of the engine in a worker process: it takes jobs from the registry, runs each in a thread and reports."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from distributed import Worker
from distributed.diagnostics.plugin import WorkerPlugin

from app.jobs.context import JobContext, LeaveJob
from app.jobs.errors import Refused
from app.jobs.kinds import LANES, load_kind, load_run
from app.jobs.settings import EngineSettings
from app.jobs.states import Event
from app.jobs.versions import versions_here

IMPORTING = threading.Lock()
logger = logging.getLogger("pothole.worker")
TAKE_WAITS = 5.0
"""Seconds that a question for a job may wait for one at the scheduler."""
BURST = 3.0
"""Reports that may follow each other at once after a quieter time."""
ASK_SECONDS = 30.0
"""How long a job waits for an answer about another job."""
IDLE_SECONDS = 0.1
"""How long a worker is to be without a job before it prepares for others."""
POLL = 0.2
"""Seconds between reports of a job that has nothing to say: how long a request of its owner may wait."""
LEAVE_SECONDS = 2.5
"""How long the end of a worker waits for its job's last checkpoint; its nanny would kill it after four."""
REFUSED_SECONDS = 20.0
"""Until a worker whose version is another than the scheduler's asks again: one of its own may stand there by then."""
ANSWER_SECONDS = 1.0
"""How long the end of a worker waits for the scheduler, which may have ended too."""
SHUT_DOWN = "Its worker was shut down; it goes on with the next one."


class JobRunner(WorkerPlugin):
    """Runs one job of each lane at a time in the worker process it is set up in."""

    name = "pothole-runner"
    idempotent = True

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._tasks: dict[asyncio.Task, JobContext | None] = {}
        self._lanes: dict[str, asyncio.Task] = {}
        self._warmed = False
        self._refused = ""

    async def setup(self, worker: Worker) -> None:
        """Start asking for jobs."""
        self._ending = asyncio.Event()
        logging.getLogger("distributed.worker").addFilter(
            tell_loss_in_a_line if self.settings.scheduler else leave_loss_out
        )
        if self.settings.nice and hasattr(os, "nice") and os.nice(0) < self.settings.nice:
            with contextlib.suppress(OSError):
                os.nice(self.settings.nice)
        if worker.nanny and threading.current_thread() is threading.main_thread():
            # Ctrl+C, and a service manager's SIGTERM, reach every process of a group. This one's nanny hears them too,
            # and ends it in good order.
            for sign in (signal.SIGINT, signal.SIGTERM):
                signal.signal(sign, signal.SIG_IGN)
            atexit.register(end_process_with_its_threads)
        self._lanes = {lane: asyncio.create_task(self._serve(worker, lane), name=f"pothole-{lane}") for lane in LANES}
        self._tasks = dict.fromkeys(self._lanes.values())
        self._warm_when_idle()

    async def teardown(self, worker: Worker) -> None:
        """Let running jobs leave with a checkpoint, and give those that do not back as they are."""
        self._ending.set()
        busy = {task: context for task, context in self._tasks.items() if context is not None}
        for context in busy.values():
            context.request_leave()
        deaf: set[asyncio.Task] = set()
        if busy:
            _, deaf = await asyncio.wait(busy, timeout=LEAVE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for task in deaf:
            busy[task].leave()
            back = {"job": busy[task].id, "attempt": busy[task].attempt, "sentence": SHUT_DOWN}
            with contextlib.suppress(OSError, LookupError, TimeoutError):
                await asyncio.wait_for(_ask(worker, "finish", event=Event.LEAVE.value, **back), ANSWER_SECONDS)

    async def _serve(self, worker: Worker, lane: str) -> None:
        while not self._closing:
            try:
                told = {"worker": worker.address, "versions": versions_here()}
                assignment = await _ask(worker, "take", **told, lane=lane, wait=TAKE_WAITS)
                if assignment is not None:
                    await self._run(worker, lane, assignment)
                self._warm_when_idle()
            except Refused as refusal:
                if str(refusal) != self._refused:
                    self._refused = str(refusal)
                    logger.error("%s", self._refused)
                await asyncio.sleep(REFUSED_SECONDS)
            except (OSError, LookupError):
                # The scheduler is gone or has no registry yet; the worker ends or reconnects by dask's own rules.
                await asyncio.sleep(1.0)
            except Exception:
                logger.exception("taking a job failed")
                await asyncio.sleep(1.0)

    @property
    def _closing(self) -> bool:
        return self._ending.is_set()

    def _runs_before(self, lane: str) -> bool:
        """Whether a job runs here that goes before those of a lane. Called from jobs' threads."""
        return any(self._tasks[self._lanes[before]] is not None for before in LANES[lane])

    @property
    def _idle(self) -> bool:
        return not any(self._tasks.values())

    def _warm_when_idle(self) -> None:
        """Where no job runs, begin to import what jobs of all kinds need: the first of a kind finds it there."""
        if self._idle and not self._warmed:
            self._warmed = True
            arguments = (self.settings, lambda: self._idle and not self._closing)
            threading.Thread(target=import_needs, args=arguments, name="pothole-warm", daemon=True).start()

    async def _run(self, worker: Worker, lane: str, assignment: dict[str, Any]) -> None:
        index = int(worker.name) if str(worker.name).isdigit() else 0
        settings, loop = self.settings, asyncio.get_running_loop()
        ask = partial(_ask_from_thread, worker, loop)
        context = JobContext(assignment, settings.worker_threads, settings.checkpoint_seconds, index, ask)
        context.gives_way = partial(self._runs_before, lane)
        ended: asyncio.Future[tuple[Event, str]] = loop.create_future()
        thread = JobThread(assignment, context, self.settings, ended)
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = context
        try:
            thread.start()
            await self._report_until_ended(worker, context, ended)
        finally:
            self._tasks[task] = None

    async def _report_until_ended(self, worker: Worker, context: JobContext, ended: asyncio.Future) -> None:
        job, attempt = context.id, context.attempt
        rate, loop = self.settings.updates_per_second, asyncio.get_running_loop()
        # Reports are rationed to `rate` a second on average and not by a least time between two: a job that reports
        # just so often would otherwise wait for half of that time, as each row misses its turn by a little.
        allowed, counted = BURST, time.monotonic()
        while True:
            over, now = ended.done(), time.monotonic()
            allowed, counted = min(BURST, allowed + (now - counted) * rate) - 1.0, now
            answer = await self._insist(worker, "report", job=job, attempt=attempt, **context.news())
            if answer["abandon"]:
                await self._abandon(job, context, ended)
                return
            context.instruct(answer)
            if over:
                event, sentence = ended.result()
                if event == Event.LEAVE and self._closing:
                    sentence = SHUT_DOWN
                await self._insist(worker, "finish", job=job, attempt=attempt, event=event.value, sentence=sentence)
                return
            if allowed < 1.0:
                await asyncio.wait([ended], timeout=(1.0 - allowed) / rate)
            news: asyncio.Future = loop.create_future()
            context.when_news(partial(loop.call_soon_threadsafe, _settle, news, None))
            await asyncio.wait([ended, news], timeout=POLL, return_when=asyncio.FIRST_COMPLETED)

    async def _insist(self, process: Worker, action: str, **message: Any) -> Any:
        """Ask until there is an answer: what a report carries must not be lost while the process lives."""
        while True:
            try:
                return await _ask(process, action, **message)
            except LookupError:
                return {"abandon": True}
            except OSError:
                if self._closing:
                    return {"abandon": True}
                await asyncio.sleep(0.2)

    async def _abandon(self, job: str, context: JobContext, ended: asyncio.Future) -> None:
        """The job is no longer this worker's: end its thread, and if it does not end, the process (a nanny starts the
        next)."""
        context.leave()
        ending = asyncio.ensure_future(self._ending.wait())
        wait = self.settings.unresponsive_seconds / 2
        await asyncio.wait([ended, ending], timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not ended.done() and not self._closing:
            logger.error("job %s does not leave its worker; ending the process", job)
            os._exit(1)


def import_needs(settings: EngineSettings, idle: Callable[[], bool]) -> None:
    """Import the modules that run the kinds, one after the other and only while the worker is idle: no run is slower
    for it, and a job that begins meanwhile waits for one module at most."""
    for name in settings.kinds:
        time.sleep(IDLE_SECONDS)
        while not idle():
            time.sleep(IDLE_SECONDS)
        try:
            with IMPORTING:
                load_run(load_kind(name, settings.kinds))
        except Exception as error:  # noqa: BLE001 - a job of that kind will say what is wrong
            logger.debug("what runs jobs of kind %s is not imported: %s", name, error)


class JobThread(threading.Thread):
    """Runs a kind's `run` and puts (what happened, sentence) into `ended`."""

    def __init__(
        self, assignment: dict[str, Any], context: JobContext, settings: EngineSettings, ended: asyncio.Future
    ) -> None:
        super().__init__(name=f"job-{assignment['job']}", daemon=True)
        self.assignment, self.context, self.settings, self.ended = assignment, context, settings, ended

    def run(self) -> None:
        """The thread's whole life."""
        event, sentence = Event.FAIL, "The run ended in an unexpected way."
        try:
            with IMPORTING:
                # One job at a time: two threads that import torch at once find each other's half-made modules.
                kind = load_kind(self.assignment["kind"], self.settings.kinds)
                run = load_run(kind)
                limit_threads(self.context.threads)
            self.context.set_resumable(kind.resumable)
            run(self.assignment["description"], self.context)
            event, sentence = Event.FINISH, "Finished."
        except LeaveJob:
            event, sentence = Event.LEAVE, ""
        except (ValueError, ArithmeticError) as error:
            # A sentence for whoever asked; where it came from is of interest to who looks for a fault only.
            logger.warning("job %s failed: %s", self.assignment["job"], error)
            logger.debug("job %s failed", self.assignment["job"], exc_info=True)
            sentence = str(error) or type(error).__name__
        except MemoryError:
            sentence = "The machine ran out of memory."
        except BaseException as error:
            logger.exception("job %s failed", self.assignment["job"])
            sentence = (
                f"The run failed with an error of the program ({type(error).__name__}); it is in the worker’s log."
            )
        loop = self.ended.get_loop()
        with contextlib.suppress(RuntimeError):  # the loop is closed: the worker has ended before the job
            loop.call_soon_threadsafe(_settle, self.ended, (event, sentence))


def _settle(future: asyncio.Future, value: tuple[Event, str] | None) -> None:
    if not future.done():
        future.set_result(value)


def tells_loss(record: logging.LogRecord) -> bool:
    """Whether an entry of dask's log is about a connection that has ended, as when the scheduler ends first."""
    return record.exc_info is not None and isinstance(record.exc_info[1], OSError)


def tell_loss_in_a_line(record: logging.LogRecord) -> bool:
    """A filter of dask's log: such a loss is told without a traceback."""
    if tells_loss(record):
        record.exc_info = None
    return True


def leave_loss_out(record: logging.LogRecord) -> bool:
    """The filter where the scheduler is in the process that started this one: it is lost when that ends, on purpose,
    and a heartbeat that was under way is no error."""
    return not tells_loss(record)


def end_process_with_its_threads() -> None:
    """End the process at once where a thread of ours still computes: Python would end such a thread in the middle of
    torch's or numba's own code, and that ends the process with an abort."""
    ours = ("job-", "pothole-warm")
    if any(thread.name.startswith(ours) for thread in threading.enumerate()):
        os._exit(0)


def limit_threads(count: int) -> None:
    """Bound the threads of torch's arithmetic in a job's own thread, where torch is used: no job does it itself."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(count)


def _ask_from_thread(process: Worker, loop: asyncio.AbstractEventLoop, action: str, message: dict[str, Any]) -> Any:
    """A job's own question, asked on the worker's event loop from the job's thread; ValueError with a sentence."""
    asked = asyncio.run_coroutine_threadsafe(_ask(process, action, **message), loop)
    try:
        return asked.result(ASK_SECONDS)
    except (OSError, TimeoutError, LookupError) as error:
        raise ValueError("the scheduler did not answer what the job asked") from error


async def _ask(process: Worker, action: str, **message: Any) -> Any:
    """One question to the registry, from a worker process. LookupError where the scheduler has none."""
    answer = await process.scheduler.pothole(action=action, message=message)
    if answer is None:
        raise LookupError("the scheduler has no registry of jobs")
    if "refused" in answer:
        raise Refused(answer["refused"])
    return answer["value"]
