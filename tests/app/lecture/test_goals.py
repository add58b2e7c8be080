"""Exercises: each that ships is solved by its solution and not before; what may not be turned."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from app.lecture.goals import check_goal, solve
from app.lecture.scenes import EXERCISES, Scene, load_scenes
from app.server import build
from app.state.schema import BadRequest
from app.toy.request import read_link

build()
SHIPPED = load_scenes(EXERCISES).scenes


def posted(scene: Scene) -> dict:
    return {**asdict(scene), "turn": list(scene.turn)}


def state_of(scene: Scene) -> dict:
    return read_link(scene.link.partition("?")[2]).state


def test_ten_ship() -> None:
    assert len(SHIPPED) == 10
    assert all(scene.goal and scene.solution and scene.ask and scene.answer for scene in SHIPPED)


@pytest.mark.parametrize("scene", SHIPPED, ids=lambda scene: scene.title)
def test_an_exercise_is_solved_by_its_solution_and_not_before(scene: Scene) -> None:
    before = check_goal(posted(scene), state_of(scene))
    assert not before["solved"]
    assert before["conditions"][0]["holds"], "nothing has been changed yet"
    solved = check_goal(posted(scene), solve(scene.link, scene.solution))
    assert solved["solved"], solved


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seed": 3}, "changed: Seed"),
        ({"momentum": 0.5}, "changed: Momentum μ"),
        ({"surface.depth": 1.0}, "changed: "),
        ({"surface": "stiff-valley"}, "changed: the surface"),
    ],
)
def test_what_may_not_be_turned_is_named(changes: dict, told: str) -> None:
    scene = SHIPPED[0]
    answer = check_goal(posted(scene), {**solve(scene.link, scene.solution), **changes})
    assert not answer["solved"]
    assert told in answer["conditions"][0]["found"]


def test_what_only_the_eye_sees_may_be_changed() -> None:
    scene = SHIPPED[0]
    state = {**solve(scene.link, scene.solution), "scheme": "dark", "speed": 6.0, "methods": ["SGDM", "SAM"], "step": 3}
    assert check_goal(posted(scene), state)["solved"]


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ({}, "An exercise has a link"),
        ({"link": "/?methods=SAM", "goal": "SAM stays", "turn": [["radius"]]}, "names of controls"),
        ({"link": "/network?", "goal": "SAM stays", "turn": []}, "An exercise has a link"),
        ({"link": "/?methods=SAM", "goal": "SAM flies", "turn": []}, "“SAM flies” is not like"),
        ({"link": "/?methods=SAM", "goal": ";".join(["SAM stays"] * 9), "turn": []}, "one to 8 conditions"),
        ({"link": "/?methods=SAM", "goal": "radius >= large", "turn": []}, "“large” is no number"),
        ({"link": "/?methods=SAM", "goal": "radius >= nan", "turn": []}, "“nan” is no number"),
        ({"link": "/?methods=SAM", "goal": "radius <= 99", "turn": []}, "99 is outside 0 … 3"),
        ({"link": "/?methods=SAM", "goal": "width <= 2", "turn": []}, "there is no control “width”"),
    ],
)
def test_what_is_no_exercise_is_refused(scene: dict, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check_goal(scene, {})
    assert said in str(caught.value)


def test_a_condition_says_what_was_found() -> None:
    scene = {
        "link": "/?preset=figure-2&noise_variance=0&radius=1",
        "goal": "SAM before SGDM; radius >= 0.5; SAM stays",
        "turn": [],
    }
    told = check_goal(scene, read_link("preset=figure-2&noise_variance=0&radius=1").state)
    assert [one["holds"] for one in told["conditions"]] == [True, False, True, True]
    assert "does not arrive" in told["conditions"][1]["found"]
    assert told["conditions"][2] == {"wanted": "Probe radius ρ at least 0.5", "holds": True, "found": "it is 1"}


def test_goal_and_solution_are_told_with_the_names_on_the_page() -> None:
    told = {scene.title: (scene.goal_words, scene.solution_words) for scene in SHIPPED}
    assert told["The shortest probe"] == (
        "SAM leaves; Probe radius ρ at most 0.11. Probe radius ρ may be turned, nothing else.",
        "Probe radius ρ = 0.11.",
    )
    assert told["Take U’s directions away"][1] == "Structure of U = Scalar."
