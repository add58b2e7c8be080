"""Job kinds: what a validated description means, by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.jobs.errors import Refused

Description = dict[str, Any]
"""What a job is asked, by the names of its settings."""
LANES: dict[str, tuple[str, ...]] = {
    "long": (),
    "short": (),
    "decoration": ("short",),
    "background": ("long", "short"),
}
"""Each worker process runs one job of each lane at a time, so that a slice does not wait behind a training run, nor
behind a picture that nobody has asked for. Beside each lane stand those whose jobs go before its own in the same worker
process: while one of them runs, its own give way (JobContext.give_way)."""
MAXIMUM_KEYS = 100
MAXIMUM_ID = 100
"""Characters of a job's id."""


def _no_change(_settings: Description) -> Description:
    raise ValueError("nothing can be changed while a job of this kind runs")


@dataclass(frozen=True)
class JobKind:
    """A kind of job: a pure function of a description.

    validate(description without "kind") → the cleaned description, of plain JSON values; ValueError with a sentence.
    run: "module:function" of a function (description, job: JobContext) → None that reports, keeps checkpoints and asks
    for settings through `job`. Workers alone import its module, which imports at its top all that it needs.
    change(settings) → cleaned settings that may be changed while it runs.
    resumable: whether it keeps checkpoints and so can be paused, and make way for others.
    label(description) → a few words for lists. size(description): how much work it is; jobs of one label take times
    that are in proportion.
    watched: whether it is paused where nobody follows it for a while (see EngineSettings.unwatched_seconds).
    """

    name: str
    validate: Callable[[Description], Description]
    run: str
    change: Callable[[Description], Description] = _no_change
    lane: str = "long"
    resumable: bool = True
    label: Callable[[Description], str] | None = None
    size: Callable[[Description], float] = lambda _description: 1.0
    watched: bool = False

    def __post_init__(self) -> None:
        if self.lane not in LANES:
            raise ValueError(f"lane must be one of {', '.join(LANES)}, not {self.lane!r}")


def asked_run(description: Mapping[str, Any]) -> str:
    """The id of the training job that a job is about, its "run"; ValueError where it can be none."""
    run = description.get("run")
    if not isinstance(run, str) or not 0 < len(run) <= MAXIMUM_ID:
        raise ValueError(f"run must be the id of a training job, a text of 1 to {MAXIMUM_ID} characters")
    return run


_registered: dict[str, str] = {}


def register_kinds(kinds: Mapping[str, str]) -> None:
    """Offer kinds of jobs: name → the module whose JOBS, a table by name, holds it.

    To be called where the web process is put together. Workers need not call it: the table goes to them with the
    engine's settings, and they import a kind's module when its first job comes.
    """
    _registered.update(kinds)


def registered_kinds() -> dict[str, str]:
    """All kinds that have been registered in this process."""
    return dict(_registered)


def load_kind(name: Any, kinds: Mapping[str, str]) -> JobKind:
    """The kind of that name among `kinds` (name → module); Refused, with the names, for any other."""
    if not isinstance(name, str) or name not in kinds:
        raise Refused(f"kind must be one of {', '.join(sorted(kinds))}, not {_shown(name)}")
    return importlib.import_module(kinds[name]).JOBS[name]


def load_run(kind: JobKind) -> Callable[..., None]:
    """The function of a description and a JobContext that runs jobs of a kind, its module imported. For workers."""
    module, _, function = kind.run.partition(":")
    return getattr(importlib.import_module(module), function)


def validated(description: Any, kinds: Mapping[str, str]) -> tuple[JobKind, Description]:
    """The kind that a visitor's description names and the cleaned rest; Refused with one sentence."""
    if not isinstance(description, dict) or not all(isinstance(key, str) for key in description):
        raise Refused("a job description must be an object with a kind and its settings")
    if len(description) > MAXIMUM_KEYS:
        raise Refused(f"a job description has at most {MAXIMUM_KEYS} settings, not {len(description)}")
    kind = load_kind(description.get("kind"), kinds)
    try:
        return kind, kind.validate({key: value for key, value in description.items() if key != "kind"})
    except (ValueError, TypeError) as error:
        raise Refused(str(error)) from error


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
