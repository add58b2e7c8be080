"""Every block structure: its pull-back is the transpose of its derivative, its identity is one, its matrix is U."""

import numpy as np
import pytest
import torch

from geometry.objective import Block, Layout
from optimizers.structures import EKFAC, KFAC, STRUCTURES, Dense, structure_named

# A linear layer, a convolution, a normalisation and an embedding: every kind of block.
LAYOUT = Layout(
    (
        Block("fc.weight", (4, 3), 0, 12, "kernel", "fc"),
        Block("fc.bias", (4,), 12, 16, "bias", "fc"),
        Block("conv.weight", (2, 3, 2, 2), 16, 40, "kernel", "conv"),
        Block("norm.weight", (3,), 40, 43, "scale", "norm"),
        Block("words.weight", (5, 2), 43, 53, "embedding", "words"),
    )
)
EVERY = [*STRUCTURES.values(), KFAC(largest_factor=4), EKFAC(largest_factor=4)]
TOLERANCE = 1e-12  # float64 sums of a few dozen terms of order one


def name_of(structure):
    return structure.name + (" with diagonal factors" if getattr(structure, "largest_factor", None) else "")


def drawn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def random_leaves(structure, walkers):
    like = torch.zeros(*walkers, LAYOUT.dimension, dtype=torch.float64)
    return {k: leaf + drawn(n, *leaf.shape) for n, (k, leaf) in enumerate(structure.identity(LAYOUT, like).items())}


@pytest.mark.parametrize("walkers", [(), (2,), (2, 3)], ids=str)
@pytest.mark.parametrize("structure", EVERY, ids=name_of)
def test_pull_back_is_the_vector_jacobian_product(structure, walkers):
    v, cotangent = drawn(100, *walkers, LAYOUT.dimension), drawn(101, *walkers, LAYOUT.dimension)
    leaves = {k: leaf.requires_grad_() for k, leaf in random_leaves(structure, walkers).items()}
    value = (cotangent * structure.product(LAYOUT, leaves, v)).sum()
    wanted = dict(zip(leaves, torch.autograd.grad(value, list(leaves.values())), strict=True))
    given = structure.pull_back(LAYOUT, {k: leaf.detach() for k, leaf in leaves.items()}, v, cotangent)
    assert given.keys() == wanted.keys()
    for name, leaf in wanted.items():
        assert given[name].shape == leaf.shape
        torch.testing.assert_close(given[name], leaf, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("walkers", [(), (4,)], ids=str)
@pytest.mark.parametrize("structure", EVERY, ids=name_of)
def test_identity_is_the_scale_and_the_matrix_is_the_product(structure, walkers):
    v = drawn(7, *walkers, LAYOUT.dimension)
    leaves = structure.identity(LAYOUT, v, scale=0.25)
    torch.testing.assert_close(structure.product(LAYOUT, leaves, v), 0.25 * v, rtol=TOLERANCE, atol=0)
    leaves = random_leaves(structure, walkers)
    u = structure.matrix(LAYOUT, leaves)
    assert u.shape == (*walkers, LAYOUT.dimension, LAYOUT.dimension)
    through_matrix = (u @ v[..., None])[..., 0]
    torch.testing.assert_close(structure.product(LAYOUT, leaves, v), through_matrix, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("structure", EVERY, ids=name_of)
def test_numpy_and_torch_agree(structure):
    v = drawn(3, LAYOUT.dimension)
    leaves = random_leaves(structure, ())
    there = structure.product(LAYOUT, leaves, v).numpy()
    here = structure.product(LAYOUT, {k: leaf.numpy() for k, leaf in leaves.items()}, v.numpy())
    np.testing.assert_allclose(here, there, rtol=TOLERANCE, atol=TOLERANCE)


def test_the_kronecker_identity_shares_the_scale_between_its_factors():
    """The authors' code puts the whole scale into both factors, so its kernels begin at scale²."""
    leaves = KFAC().identity(LAYOUT, drawn(1, LAYOUT.dimension), scale=0.25)
    torch.testing.assert_close(leaves["fc.weight.A"], 0.5 * torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(leaves["fc.weight.B"], 0.5 * torch.eye(4, dtype=torch.float64))


def test_dense_without_a_floor_is_left_as_it_is():
    u = {"theta": drawn(5, 3, 3)}
    assert Dense().project(u, 0.0)["theta"] is u["theta"]
    assert not torch.equal(Dense().project(u, 1e-8)["theta"], u["theta"])


def test_an_unknown_structure_is_refused_with_the_names():
    with pytest.raises(ValueError, match="dense, diagonal, scalar, kfac, e-kfac"):
        structure_named("kfca")
