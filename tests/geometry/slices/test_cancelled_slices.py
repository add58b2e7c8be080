"""A slice of a large network is cancelled while it is at one point."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from geometry.architectures import build_network
from geometry.networks import NetworkLoss
from geometry.slices import progressive_slice, slice_plane
from geometry.slices.points import BLOCK, point_losses


@pytest.mark.parametrize(("name", "method"), [("resnet8", "loop"), ("convnet", "chain")])
def test_a_slice_is_cancelled_between_two_blocks_of_a_point_s_examples(name: str, method: str) -> None:
    module = build_network(name, (1, 8, 8), 10)
    objective = NetworkLoss(module, torch.rand(2 * BLOCK + 1, 1, 8, 8), torch.arange(2 * BLOCK + 1) % 10)
    plane = slice_plane(objective, objective.initial, axes=1)
    assert point_losses(objective, plane).method == method
    looks: list[int] = []

    def cancel() -> None:
        looks.append(1)
        if len(looks) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(progressive_slice(objective, plane, np.linspace(-1, 1, 3), between=cancel))
