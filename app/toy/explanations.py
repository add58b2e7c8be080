"""What the words on the page mean, for who meets them the first time: methods, settings, the pothole itself.

A method's words follow from its parts, so that another line in the registry is explained too.
"""

from __future__ import annotations

from app.toy.costs import PRODUCT, counted
from app.toy.messages import Explanation
from app.toy.methods_page import anchor
from app.web.manual import ADDRESS as MANUAL
from optimizers import METHODS, Method
from optimizers.methods import toy_methods

FULL_NAMES = {
    "SGDM": "stochastic gradient descent with momentum",
    "SAM": "sharpness-aware minimisation",
    "LLQR": "layerwise linear-quadratic regulator",
    "LLQR+SAM": "SAM with the metric U of LLQR",
}
SHORT = {
    (False, False): "rolls down the slope it feels",
    (True, False): "uses the slope ρ uphill",
    (False, True): "learns U, reshapes each step",
    (True, True): "looks uphill, reshapes steps",
}
"""(looks ahead, learns U) → what it does, in six words or so."""
SHORT_OTHERS = {
    "GNP": "weighs both slopes, dislikes steep places",
    "VaSSO": "looks uphill along a slow average",
    "GSAM": "SAM’s slope, and a climb across",
    "WSAM": "gives sharpness a weight of its own",
    "NGD": "divides by the curvature underfoot",
    "Shampoo": "divides by all slopes so far",
    "GD": "steps straight downhill, remembers nothing",
    "Nesterov": "rolls, one push ahead of itself",
    "Adam": "steps about η along every axis",
    "AdamW": "Adam, with weights drawn to zero",
    "Lion": "follows signs, every step as long",
}
"""The same for methods beside the four."""
TERMS: tuple[Explanation, ...] = (
    {
        "key": "pothole",
        "title": "What is this?",
        "text": "A picture of training. The ground is a loss L(θ), low is good, and four methods walk down from one "
        "start. There is a wide, flat basin, which is wanted, and a sharp, narrow pothole, which is not: there a "
        "small change of the parameters spoils everything. Press Play, see who gets out, then move η, ρ, noise.",
        "formula": "",
        "cost": "",
        "more": f"{MANUAL}using/first-steps.html#what-is-a-pothole",
    },
    {
        "key": "learning_rate",
        "title": "Learning rate η",
        "text": "How long steps are. Above 2(1 + μ) over its curvature no bowl holds a walker without a probe: sharp "
        "bowls let go first, and with too large an η everything diverges.",
        "formula": "θ ← θ − ηv",
        "cost": "",
        "more": f"{MANUAL}methods.html#one-step",
    },
    {
        "key": "radius",
        "title": "Probe radius ρ",
        "text": "How far SAM looks ahead before it steps; only methods that look ahead have one. With ρ as long as a "
        "pothole is wide it looks onto the far wall. At 0 SAM is SGDM.",
        "formula": "‖ε‖ = ρ, g⁺ = ∇L(θ + ε)",
        "cost": "",
        "more": f"{MANUAL}methods.html#the-probe-of-sam",
    },
    {
        "key": "probe",
        "title": "Probe",
        "text": "The hollow marker: the place θ + ε at which a method takes its gradient, uphill from where it stands.",
        "formula": "ε = ρ Ug / ‖Ug‖",
        "cost": "One more gradient for each step.",
        "more": f"{MANUAL}methods.html#the-probe-of-sam",
    },
    {
        "key": "noise_variance",
        "title": "Noise variance σ²",
        "text": "Mini-batches give a gradient that is a little wrong. Here the error is a Gaussian number for each "
        "coordinate, the same for all methods. Without it all motion on a round ring stays on one line.",
        "formula": "g⁺ = ∇L(θ + ε) + N(0, σ²)",
        "cost": "",
        "more": f"{MANUAL}methods.html#one-step",
    },
    {
        "key": "preconditioner",
        "title": "U",
        "text": "The matrix that LLQR learns from the curvature, anew every k steps, as a slow average: it knows the "
        "geometry of the neighbourhood, and forgets it within about k/(1 − β) steps.",
        "formula": "v ← μv + Ug⁺, U ← βU + (1 − β)U_T",
        "cost": "One gradient and a curvature product for each inner step, at each refresh.",
        "more": f"{MANUAL}methods.html#what-llqr-learns",
    },
)


def short_words(name: str, method: Method) -> str:
    """What a method does, in about six words; by its parts where it has none of its own."""
    return SHORT_OTHERS.get(name) or SHORT[method.looks_ahead, method.learns]


def explain(name: str, method: Method) -> Explanation:
    """A method by its parts: their words, its formula and its cost, and where there is more of it."""
    full = f"{FULL_NAMES[name]}. " if name in FULL_NAMES else ""
    return {
        "key": name,
        "title": name,
        "text": full[:1].upper() + full[1:] + " ".join(part.about.what for part in method.telling_parts.values()),
        "formula": "\n".join(one_step(method)),
        "cost": _cost(method),
        "more": f"/methods#{anchor(name)}",
    }


def one_step(method: Method) -> list[str]:
    """Its formulas in the order of a step, without the slots that do nothing."""
    formulas, plain = method.formulas, Method().formulas
    own = {slot: formulas[slot] for slot in formulas if formulas[slot] != plain[slot]}
    gradient = "h" if "mix" in own else "g⁺"
    along = f"U{gradient}" if method.learns and method.precondition_update else gradient
    moved = [formulas["outer"].replace("+ u", f"+ {along}")] if "outer" not in own else [f"u = {along}", own["outer"]]
    probe, mix, learned = ([own[slot]] if slot in own else [] for slot in ("probe", "mix", "preconditioner"))
    return [*probe, "g⁺ = ∇L(θ + ε)" if probe else "g⁺ = ∇L(θ)", *mix, *moved, *learned]


def _cost(method: Method) -> str:
    price = counted(method)
    each = "One gradient a step" if price["step"] == 1 else f"{price['step']} gradients a step"
    gradients, products = method.preconditioner.refresh_cost()
    told = [f"{gradients} gradient{'s' if gradients != 1 else ''}"] if gradients else []
    told += [f"{products} curvature products"] if products else []
    refresh = f", and {' and '.join(told)} for each refresh of U" if told else ""
    return f"{each}{refresh}{f'; a product counts as {PRODUCT} gradients' if products else ''}."


def explanations() -> list[Explanation]:
    """All of them in the order of the page, as the registries are now: the methods beside the four come last."""
    first, others = METHODS, {name: one for name, one in toy_methods().items() if name not in METHODS}
    told = [[explain(name, method) for name, method in some.items()] for some in (first, others)]
    return [TERMS[0], *told[0], *TERMS[1:], *told[1]]
