"""Training several methods side by side: against torch's own loop, against itself in pieces, and at bad ends."""

import numpy as np
import pytest
import torch
from torch import nn

from geometry.networks import NetworkLoss
from optimizers import LLQR, SAM, Method, digits
from optimizers.digits import accuracy, digits_training
from optimizers.methods import network_methods
from optimizers.minibatches import Minibatches
from optimizers.training import StepRefused, Training, train

OFTEN = dict(refresh_every=3, inner_steps=5)


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def small_module(norm=False):
    torch.manual_seed(3)
    middle = [nn.BatchNorm1d(7)] if norm else []
    return nn.Sequential(nn.Linear(5, 7), *middle, nn.Tanh(), nn.Linear(7, 3)).double()


def small_loss(norm=False, examples=50):
    targets = torch.arange(examples) % 3
    return NetworkLoss(small_module(norm), drawn(examples, 5) + targets[:, None], targets)


def same(a, b):
    assert torch.equal(a.final.position, b.final.position)
    np.testing.assert_array_equal(a.losses, b.losses)


@pytest.mark.parametrize("weight_decay", [0.0, 0.03])
def test_sgdm_is_a_loop_with_torch_sgd(weight_decay):
    objective, module = small_loss(), small_module()
    run = train(
        objective,
        {"SGDM": Method()},
        25,
        batch_size=16,
        weight_decay=weight_decay,
        learning_rate=0.1,
        seed=4,
    )["SGDM"]
    optimiser = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, weight_decay=weight_decay)
    x, y = objective.data.inputs[0], objective.data.targets
    for step in range(25):
        rows = Minibatches(50, 16, seed=4).rows(step)
        loss = nn.functional.cross_entropy(module(x[rows]), y[rows])
        assert run.losses[step] == pytest.approx(loss.item(), rel=1e-11)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    there = torch.cat([p.detach().reshape(-1) for p in module.parameters()])
    torch.testing.assert_close(run.final.position, there, rtol=1e-11, atol=1e-12)  # rounding of 25 float64 steps


def test_every_method_meets_the_same_batches_and_the_same_noise():
    """Without a radius the probe changes nothing, so that batches and noise must be the same to the last bit."""
    runs = train(small_loss(), network_methods(**OFTEN), 12, batch_size=10, radius=0.0, noise_variance=0.01)
    same(runs["SGDM"], runs["SAM"])
    same(runs["LLQR"], runs["LLQR+SAM"])
    assert not torch.equal(runs["SGDM"].final.position, runs["LLQR"].final.position)
    quiet = train(small_loss(), {"SGDM": Method()}, 12, batch_size=10)["SGDM"]
    assert not torch.equal(quiet.final.position, runs["SGDM"].final.position)


