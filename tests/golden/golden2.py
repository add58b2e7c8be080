"""Read a folder of the second golden data: the other methods of the paper's reference list, and what each one is.

A method is read from what the folder's spec says of a trajectory, and from its name where the spec is silent, so that
a folder of the same form with another network and other toys can be named by GOLDEN2_DIR.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from geometry import surfaces
from geometry.networks import NetworkLoss
from optimizers import (
    GNP,
    GSAM,
    KFAC,
    LLQR,
    SAM,
    SAMON,
    SSAMD,
    SSAMF,
    WSAM,
    Adam,
    HeavyBall,
    Identity,
    Lion,
    LookSAM,
    Method,
    Muon,
    NaturalGradient,
    NoMix,
    NoProbe,
    Shampoo,
    VaSSO,
)
from optimizers.metrics import ParameterMetric
from optimizers.rule import Settings
from tests.golden.golden import order_of, perceptron

FOLDER = Path(os.environ.get("GOLDEN2_DIR") or Path(__file__).parent / "data2")
RADIUS = 0.1
"""ρ where the spec is silent."""
SPEC: dict[str, Any] = json.loads((FOLDER / "spec.json").read_text(encoding="utf-8"))


@cache
def arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of FOLDER/name.npz."""
    with np.load(FOLDER / f"{name}.npz") as data:
        return {key: data[key] for key in data.files}


@cache
def network_loss() -> NetworkLoss:
    """The perceptron that all trajectories are about."""
    about = SPEC["problem"]
    return perceptron(arrays(Path(about["file"]).stem), about["widths"], about["act"], 0.0)


@cache
def order() -> np.ndarray:
    """index with theirs = ours[index]."""
    return order_of(network_loss().layout)


def theirs(ours_: torch.Tensor) -> np.ndarray:
    """A vector (..., D) of ours in their order."""
    return ours_.detach().numpy()[..., order()]


def ours(flat: np.ndarray) -> torch.Tensor:
    """A vector (..., D) of theirs in our order."""
    result = np.empty_like(flat)
    result[..., order()] = flat
    return torch.from_numpy(result)


@dataclass(frozen=True)
class StoredSSAMD(SSAMD):
    """SSAM-D with the random scores that the folder holds, and its first mask."""

    def memory(self, theta: Any) -> dict[str, Any]:
        """The stored mask."""
        mask = ours(arrays("probes")["ssamd.mask0"].astype(float))
        return {"mask": mask, "next": mask}

    def scores(self, like: Any, update: int) -> Any:
        """The stored scores."""
        return ours(arrays("probes")["ssamd.random_scores"][update - 1])


def number(name: str, option: str, default: float) -> float:
    """The number behind `option` in a name: 0.3 in "alpha0.3"."""
    match = re.search(rf"{option}([0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?)", name)
    return float(match[1]) if match else default


def probe_of(name: str, said: dict[str, Any]) -> tuple[Any, Any]:
    """(probe, mix) of a trajectory; ValueError for one that is not known."""
    kind = said.get("probe")
    if kind is None:
        return NoProbe(), NoMix()
    released = said.get("norm_eps", "").startswith("1e-7")
    if kind.startswith("SAM,") or kind == "SAM":
        return SAM(along="gradient" if kind.endswith("direction g") else "preconditioned"), NoMix()
    if kind == "GNP":
        return SAM(), GNP(said["alpha"], as_released=said.get("normalised", False))
    if kind == "VaSSO":
        return VaSSO(theta=said["theta"], as_released=True), NoMix()
    if kind.startswith("SSAM-F"):
        return SSAMF(said["sparsity"], said["every"], as_released=kind.endswith("as released")), NoMix()
    if kind == "SSAM-D":
        probe = StoredSSAMD(
            said["sparsity"],
            said["every"],
            as_released=released,
            drop=said["drop_rate"],
            horizon=said["T"],
            growth=said["growth"],
        )
        return probe, NoMix()
    if kind == "GSAM":
        return SAM(), GSAM(said["alpha"])
    if kind == "WSAM":
        return SAM(), WSAM(said["gamma"], said["decoupled"])
    if kind == "LookSAM":
        return SAM(every=said["k"]), LookSAM(said["alpha"], per_tensor=said["norms"] == "per leaf")
    if kind == "SAM-ON":
        return SAMON(blocks_in(*said["chosen"])), NoMix()
    if kind == "Riemannian SAM":
        return SAM(norm="matrix"), NoMix()
    raise ValueError(f"unknown probe {kind!r} of {name!r} in the golden data")


def blocks_in(start: int, stop: int) -> tuple[str, ...]:
    """The parameters that are the entries start … stop of their order."""
    inside, blocks = set(order()[start:stop].tolist()), network_loss().layout.blocks
    found = tuple(block.name for block in blocks if set(range(block.start, block.stop)) <= inside)
    assert sum(block.size for block in blocks if block.name in found) == stop - start, "the entries are whole blocks"
    return found


