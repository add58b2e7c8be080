"""The anatomy of the step shown, for one request: the vectors, a window that holds them, and each formula with its
numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from app.drawing.encoding import encode
from app.state.numbers_as_text import number, vector
from app.toy.batch import recorded_run
from app.toy.controls import STAGES
from app.toy.messages import AnatomyNames, Patch
from app.toy.request import ToyRequest, read_state, request_of
from geometry.surface import Surface
from optimizers import Method
from optimizers.anatomy import StepAnatomy, last_whole_step, step_anatomy
from optimizers.probes import NORMS
from optimizers.run import Run

PATCH_POINTS = 61
"""Points per axis of the loss that is drawn under the vectors."""
CURVE_POINTS = 301
ROOM = 1.25
"""The window is this many times as wide as what it must hold: the ball, its image, the probe and the step."""
SMALLEST_PART = 1e-9
"""… and at least this part of the surface's domain; a step without any length gets ↓."""
STILL_PART = 0.02
UNUSED_BALL = 20.0
"""A method without a probe has its ball drawn all the same if that is at most this many times as long as its step."""


@dataclass(frozen=True)
class AnatomyRequest:
    """Which step of which method's run."""

    toy: ToyRequest
    method: str
    step: int

    def answer(self) -> bytes:
        """The JSON of the step."""
        run, surface = recorded_run(self.toy, self.method)
        return orjson.dumps(described(run, surface, self.method, self.toy, self.step))


def read_anatomy(raw: Mapping[str, Any]) -> AnatomyRequest:
    """A posted state: `step` and `anatomy_method` say which step of which method. BadRequest as usual."""
    reading = read_state(raw).checked()
    state = reading.state
    toy = request_of({**state, "methods": [], "preset": "custom", "scheme": "light"})
    return AnatomyRequest(toy, state["anatomy_method"], int(state["step"]))


def described(run: Run, surface: Surface, name: str, request: ToyRequest, step: int) -> dict[str, Any]:
    """What the browser draws and writes of one step."""
    a = step_anatomy(run, step)
    method, learns = run.method, run.method.learns
    half = window(a, surface, learns)
    vectors = ("theta", "gradient", "offset", "probe", "outer", "noise", "noisy", "direction", "velocity_before")
    told = {key: _finite(getattr(a, key)) for key in (*vectors, "velocity", "displacement", "arrived")}
    return {
        "method": name,
        "step": a.step,
        "steps": request.steps,
        "asked": step,
        "last": last_whole_step(run),
        "diverged": str(run.outcome) == "diverged",
        "dimension": surface.dimension,
        "probing": a.probing,
        "learns": learns,
        "radius": a.radius,
        "learning_rate": a.learning_rate,
        **told,
        "mixed": _finite(a.mixed) if _mixes(method) else None,
        "names": names(a, method),
        "image": _image(a) if learns else None,
        "metric": _metric(a) if learns and a.probing and method.probe.norm == "matrix" else None,
        "half": half,
        "patch": patch(surface, a.theta, half),
        "stages": stages(a, surface, name, method),
    }


def names(a: StepAnatomy, method: Method) -> AnatomyNames:
    """What the drawn arrows of U h, of the velocity and of the step are called."""
    used, rolls = "h" if _mixes(method) else "g⁺", method.outer.capabilities.compiled
    under = f"U{used}" if method.learns else f"U{used} = {used}"
    return {
        "direction": under if method.precondition_update else used,
        "velocity": "v" if rolls else "−Δθ/η",
        "step": "−ηv" if rolls and not np.any(a.beyond) else "Δθ",
    }


def _finite(values: np.ndarray) -> list[float] | None:
    return [float(v) for v in values] if np.all(np.isfinite(values)) else None


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    return 0.5 * (matrix + matrix.T)


def _image(a: StepAnatomy) -> list[list[float]] | None:
    """ρU, whose columns span the image of the ρ-ball: {Uε : ‖ε‖ ≤ ρ}."""
    u = a.radius * a.preconditioner
    return u.tolist() if np.all(np.isfinite(u)) else None


def _metric(a: StepAnatomy) -> list[list[float]] | None:
    """ρU^½: the ellipse {ε : εᵀU⁻¹ε ≤ ρ²} on which the norm √(gᵀUg) puts the probe."""
    if not np.all(np.isfinite(a.preconditioner)):
        return None
    values, axes = np.linalg.eigh(_symmetric(a.preconditioner))
    return (a.radius * (axes * np.sqrt(np.maximum(values, 0.0))) @ axes.T).tolist()


