"""The manual builds without a warning, asks nothing of any other place, and shows what it is made of."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest

from app.jobs.settings import EngineSettings
from app.telemetry.settings import ObserveSettings
from app.toy.controls import controls as toy_controls
from app.toy.explanations import explanations
from app.web.manual import ADDRESS
from app.web.settings import WebSettings
from tests.image import copy_sources, values

ROOT = Path(__file__).resolve().parents[2]
FETCHED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
"""What a browser fetches by itself, and the attribute that says from where; a link in a text is only followed."""
VERBATIM = {"code", "pre", "script", "style"}
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])((?:https?:)?//[^"')]+)""", re.IGNORECASE)


class Page(HTMLParser):
    """What a page fetches, where its links lead, the places in it that links may lead to, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.words = ""
        self.verbatim = 0  # elements around that are shown as they were typed
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        self.verbatim += tag in VERBATIM
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in FETCHED and FETCHED[tag] in given:
            self.fetched.append(given[FETCHED[tag]])
        self.fetched += [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]

    def handle_endtag(self, tag: str) -> None:
        self.verbatim -= tag in VERBATIM

    def handle_data(self, data: str) -> None:
        self.words += "" if self.verbatim else data


@pytest.fixture(scope="module")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages, built by the Dockerfile's line from what the Dockerfile copies and nothing else.
    What the environment sets must not show in them."""
    folder = tmp_path_factory.mktemp("manual")
    copy_sources(folder / "sources")
    (line,) = re.findall("(python -m sphinx .*)", "\n".join(values("RUN")))
    places = {"/tmp/trees": str(folder / "trees"), "/manual": str(folder / "html")}
    command = [sys.executable, *(places.get(word, word) for word in line.split()[1:])]
    assert "--fail-on-warning" in command
    built = subprocess.run(command, cwd=folder / "sources", capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(manual: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(manual.rglob("*.html"))}


def test_pages_are_complete(pages: dict[Path, Page], manual: Path) -> None:
    names = {path.relative_to(manual).with_suffix("").as_posix() for path in pages}
    sources = {
        path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        for path in (ROOT / "docs").rglob("*.md")
        if "_build" not in path.parts
    }
    assert sources <= names and len(sources) > 20


def test_quotation_marks_and_apostrophes_are_no_typewriter_s(pages: dict[Path, Page]) -> None:
    """The sources have these of a keyboard; the build makes those of print."""
    found = {path.name: re.findall(r".{20}(?:\w's\b|s'\s|\s\"\w).{10}", page.words) for path, page in pages.items()}
    assert not {name: words[:3] for name, words in found.items() if words}
    assert sum(page.words.count("’") for page in pages.values()) > 100


def test_nothing_is_asked_of_any_other_place(pages: dict[Path, Page], manual: Path) -> None:
    fetched = [(path, address) for path, page in pages.items() for address in page.fetched]
    asked = [f"{path.name}: {address}" for path, address in fetched if ELSEWHERE.match(address)]
    for style in (*manual.rglob("*.css"), *manual.rglob("*.html")):
        found = IN_STYLES.findall(style.read_text(encoding="utf-8"))
        asked += [f"{style.name}: {address}" for address in found]
    assert fetched
    assert not asked, "\n".join(asked)


def test_what_is_fetched_and_linked_is_there(pages: dict[Path, Page]) -> None:
    """Sphinx checks links between pages; this also finds what a theme or a raw link names and did not bring."""
    missing = []
    for path, page in pages.items():
        for address in (*page.fetched, *page.links):
            target, place = urldefrag(address)
            if urlsplit(target).scheme or ELSEWHERE.match(target):
                continue
            file = (path.parent / target.partition("?")[0]).resolve() if target else path
            if not file.is_file():
                missing.append(f"{path.name}: {address}")
            elif place and file in pages and place not in pages[file].places:
                missing.append(f"{path.name}: no place {address}")
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize(
    ("text", "fetched"),
    [
        ('<script src="https://elsewhere.example/x.js"></script>', True),
        ('<img srcset="//elsewhere.example/x.png 2x">', True),
        ('<a href="https://elsewhere.example/">a link to follow</a>', False),
        ('<script src="_static/x.js"></script>', False),
    ],
)
def test_a_request_to_elsewhere_is_recognised(text: str, fetched: bool) -> None:
    assert any(ELSEWHERE.match(address) for address in Page(text).fetched) is fetched


def test_every_setting_and_control_is_in_the_manual(manual: Path) -> None:
    settings = (manual / "using" / "servers.html").read_text(encoding="utf-8")
    controls = (manual / "using" / "controls.html").read_text(encoding="utf-8")
    tables = (WebSettings, EngineSettings, ObserveSettings)
    variables = [variable for table in tables for variable, _, _ in table.table()]
    assert [variable for variable in variables if f">{variable}<" not in settings] == []
    assert [control.name for control in toy_controls() if f">{control.name}<" not in controls] == []


PUBLIC = (
    "optimizers",
    "optimizers.torch_optim",
    "geometry.surfaces",
    "geometry.slices",
    "geometry.curvature",
    "geometry.datasets",
    "geometry.recording",
    "geometry.architectures",
)


@pytest.mark.parametrize("package", PUBLIC)
def test_public_functions_and_classes_are_in_the_reference(package: str, pages: dict[Path, Page]) -> None:
    module = importlib.import_module(package)
    places = set().union(*(page.places for page in pages.values()))
    names = [name for name in module.__all__ if callable(getattr(module, name))]
    assert names and [name for name in names if f"{package}.{name}" not in places] == []


def test_the_lab_s_links_into_the_manual_lead_somewhere(pages: dict[Path, Page], manual: Path) -> None:
    """Those of the words that are explained on the page, and those that stand in client code and layouts."""
    links = {told["more"] for told in explanations() if told["more"].startswith(ADDRESS)}
    assert len(links) > 3
    for file in (*(ROOT / "app").rglob("*.py"), *(ROOT / "assets").rglob("*.js")):
        links |= {*re.findall(r'"(/manual/[^"]*)"', file.read_text(encoding="utf-8"))}
        links |= {ADDRESS + place for place in re.findall(r'"\{MANUAL\}([^"]*)"', file.read_text(encoding="utf-8"))}
    for link in links:
        target, place = urldefrag(link.removeprefix(ADDRESS) or "index.html")
        page = pages.get(manual / target)
        assert page and (not place or place in page.places), link


def test_formulas_need_no_script(manual: Path) -> None:
    text = (manual / "methods.html").read_text(encoding="utf-8")
    assert "<math" in text and "MathJax" not in text and "\\frac" not in text


def test_figures_are_in_their_pages_and_others_load_no_plotly(pages: dict[Path, Page]) -> None:
    """The source says which pages have figures; their numbers stand in the page, and plotly beside it."""
    shown = {path for path in pages if "data-figure" in path.read_text(encoding="utf-8")}
    written = {
        path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        for path in (ROOT / "docs").rglob("*.md")
        if "{figure-of}" in path.read_text(encoding="utf-8")
    }
    assert written and {path.with_suffix("").as_posix().split("/html/")[1] for path in shown} == written
    loading = {path for path, page in pages.items() if any("plotly.min.js" in address for address in page.fetched)}
    assert loading == shown


def test_docstrings_keep_their_columns_and_formulas(manual: Path) -> None:
    methods = (manual / "reference" / "optimizers.html").read_text(encoding="utf-8")
    assert "ε_l = ρ w_l / √(⟨w_l, w_l⟩ + 1e-12) / √L for each of the L layers" in methods
    assert "TypeAliasForwardRef" not in methods
    slices = (manual / "reference" / "slices.html").read_text(encoding="utf-8")
    table = slices[slices.index("the two principal components of all points") :]
    assert table.index("the plane through the origin and") < table.index("</pre>")
