"""Data made harder on purpose: inputs in badly chosen units, labels drawn at random, and nothing but such labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geometry.datasets.dataset import Dataset

# torch is imported where it is used: the table of data sets is read by processes that never make one.
LARGEST_UNIT, SMALLEST_UNIT = 10.0, 0.03
DROPPED = 0.3


def scale_inputs(data: Dataset, seed: int = 0) -> Dataset:
    """Every feature x_j times a unit s_j, with s spread evenly in log s from 10 to 0.03 and dealt out by `seed`.

    The Hessian's block of the first layer is that of x x^T, so that its condition grows with (10/0.03)². Nothing is
    lost: a first layer divided by the units gives the same network. ValueError for inputs that are no numbers to scale.
    """
    import torch

    if not data.inputs.is_floating_point():
        raise ValueError(f"the inputs of {data.title} are {data.kind}: they have no units to scale")
    count = data.inputs[0].numel()
    units = np.geomspace(LARGEST_UNIT, SMALLEST_UNIT, count)[np.random.default_rng(seed).permutation(count)]
    scale = torch.from_numpy(units).to(data.inputs).reshape(data.input_shape)
    return replace(data, inputs=data.inputs * scale, test_inputs=data.test_inputs * scale)


def randomise_labels(data: Dataset, share: float, seed: int = 0) -> Dataset:
    """A share of the training labels, chosen with `seed`, drawn anew among all classes alike; test labels stay true.

    Of C classes one in C of the new labels is the true one by chance. ValueError for a share outside [0, 1].
    """
    import torch

    if not 0 <= share <= 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    generator = np.random.default_rng(np.random.SeedSequence([seed, data.targets.numel()]))
    targets = data.targets.flatten().clone()
    chosen = torch.from_numpy(generator.permutation(targets.numel())[: round(share * targets.numel())])
    drawn = torch.from_numpy(generator.integers(0, data.classes, chosen.numel()))
    targets[chosen.to(targets.device)] = drawn.to(targets)
    return replace(data, targets=targets.reshape(data.targets.shape))


def double_with_random_labels(data: Dataset, dropped: float = DROPPED, seed: int = 0) -> Dataset:
    """The training half twice, its second copy with a share `dropped` of the features of each example set to zero, and
    all of the 2n labels drawn at random; the test half stays.

    There is nothing to be learned of it but by heart: weights fitted to it are the bad start of Liu, Papailiopoulos and
    Achlioptas, "Bad global minima exist and SGD can reach them" (2020). ValueError for a share outside [0, 1].
    """
    import torch

    if not 0 <= dropped <= 1:
        raise ValueError(f"dropped must lie between 0 and 1, got {dropped}")
    generator = np.random.default_rng(np.random.SeedSequence([seed, data.inputs[0].numel()]))
    kept = torch.from_numpy(generator.random(tuple(data.inputs.shape), dtype=np.float32) >= dropped)
    second = data.inputs * kept.to(data.inputs)
    inputs, targets = torch.cat([data.inputs, second]), torch.cat([data.targets, data.targets])
    return randomise_labels(replace(data, inputs=inputs, targets=targets), 1.0, seed)
