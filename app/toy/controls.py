"""The table of controls: sliders, number fields, the link, the check of every request and the documentation read it.

Names that start with "surface." are the parameters of the chosen surface; `controls_of(surface)` adds them and the
start to the fixed ones. The link and posted requests use the names as keys.
"""

from __future__ import annotations

from functools import lru_cache

from app.state.control import ChoiceControl, Control, NumberControl
from app.toy.lens_controls import lens_controls
from app.toy.own_settings import Registered, own_controls, registered
from geometry.surface import Surface
from geometry.surfaces import SURFACES, make_surface

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

LECTURE = (
    ChoiceControl(
        "theme", "Theme", (("screen", "Screen"), ("projector", "Projector")), "screen",
        "Projector: large type, thick lines, high contrast.", "view",
    ),
    ChoiceControl(
        "panel", "Controls panel", (("shown", "Shown"), ("hidden", "Hidden")), "shown", "Whether controls are shown.",
        "view",
    ),
    ChoiceControl(
        "predict", "Prediction", (("off", "Off"), ("outcome", "Escapes or stays"), ("first", "Who is first")), "off",
        "Paths are hidden until the audience has guessed.", "view",
    ),
    ChoiceControl(
        "scenes", "Scenes", (("off", "No lecture"), ("lab", "The server’s"), ("own", "This browser’s")), "off",
        "The list of scenes that a lecture goes through.", "view",
    ),
    NumberControl(
        "scene", "", "Scene", 1, 60, 1, "The scene of the lecture that is shown.", "view", step=1, integer=True,
    ),
)  # fmt: skip
"""What a lecture adds to a page's view; it changes no number of a picture."""

VIEW = (
    NumberControl(
        "step", "t", "Step shown", 0, MAXIMUM_STEPS, MAXIMUM_STEPS, "The step that the players stand at.",
        "view", step=1, integer=True,
    ),
    NumberControl(
        "speed", "", "Speed", 1, 1000, 60, "Playback speed.", "view", "log", unit="steps/s",
    ),
    ChoiceControl("loop", "Loop", (("off", "Once"), ("on", "Loop")), "off", "Start again at the end.", "view"),
    ChoiceControl("scheme", "Colours", (("light", "Light"), ("dark", "Dark")), "light", "Light or dark.", "view"),
    *LECTURE,
    NumberControl("camera_x", "", "Camera x", -10, 10, -0.75, "Camera of the 3-D view.", "view", step=0.001),
    NumberControl("camera_y", "", "Camera y", -10, 10, -1.0, "Camera of the 3-D view.", "view", step=0.001),
    NumberControl("camera_z", "", "Camera z", -10, 10, 1.45, "Camera of the 3-D view.", "view", step=0.001),
)  # fmt: skip


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


def default_surface(key: str) -> Surface:
    """The surface with its own default parameters."""
    return make_surface(key)


def as_table() -> str:
    """The fixed controls as a Markdown table."""
    rows = ["| key | symbol | label | takes | default | unit | meaning |", "|---|---|---|---|---|---|---|"]
    for control in (SURFACE, *controls()):
        default = control.default if isinstance(control.default, str) else f"{control.default:g}"
        cells = (control.name, control.symbol, control.label, control.wants, default, control.unit, control.help)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
