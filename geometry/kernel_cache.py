"""Compiled kernels on disk that call kernels of another file."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any


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
