"""The Dockerfile read: its instructions, and the files that it takes from the repository."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continuation lines joined."""

    name: str
    value: str


def instructions(text: str) -> list[Instruction]:
    """The Dockerfile without comments; a backslash at a line's end continues it."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


FILE = instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def values(name: str) -> list[str]:
    return [one.value for one in FILE if one.name == name]


def copied() -> list[tuple[str, str]]:
    """(source, target) of what is taken from the repository, for all stages."""
    pairs = [value.split() for value in values("COPY") if not value.startswith("--from=")]
    return [(source, target) for source, target in pairs]


def copy_sources(folder: Path) -> None:
    """What the Dockerfile copies from the repository, laid out under `folder` as it is in the image; what Python has
    compiled of it here comes along."""
    ignored = shutil.ignore_patterns("_build", "*.pyc.*")  # the latter is being written
    for source, target in copied():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / target, ignore=ignored, dirs_exist_ok=True)
        else:
            (folder / target).mkdir(exist_ok=True, parents=True)
            shutil.copy(ROOT / source, folder / target)
