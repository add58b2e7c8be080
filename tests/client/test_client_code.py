"""The client code's own tests, run by node; and which modules may import which."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from app.instruments.page import PAGE as INSTRUMENTS_PAGE
from app.web.modules import ModuleError, imports_of, link, modules_of
from tests.client.node import HOW, NoNode, find_node

HERE = Path(__file__).resolve().parent
ASSETS = HERE.parent.parent / "assets"
MODULES = sorted(ASSETS.rglob("*.js"))
PAGES = sorted((ASSETS / "pages").glob("*.js"))
PARTS = {page.script: [ASSETS / part for part in page.parts] for page in (INSTRUMENTS_PAGE,)}
"""What a page's script has besides those modules that its entry imports."""
LOADED = {ASSETS / "notebook" / "front_end.js"}
"""What others load as the module that it is."""
MAY_IMPORT = {
    "core": {"core"},
    "draw": {"core", "draw"},
    "toy": {"core", "draw", "toy"},
    "instruments": {"core", "draw", "instruments"},
    "network": {"core", "draw", "network"},
    "lecture": {"core", "draw", "lecture"},
    "paper": {"core", "draw", "paper"},
    "export": {"core", "draw", "toy", "export"},  # the page that plays offline is the toy lab's
    "notebook": {"core", "draw", "toy", "notebook"},  # and so is the widget of notebooks
    "pages": {"core", "toy", "instruments", "network", "lecture", "paper", "export", "notebook"},
}
"""Folder → the folders that its modules may import: features know no other feature, and pages put them together."""


def room_of(file: Path) -> str:
    return file.relative_to(ASSETS).parts[0]


@pytest.fixture(scope="module")
def node() -> str:
    try:
        found = find_node()
    except NoNode as error:
        pytest.fail(str(error), pytrace=False)
    return found or pytest.fail(f"The client code's tests found no node. {HOW}", pytrace=False)


def test_what_knows_no_page_does_what_it_says(node: str) -> None:
    """All *.test.js files beside this one."""
    tests = sorted(str(path) for path in HERE.glob("*.test.js"))
    assert tests
    done = subprocess.run([node, "--test", *tests], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_imports_run_one_way() -> None:
    assert {room_of(file) for file in MODULES} == set(MAY_IMPORT)
    wrong = [
        f"{file.relative_to(ASSETS)} imports {other.relative_to(ASSETS)}"
        for file in MODULES
        for other in imports_of(file)
        if room_of(other) not in MAY_IMPORT[room_of(file)]
    ]
    assert not wrong, "\n".join(wrong)


def test_every_module_is_on_a_page_and_none_imports_in_a_circle() -> None:
    used = LOADED | {file for page in PAGES for file in modules_of(page, *PARTS.get(page.name, ()))}
    assert not [str(file.relative_to(ASSETS)) for file in MODULES if file not in used]


def test_nothing_is_put_on_the_window_but_what_dash_looks_for() -> None:
    put = [
        f"{file.relative_to(ASSETS)}: {line.strip()}"
        for file in MODULES
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"\b(?:window|globalThis|self)\.\w+\s*(?:\?\?|\|\|)?=[^=]", line) and "dash_clientside" not in line
    ]
    assert not put, "\n".join(put)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_becomes_one_script(page: Path, node: str) -> None:
    script = link(page, *PARTS.get(page.name, ()))
    done = subprocess.run([node, "--check", "-"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"^(?:import|export)\b", script, re.MULTILINE)


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text)
    return folder / "entry.js"


def test_linked_modules_do_what_they_do_as_modules(tmp_path: Path, node: str) -> None:
    """A module that two others import runs once; names that two modules share stay apart."""
    entry = write(
        tmp_path,
        entry='import {\n  count,\n  First,\n} from "./first.js";\nimport { twice } from "./second.js";\n\n'
        "console.log(count(), twice(), new First().name);\n",
        first='import { counter } from "./counter.js";\n\nconst hidden = "first";\n\n'
        "export function count() {\n  return counter.add();\n}\n\n"
        "export class First {\n  name = hidden;\n}\n",
        second='import { counter } from "./counter.js";\n\nconst hidden = 2;\n\n'
        "export const twice = () => hidden * counter.add();\n",
        counter="export const counter = {\n  value: 0,\n  add() {\n    return (this.value += 1);\n  },\n};\n",
    )
    part = tmp_path / "part.js"
    part.write_text('import { counter } from "./counter.js";\n\nconsole.log(counter.add());\n')
    (tmp_path / "package.json").write_text('{"type": "module"}')
    linked, with_part = tmp_path / "linked.cjs", tmp_path / "with_part.cjs"
    linked.write_text(link(entry))
    with_part.write_text(link(entry, part))
    run = [
        subprocess.run([node, str(file)], capture_output=True, text=True, check=True).stdout
        for file in (entry, linked, with_part)
    ]
    assert run == ["1 4 first\n", "1 4 first\n", "1 4 first\n3\n"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"entry": 'import { a } from "./a.js";\n', "a": 'import { e } from "./entry.js";\n'}, "entry.js imports a.js"),
        ({"entry": 'import { a } from "./missing.js";\n'}, "is not there"),
        ({"entry": 'import { a } from "./a.js";\n', "a": "const a = 1;\n"}, "does not export: a"),
        ({"entry": 'import all from "./a.js";\n', "a": "export const a = 1;\n"}, "import all"),
        ({"entry": "export default 3;\n"}, "export default"),
        ({"entry": "export let moving = 3;\n"}, "export let"),
    ],
    ids=["circle", "missing file", "missing name", "default import", "default export", "export that may change"],
)
def test_what_cannot_be_linked_is_refused_with_its_reason(tmp_path: Path, files: dict[str, str], said: str) -> None:
    with pytest.raises(ModuleError, match=re.escape(said)):
        link(write(tmp_path, **files))
