"""The table of controls: sliders, number fields, the link, the check of every request and the documentation read it.

Names that start with "surface." are parameters of the chosen surface, with "own_" a method's own settings (each at its
best); `controls_of(surface)` are all while a surface is shown. The link and posted requests use the names as keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.components.view_controls import LECTURE, SCHEME
from app.state.control import ChoiceControl, Control, NamesControl, NumberControl, TextControl, mark, matching
from app.state.markdown import write_markdown
from app.toy.inspector_controls import CLOUD, PACE, STEP_AXIS
from app.toy.pits import PITS
from geometry.surface import Surface, SurfaceText
from geometry.surfaces import SURFACES
from optimizers.methods import METHODS, toy_methods

MAXIMUM_STEPS = 3000
START_STEP = 1e-6
"""Grid of the start's coordinates: fine enough to stand on the bottom of a well."""


def surface_choice() -> ChoiceControl:
    """Which surface is shown, as the registry is now."""
    return ChoiceControl(
        name="surface",
        label="Surface",
        options=tuple((key, kind.title) for key, kind in SURFACES.items()),
        default="annular-well",
        help="The loss L(θ) that the methods descend.",
        group="surface",
    )


WALK = (
    NumberControl("learning_rate", "η", "Learning rate", 1e-5, 1.0, 0.0165, "Step size: θ ← θ − ηv.", "main", "log"),
    NumberControl(
        name="radius",
        symbol="ρ",
        label="Probe radius",
        minimum=0.0,
        maximum=3.0,
        default=0.30,
        help="How far SAM looks ahead: the gradient is taken at θ + ε with ‖ε‖ = ρ.",
        group="main",
        step=0.01,
    ),
    NumberControl("momentum", "μ", "Momentum", 0.0, 0.99, 0.9, "Heavy ball: v ← μv + Ug.", "walk", step=0.01),
    NumberControl(
        name="noise_variance",
        symbol="σ²",
        label="Noise variance",
        minimum=0.0,
        maximum=1.0,
        default=0.0,
        help="Variance of the Gaussian noise added to each coordinate of the outer gradient, the same for all methods.",
        group="main",
        scale="log or zero",
        smallest=1e-15,
        travel="root",
    ),
    NumberControl("steps", "T", "Steps", 10, MAXIMUM_STEPS, 600, "Number of steps.", "walk", step=10, integer=True),
    NumberControl("seed", "", "Seed", 0, 9999, 0, "Seed of the noise.", "walk", step=1, integer=True),
    ChoiceControl(
        name="probe_norm",
        label="Probe norm",
        options=(("euclidean", "‖ε‖ = ρ"), ("matrix", "√(gᵀUg)")),
        default="euclidean",
        help="The norm that scales SAM’s probe to ρ: Euclidean, or √(gᵀUg) with the learned U.",
        group="walk",
    ),
)

PRECONDITIONER = (
    NumberControl(
        name="decay",
        symbol="β",
        label="Decay",
        minimum=0.0,
        maximum=0.999,
        default=0.95,
        help="How slowly U follows what a refresh learns: U ← βU + (1 − β)U_T.",
        group="preconditioner",
        step=0.001,
    ),
    NumberControl(
        name="refresh_every",
        symbol="k",
        label="Refresh interval",
        minimum=1,
        maximum=200,
        default=10,
        help="U is learned anew every k steps.",
        group="preconditioner",
        step=1,
        unit="steps",
        integer=True,
    ),
    NumberControl(
        name="damping",
        symbol="λ",
        label="Damping",
        minimum=0.0,
        maximum=100.0,
        default=0.0,
        help="Added to the curvature that U learns from: H + λI.",
        group="preconditioner",
        scale="log or zero",
        smallest=1e-4,
    ),
    ChoiceControl(
        name="structure",
        label="Structure of U",
        options=(("dense", "Dense"), ("diagonal", "Diagonal"), ("scalar", "Scalar")),
        default="dense",
        help="Which matrices U may be.",
        group="preconditioner",
    ),
    NumberControl(
        name="warm_start_scale",
        symbol="σ",
        label="Warm-start scale",
        minimum=0.0,
        maximum=4.0,
        default=2.0,
        help="U starts from what LLQR learns in a Gaussian neighbourhood of this width; 0 starts from U = I.",
        group="preconditioner",
        step=0.05,
    ),
)

Own = tuple[tuple[str, float, float | None], ...]
"""(method, learning rate, radius) for each method; the radius None where it has none."""

TUNING = ChoiceControl(
    name="tuning",
    label="Learning rate and radius",
    options=(("equal", "Equal"), ("own", "Each its own")),
    default="equal",
    help="Equal: all methods walk with the η and ρ above. Each its own: with those below, such as the best of each.",
    group="own",
)


