"""The Lanczos process: a symmetric operator seen through a small tridiagonal matrix."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def lanczos(
    product: Callable[[np.ndarray], np.ndarray], start: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(diagonal (m,), off-diagonal (m−1,), basis (m, D)) of T = QᵀGQ after m ≤ steps products, Q from `start`.

    Every new vector is made orthogonal to all before it, twice: without that copies of found eigenvalues appear. Ends
    early where the Krylov space is exhausted.
    """
    length = np.linalg.norm(start)
    if not length > 0:
        raise ValueError("the Lanczos process needs a start that is not zero")
    basis = [start / length]
    diagonal: list[float] = []
    off_diagonal: list[float] = []
    size = 0.0
    for step in range(steps):
        image = product(basis[-1])
        diagonal.append(float(basis[-1] @ image))
        size = max(size, float(np.linalg.norm(image)))
        stacked = np.stack(basis)
        for _ in range(2):
            image = image - stacked.T @ (stacked @ image)
        rest = float(np.linalg.norm(image))
        if step == steps - 1 or rest <= 1e-10 * size:
            break
        off_diagonal.append(rest)
        basis.append(image / rest)
    return np.array(diagonal), np.array(off_diagonal), np.stack(basis)
