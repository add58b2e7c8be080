"""Compiled kernels are found by what they were compiled from: wherever that lies, and never after a change."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numba
import pytest

import optimizers.compiled
from geometry import compiled, compiled_tape, kernel_cache, smoothing

INNER = "from numba import njit\n\n@njit(cache=True)\ndef f(x):\n    return x + {}\n"
OUTER = """
import inner
from inner import f
from numba import njit
from geometry.kernel_cache import keep_kernels

keep_kernels(__name__, inner)

@njit(cache=True)
def g(x):
    return {} * f(x)
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that stands for the user's; the modules are forgotten afterwards."""
    # In the environment: numba reads it anew at any compilation after another variable of its own has changed there, as
    # a test of this process may have done that started an engine.
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    numba.config.reload_config()
    monkeypatch.setattr(kernel_cache, "_digests", {})
    # Python takes a file of the same length, changed within a second, for unchanged.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("inner", "outer"):
        monkeypatch.setitem(sys.modules, name, None)
    yield tmp_path / "cache"
    monkeypatch.undo()
    numba.config.reload_config()


def installation(folder: Path, added: int, times: int = 10) -> tuple[int, int]:
    """(g(1), how many times its code was found on disk) of an `outer` in this folder: so many times what `inner` gives,
    which adds so much."""
    folder.mkdir(exist_ok=True)
    for name, text in (("inner", INNER.format(added)), ("outer", OUTER.format(times))):
        (folder / f"{name}.py").write_text(text)
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return module.g(1), sum(module.g.stats.cache_hits.values())


def test_an_unchanged_kernel_is_found_from_anywhere_and_a_changed_one_is_compiled_anew(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installation(tmp_path / "one", 1) == (20, 0)
    assert installation(tmp_path / "two", 1) == (20, 1), "another place, the same code"
    assert installation(tmp_path / "one", 2) == (30, 0), "what it calls has changed"
    assert installation(tmp_path / "one", 2, 5) == (15, 0), "it has changed itself"
    assert installation(tmp_path / "two", 1) == (20, 1), "and the first version is still there"
    monkeypatch.setattr(numba, "__version__", "0")
    assert installation(tmp_path / "two", 1) == (20, 0), "another version of what compiles"
    assert len(list(cache.glob("pothole-lab_*"))) == 4


def test_where_the_user_has_no_folder_they_lie_beside_their_file(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And there, too, a change of what they call is seen."""
    cache.write_text("no folder")
    monkeypatch.setattr(kernel_cache._Own, "from_function", lambda *_: None)
    assert installation(tmp_path / "one", 1) == (20, 0)
    assert list((tmp_path / "one" / "__pycache__").glob("outer.g-*.nbi"))
    assert installation(tmp_path / "one", 1) == (20, 1)
    assert installation(tmp_path / "one", 2) == (30, 0)


def tree(module: ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))


def parts(module: ModuleType) -> set[str]:
    """What it says to hold, and what these say to hold."""
    found = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "keep_kernels":
            for argument in node.args[1:]:
                part = getattr(module, ast.unparse(argument))
                found |= {part.__name__, *parts(part)}
    return found


@pytest.mark.parametrize("module", [compiled_tape, compiled, smoothing, optimizers.compiled])
def test_a_file_names_all_that_its_kernels_hold(module: ModuleType) -> None:
    """Whatever its kernels use of what it imports from the project's files: kernels, constants, tables of codes."""
    own = [one for one in vars(module).values() if getattr(one, "py_func", dict).__module__ == module.__name__]
    source = {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(("geometry", "optimizers"))
        for alias in node.names
    }
    held = {source[name] for kernel in own for name in kernel.py_func.__code__.co_names if name in source}
    assert own and held <= parts(module)
    assert {one._cache._cache_file._source_stamp for one in own} == {kernel_cache._digests[str(module.__file__)]}
