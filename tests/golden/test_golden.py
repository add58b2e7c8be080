"""Ours against the authors' own numbers (README.md here says what they are), at 1e-9 relative on displacements.

1e-9: scaling the start by 1 + 1e-13 moves twenty steps by at most about 1e-12, and summation orders differ.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch

from geometry.objective import linearise
from optimizers import ASAM, FSAM, LLQR, SAM, FisherSAM, Identity, Method, NoProbe, PastFSAM
from optimizers.exact_llqr import ExactLLQR
from optimizers.probes import Centre
from optimizers.rule import Settings, begin, descent_step, refresh_if_due
from optimizers.structures.kfac import KFAC
from tests.golden.golden import (
    DEFAULTS,
    FOLDER,
    SPEC,
    QuickToy,
    arrays,
    leaves_in_our_form,
    leaves_in_their_form,
    names,
    network_loss,
    number,
    ours,
    theirs,
    toy_loss,
)

TOLERANCE = 1e-9
ROUNDING = 8 * np.finfo(float).eps
"""What U near 1 and θ near 1 are stored to; it matters only where a displacement is below 1e-6."""
BLOCKS = sorted(
    tuple(path.stem.split("_", 2)[1:]) for path in FOLDER.glob("blocks_*.npz")
)  # (metric, structure), as the files name them
OPTION_STEPS = 10
LAYERED = {"matrix_norm": "matrix", "layer_matrix_norm": "layer-matrix", "layer_euclidean": "layer-euclidean"}
ALONG = {"ema_grad": "gradient", "ema_precond_grad": "preconditioned", "ema_direction": "direction"}


def close(found: Any, wanted: np.ndarray, start: Any = 0.0, what: str = "") -> None:
    """found − start equals wanted − start to TOLERANCE of the largest entry."""
    found = found.detach().numpy() if isinstance(found, torch.Tensor) else np.asarray(found)
    assert found.shape == wanted.shape, (what, found.shape, wanted.shape)
    moved = np.abs(wanted - start).max()
    error = np.abs(found - wanted).max()
    assert error <= TOLERANCE * moved + ROUNDING * np.abs(wanted).max(), f"{what}: off by {error:.1e} of {moved:.1e}"


def close_leaves(structure: str, leaves: dict[str, torch.Tensor], file: str, prefix: str, start: str | None) -> None:
    """Every leaf of U at its stored value; displacements from the leaves stored under `start` are compared."""
    data = arrays(file)
    for name, leaf in leaves_in_their_form(structure, leaves).items():
        first = 0.0 if start is None else data[f"{start}.{name}"]
        close(leaf, data[f"{prefix}.{name}"], first, f"{file} {prefix}.{name}")


def rule(metric: str, structure: Any, **changes: Any) -> LLQR:
    """LLQR with the folder's defaults and one thing changed."""
    name = structure if isinstance(structure, str) else structure.name
    settings: dict[str, Any] = {
        "refresh_every": 1,
        "decay": 0.0,
        "inner_steps": DEFAULTS["precond_steps"],
        "inner_learning_rate": DEFAULTS["precond_lr"],
        "inner_momentum": DEFAULTS["momentum"],
        "clip": DEFAULTS["precond_clip_norm"],
        "clip_elements": DEFAULTS["precond_clip_element_wise"],
        "solver": DEFAULTS["precond_solver"],
        "inner_betas": tuple(DEFAULTS["adam_betas"]),
        "damping": DEFAULTS["damping"],
        "cold_start": not DEFAULTS["warm_start_precond"],
        "normalise_gradient": DEFAULTS["normalize_grad_for_lqr"],
        "identity_scale": DEFAULTS["precond_identity_scaling"],
        "floor": 1e-8 if name in ("diagonal", "scalar") and not DEFAULTS["allow_grad_inversion"] else 0.0,
    }
    return LLQR.for_networks(structure, metric, **{**settings, **changes})


# --- the problem -----------------------------------------------------------------------------------------------------


