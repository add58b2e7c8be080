"""Block structures of the preconditioner U: how it is stored, multiplied and differentiated, one short file each."""

from optimizers.structures.base import Leaves, Structure
from optimizers.structures.dense import Dense
from optimizers.structures.diagonal import Diagonal
from optimizers.structures.ekfac import EKFAC
from optimizers.structures.kfac import KFAC
from optimizers.structures.scalar import Scalar

STRUCTURES: dict[str, Structure] = {
    "dense": Dense(),
    "diagonal": Diagonal(),
    "scalar": Scalar(),
    "kfac": KFAC(),
    "e-kfac": EKFAC(),
}


def structure_named(name: str) -> Structure:
    """The structure of that name; a ValueError that lists the names when there is none."""
    try:
        return STRUCTURES[name]
    except (KeyError, TypeError):
        raise ValueError(f"unknown structure {name!r}; choose one of {', '.join(STRUCTURES)}") from None


__all__ = ["EKFAC", "KFAC", "STRUCTURES", "Dense", "Diagonal", "Leaves", "Scalar", "Structure", "structure_named"]
