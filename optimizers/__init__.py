"""The walkers: one descent step, composed of a probe and a preconditioner, for surfaces and networks alike."""

from optimizers.llqr import LLQR
from optimizers.methods import METHODS, Method, method_named
from optimizers.preconditioners import Identity
from optimizers.probes import SAM, NoProbe
from optimizers.run import OUTCOMES, Run
from optimizers.simulate import simulate

__all__ = ["LLQR", "METHODS", "OUTCOMES", "SAM", "Identity", "Method", "NoProbe", "Run", "method_named", "simulate"]