def test_loss_gradient_and_curvature() -> None:
    problem, objective = arrays("problem"), network_loss()
    theta = objective.initial
    close(theirs(theta), problem["params_flat"])
    close(objective.loss(theta), problem["loss0"])
    close(torch.log_softmax(objective.outputs(theta), -1), problem["logp0"])
    close(theirs(objective.gradient(theta)), problem["grad_flat"])
    eye = torch.eye(objective.dimension, dtype=torch.float64)
    for metric in ("newton", "ngd"):
        at = linearise(objective, theta, metric)
        close(theirs(at.gradient), problem["grad_flat"])
        rows = torch.stack([at.product(row) for row in eye])
        close(theirs(theirs_first(rows)), problem[f"G_{metric}"], what=metric)
        # all rows at once, as walkers
        batch = objective.curvature_product(theta.expand(objective.dimension, -1), eye, metric)
        close(theirs(theirs_first(batch)), problem[f"G_{metric}"], what=f"{metric}, batched")


def theirs_first(matrix: torch.Tensor) -> torch.Tensor:
    """Rows of a matrix in their order."""
    return torch.from_numpy(np.ascontiguousarray(theirs(matrix.T).T))


@pytest.mark.parametrize("name", names("problem", r"(ls[0-9.]+[0-9])\.loss0"))
def test_label_smoothing(name: str) -> None:
    problem, objective = arrays("problem"), network_loss(number(name, "ls") or 0.0)
    close(objective.loss(objective.initial), problem[f"{name}.loss0"])
    close(theirs(objective.gradient(objective.initial)), problem[f"{name}.grad_flat"])


@pytest.mark.parametrize("metric", names("problem", r"lqr_step_(newton|ngd)$"))
def test_exact_step(metric: str) -> None:
    """The layerwise Riccati solution is (G + λI)⁻¹ g."""
    problem, objective = arrays("problem"), network_loss()
    exact = ExactLLQR(damping=float(problem["lqr_step_damping"]), metric=metric)
    theta = objective.initial
    state = exact.refresh(objective, theta, exact.start(objective, theta))
    close(theirs(exact.apply(objective.layout, state, objective.gradient(theta))), problem[f"lqr_step_{metric}"])


# --- the inner problem -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("metric", "structure"), BLOCKS)
@pytest.mark.parametrize("start", ["id", "rand"])
def test_cost_and_its_slope(metric: str, structure: str, start: str) -> None:
    file = f"blocks_{metric}_{structure}"
    data, objective, llqr = arrays(file), network_loss(), rule(metric, structure)
    at = linearise(objective, objective.initial, metric)
    leaves = leaves_in_our_form(structure, file, f"U_{start}")
    if start == "id":
        close_leaves(structure, llqr.start(objective, objective.initial), file, "U_id", None)
    close(llqr.cost(objective.layout, at, leaves), data[f"J_{start}"])
    close(theirs(llqr.apply(objective.layout, leaves, at.gradient)), data[f"Ug_{start}"])
    if any(key.startswith(f"dJ_{start}.") for key in data):
        close_leaves(structure, llqr.slope(objective.layout, at)(leaves), file, f"dJ_{start}", None)
    if start == "rand":
        close(theirs(llqr.apply(objective.layout, leaves, ours(data["v"]))), data["Uv_rand"])


@pytest.mark.parametrize(("metric", "structure"), BLOCKS)
def test_inner_steps(metric: str, structure: str) -> None:
    file = f"blocks_{metric}_{structure}"
    data, objective = arrays(file), network_loss()
    theta = objective.initial
    at = linearise(objective, theta, metric)
    for name in names(file, r"(U_(?:rand_)?step\d+)\."):
        start = "U_rand" if "rand" in name else "U_id"
        llqr = rule(metric, structure, inner_steps=int(re.findall(r"\d+", name)[-1]))
        leaves = llqr.refresh(objective, theta, leaves_in_our_form(structure, file, start))
        close_leaves(structure, leaves, file, name, start)
        if f"J_{name[2:]}" in data:
            close(llqr.cost(objective.layout, at, leaves), data[f"J_{name[2:]}"], data["J_id"])
            # U itself is compared above; U g has the size of g
            close(theirs(llqr.apply(objective.layout, leaves, at.gradient)), data[f"Ug_{name[2:]}"])


