"""The sharpness that a run reads on its way, against an eigenvalue with a residual."""

from __future__ import annotations

import pytest
import torch

from app.network.kinds import TRAIN
from app.network.training.session import TrainingSession
from app.network.training.sharpness import EXAMPLES, read_sharpness
from geometry.curvature import top_eigenvalues

pytestmark = pytest.mark.slow


def test_it_is_the_largest_eigenvalue_from_below() -> None:
    session = TrainingSession(TRAIN.validate({"network": "mlp", "data": "digits", "methods": ["SGDM", "SAM"]}))
    for _ in range(40):
        session.training.step()
    for name in session.training.names:
        said = session.read_sharpness(name)["sharpness"]
        objective, theta = session.half("train", EXAMPLES), session.training.state(name).position
        exact = float(top_eigenvalues(objective, theta, tolerance=1e-4).values[0])
        assert 0.85 * exact <= said <= exact * (1 + 1e-4), name
    nowhere = torch.full_like(session.objective.initial, torch.nan)
    assert read_sharpness(session.half("train", EXAMPLES), nowhere) == {}
