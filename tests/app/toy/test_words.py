"""The words and colours of the page: every method and term is explained, nothing wears another thing's colour."""

import re
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from app.drawing.appearance import ENDING_COLOURS, NAMED_LOOKS, SCHEMES, SPARE_COLOURS, looks
from app.toy.explanations import FULL_NAMES, explanations, short_words
from app.toy.presets import PRESETS
from app.toy.surface import reference
from geometry.surfaces import SURFACES, make_surface
from optimizers import METHODS, Method, simulate
from optimizers.asam import ASAM
from optimizers.methods import MORE_METHODS, toy_methods

CORNERS = ("SGDM", "SAM", "LLQR", "LLQR+SAM")
ANATOMY = Path(__file__).resolve().parents[3] / "assets" / "draw" / "anatomy_view.js"


def test_every_method_and_every_main_setting_is_explained(monkeypatch):
    monkeypatch.setitem(METHODS, "ASAM", Method(probe=ASAM()))
    told = {one["key"]: one for one in explanations()}
    assert {*toy_methods(), "pothole", "learning_rate", "radius", "probe", "noise_variance", "preconditioner"} == set(
        told
    )
    for name, method in toy_methods().items():
        assert 4 <= len(short_words(name, method).split()) <= 7
        assert method.outer.formula()[1] in told[name]["formula"] and "gradient" in told[name]["cost"]
        assert ("∇L(θ + ε)" in told[name]["formula"]) == method.looks_ahead
    for name in CORNERS:
        assert told[name]["text"].lower().startswith(FULL_NAMES[name].lower())
    assert "2 gradients a step" in told["SAM"]["cost"] and "One gradient" in told["SGDM"]["cost"]
    for name in MORE_METHODS:
        assert not any(one["text"] == told[name]["text"] for key, one in told.items() if key != name), "its own words"
    assert "αg⁺" in told["GNP"]["formula"] and "√v̂" in told["Adam"]["formula"] and "|H|" in told["NGD"]["formula"]
    assert told["Shampoo"]["cost"] == "One gradient a step." and "1 gradient for each" in told["NGD"]["cost"]
    assert "curvature products" in told["LLQR"]["cost"] and "Ug⁺" in told["LLQR+SAM"]["formula"]


def test_every_preset_asks_in_plain_words():
    questions = [preset.question for preset in PRESETS.values()]
    assert len(set(questions)) == len(questions)
    for question in questions:
        assert question.endswith("?") and not re.search(r"LLQR|SGDM|reconstruction", question)


@pytest.mark.parametrize("key", SURFACES)
def test_who_arrives_where_there_is_no_basin_reached_a_minimum(key):
    """Only what has a pothole has a flat basin beside it."""
    surface = make_surface(key)
    if surface.flat_basin is None:
        return
    centre = np.atleast_1d(np.asarray(surface.flat_basin.centre, dtype=float))
    sentence = simulate(surface, "SGDM", centre, 3, 1e-6, 0.1).describe_outcome()
    pothole = key in ("annular-well", "stiff-valley", "two-scale-quadratic", "two-scale-plane", "formula")
    assert ("reached the flat basin" in sentence) is pothole
    assert pothole or "minimum" in sentence
    assert pothole or "basin" not in reference(surface)[1]


def lab(colour: str) -> np.ndarray:
    """CIE L*a*b* of an sRGB colour, D65."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    rgb = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    x, y, z = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(one: str, other: str) -> float:
    return float(np.linalg.norm(lab(one) - lab(other)))


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_ground_is_seen_on_its_paper_and_its_height_by_its_lightness(scheme):
    """In the dark too: neither the lowest ground nor a wall of its block is lost in what is behind it."""
    behind = lab(scheme.paper)[0]
    lightness = [lab(colour)[0] for colour in scheme.low_to_high]
    assert np.ptp(np.diff(lightness)) < 1 and lightness[-1] - lightness[0] > 20
    front, side, floor = (abs(lab(colour)[0] - behind) for colour in scheme.block)
    assert abs(lightness[0] - behind) > 4 and min(front, side) > 15 and floor > 4


def test_outcomes_and_vectors_wear_no_method_s_colour():
    looks = [NAMED_LOOKS[name] for name in CORNERS]
    methods = {colour for look in looks for colour in (look.colour, look.colour_on_dark) if colour}
    assert min(apart(*pair) for pair in product(ENDING_COLOURS, methods)) > 20
    vectors = re.findall(r'^  \w+: \["(#\w{6})", "(#\w{6})"\],$', ANATOMY.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(vectors) == 10
    light, dark = zip(*vectors, strict=True)
    assert min(apart(*pair) for pair in product(light, [look.colour for look in looks])) > 20
    on_dark = [look.colour_on_dark or look.colour for look in looks]
    assert min(apart(*pair) for pair in product(dark, on_dark)) > 20


def test_names_without_a_look_of_their_own_are_told_apart():
    """As the seven that the cadences of U and a method beside them make on one page: no two colours are alike."""
    seven = looks(f"name {k}" for k in range(len(SPARE_COLOURS))).values()
    assert len(seven) >= 7
    for which in ("colour", "colour_on_dark"):
        colours = [look[which] or look["colour"] for look in seven]
        assert min(apart(*pair) for pair in combinations(colours, 2)) > 25
