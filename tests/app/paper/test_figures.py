"""The shipped records, the statements on them judged twice, the page that shows them, the page without them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.components.claim import HOLDS
from app.lecture.scenes import find_link_faults
from app.network.controls import read_network_link
from app.paper import page, records
from app.paper.__main__ import chosen
from app.paper.figures import FIGURES, ORDER
from app.paper.figures.images import first_at
from app.paper.figures.refresh_time import LEAST_SIZE, fastest, sizes
from app.paper.statement import MISSING, VERDICTS, exponent
from app.server import build
from tests.app.paper import recompute

NUMBER = r"−?[\d.]+(?:·10[⁻\d]+)?"


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return page.recorded()


def parts_of(node: Any) -> Iterator[Any]:
    """The node and all below it: components, and texts."""
    yield node
    children = getattr(node, "children", None)
    for child in children if isinstance(children, list) else [children]:
        if child is not None:
            yield from parts_of(child)


def text_of(node: Any) -> str:
    return " ".join(part for part in parts_of(node) if isinstance(part, str))


def statements(figure: str, found: Any) -> dict[str, Any]:
    return {one.statement: one for one in FIGURES[figure].statements(found)}


def test_every_shipped_file_is_a_record_of_a_unit():
    files = {path for path in records.FOLDER.rglob("*") if path.is_file()}
    fitting = {records.path_of(unit) for unit in chosen(None) if records.read(unit) is not None}
    assert files == fitting, "computed with other settings than today's: `make paper`"
    assert {"2", "3", "6"} <= {path.parent.name for path in files}


def test_every_shipped_record_holds_what_repeats_it():
    for path in records.FOLDER.rglob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        assert record["command"] == f"python -m app.paper --only {path.parent.name}/{path.stem} --again"
        assert {"python", "torch", "numpy", "processor", "cores", "load", "day"} <= record["made"].keys()
        assert record["processor_seconds"] > 0 and record["settings"] and record["result"]


def test_a_shipped_record_can_be_repeated(tmp_path):
    """SAM in a well is transient chaos: on another processor's last digits a walker may take longer than it has."""
    (unit,) = chosen(["2/60-starts-without-noise"])
    kept, again = records.read(unit), records.compute(unit, tmp_path)
    assert kept is not None
    for name, columns in again["result"]["methods"].items():
        reached = [one["outcome"].count("reached") for one in (columns, kept["result"]["methods"][name])]
        assert abs(reached[0] - reached[1]) <= 2, name


@pytest.mark.parametrize(("figure", "unit"), [("2", "60 starts"), ("3", "100 noise seeds")])
def test_counts_of_the_toys_are_those_of_another_reading(found, figure, unit):
    other = recompute.arrivals(figure, unit)
    said = statements(figure, found)
    total = int(unit.split()[0])
    assert other is not None
    for name, words in (
        ("SGDM", "stays in the sharp well"),
        ("LLQR+SAM", "leaves the well and reaches the flat basin"),
    ):
        assert said[f"{name} {words}."].counts.startswith(f"{other[name]} of {total} reach")
    earlier = said["LLQR+SAM reaches the flat basin in fewer steps than SAM."]
    assert earlier.counts.startswith(f"earlier in {other['earlier']} of ")


@pytest.mark.parametrize(
    ("figure", "judged", "unit"),
    [("1", recompute.images, " %"), ("4", recompute.translation, " %"), ("5", recompute.cadence, "")],
)
def test_errors_and_losses_are_judged_alike_by_other_code(found, figure, judged, unit):
    said = statements(figure, found)
    for statement, other in judged().items():
        mine = said[statement]
        if other is None:
            assert mine.verdict == MISSING
            continue
        assert mine.verdict == other["verdict"]
        assert f", {other['seeds']} seeds" in mine.counts
        interval = f"[{page.number(other['low'], 3)}, {page.number(other['high'], 3)}]"
        assert f"difference {page.number(other['difference'], 3)}{unit} {interval}" in mine.counts


def test_the_exponent_is_that_of_other_code(found):
    other = recompute.exponent(LEAST_SIZE)
    large = [one for one in sizes(found) if one["result"]["parameters"] >= LEAST_SIZE]
    if other is None:
        assert len(large) < 3
        return
    mine = exponent([r["result"]["parameters"] for r in large], [fastest(r, "refresh") for r in large])
    assert mine[0] == pytest.approx(other, rel=1e-9)


def test_when_a_loss_is_first_reached():
    rows = [{"test_loss": loss, "seconds": float(k)} for k, loss in enumerate((2.0, 0.9, 0.7, 0.8))]
    record = {"result": {"rows": rows}}
    assert [first_at(record, level, "seconds") for level in (0.9, 0.75, 0.1)] == [1.0, 2.0, None]


