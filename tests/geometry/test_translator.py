"""The transformer from one sequence to another: what it may look at, and that a loss on it bends."""

from __future__ import annotations

import pytest
import torch

from geometry.architectures import parameter_count
from geometry.architectures.translator import Translator
from geometry.networks import NetworkLoss


@pytest.fixture
def module() -> Translator:
    torch.manual_seed(0)
    return Translator(9, 7, source_length=6, target_length=5, width=8, blocks=2, heads=2).double().eval()


SOURCE = torch.tensor([[1, 2, 3, 0, 0, 0], [4, 5, 6, 7, 8, 1]])
GIVEN = torch.tensor([[0, 3, 2, 5, 6], [0, 1, 4, 4, 2]])


def test_shape_and_count(module):
    assert module(SOURCE, GIVEN).shape == (2, 5, 7)
    w, inner = 8, 32
    dense = w * inner + inner + inner * w + w
    block = 3 * (w * w + w) + w * w + w + dense + 2 * 2 * w
    across = 4 * (w * w + w) + 2 * w
    assert parameter_count(module) == (9 + 6 + 7 + 5) * w + 4 * block + 2 * across + 2 * 2 * w + 7 * w + 7


def test_a_word_depends_on_no_later_one(module):
    other = GIVEN.clone()
    other[:, 3:] = 1
    one, two = module(SOURCE, GIVEN), module(SOURCE, other)
    assert torch.allclose(one[:, :3], two[:, :3], atol=1e-12)
    assert not torch.allclose(one[:, 3:], two[:, 3:])


def test_padding_of_the_source_is_not_read(module):
    longer = module(SOURCE[:1], GIVEN[:1])
    assert torch.allclose(longer, module(SOURCE[:1, :3], GIVEN[:1]), atol=1e-12)
    assert not torch.allclose(longer, module(SOURCE[1:], GIVEN[:1])), "what is no padding is read"


def test_its_loss_has_second_derivatives(module):
    wanted = torch.tensor([[3, 2, 5, 6, 1], [1, 4, 4, -100, -100]])
    loss = NetworkLoss(module, (SOURCE, GIVEN), wanted, label_smoothing=0.1)
    loss.check(curvature=True)
    assert loss.count == 8


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="width 8 must be a multiple of heads 3"):
        Translator(3, 3, 2, 2, width=8, heads=3)
