"""What the words on the page mean, for who meets them the first time: methods, settings, the pothole itself.

A method's words follow from its parts, so that another line in the registry is explained too.
"""

from __future__ import annotations

from app.toy.costs import PRODUCT, counted
from app.toy.messages import Explanation
from optimizers import METHODS, Method

FULL_NAMES = {
    "SGDM": "stochastic gradient descent with momentum",
    "SAM": "sharpness-aware minimisation",
    "LLQR": "layerwise linear-quadratic regulator",
    "LLQR+SAM": "SAM with the metric U of LLQR",
}
SHORT = {
    (False, False): "rolls down the slope it feels",
    (True, False): "looks ρ uphill, uses that slope",
    (False, True): "learns U, reshapes each step",
    (True, True): "looks uphill, reshapes each step",
}
"""(looks ahead, learns U) → what it does, in six words or so."""
LONG = {
    (
        False,
        False,
    ): "It takes the gradient where it stands, and keeps rolling: the velocity v holds most of what it "
    "was, so that steps add up along a slope and cancel across a ditch.",
    (
        True,
        False,
    ): "It looks a fixed way ρ uphill first and steps by the slope that it finds there. In a wide basin that is "
    "almost its own slope. In a sharp pothole it is the opposite wall, which throws it out.",
    (
        False,
        True,
    ): "It learns a matrix U from the curvature around it, long steps where the ground is flat and short ones "
    "where it is steep, so that one learning rate serves both. U forgets slowly: it knows the average ground.",
    (
        True,
        True,
    ): "It looks uphill in the metric of U, steps by the slope that it finds there, and U reshapes the step. Where "
    "one axis is stiff and another flat, neither part does this alone.",
}
TERMS: tuple[Explanation, ...] = (
    {
        "key": "pothole",
        "title": "What is this?",
        "text": "A picture of training. The ground is a loss L(θ), low is good, and four methods walk down from one "
        "start. There is a wide, flat basin, which is wanted, and a sharp, narrow pothole, which is not: there a "
        "small change of the parameters spoils everything. Press Play, see who gets out, then move η, ρ, noise.",
        "formula": "",
        "cost": "",
    },
    {
        "key": "learning_rate",
        "title": "Learning rate η",
        "text": "How long steps are. Above 2(1 + μ) over its curvature no bowl holds a walker without a probe: sharp "
        "bowls let go first, and with too large an η everything diverges.",
        "formula": "θ ← θ − ηv",
        "cost": "",
    },
    {
        "key": "radius",
        "title": "Probe radius ρ",
        "text": "How far SAM looks ahead before it steps; only methods that look ahead have one. With ρ as long as a "
        "pothole is wide it looks onto the far wall. At 0 SAM is SGDM.",
        "formula": "‖ε‖ = ρ, g⁺ = ∇L(θ + ε)",
        "cost": "",
    },
    {
        "key": "probe",
        "title": "Probe",
        "text": "The hollow marker: the place θ + ε at which a method takes its gradient, uphill from where it stands.",
        "formula": "ε = ρ Ug / ‖Ug‖",
        "cost": "One more gradient for each step.",
    },
    {
        "key": "noise_variance",
        "title": "Noise variance σ²",
        "text": "Mini-batches give a gradient that is a little wrong. Here the error is a Gaussian number for each "
        "coordinate, the same for all methods. Without it all motion on a round ring stays on one line.",
        "formula": "g⁺ = ∇L(θ + ε) + N(0, σ²)",
        "cost": "",
    },
    {
        "key": "preconditioner",
        "title": "U",
        "text": "The matrix that LLQR learns from the curvature, anew every k steps, as a slow average: it knows the "
        "geometry of the neighbourhood, and forgets it within about k/(1 − β) steps.",
        "formula": "v ← μv + Ug⁺, U ← βU + (1 − β)U_T",
        "cost": "One gradient and a curvature product for each inner step, at each refresh.",
    },
)


def short_words(method: Method) -> str:
    """What a method does, in about six words."""
    return SHORT[method.looks_ahead, method.learns]


def explain(name: str, method: Method) -> Explanation:
    """A method by its parts: its words, its formula and its cost."""
    corner = method.looks_ahead, method.learns
    along = "Ug⁺" if method.learns and method.precondition_update else "g⁺"
    probe = f"{method.probe.formula(method.learns)}; " if method.looks_ahead else ""
    outer = "∇L(θ + ε)" if method.looks_ahead else "∇L(θ)"
    full = f"{FULL_NAMES[name]}. " if name in FULL_NAMES else ""
    return {
        "key": name,
        "title": name,
        "text": full[:1].upper() + full[1:] + LONG[corner],
        "formula": f"{probe}g⁺ = {outer}; v ← μv + {along}; θ ← θ − ηv",
        "cost": _cost(method),
    }


def _cost(method: Method) -> str:
    price = counted(method)
    each = "One gradient a step" if price["step"] == 1 else f"{price['step']} gradients a step"
    if not method.learns:
        return f"{each}."
    gradients, products = method.preconditioner.refresh_cost()
    learned = f"{gradients} gradient{'s' if gradients != 1 else ''} and {products} curvature products"
    return f"{each}, and {learned} for each refresh of U; a product counts as {PRODUCT} gradients."


def explanations() -> list[Explanation]:
    """All of them in the order of the page, as the registry is now."""
    methods = [explain(name, method) for name, method in METHODS.items()]
    return [TERMS[0], *methods, *TERMS[1:]]
