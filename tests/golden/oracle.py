"""A folder in the form of the golden data for any small perceptron, computed in the slowest and plainest way.

Explicit curvature matrices by automatic differentiation, the cost J differentiated through U by automatic
differentiation too, vectors in the authors' order. Nothing of ours is used, so that what agrees is not a mistake made
twice.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

Leaves = dict[str, Tensor]
STRUCTURES = ("dense", "diagonal", "kfac", "e-kfac")
ROOT = 1e-12
STEPS, EVERY = 6, 3
OPTIONS: dict[str, dict[str, Any]] = {
    "damping0.2": {"damping": 0.2},
    "clip0.003": {"clip": 0.003},
    "sgd": {"momentum": 0.0},
    "strong": {"lr": 0.05, "damping": 0.1},
}


class Problem:
    """The perceptron of a spec at drawn parameters and data, all of it in the authors' order."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec, self.widths = spec, spec["widths"]
        draw = torch.Generator().manual_seed(spec["seed"])
        self.x = torch.randn(spec["batch"], self.widths[0], generator=draw, dtype=torch.float64)
        self.y = torch.randint(0, self.widths[-1], (spec["batch"],), generator=draw)
        pieces = []
        for a, b in zip(self.widths, self.widths[1:], strict=False):
            pieces += [0.1 * torch.randn(b, generator=draw), torch.randn(a * b, generator=draw) / a**0.5]
        self.theta = torch.cat(pieces).double()
        self.act = getattr(torch, spec["act"])
        self.draw = draw

    def layers(self) -> list[tuple[str, int, int, int]]:
        """(name, first index, inputs, outputs) of each layer."""
        found, first = [], 0
        for i, (a, b) in enumerate(zip(self.widths, self.widths[1:], strict=False)):
            found.append((f"layers_{i}", first, a, b))
            first += b + a * b
        return found

    def log_probabilities(self, theta: Tensor) -> Tensor:
        """(N, C)."""
        h = self.x
        for i, (_, first, a, b) in enumerate(self.layers()):
            bias, kernel = theta[first : first + b], theta[first + b : first + b + a * b].reshape(a, b)
            h = h @ kernel + bias
            h = torch.log_softmax(h, -1) if i == len(self.widths) - 2 else self.act(h)
        return h

    def loss(self, theta: Tensor, smoothing: float = 0.0) -> Tensor:
        """Mean cross-entropy."""
        hot = torch.nn.functional.one_hot(self.y, self.widths[-1]).double()
        hot = (1 - smoothing) * hot + smoothing / self.widths[-1]
        return -(hot * self.log_probabilities(theta)).sum(-1).mean()

    def gradient(self, theta: Tensor, smoothing: float = 0.0) -> Tensor:
        """∇L, (P,)."""
        leaf = theta.clone().requires_grad_()
        return torch.autograd.grad(self.loss(leaf, smoothing), leaf)[0]

    def curvature(self, theta: Tensor, metric: str) -> Tensor:
        """(P, P): Hessian of the loss, or of the divergence summed over the batch."""
        frozen = self.log_probabilities(theta).exp().detach()

        def divergence(at: Tensor) -> Tensor:
            return -(frozen * self.log_probabilities(at)).sum()

        return torch.autograd.functional.hessian(self.loss if metric == "newton" else divergence, theta)

    def identity(self, structure: str) -> Leaves:
        """Leaves of U = I."""
        leaves = {}
        for name, _, a, b in self.layers():
            if structure == "dense":
                leaves[name] = torch.eye(b + a * b)
            elif structure == "diagonal":
                leaves[name] = torch.ones(b + a * b)
            else:
                leaves[f"{name}.bias"] = torch.ones(b)
                first, second = ("A", "B") if structure == "kfac" else ("QA", "QG")
                leaves[f"{name}.kernel.{first}"], leaves[f"{name}.kernel.{second}"] = torch.eye(a), torch.eye(b)
                if structure == "e-kfac":
                    leaves[f"{name}.kernel.D"] = torch.ones(a * b)
        return {name: leaf.double() for name, leaf in leaves.items()}

    def apply(self, structure: str, leaves: Leaves, v: Tensor) -> Tensor:
        """U v."""
        parts = []
        for name, first, a, b in self.layers():
            own = v[first : first + b + a * b]
            if structure == "dense":
                parts.append(leaves[name] @ own)
            elif structure == "diagonal":
                parts.append(leaves[name] * own)
            else:
                x = own[b:].reshape(a, b)
                if structure == "kfac":
                    x = leaves[f"{name}.kernel.A"] @ x @ leaves[f"{name}.kernel.B"].T
                else:
                    qa, qg = leaves[f"{name}.kernel.QA"], leaves[f"{name}.kernel.QG"]
                    x = qa @ (leaves[f"{name}.kernel.D"].reshape(a, b) * (qa.T @ x @ qg)) @ qg.T
                parts += [leaves[f"{name}.bias"] * own[:b], x.reshape(-1)]
        return torch.cat(parts)

    def cost(self, structure: str, leaves: Leaves, g: Tensor, curvature: Tensor, damping: float = 0.0) -> Tensor:
        """J(U)."""
        d = -self.apply(structure, leaves, g)
        return g @ d + 0.5 * d @ curvature @ d + 0.5 * damping * d @ d

    def slope(self, structure: str, leaves: Leaves, *about: Any) -> Leaves:
        """∂J/∂leaf."""
        own = {name: leaf.clone().requires_grad_() for name, leaf in leaves.items()}
        slopes = torch.autograd.grad(self.cost(structure, own, *about), list(own.values()))
        return dict(zip(own, slopes, strict=True))

    def refresh(self, structure: str, old: Leaves, theta: Tensor, metric: str, ema: float = 0.0, **set_: Any) -> Leaves:
        """U after one refresh at θ."""
        default = self.spec["defaults"]
        lr, mu = set_.get("lr", default["precond_lr"]), set_.get("momentum", default["momentum"])
        clip, damping = set_.get("clip", default["precond_clip_norm"]), set_.get("damping", default["damping"])
        g, curvature = self.gradient(theta), self.curvature(theta, metric)
        leaves, buffers = dict(old), {name: torch.zeros_like(leaf) for name, leaf in old.items()}
        for _ in range(set_.get("steps", default["precond_steps"])):
            for name, slope in self.slope(structure, leaves, g, curvature, damping).items():
                buffers[name] = mu * buffers[name] + slope * (clip / max(clip, float(slope.norm())))
                leaves[name] = leaves[name] - lr * buffers[name]
        leaves = {name: ema * old[name] + (1 - ema) * leaf for name, leaf in leaves.items()}
        return {k: leaf.clamp(min=1e-8) for k, leaf in leaves.items()} if structure == "diagonal" else leaves


