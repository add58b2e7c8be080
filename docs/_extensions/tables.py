"""Tables that the manual takes from the code when it is built: controls, settings, surfaces, networks, packages.

```{table-of} settings-web
```
"""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from app.components.view_controls import LECTURE
from app.instruments.controls import instrument_controls
from app.jobs.settings import EngineSettings
from app.network import controls as network
from app.network.explore import controls as explore
from app.network.explore.between_controls import BETWEEN_CONTROLS
from app.network.explore.cuts_controls import CUTS_CONTROLS
from app.network.explore.potholes_controls import POTHOLES_CONTROLS
from app.network.fairness.controls import FAIRNESS_CONTROLS
from app.network.statements.controls import STATEMENTS_CONTROLS
from app.network.training.settings import METHOD_NAMES
from app.state.control import Control
from app.state.environment import SettingsTable, as_table
from app.state.markdown import write_markdown
from app.telemetry.settings import ObserveSettings
from app.toy import controls as toy
from app.toy.export.controls import CONTROLS as EXPORT
from app.toy.presets import PRESETS
from app.web.settings import WebSettings
from geometry.architectures import ARCHITECTURES
from geometry.datasets import DATASETS
from geometry.surfaces import SURFACES
from optimizers.methods import NETWORK_METHODS, toy_methods

ROOT = Path(__file__).resolve().parents[2]


def controls(rows: Iterable[Control]) -> str:
    """Controls with their key in a link, what they take, their default and what they do."""

    def cells(row: Control) -> tuple[str, ...]:
        return (
            row.title,
            f"`{row.name}`",
            row.wants,
            toy.default_of(row),
            f"{row.help} ({row.unit})" if row.unit else row.help,
        )

    return write_markdown(
        ("control", "key in a link", "takes", "default", "what it does"),
        map(cells, rows),
    )


def settings(kind: type[SettingsTable]) -> str:
    """Settings with their environment variable, default and meaning, without the value that is in force here."""
    lines = [line.strip("| ").split(" | ") for line in as_table([kind()]).splitlines()]
    shown = [(f"`{row[0]}`", f"`{row[2]}`" if row[2] else "", *row[3:]) for row in lines[2:]]
    return write_markdown(("variable", "default", "takes", "meaning"), shown)


def surfaces() -> str:
    """The surfaces with their keys and what they are."""
    return write_markdown(
        ("surface", "key", "what it is"),
        [(s.title, f"`{key}`", s.description) for key, s in SURFACES.items()],
    )


def presets() -> str:
    """The presets with their keys and captions."""
    return write_markdown(
        ("preset", "key", "caption"),
        [(p.title, f"`{p.key}`", p.caption) for p in PRESETS.values()],
    )


def networks() -> str:
    """The networks with their keys, what they are and the kinds of data that they take."""
    rows = [(row.title, f"`{key}`", row.description, ", ".join(row.kinds)) for key, row in ARCHITECTURES.items()]
    return write_markdown(("network", "key", "what it is", "takes"), rows)


def methods() -> str:
    """All methods: where they are offered, the formulas of their parts, and gradients a step."""
    surfaces_too, rows = toy_methods(), []
    for name, method in {**NETWORK_METHODS, **surfaces_too}.items():
        evaluations = np.mean([method.gradient_evaluations(t) for t in range(60)])
        u = "I" if not method.learns else type(method.preconditioner).__name__
        kept, step = method.outer.formula()
        moved = step if not kept else f"{kept}; {step}"
        where = "both" if name in surfaces_too and name in NETWORK_METHODS else "networks"
        probe = method.probe.formula(method.learns)
        rows.append((name, where, probe, method.mix.formula(), u, moved, f"{evaluations:.2g}"))
    head = ("method", "offered for", "probe", "gradient used", "U", "outer rule (u = U h)", "gradients")
    return write_markdown(head, rows)


def network_methods() -> str:
    """The methods that can train a network, in a line."""
    return ", ".join(METHOD_NAMES)


def data() -> str:
    """The data sets with their keys, their kind and what they are."""
    rows = [(row.title, f"`{key}`", row.kind, row.description) for key, row in DATASETS.items()]
    return write_markdown(("data", "key", "kind", "what they are"), rows)


def command_line() -> str:
    """What the program says of its own options."""
    from app.__main__ import parse

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        parse(["--help"])
    return f"```console\n{said.getvalue()}```"


def packages() -> str:
    """Every package of the code with the first line of its docstring."""
    rows = []
    for file in sorted(ROOT.glob("*/**/__init__.py")):
        folder = file.parent.relative_to(ROOT)
        said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
        if folder.parts[0] in ("geometry", "optimizers", "app") and said:
            rows.append((f"`{folder.as_posix()}`", said.splitlines()[0]))
    return write_markdown(("package", "what it holds"), rows)


def toy_controls(group: str) -> Callable[[], str]:
    """The table of the toy lab's controls of one group, without what a lecture adds."""
    return lambda: controls(row for row in toy.controls() if row.group == group and row not in LECTURE)


TABLES: dict[str, Callable[[], str]] = {
    "command-line": command_line,
    "methods": methods,
    "controls-cut": toy_controls("cut"),
    "controls-compare": toy_controls("compare"),
    "controls-export": lambda: controls(EXPORT),
    "controls-instruments": lambda: controls(instrument_controls()),
    "controls-embed": toy_controls("embed"),
    "controls-lecture": lambda: controls(LECTURE),
    "controls-look-closer": toy_controls("inspector"),
    "controls-network": lambda: controls((*network.WALK, *network.TRAINING, *network.PRECONDITIONER, *network.PLANE)),
    "controls-own": toy_controls("own"),
    "controls-pits": toy_controls("pits"),
    "controls-preconditioner": toy_controls("preconditioner"),
    "controls-slice": lambda: controls(explore.SLICE_CONTROLS),
    "controls-curvature": lambda: controls(explore.CURVATURE_CONTROLS),
    "controls-between": lambda: controls(BETWEEN_CONTROLS),
    "controls-cuts": lambda: controls(CUTS_CONTROLS),
    "controls-potholes": lambda: controls(POTHOLES_CONTROLS),
    "controls-rescaling": lambda: controls(explore.RESCALING_CONTROLS),
    "controls-fairness": lambda: controls(FAIRNESS_CONTROLS),
    "controls-statements": lambda: controls(STATEMENTS_CONTROLS),
    "controls-view": toy_controls("view"),
    "controls-walk": toy_controls("walk"),
    "data": data,
    "network-methods": network_methods,
    "networks": networks,
    "packages": packages,
    "presets": presets,
    "settings-jobs": lambda: settings(EngineSettings),
    "settings-logs": lambda: settings(ObserveSettings),
    "settings-web": lambda: settings(WebSettings),
    "surfaces": surfaces,
}


class TableOf(SphinxDirective):
    """The directive: its argument is one of TABLES."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table, read as the Markdown that it is."""
        name = self.arguments[0]
        if name not in TABLES:
            raise self.error(f"there is no table {name!r}; there are {', '.join(TABLES)}")
        return self.parse_text_to_nodes(TABLES[name]())


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("table-of", TableOf)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
