"""A kernel on disk does not outlive a change of the kernels that it calls."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from geometry.kernel_cache import drop_if_older

pytestmark = pytest.mark.slow


ROOT = Path(__file__).resolve().parent.parent.parent
INNER = "from numba import njit\n\n@njit(cache=True)\ndef f(x):\n    return x + {}\n"
OUTER = """
import sys
import inner
from inner import f
from numba import njit
from geometry.kernel_cache import drop_if_older

@njit(cache=True)
def g(x):
    return 10 * f(x)

if "--drop" in sys.argv:
    drop_if_older(g, inner)
print(g(1), sum(g.stats.cache_hits.values()))
"""


def kernel():
    """Stands for a compiled function."""


def outer(folder, *arguments):
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        [sys.executable, str(folder / "outer.py"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_changed_callee_is_compiled_anew(tmp_path):
    (tmp_path / "inner.py").write_text(INNER.format(1))
    (tmp_path / "outer.py").write_text(OUTER)
    assert outer(tmp_path, "--drop") == ["20", "0"]
    (tmp_path / "inner.py").write_text(INNER.format(2))
    assert outer(tmp_path) == ["20", "1"], "numba by itself no longer goes on with the old callee: drop this file"
    assert outer(tmp_path, "--drop") == ["30", "0"]


def test_only_the_older_index_goes(tmp_path):
    """By file times alone: older than a callee goes, newer stays, and so does another kernel's."""
    module = ModuleType("inner")
    module.__file__ = str(tmp_path / "inner.py")
    (tmp_path / "inner.py").write_text("")
    os.utime(tmp_path / "inner.py", (1000.0, 1000.0))
    name = f"{Path(__file__).stem}.kernel-{kernel.__code__.co_firstlineno}.py311.nbi"
    other = tmp_path / "other.kernel-1.py311.nbi"
    dispatcher = SimpleNamespace(py_func=kernel, stats=SimpleNamespace(cache_path=str(tmp_path)))
    for written, kept in ((1001.0, True), (999.0, False)):
        for path in (tmp_path / name, other):
            path.write_text("")
            os.utime(path, (written, written))
        drop_if_older(dispatcher, module)
        assert (tmp_path / name).exists() is kept and other.exists()
    drop_if_older(dispatcher, module)  # nothing there any more: nothing to do