def preconditioner_of(name: str, said: dict[str, Any]) -> Any:
    """U of a trajectory; ValueError for one that is not known."""
    kind, every = said.get("preconditioner"), said.get("refresh", 1)
    metric = said.get("metric")
    if metric == "fisher":
        return NaturalGradient(said["eta"], "empirical", True)
    if metric == "asam":
        return ParameterMetric(said["eta"])
    if metric is not None:
        return NaturalGradient(damping=float(re.findall(r"[\d.]+", metric)[0]))
    if kind is None:
        return Identity()
    if kind.startswith("LLQR"):
        _, curvature, structure = kind.split()
        options = {k: said[k] for k in ("inner_learning_rate", "damping") if k in said}
        return LLQR.for_networks(structure, curvature, every, said["decay"], **options)
    if kind.startswith("("):
        fisher = "empirical" if "empirical" in kind else "exact"
        return NaturalGradient(float(re.findall(r"\+ ([\d.]+) I", kind)[0]), fisher, refresh_every=every)
    if kind.startswith("K-FAC"):
        damping_kind = said["damping_kind"] if "+" not in said["damping_kind"] else "inverse"
        fisher, released = ("empirical" if "empirical" in kind else "exact"), "kfac-pytorch" in kind
        return KFAC(said["damping"], damping_kind, said.get("factor_decay", 0.95), fisher, every, released)
    if kind.startswith("Shampoo"):
        beta = number(kind, "EMA ", -1.0)
        graft = "sgd" if "grafted to SGD" in kind else "adam" if "grafted to Adam" in kind else "none"
        return Shampoo(
            said["eps"],
            None if beta < 0 else beta,
            "start" if "L0" in kind or "at the probe" in kind else "root",
            graft,
            said.get("graft_b2", 0.99),
        )
    raise ValueError(f"unknown preconditioner {kind!r} of {name!r} in the golden data")


def outer_of(said: dict[str, Any]) -> Any:
    """The outer rule of a trajectory; ValueError for one that is not known."""
    kind = said["outer"]
    if kind.startswith("sgd"):
        return HeavyBall()
    if kind.startswith("adam"):
        return Adam(said.get("b1", 0.9), said["b2"], said.get("eps", 1e-8), decoupled=kind == "adamw")
    if kind == "lion":
        return Lion(said["b1"], said["b2"])
    if kind.startswith("muon"):
        return Muon(said["momentum"])
    raise ValueError(f"unknown outer rule {kind!r} in the golden data")


def method_of(name: str) -> tuple[Method, Settings]:
    """The method of a trajectory on the network, and the settings of its steps."""
    said = SPEC["mlp"][name]
    probe, mix = probe_of(name, said)
    update = said.get("descent") != "Euclidean"
    settings = Settings(
        learning_rate=said["learning_rate"],
        radius=said.get("r", said.get("rho", RADIUS)),
        momentum=said.get("momentum", 0.0),
        weight_decay=said.get("weight_decay", said.get("l2", 0.0)),
    )
    return Method(probe, preconditioner_of(name, said), update, mix, outer_of(said)), settings


# --- toys ------------------------------------------------------------------------------------------------------------


def toys() -> list[str]:
    """The surfaces that the folder has runs on."""
    return sorted(path.stem for path in (FOLDER / "toy").glob("*.npz"))


def runs_of(toy: str) -> list[tuple[str, str]]:
    """(start, name) of each stored run on a surface."""
    keys = (re.match(r"([^.]+)\.(.+)\.theta$", key) for key in arrays(f"toy/{toy}"))
    return [(match[1], match[2]) for match in keys if match]


def surface_of(toy: str) -> Any:
    """The surface with the folder's parameters."""
    said = SPEC["toy_surfaces"][toy]
    return getattr(surfaces, said["surface"])(**said["parameters"])


def toy_method(toy: str, name: str) -> tuple[Method, Settings]:
    """The method that a toy run's name stands for, and the settings of its steps; ValueError for an unknown one."""
    rates, parts = SPEC["toy"][toy], name.split("+")
    probe, mix, outer, preconditioner = NoProbe(), NoMix(), HeavyBall(), Identity()
    rate, momentum, decay = rates["learning_rate"], rates["momentum"], number(name, "_wd", 0.0)
    for part in parts:
        kind = part.split("_")[0]
        if kind == "sam":
            probe = SAM(along="gradient")
        elif kind == "gnp":
            probe, mix = SAM(), GNP(number(part, "alpha", 0.8), part.endswith("normalised"))
        elif kind == "vasso":
            probe = VaSSO(theta=number(part, "theta", 0.4), as_released=True)
        elif kind == "gsam":
            probe, mix = SAM(), GSAM(number(part, "alpha", 0.4))
        elif kind == "wsam":
            probe, mix = SAM(), WSAM(number(part, "gamma", 0.9), part.endswith("decoupled"))
        elif kind == "looksam":
            probe, mix = SAM(every=int(number(part, "k", 5))), LookSAM(number(part, "alpha", 0.7))
        elif kind in ("adam", "adamw"):
            outer, rate = Adam(decoupled=kind == "adamw"), rates["adam_learning_rate"]
        elif kind == "lion":
            outer, rate = Lion(), rates["lion_learning_rate"]
        elif kind == "shampoo":
            preconditioner, momentum = Shampoo(number(part, "eps", 1e-2)), 0.0
            rate = rates["shampoo_learning_rate"]
        elif kind != "sgdm":
            raise ValueError(f"unknown method {part!r} of {name!r} in the golden data")
    settings = Settings(rate, rates["rho"], momentum, decay)
    return Method(probe, preconditioner, mix=mix, outer=outer), settings
