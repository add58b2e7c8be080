"""The walkers: one descent step, composed of a probe and a preconditioner, for surfaces and networks alike."""

from geometry import __version__
from optimizers.asam import ASAM, FisherSAM
from optimizers.fsam import FSAM, PastFSAM
from optimizers.llqr import LLQR
from optimizers.methods import METHODS, Method, method_named
from optimizers.preconditioners import Identity
from optimizers.probes import SAM, NoProbe
from optimizers.run import OUTCOMES, Run
from optimizers.simulate import simulate

__all__ = [
    "ASAM",
    "FSAM",
    "LLQR",
    "METHODS",
    "OUTCOMES",
    "SAM",
    "FisherSAM",
    "Identity",
    "Method",
    "NoProbe",
    "PastFSAM",
    "Run",
    "__version__",
    "method_named",
    "simulate",
]
