"""A bad start: weights that know random labels by heart, from which a network is then to learn the true ones.

    first = fit_random_labels(objective, data, learning_rate=0.1, seed=0)
    for _ in range(4000):
        first.advance("SGDM")
    objective = objective.starting_at(first.state("SGDM").position, first.state("SGDM").buffers)

Liu, Papailiopoulos and Achlioptas, "Bad global minima exist and SGD can reach them" (2020), reach by it minima of the
true loss that generalise badly: on a network it is what a pothole is in the plane.
"""

from __future__ import annotations

from geometry.datasets import Dataset, double_with_random_labels
from geometry.networks import NetworkLoss
from optimizers.methods import Method
from optimizers.training import Training

BATCH = 128
MOMENTUM = 0.9
METHOD = "SGDM"


def fit_random_labels(objective: NetworkLoss, data: Dataset, learning_rate: float = 0.1, seed: int = 0) -> Training:
    """A training of the objective's network by SGDM, from its `initial`, on the data's training half twice over with
    random labels (see `double_with_random_labels`); labels, mini-batches and dropout are drawn by `seed`.

    objective: the loss over `data`, of which it keeps label smoothing and device. ValueError for data without classes.
    """
    nonsense = double_with_random_labels(data, seed=seed)
    fitted = objective.with_batch(nonsense.inputs, nonsense.targets)
    return Training(
        fitted, {METHOD: Method()}, batch_size=BATCH, learning_rate=learning_rate, momentum=MOMENTUM, seed=seed
    )
