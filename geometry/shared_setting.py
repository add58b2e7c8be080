"""A setting that torch has once in a process, asked for by several threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack


class SharedSetting:
    """`make()` sets it and takes it back; here the first of those who hold it at once sets it, and the last takes it
    back. Otherwise each would take back what others still need, and put back what it found of theirs."""

    def __init__(self, make: Callable[[], AbstractContextManager[object]]) -> None:
        self._make, self._lock, self._set = make, threading.Lock(), ExitStack()
        self._holders = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._holders == 0:
                self._set.enter_context(self._make())
            self._holders += 1

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                self._set.close()
