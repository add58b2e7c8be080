"""What is installed from here: the wheel's files, its metadata's ranges and names, the library without the pages."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import app
import geometry
import optimizers

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("app", "geometry", "optimizers")
MANUAL = "docs/_build/html"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def ranges(lines: list[str]) -> dict[str, Requirement]:
    return {normalised(one.name): one for one in map(Requirement, lines)}


LIBRARY = ranges(PROJECT["dependencies"])
APP = ranges(PROJECT["optional-dependencies"]["app"])
FIGURES = ranges(PROJECT["optional-dependencies"]["figures"])
PAPER = ranges(PROJECT["optional-dependencies"]["paper"])
NOTEBOOK = ranges(PROJECT["optional-dependencies"]["notebook"])


def pins(file: str) -> dict[str, str]:
    """{name: version} of the pins in a list of requirements or a lock."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return {normalised(name): pin for name, pin in re.findall(r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)", text, re.MULTILINE)}


def imported(*packages: str) -> set[str]:
    """The distributions whose modules the files of these packages import by name, anywhere in the file."""
    names = set()
    for path in (path for package in packages for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    known = packages_distributions()
    names -= {*sys.stdlib_module_names, *PACKAGES}
    assert names <= set(known), f"imported, but not installed here: {names - set(known)}"
    return {normalised(known[name][0]) for name in names}


def test_metadata_names_what_is_pinned() -> None:
    """requirements.txt is what `make run` and the image install: the library's requirements and the pages'."""
    assert not set(LIBRARY) & set(APP)
    assert not set(FIGURES) & {*LIBRARY, *APP}
    assert set(pins("requirements.txt")) == {*LIBRARY, *APP, *FIGURES}
    assert set(pins("app/paper/requirements.txt")) == set(PAPER)
    assert not set(PAPER) & {*LIBRARY, *APP, *FIGURES}
    assert not set(NOTEBOOK) & {*LIBRARY, *APP, *FIGURES, *PAPER}


@pytest.mark.parametrize("file", ["requirements.txt", "tests/constraints.txt", "app/deploy/requirements.lock"])
def test_every_pin_is_within_its_range(file: str) -> None:
    pinned = pins(file)
    wanted = {
        name: one
        for name, one in {**LIBRARY, **APP, **FIGURES}.items()
        if name != "torch" or not file.endswith(".lock")
    }
    assert set(wanted) <= set(pinned)
    outside = [f"{one} and {pinned[name]}" for name, one in wanted.items() if pinned[name] not in one.specifier]
    assert not outside, outside
    assert all(one.specifier for one in wanted.values()), "a range says at least where it begins"


@pytest.mark.parametrize(
    ("file", "wanted"), [("app/paper/requirements.txt", PAPER), ("tests/requirements.txt", NOTEBOOK)]
)
def test_pins_of_other_extras_are_within_their_ranges(file: str, wanted: dict[str, Requirement]) -> None:
    pinned = pins(file)
    assert [name for name, one in wanted.items() if pinned[name] not in one.specifier] == []


def test_metadata_names_what_is_imported_and_no_more() -> None:
    assert imported("geometry", "optimizers") == {*LIBRARY, *FIGURES}
    of_the_app = imported("app")
    assert of_the_app >= set(APP), "named, but nothing imports it"
    assert of_the_app <= {*LIBRARY, *APP, *PAPER, *NOTEBOOK}, "imported, but not named"


IMPORT_EVERYTHING = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
import geometry, optimizers
assert "numba" not in sys.modules, "it takes half a second, and a process that trains networks compiles nothing"
for package in (geometry, optimizers):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
        print(found.name)
assert "scipy.interpolate" not in sys.modules, "it takes half a second, and few programs need it"
"""


def test_library_is_imported_without_what_only_the_pages_need() -> None:
    modules = {name for name, owners in packages_distributions().items() if normalised(owners[0]) in {*APP, *FIGURES}}
    assert {"dash", "fastapi", "distributed", "matplotlib", "plotly"} <= modules
    done = subprocess.run(
        [sys.executable, "-c", f"BLOCKED = { {'app', *modules}!r}\n{IMPORT_EVERYTHING}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    files = [path for package in ("geometry", "optimizers") for path in (ROOT / package).rglob("*.py")]
    assert len(done.stdout.splitlines()) == len(files) - 2, "every module but the two packages themselves"


def test_console_script_says_which_extra_is_missing() -> None:
    """With -S Python finds nothing that is installed."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", "from app.console import main; main()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == (
        "Pothole lab’s pages need what is not installed here (dash, distributed, fastapi): "
        "install pothole-lab[app] in place of pothole-lab.\n"
    )


def test_version_is_one() -> None:
    assert geometry.__version__ == optimizers.__version__ == app.__version__
    newest, *_ = re.findall(r"^## \[(\d[\w.]*)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest == geometry.__version__, "a release has its heading in the changelog"


def test_wheel_holds_all_that_runs_and_nothing_else(wheel: Path) -> None:
    """Everything in the three packages and in assets/, but the README's pictures and what only tools read; the manual
    where it is built."""
    expected = {
        path.relative_to(ROOT).as_posix()
        for folder in (*PACKAGES, "assets", MANUAL)
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and not path.relative_to(ROOT / folder).parts[0].startswith(".")
        and "__pycache__" not in path.parts
        and not path.is_relative_to(ROOT / "assets" / "screenshots")
        and not path.name.endswith((".d.ts", "package.json"))
    }
    expected = {re.sub(r"^assets/", "app/assets/", name).replace(MANUAL, "app/manual") for name in expected}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        told = {name.split("/", 1)[1] for name in archive.namelist() if ".dist-info/" in name}
        (metadata,) = (archive.read(name) for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    assert held == expected
    assert {f"{package}/py.typed" for package in PACKAGES} | {"app/lecture/scenes.md", "app/assets/lab.css"} <= held
    assert {"licenses/LICENSE", "entry_points.txt"} <= told
    assert message_from_bytes(metadata)["Version"] == geometry.__version__


def test_wheel_of_an_unpacked_source_archive_is_the_same(wheel: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (archive,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path, filter="data")
    (unpacked,) = (path for path in tmp_path.iterdir() if path.is_dir())
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=unpacked,
        capture_output=True,
        check=True,
    )
    (again,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert sorted(first.namelist()) == sorted(second.namelist())
