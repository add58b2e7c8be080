"""Named outcomes and defined edge cases: stationary starts, divergence, bad input."""

import numpy as np
import pytest

from geometry.surfaces import AnnularWell, StiffValley
from optimizers import LLQR, METHODS, OUTCOMES, SAM, Method, NoProbe, simulate
from optimizers.structures import structure_named

RING = AnnularWell()
BOTTOM = np.array([RING.well_radius, 0.0])


@pytest.mark.parametrize("compiled", [True, False])
def test_each_outcome_is_named(compiled):
    trapped = simulate(RING, "SGDM", BOTTOM + np.array([0.1, 0.0]), 400, compiled=compiled)
    assert trapped.outcome == "trapped" and trapped.arrival == -1
    assert "well" in trapped.describe_outcome() and f"{RING.well_radius:.2f}" in trapped.describe_outcome()
    reached = simulate(RING, "SGDM", [1.0, 0.5], 400, compiled=compiled)
    assert reached.outcome == "reached"
    assert RING.flat_basin.contains(reached.positions[reached.arrival])
    assert not RING.flat_basin.contains(reached.positions[reached.arrival - 1])
    assert reached.path_length_to_arrival == reached.path_length[reached.arrival]
    moving = simulate(RING, "SGDM", [3.5, 0.0], 12, learning_rate=1e-4, compiled=compiled)
    assert moving.outcome == "still moving"
    slow = simulate(RING, "SGDM", [3.5, 0.0], 40, learning_rate=1e-7, compiled=compiled)
    assert slow.outcome == "still moving", "too little time to settle is not a trap"
    diverged = simulate(StiffValley(), "SGDM", [4.5, 1.0], 400, learning_rate=0.05, compiled=compiled)
    assert diverged.outcome == "diverged" and "diverged" in diverged.describe_outcome()
    assert set(OUTCOMES) == {str(r.outcome) for r in (trapped, reached, moving, diverged)}


@pytest.mark.parametrize("compiled", [True, False])
def test_to_arrive_is_to_stay(compiled):
    """Arrival: into the flat basin, from then on within five radii, and inside still in the last quarter. Swinging
    through is told as a first entry alone."""
    shape = (8, 6)
    rates, momenta = np.geomspace(1e-3, 0.9, shape[0])[:, None], np.linspace(0.5, 0.99, shape[1])
    run = simulate(RING, "SAM", [2.0, 0.3], 60, rates, 0.3, momenta, 0.1, compiled=compiled)
    kinds = set()
    for walker in np.ndindex(*shape):
        distance = np.linalg.norm(run.positions[:, *walker], axis=-1)
        inside, near = distance < 0.5, distance <= 2.5
        late = inside[46:].any()
        entry = next((step for step in range(61) if inside[step]), -1)
        staying = next((step for step in range(61) if inside[step] and near[step:].all() and late), -1)
        assert (run.first_entry[walker], run.arrival[walker]) == (entry, staying)
        assert (run.outcome[walker] == "reached") == (staying >= 0)
        assert np.isnan(run.path_length_to_arrival[walker]) == (staying < 0)
        said, kind = run.describe_outcome(walker), (entry >= 0, staying >= 0, entry == staying)
        kinds.add(kind)
        wanted = {
            (True, True, True): f"reached the flat basin at step {staying}",
            (True, True, False): f"at step {staying}, first in it at step {entry}",
            (True, False, False): f"; in the flat basin at step {entry}, not to stay",
        }
        assert said.endswith(wanted[kind]) if kind in wanted else "basin at step" not in said
    assert len(kinds) == 4, "never in, in at once to stay, in and out and in, in and out"
    lost = simulate(RING, "SGDM", [0.2, 0.1], 400, learning_rate=30.0, compiled=compiled)
    assert (lost.outcome, lost.first_entry, lost.arrival) == ("diverged", 0, -1)
    assert lost.describe_outcome().endswith("; in the flat basin at step 0, not to stay")


@pytest.mark.parametrize("compiled", [True, False])
def test_the_finite_prefix_of_a_diverged_path_is_kept(compiled):
    run = simulate(StiffValley(), "SAM", [4.5, 1.0], 500, learning_rate=0.05, compiled=compiled)
    last = int(run.last_finite)
    assert 0 < last < 500
    assert np.isfinite(run.positions[: last + 1]).all() and np.isnan(run.positions[last + 1 :]).all()
    assert np.isfinite(run.losses[: last + 1]).all() and np.isnan(run.losses[last + 1 :]).all()
    assert np.isfinite(run.path_length[: last + 1]).all()
    assert np.isfinite(run.total_path_length) and (run.final == run.positions[last]).all()


