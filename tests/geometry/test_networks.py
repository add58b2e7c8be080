"""The loss of a network: torch's own numbers, statistics that travel outside the module, layouts, refusals."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from geometry.network_layout import network_layout
from geometry.networks import NetworkLoss
from optimizers import LLQR, SAM, Method, simulate

EXAMPLES, CLASSES = 12, 3
# float64: sums of a few hundred terms of order one, in another order
SAME = dict(rtol=1e-12, atol=1e-13)


def data(seed=0, features=5):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(EXAMPLES, features, generator=generator, dtype=torch.float64)
    return inputs, torch.randint(0, CLASSES, (EXAMPLES,), generator=generator)


def normalised(seed=0, dropout=0.0):
    torch.manual_seed(seed)
    layers = [nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(dropout), nn.Linear(6, CLASSES)]
    module = nn.Sequential(*layers).double()
    with torch.no_grad():
        module[1].running_mean.normal_()
        module[1].running_var.uniform_(0.5, 2.0)
    return module


def snapshot(module):
    return {
        "state": copy.deepcopy(module.state_dict()),
        "modes": [m.training for m in module.modules()],
        "slopes": [p.grad for p in module.parameters()],
    }


@pytest.mark.parametrize("training", [True, False])
def test_the_module_given_is_left_as_it_is(training):
    module = normalised(dropout=0.3).train(training)
    before = snapshot(module)
    objective = NetworkLoss(module, *data())
    objective.training_pass(objective.initial)
    objective.training_pass(objective.initial.expand(2, -1))
    objective.loss(objective.initial)
    objective.curvature_product(objective.initial, objective.initial, "ngd")
    after = snapshot(module)
    assert after["modes"] == before["modes"] and after["slopes"] == before["slopes"]
    for name, value in before["state"].items():
        torch.testing.assert_close(after["state"][name], value, rtol=0, atol=0)
    # and θ is a copy: moving it does not move the module
    objective.initial.add_(1.0)
    torch.testing.assert_close(module[0].weight, before["state"]["0.weight"], rtol=0, atol=0)


def test_inference_uses_the_running_statistics_and_train_mode_the_batch():
    module, (inputs, targets) = normalised(), data()
    objective = NetworkLoss(module, inputs, targets, label_smoothing=0.1)
    theta = objective.initial
    quiet = F.cross_entropy(module.eval()(inputs), targets, label_smoothing=0.1)
    torch.testing.assert_close(objective.loss(theta), quiet.detach(), **SAME)
    slopes = torch.autograd.grad(quiet, list(module.parameters()))
    torch.testing.assert_close(objective.gradient(theta), torch.cat([s.reshape(-1) for s in slopes]), **SAME)

    done = objective.training_pass(theta)
    loss = F.cross_entropy(module.train()(inputs), targets, label_smoothing=0.1)
    slopes = torch.autograd.grad(loss, list(module.parameters()))
    torch.testing.assert_close(done.loss, loss.detach(), **SAME)
    torch.testing.assert_close(done.gradient, torch.cat([s.reshape(-1) for s in slopes]), **SAME)
    for name, buffer in module.named_buffers():
        torch.testing.assert_close(done.buffers[name], buffer, **SAME)
    assert int(objective.buffers["1.num_batches_tracked"]) == 0


def test_a_second_pass_may_start_from_the_first_one_s_statistics_or_not():
    objective = NetworkLoss(normalised(), *data())
    theta = objective.initial
    first = objective.training_pass(theta)
    again, onwards = objective.training_pass(theta), objective.training_pass(theta, first.buffers)
    torch.testing.assert_close(again.buffers["1.running_mean"], first.buffers["1.running_mean"], rtol=0, atol=0)
    assert int(onwards.buffers["1.num_batches_tracked"]) == 2
    later = objective.with_buffers(onwards.buffers)
    assert later.loss(theta) != objective.loss(theta)
    assert objective.with_buffers({}) is objective


@pytest.mark.parametrize("shape", [(3,), (2, 2)])
def test_walkers_have_statistics_of_their_own(shape):
    objective = NetworkLoss(normalised(), *data())
    theta = objective.initial + 0.1 * torch.randn(*shape, objective.dimension, dtype=torch.float64)
    done = objective.training_pass(theta, objective.buffers_for(theta))
    apart = objective.with_buffers(done.buffers, shape)
    for index in torch.cartesian_prod(*(torch.arange(n) for n in shape)).reshape(-1, len(shape)).tolist():
        one = tuple(index)
        alone = objective.training_pass(theta[one])
        torch.testing.assert_close(done.gradient[one], alone.gradient, **SAME)
        for name, buffer in alone.buffers.items():
            torch.testing.assert_close(done.buffers[name][one], buffer, **SAME)
        calm = objective.with_buffers(alone.buffers)
        torch.testing.assert_close(apart.loss(theta)[one], calm.loss(theta[one]), **SAME)
        for metric in ("newton", "ngd"):
            together, single = (
                ground.curvature_product(at, at, metric) for ground, at in ((apart, theta), (calm, theta[one]))
            )
            torch.testing.assert_close(together[one], single, **SAME)


def test_dropout_follows_its_seed_and_leaves_the_global_generator_alone():
    objective = NetworkLoss(normalised(dropout=0.5), *data())
    theta = objective.initial
    torch.manual_seed(7)
    wanted = torch.rand(1)
    torch.manual_seed(7)
    first, second, other = (objective.training_pass(theta, seed=seed) for seed in (1, 1, 2))
    assert torch.rand(1) == wanted
    assert torch.equal(first.gradient, second.gradient)
    assert not torch.equal(first.gradient, other.gradient)
    assert objective.loss(theta) == objective.loss(theta)
    each = objective.training_pass(theta.expand(2, -1), seed=1)
    assert each.loss[0] != each.loss[1], "each walker drops units of its own"


def test_calls_from_several_threads_do_not_meet():
    objective = NetworkLoss(normalised(), *data())
    points = objective.initial + torch.randn(24, objective.dimension, dtype=torch.float64)
    with ThreadPoolExecutor(4) as threads:
        found = torch.stack(list(threads.map(objective.loss, points)))
    torch.testing.assert_close(found, torch.stack([objective.loss(point) for point in points]), rtol=0, atol=0)


def test_autograd_flows_through_the_loss():
    objective = NetworkLoss(normalised(), *data())
    leaf = objective.initial.clone().requires_grad_()
    (slope,) = torch.autograd.grad(objective.loss(leaf), leaf)
    torch.testing.assert_close(slope, objective.gradient(objective.initial), **SAME)
    assert not objective.loss(objective.initial).requires_grad


class Everything(nn.Module):
    """A parameter of the root, lists, an embedding shared with the output, attention, a frozen layer."""

    def __init__(self):
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.randn(4, 6))
        self.words = nn.Embedding(7, 6)
        self.blocks = nn.ModuleList([nn.TransformerEncoderLayer(6, 2, 8, 0.0, batch_first=True) for _ in range(2)])
        self.fixed = nn.Linear(6, 6).requires_grad_(False)
        self.output = nn.Linear(6, 7, bias=False)
        self.output.weight = self.words.weight

    def forward(self, tokens):
        h = self.words(tokens) + self.pos_embedding
        for block in self.blocks:
            h = block(h)
        return self.output(self.fixed(h))


def sentences():
    torch.manual_seed(3)
    tokens = torch.randint(0, 7, (5, 4))
    targets = torch.randint(0, 7, (5, 4))
    targets[0, 1:] = -100
    return Everything().double(), tokens, targets


def test_layers_and_kinds():
    module, *_ = sentences()
    layout = network_layout(module)
    kinds = {block.name: block.kind for block in layout.blocks}
    assert [layer.name for layer in layout.layers] == ["pos_embedding", "words", "blocks.0", "blocks.1"]
    assert kinds["pos_embedding"] == kinds["words.weight"] == "embedding"
    assert kinds["blocks.0.self_attn.in_proj_weight"] == kinds["blocks.1.linear1.weight"] == "kernel"
    assert kinds["blocks.0.self_attn.in_proj_bias"] == kinds["blocks.0.norm1.bias"] == "bias"
    assert kinds["blocks.0.norm1.weight"] == "scale"
    assert layout.dimension == sum(p.numel() for p in module.parameters() if p.requires_grad)
    fine = [layer.name for layer in network_layout(module, "module").layers]
    assert "blocks.0.linear1" in fine and "blocks.0.norm1" in fine and "blocks.0" not in fine


def test_a_table_of_positions_has_a_factor_for_its_positions_and_one_for_its_features():
    """Not one of length·features, which would be larger than the network."""

    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.pos_embedding = nn.Parameter(torch.randn(1, 4, 5))
            self.output = nn.Linear(20, CLASSES)

        def forward(self, x):
            return self.output((x[:, None] + self.pos_embedding).flatten(1))

    objective = NetworkLoss(Positions().double(), *data())
    rule = LLQR.for_networks("kfac", inner_steps=3)
    leaves = rule.refresh(objective, objective.initial, rule.start(objective, objective.initial))
    assert leaves["pos_embedding.B"].shape == (4, 4) and leaves["pos_embedding.A"].shape == (5, 5)


def test_shared_frozen_and_ignored():
    """A weight used twice has one block and both its slopes; a frozen one none; ignored targets do not count."""
    module, tokens, targets = sentences()
    objective = NetworkLoss(module, tokens, targets)
    loss = F.cross_entropy(module.eval()(tokens).reshape(-1, 7), targets.reshape(-1))
    parameters = [p for p in module.parameters() if p.requires_grad]
    slopes = torch.cat([s.reshape(-1) for s in torch.autograd.grad(loss, parameters)])
    assert objective.count == int((targets >= 0).sum()) == 17
    torch.testing.assert_close(objective.loss(objective.initial), loss.detach(), **SAME)
    torch.testing.assert_close(objective.gradient(objective.initial), slopes, **SAME)
    direction = torch.randn(objective.dimension, dtype=torch.float64)
    small = NetworkLoss(module, tokens, targets, chunk_size=2)
    torch.testing.assert_close(small.gradient(objective.initial), slopes, **SAME)
    for metric in ("newton", "ngd", "ngd-mean"):
        found, wanted = (o.curvature_product(objective.initial, direction, metric) for o in (small, objective))
        torch.testing.assert_close(found, wanted, **SAME)
    state = objective.module_state(objective.initial + 1.0)
    assert module.load_state_dict(state, strict=False).unexpected_keys == []
    torch.testing.assert_close(module.blocks[0].linear1.bias, state["blocks.0.linear1.bias"])


def test_the_forms_of_targets():
    """Class axis last or second, class numbers or probabilities: the same loss and the same curvature."""
    torch.manual_seed(0)
    inputs, targets = torch.randn(6, 3, 4).double(), torch.randint(0, 5, (6, 4))
    convolution = nn.Conv1d(3, 5, 1).double()

    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = convolution

        def forward(self, x):
            return self.convolution(x).transpose(1, 2)

    second, last = NetworkLoss(convolution, inputs, targets), NetworkLoss(Last(), inputs, targets)
    shares = NetworkLoss(Last(), inputs, F.one_hot(targets, 5).double())
    theta, d = second.initial, torch.randn(second.dimension).double()
    wanted = F.cross_entropy(convolution(inputs), targets).detach()
    for objective in (second, last, shares):
        torch.testing.assert_close(objective.loss(theta), wanted, **SAME)
        for metric in ("newton", "ngd", "ngd-mean"):
            torch.testing.assert_close(
                objective.curvature_product(theta, d, metric), second.curvature_product(theta, d, metric), **SAME
            )


def test_log_probabilities_are_scores():
    """A module that ends in a log-softmax, as the authors' networks do, has the same loss and curvature."""
    inputs, targets = data()
    torch.manual_seed(1)
    plain = nn.Sequential(nn.Linear(5, CLASSES)).double()
    logged = nn.Sequential(plain[0], nn.LogSoftmax(-1))
    a, b = NetworkLoss(plain, inputs, targets), NetworkLoss(logged, inputs, targets)
    d = torch.randn(a.dimension).double()
    torch.testing.assert_close(a.loss(a.initial), b.loss(a.initial), **SAME)
    for metric in ("newton", "ngd"):
        left, right = (o.curvature_product(a.initial, d, metric) for o in (a, b))
        torch.testing.assert_close(left, right, **SAME)


