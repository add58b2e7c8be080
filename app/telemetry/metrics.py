"""Counts and times in Prometheus' form. Labels have few values: address templates, classes of status, names of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import REGISTRY, CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

disable_created_metrics()  # a time of birth for every series: twice the text, and nobody asks
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
REQUESTS = Histogram(
    "pothole_request_seconds", "Time from a request’s head to its last byte.", ["route", "status"], buckets=SECONDS
)
SENT = Counter("pothole_sent_bytes", "Bytes of bodies sent.", ["route"])
SOCKETS = Gauge("pothole_websockets_open", "Websockets that are open now.", ["route"])
BATCHES = Histogram(
    "pothole_batch_size", "Requests that one batched computation answered.", buckets=(1, 2, 4, 8, 16, 32, 64, 128)
)
SIDE_DEATHS = Counter("pothole_side_process_deaths", "Times that processes beside this one died.", ["work"])


class Cache(Protocol):
    """What is counted of a cache."""

    hits: int
    misses: int
    held: int


_CACHES: dict[str, Cache] = {}
_QUEUES: dict[str, Callable[[], int]] = {}
_PROCESSES: dict[str, Callable[[], int]] = {}


def watch_queue(name: str, length: Callable[[], int]) -> None:
    """Report the length of a queue of this process under a name; the newest of a name counts."""
    _QUEUES[name] = length


def watch_cache(name: str, cache: Cache) -> None:
    """Report a cache's counts under a name; the newest of a name counts."""
    _CACHES[name] = cache


def watch_processes(name: str, living: Callable[[], int]) -> None:
    """Report how many processes work for `name` beside this one; the newest of a name counts."""
    _PROCESSES[name] = living


class OwnState(Collector):
    """Read when somebody asks: the queues and caches of this process, and the processes beside it."""

    def collect(self) -> Iterable[Metric]:
        """The families with their values now."""
        waiting = GaugeMetricFamily(
            "pothole_waiting", "Computations that wait or run in this process.", labels=["queue"]
        )
        for name, length in sorted(_QUEUES.items()):
            waiting.add_metric([name], length())
        asked = CounterMetricFamily("pothole_cache_asked", "Answers asked for.", labels=["cache", "found"])
        held = GaugeMetricFamily("pothole_cache_bytes", "Bytes that a cache holds.", labels=["cache"])
        for name, cache in sorted(_CACHES.items()):
            asked.add_metric([name, "yes"], cache.hits)
            asked.add_metric([name, "no"], cache.misses)
            held.add_metric([name], cache.held)
        beside = GaugeMetricFamily("pothole_side_processes", "Processes that live beside this one.", labels=["work"])
        for name, living in sorted(_PROCESSES.items()):
            beside.add_metric([name], living())
        return [waiting, asked, held, beside]

    def describe(self) -> Iterable[Metric]:
        """Nothing to be known before it is asked."""
        return []


class EngineState(Collector):
    """The engine's counts, as they were when `take` was called last: asking for them is asynchronous."""

    def __init__(self) -> None:
        self._state: Mapping[str, Any] = {}

    def take(self, state: Mapping[str, Any]) -> None:
        """Remember what `Engine.state()` gave."""
        self._state = state

    def collect(self) -> Iterable[Metric]:
        """The families; only `pothole_engine_up` where the engine does not answer or has not been started."""
        state = self._state
        up = GaugeMetricFamily("pothole_engine_up", "1 if the engine answers, 0 if not or not started.")
        up.add_metric([], float(state.get("state") == "running"))
        yield up
        if state.get("state") != "running":
            return
        jobs = GaugeMetricFamily("pothole_jobs", "Jobs that the engine knows.", labels=["state"])
        for name, count in state["jobs"].items():
            jobs.add_metric([name], count)
        yield jobs
        for key, text in (
            ("waiting", "Jobs that wait for a worker."),
            ("visitors", "Visitors with unfinished jobs."),
            ("feed_bytes", "Bytes of all feeds."),
            ("kept_bytes", "Bytes of all checkpoints and results."),
        ):
            yield GaugeMetricFamily(f"pothole_engine_{key}", text, value=state[key])
        yield GaugeMetricFamily("pothole_workers", "Worker processes that the scheduler knows.", len(state["workers"]))

    def describe(self) -> Iterable[Metric]:
        """Nothing to be known before it is asked."""
        return []


ENGINE = EngineState()
REGISTRY.register(OwnState())
REGISTRY.register(ENGINE)