@pytest.mark.parametrize("batch_size", [8, None])
def test_cutout_covers_the_steps_batches_and_nothing_else(batch_size):
    """SGDM beside a loop with torch's: each batch's images with a square of the draws' own centres at the mean."""
    images = drawn(20, 2, 5, 4).abs()

    def module():
        torch.manual_seed(3)
        return nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(18, 3)).double()

    objective, loop = NetworkLoss(module(), images, torch.arange(20) % 3), module()
    asked = dict(batch_size=batch_size, learning_rate=0.1, seed=4, cutout=3)
    run = train(objective, {"SGDM": Method()}, 8, **asked, full_every=8)["SGDM"]
    optimiser = torch.optim.SGD(loop.parameters(), lr=0.1, momentum=0.9)
    draws, mean = Minibatches(20, batch_size, seed=4), images.mean((0, 2, 3))
    for step in range(8):
        rows = draws.rows(step)
        rows = torch.arange(20) if rows is None else rows
        batch = images[rows].clone()
        for image, (row, column) in zip(batch, draws.centres(step, len(rows), (5, 4)).tolist(), strict=True):
            image[:, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = mean[:, None, None]
        loss = nn.functional.cross_entropy(loop(batch), objective.data.targets[rows])
        assert run.losses[step] == pytest.approx(loss.item(), rel=1e-11)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    whole = nn.functional.cross_entropy(loop(images), objective.data.targets)
    assert run.full_losses[-1] == pytest.approx(whole.item(), rel=1e-10)
    other = train(objective, {"SGDM": Method()}, 8, **asked | {"cutout": 0})["SGDM"]
    assert not torch.equal(other.final.position, run.final.position)
    probes = train(objective, {"SGDM": Method(), "SAM": Method(probe=SAM())}, 8, **asked, radius=0.0)
    same(probes["SGDM"], probes["SAM"])


def test_a_pass_over_the_data_meets_each_example_at_most_once():
    draws = Minibatches(53, batch_size=10, refresh_size=20, seed=1)
    first = torch.cat([draws.rows(step) for step in range(5)])
    second = torch.cat([draws.rows(step) for step in range(5, 10)])
    assert len(first) == len(set(first.tolist())) == 50
    assert not torch.equal(first, second)
    refresh = draws.refresh_rows(0)
    assert len(set(refresh.tolist())) == 20 and not torch.equal(refresh, draws.refresh_rows(1))
    assert draws.rows(3).tolist() == Minibatches(53, 10, None, seed=1).rows(3).tolist()
    assert Minibatches(53).rows(0) is None and Minibatches(53, 64, 64).refresh_rows(0) is None
    assert Minibatches(53, 10, seed=2).rows(0).tolist() != draws.rows(0).tolist()


def test_noise_has_its_variance():
    draws = Minibatches(4).noise(3, 0.25, torch.zeros(20000))
    assert float(draws.var()) == pytest.approx(0.25, rel=0.05)  # five standard errors of 20000 draws


def test_a_stream_is_the_same_run_and_may_be_changed_on_the_way():
    options = dict(batch_size=8, refresh_size=16, seed=2, learning_rate=0.1)
    whole = train(small_loss(), network_methods(**OFTEN), 9, keep_every=1, **options)["LLQR+SAM"]
    training = Training(small_loss(), network_methods(**OFTEN), **options)
    for step, reports in enumerate(training.steps(6)):
        report = reports["LLQR+SAM"]
        assert report.index == step + 1 and report.refreshed == (step % 3 == 0)
        assert torch.equal(report.position, whole.positions[step + 1])
    before = training.state("LLQR+SAM")
    training.change(learning_rate=0.01, momentum=0.5)
    after = training.step()["LLQR+SAM"]
    moved = training.state("LLQR+SAM")
    torch.testing.assert_close(after.position, before.position - 0.01 * moved.velocity, rtol=1e-14, atol=0)
    assert not torch.equal(after.position, whole.positions[7])
    other = training.state("SGDM").position
    training.change(only="LLQR+SAM", learning_rate=0.0)
    training.step()
    assert torch.equal(training.state("LLQR+SAM").position, after.position)
    assert not torch.equal(training.state("SGDM").position, other)


def test_costs_are_counted():
    runs = train(small_loss(), network_methods(**OFTEN), 7, batch_size=10)
    assert [run.gradient_evaluations[-1] for run in runs.values()] == [7, 14, 7 + 3, 14 + 3]
    assert [run.curvature_products[-1] for run in runs.values()] == [0, 0, 15, 15]
    assert runs["LLQR"].refreshes == (0, 3, 6) and runs["SAM"].refreshes == ()


def test_records_are_where_they_were_asked_for():
    objective = small_loss()
    run = train(objective, {"SGDM": Method()}, 7, batch_size=10, full_every=3, keep_every=2)["SGDM"]
    assert run.full_steps.tolist() == [0, 3, 6] and run.kept_steps.tolist() == [0, 2, 4, 6]
    assert run.full_losses[0] == pytest.approx(float(objective.loss(objective.initial)), rel=1e-12)
    assert torch.equal(run.positions[0], objective.initial)
    assert run.path_length.shape == (8,) and np.all(np.diff(run.path_length) > 0)


def test_the_statistics_of_the_perturbed_pass_are_kept_and_nothing_of_the_user_is_changed():
    module = small_module(norm=True)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    objective = NetworkLoss(module, drawn(50, 5), torch.arange(50) % 3)
    training = Training(objective, {"SAM": Method(SAM())}, radius=0.5)
    report = training.step()["SAM"]
    kept = training.state("SAM").buffers
    there, centre = objective.training_pass(report.probe), objective.training_pass(objective.initial)
    for name in ("1.running_mean", "1.running_var"):
        assert torch.equal(kept[name], there.buffers[name])
        assert not torch.allclose(kept[name], centre.buffers[name])
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


BEYOND = dict(learning_rate=float(np.finfo(float).max), noise_variance=1e4)  # the next position overflows
SOUND = dict(learning_rate=0.05, noise_variance=0.0)


def test_a_step_that_is_not_a_number_is_refused_and_the_state_kept():
    training = Training(small_loss(), network_methods(**OFTEN), batch_size=10)
    training.step()
    before = training.state("SAM")
    training.change(only="SAM", **BEYOND)
    with pytest.raises(StepRefused, match=r"SAM stops before step 1: the new weights .* state before the step is kept"):
        training.advance("SAM")
    assert training.state("SAM") is before and torch.isfinite(before.position).all()


def test_the_others_go_on_and_a_stopped_method_may_try_again():
    smooth = train(small_loss(), network_methods(**OFTEN), 4, batch_size=10)
    training = Training(small_loss(), network_methods(**OFTEN), batch_size=10)
    training.step()
    training.change(only="SAM", **BEYOND)
    for _ in range(3):
        reports = training.step()
    assert "SAM stops" in reports["SAM"].stopped and reports["LLQR+SAM"].stopped is None
    assert training.run("SAM").stopped == reports["SAM"].stopped
    same(training.run("SGDM"), smooth["SGDM"])
    training.change(only="SAM", **SOUND)
    for _ in range(3):
        assert training.step()["SAM"].stopped is None
    same(training.run("SAM"), smooth["SAM"])  # it met the batches that it would have met


def test_inputs_that_are_not_numbers_stop_every_method_with_the_reason():
    x = drawn(20, 5)
    x[3, 2] = float("nan")
    objective = NetworkLoss(small_module(), x, torch.arange(20) % 3)
    runs = train(objective, network_methods(**OFTEN), 5)
    for name, run in runs.items():
        assert run.stopped.startswith(f"{name} stops before step 0: ") and len(run.losses) == 0
        assert torch.equal(run.final.position, objective.initial)
    assert "the loss is nan" in runs["SGDM"].stopped


def test_a_matrix_norm_of_an_indefinite_u_names_the_reason():
    objective = small_loss()
    method = Method(SAM(norm="matrix"), LLQR.for_networks(inner_steps=0, floor=0.0))
    training = Training(objective, {"m": method})
    for leaf in training.state("m").preconditioner.values():
        leaf.mul_(-1)
    with pytest.raises(StepRefused, match="matrix norm needs"):
        training.advance("m")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(learning_rate=-0.1), "learning_rate must be finite and not negative"),
        (dict(radius=-1.0), "radius must be finite and not negative"),
        (dict(radius=float("nan")), "radius must be finite"),
        (dict(momentum=1.0), "momentum must be below 1"),
        (dict(noise_variance="much"), "noise_variance must be a number"),
        (dict(batch_size=0), "batch_size must be a whole number of at least 1"),
        (dict(refresh_size=2.5), "refresh_size must be a whole number"),
        (dict(seed=-1), "seed must be a whole number"),
        (dict(full_every=-1), "full_every must be a whole number"),
        (dict(cutout=-2), "cutout must be a whole number of at least 0"),
        (dict(cutout=2), r"cutout takes images .* not inputs of \(50, 5\)"),
        (dict(methods={}), "at least one method"),
        (dict(steps=0), "steps must be a whole number"),
    ],
)
def test_bad_settings_are_refused_with_their_name(options, message):
    options = dict(methods=None, steps=3) | options
    with pytest.raises(ValueError, match=message):
        train(small_loss(), **options)


def test_bad_changes_and_names_are_refused():
    training = Training(small_loss())
    with pytest.raises(ValueError, match="unknown setting 'rho'; choose one of learning_rate"):
        training.change(rho=0.1)
    with pytest.raises(ValueError, match="unknown method 'ADAM'; choose one of SGDM"):
        training.run("ADAM")
    with pytest.raises(ValueError, match="radius must be finite and not negative"):
        training.change(radius=-0.1)


def test_all_four_methods_learn_the_digits():
    training, held_out = digits_training(network_methods(refresh_every=50), full_every=100)
    for _ in training.steps(100):
        pass
    for name in ("SGDM", "SAM", "LLQR", "LLQR+SAM"):
        run = training.run(name)
        assert run.full_losses[-1] < 0.5 and accuracy(held_out, run) > 0.8  # by guessing log 10 and a tenth


def test_the_digits_example_prints_its_table(capsys):
    digits.main(steps=2)
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 5 and rows[1].split()[0] == "SGDM" and rows[4].split()[3:] == ["5", "50"]
