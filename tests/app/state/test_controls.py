"""The table of controls: every entry is sound, and reading a value does what the table promises."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state.control import ChoiceControl, NamesControl, NumberControl, TextControl, shorten
from app.toy.controls import (
    LECTURE,
    as_table,
    controls,
    controls_of,
    inspector_controls,
    own_controls,
    registered,
    start_controls,
    surface_choice,
    surface_controls,
)
from app.toy.request import PRESET, ToyRequest
from geometry.surfaces import SURFACES, make_surface

FIXED = (*controls(), surface_choice(), PRESET)
NUMBERS = [control for control in controls() if isinstance(control, NumberControl)]
EVERY = [*FIXED, *(c for key in SURFACES for c in (*surface_controls(key), *start_controls(make_surface(key))))]
WRONG = ["abc", "", None, [], [1], {}, True, math.nan, math.inf, -math.inf]


def called(control) -> str:
    return control.name


@pytest.mark.parametrize("control", EVERY, ids=called)
def test_every_default_is_read_as_itself(control):
    value, notice = control.read(control.default)
    # Four significant digits are kept, and the start to a millionth.
    default = list(control.default) if isinstance(control.default, tuple) else control.default
    assert value == (default if isinstance(value, str | list) else pytest.approx(default, rel=1e-4, abs=1e-6))
    assert notice is None


@pytest.mark.parametrize("control", EVERY, ids=called)
def test_every_control_says_what_it_is(control):
    assert control.label
    assert control.help.endswith(".")
    assert control.wants in as_table() or control not in (surface_choice(), *controls())


@pytest.mark.parametrize("control", FIXED, ids=called)
def test_a_wrong_type_is_refused_by_name(control):
    for raw in WRONG:
        if isinstance(control, ChoiceControl) and isinstance(raw, str):
            with pytest.raises(ValueError, match="does not exist"):
                control.read(raw)
            continue
        if isinstance(control, TextControl) and isinstance(raw, str):
            continue  # whose readers have tests of their own
        if isinstance(control, NamesControl) and raw == []:
            continue  # none of them
        with pytest.raises(TypeError, match="must be") as caught:
            control.read(raw)
        assert control.title in str(caught.value), raw


@pytest.mark.parametrize("control", NUMBERS, ids=called)
def test_out_of_range_is_clamped_and_said(control):
    for raw in (1e308, -1e308, 10**400, -(10**400)):
        value, notice = control.read(raw)
        assert value == (control.maximum if raw > 0 else control.quantise(control.minimum))
        assert control.title in notice
        assert f"{value:g} is used".replace("-", "−") in notice


@pytest.mark.parametrize("control", NUMBERS, ids=called)
@given(data=st.data())
def test_quantising_twice_is_quantising_once(control, data):
    raw = data.draw(st.floats(control.minimum, control.maximum))
    once = control.quantise(raw)
    assert control.quantise(once) == once
    assert control.minimum <= once <= control.maximum
    if control.integer:
        assert isinstance(once, int)
    if control.scale == "linear":
        assert abs(once - raw) <= control.step * (0.5 + 1e-6)
    elif raw >= control.smallest:
        assert once == pytest.approx(raw, rel=1e-3)


@pytest.mark.parametrize("control", [c for c in EVERY if isinstance(c, NumberControl)], ids=called)
def test_sliders_span_the_range(control):
    low, high, step = control.slider
    assert 0 < step <= (high - low) / 4
    if control.travel == "root":
        assert (low, high) == (0, math.sqrt(control.maximum))
    elif control.scale == "linear":
        assert (low, high) == (control.minimum, control.maximum)
    else:
        assert high == pytest.approx(math.log10(control.maximum))
        lowest = control.minimum if control.scale == "log" else control.smallest
        assert low < math.log10(lowest) + 1e-9 and (low < math.log10(lowest) - 1e-9) == (control.minimum == 0)


@pytest.mark.parametrize("control", FIXED, ids=called)
def test_every_control_has_an_entry_for_the_browser(control):
    written = json.loads(json.dumps(control.entry()))
    assert (written["name"], written["title"], written["wants"]) == (control.name, control.title, control.wants)


def test_names_are_unique():
    for key in SURFACES:
        names = [control.name for control in controls_of(make_surface(key))]
        assert len(names) == len(set(names))


def test_every_walk_setting_of_the_table_reaches_the_request():
    """A control that no request carries would be a slider that does nothing."""
    view = {"step", "speed", "loop", "cut_line", "frozen", "wedge", "camera_x", "camera_y", "camera_z"}
    view |= {"embed", "embed_pictures", "embed_settings"}
    view |= {control.name for control in (*LECTURE, *inspector_controls(), *own_controls(registered()))}
    assert {control.name for control in controls()} - view <= set(ToyRequest.__dataclass_fields__)


def test_a_bad_table_entry_is_refused():
    with pytest.raises(ValueError, match="scale"):
        NumberControl("x", "", "X", 0, 1, 0.5, "Help.", "walk", scale="cubic")
    with pytest.raises(ValueError, match="default"):
        NumberControl("x", "", "X", 0, 1, 2, "Help.", "walk")
    with pytest.raises(ValueError, match="travel"):
        NumberControl("x", "", "X", 1, 2, 1, "Help.", "walk", travel="root")


def test_four_fifths_of_the_noise_slider_s_way_are_noise_that_is_seen():
    """From a variance of 0.04 on, paths part on the map within a hundred steps; the old way began at 1e-15."""
    noise = next(control for control in controls() if control.name == "noise_variance")
    low, high, _ = noise.slider
    assert low == 0 and math.sqrt(0.04) <= low + 0.2 * (high - low)
    assert noise.read(1e-9) == (1e-9, None), "values of old links stay"


def test_descriptions_are_short_and_printable():
    assert shorten("a\nb") == "a b"
    assert len(shorten("x" * 1000)) <= 40
