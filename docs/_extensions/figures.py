"""Figures of the examples: plotly's own script and the numbers, kept in docs/figures, which the tests hold to the code.

```{figure-of} resnet
What it shows.
```

Nothing is computed and nothing is asked of any other place when the manual is built or read.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from docutils import nodes
from plotly.offline import get_plotlyjs
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FIGURES = Path(__file__).resolve().parents[1] / "figures"
SCRIPTS = ("plotly.min.js", "figures.js")


class drawn_figure(nodes.General, nodes.Element):
    """The place of a figure; its attributes are the figure's JSON and what it is called."""


class FigureOf(SphinxDirective):
    """The directive: its argument is a file of docs/figures, its content the caption."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """The figure over its caption."""
        file = FIGURES / f"{self.arguments[0]}.json"
        if not file.is_file():
            raise self.error(f"there is no {file.name} in docs/figures; python -m tests.docs.figures --write makes it")
        self.env.note_dependency(str(file))
        figure = go.Figure(json.loads(file.read_text(encoding="utf-8")), layout_template="plotly_white")
        title = figure.layout.title.text.replace("<br>", ": ").replace("<sub>", "").replace("</sub>", "")
        whole = nodes.figure()
        whole += drawn_figure(json=figure.to_json(), title=title)
        whole += nodes.caption("", "", *self.parse_inline(" ".join(self.content))[0])
        return [whole]


def visit(translator: Any, node: drawn_figure) -> None:
    """The element that figures.js draws into."""
    title, numbers = escape(node["title"]), escape(node["json"])
    translator.body.append(f'<div class="drawn" role="img" aria-label="{title}" data-figure="{numbers}"></div>')


def add_scripts(app: Sphinx, _page: str, _template: str, _context: Any, doctree: nodes.document | None) -> None:
    """Sphinx's hook: pages with figures, and no others, load plotly."""
    if doctree is not None and next(doctree.findall(drawn_figure), None) is not None:
        for script in SCRIPTS:
            app.add_js_file(script)


def copy_plotly(app: Sphinx) -> None:
    """Sphinx's hook: plotly's script, as its package brings it, among the manual's own files."""
    place = Path(app.outdir) / "_static"
    place.mkdir(parents=True, exist_ok=True)
    (place / SCRIPTS[0]).write_text(get_plotlyjs(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_node(drawn_figure, html=(visit, lambda _translator, _node: None))
    app.add_directive("figure-of", FigureOf)
    app.connect("builder-inited", copy_plotly)
    app.connect("html-page-context", add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