def own_key(quantity: str, name: str) -> str:
    """The control's name: "own_rate.LLQR-SAM". A plus sign typed by hand into a link would arrive as a space."""
    return f"own_{quantity}.{name.replace('+', '-')}"


def _rate(name: str) -> NumberControl:
    return NumberControl(
        name=own_key("rate", name),
        symbol="η",
        label=f"{name}",
        minimum=1e-5,
        maximum=1.0,
        default=0.0165,
        help=f"Learning rate of {name}, where each has its own.",
        group="own",
        scale="log",
    )


def _radius(name: str) -> NumberControl:
    return NumberControl(
        name=own_key("radius", name),
        symbol="ρ",
        label=f"{name}",
        minimum=0.0,
        maximum=3.0,
        default=0.30,
        help=f"Probe radius of {name}, where each has its own.",
        group="own",
        step=0.01,
    )


Registered = tuple[tuple[str, bool], ...]


def registered() -> Registered:
    """(name, whether it has a radius) of every method, as the registry is now."""
    return tuple((name, method.tunable("radius") is not None) for name, method in toy_methods().items())


def own_controls(methods: Registered) -> tuple[Control, ...]:
    """The controls of these methods' own settings, in the table's order."""
    each = (control for name, probing in methods for control in (_rate(name), *([_radius(name)] if probing else [])))
    return TUNING, *each


def own_of(state: Mapping[str, Any]) -> Own:
    """The methods' own settings in a state; none where all are equal."""
    if state.get("tuning") != "own":
        return ()
    return tuple((name, state[own_key("rate", name)], state.get(own_key("radius", name))) for name in toy_methods())


STAGES = ("gradient", "ball", "probe", "outer", "direction", "velocity", "step")
"""The vectors of one step, in the order in which they come to be."""

ANATOMY = ChoiceControl(
    name="anatomy",
    label="Anatomy of a step",
    options=(("off", "Off"), ("on", "On")),
    default="off",
    help="Draws the vectors of the step shown one by one: N shows the next, Shift+N takes it back.",
    group="inspector",
)
ANATOMY_STAGE = NumberControl(
    *("anatomy_stage", "", "Vectors shown", 0, len(STAGES), len(STAGES)),
    help="How many of the vectors are drawn.",
    group="inspector",
    step=1,
    integer=True,
)


def anatomy_method() -> ChoiceControl:
    """Whose step is taken apart: any method, as the registry is now."""
    return ChoiceControl(
        name="anatomy_method",
        label="Anatomy of",
        options=tuple((name, f"Step of {name}") for name in toy_methods()),
        default="LLQR+SAM",
        help="The method whose step is taken apart.",
        group="inspector",
    )


CUT = ChoiceControl(
    name="cut_line",
    label="Cut",
    options=(("basin", "To the basin"), ("gradient", "Along −g"), ("probe", "Along ε")),
    default="basin",
    help="The line that the cut follows: to the basin, down the gradient g, or along the probe ε.",
    group="cut",
    role="view",
    kept=True,
)

FROZEN = TextControl(
    name="frozen",
    label="Frozen run",
    read_text=matching(r"\?[!-~]{0,4000}", "The frozen run must be a “?” and settings, as a link holds them."),
    help="The settings of a run that is shown in pale beside this one, as a link of the page’s holds them.",
    group="compare",
    longest=4001,
    kept=True,
    named="The frozen run",
    wants="nothing, or the query of a link",
)

COST = ChoiceControl(
    name="cost",
    label="Cost in",
    options=(("steps", "Steps"), ("evaluations", "Gradients"), ("seconds", "Seconds")),
    default="steps",
    help="The unit of charts, playback and table: steps, gradient evaluations (curvature products count), or seconds.",
    group="inspector",
)


def inspector_controls() -> tuple[Control, ...]:
    """All of them, in the table's order."""
    return mark((COST, STEP_AXIS, PACE, *CLOUD, ANATOMY, anatomy_method(), ANATOMY_STAGE), role="view", kept=True)