def window(a: StepAnatomy, surface: Surface, learns: bool) -> float:
    """Half the side of the square around θ that holds the ball, its image under U, the probe and the step."""
    vectors = (a.offset, a.displacement, a.learning_rate * a.direction)
    lengths = [float(np.linalg.norm(v)) for v in vectors]
    ball = a.radius * max(1.0, float(np.linalg.norm(np.nan_to_num(a.preconditioner), 2)) if learns else 1.0)
    if a.probing or ball <= UNUSED_BALL * max((v for v in lengths if math.isfinite(v)), default=0.0):
        lengths.append(ball)
    side = max(high - low for low, high in surface.domain)
    longest = max((v for v in lengths if math.isfinite(v)), default=0.0)
    return ROOM * longest if longest > SMALLEST_PART * side else STILL_PART * side


def patch(surface: Surface, theta: np.ndarray, half: float) -> Patch:
    """The loss in the window: losses[j, i] from below left on the plane, along the line on a curve."""
    count = CURVE_POINTS if surface.dimension == 1 else PATCH_POINTS
    across = np.linspace(-half, half, count)
    points = across[:, None] if surface.dimension == 1 else np.stack(np.meshgrid(across, across), axis=-1)
    with np.errstate(all="ignore"):
        losses = np.asarray(surface.loss(theta + points), dtype=float)
    finite = losses[np.isfinite(losses)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return {"points": count, "losses": encode(losses), "low": low, "high": high}


def stages(a: StepAnatomy, surface: Surface, name: str, method: Method) -> list[dict[str, str]]:
    """For each vector its title, its formula, the formula with its numbers, and what is special about it here."""
    writers = {
        "gradient": lambda: _gradient(a, surface),
        "ball": lambda: _ball(a, name, method),
        "probe": lambda: _probe(a, name, method),
        "outer": lambda: _mixed(a, method) if _mixes(method) else _outer(a),
        "direction": lambda: _direction(a, method),
        "velocity": lambda: _velocity(a, method),
        "step": lambda: _step(a, surface, method),
    }
    keys = ("title", "formula", "numbers", "note")
    return [{"key": key, **dict(zip(keys, writers[key](), strict=True))} for key in STAGES]


def _norm(v: np.ndarray) -> str:
    return number(float(np.linalg.norm(v)))


def _gradient(a: StepAnatomy, surface: Surface) -> tuple[str, str, str, str]:
    with np.errstate(all="ignore"):
        loss = float(surface.loss(a.theta))
    note = "" if np.any(a.gradient) else "The gradient is zero here: no probe has a direction to look in."
    numbers = f"∇L{vector(a.theta)} = {vector(a.gradient)}, ‖g‖ = {_norm(a.gradient)}; L(θ) = {number(loss)}"
    return "Gradient", "g = ∇L(θ)", numbers, note


def _ball(a: StepAnatomy, name: str, method: Method) -> tuple[str, str, str, str]:
    norm = method.probe.norm
    if not a.probing:
        special = f"{name} does not probe: the ball is not used."
    elif norm not in NORMS:
        special = f"{name} measures ε in units of its own: the probe may lie outside the ball."
    else:
        special = ""
    if not method.learns:
        return "Ball of radius ρ", "{ε : ‖ε‖ ≤ ρ},  U = I", f"ρ = {number(a.radius)}", special
    u = a.preconditioner
    rows = "; ".join(", ".join(number(float(v)) for v in row) for row in u)
    values = (
        np.sort(np.abs(np.linalg.eigvalsh(_symmetric(u))))[::-1] if np.all(np.isfinite(u)) else np.full(len(u), np.nan)
    )
    axes = " and ".join(number(a.radius * float(v)) for v in values)
    reach = f"has half-axes {axes}" if len(u) > 1 else f"reaches {axes} to either side"
    numbers = f"ρ = {number(a.radius)}, U = [{rows}]; the ball’s image {reach}"
    learned = method.preconditioner.schedule.latest(a.step)
    if learned == a.step:
        note = "U was learned anew before this step. "
    elif learned is not None:
        note = f"U is that of step {learned}. "
    elif method.preconditioner.capabilities.observes:
        note = "U is made of the gradients up to this one. "
    else:
        note = "U is that of the warm start. "
    if a.probing and norm == "matrix":
        note += "The norm √(gᵀUg) puts the probe on the dotted ellipse εᵀU⁻¹ε = ρ². "
    return "Ball of radius ρ, and its image under U", "{ε : ‖ε‖ ≤ ρ} → {Uε}", numbers, (note + special).strip()


def _probe(a: StepAnatomy, name: str, method: Method) -> tuple[str, str, str, str]:
    if not a.probing:
        numbers = f"θ + ε = θ = {vector(a.theta)}"
        return "Probe point", "ε = 0", numbers, f"{name} takes the gradient where it stands."
    numbers = f"ε = {vector(a.offset)}, ‖ε‖ = {_norm(a.offset)}; θ + ε = {vector(a.probe)}"
    note = "" if np.any(a.offset) else "There is nothing to look along: ε = 0."
    return "Probe point", method.probe.formula(method.learns), numbers, note


def _outer(a: StepAnatomy) -> tuple[str, str, str, str]:
    if not np.any(a.noise):
        numbers = f"g⁺ = {vector(a.outer)}, ‖g⁺‖ = {_norm(a.outer)}"
        return "Gradient at the probe point", "g⁺ = ∇L(θ + ε)", numbers, "" if a.probing else "The same as g."
    numbers = f"g⁺ = {vector(a.outer)} + noise {vector(a.noise)} = {vector(a.noisy)}"
    return "Gradient at the probe point", "g⁺ = ∇L(θ + ε) + noise", numbers, ""


def _mixes(method: Method) -> bool:
    """Whether its steps use another gradient than g⁺."""
    return not method.mix.capabilities.compiled


def _mixed(a: StepAnatomy, method: Method) -> tuple[str, str, str, str]:
    noise = f" + noise {vector(a.noise)} = {vector(a.noisy)}" if np.any(a.noise) else ""
    numbers = f"g⁺ = ∇L(θ + ε) = {vector(a.outer)}; h = {vector(a.mixed)}{noise}"
    return "Gradient that is used", method.mix.formula(), numbers, ""


def _direction(a: StepAnatomy, method: Method) -> tuple[str, str, str, str]:
    if not method.precondition_update:
        return "Direction", "g⁺", f"g⁺ = {vector(a.direction)}", "U serves the probe alone."
    note = "" if method.learns else "U = I: nothing changes."
    u = "U h" if _mixes(method) else "U g⁺"
    formula = f"u = {u}, {method.preconditioner.formula()}" if method.learns else u
    return "Preconditioned", formula, f"{u} = {vector(a.direction)}, ‖{u}‖ = {_norm(a.direction)}", note


def _velocity(a: StepAnatomy, method: Method) -> tuple[str, str, str, str]:
    kept = method.outer.formula()[0]
    if not method.outer.capabilities.compiled:
        numbers = f"the step is −η times {vector(a.velocity)}"
        return "Outer rule", f"{kept or 'nothing is kept'}, u = U h", numbers, ""
    numbers = f"v = {number(a.momentum)} · {vector(a.velocity_before)} + {vector(a.direction)} = {vector(a.velocity)}"
    note = "The walker starts at rest." if a.step == 0 else ""
    return "Velocity", "v ← μv + U h" if _mixes(method) else "v ← μv + U g⁺", numbers, note


def _step(a: StepAnatomy, surface: Surface, method: Method) -> tuple[str, str, str, str]:
    formula = method.outer.formula()[1]
    eta, past = number(a.learning_rate), ""
    if np.any(a.beyond):
        formula, past = f"{formula} − ηw, w what goes past v", f" − {eta} · {vector(a.beyond)}"
    numbers = f"−{eta} · {vector(a.velocity)}{past} = {vector(a.displacement)}; θ becomes {vector(a.arrived)}"
    if not np.all(np.isfinite(a.arrived)):
        return "Step", formula, numbers, "The walker diverges in this step."
    with np.errstate(all="ignore"):
        before, after = float(surface.loss(a.theta)), float(surface.loss(a.arrived))
    verb = "falls" if after < before else "rises" if after > before else "stays"
    return "Step", formula, numbers, f"The loss {verb}: {number(before)} → {number(after)}."