@pytest.mark.parametrize(("metric", "structure"), BLOCKS)
def test_slow_average(metric: str, structure: str) -> None:
    file = f"blocks_{metric}_{structure}"
    data, objective = arrays(file), network_loss()
    stored = names(file, r"(U_ema[0-9.]+_cad\d+)\.")
    decay = number(stored[0], "ema")
    llqr, theta = rule(metric, structure, decay=decay), objective.initial
    leaves = llqr.start(objective, theta)
    for refresh in range(1, max(int(name.rsplit("cad")[-1]) for name in stored) + 1):
        leaves = llqr.refresh(objective, theta, leaves)
        name = f"U_ema{decay:g}_cad{refresh}"
        if name in stored:
            close_leaves(structure, leaves, file, name, "U_id")
        if f"{name.replace('U', 'Ug', 1)}" in data:
            wanted = data[name.replace("U", "Ug", 1)]
            close(theirs(llqr.apply(objective.layout, leaves, objective.gradient(theta))), wanted)


OPTIONS = [(*block, option) for block in BLOCKS for option in names("blocks_" + "_".join(block), r"opt\.(.+)\.Ug$")]


def changed(option: str, structure: str) -> tuple[dict[str, Any], Any]:
    """(what the option changes in LLQR, the block structure); ValueError for one that is not known."""
    plain: dict[str, dict[str, Any]] = {
        "normgrad": {"normalise_gradient": True},
        "sgd": {"solver": "sgd"},
        "adam": {"solver": "adam", "clip": None},
        "lrsched": {"inner_learning_rate": 0.37 * DEFAULTS["precond_lr"]},
        "strong": {"inner_learning_rate": 0.05, "damping": 0.1},
        "clipinv_strong": {"inner_learning_rate": 2.0, "clip": 50.0},
        "noclipinv_strong": {"inner_learning_rate": 2.0, "clip": 50.0, "floor": 0.0},
    }
    if option in plain:
        return plain[option], structure
    if (value := number(option, "^clipelem")) is not None:
        return {"clip": None, "clip_elements": value}, structure
    if (value := number(option, "^clip")) is not None:
        return {"clip": value}, structure
    if (value := number(option, "^damping")) is not None:
        return {"damping": value}, structure
    if (value := number(option, "^coldstart_ema")) is not None:
        return {"cold_start": True, "decay": value}, structure
    if (value := number(option, "^scale")) is not None:
        # the authors put the scale into both Kronecker factors; ours starts at scale·I unless told otherwise
        return {"identity_scale": value}, KFAC(scale_both_factors=True) if structure == "kfac" else structure
    if number(option, "^ls") is not None:
        return {}, structure
    raise ValueError(f"unknown option {option!r} in the golden data")


@pytest.mark.parametrize(("metric", "structure", "option"), [o for o in OPTIONS if o[2] != "on_update"])
def test_options(metric: str, structure: str, option: str) -> None:
    file = f"blocks_{metric}_{structure}"
    data, objective = arrays(file), network_loss(number(option, "^ls") or 0.0)
    theta, (changes, blocks) = objective.initial, changed(option, structure)
    llqr = rule(metric, blocks, inner_steps=OPTION_STEPS, **changes)
    leaves = llqr.start(objective, theta)
    if "coldstart" in option:
        leaves = leaves_in_our_form(structure, file, "U_rand")
        leaves = llqr.refresh(objective, theta, leaves)
    leaves = llqr.refresh(objective, theta, leaves)
    if any(key.startswith(f"opt.{option}.U.") for key in data):
        start = "U_rand" if "coldstart" in option else "U_id"
        close_leaves(structure, leaves, file, f"opt.{option}.U", start if "scale" not in option else None)
    gradient = network_loss().gradient(theta)
    close(theirs(llqr.apply(objective.layout, leaves, gradient)), data[f"opt.{option}.Ug"])


