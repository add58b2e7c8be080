"""All limits and addresses of the engine in one table; each can be set by an environment variable."""

from __future__ import annotations

import glob
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.jobs.kinds import registered_kinds
from app.state.environment import SettingsTable, setting

LEAST_UNWATCHED = 30.0
DEVICES = ("auto", "cpu", "cuda", "mps")
"""What POTHOLE_DEVICE takes; mps, Apple's, has no float64 and is never chosen unasked."""


@dataclass(frozen=True)
class EngineSettings(SettingsTable):
    """The engine's settings; `EngineSettings.from_environment()` reads those that the environment names.

    ValueError that names the variable where a value is not what it takes, or does not go with another.
    """

    scheduler: str = setting("", "POTHOLE_SCHEDULER", "address of a scheduler, tls://host:8786; empty: embedded")
    tls_ca: str = setting("", "POTHOLE_TLS_CA", "file of the authority that scheduler, workers and web processes trust")
    tls_cert: str = setting("", "POTHOLE_TLS_CERT", "file of the certificate that this process shows the others")
    tls_key: str = setting("", "POTHOLE_TLS_KEY", "file of that certificate’s key")
    workers: int = setting(0, "POTHOLE_WORKERS", "embedded worker processes; 0: one per GPU, or one")
    threads: int = setting(0, "POTHOLE_WORKER_THREADS", "threads of a worker’s arithmetic; 0: all cores but one")
    device: str = setting(
        "auto",
        "POTHOLE_DEVICE",
        "where a worker computes networks; auto: on a CUDA GPU, each worker on its own, else on the CPU",
        choices=DEVICES,
    )
    precision: str = setting(
        "float32",
        "POTHOLE_PRECISION",
        "of products; tf32 is faster on a CUDA GPU and keeps about three digits; bf16 is that, and two digits in the "
        "passes of training steps, on any device",
        choices=("float32", "tf32", "bf16"),
    )
    nice: int = setting(10, "POTHOLE_WORKER_NICE", "how far a worker steps back behind the web process")
    queue_length: int = setting(64, "POTHOLE_QUEUE_LENGTH", "jobs that may wait", 1)
    jobs_per_visitor: int = setting(4, "POTHOLE_JOBS_PER_VISITOR", "unfinished jobs of one visitor", 1)
    jobs_kept: int = setting(200, "POTHOLE_JOBS_KEPT", "jobs known at all, ended ones included", 1)
    feed_bytes: int = setting(8_000_000, "POTHOLE_FEED_BYTES", "size of one feed; older points are thinned", 10_000)
    entry_bytes: int = setting(1_000_000, "POTHOLE_ENTRY_BYTES", "size of one feed entry", 1000)
    kept_bytes: int = setting(
        512_000_000, "POTHOLE_KEPT_BYTES", "results of one job; its checkpoint may be as large", 1000
    )
    all_kept_bytes: int = setting(1_500_000_000, "POTHOLE_ALL_KEPT_BYTES", "checkpoints and results together", 1000)
    changes_per_job: int = setting(1000, "POTHOLE_CHANGES_PER_JOB", "changes of settings in one run", 1)
    unfollowed_seconds: float = setting(900.0, "POTHOLE_UNFOLLOWED_SECONDS", "a job nobody follows is stopped", 0.1)
    unwatched_seconds: float = setting(
        60.0, "POTHOLE_UNWATCHED_SECONDS", "a training whose page is closed is paused; 0: never"
    )
    kept_seconds: float = setting(3600.0, "POTHOLE_KEPT_SECONDS", "an ended job nobody follows is forgotten", 0.1)
    longest_seconds: float = setting(3600.0, "POTHOLE_LONGEST_SECONDS", "running time of one job", 0.1)
    slice_seconds: float = setting(60.0, "POTHOLE_SLICE_SECONDS", "after this a job makes way for others’ jobs", 0.1)
    lease_seconds: float = setting(60.0, "POTHOLE_LEASE_SECONDS", "a worker silent for so long has lost its job", 1)
    unresponsive_seconds: float = setting(
        20.0, "POTHOLE_UNRESPONSIVE_SECONDS", "a job deaf to a stop is given up, and its worker process ended", 0.1
    )
    restarts: int = setting(3, "POTHOLE_RESTARTS", "lost workers in a row without progress before a job fails")
    checkpoint_seconds: float = setting(5.0, "POTHOLE_CHECKPOINT_SECONDS", "between two checkpoints", 0.01)
    updates_per_second: float = setting(20.0, "POTHOLE_UPDATES_PER_SECOND", "feed entries of one job", 1)
    state_folder: str = setting(
        "", "POTHOLE_STATE_DIR", "the scheduler keeps its jobs here across restarts; empty: nowhere if embedded"
    )
    kinds: Mapping[str, str] = field(default_factory=registered_kinds)

    def __post_init__(self) -> None:
        if 0 < self.unwatched_seconds < LEAST_UNWATCHED:
            raise ValueError(
                f"POTHOLE_UNWATCHED_SECONDS must be 0 (never) or at least {LEAST_UNWATCHED:g}, not "
                f"{self.unwatched_seconds:g}: a page that is open is heard of every ten seconds"
            )
        files = {"POTHOLE_TLS_CA": self.tls_ca, "POTHOLE_TLS_CERT": self.tls_cert, "POTHOLE_TLS_KEY": self.tls_key}
        given = [variable for variable, path in files.items() if path]
        if given and len(given) < len(files):
            raise ValueError(f"{', '.join(files)} belong together: all three or none, not {', '.join(given)} alone")
        for variable in given:
            if not os.access(files[variable], os.R_OK):
                raise ValueError(f"{variable} names {files[variable]!r}, which is no file that can be read")
        if given:
            self._check_certificates()
        if self.scheduler and not names_port(self.scheduler, "tls" if given else "tcp"):
            wanted = "tls://host:port with POTHOLE_TLS_CA, _CERT and _KEY, or tcp://host:port without"
            raise ValueError(f"POTHOLE_SCHEDULER must be an address of the form {wanted}, not {self.scheduler!r}")

    def _check_certificates(self) -> None:
        try:
            context = ssl.create_default_context(cafile=self.tls_ca)
        except OSError as error:
            raise ValueError(f"POTHOLE_TLS_CA names {self.tls_ca!r}, which is no certificate ({error})") from None
        try:
            context.load_cert_chain(self.tls_cert, self.tls_key, password="")  # one with a password is not asked for it
        except OSError as error:
            pair = f"{self.tls_cert!r} and {self.tls_key!r}"
            raise ValueError(
                f"POTHOLE_TLS_CERT and POTHOLE_TLS_KEY name {pair}, which are no certificate and its key ({error})"
            ) from None

    @property
    def worker_count(self) -> int:
        """Embedded worker processes: one per GPU, or one, unless set."""
        gpus = len(visible_gpus()) if self.device in ("auto", "cuda") else 0
        return self.workers or max(1, gpus)

    @property
    def worker_threads(self) -> int:
        """Threads of one worker's arithmetic; one core is left to the web process where there are two or more."""
        return self.threads or max(1, (available_cores() - 1) // self.worker_count)


def names_port(address: str, scheme: str) -> bool:
    """Whether an address is scheme://host:port and no more: without a port dask asks port 0, and waits for ever."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname and parts.port) and address == f"{scheme}://{parts.netloc}"
    except ValueError:
        return False


def minutes(seconds: float) -> str:
    """A limit in words."""
    if seconds == 60:
        return "a minute"
    return f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} seconds"


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def visible_gpus() -> list[str]:
    """Names of the GPUs at hand, without importing what would occupy them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [part for part in chosen.split(",") if part.strip() and part.strip() != "-1"]
    return sorted(glob.glob("/dev/nvidia[0-9]*"))
