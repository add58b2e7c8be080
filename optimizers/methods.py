"""The registry: a method is a choice of probe, mix, preconditioner and outer rule, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from optimizers.adam import Adam, Lion
from optimizers.asam import ASAM, FisherSAM
from optimizers.capabilities import LEARNING_RATE, Tunable
from optimizers.fsam import FSAM
from optimizers.kfac import KFAC
from optimizers.llqr import LLQR
from optimizers.mixes import GNP, GSAM, WSAM, LookSAM, Mix, NoMix
from optimizers.muon import Muon
from optimizers.natural_gradient import NaturalGradient
from optimizers.outer import Descent, HeavyBall, Nesterov, Outer
from optimizers.preconditioners import Identity, Preconditioner
from optimizers.probes import SAM, NoProbe, Probe
from optimizers.samon import SAMON
from optimizers.shampoo import Shampoo
from optimizers.sparse_sam import SSAMD, SSAMF
from optimizers.vasso import VaSSO

PARTS = ("probe", "mix", "preconditioner", "outer")


@dataclass(frozen=True)
class Method:
    """A probe, a mix of the gradients at θ and at the probe, a preconditioner U, and an outer rule.

    With the usual mix and outer rule it is a corner of the square {probe at θ, probe at θ + ε} × {U = I, U learned}.
    `precondition_update=False` keeps U for the probe alone and steps along the plain outer gradient. A probe whose
    method steps along the plain gradient (Fisher-SAM) takes no preconditioner: ValueError.
    """

    probe: Probe = field(default_factory=NoProbe)
    preconditioner: Preconditioner = field(default_factory=Identity)
    precondition_update: bool = True
    mix: Mix = field(default_factory=NoMix)
    outer: Outer = field(default_factory=HeavyBall)

    def __post_init__(self) -> None:
        if self.probe.capabilities.plain_update and self.learns:
            raise ValueError(
                f"{type(self.probe).__name__} probes without U and steps along the plain gradient, so a preconditioner "
                "would never be used; leave it out, or choose SAM, FSAM or ASAM"
            )

    @property
    def looks_ahead(self) -> bool:
        """Whether it takes gradients anywhere but where it stands."""
        return self.probe.schedule.ever

    @property
    def learns(self) -> bool:
        """Whether U is learned; otherwise it is the identity."""
        return self.preconditioner.schedule.ever or self.preconditioner.capabilities.observes

    @property
    def needs_gradient(self) -> bool:
        """Whether its probe or its mix asks for the gradient at θ."""
        return self.probe.capabilities.needs_gradient or self.mix.capabilities.needs_gradient

    @property
    def compiled(self) -> bool:
        """Whether the compiled engine knows all of its parts; otherwise the readable rule walks it."""
        parts = self.mix.capabilities.compiled, self.outer.capabilities.compiled
        return all(parts) and self.probe.compiled is not None and self.preconditioner.compiled is not None

    @property
    def telling_parts(self) -> dict[str, Any]:
        """Its parts, by slot, that make it what it is: those that do something; the heavy ball where no other does."""
        plain = Method()
        found = {key: getattr(self, key) for key in PARTS if type(getattr(self, key)) is not type(getattr(plain, key))}
        return found or {"outer": self.outer}

    @property
    def formulas(self) -> dict[str, str]:
        """The formula of each slot: probe, mix, preconditioner, outer."""
        kept, step = self.outer.formula()
        return {
            "probe": self.probe.formula(self.learns),
            "mix": self.mix.formula(),
            "preconditioner": self.preconditioner.formula(),
            "outer": f"{kept}; {step}" if kept else step,
        }

    @property
    def tunables(self) -> tuple[Tunable, ...]:
        """The settings of the step that matter to it."""
        return (LEARNING_RATE, *self.probe.capabilities.tunables)

    def tunable(self, name: str) -> Tunable | None:
        """The one of that name; None where it does not matter to the method."""
        return next((one for one in self.tunables if one.name == name), None)

    def gradient_evaluations(self, index: Any) -> Any:
        """What step `index` (a number, or an array of steps) costs without a refresh: 2 where the probe needs ∇L(θ)."""
        return 1 + (self.needs_gradient & self.probe.schedule.due(index))

    def array_fields(self) -> dict[tuple[str, str], Any]:
        """{(part, field): value} of what may be an array over the walkers; without those that are None."""
        parts = {key: getattr(self, key) for key in PARTS}
        found = {
            (key, name): getattr(part, name) for key, part in parts.items() for name in part.capabilities.array_fields
        }
        return {key: value for key, value in found.items() if value is not None}

    def with_fields(self, values: Mapping[tuple[str, str], Any]) -> Method:
        """The method with other values of its fields, named as by `array_fields`; fields that it lacks are left out."""
        changed = {}
        for key in PARTS:
            part = getattr(self, key)
            own = {field.name for field in fields(part)}
            mine = {name: value for (of, name), value in values.items() if of == key and name in own}
            if mine:
                changed[key] = replace(part, **mine)
        return replace(self, **changed) if changed else self


METHODS: dict[str, Method] = {
    "SGDM": Method(),
    "SAM": Method(probe=SAM()),
    "LLQR": Method(preconditioner=LLQR()),
    "LLQR+SAM": Method(probe=SAM(), preconditioner=LLQR()),
}
"""The four corners of the square by name, with the settings of the 2-D surfaces: what every instrument compares.
Another method is another entry."""

MORE_METHODS: dict[str, Method] = {
    "GNP": Method(probe=SAM(), mix=GNP()),
    "VaSSO": Method(probe=VaSSO(theta=0.4)),
    "GSAM": Method(probe=SAM(), mix=GSAM()),
    "WSAM": Method(probe=SAM(), mix=WSAM(0.7)),
    "NGD": Method(preconditioner=NaturalGradient(refresh_every=1)),
    "Shampoo": Method(preconditioner=Shampoo()),
    "GD": Method(outer=Descent()),
    "Nesterov": Method(outer=Nesterov()),
    "Adam": Method(outer=Adam()),
    "AdamW": Method(outer=Adam(decoupled=True, weight_decay=0.01)),
    "Lion": Method(outer=Lion()),
}
"""Methods of the literature that walk on surfaces beside them, where they are asked for. What needs layers (K-FAC,
SAM-ON, Muon), many parameters (sparse SAM) or gradients that are not parallel (LookSAM) is in NETWORK_METHODS alone."""


def toy_methods() -> dict[str, Method]:
    """All that walks on surfaces, as the registries are now."""
    return {**METHODS, **MORE_METHODS}


GROUPS: dict[str, tuple[str, ...]] = {
    "Other probes": ("FSAM", "ASAM", "Fisher-SAM", "VaSSO", "SSAM-F", "SSAM-D", "SAM-ON", "Riemannian SAM"),
    "Mixes of both gradients": ("GNP", "GSAM", "WSAM", "LookSAM"),
    "Other preconditioners": ("NGD", "K-FAC", "Shampoo"),
    "Other outer rules": ("GD", "Nesterov", "Adam", "AdamW", "Lion", "Muon"),
}
"""Where a long list of methods keeps those that it does not open with."""


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """{title: names} of these names in GROUPS, without empty groups; a list opens with those that are in none."""
    given = list(names)
    found = {title: [name for name in given if name in members] for title, members in GROUPS.items()}
    return {title: members for title, members in found.items() if members}


def method_named(method: str | Method, known: Mapping[str, Method] | None = None) -> Method:
    """The method of that name among `known`, those of surfaces by default (a Method is returned as it is); a ValueError
    that lists the names otherwise."""
    if isinstance(method, Method):
        return method
    known = toy_methods() if known is None else known
    try:
        return known[method]
    except (KeyError, TypeError):
        raise ValueError(f"unknown method {method!r}; choose one of {', '.join(known)}") from None


NETWORK_SETTINGS: dict[str, float] = {"learning_rate": 0.05, "radius": 0.1, "momentum": 0.9}
"""Learning rate, probe radius and momentum of the authors' runs on image classification (arXiv 2605.16134)."""


