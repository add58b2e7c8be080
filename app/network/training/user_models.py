"""What the operator brought along on the command line: a network, weights, data; and the names of all there is.

    python -m app --objective module:function | --checkpoint file | --data folder|file.npz | --run folder …

They reach the worker processes as environment variables; nothing that arrives over the network comes here. What they
hold is looked at once, in a process of its own (`describe`), so that the web process runs none of it: {"network":
{title, base, kinds}, "data": {title, kind}, "runs": {name: what it holds}}. A network brought along fits only the data
that it was made for ("own" data, or the built-in set whose shapes a checkpoint has).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

VARIABLES = {
    "objective": "POTHOLE_OBJECTIVE",
    "checkpoint": "POTHOLE_CHECKPOINT",
    "data": "POTHOLE_DATA",
    "run": "POTHOLE_RUN",
    "image_size": "POTHOLE_IMAGE_SIZE",
}
"""Several runs stand in theirs with the system's separator of paths between them."""
OWN = "own"
LOOK_SECONDS = 300.0


def brought(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the environment names: "objective", "checkpoint", "data", "run", "image_size"."""
    environment = os.environ if environment is None else environment
    named = {name: environment.get(variable, "").strip() for name, variable in VARIABLES.items()}
    return {name: value for name, value in named.items() if value}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options, for every program that runs jobs or offers them."""
    own = parser.add_argument_group("your own network and data, for the network page")
    own.add_argument("--objective", metavar="MODULE:FUNCTION", help="a function that returns (module, inputs, targets)")
    own.add_argument("--checkpoint", metavar="FILE", help="its weights, or a built-in network’s: .safetensors, .pt")
    own.add_argument("--data", metavar="PATH", help="an .npz file, or a folder with one folder of images per class")
    own.add_argument("--image-size", metavar="PIXELS", help="to which a folder’s images are scaled; 32 by default")
    own.add_argument(
        "--run",
        metavar="FOLDER",
        action="extend",
        nargs="+",
        help="checkpoints of a run, to be looked at; several folders are several runs",
    )


def take(options: argparse.Namespace) -> None:
    """Put the options where this program's worker processes find them, over what the environment names.

    ValueError with one sentence where what is named cannot be loaded: all is tried once, in a process of its own.
    """
    for name, variable in VARIABLES.items():
        value = getattr(options, name, None)
        if value:
            # Worker processes may be started in another folder; a module is found from the folder that is current now.
            paths = [value] if isinstance(value, str) else value
            plain = name in ("objective", "image_size")
            os.environ[variable] = value if plain else os.pathsep.join(map(os.path.abspath, paths))
    describe()


def describe() -> dict[str, Any]:
    """What the operator's network and data are; empty where none were named. ValueError with one sentence."""
    return _described(tuple(brought().items()))


@lru_cache(maxsize=4)
def _described(named: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    if not named:
        return {}
    looked = subprocess.run(
        [sys.executable, "-m", "app.network.training.user_model_loader"],
        capture_output=True,
        text=True,
        timeout=LOOK_SECONDS,
        check=False,
    )
    if looked.returncode == 0:
        return json.loads(looked.stdout.splitlines()[-1])
    lines = looked.stderr.strip().splitlines()
    raise ValueError(lines[-1] if lines else "what was named on the command line cannot be read")


def networks() -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """key → (title, description, kinds of data it takes or, for the operator's own, keys of the data)."""
    from geometry.architectures import ARCHITECTURES

    found = {key: (row.title, row.description, row.kinds) for key, row in ARCHITECTURES.items()}
    mine = describe().get("network")
    if mine:
        found[OWN] = (mine["title"], "The network named on the command line.", tuple(mine["data"]))
    return found


def data_sets() -> dict[str, tuple[str, str, str]]:
    """key → (title, description, kind) of all that are installed here."""
    from geometry.datasets import DATASETS

    found = {key: (row.title, row.description, row.kind) for key, row in DATASETS.items() if row.installed}
    mine = describe().get("data")
    if mine:
        found[OWN] = (mine["title"], "The data named on the command line.", mine["kind"])
    return found


def fits(network: str, data: str) -> bool:
    """Whether the network takes these data."""
    takes, kind = networks()[network][2], data_sets()[data][2]
    return data in takes if network == OWN else kind in takes


def check_fit(network: str, data: str) -> None:
    """ValueError with a sentence where a network does not take the data."""
    if fits(network, data):
        return
    takes, kind = networks()[network][2], data_sets()[data][2]
    what = f"the data {' or '.join(takes)}" if network == OWN else " or ".join(takes)
    raise ValueError(f"the network {network!r} takes {what}; these data are {kind}")


def check_altered(network: str, data: str, scaled: bool, random_labels: bool) -> None:
    """ValueError with a sentence where the data cannot be made harder in these ways."""
    if (scaled or random_labels) and network == OWN and data == OWN and "objective" in brought():
        raise ValueError(
            "the data of --objective are used as they are: no scaled inputs, no random labels and no bad "
            "start, which is fitted to random labels"
        )
    if scaled and data_sets()[data][2] == "characters":
        raise ValueError(f"the data {data!r} are characters: they have no units to scale")


def check_cutout(data: str, size: int) -> None:
    """ValueError with a sentence where the data have no images to cut squares out of."""
    if size and data_sets()[data][2] != "images":
        raise ValueError(f"the data {data!r} are {data_sets()[data][2]}: cutout covers squares of images")