@pytest.mark.parametrize(("metric", "structure", "option"), [o for o in OPTIONS if o[2] == "on_update"])
def test_control_along_the_update(metric: str, structure: str, option: str) -> None:
    """The authors' `precond_on_update` puts the optimiser's update −lr·m where ĝ stands: the control starts uphill.

    Ours has no such option: U multiplies the gradient and the momentum comes after. The inner problem itself is the
    same, so their numbers come out where their vector is given, and the control that they start from goes uphill.
    """
    file = f"blocks_{metric}_{structure}"
    data, objective = arrays(file), network_loss()
    theta, llqr = objective.initial, rule(metric, structure, inner_steps=OPTION_STEPS)
    at = linearise(objective, theta, metric)
    momentum = at.gradient + DEFAULTS["momentum"] * ours(data["on_update.trace_flat"])
    update = -DEFAULTS["learning_rate"] * momentum
    slope = llqr.slope(objective.layout, at, along=update)
    first = llqr.start(objective, theta)
    leaves = llqr.inner.solve(slope, first, 0)
    close_leaves(structure, leaves, file, f"opt.{option}.U", "U_id")
    close(theirs(llqr.apply(objective.layout, leaves, at.gradient)), data[f"opt.{option}.Ug"])
    uphill = -llqr.apply(objective.layout, first, update)
    assert torch.dot(uphill, momentum) > 0 > torch.dot(-llqr.apply(objective.layout, first, at.gradient), at.gradient)


# --- probes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [key for key in arrays("sam") if re.match(r"eps\..+\.", key)])
def test_perturbation(key: str) -> None:
    """ε for each probing vector (g of SAM, g − ḡ of FSAM), use of U and norm; NaN where ⟨v, U v⟩ < 0 is."""
    _, structure, vector, mode, norm = key.split(".")
    data, layout = arrays("sam"), network_loss().layout
    llqr = rule("ngd", "diagonal" if structure == "any" else structure)
    leaves = None
    if structure != "any":
        leaves = leaves_in_our_form(structure, f"blocks_{BLOCKS[0][0]}_{structure}", "U_rand")

    def precondition(v: torch.Tensor) -> torch.Tensor:
        return llqr.apply(layout, leaves, v)

    centre = Centre(network_loss().initial, ours(data["g"]), precondition, layout)
    choices = {"along": ALONG[mode], "norm": LAYERED.get(norm, norm)}
    if vector == "g":
        epsilon = SAM(**choices).offset(centre, None, float(data["rho"]))
    else:
        epsilon = FSAM(**choices).offset(centre, ours(data["gbar"]), float(data["rho"]))
    assert len(layout.layers) == int(data["n_layers"])
    found, wanted = theirs(epsilon), data[key]
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    if not np.isnan(wanted).all():
        known = ~np.isnan(wanted)
        close(found[known], wanted[known])


@pytest.mark.parametrize("key", ["eps.asam", "eps.fisher_sam"])
def test_perturbations_in_units_of_their_own(key: str) -> None:
    data = arrays("sam")
    probe = ASAM(DEFAULTS["asam_eta"]) if key == "eps.asam" else FisherSAM(DEFAULTS["fisher_sam_eta"])
    centre = Centre(network_loss().initial, ours(data["g"]), lambda v: v, network_loss().layout)
    close(theirs(probe.offset(centre, None, float(data["rho"]))), data[key])


@pytest.mark.parametrize("key", names("sam", r"(gbar_next.*)"))
def test_memory_of_the_average_gradient(key: str) -> None:
    data = arrays("sam")
    along = "direction" if key.endswith("direction") else "gradient"
    probe = FSAM(along, decay=number(key, "beta"))
    close(theirs(probe.remember(ours(data["gbar"]), ours(data["g"]), ours(data["g"]))), data[key])


