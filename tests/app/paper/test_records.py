"""Records are written whole, read where they fit, and computed once."""

from __future__ import annotations

import json

import pytest

from app.paper import records
from app.paper.units import Unit
from app.state.schema import BadRequest

SETTINGS = {"preset": "figure-3", "walkers": 2, "steps": 20}


@pytest.fixture
def unit() -> Unit:
    return Unit("3", "Two of η, seeds 0–1", "toys:run", SETTINGS, 1.0)


def test_a_record_holds_what_repeats_it(unit, tmp_path):
    record = records.compute(unit, tmp_path)
    path = records.path_of(unit, tmp_path)
    assert path.relative_to(tmp_path).as_posix() == "3/two-of-eta-seeds-0-1.json"
    assert record == json.loads(path.read_text(encoding="utf-8")) == records.read(unit, tmp_path)
    assert record["settings"] == SETTINGS and record["experiment"] == "toys:run"
    assert record["command"] == f"python -m app.paper --only {unit.key} --again"
    assert {"by", "python", "torch", "numpy", "processor", "cores", "day"} <= record["made"].keys()
    assert len(record["result"]["methods"]["SAM"]["arrival"]) == 2
    assert [one.name for one in (tmp_path / "3").iterdir()] == [path.name], "nothing is left beside it"
    assert records.compute(unit, tmp_path)["result"] == record["result"], "computed again it is the same"


def test_other_settings_and_damage_count_as_missing(unit, tmp_path):
    records.compute(unit, tmp_path)
    other = Unit(unit.figure, unit.name, unit.experiment, {**SETTINGS, "steps": 21}, 1.0)
    assert records.read(other, tmp_path) is None
    path = records.path_of(unit, tmp_path)
    for damage in (b"", b"[]", b'{"settings": 1}', path.read_bytes()[:-40]):
        path.write_bytes(damage)
        assert records.read(unit, tmp_path) is None
    assert records.read_all([unit], tmp_path) == {}


def test_two_at_once_compute_a_unit_once(unit, tmp_path, monkeypatch):
    """As two calls of the command that know nothing of each other: the second meets the first, or what it has made."""
    inner = Unit.compute
    met = []

    def computes_while_another_asks(self):
        with pytest.raises(records.ClaimedError, match="another process computes it"):
            records.compute(unit, tmp_path, again=False)
        met.append(self)
        return inner(self)

    monkeypatch.setattr(Unit, "compute", computes_while_another_asks)
    record = records.compute(unit, tmp_path, again=False)
    assert records.compute(unit, tmp_path, again=False) == json.loads(json.dumps(record)) and len(met) == 1
    records.compute(unit, tmp_path)
    assert len(met) == 2, "asked for anew"
    assert [one.name for one in (tmp_path / "3").iterdir()] == [records.path_of(unit, tmp_path).name]


def test_where_nothing_can_be_kept_nothing_is_computed(unit, tmp_path, monkeypatch):
    monkeypatch.setattr(Unit, "compute", lambda _unit: pytest.fail("it was computed for nothing"))
    (tmp_path / "3").write_text("no folder", encoding="utf-8")
    with pytest.raises(OSError, match="3"):
        records.compute(unit, tmp_path)


def test_what_fails_leaves_nothing(tmp_path):
    broken = Unit("3", "broken", "toys:run", {**SETTINGS, "preset": "none"}, 1.0)
    with pytest.raises(BadRequest, match="does not exist"):
        records.compute(broken, tmp_path)
    assert list(tmp_path.rglob("*.json")) == []


def test_numbers_are_rounded_and_no_number_is_null():
    tree = {"a": [1 / 3, float("nan"), float("inf"), 7, "x", None]}
    assert records.rounded(tree) == {"a": [0.333333, None, None, 7, "x", None]}
