"""Compiled kernels on disk that call kernels of another file."""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from types import ModuleType
from typing import Any

from numba.core.caching import Cache

logger = logging.getLogger("pothole.kernels")


def drop_if_older(kernel: Any, *called: ModuleType) -> None:
    """Forget the compiled `kernel` on disk if it is older than a module whose kernels it calls.

    numba's cache asks only whether the kernel's own file has changed, and the machine code holds a copy of what it
    calls: after a change of the called file it would go on computing with the old one. To be called once after the
    kernel's definition; the next call compiles anew. A cache that cannot be changed (a read-only folder) is left alone.
    """
    newest = max(Path(str(module.__file__)).stat().st_mtime for module in called)
    code = kernel.py_func.__code__
    pattern = f"{Path(code.co_filename).stem}.{kernel.py_func.__name__}-{code.co_firstlineno}.*.nbi"
    for index in Path(kernel.stats.cache_path).glob(pattern):
        try:
            if index.stat().st_mtime < newest:
                index.unlink()
        except OSError:
            continue


def work_without_disk() -> None:
    """Let a kernel be used that has been compiled but cannot be kept: a full disk costs the next start its time.

    numba raises the disk's OSError out of the kernel's first call instead, and so lost the answer with it. Safe to
    call more than once.
    """
    save = Cache.save_overload
    if getattr(save, "forgiving", False):
        return

    @functools.wraps(save)
    def forgiving(self: Any, signature: Any, data: Any) -> None:
        try:
            save(self, signature, data)
        except OSError as error:
            logger.warning("a compiled kernel is not kept (%s): it will be compiled again at the next start", error)

    forgiving.forgiving = True  # type: ignore[attr-defined]
    Cache.save_overload = forgiving
