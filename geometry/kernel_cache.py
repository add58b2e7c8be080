"""Compiled kernels on disk, found by what they were compiled from.

numba looks for a kernel beside the file that defines it, or under that file's path, and asks only whether that one file
has changed. So every new place of the same code compiled anew, for some seconds of a processor, and a kernel went on
with the old copy of another file's kernels after these had changed. Here its folder has the name of a digest of all
files that went into it, and of numba's and llvmlite's versions; that it is for this processor, Python and signature
numba checks inside the folder, as ever. The folders lie in NUMBA_CACHE_DIR if that is set, else in the user's own cache
(`~/.cache/numba` under Linux), else, where neither can be written, beside the file.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
from numba.core.caching import Cache, CacheImpl, InTreeCacheLocator, UserProvidedCacheLocator, UserWideCacheLocator

logger = logging.getLogger("pothole.kernels")

_digests: dict[str, str] = {}
"""{a file: the digest of it and of what its kernels hold of other files}."""


def keep_kernels(name: str, *parts: ModuleType) -> None:
    """Keep what the module of this name compiles, for all that is compiled from the same; to be called before its first
    kernel.

    parts: the modules whose kernels, constants and types its kernels hold. One that has kernels of its own brings its
    parts with it. A disk that is full or cannot be written costs the next start its time, and no answer.
    """
    file = str(sys.modules[name].__file__)
    content = Path(file).read_bytes()
    others = [_digests.get(str(part.__file__)) or _digest(Path(str(part.__file__)).read_bytes()) for part in parts]
    _digests[file] = _digest(content, numba.__version__, version("llvmlite"), *others)
    if not issubclass(CacheImpl._locator_classes[0], _ByContent):
        CacheImpl._locator_classes[:0] = [_Chosen, _Own, _Beside]
        _forgive_the_disk()


def _digest(content: bytes, *words: str) -> str:
    return hashlib.sha256(
        b"\0".join([hashlib.sha256(content).digest(), *(word.encode() for word in words)])
    ).hexdigest()


class _ByContent:
    """A place of numba's, for the files that `keep_kernels` was told of."""

    @classmethod
    def from_function(cls, function: Any, file: str) -> Any:
        return super().from_function(function, file) if file in _digests else None  # type: ignore[misc]

    @classmethod
    def get_suitable_cache_subpath(cls, file: str) -> str:
        return f"pothole-lab_{_digests[file][:40]}"

    def get_source_stamp(self) -> str:
        return _digests[self._py_file]  # type: ignore[attr-defined]


class _Chosen(_ByContent, UserProvidedCacheLocator):
    pass


class _Own(_ByContent, UserWideCacheLocator):
    pass


class _Beside(_ByContent, InTreeCacheLocator):
    pass


def _forgive_the_disk() -> None:
    """numba raises the disk's OSError out of a kernel's first call, and so lost the answer with it."""
    save = Cache.save_overload

    @functools.wraps(save)
    def forgiving(self: Any, signature: Any, data: Any) -> None:
        try:
            save(self, signature, data)
        except OSError as error:
            logger.warning("a compiled kernel is not kept (%s): it will be compiled again at the next start", error)

    Cache.save_overload = forgiving