def test_one_diverging_walker_does_not_disturb_the_others():
    run = simulate(StiffValley(), "SGDM", [4.5, 1.0], 300, learning_rate=np.array([0.05, 0.001]))
    alone = simulate(StiffValley(), "SGDM", [4.5, 1.0], 300, learning_rate=0.001)
    assert list(run.outcome) == ["diverged", str(alone.outcome)]
    np.testing.assert_array_equal(run.positions[:, 1], alone.positions)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_start_on_a_stationary_point_stays_there(method, compiled):
    """‖g‖ = 0: the probe is ε = 0, nothing is not-a-number, and the walker rests (no noise, so it must)."""
    run = simulate(RING, method, [0.0, 0.0], 30, compiled=compiled)
    assert np.all(run.positions == 0.0) and np.all(run.probes == 0.0)
    assert np.isfinite(run.preconditioners).all()


@pytest.mark.parametrize("compiled", [True, False])
def test_the_preconditioner_stays_positive_definite(compiled):
    """Newton's J is unbounded below where the Hessian is indefinite; the floor keeps U positive definite there."""
    rule = LLQR(warm_start_scale=None, decay=0.0, refresh_every=1, inner_learning_rate=0.5, clip=50.0)
    run = simulate(RING, Method(NoProbe(), rule), [4.45, 0.6], 40, learning_rate=1e-4, compiled=compiled)
    values = np.linalg.eigvalsh(run.preconditioners)
    assert values.min() >= 1e-8 * (1 - 1e-6)
    assert values.min() < 2e-8, "the floor must have been needed"
    assert np.isfinite(run.positions).all()


def test_flooring_repairs_an_indefinite_matrix_and_leaves_a_good_one():
    dense = structure_named("dense")
    bad = np.array([[1.0, 3.0], [1.0, -1.0]])
    repaired = dense.project({"theta": bad}, 1e-8)["theta"]
    values, vectors = np.linalg.eigh((bad + bad.T) / 2)
    np.testing.assert_allclose(repaired, vectors @ np.diag(np.maximum(values, 1e-8)) @ vectors.T, atol=1e-12)
    good = np.array([[2.0, 0.3], [0.3, 1.0]])
    np.testing.assert_array_equal(dense.project({"theta": good}, 1e-8)["theta"], good)


def test_summary_keeps_the_facts_and_drops_the_paths():
    options = dict(start=[3.2, 3.9], steps=200, seed=np.arange(3), noise_variance=1e-6)
    full = simulate(RING, "LLQR+SAM", **options)
    short = simulate(RING, "LLQR+SAM", record="summary", **options)
    assert short.positions is None and short.preconditioners is None
    for name in ("arrival", "outcome", "final", "total_path_length", "path_length_to_arrival", "last_finite"):
        np.testing.assert_array_equal(getattr(full, name), getattr(short, name))


BAD = [
    (dict(learning_rate=-0.1), "learning_rate"),
    (dict(learning_rate=0.0), "learning_rate"),
    (dict(learning_rate=np.nan), "learning_rate"),
    (dict(learning_rate="fast"), "learning_rate"),
    (dict(radius=-1.0), "radius"),
    (dict(radius=np.inf), "radius"),
    (dict(momentum=1.0), "momentum"),
    (dict(noise_variance=-1e-9), "noise_variance"),
    (dict(seed=-1), "seed"),
    (dict(seed=0.5), "seed"),
    (dict(steps=0), "steps"),
    (dict(steps=2.5), "steps"),
    (dict(start=[1.0, 2.0, 3.0]), "start"),
    (dict(start=[np.nan, 0.0]), "start"),
    (dict(start="here"), "start"),
    (dict(record="some"), "record"),
    (dict(method="Adagrad"), "SGDM"),
    (dict(learning_rate=np.ones(3) * 0.01, radius=np.ones(4)), "broadcast"),
]


@pytest.mark.parametrize(("change", "word"), BAD, ids=[str(c) for c, _ in BAD])
def test_bad_arguments_are_refused_with_a_sentence(change, word):
    arguments = dict(method="SAM", start=[3.0, 4.0], steps=5) | change
    with pytest.raises(ValueError, match=word):
        simulate(RING, **arguments)


@pytest.mark.parametrize(
    "change",
    [
        dict(structure="banded"),
        dict(metric="fisher"),
        dict(decay=1.5),
        dict(decay=-0.1),
        dict(refresh_every=0),
        dict(damping=-1.0),
        dict(warm_start_scale=-2.0),
        dict(inner_learning_rate=float("nan")),
        dict(clip=0.0),
    ],
    ids=str,
)
def test_bad_llqr_options_are_refused_with_their_name(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        LLQR(**change)


def test_bad_probe_options_are_refused():
    with pytest.raises(ValueError, match="norm"):
        SAM(norm="manhattan")
    with pytest.raises(ValueError, match="along"):
        SAM(along="noise")
