"""The page Paper: each figure with what it claims, what was computed here, the verdicts, and what differs.

Words, statements and the rows of numbers are written here; the client code draws the charts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import lru_cache
from math import isfinite
from typing import Any

from dash import html

from app.components.claim import FAILS, HOLDS
from app.components.layout import bench, button
from app.drawing.appearance import looks
from app.paper import records
from app.paper.figure import Chart, Figure, Records, Strip, Strips
from app.paper.figures import FIGURES
from app.paper.statement import VERDICTS, Mean, Statement
from app.state.numbers_as_text import number
from app.toy.controls import controls, shown_methods, surface_choice
from app.toy.request import PRESET, read_link
from app.web.pages import Page

PAPER = "https://arxiv.org/abs/2605.16134"
AIR = 0.08
"""Part of a scale at either end of its numbers."""


def recorded() -> Records:
    """The records as they are on the disk now; read anew where a file has come, gone or changed."""
    files = sorted(records.FOLDER.glob("*/*.json"))
    return _recorded(tuple((str(file), file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=1)
def _recorded(_stamp: tuple[tuple[str, int], ...]) -> Records:
    return {key: records.read_all(figure.units(False), records.FOLDER) for key, figure in FIGURES.items()}


def chart_id(figure: Figure, index: int) -> str:
    """The id of a chart's place: "figure-1-chart-0"."""
    return f"figure-{figure.key}-chart-{index}"


def tables() -> dict[str, Any]:
    """What the client code is told once."""
    found = recorded()
    charts = {chart_id(f, k): chart for f in FIGURES.values() for k, chart in enumerate(f.charts(found))}
    worn = [series.look for chart in charts.values() for series in chart.series]
    strips = [row.look for f in FIGURES.values() for strip in f.strips(found) for row in strip.rows]
    return {
        "page": "paper",
        "controls": [control.entry() for control in (PRESET, surface_choice(), shown_methods(), *controls())],
        "looks": looks(dict.fromkeys([*worn, *strips])),
        "charts": [
            {
                "id": key,
                "x": chart.x,
                "y": chart.y,
                "log_x": chart.log_x,
                "log_y": chart.log_y,
                "series": [asdict(series) for series in chart.series],
            }
            for key, chart in charts.items()
        ],
    }


def layout() -> Any:
    """The page."""
    found = recorded()
    return bench(tables(), None, [_head(found), *(_section(one, found) for one in FIGURES.values())], "paper")


def header() -> list[Any]:
    """The tools at the right of the header."""
    return [button("copy-link", "Copy link"), button("toggle-scheme", "Dark", id="scheme-button")]


def _count(number: int, verdict: str) -> str:
    """ "1 holds", "6 do not hold" """
    several = {HOLDS: "hold", FAILS: "do not hold"}
    return f"{number} {several.get(verdict, verdict) if number > 1 else verdict}"


def _head(found: Records) -> Any:
    rows = []
    for figure in FIGURES.values():
        verdicts = [one.verdict for one in figure.statements(found)]
        told = ", ".join(_count(verdicts.count(one), one) for one in VERDICTS if one in verdicts)
        rows.append(
            html.Li([html.A(f"Figure {figure.key}: {figure.title}", href=f"#figure-{figure.key}"), html.Span(told)])
        )
    return html.Section(
        className="paper-head",
        children=[
            html.H1("The paper’s figures, computed here"),
            html.P(
                [
                    "Each figure of ",
                    html.A("arXiv 2605.16134", href=PAPER, rel="noreferrer"),
                    " at a scale meant for two cores: what it claims, what was run instead, and whether "
                    "the claim holds there. The verdicts are computed from records that anybody can make anew with ",
                    html.Code("make paper"),
                    ". They speak of these small experiments, not of the paper’s own. What the paper shows is told as "
                    "far as its captions and the authors’ public settings tell it.",
                ]
            ),
            html.Nav(html.Ul(rows), className="paper-list", **{"aria-label": "Figures on this page"}),
        ],
    )


def _section(figure: Figure, found: Records) -> Any:
    units = figure.units(False)
    there = [found[figure.key][unit.name] for unit in units if unit.name in found[figure.key]]
    facts = [("In the paper", figure.paper), ("Here", figure.here)]
    return html.Section(
        id=f"figure-{figure.key}",
        className="paper-figure",
        **{"aria-labelledby": f"figure-{figure.key}-title"},
        children=[
            html.H2(f"Figure {figure.key}: {figure.title}", id=f"figure-{figure.key}-title"),
            html.Dl(list(_pairs(facts)), className="paper-facts"),
            *(_pictures(figure, found) or [html.P(["Not computed yet: ", html.Code(command_of(figure))])]),
            html.Section(
                [html.H3("What the records say"), *_claims(figure.statements(found))],
                className="claims",
                **{"aria-label": f"Statements of Figure {figure.key}"},
            ),
            html.Section(
                [html.H3("What differs from the paper"), html.Ul([html.Li(one) for one in figure.differs])],
                className="paper-differs",
            ),
            html.Details([html.Summary("Settings, cost, how to repeat it"), *_how(figure, there, len(units))]),
            *([_links(figure.live())] if figure.live() else []),
        ],
    )


def _pairs(rows: Iterable[tuple[str, Any]]) -> Iterator[Any]:
    return (piece for head, body in rows for piece in (html.Dt(head), html.Dd(body)))


def _links(links: list[tuple[str, str]]) -> Any:
    parts = [html.A(words, href=link, className="button") for words, link in links]
    return html.P(parts, className="paper-links")