def test_all_figures_stand_on_the_page_with_their_statements(found):
    sections = [one for one in parts_of(page.layout()) if getattr(one, "className", "") == "paper-figure"]
    assert [one.id for one in sections] == [f"figure-{key}" for key in FIGURES] and set(ORDER) == set(FIGURES)
    for section, (key, figure) in zip(sections, FIGURES.items(), strict=True):
        said = text_of(section)
        for words in (figure.paper, figure.here, *figure.differs, *(value for _, value in figure.settings)):
            assert words in said
        claims = [one for one in parts_of(section) if str(getattr(one, "className", "")).startswith("claim ")]
        judged = figure.statements(found)
        assert len(claims) == len(judged) >= 2
        assert {one.verdict for one in judged} <= set(VERDICTS)
        ids = [one.id for one in parts_of(section) if getattr(one, "className", "") == "canvas-stack"]
        assert ids == [page.chart_id(figure, k) for k in range(len(figure.charts(found)))], key


def test_the_check_of_adam_stands_beside_both_figures(found):
    beside = [next(one for one in reversed(FIGURES[key].statements(found))) for key in ("4", "5")]
    assert beside[0] == beside[1] and "diagonal U" in beside[0].statement
    record = found["4"].get("Adam and a constant U")
    if record is not None:
        assert beside[0].verdict == HOLDS
        assert record["result"]["without_e"] < 1e-6 < record["result"]["diagonal"] < record["result"]["rotated"]


def test_charts_are_told_with_looks_and_words(found):
    told = page.tables()
    assert {series["look"] for chart in told["charts"] for series in chart["series"]} <= told["looks"].keys()
    labels = {
        getattr(one, "id", ""): one.to_plotly_json()["props"]["aria-label"]
        for one in parts_of(page.layout())
        if getattr(one, "className", "") == "canvas-stack"
    }
    for chart in told["charts"]:
        for series in chart["series"]:
            assert len(series["x"]) == len(series["y"]) and series["x"] == sorted(series["x"])
            assert series["name"] in labels[chart["id"]]


def test_without_records_every_figure_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    said = text_of(page.layout())
    for key in FIGURES:
        assert "Not computed yet:" in said and f"python -m app.paper --only {key}" in said
    assert page.tables()["charts"] == []
    assert {one.verdict for figure in FIGURES.values() for one in figure.statements(page.recorded())} == {MISSING}


DAMAGE = {
    "no seconds": lambda record: record.pop("processor_seconds"),
    "a text for a machine": lambda record: record.update(made="mine"),
    "cores in words": lambda record: record["made"].update(cores="two"),
    "an empty result": lambda record: record.update(result={}),
    "a list for a result": lambda record: record.update(result=[1]),
    "rows cut short": lambda record: record["result"].update(rows=record["result"]["rows"][:-1]),
    "no rows": lambda record: record["result"]["rows"].clear(),
    "a loss in words": lambda record: record["result"]["rows"][1].update(test_loss="low"),
    "no loss": lambda record: record["result"]["rows"][1].update(test_loss=None),
    "a method less": lambda record: record["result"]["methods"].pop("SAM"),
    "a walker less": lambda record: record["result"]["methods"]["SAM"]["arrival"].pop(),
    "no repeats": lambda record: record["result"]["refresh"].clear(),
    "no time at all": lambda record: record["result"]["step"].update(SGDM=[0.0]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_counts_as_missing_and_the_page_stands(monkeypatch, tmp_path, found, damage):
    """In every figure that has such a place; its other records are shown."""
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    kept = {unit.key: (unit, record) for unit in chosen(None) if (record := found[unit.figure].get(unit.name))}
    hurt = set()
    for key, (unit, record) in kept.items():
        broken = json.loads(json.dumps(record))
        if unit.figure not in {each.split("/")[0] for each in hurt}:
            try:
                DAMAGE[damage](broken)
                hurt.add(key)
            except (KeyError, TypeError):
                broken = record  # it has no such place
        path = records.path_of(unit, tmp_path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(broken), encoding="utf-8")
    assert hurt
    there = page.recorded()
    assert {key for key, (unit, _) in kept.items() if unit.name not in there[unit.figure]} == hurt
    assert page.layout() is not None and page.tables()["charts"]


def test_links_open_what_they_promise():
    build()
    links = [link for figure in FIGURES.values() for _, link in figure.live()]
    assert len(links) == 5
    assert [fault for link in links for fault in find_link_faults(link)] == []
    (mine,) = [link for _, link in FIGURES["1"].live()]
    state = read_network_link(mine.split("?")[1]).state
    assert (state["network"], state["random_labels"], state["structure"]) == ("convnet", 0.4, "kfac")
    assert set(state["methods"]) == {"SGDM", "FSAM", "LLQR", "LLQR+SAM"}


def test_records_are_small():
    files = [path for path in records.FOLDER.rglob("*") if path.is_file()]
    assert max(path.stat().st_size for path in files) < 60_000
    assert sum(path.stat().st_size for path in files) < 2_000_000
    assert all(path.suffix == ".json" and path.parent.parent == Path(records.FOLDER) for path in files)
