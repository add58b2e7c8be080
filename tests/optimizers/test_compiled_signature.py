"""The compiled walk exists once: every kind of call meets the same machine code."""

import numpy as np

from geometry.surfaces import AnnularWell, TwoScaleQuadratic
from optimizers import LLQR, Method, NoProbe, compiled, simulate


def test_every_call_has_the_same_types():
    """Each further set of argument types would cost a first user, and every test run, a compilation of seconds."""
    ring = AnnularWell()
    pair = np.array([[4.9, 0.1], [4.8, 0.2]])
    for start in (None, pair[0], pair, np.broadcast_to(pair[0], (3, 2)), pair.astype(np.float32), pair[::-1]):
        for noise in (0.0, 1e-9):
            for method in ("SGDM", "SAM", "LLQR+SAM"):
                simulate(ring, method, start, 3, noise_variance=noise)
    simulate(ring, "SAM", pair, 3, learning_rate=np.array([0.01, 0.02]), radius=1, momentum=0, seed=np.arange(2))
    simulate(ring, "SAM", pair[0], 3, noise_variance=np.array([0.0, 1e-9, 1e-6]), record="summary")
    simulate(ring, Method(NoProbe(), LLQR("diagonal", decay=np.array([0.5, 0.9]), warm_start_scale=None)), pair, 3)
    simulate(TwoScaleQuadratic(), "LLQR+SAM", [[0.1], [0.2]], 3, noise_variance=1e-9)
    for kernel in (compiled.walk, compiled.warm_start):
        assert len(kernel.signatures) == 1, kernel.signatures