# --- trajectories ----------------------------------------------------------------------------------------------------

TRAJECTORIES = names("traj", r"(.+)\.theta$")
REFRESHES = names("traj", r".+\.U_refresh(\d+)\.")


def method_of(name: str) -> Method:
    """The method that a trajectory's name stands for; ValueError for one that is not known."""
    parts = re.match(r"(?:(.+)\+)?(llqr\w*?)(?:_wd[\d.]+)?\.(ngd|newton)\.(.+)$", name)
    walk, preconditioner, precondition = name, Identity(), True
    if parts:
        walk, kind, metric, structure = parts[1] or "sgdm", *parts.groups()[1:]
        changes: dict[str, Any] = {"decay": SPEC["ema"][metric], "refresh_every": refresh_every()}
        if kind == "llqr_strong":
            changes |= {"inner_learning_rate": 0.02, "damping": 0.1, "decay": 0.0}
        preconditioner = rule(metric, structure, **changes)
        precondition = kind != "llqrpert"
    beta = DEFAULTS["gbar_beta"]
    probes: dict[str, Any] = {
        "sgdm": NoProbe(),
        "sgd_nomom": NoProbe(),
        "base_sam": SAM(),
        "base_sam_vanillaouter": SAM(),
        "base_sam_gradpert": SAM(along="gradient"),
        "base_sam_layer_euclidean": SAM(norm="layer-euclidean"),
        "base_fsam": FSAM(decay=beta),
        "past_fsam": PastFSAM(decay=beta),
        "asam": ASAM(DEFAULTS["asam_eta"]),
        "fisher_sam": FisherSAM(DEFAULTS["fisher_sam_eta"]),
    }
    walk = re.sub(r"_(wd|ls)[\d.]+$", "", walk)
    if (delay := number(walk, "_start")) is not None:
        return Method(SAM(start_step=int(delay)), preconditioner)
    if walk not in probes:
        raise ValueError(f"unknown trajectory {name!r} in the golden data")
    return Method(probes[walk], preconditioner, precondition)


def refresh_every() -> int:
    """Steps between refreshes: the stored ones share the steps of a trajectory."""
    steps = len(arrays("traj")[f"{TRAJECTORIES[0]}.loss"])
    return steps // (max(int(i) for i in REFRESHES) + 1)


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_trajectory(name: str) -> None:
    data, objective = arrays("traj"), network_loss(number(name, "_ls") or 0.0)
    method, wanted = method_of(name), data[f"{name}.theta"]
    settings = Settings(
        learning_rate=DEFAULTS["learning_rate"],
        radius=SPEC["rho"],
        momentum=0.0 if name == "sgd_nomom" else DEFAULTS["momentum"],
        weight_decay=number(name, "_wd") or DEFAULTS["weight_decay"] or 0.0,
    )
    state = begin(objective, method, ours(wanted[0]))
    refresh = 0
    for step in range(len(wanted) - 1):
        state, due = refresh_if_due(objective, method, state)
        if due:
            if f"{name}.U_refresh{refresh}" in {key.split(".layers_")[0] for key in data}:
                close_stored(name, f"U_refresh{refresh}", state.preconditioner)
            refresh += 1
        close(objective.loss(state.position), data[f"{name}.center_loss"][step])
        state, trace = descent_step(objective, method, settings, state)
        assert trace.loss is not None
        close(trace.loss, data[f"{name}.loss"][step])
        close(theirs(state.position), wanted[step + 1], wanted[0], f"{name}, step {step + 1}")
    if any(key.startswith(f"{name}.U_final.") for key in data):
        close_stored(name, "U_final", state.preconditioner)


