"""The presets of the network page, the links to them, and the runs of theirs that ship with the lab."""

from __future__ import annotations

import asyncio
import math
import sys
from dataclasses import replace
from typing import Any

import pytest
import scipy

from app.network import replays
from app.network.controls import base_of, controls, description_of, read_network_link, read_network_state
from app.network.messages import Replay, RunRow
from app.network.presets import CUSTOM, DEFAULT_PRESET, PRESETS
from app.network.replays import replay_of
from app.network.routes import opened
from app.network.statements.controls import SEEDS
from app.network.statements.judge import compare
from app.network.statements.statement import STATEMENTS
from app.network.training.session import TrainingSession
from app.network.training.settings import validate
from tests.project.contract import differ

pytestmark = pytest.mark.slow
ORDER = ("does not hold", "cannot be told", "holds")
"""Of verdicts on a statement's comparisons the first of these decides."""


@pytest.mark.parametrize("key", PRESETS)
def test_a_preset_is_a_training_within_the_page_s_ranges(key: str) -> None:
    reading = read_network_state({"preset": key})
    assert not reading.sentences()
    assert {name: reading.state[name] for name in PRESETS[key].values} == PRESETS[key].values
    described = description_of(reading.state)
    assert described.pop("kind") == "train" and validate(described) == described
    assert set(PRESETS[key].values) <= {control.name for control in controls()}


@pytest.mark.parametrize(
    ("query", "preset", "data", "steps"),
    [
        ("", DEFAULT_PRESET, "digits", 400),
        ("?scheme=dark&axis=seconds", DEFAULT_PRESET, "digits", 400),
        ("?preset=deep-tanh&steps=100", "deep-tanh", "digits", 100),
        ("?data=two-moons", CUSTOM, "two-moons", 500),
        ("?learning_rate=0.2", CUSTOM, "digits", 500),
        ("?job=long-ago", CUSTOM, "digits", 500),
        ("?preset=custom", CUSTOM, "digits", 500),
    ],
)
def test_a_link_without_a_preset_means_what_it_says(query: str, preset: str, data: str, steps: int) -> None:
    """Links from before there were presets hold settings or a run; an empty one opens the first preset."""
    state = read_network_link(query).state
    assert (state["preset"], state["data"], state["steps"]) == (preset, data, steps)
    assert (state["inputs"] == "as they are") == (preset != DEFAULT_PRESET)


def test_a_link_to_a_preset_leaves_out_all_that_it_stands_for() -> None:
    for key in (*PRESETS, CUSTOM):
        state = read_network_state({"preset": key}).state
        assert {"preset": key, **base_of(key)} == state


@pytest.mark.parametrize("key", PRESETS)
def test_a_preset_opens_with_its_run(key: str) -> None:
    """The shipped file is of the preset's own settings; change these, and `python -m app.network.replays` is due."""
    replay = replay_of(key)
    assert replay is not None, f"python -m app.network.replays {key}"
    assert list(differ(replay, Replay)) == []
    progress = replay["entries"][-1]["data"]
    rows = progress["rows"]
    assert [fault for row in rows for fault in differ(row, RunRow)] == []
    assert rows[0]["position"] == 0 and rows[-1]["position"] == progress["total"] == PRESETS[key].values["steps"]
    (x, y), methods = (replay["ground"][axis] for axis in ("x", "y")), replay["run"]["description"]["methods"]
    for row in rows:
        for name in methods:
            values = row["methods"][name]
            assert math.isfinite(values["train_loss"]) and 0 <= values["test_accuracy"] <= 1
            assert x[0] < values["at"][0] < x[1] and y[0] < values["at"][1] < y[1], "the paths lie on the surface"
    for name in methods:
        sharp = [row["position"] for row in rows if row["methods"][name].get("sharpness", 0) > 0]
        assert len(sharp) > 5 and (sharp[0], sharp[-1]) == (0, progress["total"]), "how sharp it is where each stands"

    def at_the_end(name: str, quantity: str) -> float:
        return sum(row["methods"][name][quantity] for row in rows[-4:]) / 4

    # What its words say may be seen in its own picture.
    if key == "label-noise":
        assert at_the_end("SAM", "test_accuracy") > at_the_end("SGDM", "test_accuracy") + 0.02
    elif key == "two-moons":
        assert all(rows[-1]["methods"][name]["boundary"] for name in methods)
        assert min(at_the_end(name, "test_accuracy") for name in methods) > 0.9
    else:
        assert at_the_end("LLQR", "train_loss") < at_the_end("SGDM", "train_loss")