def test_the_summed_metric_is_the_mean_one_times_the_targets():
    """The authors sum the divergence over the batch while the gradient is a mean; "ngd-mean" is the Fisher matrix."""
    inputs, targets = data()
    module = normalised()
    whole, twice = (
        NetworkLoss(module, inputs.repeat(times, 1), targets.repeat(times)) for times in (1, 2)
    )  # the same examples twice: the same gradient
    theta, d = whole.initial, torch.randn(whole.dimension).double()
    torch.testing.assert_close(whole.gradient(theta), twice.gradient(theta), **SAME)
    summed = whole.curvature_product(theta, d, "ngd")
    torch.testing.assert_close(twice.curvature_product(theta, d, "ngd"), 2 * summed, **SAME)
    for objective in (whole, twice):
        torch.testing.assert_close(objective.curvature_product(theta, d, "ngd-mean"), summed / EXAMPLES, **SAME)


def test_a_loss_of_one_s_own():
    inputs, _ = data()
    torch.manual_seed(2)
    module = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    values = torch.randn(EXAMPLES, 2).double()
    objective = NetworkLoss(module, inputs, values, loss_function=F.mse_loss)
    theta, d = objective.initial, torch.randn(objective.dimension).double()
    hessian = torch.autograd.functional.hessian(objective.loss, theta)
    torch.testing.assert_close(objective.curvature_product(theta, d), hessian @ d, **SAME)
    cut = NetworkLoss(module, inputs, values, loss_function=F.mse_loss, chunk_size=5)
    torch.testing.assert_close(cut.gradient(theta), objective.gradient(theta), **SAME)
    torch.testing.assert_close(objective.loss(theta.expand(2, -1)), objective.loss(theta).expand(2), **SAME)
    mine = NetworkLoss(module, inputs, values, loss_function=lambda z, t: ((z - t) ** 2).mean())
    for metric, factor in (("ngd-mean", 1), ("ngd", 2)):  # its targets are rows, torch's loss has two numbers in each
        known, own = (one.curvature_product(theta, d, metric) for one in (objective, mine))
        torch.testing.assert_close(own * factor, known, **SAME)
    concave = NetworkLoss(module, inputs, values, loss_function=lambda z, t: -((z - t) ** 2).mean())
    with pytest.raises(ValueError, match='use metric="newton"'):
        concave.curvature_product(theta, d, "ngd")