def close_stored(name: str, which: str, leaves: dict[str, torch.Tensor]) -> None:
    """The leaves of U stored along a trajectory, as displacements from the identity."""
    data, (metric, structure) = arrays("traj"), name.split(".")[-2:]
    for leaf, found in leaves_in_their_form(structure, leaves).items():
        start = arrays(f"blocks_{metric}_{structure}")[f"U_id.{leaf}"]
        close(found, data[f"{name}.{which}.{leaf}"], start, f"{name} {which} {leaf}")


# --- toy problems ----------------------------------------------------------------------------------------------------

TOYS = sorted(f"toy/{path.stem}" for path in (FOLDER / "toy").glob("*.npz"))
STARTS = [(toy, start) for toy in TOYS for start in names(toy, r"([^.]+)\.theta0$")]
TOY_RUNS = [(toy, start, run) for toy, start in STARTS for run in names(toy, rf"{start}\.(.+)\.theta$")]
SENSITIVE = 1e-10
"""Steps are compared while a change of the start by 1e-13 moves them by less than this; later they are chaotic."""


@pytest.mark.parametrize(("toy", "start"), STARTS)
def test_toy_problem(toy: str, start: str) -> None:
    data = arrays(toy)
    objective = toy_loss(data, start)
    theta, at = objective.initial, linearise(objective, objective.initial)
    close(objective.loss(theta), data[f"{start}.loss0"])
    close(at.gradient, data[f"{start}.grad0"])
    quick = linearise(QuickToy(data), theta.numpy())
    close(quick.gradient, data[f"{start}.grad0"])
    close(np.stack([quick.product(row) for row in np.eye(len(theta))]), data[f"{start}.H0"])
    close(torch.stack([at.product(row) for row in torch.eye(len(theta), dtype=theta.dtype)]), data[f"{start}.H0"])
    llqr = LLQR.for_networks("dense", "newton")
    for which in ("id", "rand"):
        leaves = {k.name: torch.from_numpy(data[f"{start}.U_{which}.{k.name}"]) for k in objective.layout.layers}
        close(llqr.cost(objective.layout, at, leaves), data[f"{start}.J_{which}"])
        for name, slope in llqr.slope(objective.layout, at)(leaves).items():
            close(slope, data[f"{start}.dJ_{which}.{name}"])


@pytest.mark.parametrize(("toy", "start", "run"), TOY_RUNS)
def test_toy_trajectory(toy: str, start: str, run: str) -> None:
    """25 steps of η = 5e-3 without momentum, a refresh of 500 inner steps before each, no slow average."""
    data, objective = arrays(toy), QuickToy(arrays(toy))
    theta, prefix, layout = data[f"{start}.theta0"], f"{start}.{run}", objective.layout
    llqr = LLQR.for_networks(
        "dense",
        "newton",
        refresh_every=1,
        decay=0.0,
        inner_steps=500,
        inner_learning_rate=number(run, "_lr") or 1e-2,
        clip=None if "noclip" in run else number(run, "clip"),
        damping=number(run, "_damp") or 0.0,
        normalise_gradient="normgrad" in run,
    )
    method, settings = Method(preconditioner=llqr), Settings(learning_rate=5e-3, momentum=0.0)
    state, compared = begin(objective, method, theta), 0
    for step in range(len(data[f"{prefix}.U"])):
        if not data[f"{prefix}.sens_U"][step] < SENSITIVE:
            break
        state, _ = refresh_if_due(objective, method, state)
        found = np.concatenate([state.preconditioner[layer.name].reshape(-1) for layer in layout.layers])
        first = np.concatenate([np.eye(layer.size).reshape(-1) for layer in layout.layers])
        close(found, data[f"{prefix}.U"][step], first, f"{prefix} U, step {step}")
        state, _ = descent_step(objective, method, settings, state)
        if not data[f"{prefix}.sens_theta"][step + 1] < SENSITIVE:
            break
        close(objective.loss(state.position), data[f"{prefix}.loss"][step + 1])
        close(state.position, data[f"{prefix}.theta"][step + 1], theta, f"{prefix}, step {step + 1}")
        compared += 1
    assert compared > 0
