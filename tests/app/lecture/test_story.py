"""The lecture that ships says what the engine computes: every ending that it tells, and every bound."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.lecture.scenes import Scene, load_scenes
from app.server import build
from app.toy.batch import traces_alone
from app.toy.request import read_link, request_of

ROOT = Path(__file__).parents[3]
build()
SCENES = {scene.title: scene for scene in load_scenes().scenes}
TRAPPED, REACHED, DIVERGED = "trapped", "reached", "diverged"


def endings(scene: Scene, **changes: float) -> dict[str, str]:
    """Method → outcome of a scene's run, with some of its settings changed."""
    query = scene.link.partition("?")[2] + "".join(f"&{name}={value}" for name, value in changes.items())
    request = request_of(read_link(query).state)
    return {trace.name: str(trace.run.outcome) for trace in traces_alone(request, request.make_surface())}


@pytest.mark.parametrize(
    ("title", "changes", "told"),
    [
        ("A ball on a slope", {}, {"SGDM": TRAPPED}),
        ("Faster, and over it", {}, {"SGDM": REACHED}),
        ("Faster, and over it", {"momentum": 0}, {"SGDM": TRAPPED}),
        ("From inside", {}, {"SGDM": TRAPPED}),
        ("The edge of stability", {}, {"SGDM": TRAPPED}),
        ("The edge of stability", {"learning_rate": 0.068}, {"SGDM": REACHED}),
        ("Why not simply turn η up", {}, {"SGDM": TRAPPED}),
        ("Why not simply turn η up", {"learning_rate": 0.017}, {"SGDM": DIVERGED}),
        ("Out", {}, {"SGDM": TRAPPED, "SAM": REACHED}),
        ("How far to look", {}, {"SAM": TRAPPED}),
        ("How far to look", {"radius": 0.11}, {"SAM": REACHED}),
        ("How far to look", {"radius": 0.1}, {"SAM": "still moving"}),
        ("The ghost minimum", {}, {"SAM": TRAPPED}),
        ("The ghost minimum", {"radius": 2}, {"SAM": REACHED}),
        ("Quiet where it is flat", {}, {"SGDM": REACHED, "SAM": REACHED}),
        ("Two curvatures, one η", {}, {"SGDM": TRAPPED, "SAM": TRAPPED}),
        ("One η for both", {}, {"SGDM": DIVERGED, "SAM": DIVERGED, "LLQR": TRAPPED}),
        ("Both", {}, {"SGDM": DIVERGED, "SAM": DIVERGED, "LLQR": TRAPPED, "LLQR+SAM": REACHED}),
        ("The same on the ring", {}, {"SGDM": TRAPPED, "SAM": REACHED, "LLQR": TRAPPED, "LLQR+SAM": REACHED}),
        ("The same on the ring", {"seed": 1}, {"SGDM": TRAPPED, "SAM": REACHED, "LLQR": TRAPPED, "LLQR+SAM": REACHED}),
    ],
)
def test_a_scene_tells_what_happens(title: str, changes: dict[str, float], told: dict[str, str]) -> None:
    assert endings(SCENES[title], **changes) == told


def test_the_ghost_minimum_lies_one_radius_from_the_bottom() -> None:
    request = request_of(read_link(SCENES["The ghost minimum"].link.partition("?")[2]).state)
    surface = request.make_surface()
    (trace,) = traces_alone(request, surface)
    bottom = surface.well_radius
    assert abs((trace.run.positions[-1] ** 2).sum() ** 0.5 - (bottom - request.radius)) < 0.01


def measured(title: str) -> dict[str, list[float]]:
    """A preset’s rows in the table of several seeds: method, or difference of two, → its means, column by column."""
    table = (ROOT / "tests" / "benchmarks" / "results" / "presets.md").read_text(encoding="utf-8")
    section = table.partition(f"\n## {title}\n")[2].partition("\n| statement ")[0]
    rows = [line.split("|")[1:-1] for line in section.splitlines() if "±" in line]
    return {row[0].strip(): [float(re.match(r"\s*(-?[\d.]+)", cell)[1]) for cell in row[1:]] for row in rows}


def test_what_it_says_of_networks_was_measured() -> None:
    scaled = measured("Badly scaled pixels")
    for with_u, without in (("LLQR", "SGDM"), ("LLQR+SAM", "SAM")):
        (loss, *_, seconds), (plain, *_, plain_seconds) = scaled[with_u], scaled[without]
        assert 0.4 < loss / plain < 0.6 and seconds > 1.2 * plain_seconds
    noisy = measured("Noisy labels")
    for difference in ("SAM − SGDM", "LLQR+SAM − LLQR"):
        assert 4 < noisy[difference][1] < 7, "some five in a hundred"
    assert 0 <= noisy["LLQR+SAM − SAM"][1] < 1 and noisy["LLQR"][0] < noisy["SGDM"][0]


def test_by_the_clock_u_gains_nothing_in_the_recorded_run() -> None:
    """Seconds until a training loss is reached that the same method without U has at its end."""
    record = json.loads((ROOT / "app" / "network" / "replays" / "badly-scaled.json").read_text(encoding="utf-8"))
    rows = [
        row["methods"] for entry in record["entries"] if entry["kind"] == "progress" for row in entry["data"]["rows"]
    ]
    for with_u, without in (("LLQR", "SGDM"), ("LLQR+SAM", "SAM")):
        end = sum(row[without]["train_loss"] for row in rows[-4:]) / 4
        soon, plain = (
            next(row[m]["seconds"] for row in rows if row[m]["train_loss"] <= end) for m in (with_u, without)
        )
        assert soon > plain


def test_a_lecture_of_twenty_minutes_and_more() -> None:
    assert 20 <= len(SCENES) <= 25
    assert 20 <= sum(scene.minutes for scene in SCENES.values()) <= 35
    assert all(scene.say and scene.ask and scene.answer and scene.minutes and scene.part for scene in SCENES.values())
