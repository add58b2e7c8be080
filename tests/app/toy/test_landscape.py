"""The ground as browsers and exports get it: true to the surface, and with wells and basins in view."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from app.drawing.appearance import NAMED_LOOKS, SCHEMES, ground_looks, looks
from app.drawing.colour_range import colour_range, curve_entry
from app.drawing.encoding import decode, encode
from app.drawing.ground import LIGHT, hill_shade, lit
from app.toy.landscape import GROUND_POINTS, barrier_of, curve_of, grid_of, ground_of, scale_of
from geometry.surfaces import SURFACES, make_surface
from optimizers import METHODS

FLAT = [key for key in SURFACES if make_surface(key).dimension == 2]


def shares(ground):
    """The values that a browser reads out of a ground, (rows, columns)."""
    packed = np.frombuffer(base64.b64decode(ground["values"]["bdata"]), dtype="<u2")
    return packed.reshape(ground["rows"], ground["columns"]) / 65534


@pytest.mark.parametrize("key", FLAT)
def test_a_ground_is_the_loss_on_its_scale(key):
    surface = make_surface(key)
    ground = ground_of(surface)
    grid = grid_of(surface, GROUND_POINTS)
    whole = np.arcsinh((ground["high"] - ground["low"]) / ground["knee"])
    losses = ground["low"] + ground["knee"] * np.sinh(whole * shares(ground))
    # Half a step of the 65535 that a share is told in, at the loss where a step is longest.
    step = ground["knee"] * np.cosh(whole) * whole / 65535
    assert np.abs(losses - grid.losses).max() <= 0.51 * step + 1e-9 * abs(ground["high"])
    assert len(ground["ticks"]) == len(ground["labels"]) >= 3


def test_the_curve_of_a_line_is_its_loss():
    told = curve_entry(*curve_of(make_surface("two-scale-quadratic")))
    x, losses = decode(told["x"]), decode(told["losses"])
    assert np.allclose(losses, make_surface("two-scale-quadratic").loss(x.astype(float)[:, None]), atol=1e-4)


def test_the_grid_is_row_major_with_the_second_coordinate_outside():
    surface = make_surface("stiff-valley")
    grid = grid_of(surface, 21)
    for j, i in ((0, 0), (3, 17), (20, 5)):
        assert grid.losses[j, i] == pytest.approx(surface.loss(np.array([grid.x[i], grid.y[j]])))


@pytest.mark.parametrize("key", FLAT)
def test_colours_rise_with_the_loss_and_come_back(key):
    losses = grid_of(make_surface(key), 41).losses
    colours = colour_range(losses)
    ordered = np.sort(losses.ravel())
    values = colours.colour(ordered)
    assert np.all(np.diff(values) >= 0)
    assert values[0] == 0.0
    assert np.allclose(colours.loss(values), ordered, rtol=1e-9, atol=1e-9 * (ordered[-1] - ordered[0]))
    kept, labels = colours.ticks()
    assert len(kept) >= 3
    assert kept == sorted(kept)
    for loss, label in zip(kept, labels, strict=True):
        assert loss == pytest.approx(float(label.replace("−", "-")), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("key", "least"), [("annular-well", 0.3), ("stiff-valley", 0.15), ("two-scale-plane", 0.15)])
def test_a_pothole_takes_a_good_part_of_colours_and_heights(key, least):
    """On a linear scale the ring's wall would be a seventh of the colours, that of the valley's pothole 1 in 300."""
    surface = make_surface(key)
    losses = grid_of(surface, GROUND_POINTS).losses
    colours, top = scale_of(surface, losses)
    wall = (
        colours.low + barrier_of(surface)
        if key != "annular-well"
        else float(surface.loss(np.array([surface.barrier_radius, 0.0])))
    )
    for end in (top, colours.high):
        assert colours.colour(np.asarray(wall)) / colours.colour(np.asarray(end)) > least


def test_a_flat_surface_has_a_colour_range():
    colours = colour_range(np.full((3, 3), 2.0))
    assert colours.colour(np.asarray(2.0)) == 0.0
    assert colours.high > colours.low


@pytest.mark.parametrize("key", FLAT)
def test_the_relief_shows_the_start_and_the_basin(key):
    surface = make_surface(key)
    losses = grid_of(surface, GROUND_POINTS).losses
    _, top = scale_of(surface, losses)
    assert surface.loss(np.asarray(surface.default_start)) <= top
    assert losses.min() < top <= losses.max()


def test_ground_is_light_where_it_faces_the_light_and_level_above_the_cut():
    """A ridge along θ₂ is lit from the left, one along θ₁ from above."""
    x = np.linspace(0, 1, 41)
    ridge = np.tile(1 - np.abs(2 * x - 1), (41, 1))
    shade = hill_shade(ridge, 1.0)
    assert shade[20, 10] > LIGHT[2] > shade[20, 30]
    turned = hill_shade(ridge.T, 1.0)
    assert turned[30, 20] > LIGHT[2] > turned[10, 20]
    level = hill_shade(ridge, 0.25)
    assert level[20, 12:29] == pytest.approx(np.full(17, LIGHT[2]))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_level_ground_has_the_scale_s_own_colours_and_they_grow_lighter(scheme):
    stops = ground_looks()[scheme]["stops"]
    flat = lit(np.full((3, 3), 1.0), 1.0, scheme)[1, 1, :3]
    assert flat == pytest.approx([int(stops[-1][at : at + 2], 16) / 255 for at in (1, 3, 5)])
    lightness = [
        float(lit(np.full((3, 3), share), 1.0, scheme)[1, 1, :3] @ [0.2126, 0.7152, 0.0722]) for share in (0, 0.5, 1)
    ]
    assert lightness == sorted(lightness) and lightness[2] > 1.3 * lightness[0]


def test_arrays_survive_the_way_to_the_browser():
    values = np.array([[0.0, -1.5, np.nan], [1e300, -np.inf, 3.25]])
    back = decode(encode(values))
    assert back.shape == values.shape
    assert back[0, 0] == 0.0
    assert back[0, 1] == -1.5
    assert np.isnan(back[0, 2])
    # What float32 cannot hold is drawn at its edge; JSON and canvas know no infinity.
    assert back[1, 0] == np.finfo(np.float32).max
    assert back[1, 1] == -np.finfo(np.float32).max


def test_methods_differ_in_colour_line_and_marker():
    for part in ("colour", "marker"):
        assert len({look[part] for look in looks(METHODS).values()}) == len(METHODS)
    assert len({(look.dash, look.width) for look in NAMED_LOOKS.values()}) == len(NAMED_LOOKS)
    later = looks([*NAMED_LOOKS, "one", "two", "three"])
    for part in ("colour", "dash", "marker"):
        mine = [later[name][part] for name in ("one", "two", "three")]
        assert len(set(mine)) == 3 and not set(mine) & {getattr(look, part) for look in NAMED_LOOKS.values()}
    many = [tuple(look.values())[:3] for look in looks([f"method {k}" for k in range(12)]).values()]
    assert len(set(many)) == 12, "no two of a dozen unknown methods look alike"