@pytest.mark.parametrize("key", PRESETS)
def test_a_preset_opens_with_verdicts_over_seeds(key: str) -> None:
    """Its statements as they are worded now, judged again from the kept value of each seed: by scipy's own interval."""
    replay = replay_of(key)
    assert replay is not None
    found, first = replay["statements"], replay["run"]["description"]["seed"]
    assert found["seeds"] == list(range(first, first + int(SEEDS.default)))
    assert [claim["statement"] for claim in found["claims"]] == [statement.text for statement in STATEMENTS[key]]
    for claim, statement in zip(found["claims"], STATEMENTS[key], strict=True):
        verdicts = set()
        for pairs, comparison in zip(claim["pairs"], statement.comparisons, strict=True):
            meant = compare(comparison, {})
            assert [pairs[end] for end in ("above", "below")] == [meant["above"], meant["below"]]
            on = math.log if pairs["ratio"] else float
            values = [on(value) for value in pairs["values"] if value is not None]
            interval = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
            for end, kept in ((interval.low, pairs["low"]), (interval.high, pairs["high"])):
                assert end == pytest.approx(on(kept), rel=2e-3, abs=2e-3)
            above = -math.inf if pairs["above"] is None else on(pairs["above"])
            below = math.inf if pairs["below"] is None else on(pairs["below"])
            inside = above < interval.low and interval.high < below
            outside = interval.high <= above or below <= interval.low
            verdicts.add("holds" if inside else "does not hold" if outside else "cannot be told")
        assert claim["verdict"] == next(one for one in ORDER if one in verdicts), claim["statement"]


def test_a_link_opens_with_the_shipped_run_only_where_nothing_of_it_is_changed() -> None:
    def told(query: str) -> dict[str, Any]:
        return asyncio.run(opened(query, "v"))

    first = told("")
    assert first["run"] is None and first["replay"] == replay_of(DEFAULT_PRESET)
    assert told("?scheme=dark")["replay"] is not None
    assert told("?preset=label-noise")["replay"]["run"]["description"]["random_labels"] == 0.4
    for query in ("?preset=label-noise&seed=3", "?preset=custom", "?data=two-moons"):
        assert told(query)["replay"] is None


def test_the_shipped_run_is_the_one_that_start_begins() -> None:
    """Its first measurement, computed again here: rounding and four digits apart."""
    replay = replay_of(DEFAULT_PRESET)
    assert replay is not None
    description = replay["run"]["description"]
    session = TrainingSession({**description, "plane": None})
    row = replay["entries"][-1]["data"]["rows"][1]
    for _ in range(row["position"]):
        session.training.step()
    for name in description["methods"]:
        for quantity, value in session.evaluate(name, 1000).items():
            if quantity == "sampled":
                continue
            # Another machine adds in another order; ten steps of momentum make of that far less than this.
            assert value == pytest.approx(row["methods"][name][quantity], rel=0.01, abs=0.005), (name, quantity)


def test_a_damaged_replay_is_none_and_the_page_opens(tmp_path, monkeypatch) -> None:
    good = (replays.FOLDER / f"{DEFAULT_PRESET}.json").read_bytes()
    monkeypatch.setattr(replays, "FOLDER", tmp_path)
    for content in (b"", good[: len(good) // 2], b"[]", b"{}", b'{"run": 3}', b'{"run": {}}', b"\xff"):
        (tmp_path / f"{DEFAULT_PRESET}.json").write_bytes(content)
        replays.replay_of.cache_clear()
        assert replays.replay_of(DEFAULT_PRESET) is None
    (tmp_path / f"{DEFAULT_PRESET}.json").write_bytes(good)
    replays.replay_of.cache_clear()
    assert replays.replay_of(DEFAULT_PRESET) is not None
    replays.replay_of.cache_clear()


def test_a_replay_is_made_of_a_preset_s_whole_run(tmp_path, monkeypatch, capsys) -> None:
    """The command that makes the shipped files, of a shorter preset, to the page that opens with what it made."""
    short = {"steps": 20, "evaluations": 4, "statements_seeds": 2}
    monkeypatch.setitem(PRESETS, "two-moons", replace(PRESETS["two-moons"], values=PRESETS["two-moons"].values | short))
    monkeypatch.setattr(replays, "FOLDER", tmp_path / "new")
    monkeypatch.setattr(sys, "argv", ["replays", "two-moons"])
    replays.replay_of.cache_clear()
    try:
        assert replays.main() == 0
        replay = replays.replay_of("two-moons")
    finally:
        replays.replay_of.cache_clear()
    assert replay is not None and list(differ(replay, Replay)) == []
    assert replay["statements"]["seeds"] == [0, 1]
    rows = replay["entries"][-1]["data"]["rows"]
    assert capsys.readouterr().out == f"two-moons: {len(rows)} rows\n"
    assert [row["position"] for row in rows] == [0, 5, 10, 15, 20]
    (x, y), paths = (replay["ground"][axis] for axis in ("x", "y")), [row["methods"] for row in rows]
    at = [values["at"] for methods in paths for values in methods.values()]
    # Air of a quarter of the longer side all around, to four digits.
    longest = max(max(place[axis] for place in at) - min(place[axis] for place in at) for axis in (0, 1))
    assert (max(x) - min(x)) * 2 / 3 == pytest.approx(longest, rel=2e-3)
    assert all(min(x) < place[0] < max(x) and min(y) < place[1] < max(y) for place in at)
    with_boundary = [[name for name in methods if "boundary" in methods[name]] for methods in paths]
    assert [bool(names) for names in with_boundary] == [True, False, False, False, True]
