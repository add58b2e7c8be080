"""Spectral norms against singular values of dense matrices, the path norm against all paths; what rescaling does."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from geometry.architectures import build_network
from geometry.curvature import top_eigenvalues
from geometry.networks import NetworkLoss
from geometry.rescaling import rescaled
from geometry.weight_norms import path_norm, spectral_norms


def loss_of(module: nn.Module, *shape: int, classes: int = 3) -> NetworkLoss:
    generator = torch.Generator().manual_seed(1)
    return NetworkLoss(
        module.double(), torch.rand(12, *shape, generator=generator).double(), torch.arange(12) % classes
    )


def chain() -> nn.Sequential:
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 3))


@pytest.mark.parametrize("settings", [{}, {"padding": 1}, {"stride": 2, "padding": 1}, {"padding": 1, "groups": 2}])
def test_a_convolution_has_the_singular_value_of_its_matrix(settings: dict[str, int]) -> None:
    """The matrix column by column, from images of one pixel; ARPACK's tolerance is 1e-8."""
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 4, 3, **settings).double()
    with torch.no_grad():
        columns = nn.functional.conv2d(torch.eye(2 * 6 * 5).double().reshape(-1, 2, 6, 5), layer.weight, **settings)
        dense = columns.flatten(1).T
        module = nn.Sequential(layer, nn.ReLU(), nn.Flatten(), nn.LazyLinear(3).double())
        module(torch.zeros(1, 2, 6, 5).double())
    found = spectral_norms(*at_start(loss_of(module, 2, 6, 5)))
    assert found["0"] == pytest.approx(np.linalg.norm(dense.numpy(), 2), rel=1e-7)
    assert found["3"] == pytest.approx(np.linalg.svd(module[3].weight.detach().numpy())[1][0], rel=1e-12)
    assert list(found) == ["0", "3"]


def test_a_layer_with_one_output_is_no_trap() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten(), nn.Linear(1, 3))
    found = spectral_norms(*at_start(loss_of(module, 1, 3, 3)))
    assert found["0"] == pytest.approx(float(module[0].weight.detach().norm()), rel=1e-12)


def test_frozen_shared_and_parametrised_weights_count_as_they_are() -> None:
    usual = loss_of(chain(), 3)
    frozen = chain()
    frozen[0].weight.requires_grad_(False)
    frozen[2].bias.requires_grad_(False)
    objective = loss_of(frozen, 3)
    assert spectral_norms(*at_start(objective)) == spectral_norms(*at_start(usual))
    assert path_norm(*at_start(objective)) == path_norm(*at_start(usual))
    torch.manual_seed(2)
    shared = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    shared[2].weight = shared[0].weight
    found = spectral_norms(*at_start(loss_of(shared, 3)))
    assert found["2"] == found["0"] == pytest.approx(float(torch.linalg.matrix_norm(shared[0].weight.detach(), 2)))
    parametrised = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 2, 2)), nn.Flatten())
    with torch.no_grad():
        parametrised[0].parametrizations.weight.original0.fill_(2.0)
    found = spectral_norms(*at_start(loss_of(parametrised, 1, 2, 2, classes=2)))
    weight = parametrised[0].weight.detach().flatten(1)
    assert found["0"] == pytest.approx(float(torch.linalg.matrix_norm(weight, 2)))


@pytest.mark.parametrize(("value", "norm"), [(0.0, 0.0), (math.nan, math.nan)])
def test_weights_that_are_zero_or_no_numbers(value: float, norm: float) -> None:
    """Zero as residual branches often begin; no numbers as after a run that diverged."""
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.LazyLinear(3))
    module(torch.zeros(1, 1, 6, 6))
    nn.init.constant_(module[0].weight, value)
    objective = loss_of(module, 1, 6, 6)
    for found in (spectral_norms(*at_start(objective))["0"], path_norm(*at_start(objective))):
        assert found == pytest.approx(norm, nan_ok=True)


def test_the_product_bounds_how_fast_a_chain_changes() -> None:
    """‖f(x) − f(y)‖ ≤ Πσ·‖x − y‖ on many pairs; and near equality for one dense layer along its singular vector."""
    objective = loss_of(chain(), 3)
    product = math.prod(spectral_norms(*at_start(objective)).values())
    module, generator = chain().double(), torch.Generator().manual_seed(3)
    x, y = (torch.randn(500, 3, generator=generator).double() for _ in range(2))
    with torch.no_grad():
        slopes = (module(x) - module(y)).norm(dim=1) / (x - y).norm(dim=1)
        straight = nn.Linear(3, 3).double()
        along = torch.linalg.svd(straight.weight).Vh[:1]
        slope = (straight(along) - straight(torch.zeros(1, 3).double())).norm()
    assert 0 < slopes.max() <= product
    assert spectral_norms(*at_start(loss_of(nn.Sequential(straight), 3)))["0"] == pytest.approx(float(slope), rel=1e-12)


def test_the_path_norm_is_the_sum_over_all_paths() -> None:
    objective = loss_of(chain(), 3)
    first, second, third = (part.weight.detach().numpy() for part in chain().double() if isinstance(part, nn.Linear))
    paths = itertools.product(range(3), range(4), range(2), range(3))
    total = sum((first[j, i] * second[k, j] * third[c, k]) ** 2 for i, j, k, c in paths)
    assert path_norm(*at_start(objective)) == pytest.approx(math.sqrt(total), rel=1e-12)


@pytest.mark.parametrize("key", ["mlp", "convnet"])
def test_rescaling_changes_the_largest_eigenvalue_and_neither_norm(key: str) -> None:
    """One layer times 3, the next divided by 3: the same function, product and path norm to rounding of float64, while
    λ_max is another. Each layer's own spectral norm is 3 times and a third."""
    objective = loss_of(build_network(key, (1, 8, 8), 3), 1, 8, 8)
    theta = objective.initial
    moved = rescaled(theta, objective.layout, 3.0)
    before, after = spectral_norms(objective, theta), spectral_norms(objective, moved)
    ratios = [after[name] / before[name] for name in before]
    assert ratios == pytest.approx([3, 1 / 3, *[1] * (len(ratios) - 2)], rel=1e-6)
    assert math.prod(after.values()) == pytest.approx(math.prod(before.values()), rel=1e-6)
    assert path_norm(objective, moved) == pytest.approx(path_norm(objective, theta), rel=1e-12)
    sharp = [float(top_eigenvalues(objective, point).values[0]) for point in (theta, moved)]
    assert sharp[1] > 1.5 * sharp[0] or sharp[1] < sharp[0] / 1.5
    doubled = theta * 2.0
    assert path_norm(objective, doubled) != pytest.approx(path_norm(objective, theta), rel=0.1)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("deep-tanh", "has Tanh between them"),
        ("vgg", "has GroupNorm between them"),
        ("resnet8", "this ResNet is no plain sequence of layers"),
    ],
)
def test_where_there_is_no_path_norm_that_is_said(key: str, words: str) -> None:
    objective = loss_of(build_network(key, (1, 8, 8), 3), 1, 8, 8)
    with pytest.raises(ValueError, match=words):
        path_norm(*at_start(objective))


def at_start(objective: NetworkLoss) -> tuple[NetworkLoss, torch.Tensor]:
    return objective, objective.initial
