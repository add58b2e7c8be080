"""What a running job may do: report, keep checkpoints and results, ask for its settings. Used from the job's thread."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from threading import Condition
from typing import Any

import orjson

from app.jobs.kinds import Description

MAXIMUM_WAITING_ROWS = 500
"""Rows that may wait for a slow connection; then the job waits too."""


GIVE_WAY = 0.05
"""Seconds between two looks of a job that gives way."""


class LeaveJob(BaseException):
    """Raised by `JobContext.settings` where a job is to leave its worker. Not an error: do not catch it."""


class JobContext:
    """The job's side of an attempt. A run is a loop of this form:

        for t in range(job.checkpoint_position, steps):
            if job.wants_checkpoint():
                job.keep_checkpoint(t, …bytes…)             # the state before step t
            settings = {**description, **job.settings(t)}   # here a job is stopped, paused or changed
            …
            job.report(t + 1, loss=…)                       # after step t

    A rerun from a checkpoint repeats steps that the feed has already shown: their rows are left out, and changes of
    settings are made again at the steps where they were made. So if `run` is a pure function of its description and
    the changes, the feed shows one curve without a gap or a repeat.
    """

    def __init__(
        self,
        assignment: dict[str, Any],
        threads: int,
        checkpoint_seconds: float,
        worker: int = 0,
        ask: Callable[[str, dict[str, Any]], Any] | None = None,
    ) -> None:
        self.id: str = assignment["job"]
        self.attempt: int = assignment["attempt"]
        self._ask = ask
        self.checkpoint: bytes | None = assignment["checkpoint"]
        self.checkpoint_position: int = assignment["checkpoint_position"]
        self.room: int = assignment["kept_bytes"]
        """Bytes that all its results may have together, and as many its checkpoint."""
        self.threads = threads
        self.worker = worker
        """Which of the worker processes this is: 0, 1, …; on a machine with GPUs, which of them to use."""
        self.gives_way: Callable[[], bool] = lambda: False
        """Whether a job that goes before this one runs in this worker process, too (see `kinds.LANES`)."""
        self.total = 0
        """Steps in all; set it first, for the progress and the time left."""
        self._shown: int = assignment["position"]
        self._replay = [(step, dict(settings)) for step, settings in assignment["applied"]]
        self._current: Description = {}
        self._pending, self._version = dict(assignment["settings"]), assignment["version"]
        self._taken_up: Description = {key: value for _, change in self._replay for key, value in change.items()}
        self._noted_before: int = assignment["noted"]
        self._noted = self._noted_before
        self._kept_before = frozenset(assignment["results"])
        self._leave = self._leave_kindly = False
        self._checkpoint_seconds = checkpoint_seconds
        self._checkpoint_due = time.monotonic() + checkpoint_seconds
        self._kept_at = -1
        self._began: tuple[float, int] | None = None
        self._foreseen: tuple[float, float] | None = None
        self._foresees = False
        self._position = self._shown
        self._changed = Condition()
        self._rows: list[dict[str, Any]] = []
        self._entries: list[tuple[str, bytes]] = []
        self._applied: list[tuple[int, Description]] = []
        self._checkpoint: tuple[int, bytes] | None = None
        self._results: dict[str, bytes] = {}
        self._call: Callable[[], object] | None = None

    def settings(self, position: int) -> Description:
        """What has been changed up to step `position`, over the description's values. Ask before every step."""
        if self._leave and (self._kept_at == position or not self._resumable):
            raise LeaveJob
        while self._replay and self._replay[0][0] <= position:
            self._current.update(self._replay.pop(0)[1])
        if self._replay or position < self._shown:
            return self._current
        with self._changed:
            fresh = {key: value for key, value in self._pending.items() if self._taken_up.get(key, _NONE) != value}
            if fresh:
                self._current.update(fresh)
                self._taken_up.update(fresh)
                self._close_rows()
                self._applied.append((position, fresh))
                self._entries.append(("change", orjson.dumps({"position": position, "settings": fresh})))
                self._ring()
        return self._current

    def give_way(self, position: int, held: Callable[[], bool] = lambda: False) -> None:
        """Between two small pieces of a job: wait while one that goes before it runs beside it in this worker process,
        or while it is `held`. A stop takes effect as in `settings`; a job that keeps checkpoints is let on to keep its
        last one."""
        self.settings(position)
        while (self.gives_way() or held()) and not self._leave:
            with self._changed:
                self._changed.wait(GIVE_WAY)
        self.settings(position)

    def report(self, position: int, **values: Any) -> None:
        """A point of the curves after `position` steps: numbers, texts and lists of them. NaN becomes null."""
        if position <= self._shown:
            return
        with self._changed:
            while len(self._rows) >= MAXIMUM_WAITING_ROWS and not self._leave:
                self._changed.wait(1.0)
            self._rows.append({"position": position, **values})
            self._position = position
            if self._began is None:
                self._began = (time.monotonic(), position)
            self._ring()

    def tell_phase(self, words: str, done: int, total: int, seconds_left: float | None) -> None:
        """Say how far something is that comes before the first step: it is no point of the curves."""
        self._entry("phase", {"words": words, "done": done, "total": total, "seconds_left": seconds_left})

    def foresee(self, seconds: float | None) -> None:
        """Say how many seconds are left from now on, None where that is not known yet. Who never says it has it
        foreseen from the steps so far."""
        self._foreseen = None if seconds is None else (time.monotonic(), seconds)
        self._foresees = True

    @property
    def shown(self) -> int:
        """The last step in the feed when this attempt began: a rerun need not report or measure up to there again."""
        return self._shown

    def note(self, sentence: str, position: int, **values: Any) -> None:
        """A sentence for the feed about step `position` (left out where an earlier attempt has said it)."""
        if position > self._noted_before:
            self._noted = max(self._noted, position)
            self._entry("notice", {"sentence": sentence, "position": position, **values})

    def keep_result(self, name: str, data: bytes, **values: Any) -> None:
        """Keep bytes under a name for as long as the job is known; the feed says that they are there. What an earlier
        attempt has kept stays."""
        if name in self._kept_before:
            return
        with self._changed:
            self._results[name] = data
        self._entry("result", {"name": name, "bytes": len(data), **values})

    def describe(self, run: str) -> Description:
        """The cleaned description of another job, with its "kind": what its network and data are made from.

        ValueError with a sentence where no such job is known (any more).
        """
        return self._question("description", job=run)

    def fetch(self, run: str, name: str) -> bytes:
        """What another job has kept under a name: a training run's "weights/<step>", "weights/final", "plane".

        ValueError with a sentence where the job is not known or has kept nothing of that name.
        """
        return self._question("result", job=run, name=name)

    def fetch_all(self, run: str, names: list[str]) -> list[bytes]:
        """The same for several names, in one question: a run's kept weights are many and mostly small."""
        return self._question("results", job=run, names=names)

    def kept(self, run: str) -> dict[str, int]:
        """Names and sizes in bytes of what another job has kept so far."""
        return self._question("summary", job=run)["results"]

    def _question(self, action: str, **message: Any) -> Any:
        if self._ask is None:
            raise ValueError("this job runs without a scheduler: there is no other job to read from")
        return self._ask(action, message)

    def wants_checkpoint(self) -> bool:
        """Whether it is time for a checkpoint, or the job is to leave its worker and needs one."""
        return self._leave or time.monotonic() >= self._checkpoint_due

    def keep_checkpoint(self, position: int, data: bytes) -> None:
        """The state before step `position`; it is kept together with all that was reported before."""
        with self._changed:
            self._checkpoint = (position, data)
            self._ring()
        self._kept_at = position
        self._checkpoint_due = time.monotonic() + self._checkpoint_seconds

    # The worker's side

    _resumable = True

    def set_resumable(self, resumable: bool) -> None:
        """Whether the kind keeps checkpoints; one that does not leaves at once."""
        self._resumable = resumable

    def instruct(self, answer: dict[str, Any]) -> None:
        """Take up what the registry answered to a report."""
        with self._changed:
            if answer["version"] != self._version:
                self._pending, self._version = dict(answer["settings"]), answer["version"]
            self._leave = answer["leave"] or self._leave_kindly
            self._changed.notify_all()

    def leave(self) -> None:
        """Make the job leave at its next step, checkpoint or not."""
        with self._changed:
            self._leave, self._resumable = True, False
            self._changed.notify_all()

    def request_leave(self) -> None:
        """Make the job leave after a last checkpoint, whatever the registry answers."""
        with self._changed:
            self._leave = self._leave_kindly = True
            self._changed.notify_all()

    def news(self) -> dict[str, Any]:
        """What has not been sent yet, as the arguments of a report."""
        with self._changed:
            left = self._seconds_left()
            self._close_rows(left)
            news: dict[str, Any] = {
                "entries": self._entries,
                "applied": self._applied,
                "position": self._position,
                "total": self.total,
                "seconds_left": left,
                "noted": self._noted,
            }
            if self._checkpoint is not None:
                news["checkpoint_position"], news["checkpoint"] = self._checkpoint
            if self._results:
                news["results"] = self._results
            self._entries, self._applied, self._checkpoint, self._results = [], [], None, {}
            self._changed.notify_all()
        return news

    def when_news(self, call: Callable[[], object]) -> None:
        """Call once as soon as anything waits to be sent; at once where it does already."""
        with self._changed:
            self._call = call
            if self._rows or self._entries or self._checkpoint:
                self._ring()

    def _ring(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            with contextlib.suppress(RuntimeError):  # the worker's loop is closed
                call()

    def _entry(self, kind: str, values: dict[str, Any]) -> None:
        with self._changed:
            self._close_rows()
            self._entries.append((kind, orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)))
            self._ring()

    def _close_rows(self, left: float | None = None) -> None:
        """Make one progress entry of the rows so far, so that entries stay in order."""
        if self._rows:
            values = {"rows": self._rows, "total": self.total, "seconds_left": left or self._seconds_left()}
            self._entries.append(("progress", orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)))
            self._rows = []

    def _seconds_left(self) -> float | None:
        if self._foreseen is not None:
            when, seconds = self._foreseen
            return max(0.0, seconds - (time.monotonic() - when))
        if self._foresees or self._began is None or not self.total or self._position <= self._began[1]:
            return None
        seconds, steps = time.monotonic() - self._began[0], self._position - self._began[1]
        return max(0, self.total - self._position) * seconds / steps


_NONE = object()
