"""The table of controls: sliders, number fields, the link, the check of every request and the documentation read it.

Names that start with "surface." are the parameters of the chosen surface, names that start with "own_" a method's own
settings, for a comparison in which every method is at its best. `controls_of(surface)` are all of them while a surface
is shown. The link and posted requests use the names as keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.components.view_controls import LECTURE, SCHEME
from app.state.control import ChoiceControl, Control, NamesControl, NumberControl, mark
from geometry.surface import Surface
from geometry.surfaces import SURFACES
from optimizers import METHODS

MAXIMUM_STEPS = 3000
START_STEP = 1e-6
"""Grid of the start's coordinates: fine enough to stand on the bottom of a well."""

SURFACE = ChoiceControl(
    "surface", "Surface", tuple((key, kind.title) for key, kind in SURFACES.items()), "annular-well",
    "The loss L(θ) that the methods descend.", "surface",
)  # fmt: skip

WALK = (
    NumberControl("learning_rate", "η", "Learning rate", 1e-5, 1.0, 0.0165, "Step size: θ ← θ − ηv.", "walk", "log"),
    NumberControl(
        "radius", "ρ", "Probe radius", 0.0, 3.0, 0.30,
        "How far SAM looks ahead: the gradient is taken at θ + ε with ‖ε‖ = ρ.", "walk", step=0.01,
    ),
    NumberControl("momentum", "μ", "Momentum", 0.0, 0.99, 0.9, "Heavy ball: v ← μv + Ug.", "walk", step=0.01),
    NumberControl(
        "noise_variance", "σ²", "Gradient noise variance", 0.0, 1.0, 0.0,
        "Variance of the Gaussian noise added to each coordinate of the outer gradient, the same for all methods.",
        "walk", "log or zero", smallest=1e-15,
    ),
    NumberControl("steps", "T", "Steps", 10, MAXIMUM_STEPS, 600, "Number of steps.", "walk", step=10, integer=True),
    NumberControl("seed", "", "Seed", 0, 9999, 0, "Seed of the noise.", "walk", step=1, integer=True),
    ChoiceControl(
        "probe_norm", "Probe norm", (("euclidean", "‖ε‖ = ρ"), ("matrix", "√(gᵀUg)")), "euclidean",
        "The norm that scales SAM's probe to ρ: Euclidean, or √(gᵀUg) with the learned U.", "walk",
    ),
)  # fmt: skip

PRECONDITIONER = (
    NumberControl(
        "decay", "β", "Decay", 0.0, 0.999, 0.95,
        "How slowly U follows what a refresh learns: U ← βU + (1 − β)U_T.", "preconditioner", step=0.001,
    ),
    NumberControl(
        "refresh_every", "k", "Refresh interval", 1, 200, 10, "U is learned anew every k steps.",
        "preconditioner", step=1, unit="steps", integer=True,
    ),
    NumberControl(
        "damping", "λ", "Damping", 0.0, 100.0, 0.0, "Added to the curvature that U learns from: H + λI.",
        "preconditioner", "log or zero", smallest=1e-4,
    ),
    ChoiceControl(
        "structure", "Structure of U", (("dense", "Dense"), ("diagonal", "Diagonal"), ("scalar", "Scalar")), "dense",
        "Which matrices U may be.", "preconditioner",
    ),
    NumberControl(
        "warm_start_scale", "σ", "Warm-start scale", 0.0, 4.0, 2.0,
        "U starts from what LLQR learns in a Gaussian neighbourhood of this width; 0 starts from U = I.",
        "preconditioner", step=0.05,
    ),
)  # fmt: skip

Own = tuple[tuple[str, float, float | None], ...]
"""(method, learning rate, radius) for each method; the radius None where it has none."""

TUNING = ChoiceControl(
    "tuning", "Learning rate and radius", (("equal", "Equal"), ("own", "Each its own")), "equal",
    "Equal: all methods walk with the η and ρ above. Each its own: with those below, such as the best of each.", "own",
)  # fmt: skip


def own_key(quantity: str, name: str) -> str:
    """The control's name: "own_rate.LLQR-SAM". A plus sign typed by hand into a link would arrive as a space."""
    return f"own_{quantity}.{name.replace('+', '-')}"


def _rate(name: str) -> NumberControl:
    return NumberControl(
        own_key("rate", name), "η", f"{name}", 1e-5, 1.0, 0.0165, f"Learning rate of {name}, where each has its own.",
        "own", "log",
    )  # fmt: skip


def _radius(name: str) -> NumberControl:
    return NumberControl(
        own_key("radius", name), "ρ", f"{name}", 0.0, 3.0, 0.30, f"Probe radius of {name}, where each has its own.",
        "own", step=0.01,
    )  # fmt: skip


Registered = tuple[tuple[str, bool], ...]


def registered() -> Registered:
    """(name, whether it has a radius) of every method, as the registry is now."""
    return tuple((name, method.tunable("radius") is not None) for name, method in METHODS.items())


def own_controls(methods: Registered) -> tuple[Control, ...]:
    """The controls of these methods' own settings, in the table's order."""
    each = (control for name, probing in methods for control in (_rate(name), *([_radius(name)] if probing else [])))
    return TUNING, *each


def own_of(state: Mapping[str, Any]) -> Own:
    """The methods' own settings in a state; none where all are equal."""
    if state.get("tuning") != "own":
        return ()
    return tuple((name, state[own_key("rate", name)], state.get(own_key("radius", name))) for name in METHODS)