def command_of(figure: Figure) -> str:
    """What computes a figure's missing records."""
    return f"python -m app.paper --only {figure.key}"


def _pictures(figure: Figure, found: Records) -> list[Any]:
    strips, charts = [one for one in figure.strips(found) if one.rows], figure.charts(found)
    parts = [html.Div([_strips(one) for one in strips], className="dot-tables")] if strips else []
    if charts:
        parts.append(html.Div([_chart(figure, k, one) for k, one in enumerate(charts)], className="paper-charts"))
        named = {series.name: series.look for chart in charts for series in chart.series if series.name}
        parts.append(html.Ul([html.Li(_named(name, look)) for name, look in named.items()], className="paper-legend"))
    return parts


def _named(name: str, look: str) -> list[Any]:
    return [html.Span(className="swatch", **{"data-swatch": look}), name]


def _chart(figure: Figure, index: int, chart: Chart) -> Any:
    return html.Figure(
        className="picture paper-chart",
        children=[
            html.Figcaption(chart.title),
            html.Div(
                id=chart_id(figure, index),
                className="canvas-stack",
                role="img",
                **{"aria-label": f"Figure {figure.key}, {_in_words(chart)}"},
            ),
        ],
    )


def _in_words(chart: Chart) -> str:
    """The chart for who does not see it: where each line begins and ends."""
    told = []
    for series in chart.series:
        y = [value for value in series.y if value is not None]
        if series.name and y:
            told.append(f"{series.name} from {number(y[0], 3)} to {number(y[-1], 3)}")
    return f"{chart.title}: {'; '.join(told)}."


def _strips(strips: Strips) -> Any:
    """Rows of dots, one for each seed, with mean and interval, all on one scale; a table that needs no picture."""
    values = [value for row in strips.rows for value in row.values]
    means = {row.name: Mean(row.values) for row in strips.rows}
    ends = [end for mean in means.values() for end in (mean.low, mean.high) if isfinite(end)]
    low, high = min([*values, *ends]), max([*values, *ends])
    wide = (high - low) or 1.0

    def place(value: float) -> str:
        return f"{100 * (AIR + (1 - 2 * AIR) * (value - low) / wide):.2f}%"

    rows = [_strip(row, means[row.name], place) for row in strips.rows]
    head = html.Thead(html.Tr([html.Th("Method"), html.Th("Each seed, mean and 95 % interval"), html.Th("Mean")]))
    return html.Table([html.Caption(strips.title), head, html.Tbody(rows)], className="dot-table")


def _strip(row: Strip, mean: Mean, place: Any) -> Any:
    marks: list[Any] = [html.Span(className="dot-one", style={"left": place(value)}) for value in row.values]
    if len(row.values) > 1:
        reach = {"left": place(mean.low), "right": f"calc(100% - {place(mean.high)})"}
        marks.append(html.Span(className="dot-interval", style=reach))
    marks.append(html.Span(className="dot-mean", style={"left": place(mean.mean)}))
    count = len(row.values)
    said = [f"[{number(mean.low, 3)}, {number(mean.high, 3)}]"] if count > 1 else []
    said.append(f"{count} seed{'' if count == 1 else 's'}")
    return html.Tr(
        [
            html.Th(_named(row.name, row.look), scope="row"),
            html.Td(html.Div(marks, className="dot-row", **{"aria-hidden": "true"})),
            html.Td([number(mean.mean, 3), *(html.Span(one, className="hint") for one in said)]),
        ]
    )


def _claims(statements: list[Statement]) -> Iterator[Any]:
    """Each with its verdict and counts; how they were made where it is not as for the one before."""
    before = ""
    for one in statements:
        parts: list[Any] = [html.Span(one.verdict, className="verdict"), html.P(one.statement, className="statement")]
        if one.counts:
            parts.append(html.P(one.counts, className="counts"))
        if one.detail and one.detail != before:
            parts.append(html.P(one.detail, className="detail"))
        before = one.detail
        yield html.Article(parts, className=f"claim {one.verdict.replace(' ', '-')}")


def _how(figure: Figure, there: list[records.Record], total: int) -> Iterator[Any]:
    yield html.Dl(list(_pairs(figure.settings)), className="paper-facts")
    command = command_of(figure)
    if not there:
        yield html.P(["To compute it: ", html.Code(command)])
        return
    spent = sum(record["processor_seconds"] for record in there)
    made = [record["made"] for record in there]
    versions = sorted({f"{one['by']}, Python {one['python']}, torch {one['torch']}" for one in made})
    machines = sorted({f"{one['cores']} cores of {one['processor']}" for one in made})
    days = sorted({one["day"] for one in made})
    told = [
        f"{len(there)} of {total} runs are recorded; they took {number(spent / 60, 2)} minutes of one processor",
        f"{'; '.join(versions)}",
        f"{'; '.join(machines)}, load average {min(one['load'] for one in made):g} to "
        f"{max(one['load'] for one in made):g}",
        days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}",
    ]
    yield html.P(". ".join(told) + ".")
    where = html.Code(f"app/paper/records/{figure.key}/")
    yield html.P(["Each record (", where, ") holds settings, seed, result, seconds, versions and its own command."])
    again = html.Code(f"{command} --again")
    yield html.P(["To make what is missing: ", html.Code(command), "; to make all anew: ", again, "."])


PAGE = Page("/paper", "Paper", "paper.js", layout, header, read_link)
