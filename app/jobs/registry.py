"""The jobs, the queue and the feeds: the part of the job system that lives in the scheduler process.

Plain Python without dask: every method is one indivisible step on the scheduler's event loop. Which state follows on
which is `states.TRANSITIONS`, whose job is next `turns`.

Rules
  Bounds     at most `queue_length` jobs wait, a visitor has at most `jobs_per_visitor` unfinished ones, and a network
             address at most half of what all others leave of either: the first to come cannot have all.
  Turns      a run longer than `slice_seconds` makes way, after a checkpoint, when another visitor's job waits.
  Loss       a worker that is gone, or silent for `lease_seconds`, loses its job; the next worker goes on from the last
             checkpoint. After `restarts` losses without a new checkpoint the job has failed. A worker or an engine that
             is ended in good order has lost nothing: its jobs go on later, and are told so.
  Watching   a job that is there to be watched is paused when nobody has followed it for `unwatched_seconds`; from then
             on it makes room for its visitor's next job, where that would be one too many.
  Expiry     a job that nobody follows is stopped after `unfollowed_seconds`; one that ran for `longest_seconds` is
             stopped, and given up when it is deaf to that for `unresponsive_seconds`; an ended job is forgotten
             `kept_seconds` after its end and its last follower, or earlier when there are more than `jobs_kept` or they
             hold more than `all_kept_bytes`: the oldest of the address that has the most.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from app.jobs.errors import Refused, UnknownJob
from app.jobs.feed import Feed, Stored
from app.jobs.job import Job
from app.jobs.kinds import Description
from app.jobs.settings import EngineSettings, minutes
from app.jobs.states import ENDED, LEAVING, ON_WORKER, Event, State, next_state
from app.jobs.turns import Turns, Wait


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
        self.jobs: dict[str, Job] = {}
        self.changed: Callable[[str], None] = lambda _job: None
        self.waiting: Callable[[str], None] = lambda _lane: None
        self._clock, self._wall = clock, wall
        self._turns = Turns()

    # What web processes ask

    def submit(
        self,
        job: str,
        visitor: str,
        address: str,
        kind: str,
        label: str,
        lane: str,
        resumable: bool,
        description: dict,
        size: float = 1.0,
        watched: bool = False,
    ) -> str:
        """Put a job into the queue under the id that the web process drew. The same id again is the same job."""
        if job in self.jobs:
            if self.jobs[job].visitor != visitor:
                raise Refused("this job id is taken")
            return job
        limits = self.settings
        own = [other for other in self.jobs.values() if other.visitor == visitor and other.unfinished]
        now, long = self._clock(), limits.unwatched_seconds
        left = [other for other in own if other.state is State.PAUSED and other.unwatched(now, long)]
        if len(own) >= limits.jobs_per_visitor and not left:
            raise Refused(f"you have {len(own)} unfinished jobs and may have {limits.jobs_per_visitor}: stop one first")
        self._check_queue(address)
        self._check_share(
            address,
            [other for other in self.jobs.values() if other.unfinished],
            limits.jobs_kept,
            f"there are {limits.jobs_kept} unfinished jobs",
            "unfinished jobs",
        )
        if len(own) >= limits.jobs_per_visitor:
            # Whoever has closed its page may have no way back to it, and so could not stop it.
            self._apply(min(left, key=lambda other: other.followed), Event.STOP, "A newer job took its place.")
        if len(self.jobs) >= limits.jobs_kept:
            self._forget_one(lambda _job: 1)
        self.jobs[job] = new = Job(
            job,
            visitor,
            address,
            kind,
            lane,
            label,
            resumable,
            description,
            Feed(limits.feed_bytes, self._wall),
            submitted=self._wall(),
            followed=now,
            size=size,
            watched=watched,
            place=self._turns.arrive(),
        )
        self._say_state(new)
        return job

    def entries(self, job: str, after: int) -> tuple[list[Stored], bool]:
        """The feed's entries above a number, and whether there will be none after them. Counts as following."""
        found = self._job(job)
        found.followed = self._clock()
        entries = found.feed.after(after)
        reached = entries[-1].number if entries else after
        return entries, not found.unfinished and reached >= found.feed.last

    def last_number(self, job: str) -> int:
        """The number of the feed's last entry."""
        return self._job(job).feed.last

    def stop(self, job: str, visitor: str) -> None:
        """End the job: at once where it waits, after a last checkpoint where it runs."""
        self._apply(self._owned(job, visitor), Event.STOP, "It was stopped by hand.")

    def hand_over(self, job: str, visitor: str, heir: str) -> None:
        """Make an unfinished job somebody else's, who may stop it from now on."""
        self._owned(job, visitor).visitor = heir

    def pause(self, job: str, visitor: str) -> None:
        """Keep a checkpoint and give the worker back, until `resume`."""
        found = self._owned(job, visitor)
        if not found.resumable:
            raise Refused("a job of this kind cannot be paused, only stopped")
        self._apply(found, Event.PAUSE, "It was paused by hand.")

    def resume(self, job: str, visitor: str) -> None:
        """Continue a paused job from its checkpoint."""
        found = self._owned(job, visitor)
        if next_state(found.state, Event.RESUME) is State.QUEUED:
            self._check_queue(found.address)
        found.followed = self._clock()
        self._apply(found, Event.RESUME)

    def change(self, job: str, visitor: str, settings: Description) -> None:
        """Settings (cleaned by the job's kind) that the run takes up at its next step."""
        found = self._owned(job, visitor)
        if found.version >= self.settings.changes_per_job:
            raise Refused(f"the settings of one run can be changed {self.settings.changes_per_job} times")
        found.settings.update(settings)
        found.version += 1

    def summary(self, job: str, visitor: str = "") -> dict[str, Any]:
        """What a page shows of one job; "owner" says whether it is that visitor's."""
        found = self._job(job)
        wait = self._wait(found)
        told = found.summary(self._clock(), self._ahead(found), None if wait is None else vars(wait))
        return {**told, "owner": found.visitor == visitor}

    def description(self, job: str) -> Description:
        """The cleaned description of a job, with its kind: what its result was made from."""
        found = self._job(job)
        return {"kind": found.kind, **found.description}

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
        states = Counter(job.state.shown.value for job in self.jobs.values())
        return {
            "jobs": dict(sorted(states.items())),
            "waiting": states[State.QUEUED.value],
            "visitors": len({job.visitor for job in self.jobs.values() if job.unfinished}),
            "feed_bytes": sum(job.feed.held for job in self.jobs.values()),
            "kept_bytes": sum(job.kept_bytes for job in self.jobs.values()),
        }

    # What workers ask

    def take(self, worker: str, lane: str) -> dict[str, Any] | None:
        """The next job of a lane for a worker, or None."""
        job = self._turns.choose(*self._lane(lane))
        if job is None:
            return None
        self._turns.serve(job)
        now = self._clock()
        job.worker, job.attempt, job.urgent, job.heard, job.began = worker, job.attempt + 1, False, now, now
        self._apply(job, Event.TAKE, f"Goes on from step {job.checkpoint_position}." if job.checkpoint else "Started.")
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
            "kept_bytes": self.settings.kept_bytes,
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
        if found is None or found.attempt != attempt or not found.on_worker:
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
        if found.state is State.RUNNING and found.resumable and self._others_wait(found, now):
            self._apply(found, Event.MAKE_WAY, "Makes way for other visitors’ jobs, and goes on after them.")
        leave = found.state in LEAVING
        return {"abandon": False, "leave": leave, "settings": found.settings, "version": found.version}

    def finish(self, job: str, attempt: int, event: str, sentence: str = "") -> None:
        """The end of an attempt: "finish", "fail", or "leave": it did what was requested, or its worker ends."""
        found = self.jobs.get(job)
        if found is None or found.attempt != attempt or not found.on_worker:
            return
        if event == Event.LEAVE:
            found.urgent = found.state is State.RUNNING
            sentence = found.reason or sentence
        self._apply(found, Event(event), sentence)

    def worker_gone(self, worker: str, why: str = "was killed or lost") -> None:
        """Give the jobs of a worker to the next one."""
        for job in [job for job in self.jobs.values() if job.worker == worker and job.on_worker]:
            self._lose(job, why)

    def restore(self, jobs: Iterable[Job]) -> None:
        """Take up the jobs of a scheduler that has ended, the first to come first; call before anything is asked.

        One that ran goes first and continues from its checkpoint; what had been requested of it is done.
        """
        now = self._clock()
        for job in jobs:
            job.followed = job.ended = job.began = now
            self._turns.arrive(job.place)
            self.jobs[job.id] = job
            if not job.unfinished:
                continue
            if job.state is not State.STOPPING:
                after = f" after step {job.steps_done}" if job.on_worker or job.checkpoint else ""
                then = {State.QUEUED: "the run has kept its place", State.PAUSED: "the run is paused as it was"}
                sentence = f"The engine was restarted{after}; {then.get(job.state, f'the run {job.continues}')}."
                told = {"position": job.steps_done, "checkpoint_position": job.checkpoint_position}
                job.say("notice", sentence=sentence, restarted=True, **told)
            if job.on_worker:
                job.urgent = True
                self._apply(job, Event.LEAVE, job.reason)

    def tick(self) -> None:
        """Carry out the rules of loss and expiry."""
        now, limits = self._clock(), self.settings
        for job in list(self.jobs.values()):
            if job.on_worker and now - job.heard > limits.lease_seconds:
                self._lose(job, f"was silent for {limits.lease_seconds:g} s")
            if job.state is State.STOPPING and now - job.asked > limits.unresponsive_seconds:
                deaf = f"{job.reason} It did not answer, so its worker process was ended."
                self._apply(job, Event.LEAVE, deaf)
            if job.unfinished and job.state is not State.STOPPING:
                alone = now - job.followed
                if job.unwatched(now, limits.unwatched_seconds):
                    why = f"Nobody watched the run for {minutes(limits.unwatched_seconds)}: it waits to be continued."
                    self._apply(job, Event.PAUSE, why)
                if alone > limits.unfollowed_seconds:
                    self._apply(job, Event.STOP, f"Nobody followed it for {minutes(limits.unfollowed_seconds)}.")
                elif job.running_seconds(now) > limits.longest_seconds:
                    self._apply(job, Event.STOP, f"A job may run for {minutes(limits.longest_seconds)}.")
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

    def _apply(self, job: Job, event: Event, sentence: str = "") -> None:
        """Change the state as the table says, with all that goes with it. `sentence`: why, for whoever follows."""
        before, now = job.state, self._clock()
        after = next_state(before, event)
        if after is before:
            return
        ran = job.running_seconds(now)
        job.state, job.reason = after, ""
        if after in ON_WORKER and before in ON_WORKER:
            # It runs on until it has left; pages are told then.
            job.reason, job.asked = sentence, now
            return
        if before in ON_WORKER:
            job.ran, job.worker = ran, ""
        if after in ENDED:
            job.ended = now
        job.sentence = sentence
        self._say_state(job)

    def _say_state(self, job: Job) -> None:
        job.say("state", state=job.state.shown.value, sentence=job.sentence, position=job.steps_done)
        ahead = self._ahead(job)
        if ahead:
            job.say("notice", sentence=f"Waits for {ahead} other job{'s' * (ahead > 1)}.", ahead=ahead)
        if ahead is not None:
            self.waiting(job.lane)
        self.changed(job.id)

    def _lose(self, job: Job, why: str) -> None:
        if job.state is State.STOPPING:
            self._apply(job, Event.LEAVE, job.reason)
            return
        job.lost += 1
        if job.lost > self.settings.restarts:
            self._apply(job, Event.FAIL, f"Its worker process {why} {job.lost} times without progress; it is given up.")
            return
        job.say(
            "notice",
            sentence=f"The worker process {why} after step {job.steps_done}; the run {job.continues} on the next one.",
            lost_worker=True,
            position=job.steps_done,
            checkpoint_position=job.checkpoint_position,
        )
        job.urgent = True
        self._apply(job, Event.LEAVE, job.reason)

    def _lane(self, lane: str) -> tuple[list[Job], list[Job]]:
        """The jobs of a lane that wait, and those on a worker."""
        jobs = [job for job in self.jobs.values() if job.lane == lane]
        return [job for job in jobs if job.state is State.QUEUED], [job for job in jobs if job.on_worker]

    def _ahead(self, job: Job) -> int | None:
        """How many queued jobs of the lane are taken before this one; None if it does not wait."""
        if job.state is not State.QUEUED:
            return None
        return self._turns.foresee(*self._lane(job.lane)).index(job)

    def _wait(self, job: Job) -> Wait | None:
        """How long it will wait for a worker; None where it waits for none, or no worker has a job of its lane."""
        waiting, running = self._lane(job.lane)
        if job.state is not State.QUEUED or not running:
            return None
        now, whole = self._clock(), self.settings.slice_seconds
        like = [other for other in self.jobs.values() if other.state is State.FINISHED]
        left, turn = (lambda one: one.foresee_left(now, like)), (lambda one: one.turn_left(now, whole))
        return self._turns.foresee_wait(job, waiting, running, left, turn)

    def _check_queue(self, address: str) -> None:
        """Refused where no job from there may begin to wait."""
        limit = self.settings.queue_length
        waiting = [job for job in self.jobs.values() if job.state is State.QUEUED]
        self._check_share(address, waiting, limit, f"the queue is full ({limit} jobs wait)", "jobs waiting")

    def _check_share(self, address: str, jobs: list[Job], limit: int, full: str, what: str) -> None:
        own = sum(job.address == address for job in jobs)
        if len(jobs) >= limit:
            raise Refused(f"{full}: try again in a few minutes")
        if 2 * own >= limit - (len(jobs) - own):
            raise Refused(f"your network address has {own} {what}, its share: try again in a few minutes")

    def _others_wait(self, job: Job, now: float) -> bool:
        if now - job.began < self.settings.slice_seconds:
            return False
        return any(
            other.state is State.QUEUED and other.lane == job.lane and other.visitor != job.visitor
            for other in self.jobs.values()
        )

    def _room_for(self, job: Job, name: str, data: bytes) -> bool:
        (beside, old), limit = job.beside(name), "POTHOLE_KEPT_BYTES"
        if beside + len(data) <= self.settings.kept_bytes:
            limit, more = "POTHOLE_ALL_KEPT_BYTES", len(data) - old
            while sum(other.kept_bytes for other in self.jobs.values()) + more > self.settings.all_kept_bytes:
                if not self._forget_one(lambda other: other.kept_bytes, apart_from=job):
                    break
            else:
                return True
        job.refuse(name, len(data), limit)
        return False

    def _forget_one(self, weight: Callable[[Job], int], apart_from: Job | None = None) -> bool:
        """Forget the oldest ended job of the address whose ended jobs weigh the most; False where none has ended."""
        ended = [job for job in self.jobs.values() if not job.unfinished and job is not apart_from]
        weights: Counter[str] = Counter()
        for job in ended:
            weights[job.address] += weight(job)
        if ended:
            self._forget(min(ended, key=lambda job: (-weights[job.address], job.ended, job.place)))
        return bool(ended)

    def _forget(self, job: Job) -> None:
        del self.jobs[job.id]
        self.changed(job.id)
