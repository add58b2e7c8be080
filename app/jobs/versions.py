"""What scheduler and workers must have in common: they hand each other code, checkpoints and arrays."""

from __future__ import annotations

import functools
import sys
from importlib.metadata import PackageNotFoundError, version

from geometry import __version__

MAJORS = ("torch", "numpy")
"""Packages whose checkpoints and arrays are read by the other side: the same major version reads them."""


@functools.cache
def versions_here() -> dict[str, str]:
    """{name: version} of this process, as far as it has to agree; nothing is imported for it."""
    found = {"Pothole lab": __version__, "Python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in MAJORS:
        try:
            found[name] = version(name).partition(".")[0]
        except PackageNotFoundError:
            found[name] = "none"
    return found


def tell_difference(theirs: dict[str, str] | None) -> str:
    """ "" where a worker's versions are those of this process, the scheduler's; else a sentence about the first that is
    not."""
    if theirs is None:
        return "this worker does not tell its version, so it is an older one than the scheduler’s; bring both to one"
    for name, own in versions_here().items():
        if theirs.get(name) != own:
            return (
                f"this worker has {name} {theirs.get(name, 'none')} and the scheduler {own}, so it gets no jobs: run "
                "all processes from one installation"
            )
    return ""
