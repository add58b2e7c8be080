"""The controls of LLQR's U, and settings of them that are one click away."""

from __future__ import annotations

from app.network.setting_rows import choice_of, number_of
from app.network.training.settings import CHOICES, NUMBERS
from app.state.control import Control
from app.state.schema import State

PRECONDITIONER: tuple[Control, ...] = (
    choice_of(
        name="structure",
        label="Structure of U",
        options={"diagonal": "Diagonal", "scalar": "One number per layer", "kfac": "K-FAC", "e-kfac": "E-KFAC"},
        text="What kind of matrix U is in each layer. K-FAC multiplies a layer’s weights from both sides, and learns "
        "far faster than a diagonal.",
        group="preconditioner",
    ),
    choice_of(
        name="metric",
        label="Metric",
        options={"newton": "Newton", "ngd": "Natural gradient, sum", "ngd-mean": "Natural gradient, mean"},
        text="The curvature that U learns from: the Hessian, or the Fisher matrix, summed over the refresh batch as "
        "the authors have it or averaged.",
        group="preconditioner",
    ),
    number_of(
        name="refresh_every",
        symbol="k",
        label="Refresh interval",
        low=1,
        high=1000,
        text="U is learned anew every k steps. A refresh costs as much as about a hundred steps of SGDM.",
        group="preconditioner",
        step=1,
        unit="steps",
    ),
    number_of(
        "refresh_size", "", "Refresh batch", 16, 1024, "Examples that U is learned on.", "preconditioner", step=16
    ),
    number_of(
        name="decay",
        symbol="β",
        label="Decay",
        low=0.0,
        high=0.999,
        text="How slowly U follows a refresh: U ← βU + (1 − β)U_T. At 0.95 it takes 20 refreshes.",
        group="preconditioner",
        step=0.001,
    ),
    number_of(
        name="inner_steps",
        symbol="T_U",
        label="Inner steps",
        low=0,
        high=200,
        text="Steps on the cost of U in each refresh, one curvature product each. 0 leaves U at the identity.",
        group="preconditioner",
        step=1,
    ),
    number_of(
        name="inner_learning_rate",
        symbol="η_U",
        label="Inner learning rate",
        low=1e-4,
        high=1.0,
        text="Step size of the inner steps.",
        group="preconditioner",
        scale="log",
    ),
    choice_of(
        name="solver",
        label="Inner solver",
        options={"momentum": "Momentum", "sgd": "Gradient descent", "adam": "Adam"},
        text="What makes the inner steps. Adam gives all of a factor’s entries the same step, and spoils K-FAC.",
        group="preconditioner",
    ),
    number_of(
        name="damping",
        symbol="λ",
        label="Damping",
        low=0.0,
        high=100.0,
        text="Added to the curvature that U learns from.",
        group="preconditioner",
        scale="log or zero",
        smallest=1e-4,
    ),
    number_of(
        name="clip",
        symbol="c",
        label="Clip",
        low=0.0,
        high=1000.0,
        text="Largest norm of an inner gradient, for each array of U by itself; 0 for no clipping.",
        group="preconditioner",
        scale="log or zero",
        smallest=1e-3,
    ),
    choice_of(
        name="probe_norm",
        label="Probe norm",
        options={"euclidean": "‖ε‖ = ρ", "matrix": "√(gᵀUg)"},
        text="What scales the probe of LLQR+SAM to ρ: the Euclidean norm of ε, or √(gᵀUg) with the learned U.",
        group="preconditioner",
    ),
)
SHORT_RUN = {name: CHOICES[name][1] for name in ("structure", "metric", "solver", "probe_norm")} | {
    name: NUMBERS[name].default for name in ("refresh_every", "decay", "inner_steps", "inner_learning_rate", "clip")
}
THE_PAPERS = {**SHORT_RUN, "structure": "diagonal", "refresh_every": 1000, "decay": 0.95, "inner_steps": 50}
SETTINGS_OF_U: dict[str, tuple[str, State, str]] = {
    "short": (
        "For short runs",
        {**SHORT_RUN, "damping": 0.0},
        "For a run of some hundred steps: Kronecker factors, five refreshes of which each counts for 20 %.",
    ),
    "paper": (
        "The paper’s",
        {**THE_PAPERS, "damping": 0.0},
        "The paper’s settings do nothing in 500 steps: U is learned once (k = 1000), its 50 inner steps are short "
        "beside 1/λmax, and 5 % of what is learned is kept (β = 0.95). The table of methods says how far U turns the "
        "gradient: cos(Ug, g) and ‖Ug‖/‖g‖ stay at 1.",
    ),
}
"""Settings of U that are one click away: title, values, and what to expect of them."""