def test_a_loss_without_curvature():
    """Linear in θ: the gradient has no graph, and the product is zero, not an error."""
    module = nn.Linear(5, 1, bias=False).double()
    objective = NetworkLoss(module, data()[0], torch.zeros(EXAMPLES), loss_function=lambda out, _: out.mean())
    assert torch.equal(objective.curvature_product(objective.initial, objective.initial), torch.zeros(5).double())


def test_another_batch_is_a_view():
    objective = NetworkLoss(normalised(), *data())
    inputs, targets = data(1)
    part = objective.with_batch(inputs[:4], targets[:4])
    assert part.initial is objective.initial and (part.examples, objective.examples) == (4, EXAMPLES)
    fresh = NetworkLoss(normalised(), inputs[:4], targets[:4])
    torch.testing.assert_close(part.gradient(part.initial), fresh.gradient(part.initial), **SAME)
    index = torch.tensor([3, 1])
    few, own = objective.rows(index), data()
    torch.testing.assert_close(
        few.loss(few.initial), objective.with_batch(own[0][index], own[1][index]).loss(few.initial)
    )


def test_several_inputs():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(5, CLASSES)

        def forward(self, a, b):
            return self.layer(a * b)

    module, (a, targets), (b, _) = Two().double(), data(0), data(1)
    objective = NetworkLoss(module, (a, b), targets)
    torch.testing.assert_close(
        objective.loss(objective.initial), F.cross_entropy(module(a, b), targets).detach(), **SAME
    )