NETWORK_METHODS: dict[str, Method] = {
    "SGDM": Method(),
    "SAM": Method(probe=SAM()),
    "LLQR": Method(preconditioner=LLQR.for_networks()),
    "LLQR+SAM": Method(probe=SAM(), preconditioner=LLQR.for_networks()),
    "FSAM": Method(probe=FSAM()),
    "ASAM": Method(probe=ASAM()),
    "Fisher-SAM": Method(probe=FisherSAM()),
    "GNP": Method(probe=SAM(), mix=GNP()),
    "VaSSO": Method(probe=VaSSO(theta=0.4)),
    "SSAM-F": Method(probe=SSAMF(0.5, every=100)),
    "SSAM-D": Method(probe=SSAMD(0.5, every=100)),
    "GSAM": Method(probe=SAM(), mix=GSAM()),
    "WSAM": Method(probe=SAM(), mix=WSAM(0.7)),
    "LookSAM": Method(probe=SAM(every=5), mix=LookSAM()),
    "SAM-ON": Method(probe=SAMON()),
    "Riemannian SAM": Method(
        probe=SAM(norm="matrix"), preconditioner=NaturalGradient(1.0, "empirical", True, refresh_every=10)
    ),
    "NGD": Method(preconditioner=NaturalGradient(1.0, refresh_every=20)),
    "K-FAC": Method(preconditioner=KFAC(0.3, refresh_every=10)),
    "Shampoo": Method(preconditioner=Shampoo(1e-6, 0.95, "root", "sgd", root_every=10)),
    "GD": Method(outer=Descent()),
    "Nesterov": Method(outer=Nesterov()),
    "Adam": Method(outer=Adam(share=0.02)),
    "AdamW": Method(outer=Adam(decoupled=True, weight_decay=0.01, share=0.02)),
    "Lion": Method(outer=Lion(share=0.01)),
    "Muon": Method(outer=Muon(others=Adam(share=0.02), all_kernels=False)),
}
"""The methods that train networks by name; another method is another entry. All are given one η: 0.05 is usual for the
heavy ball, and Adam's and Lion's steps are a share of it, so that theirs are 0.001 and 0.0005."""
CORNERS = ("SGDM", "SAM", "LLQR", "LLQR+SAM")
"""The four corners of the square."""


def network_methods(
    structure: Any = "diagonal",
    metric: str = "ngd",
    names: Iterable[str] = CORNERS,
    probe_norm: str = "euclidean",
    **options: Any,
) -> dict[str, Method]:
    """The named methods, with LLQR.for_networks(structure, metric, **options) where U is LLQR's; there the probe is
    measured in `probe_norm` (without U both norms agree).

    ValueError that lists the names for another.
    """
    llqr = LLQR.for_networks(structure, metric, **options)
    found = {name: method_named(name, NETWORK_METHODS) for name in names}
    learned = {name for name, one in found.items() if isinstance(one.preconditioner, LLQR)}
    with_u = {name: replace(found[name], preconditioner=llqr) for name in learned}
    normed = {name: one.with_fields({("probe", "norm"): probe_norm}) for name, one in with_u.items()}
    return {name: normed.get(name, one) for name, one in found.items()}
