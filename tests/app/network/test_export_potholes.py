"""What was found of a run's potholes, as files: every direction, to first order beside it, and the verdicts."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from app.jobs.packing import pack, unpack
from app.network.export.data import potholes_csv, potholes_npz
from app.network.export.figures import logarithmic, potholes_figure
from app.network.export.record import Record
from app.network.export.request import read_network_export


def test_potholes_have_a_row_for_each_direction_and_their_verdicts() -> None:
    group: dict[str, Any] = {
        "here": [3.0, 2.0],
        "average": [1.0, 0.5],
        "factors": [0.5, None],
        "first_order_factors": [0.25, None],
    }
    claims = [{"statement": "LLQR: so it is.", "detail": "", "verdict": "holds", "counts": "2 batches", "pairs": []}]
    kinds = [{"kind": kind, **group, "factor": {"values": [0.4, None, 0.6]}} for kind in ("potholes", "random")]
    rows: list[dict[str, Any]] = [
        {"method": "LLQR", "points": [0], "converged": True, "groups": kinds, "claims": claims, "products": 9},
        {"method": "SAM", "points": [0], "products": 0, "problem": "not all weights are finite"},
    ]
    tree = unpack(pack({"asked": {"potholes_count": 2}, "said": {}, "rows": rows}))
    described = {"network": "mlp", "data": "two-moons", "seed": 0, "steps": 40, "methods": ["LLQR", "SAM"]}
    record = Record("j", described, "finished", [{"position": 40, "methods": {}}])
    told, head, *lines = potholes_csv(tree, record).decode().splitlines()
    assert "so it is" in told and '"holds"' in told.replace('""', '"')
    found = [dict(zip(head.split(","), line.split(","), strict=True)) for line in lines]
    assert [(row["kind"], row["direction"]) for row in found[:3]] == [
        ("potholes", "1"),
        ("potholes", "2"),
        ("random", "1"),
    ]
    assert (found[0]["factor"], found[0]["first_order_factor"], found[1]["factor"]) == ("0.5", "0.25", "")
    assert found[4]["method"] == "SAM" and found[4]["problem"] == "not all weights are finite"
    with np.load(io.BytesIO(potholes_npz(tree, record)), allow_pickle=False) as file:
        np.testing.assert_equal(file["LLQR.random.factors"], [0.5, np.nan])
        np.testing.assert_equal(file["LLQR.potholes.batches"], [0.4, np.nan, 0.6])
    wish = read_network_export({"job": "j", "what": "potholes", "format": "svg"})
    assert "so it is. Holds." in potholes_figure(tree, record, wish).decode()


@pytest.mark.parametrize("view", [(0.83, 1.28), (0.3, 1.5), (0.2, 0.45), (0.9, 6), (0.01, 3)])
def test_a_logarithmic_axis_has_numbers_to_read_however_short_it_is(view: tuple[float, float]) -> None:
    axes = Figure().add_subplot()
    logarithmic(axes)
    axes.set_ylim(*view)
    low, high = view
    shown = [text.get_text() for text in axes.get_yticklabels() if low <= text.get_position()[1] <= high]
    assert 3 <= len(shown) <= 12 and all(low <= float(text) <= high for text in shown), shown