def test_precision_is_the_module_s_or_what_is_asked_for():
    inputs, targets = data()
    module = normalised().float()
    single, double = NetworkLoss(module, inputs, targets), NetworkLoss(module, inputs, targets, dtype=torch.float64)
    assert (single.initial.dtype, double.initial.dtype) == (torch.float32, torch.float64)
    assert double.training_pass(double.initial).buffers["1.running_mean"].dtype == torch.float64
    # float32 rounding through three layers
    torch.testing.assert_close(
        single.gradient(single.initial).double(), double.gradient(double.initial), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize(
    "arrays",
    [
        dict(learning_rate=np.array([0.1, 0.2])),
        dict(radius=np.array([0.1, 0.3]), momentum=np.array([[0.5], [0.9]])),
        dict(seed=np.arange(2), noise_variance=1e-4),
        dict(decay=np.array([0.5, 0.9]), damping=np.array([0.0, 0.4]), refresh_every=np.array([1, 2])),
    ],
)
def test_simulate_walks_networks_with_arrays_of_settings(arrays):
    """As on a surface: a batch over settings is the loop over them, here with batch statistics for each walker."""
    objective = NetworkLoss(normalised(), *data())
    step = dict(steps=5, learning_rate=0.1, radius=0.1, momentum=0.9)

    def run(**settings):
        own = {k: settings.pop(k) for k in ("decay", "damping", "refresh_every") if k in settings}
        rule = LLQR.for_networks("e-kfac", **{"refresh_every": 2, "inner_steps": 4, **own})
        return simulate(objective, Method(SAM(), rule), **{**step, **settings})

    batch, shape = run(**arrays), np.broadcast_shapes(*(np.shape(v) for v in arrays.values()))
    assert batch.positions.shape == (6, *shape, objective.dimension)
    for index in np.ndindex(shape):
        one = {k: np.broadcast_to(v, shape)[index].item() for k, v in arrays.items()}
        alone = run(**one)
        np.testing.assert_allclose(batch.positions[(slice(None), *index)], alone.positions, rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(batch.losses[(slice(None), *index)], alone.losses, rtol=1e-10, atol=1e-11)


def test_a_chunk_may_not_cut_batch_statistics():
    objective = NetworkLoss(normalised(), *data(), chunk_size=5)
    assert objective.loss(objective.initial) > 0, "in inference mode the examples are independent"
    with pytest.raises(ValueError, match="chunk_size cannot cut it"):
        objective.training_pass(objective.initial)


X, Y = data()
NOT_SCORES = "no scores of at least two classes"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NetworkLoss(nn.Tanh(), X, Y), "no parameter that asks for a gradient"),
        (lambda: NetworkLoss(normalised().requires_grad_(False), X, Y), "no parameter that asks for a gradient"),
        (lambda: NetworkLoss(normalised(), X[:0], Y[:0]), "the batch is empty"),
        (lambda: NetworkLoss(normalised(), X, Y[:3]), "the same number of examples"),
        (lambda: NetworkLoss(normalised(), X, torch.full_like(Y, -100)), "nothing to learn from"),
        (lambda: NetworkLoss(normalised(), X, Y - 5), "class numbers of at least 0"),
        (lambda: loss_of(nn.Linear(5, 2).double()), "a target is class 2, but the outputs have only classes 0 to 1"),
        (lambda: NetworkLoss(normalised(), X, Y, label_smoothing=1.0), "label_smoothing"),
        (lambda: NetworkLoss(normalised(), X, Y, chunk_size=0), "chunk_size"),
        (lambda: NetworkLoss(normalised(), X, Y, memory_limit=0), "memory_limit"),
        (lambda: NetworkLoss(normalised(), X, Y, grouping="all"), "grouping must be one of top, module"),
        (lambda: loss_of(nn.Linear(5, 1).double()), NOT_SCORES),
        (lambda: loss_of(nn.Sequential(nn.Linear(5, 3), nn.Flatten(0)).double()), NOT_SCORES),
        (lambda: loss_of(nn.GRU(5, 3).double()), "one tensor of class scores, not tuple"),
        (lambda: ready().curvature_product(ready().initial, ready().initial, "fisher"), "newton, ngd, ngd-mean"),
        (lambda: ready().loss(torch.zeros(4)), "coordinates in its last axis"),
        (lambda: ready().curvature_product(ready().initial, torch.zeros(4)), "entries in its last axis"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_theta_must_be_a_tensor():
    with pytest.raises(TypeError, match="theta must be a torch tensor"):
        ready().loss([0.0])


def ready():
    return NetworkLoss(normalised(), X, Y)


def loss_of(module):
    objective = NetworkLoss(module, X, Y)
    objective.curvature_product(objective.initial, objective.initial, "ngd")


def test_passes_of_steps_may_be_in_a_shorter_type_and_all_else_is_as_before():
    """Three digits of products: bfloat16 has 8 bits, and rounding errors of many terms cancel in part."""
    inputs, targets = data()
    module = normalised().float()
    full, mixed = (NetworkLoss(module, inputs.float(), targets, autocast=one) for one in (None, torch.bfloat16))
    theta = full.initial
    exact, rounded = (objective.training_pass(theta) for objective in (full, mixed))
    assert rounded.gradient.dtype == rounded.loss.dtype == torch.float32
    assert not torch.equal(exact.gradient, rounded.gradient)
    torch.testing.assert_close(rounded.loss, exact.loss, rtol=0.02, atol=0)
    assert torch.cosine_similarity(exact.gradient, rounded.gradient, dim=0) > 0.99
    for name, value in exact.buffers.items():
        torch.testing.assert_close(rounded.buffers[name], value, rtol=0.02, atol=0.02)
    assert torch.equal(full.loss(theta), mixed.loss(theta)) and torch.equal(full.gradient(theta), mixed.gradient(theta))
    assert torch.equal(*(one.curvature_product(theta, theta, "ngd") for one in (full, mixed)))
    assert mixed.rows(torch.arange(4)).autocast == torch.bfloat16, "a mini-batch's as well"
    llqr = LLQR.for_networks("kfac")
    states = [llqr.refresh(one, theta, llqr.start(one, theta)) for one in (full, mixed)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0]), "and U is learned in full"
