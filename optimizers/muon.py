"""Muon: steps of hidden matrices made nearly orthogonal; every other parameter has an outer rule of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

from array_api_compat import array_namespace

from geometry.objective import Block, Layout
from optimizers.about import About, Source
from optimizers.broadcasting import expand_trailing
from optimizers.capabilities import OuterCapabilities
from optimizers.outer import Descent, Outer, decayed
from optimizers.structures.kronecker import as_matrix, sides

Array = Any
POLYNOMIAL = (3.4445, -4.7750, 2.0315)
"""a, b, c of X ← a X + (b XXᵀ + c (XXᵀ)²) X: steep at 0 rather than exact at 1."""
STEPS = 5


@dataclass(frozen=True)
class Muon:
    """m ← β m + (1−β) u;  n = (1−β) u + β m;  θ ← θ − η √max(1, out/in) NS₅(n) for each kernel, as (out, in).

    NS₅: `newton_schulz`, after which the singular values lie between about 0.5 and 1.5. λ_w θ is added to the step of a
    kernel (decoupled). What is no kernel (biases, embeddings, a toy's vector) steps by `others`, plain descent unless
    told otherwise; `all_kernels=False` leaves the last kernel to it as well, as the authors advise.

    Jordan, "Muon" (github.com/KellerJordan/Muon, 857d1ad), there in bfloat16; here in the type of θ.
    """

    beta: Any = 0.95
    others: Outer = field(default_factory=Descent)
    all_kernels: bool = True
    capabilities: ClassVar = OuterCapabilities(array_fields=("beta",))
    about: ClassVar = About(
        what="Makes the step of every hidden matrix nearly orthogonal, so that all of its directions move alike; all "
        "other parameters step by a rule of their own.",
        sources=(
            Source("Jordan, Muon: an optimizer for hidden layers (2024)", "https://kellerjordan.github.io/posts/muon/"),
            Source("KellerJordan/Muon 857d1ad", "https://github.com/KellerJordan/Muon"),
        ),
        settings={
            "beta": "β: how slowly the average of u follows",
            "others": "the outer rule of what is no hidden matrix",
            "all_kernels": "whether the last matrix, which makes the outputs, is treated like the others",
        },
        state="m, one number for each parameter, and what the other rule keeps",
        cost="Fifteen products of matrices a step for each hidden matrix.",
        identities=(
            "β = 0 makes u itself orthogonal, without momentum.",
            "The length of the gradient does not matter: u and 10u give the same step.",
        ),
        traps=(
            "Five Newton–Schulz steps leave singular values between about 0.5 and 1.5; they do not make them 1.",
            "The released code multiplies matrices in bfloat16; here they have the type of θ.",
            "It is for hidden matrices: embeddings, the last layer and biases go by AdamW in the authors’ runs.",
        ),
    )

    def __post_init__(self) -> None:
        if getattr(self.beta, "ndim", 0) == 0 and not 0 <= self.beta < 1:
            raise ValueError(f"beta must be at least 0 and below 1, not {self.beta!r}")

    def formula(self) -> tuple[str, str]:
        """The average, and the step of a kernel."""
        return "m ← βm + (1−β)u", "θ ← θ − η√max(1, out/in)·NS₅((1−β)u + βm) for kernels"

    def start(self, theta: Array) -> dict[str, Any]:
        """m = 0, and what the other rule keeps."""
        return {"m": array_namespace(theta).zeros_like(theta), "others": self.others.start(theta)}

    def step(
        self, theta: Array, direction: Array, state: dict[str, Any], settings: Any, index: int, layout: Layout
    ) -> tuple[Array, dict[str, Any]]:
        """One step."""
        xp, beta = array_namespace(theta), expand_trailing(self.beta)
        rest, others = self.others.step(theta, direction, state["others"], settings, index, layout)
        m = beta * state["m"] + (1 - beta) * direction
        ahead = (1 - beta) * direction + beta * m
        chosen, parts = self.kernels(layout), []
        for block in layout.blocks:
            inside = slice(block.start, block.stop)
            if block not in chosen:
                parts.append(rest[..., inside])
                continue
            rows, columns = sides(block)
            orthogonal = newton_schulz(as_matrix(block, ahead)) * math.sqrt(max(1.0, rows / columns))
            step = xp.reshape(orthogonal, (*theta.shape[:-1], block.size))
            own = decayed(step, settings.weight_decay, theta[..., inside])
            parts.append(theta[..., inside] - expand_trailing(settings.learning_rate) * own)
        return (parts[0] if len(parts) == 1 else xp.concat(parts, axis=-1)), {"m": m, "others": others}

    def kernels(self, layout: Layout) -> tuple[Block, ...]:
        """The blocks that it orthogonalises."""
        found = tuple(b for b in layout.blocks if b.kind == "kernel" and len(b.shape) >= 2)
        return found if self.all_kernels else found[:-1]


def newton_schulz(matrix: Array) -> Array:
    """Five steps of the quintic iteration on M / (‖M‖_F + 1e-7), (..., m, n): near U Vᵀ of M = U S Vᵀ; 0 stays 0."""
    xp, (a, b, c) = array_namespace(matrix), POLYNOMIAL
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = xp.matrix_transpose(matrix) if tall else matrix
    x = x / (xp.sqrt(xp.sum(x * x, axis=(-2, -1), keepdims=True)) + 1e-7)
    for _ in range(STEPS):
        square = xp.matmul(x, xp.matrix_transpose(x))
        x = a * x + xp.matmul(b * square + c * xp.matmul(square, square), x)
    return xp.matrix_transpose(x) if tall else x
