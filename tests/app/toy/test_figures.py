"""The still figures: valid for plotly, true to the surface, and with wells and basins in view."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from app.appearance import NAMED_LOOKS, SCHEMES, looks
from app.encoding import decode, encode
from app.toy.figures import curve_figure, map_figure, relief_figure
from app.toy.landscape import colour_range, curve_of, grid_of
from app.toy.surface import CAMERA, relief_top
from geometry.surfaces import SURFACES, make_surface
from optimizers import METHODS

FLAT = [key for key in SURFACES if make_surface(key).dimension == 2]


def relief_of(surface, scheme="light"):
    grid = grid_of(surface, 41)
    top = relief_top(grid, float(surface.loss(np.asarray(surface.default_start))))
    return relief_figure(grid, colour_range(grid.losses), scheme, CAMERA, top), grid, top


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("key", FLAT)
def test_plotly_accepts_the_figures(key, scheme):
    surface = make_surface(key)
    grid = grid_of(surface, 41)
    go.Figure(map_figure(grid, colour_range(grid.losses), scheme))
    go.Figure(relief_of(surface, scheme)[0])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_plotly_accepts_the_curve(scheme):
    figure = go.Figure(curve_figure(*curve_of(make_surface("two-scale-quadratic")), scheme))
    assert figure.layout.yaxis.range[0] < 0


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
    places, labels = colours.ticks()
    assert len(places) >= 3
    assert places == sorted(places)
    for place, label in zip(places, labels, strict=True):
        assert colours.loss(np.asarray(place)) == pytest.approx(float(label.replace("−", "-")), rel=1e-6, abs=1e-9)


def test_the_ring_and_the_basin_take_a_good_part_of_the_colours():
    """The reason for the map c(L): on a linear scale the wall of the well would be a seventh of the colours."""
    surface = make_surface("annular-well")
    colours = colour_range(grid_of(surface, 121).losses)
    wall = surface.loss(np.array([surface.barrier_radius, 0.0]))
    bottom = surface.loss(np.array([surface.well_radius, 0.0]))
    part = (colours.colour(wall) - colours.colour(bottom)) / colours.colour(np.asarray(colours.high))
    assert part > 0.3


def test_a_flat_surface_has_a_colour_range():
    colours = colour_range(np.full((3, 3), 2.0))
    assert colours.colour(np.asarray(2.0)) == 0.0
    assert colours.high > colours.low


@pytest.mark.parametrize("key", FLAT)
def test_the_relief_shows_the_start_and_the_basin(key):
    surface = make_surface(key)
    _, grid, top = relief_of(surface)
    assert surface.loss(np.asarray(surface.default_start)) <= top
    assert grid.losses.min() < top <= grid.losses.max()


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
