"""The jobs, the queue and the feeds: the part of the engine that lives in the scheduler process.

Plain Python without dask: every method is one indivisible step on the scheduler's event loop.

Rules
  Bounds     at most `queue_length` jobs wait, a visitor has at most `jobs_per_visitor` unfinished ones.
  Fairness   a free worker takes the job of the visitor who has the fewest jobs running; among these of the one whose
             turn is longest ago; among hers the oldest. A job that lost its worker goes first. A run longer than
             `slice_seconds` makes way, after a checkpoint, when another visitor's job waits.
  Loss       a worker that is gone, or silent for `lease_seconds`, loses its job; the next worker goes on from the last
             checkpoint. After `restarts` losses without a new checkpoint the job has failed.
  Expiry     a job that nobody follows is stopped after `unfollowed_seconds`; one that ran for `longest_seconds` is
             stopped, and given up when it is deaf to that for `unresponsive_seconds`; an ended job is forgotten
             `kept_seconds` after its end and its last follower, or earlier, the oldest first, when there are more than
             `jobs_kept` or they hold more than `all_kept_bytes`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from app.jobs.errors import Refused, UnknownJob
from app.jobs.feed import Feed, Stored
from app.jobs.job import Job
from app.jobs.settings import EngineSettings

REMEMBERED_VISITORS = 10_000


class JobRegistry:
    """All jobs. `clock` is steady seconds, `wall` seconds since 1970; `changed(job)` is called after feed entries,
    `waiting(lane)` when a job begins to wait."""

    def __init__(
        self,
        settings: EngineSettings,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.instance = secrets.token_hex(8)
        self.jobs: dict[str, Job] = {}
        self.changed: Callable[[str], None] = lambda _job: None
        self.waiting: Callable[[str], None] = lambda _lane: None
        self._clock, self._wall = clock, wall
        self._turns: dict[str, int] = {}
        self._turn = 0

    # What web processes ask

    def submit(
        self, job: str, visitor: str, kind: str, label: str, lane: str, resumable: bool, description: dict
    ) -> str:
        """Put a job into the queue under the id that the web process drew. The same id again is the same job."""
        if job in self.jobs:
            if self.jobs[job].visitor != visitor:
                raise Refused("this job id is taken")
            return job
        limits = self.settings
        own = sum(other.visitor == visitor and other.unfinished for other in self.jobs.values())
        if own >= limits.jobs_per_visitor:
            raise Refused(f"you have {own} unfinished jobs and may have {limits.jobs_per_visitor}: stop one first")
        if sum(other.state == "queued" for other in self.jobs.values()) >= limits.queue_length:
            raise Refused(f"the queue is full ({limits.queue_length} jobs wait): try again in a few minutes")
        self._make_room()
        now = self._clock()
        new = Job(
            job,
            visitor,
            kind,
            lane,
            label,
            resumable,
            description,
            Feed(limits.feed_bytes, self._wall),
            submitted=self._wall(),
            followed=now,
        )
        self.jobs[job] = new
        self._queue(new)
        return job

    def entries(self, job: str, after: int) -> tuple[list[Stored], bool]:
        """The feed's entries above a number, and whether there will be none after them. Counts as following."""
        found = self._job(job)
        found.followed = self._clock()
        entries = found.feed.after(after)
        reached = entries[-1].number if entries else after
        return entries, not found.unfinished and reached >= found.feed.last

    def stop(self, job: str, visitor: str) -> None:
        """End the job: at once where it waits, after a last checkpoint where it runs."""
        self._wish(self._owned(job, visitor), "stop", "You stopped it.")

    def pause(self, job: str, visitor: str) -> None:
        """Keep a checkpoint and give the worker back, until `resume`."""
        found = self._owned(job, visitor)
        if not found.resumable:
            raise Refused("a job of this kind cannot be paused, only stopped")
        self._wish(found, "pause", "You paused it.")

    def resume(self, job: str, visitor: str) -> None:
        """Continue a paused job from its checkpoint."""
        found = self._owned(job, visitor)
        if found.state == "paused":
            self._queue(found)
        elif found.wish == "pause":
            found.wish = ""

    def change(self, job: str, visitor: str, settings: dict[str, Any]) -> None:
        """Settings (cleaned by the job's kind) that the run takes up at its next step."""
        found = self._owned(job, visitor)
        if found.version >= self.settings.changes_per_job:
            raise Refused(f"the settings of one run can be changed {self.settings.changes_per_job} times")
        found.settings.update(settings)
        found.version += 1

    def summary(self, job: str, visitor: str = "") -> dict[str, Any]:
        """What a page shows of one job; "owner" says whether it is that visitor's."""
        found = self._job(job)
        return {**found.summary(self._clock(), self._ahead(found)), "owner": found.visitor == visitor}

    def description(self, job: str) -> dict[str, Any]:
        """The cleaned description of a job, with its kind: what its result was made from."""
        found = self._job(job)
        return {"kind": found.kind, **found.description}

    def listing(self, visitor: str) -> list[dict[str, Any]]:
        """The visitor's jobs, the newest first."""
        own = [job for job in self.jobs.values() if job.visitor == visitor]
        return [job.summary(self._clock(), self._ahead(job)) for job in reversed(own)]

    def result(self, job: str, name: str) -> bytes:
        """Bytes that the job kept under a name; "checkpoint" is its last checkpoint."""
        found = self._job(job)
        data = found.checkpoint if name == "checkpoint" else found.results.get(name)
        if data is None:
            raise Refused(f"this job has kept nothing named {name!r}")
        return data

    def results(self, job: str, names: list[str]) -> list[bytes]:
        """The bytes of several results, in one answer."""
        return [self.result(job, name) for name in names]

    def state(self) -> dict[str, Any]:
        """Counts for a health page."""
        states = [job.state for job in self.jobs.values()]
        return {
            "jobs": {state: states.count(state) for state in sorted(set(states))},
            "waiting": states.count("queued"),
            "visitors": len({job.visitor for job in self.jobs.values() if job.unfinished}),
            "feed_bytes": sum(job.feed.held for job in self.jobs.values()),
            "kept_bytes": sum(job.kept_bytes for job in self.jobs.values()),
        }

    # What workers ask

    def take(self, worker: str, lane: str) -> dict[str, Any] | None:
        """The next job of a lane for a worker, or None."""
        job = self._next(lane)
        if job is None:
            return None
        now = self._clock()
        self._turn += 1
        self._turns[job.visitor] = self._turn
        while len(self._turns) > REMEMBERED_VISITORS:
            self._turns.pop(min(self._turns, key=self._turns.__getitem__))
        job.worker, job.attempt, job.urgent, job.heard, job.began = worker, job.attempt + 1, False, now, now
        job.enter("running", f"Goes on from step {job.checkpoint_position}." if job.checkpoint else "Started.")
        self.changed(job.id)
        return {
            "job": job.id,
            "attempt": job.attempt,
            "kind": job.kind,
            "description": job.description,
            "checkpoint": job.checkpoint,
            "checkpoint_position": job.checkpoint_position,
            "position": job.position,
            "applied": job.applied,
            "settings": job.settings,
            "version": job.version,
            "noted": job.noted,
            "results": list(job.results),
        }

    def report(
        self,
        job: str,
        attempt: int,
        entries: Iterable[tuple[str, bytes]] = (),
        position: int = -1,
        total: int = 0,
        seconds_left: float | None = None,
        applied: Iterable[tuple[int, dict]] = (),
        checkpoint: bytes | None = None,
        checkpoint_position: int = 0,
        noted: int = -1,
        results: dict[str, bytes] | None = None,
    ) -> dict[str, Any]:
        """News of a running job; the answer says what is asked of it. All of one report is taken or none."""
        found = self.jobs.get(job)
        if found is None or found.attempt != attempt or found.state != "running":
            return {"abandon": True}
        now = found.heard = self._clock()
        before = found.feed.last
        for kind, raw in entries:
            if len(raw) > self.settings.entry_bytes:
                found.say("notice", sentence=f"An entry of {len(raw)} bytes was left out: too large for the feed.")
            else:
                found.feed.append(kind, raw)
        found.applied.extend(applied)
        found.noted = max(noted, found.noted)
        found.position, found.total = max(position, found.position), total or found.total
        found.seconds_left = seconds_left
        if checkpoint is not None and self._room_for(found, "checkpoint", checkpoint):
            found.checkpoint, found.checkpoint_position, found.lost = checkpoint, checkpoint_position, 0
        for name, data in (results or {}).items():
            if self._room_for(found, name, data):
                found.results[name] = data
        if found.feed.last != before:
            self.changed(job)
        if not found.wish and found.resumable and self._others_wait(found, now):
            self._wish(found, "make way", "Makes way for other visitors' jobs, and goes on after them.")
        return {"abandon": False, "wish": found.wish, "settings": found.settings, "version": found.version}

    def finish(self, job: str, attempt: int, outcome: str, sentence: str = "") -> None:
        """The end of an attempt: "finished", "failed", or "left" (it did what was wished)."""
        found = self.jobs.get(job)
        if found is None or found.attempt != attempt or found.state != "running":
            return
        self._off_worker(found)
        if outcome != "left":
            self._end(found, outcome, sentence)
        elif found.wish == "stop":
            self._end(found, "stopped", found.wish_sentence)
        elif found.wish == "pause":
            found.enter("paused", found.wish_sentence)
            self.changed(job)
        else:
            self._queue(found, found.wish_sentence)

    def worker_gone(self, worker: str, why: str = "was killed or lost") -> None:
        """Give the jobs of a worker to the next one."""
        for job in [job for job in self.jobs.values() if job.worker == worker and job.state == "running"]:
            self._lose(job, why)

    def restore(self, jobs: Iterable[Job]) -> None:
        """Take up the jobs of a scheduler that has ended; call before anything is asked. A running one is queued, goes
        first and continues from its checkpoint; what had been wished of it is done."""
        now = self._clock()
        for job in jobs:
            job.followed = job.ended = now
            self.jobs[job.id] = job
            if job.state != "running":
                continue
            wish, sentence = job.wish, job.wish_sentence
            if wish == "stop":
                self._end(job, "stopped", sentence)
                continue
            whence = f"goes on from step {job.checkpoint_position}" if job.checkpoint else "starts again"
            job.say(
                "notice",
                sentence=f"The engine was restarted after step {job.steps_done}; the run {whence}.",
                restarted=True,
                position=job.steps_done,
                checkpoint_position=job.checkpoint_position,
            )
            job.urgent = True
            if wish == "pause":
                job.enter("paused", sentence)
            else:
                self._queue(job)

    def tick(self) -> None:
        """Carry out the rules of loss and expiry."""
        now, limits = self._clock(), self.settings
        for job in list(self.jobs.values()):
            if job.state == "running" and now - job.heard > limits.lease_seconds:
                self._lose(job, f"was silent for {limits.lease_seconds:g} s")
            if job.state == "running" and job.wish == "stop" and now - job.wish_since > limits.unresponsive_seconds:
                sentence = job.wish_sentence
                self._off_worker(job)
                self._end(job, "stopped", f"{sentence} It did not answer, so its worker process was ended.")
            if job.unfinished and job.wish != "stop":
                if now - job.followed > limits.unfollowed_seconds:
                    self._wish(job, "stop", f"Nobody followed it for {_minutes(limits.unfollowed_seconds)}.")
                elif job.running_seconds(now) > limits.longest_seconds:
                    self._wish(job, "stop", f"A job may run for {_minutes(limits.longest_seconds)}.")
            if not job.unfinished and now - max(job.ended, job.followed) > limits.kept_seconds:
                self._forget(job)

    # Inside

    def _job(self, job: str) -> Job:
        try:
            return self.jobs[job]
        except (KeyError, TypeError):
            raise UnknownJob("there is no such job: it has ended a while ago, or the engine was restarted") from None

    def _owned(self, job: str, visitor: str) -> Job:
        found = self._job(job)
        if found.visitor != visitor:
            raise Refused("only who started a job can stop or change it")
        if not found.unfinished:
            raise Refused(f"this job has ended ({found.state})")
        return found

    def _queue(self, job: Job, sentence: str = "") -> None:
        job.worker = ""
        job.enter("queued", sentence)
        ahead = self._ahead(job)
        if ahead:
            job.say("notice", sentence=f"Waits for {ahead} other job{'s' * (ahead > 1)}.", ahead=ahead)
        self.changed(job.id)
        self.waiting(job.lane)

    def _wish(self, job: Job, wish: str, sentence: str) -> None:
        if job.state != "running":
            if wish == "stop":
                self._end(job, "stopped", sentence)
            elif wish == "pause" and job.state == "queued":
                job.enter("paused", sentence)
                self.changed(job.id)
        elif job.wish != "stop":
            job.wish, job.wish_since, job.wish_sentence = wish, self._clock(), sentence

    def _off_worker(self, job: Job) -> None:
        job.ran = job.running_seconds(self._clock())
        job.worker = ""

    def _end(self, job: Job, state: str, sentence: str) -> None:
        job.ended = self._clock()
        job.enter(state, sentence)
        self.changed(job.id)

    def _lose(self, job: Job, why: str) -> None:
        wish, sentence = job.wish, job.wish_sentence
        self._off_worker(job)
        job.lost += 1
        if wish == "stop":
            self._end(job, "stopped", sentence)
        elif job.lost > self.settings.restarts:
            self._end(job, "failed", f"Its worker process {why} {job.lost} times without progress; it is given up.")
        else:
            whence = f"goes on from step {job.checkpoint_position}" if job.checkpoint else "starts again"
            job.say(
                "notice",
                sentence=f"The worker process {why} after step {job.steps_done}; the run {whence} on the next one.",
                lost_worker=True,
                position=job.steps_done,
                checkpoint_position=job.checkpoint_position,
            )
            job.urgent = True
            if wish == "pause":
                job.enter("paused", sentence)
                self.changed(job.id)
            else:
                self._queue(job)

    def _next(self, lane: str) -> Job | None:
        queued = [job for job in self.jobs.values() if job.state == "queued" and job.lane == lane]
        return min(queued, key=self._order(lane), default=None)

    def _order(self, lane: str) -> Callable[[Job], tuple]:
        running: dict[str, int] = {}
        for job in self.jobs.values():
            if job.state == "running" and job.lane == lane:
                running[job.visitor] = running.get(job.visitor, 0) + 1
        return lambda job: (not job.urgent, running.get(job.visitor, 0), self._turns.get(job.visitor, 0))

    def _ahead(self, job: Job) -> int | None:
        """How many queued jobs of the lane stand before this one in the visitors' turns; None if it does not wait."""
        if job.state != "queued":
            return None
        waiting = sorted(
            (other for other in self.jobs.values() if other.state == "queued" and other.lane == job.lane),
            key=self._order(job.lane),
        )
        rounds: dict[str, int] = {}
        turns: list[tuple[int, int, str]] = []
        for place, other in enumerate(waiting):
            turns.append((rounds.get(other.visitor, 0), place, other.id))
            rounds[other.visitor] = rounds.get(other.visitor, 0) + 1
        return [name for _, _, name in sorted(turns)].index(job.id)

    def _others_wait(self, job: Job, now: float) -> bool:
        if now - job.began < self.settings.slice_seconds:
            return False
        return any(
            other.state == "queued" and other.lane == job.lane and other.visitor != job.visitor
            for other in self.jobs.values()
        )

    def _room_for(self, job: Job, name: str, data: bytes) -> bool:
        old = len(job.checkpoint or b"") if name == "checkpoint" else len(job.results.get(name, b""))
        more = len(data) - old
        if job.kept_bytes + more <= self.settings.kept_bytes:
            while sum(other.kept_bytes for other in self.jobs.values()) + more > self.settings.all_kept_bytes:
                if not self._forget_oldest(apart_from=job):
                    break
            else:
                return True
        job.say("notice", sentence=f"The {name} ({len(data)} bytes) is too large to be kept.", not_kept=name)
        return False

    def _make_room(self) -> None:
        while len(self.jobs) >= self.settings.jobs_kept:
            if not self._forget_oldest():
                raise Refused(f"there are {len(self.jobs)} unfinished jobs: try again in a few minutes")

    def _forget_oldest(self, apart_from: Job | None = None) -> bool:
        ended = [job for job in self.jobs.values() if not job.unfinished and job is not apart_from]
        if not ended:
            return False
        self._forget(min(ended, key=lambda job: job.ended))
        return True

    def _forget(self, job: Job) -> None:
        del self.jobs[job.id]
        self.changed(job.id)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} seconds"
