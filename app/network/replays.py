"""Finished runs of the presets that ship with the lab, so that the page opens with something to see.

    python -m app.network.replays                    # make all anew, by the engine, in app/network/replays/
    python -m app.network.replays badly-scaled       # one of them

A file holds what the page follows of a run (its feed, thinned out, every measurement over all examples, and the surface
under its paths), what the preset's statements come to over seeds, the run's whole description with its seed, and the
versions that made it. The web process only reads it.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from app import __version__
from app.jobs import Engine, EngineSettings
from app.jobs.kinds import Description
from app.network.controls import description_of, read_network_state
from app.network.kinds import KINDS
from app.network.presets import PRESETS
from app.network.statements.routes import statements_of
from app.network.training.settings import validate

FOLDER = Path(__file__).with_suffix("")
DIGITS = 4
"""Significant digits of what is kept."""
SHOWN = ("plane", "boundary")
"""Results of which the page draws what the feed says."""
BOUNDARIES = 4
"""Of the decision boundaries every so many is kept, and the last."""
AIR = 0.25
"""Of the paths' extent, around them, on the surface."""


@cache
def replay_of(preset: str) -> dict[str, Any] | None:
    """The shipped run of a preset; None where there is none, its file is damaged, or it was made with other settings
    than the preset's: the page then opens without."""
    file = FOLDER / f"{preset}.json"
    if preset not in PRESETS or not file.is_file():
        return None
    wanted = _trained(description_of(read_network_state({"preset": preset}).state))
    try:
        kept: dict[str, Any] = orjson.loads(file.read_bytes())
        described = validate(kept["run"]["description"])  # a setting that is newer than the file has its default
        fits = _trained(described) == wanted and {"entries", "ground", "statements"} <= kept.keys()
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return kept if fits else None


async def make(preset: str, engine: Engine) -> dict[str, Any]:
    """Train the preset on the engine and keep its feed and its surface. RuntimeError where a job does not finish."""
    state = read_network_state({"preset": preset}).state
    description: Description = description_of(state) | {"watching": 1.0}
    job = await engine.submit("replays", description)
    entries = await _feed(engine, job)
    rows = _rows(entries)
    x, y = _around([row["methods"][name]["at"] for row in rows for name in row["methods"]])
    wish = {"kind": "landscape", "run": job, "x": x, "y": y}
    ground, judged = [
        _rows(await _feed(engine, await engine.submit("replays", asked)))[-1]
        for asked in (wish, {**statements_of(state), "after": ""})
    ]
    described = await engine.description(job)
    del described["kind"]
    shown = [entry for entry in entries if entry["kind"] == "result" and entry["data"]["name"] in SHOWN]
    device = next(entry for entry in entries if "device" in entry["data"])
    return {
        "made_by": f"Pothole lab {__version__}",
        "command": f"python -m app.network.replays {preset}",
        "versions": _versions(),
        "run": {"job": "", "description": described, "state": "finished", "owner": False, "ahead": None},
        "entries": [device, *shown, {"kind": "progress", "data": _progress(rows)}],
        "ground": ground,
        "statements": _rounded(judged["found"]),
    }


async def _feed(engine: Engine, job: str) -> list[dict[str, Any]]:
    """A job's entries until it has ended. RuntimeError where it does not finish."""
    entries: list[dict[str, Any]] = [{"kind": entry.kind, "data": entry.data} async for entry in engine.follow(job)]
    last = entries[-1]["data"]
    if last.get("state") != "finished":
        raise RuntimeError(f"the job did not finish: {last.get('sentence', last)}")
    return entries


def _rows(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for entry in entries if entry["kind"] == "progress" for row in entry["data"]["rows"]]


def _trained(description: Description) -> Description:
    """The settings that decide a training: how much of its time is for watching does not."""
    return {name: value for name, value in description.items() if name not in ("kind", "watching")}


def _around(places: list[list[float]]) -> tuple[list[float], list[float]]:
    """A square that holds the places with air around them, as two ranges."""
    low, high = ([end(place[axis] for place in places) for axis in (0, 1)] for end in (min, max))
    half = (0.5 + AIR) * max(high[axis] - low[axis] for axis in (0, 1))
    x, y = ([(low[axis] + high[axis]) / 2 - half, (low[axis] + high[axis]) / 2 + half] for axis in (0, 1))
    return x, y


def _progress(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The rows that hold a measurement; of the decision boundaries, which are long, a part."""
    kept = [row for row in rows if any("train_loss" in values for values in row["methods"].values())]
    for index, row in enumerate(kept[:-1]):
        for values in row["methods"].values():
            if index % BOUNDARIES:
                values.pop("boundary", None)
    return {"rows": [_rounded(row) for row in kept], "total": rows[-1]["position"], "seconds_left": None}


def _rounded(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _rounded(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_rounded(value) for value in tree]
    return float(f"{tree:.{DIGITS}g}") if isinstance(tree, float) else tree


def _versions() -> dict[str, str]:
    import numpy as np
    import torch

    return {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}


async def _make_all(presets: list[str]) -> None:
    engine = Engine(EngineSettings(nice=0, checkpoint_seconds=1e6, kinds=KINDS))
    try:
        for preset in presets:
            made = await make(preset, engine)
            FOLDER.mkdir(exist_ok=True)
            (FOLDER / f"{preset}.json").write_bytes(orjson.dumps(made) + b"\n")
            print(f"{preset}: {len(made['entries'][-1]['data']['rows'])} rows")  # noqa: T201
    finally:
        await asyncio.to_thread(engine.close)


def main() -> int:
    """Make the files that are asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m app.network.replays", description=__doc__.splitlines()[0])
    parser.add_argument("preset", nargs="*", choices=[[], *PRESETS], help="whose run to make; all without any")
    asyncio.run(_make_all(parser.parse_args().preset or list(PRESETS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
