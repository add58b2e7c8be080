"""Every block of Python in the manual runs, in the order of its page, prints and draws what stands under it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.myst import CodeBlockParser
from sybil.parsers.myst.lexers import DirectiveLexer

from tests.docs import figures

MANUAL = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(page for page in MANUAL.rglob("*.md") if "```python" in page.read_text(encoding="utf-8"))


class Reader:
    """Runs the blocks of one page and compares what they print with the block of text below, and the variable `figure`
    with the figure that is shown next."""

    def __init__(self, keep: Callable[[str, Any], list[str] | None]) -> None:
        self.python = PythonEvaluator()
        self.keep = keep
        self.printed = ""
        self.compared = 0

    def run(self, example: Example) -> None:
        """Run a block; ValueError where the block before it printed what the page does not show."""
        self.check_nothing_is_hidden()
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.python(example)
        self.printed = said.getvalue()

    def compare(self, example: Example) -> str | None:
        """None where the page shows what was printed, else a sentence (as Sybil wants it)."""
        printed, self.printed = self.printed, ""
        self.compared += 1
        if printed == example.parsed:
            return None
        return f"the page shows\n{example.parsed}\nbut this was printed\n{printed}"

    def find_figures(self, document: Document) -> Iterator[Region]:
        """The figures that the page shows, for Sybil."""
        for found in DirectiveLexer("figure-of")(document):
            yield Region(found.start, found.end, found.lexemes["arguments"].strip(), self.look)

    def look(self, example: Example) -> str | None:
        """None where the figure is the one that is kept, else what differs."""
        self.compared += 1
        return "\n".join(self.keep(example.parsed, example.namespace["figure"]) or []) or None

    def check_nothing_is_hidden(self) -> None:
        """ValueError for output without a block of text."""
        if self.printed:
            raise ValueError(f"printed, and not shown on the page: {self.printed}")


def read_aloud(page: Path, keep: Callable[[str, Any], list[str] | None] = figures.compare) -> int:
    """Run a page; returns how many outputs and figures were compared."""
    reader = Reader(keep)
    parsers = CodeBlockParser("python", reader.run), CodeBlockParser("text", reader.compare), reader.find_figures
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as long sums are cut otherwise, their last digits differ
    try:
        with torch.random.fork_rng():
            for example in Document.parse(str(page), *parsers).examples():
                example.evaluate()
    finally:
        torch.set_num_threads(threads)
    reader.check_nothing_is_hidden()
    return reader.compared


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(MANUAL).with_suffix("").as_posix())
def test_examples_print_what_the_page_shows(page: Path) -> None:
    assert read_aloud(page) > 0


def test_there_is_an_example_for_every_topic() -> None:
    topics = {
        "surfaces",
        "sweeps",
        "networks",
        "slices",
        "curvature",
        "training-loop",
        "own-objective",
        "recorded-runs",
        "notebook",
        "resnet",
        "checkpoints",
        "pinn",
        "lstm",
        "language-model",
    }
    assert topics <= {page.stem for page in PAGES}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "but this was printed"),
        ("```python\nprint(1)\n```\n", "not shown on the page"),
        ("```python\n1 / 0\n```\n", "division by zero"),
    ],
)
def test_a_wrong_example_is_found(tmp_path: Path, text: str, said: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(Exception, match=said):
        read_aloud(page)


def test_a_wrong_figure_is_found() -> None:
    kept = {"data": [{"name": "loss", "z": [[1.0, 2.0], [3.0, None]]}]}
    assert figures.differ(kept, kept) == []
    near = {"data": [{"name": "loss", "z": [[1.01, 2.0], [3.0, None]]}]}
    assert figures.differ(near, kept) == []
    for wrong in ({"z": [[1.5, 2.0], [3.0, None]]}, {"z": [[1.0, 2.0], [3.0, 3.0]]}, {"name": "another"}, {"more": 1}):
        assert len(figures.differ({"data": [{**kept["data"][0], **wrong}]}, kept)) == 1