def named(prefix: str, leaves: Leaves) -> dict[str, np.ndarray]:
    """Leaves as arrays under `prefix`."""
    return {f"{prefix}.{name}": leaf.numpy() for name, leaf in leaves.items()}


def write_folder(folder: Path, spec: dict[str, Any]) -> None:
    """The whole folder but the toys."""
    p = Problem(spec)
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    g, theta, damping = p.gradient(p.theta), p.theta, 0.75
    curvatures = {metric: p.curvature(theta, metric) for metric in ("newton", "ngd")}
    problem = {
        "X": p.x,
        "y": p.y,
        "params_flat": theta,
        "logp0": p.log_probabilities(theta),
        "loss0": p.loss(theta),
        "grad_flat": g,
        "lqr_step_damping": torch.tensor(damping).double(),
        "ls0.2.loss0": p.loss(theta, 0.2),
        "ls0.2.grad_flat": p.gradient(theta, 0.2),
    }
    for name, first, a, b in p.layers():
        problem[f"params.{name}.bias"] = theta[first : first + b]
        problem[f"params.{name}.kernel"] = theta[first + b : first + b + a * b].reshape(a, b)
    for metric, curvature in curvatures.items():
        problem[f"G_{metric}"] = curvature
        problem[f"lqr_step_{metric}"] = torch.linalg.solve(curvature + damping * torch.eye(len(g)).double(), g)
    np.savez(folder / "problem.npz", **{name: value.numpy() for name, value in problem.items()})
    random = {}
    for structure in STRUCTURES:
        noise = {k: torch.randn(u.shape, generator=p.draw).double() for k, u in p.identity(structure).items()}
        random[structure] = {k: u + 0.1 * noise[k] for k, u in p.identity(structure).items()}
        for metric, curvature in curvatures.items():
            blocks = _blocks(p, structure, metric, curvature, g, random[structure])
            np.savez(folder / f"blocks_{metric}_{structure}.npz", **blocks)
    np.savez(folder / "sam.npz", **_perturbations(p, g, random))
    np.savez(folder / "traj.npz", **_trajectories(p))


def _blocks(p: Problem, structure: str, metric: str, curvature: Tensor, g: Tensor, random: Leaves) -> dict[str, Any]:
    first, v = p.identity(structure), torch.randn(len(g), generator=p.draw).double()
    data: dict[str, Any] = {"v": v.numpy(), "Uv_rand": p.apply(structure, random, v).numpy()}
    for name, leaves in (("id", first), ("rand", random)):
        data |= named(f"U_{name}", leaves) | named(f"dJ_{name}", p.slope(structure, leaves, g, curvature))
        data[f"J_{name}"] = p.cost(structure, leaves, g, curvature).numpy()
        data[f"Ug_{name}"] = p.apply(structure, leaves, g).numpy()
    for steps in (1, 4, 9):
        leaves = p.refresh(structure, first, p.theta, metric, steps=steps)
        data |= named(f"U_step{steps}", leaves) | {f"J_step{steps}": p.cost(structure, leaves, g, curvature).numpy()}
        data[f"Ug_step{steps}"] = p.apply(structure, leaves, g).numpy()
    data |= named("U_rand_step4", p.refresh(structure, random, p.theta, metric, steps=4))
    leaves = first
    for refresh in (1, 2):
        leaves = p.refresh(structure, leaves, p.theta, metric, ema=0.8)
        data |= named(f"U_ema0.8_cad{refresh}", leaves)
        data[f"Ug_ema0.8_cad{refresh}"] = p.apply(structure, leaves, g).numpy()
    for option, changes in OPTIONS.items():
        leaves = p.refresh(structure, first, p.theta, metric, steps=10, **changes)
        data |= named(f"opt.{option}.U", leaves) | {f"opt.{option}.Ug": p.apply(structure, leaves, g).numpy()}
    return data