VIEW = (
    *mark(
        (
            NumberControl(
                name="step",
                symbol="t",
                label="Step shown",
                minimum=0,
                maximum=MAXIMUM_STEPS,
                default=MAXIMUM_STEPS,
                help="The step that the players stand at.",
                group="view",
                step=1,
                integer=True,
            ),
        ),
        role="view",
    ),
    *mark(
        (
            NumberControl("speed", "", "Speed", 1, 1000, 60, "Playback speed.", "view", "log", unit="steps/s"),
            ChoiceControl(
                "wedge", "Cut open", (("on", "Cut"), ("off", "Whole")), "on", "The 3-D view cut open.", "view"
            ),
            ChoiceControl("loop", "Loop", (("off", "Once"), ("on", "Loop")), "off", "Start again at the end.", "view"),
        ),
        role="view",
        kept=True,
    ),
    SCHEME,
    *LECTURE,
    *mark(
        (
            NumberControl("camera_x", "", "Camera x", -10, 10, 0.83, "Camera of the 3-D view.", "view", step=0.001),
            NumberControl("camera_y", "", "Camera y", -10, 10, -1.24, "Camera of the 3-D view.", "view", step=0.001),
            NumberControl("camera_z", "", "Camera z", -10, 10, 1.35, "Camera of the 3-D view.", "view", step=0.001),
        ),
        role="view",
    ),
)


def shown_methods() -> NamesControl:
    """Which methods are shown, as the registry is now."""
    names, default = tuple(toy_methods()), tuple(METHODS)
    return NamesControl("methods", "The methods", names, default, "The methods that walk.", "methods", kept=True)


EMBED: tuple[Control, ...] = mark(
    (
        ChoiceControl(
            name="embed",
            label="Embedded",
            options=(("0", "No"), ("1", "Yes")),
            default="0",
            help="In a page of somebody else’s: pictures, playback and chosen settings, and nothing else.",
            group="embed",
        ),
        NamesControl(
            name="embed_pictures",
            label="The pictures",
            names=("cut", "map", "surface"),
            default=("cut", "map"),
            help="What an embedded lab shows.",
            group="embed",
            nonempty=True,
        ),
        NamesControl(
            name="embed_settings",
            label="The settings",
            names=tuple(control.name for control in WALK if control.group == "main"),
            default=("learning_rate", "radius"),
            help="The settings that an embedded lab lets people turn.",
            group="embed",
        ),
    ),
    role="view",
    kept=True,
)


def controls() -> tuple[Control, ...]:
    """The controls that every surface shares; those of the methods follow the registry."""
    return _controls(registered())


@lru_cache(maxsize=8)
def _controls(methods: Registered) -> tuple[Control, ...]:
    return (*WALK, PITS, *own_controls(methods), *PRECONDITIONER, *inspector_controls(), CUT, FROZEN, *EMBED, *VIEW)


@lru_cache(maxsize=64)
def surface_controls(key: str) -> tuple[NumberControl | TextControl, ...]:
    """The parameters of a surface as controls, named "surface.<parameter>", its texts first."""
    texts = tuple(_text_control(text) for text in SURFACES[key].texts)
    return texts + tuple(
        NumberControl(
            name=f"surface.{p.name}",
            symbol=p.symbol,
            label=p.label,
            minimum=p.minimum,
            maximum=p.maximum,
            default=p.default,
            help=p.help,
            group="surface",
            scale=p.scale,
            step=p.step,
        )
        for p in SURFACES[key].parameters
    )


def _text_control(text: SurfaceText) -> TextControl:
    def read_text(given: str) -> str:
        text.check(given)
        return given

    return TextControl(
        name=f"surface.{text.name}",
        label=text.label,
        read_text=read_text,
        help=text.help,
        group="surface",
        longest=text.longest,
        default=text.default,
        role="computed",
        named=f"The {text.name}",
        wants=f"a text of at most {text.longest} characters",
    )


@lru_cache(maxsize=256)
def start_controls(surface: Surface) -> tuple[NumberControl, ...]:
    """The start's coordinates as controls, within the surface's domain."""
    coordinates = []
    names = (("x", "θ"),) if surface.dimension == 1 else (("x", "θ₁"), ("y", "θ₂"))
    for (axis, symbol), (low, high), default in zip(names, surface.domain, surface.default_start, strict=True):
        coordinates.append(
            NumberControl(
                name=f"start_{axis}",
                symbol=symbol,
                label="Start",
                minimum=float(low),
                maximum=float(high),
                default=round(float(default), 6),
                help="Where all methods start; click the map to set it.",
                group="start",
                step=START_STEP,
            )
        )
    return tuple(coordinates)


def controls_of(surface: Surface) -> tuple[Control, ...]:
    """All controls while this surface is shown."""
    return (*surface_controls(surface.key), *start_controls(surface), *controls())


def default_of(control: Control) -> str:
    """A control's default as a table shows it."""
    if isinstance(control.default, tuple):
        return ", ".join(control.default)
    return control.default if isinstance(control.default, str) else f"{control.default:g}"


def as_table() -> str:
    """The fixed controls as a Markdown table."""
    rows = [
        (c.name, c.symbol, c.label, c.wants, default_of(c), c.unit, c.help) for c in (surface_choice(), *controls())
    ]
    return write_markdown(("key", "symbol", "label", "takes", "default", "unit", "meaning"), rows)