STAGES = ("gradient", "ball", "probe", "outer", "direction", "velocity", "step")
"""The vectors of one step, in the order in which they come to be."""

ANATOMY = ChoiceControl(
    "anatomy", "Anatomy of a step", (("off", "Off"), ("on", "On")), "off",
    "Draws the vectors of the step shown one by one: N shows the next, Shift+N takes it back.", "lens",
)  # fmt: skip
ANATOMY_STAGE = NumberControl(
    "anatomy_stage", "", "Vectors shown", 0, len(STAGES), len(STAGES), "How many of the vectors are drawn.",
    "lens", step=1, integer=True,
)  # fmt: skip


def anatomy_method() -> ChoiceControl:
    """Whose step is taken apart: any method, as the registry is now."""
    return ChoiceControl(
        "anatomy_method", "Anatomy of", tuple((name, f"Step of {name}") for name in METHODS), "LLQR+SAM",
        "The method whose step is taken apart.", "lens",
    )  # fmt: skip


MOST_WALKERS = 256
CLOUD = (
    NumberControl(
        "cloud", "W", "Cloud of walkers", 0, MOST_WALKERS, 0,
        "So many walkers of each method at once, each with noise of its own; 0 draws none.", "lens",
        step=16, integer=True,
    ),
    NumberControl(
        "cloud_spread", "", "Spread of their starts", 0.0, 0.2, 0.01,
        "Standard deviation of the cloud’s starts around the start, as a part of the domain’s longest side.", "lens",
        step=0.005,
    ),
)  # fmt: skip

COST = ChoiceControl(
    "cost", "Cost in", (("steps", "Steps"), ("evaluations", "Gradients"), ("seconds", "Seconds")), "steps",
    "The unit of charts, playback and table: steps, gradient evaluations (curvature products count), or seconds.",
    "lens",
)  # fmt: skip


def lens_controls() -> tuple[Control, ...]:
    """All of them, in the table's order."""
    return mark((COST, *CLOUD, ANATOMY, anatomy_method(), ANATOMY_STAGE), role="view", kept=True)


VIEW = (
    *mark(
        (
            NumberControl(
                "step", "t", "Step shown", 0, MAXIMUM_STEPS, MAXIMUM_STEPS, "The step that the players stand at.",
                "view", step=1, integer=True,
            ),
        ),
        role="view",
    ),
    *mark(
        (
            NumberControl("speed", "", "Speed", 1, 1000, 60, "Playback speed.", "view", "log", unit="steps/s"),
            ChoiceControl("loop", "Loop", (("off", "Once"), ("on", "Loop")), "off", "Start again at the end.", "view"),
        ),
        role="view",
        kept=True,
    ),
    SCHEME,
    *LECTURE,
    *mark(
        (
            NumberControl("camera_x", "", "Camera x", -10, 10, -0.75, "Camera of the 3-D view.", "view", step=0.001),
            NumberControl("camera_y", "", "Camera y", -10, 10, -1.0, "Camera of the 3-D view.", "view", step=0.001),
            NumberControl("camera_z", "", "Camera z", -10, 10, 1.45, "Camera of the 3-D view.", "view", step=0.001),
        ),
        role="view",
    ),
)  # fmt: skip


def shown_methods() -> NamesControl:
    """Which methods are shown, as the registry is now."""
    names = tuple(METHODS)
    return NamesControl("methods", "The methods", names, names, "The methods that walk.", "methods", kept=True)


def controls() -> tuple[Control, ...]:
    """The controls that every surface shares; those of the methods follow the registry."""
    return _controls(registered())


@lru_cache(maxsize=8)
def _controls(methods: Registered) -> tuple[Control, ...]:
    return (*WALK, *own_controls(methods), *PRECONDITIONER, *lens_controls(), *VIEW)


@lru_cache(maxsize=64)
def surface_controls(key: str) -> tuple[NumberControl, ...]:
    """The parameters of a surface as controls, named "surface.<parameter>"."""
    return tuple(
        NumberControl(
            f"surface.{p.name}", p.symbol, p.label, p.minimum, p.maximum, p.default, p.help, "surface",
            scale=p.scale, step=p.step,
        )
        for p in SURFACES[key].parameters
    )  # fmt: skip


@lru_cache(maxsize=256)
def start_controls(surface: Surface) -> tuple[NumberControl, ...]:
    """The start's coordinates as controls, within the surface's domain."""
    coordinates = []
    names = (("x", "θ"),) if surface.dimension == 1 else (("x", "θ₁"), ("y", "θ₂"))
    for (axis, symbol), (low, high), default in zip(names, surface.domain, surface.default_start, strict=True):
        coordinates.append(
            NumberControl(
                f"start_{axis}", symbol, "Start", float(low), float(high), round(float(default), 6),
                "Where all methods start; click the map to set it.", "start", step=START_STEP,
            )
        )  # fmt: skip
    return tuple(coordinates)


def controls_of(surface: Surface) -> tuple[Control, ...]:
    """All controls while this surface is shown."""
    return (*surface_controls(surface.key), *start_controls(surface), *controls())


def as_table() -> str:
    """The fixed controls as a Markdown table."""
    rows = ["| key | symbol | label | takes | default | unit | meaning |", "|---|---|---|---|---|---|---|"]
    for control in (SURFACE, *controls()):
        default = control.default if isinstance(control.default, str) else f"{control.default:g}"
        cells = (control.name, control.symbol, control.label, control.wants, default, control.unit, control.help)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
