"""The instruments' numbers as files: complete, the same as in the answers, and readable by others."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from app.instruments.instrument import STRIDES
from app.instruments.registry import INSTRUMENTS
from optimizers import METHODS

pytestmark = pytest.mark.slow

QUICK = {"resolution": "12", "runs": "3", "steps": 60, "preset": "figure-2"}


def exported(post, **wish):
    response = post("/export/instruments", {**QUICK, **wish})
    assert response.status_code == 200, response.text
    return response


def table(post, instrument, name, **wish):
    first, *lines = exported(post, instrument=instrument, table=name, format="csv", **wish).text.splitlines()
    heads, *rows = csv.reader(lines)
    settings = json.loads(first.removeprefix("# settings: "))
    return settings, [dict(zip(heads, row, strict=True)) for row in rows]


def test_the_phase_diagram_is_exported_whole_from_all_its_parts(post):
    settings, rows = table(post, "phase", "map")
    parts = [post("/instruments/phase", {**QUICK, "stride": STRIDES[0]}).json()]
    x, y = parts[0]["x"]["values"], parts[0]["y"]["values"]
    assert len(rows) == len(METHODS) * len(x) * len(y)
    parts += [
        post("/instruments/phase", {**QUICK, "stride": stride, "method": method}).json()
        for stride in STRIDES[1:]
        for method in METHODS
    ]
    found = {(row["method"], float(row["learning_rate"]), float(row["radius"])): row for row in rows}
    seen = 0
    for part in (part for answer in parts for part in answer["parts"]):
        for b, j in enumerate(part["rows"]):
            for a, i in enumerate(part["columns"]):
                row = found[(part["method"], x[i], y[j])]
                assert int(row["arrived"]) == part["arrived"][b][a]
                assert (row["median_step"] == "") == (part["median"][b][a] is None)
                seen += 1
    assert seen == len(rows)
    assert settings["instrument"] == "phase" and settings["runs"] == "3" and settings["steps"] == 60


def test_race_and_fairness_and_basins(post):
    race = post("/instruments/race", QUICK).json()
    _, rows = table(post, "race", "map")
    assert len(rows) == 2 * len(race["decays"]) * len(race["intervals"])
    last = rows[-1]
    assert (float(last["decay"]), float(last["refresh_every"])) == (race["decays"][-1], race["intervals"][-1])
    assert int(last["arrived"]) == race["maps"][last["method"]]["arrived"][-1][-1]
    _, along = table(post, "race", "along")
    mine = [row for row in along if row["method"] == "LLQR"]
    assert [int(row["step"]) for row in mine] == race["along"]["LLQR"]["steps"]
    told = race["along"]["LLQR"]["largest"]
    assert [float(row["largest_eigenvalue_of_u"]) for row in mine] == told

    fairness = post("/instruments/fairness", QUICK).json()
    _, best = table(post, "fairness", "best")
    assert [row["method"] for row in best] == list(METHODS)
    assert [int(row["tuned_arrived"]) for row in best] == [row["tuned"]["arrived"] for row in fairness["rows"]]
    assert best[0]["radius"] == "" and float(best[1]["radius"]) == fairness["rows"][1]["radius"]
    assert len(table(post, "fairness", "strip")[1]) == len(METHODS) * len(fairness["rates"])

    _, starts = table(post, "basins", "starts")
    assert len(starts) == len(METHODS) * 12 * 12
    for method in METHODS:
        (told,) = post("/instruments/basins", {**QUICK, "method": method}).json()["maps"]
        mine = [row["ends"] for row in starts if row["method"] == method]
        assert mine == [told["names"][index] for row in told["cells"] for index in row]


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_npz_and_json_hold_the_same_as_the_tables(post, name):
    response = exported(post, instrument=name, format="npz")
    with np.load(io.BytesIO(response.content), allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    assert json.loads(str(arrays.pop("settings")))["instrument"] == name
    for key, _ in INSTRUMENTS[name].table_names:
        _, rows = table(post, name, key)
        mine = {column.removeprefix(f"{key}."): values for column, values in arrays.items() if column.startswith(key)}
        assert list(mine) == list(rows[0])
        for column, values in mine.items():
            assert len(values) == len(rows)
            if values.dtype.kind != "U":
                told = np.array([float(row[column]) if row[column] else np.nan for row in rows])
                assert np.array_equal(values, told, equal_nan=True)
    whole = json.loads(exported(post, instrument=name, format="json").content)
    assert whole["settings"]["instrument"] == name and whole["answers"]


def test_a_curve_has_one_coordinate(post):
    _, rows = table(post, "basins", "starts", preset="two-scale")
    assert "start_y" not in rows[0] and len(rows) == len(METHODS) * 8 * 12


@pytest.mark.parametrize(
    "wish",
    [
        {"instrument": "no such"},
        {"instrument": 3},
        {"table": "along"},
        {"table": []},
        {"format": "gif"},
        {"x_axis": "radius", "y_axis": "radius"},
        {"resolution": "1000"},
        {"surface": "moon"},
        {"steps": "x"},
    ],
)
def test_nonsense_is_a_sentence(post, wish):
    response = post("/export/instruments", {**QUICK, **wish})
    assert response.status_code == 422
    assert response.json()["problems"][0].endswith(".")


def test_two_scales(post):
    state = {"preset": "two-scale"}
    told = post("/instruments/two-scale", {**QUICK, **state}).json()
    _, rows = table(post, "two-scale", "quantities", **state)
    assert [row["quantity"] for row in rows] == [row["label"] for row in told["quantities"]]
    assert [float(row["closed_form"]) for row in rows] == [row["closed"] for row in told["quantities"]]
    _, cycles = table(post, "two-scale", "cycles", **state)
    assert [int(row["starts"]) for row in cycles] == [row["starts"] for row in told["cycles"]["list"]]
    _, window = table(post, "two-scale", "window", **state)
    assert [row["ends"] for row in window] == told["window"]["ends"]
    _, plane = table(post, "two-scale", "plane", **state)
    assert [int(row["axis"]) for row in plane] == [one["axis"] for one in told["plane"]]
