"""The walkers: one descent step, composed of a probe and a preconditioner, for surfaces and networks alike."""

from geometry import __version__
from optimizers.adam import Adam, Lion
from optimizers.asam import ASAM, FisherSAM
from optimizers.fsam import FSAM, PastFSAM
from optimizers.kfac import KFAC
from optimizers.llqr import LLQR
from optimizers.methods import METHODS, Method, method_named
from optimizers.mixes import GNP, GSAM, WSAM, LookSAM, NoMix
from optimizers.muon import Muon
from optimizers.natural_gradient import NaturalGradient
from optimizers.outer import Descent, HeavyBall, Nesterov
from optimizers.preconditioners import Identity
from optimizers.probes import SAM, NoProbe
from optimizers.run import OUTCOMES, Run
from optimizers.samon import SAMON
from optimizers.shampoo import Shampoo
from optimizers.simulate import simulate
from optimizers.sparse_sam import SSAMD, SSAMF
from optimizers.vasso import VaSSO

__all__ = [
    "ASAM",
    "FSAM",
    "GNP",
    "GSAM",
    "KFAC",
    "LLQR",
    "METHODS",
    "OUTCOMES",
    "SAM",
    "SAMON",
    "SSAMD",
    "SSAMF",
    "WSAM",
    "Adam",
    "Descent",
    "FisherSAM",
    "HeavyBall",
    "Identity",
    "Lion",
    "LookSAM",
    "Method",
    "Muon",
    "NaturalGradient",
    "Nesterov",
    "NoMix",
    "NoProbe",
    "PastFSAM",
    "Run",
    "Shampoo",
    "VaSSO",
    "__version__",
    "method_named",
    "simulate",
]
