"""The link: the whole state there and back, and what a broken link becomes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state.control import ChoiceControl, NamesControl, TextControl
from app.state.schema import write_link
from app.toy.controls import FROZEN, controls, controls_of
from app.toy.pits import PITS
from app.toy.presets import CUSTOM, DEFAULT_PRESET, PRESETS
from app.toy.request import base_of, read_link
from geometry.surfaces import SURFACES, make_surface
from optimizers import METHODS


@st.composite
def states(draw):
    """Whole states as the page may hold them."""
    key = draw(st.sampled_from(sorted(SURFACES)))
    state = {
        "preset": draw(st.sampled_from([*PRESETS, CUSTOM])),
        "surface": key,
        "methods": draw(st.lists(st.sampled_from(tuple(METHODS)), unique=True)),
    }
    state["methods"].sort(key=tuple(METHODS).index)
    for control in controls_of(make_surface(key)):
        # Parameters of a surface keep their defaults: not every combination is a surface.
        if isinstance(control, ChoiceControl):
            state[control.name] = draw(st.sampled_from(control.values))
        elif isinstance(control, NamesControl):
            state[control.name] = control.read(draw(st.lists(st.sampled_from(control.names), min_size=1)))[0]
        elif control == PITS:
            state[control.name] = draw(st.sampled_from(["", "1,-2,3,0.5", "1,0,0.01,0.1;-100,0.5,1000,5"]))
        elif control.name == "frozen":
            state[control.name] = draw(st.sampled_from(["", "?radius=0.1", "?preset=stiff-valley&steps=50"]))
        elif isinstance(control, TextControl):
            state[control.name] = control.default
        elif control.name.startswith("surface."):
            state[control.name] = control.quantise(control.default)
        else:
            state[control.name] = control.quantise(draw(st.floats(control.minimum, control.maximum)))
    return state


@given(states())
def test_a_state_survives_the_link(state):
    reading = read_link(write_link(state))
    assert reading.state == state
    assert reading.notices == ()
    assert reading.problems == ()


def test_an_empty_link_is_the_first_preset():
    reading = read_link("")
    assert reading.state["preset"] == DEFAULT_PRESET
    assert reading.state["methods"] == list(METHODS)
    assert not reading.notices
    assert not reading.problems


@pytest.mark.parametrize("key", PRESETS)
def test_every_preset_is_reached_by_its_name(key):
    reading = read_link(f"?preset={key}")
    assert reading.state["surface"] == PRESETS[key].surface
    assert not reading.notices
    assert not reading.problems
    for name, value in PRESETS[key].values.items():
        assert reading.state[name] == pytest.approx(value)


def test_a_value_beside_a_preset_overrides_it():
    assert read_link("?preset=figure-3&steps=100").state["steps"] == 100


def test_a_surface_alone_is_that_surface_with_its_defaults():
    reading = read_link("?surface=stiff-valley")
    assert (reading.state["preset"], reading.state["surface"]) == (CUSTOM, "stiff-valley")
    assert not reading.problems


def test_unknown_keys_are_left_out_with_a_sentence():
    query = "?colour=red&surface.nothing=3&=&&x"
    reading = read_link(query)
    assert reading.state == read_link("").state
    assert reading.left_out == [
        "The link holds “colour”, “surface.nothing”, “” and 1 more, which means nothing here and is left out."
    ]
    assert read_link(write_link(reading.state)).left_out == []
    elsewhere = "?surface=himmelblau&surface.aspect=2"
    assert "“surface.aspect”" in read_link(elsewhere).left_out[0]


def test_out_of_range_is_clamped_with_a_notice():
    reading = read_link("?learning_rate=7&momentum=-3")
    assert reading.state["learning_rate"] == 1.0
    assert reading.state["momentum"] == 0.0
    assert [notice.name for notice in reading.notices] == ["learning_rate", "momentum"]


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.name)
def test_a_wrong_value_is_replaced_with_a_sentence(control):
    empty = read_link("").state
    for text in ("abc", "", "nan", "inf", "-inf", "1e999", "[]", "null", "%00", "1;2", "0x10"):
        reading = read_link(f"?{control.name}={text}")
        if (control in (PITS, FROZEN) or isinstance(control, NamesControl)) and text == "":
            assert not reading.problems, "no pits are a state of their own, and so are no frozen run and no names"
            continue
        assert len(reading.problems) == 1, text
        if isinstance(control, NamesControl):
            assert "does not exist" in reading.problems[0], text
            continue
        assert control.title in reading.problems[0], text
        assert reading.state == empty, text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?surface=moon", "Surface"),
        ("?preset=figure-9", "Preset"),
        ("?methods=Adagrad", "Adagrad"),
        ("?structure=round", "Structure"),
        ("?scheme=pink", "Colours"),
    ],
)
def test_what_does_not_exist_is_named(query, said):
    problems = read_link(query).problems
    assert len(problems) == 1
    assert said in problems[0]


def test_a_plus_typed_by_hand_is_understood():
    assert read_link("?methods=LLQR+SAM,SGDM").state["methods"] == ["SGDM", "LLQR+SAM"]


def test_no_method_is_a_state_of_its_own():
    assert read_link("?methods=").state["methods"] == []


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    reading = read_link(text)
    assert read_link(write_link(reading.state)).state == reading.state


@given(st.dictionaries(st.sampled_from([c.name for c in controls()]), st.text(max_size=20), max_size=6))
def test_any_values_of_known_keys_are_read(values):
    reading = read_link("&".join(f"{name}={value}" for name, value in values.items()))
    assert read_link(write_link(reading.state)).state == reading.state


@given(st.dictionaries(st.sampled_from([c.name for c in controls()]), st.text(max_size=20), max_size=6))
def test_a_link_needs_only_what_differs(values):
    state = read_link("&".join(f"{name}={value}" for name, value in values.items())).state
    assert read_link(write_link(state, base_of(state))).state == state


@pytest.mark.parametrize(
    ("query", "short"),
    [
        ("", "?"),
        ("?preset=figure-2&radius=0.4", "?radius=0.4"),
        ("?preset=stiff-valley", "?preset=stiff-valley"),
        ("?surface=himmelblau&seed=3", "?surface=himmelblau&seed=3"),
        ("?preset=stiff-valley&surface=himmelblau", "?preset=stiff-valley&surface=himmelblau"),
        ("?preset=custom", "?surface=annular-well"),
    ],
)
def test_a_short_link_names_what_decides_the_rest(query, short):
    state = read_link(query).state
    assert write_link(state, base_of(state)) == short
    assert read_link(short).state == state


def test_an_endless_link_is_cut():
    assert read_link("?" + "x" * 1_000_000).state == read_link("").state
