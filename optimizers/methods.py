"""The registry: a method is a choice of probe and of preconditioner, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from optimizers.llqr import LLQR
from optimizers.preconditioners import Identity, Preconditioner
from optimizers.probes import SAM, NoProbe, Probe


@dataclass(frozen=True)
class Method:
    """One corner of the square {probe at θ, probe at θ + ε} × {U = I, U learned}.

    `precondition_update=False` keeps U for the probe alone and steps along the plain outer gradient. A probe whose
    method steps along the plain gradient (Fisher-SAM) takes no preconditioner: ValueError.
    """

    probe: Probe = field(default_factory=NoProbe)
    preconditioner: Preconditioner = field(default_factory=Identity)
    precondition_update: bool = True

    def __post_init__(self) -> None:
        if getattr(self.probe, "update_is_plain", False) and not isinstance(self.preconditioner, Identity):
            raise ValueError(
                f"{type(self.probe).__name__} probes without U and steps along the plain gradient, so a preconditioner "
                "would never be used; leave it out, or choose SAM, FSAM or ASAM"
            )


METHODS: dict[str, Method] = {
    "SGDM": Method(),
    "SAM": Method(probe=SAM()),
    "LLQR": Method(preconditioner=LLQR()),
    "LLQR+SAM": Method(probe=SAM(), preconditioner=LLQR()),
}
"""The four corners of the square by name, with the settings of the 2-D surfaces; another method is another entry."""


def method_named(method: str | Method) -> Method:
    """The method of that name (a Method is returned as it is); a ValueError that lists the names otherwise."""
    if isinstance(method, Method):
        return method
    try:
        return METHODS[method]
    except (KeyError, TypeError):
        raise ValueError(f"unknown method {method!r}; choose one of {', '.join(METHODS)}") from None