def scaled(p: Problem, w: Tensor, v: Tensor, norm: str, rho: float) -> Tensor:
    """ρ w over one of the four norms."""
    other = w if norm.endswith("euclidean") else v
    if not norm.startswith("layer"):
        return rho * w / torch.sqrt(other @ w + ROOT)
    parts = [slice(first, first + b + a * b) for _, first, a, b in p.layers()]
    return torch.cat([rho * w[s] / torch.sqrt(other[s] @ w[s] + ROOT) / len(parts) ** 0.5 for s in parts])


def _perturbations(p: Problem, g: Tensor, random: dict[str, Leaves]) -> dict[str, Any]:
    rho, default = p.spec["rho"], p.spec["defaults"]
    average = 0.3 * torch.randn(len(g), generator=p.draw).double()
    data: dict[str, Any] = {"g": g, "gbar": average, "rho": torch.tensor(rho, dtype=torch.float64)}
    data["n_layers"] = torch.tensor(len(p.layers()))
    norms = ("euclidean", "matrix_norm", "layer_euclidean", "layer_matrix_norm")
    for norm in norms:
        for vector, v in (("g", g), ("gminusgbar", g - average)):
            data[f"eps.any.{vector}.ema_grad.{norm}"] = scaled(p, v, v, norm, rho)
            for structure, leaves in random.items():
                w = p.apply(structure, leaves, v)
                data[f"eps.{structure}.{vector}.ema_precond_grad.{norm}"] = scaled(p, w, v, norm, rho)
                unit = w / torch.sqrt(w @ w + ROOT)
                data[f"eps.{structure}.{vector}.ema_direction.{norm}"] = scaled(p, unit, v, norm, rho)
    data["eps.asam"] = asam(p, p.theta, g)
    fisher = g / (g * g + default["fisher_sam_eta"])
    data["eps.fisher_sam"] = rho * fisher / torch.sqrt(g @ fisher + ROOT)
    data["gbar_next_beta0.7"] = 0.7 * average + 0.3 * g
    return {name: value.numpy() for name, value in data.items()}


def asam(p: Problem, theta: Tensor, g: Tensor) -> Tensor:
    """ε of adaptive SAM."""
    t = theta.abs() + p.spec["defaults"]["asam_eta"]
    for _, first, _, b in p.layers():
        t[first : first + b] = 1.0
    return p.spec["rho"] * t * t * g / torch.sqrt((t * g) @ (t * g) + ROOT)


def _trajectories(p: Problem) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for probe in ("sgdm", "base_sam", "base_fsam", "asam"):
        _walk(p, data, probe, probe, None, "")
    _walk(p, data, "sgdm_wd0.1", "sgdm", None, "", decay=0.1)
    for structure in STRUCTURES:
        _walk(p, data, f"llqr.ngd.{structure}", "sgdm", structure, "ngd")
        _walk(p, data, f"base_sam+llqr.newton.{structure}", "base_sam", structure, "newton")
    return data


def _walk(
    p: Problem, data: dict[str, Any], name: str, probe: str, structure: str | None, metric: str, decay: float = 0.0
) -> None:
    default, rho = p.spec["defaults"], p.spec["rho"]
    theta, m, average = p.theta.clone(), torch.zeros_like(p.theta), torch.zeros_like(p.theta)
    leaves = p.identity(structure) if structure else {}
    path, losses, centres = [theta], [], []
    for step in range(STEPS):
        if structure and step % EVERY == 0:
            leaves = p.refresh(structure, leaves, theta, metric, ema=p.spec["ema"][metric])
            data |= named(f"{name}.U_refresh{step // EVERY}", leaves)
        g, epsilon = p.gradient(theta), torch.zeros_like(theta)
        if probe == "asam":
            epsilon = asam(p, theta, g)
        elif probe != "sgdm":
            v = g - average if probe == "base_fsam" else g
            epsilon = scaled(p, p.apply(structure, leaves, v) if structure else v, v, "euclidean", rho)
        average = default["gbar_beta"] * average + (1 - default["gbar_beta"]) * g
        centres.append(p.loss(theta))
        losses.append(p.loss(theta + epsilon))
        outer = p.gradient(theta + epsilon)
        m = (p.apply(structure, leaves, outer) if structure else outer) + decay * theta + default["momentum"] * m
        theta = theta - default["learning_rate"] * m
        path.append(theta)
    data[f"{name}.theta"] = torch.stack(path).numpy()
    data[f"{name}.loss"], data[f"{name}.center_loss"] = (torch.stack(rows).numpy() for rows in (losses, centres))
