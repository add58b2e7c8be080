"""What a training job may be asked: one table of numbers and choices, checked before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.jobs.kinds import Description
from app.network.training import user_models
from optimizers.inner import SOLVERS
from optimizers.llqr import METRICS
from optimizers.methods import CORNERS, NETWORK_METHODS

METHOD_NAMES = tuple(NETWORK_METHODS)
DEFAULT_METHODS = CORNERS
STRUCTURES = ("diagonal", "scalar", "kfac", "e-kfac")
AS_THEY_ARE, BADLY_SCALED = "as they are", "badly scaled"
CHOICES: dict[str, tuple[tuple[str, ...], str]] = {
    "structure": (STRUCTURES, "kfac"),
    "metric": (METRICS, "ngd"),
    "solver": (SOLVERS, "momentum"),
    "probe_norm": (("euclidean", "matrix"), "euclidean"),
    "inputs": ((AS_THEY_ARE, BADLY_SCALED), AS_THEY_ARE),
}
"""Choices beside network and data: what there is, and the default."""
PLANES = ("first steps", "random")
NORMALISATIONS = ("filter", "layer", "none")
CHANGEABLE = ("learning_rate", "radius", "momentum", "weight_decay", "noise_variance")


@dataclass(frozen=True)
class Number:
    """A number with its range; `below` says that the maximum itself is not allowed."""

    default: float
    minimum: float
    maximum: float
    whole: bool = False
    below: bool = False

    def checked(self, name: str, value: Any) -> float | int:
        """The value as a number of the right kind; ValueError that names it and its range."""
        kinds = (int,) if self.whole else (int, float)
        fine = isinstance(value, kinds) and not isinstance(value, bool)
        # Compared as it is: an integer of four hundred digits is no float, and NaN is within no bounds.
        if not fine or not self.minimum <= value <= self.maximum or (self.below and value == self.maximum):
            what = "a whole number" if self.whole else "a number"
            end = "below" if self.below else "to"
            huge = isinstance(value, int) and abs(value) > 2**53
            shown = "a huge one" if huge else value if isinstance(value, int | float) else type(value).__name__
            raise ValueError(f"{name} must be {what} from {self.minimum:g} {end} {self.maximum:g}, not {shown}")
        return value if self.whole else float(value)


NUMBERS: dict[str, Number] = {
    "steps": Number(500, 1, 20_000, whole=True),
    "batch_size": Number(64, 1, 8192, whole=True),
    "refresh_size": Number(128, 1, 8192, whole=True),
    "refresh_every": Number(100, 1, 10_000, whole=True),
    "decay": Number(0.8, 0.0, 1.0, below=True),
    "damping": Number(0.0, 0.0, 1000.0),
    "inner_steps": Number(25, 0, 1000, whole=True),
    "inner_learning_rate": Number(1e-3, 0.0, 10.0),
    "clip": Number(5.0, 0.0, 1e6),
    "learning_rate": Number(0.05, 0.0, 10.0),
    "radius": Number(0.1, 0.0, 10.0),
    "momentum": Number(0.9, 0.0, 1.0, below=True),
    "weight_decay": Number(0.0, 0.0, 1.0),
    "noise_variance": Number(0.0, 0.0, 100.0),
    "label_smoothing": Number(0.0, 0.0, 1.0, below=True),
    "random_labels": Number(0.0, 0.0, 1.0),
    "cutout": Number(0, 0, 256, whole=True),
    "bad_start": Number(0, 0, 20_000, whole=True),
    "bad_start_rate": Number(0.1, 0.0, 10.0),
    "seed": Number(0, 0, 2**31 - 1, whole=True),
    "evaluations": Number(50, 0, 1000, whole=True),
    "snapshots": Number(20, 0, 200, whole=True),
    "watching": Number(0.25, 0.0, 1.0),
}
"""`evaluations`: how often in a run loss and accuracy are measured in inference mode, at most; `watching`: share of the
run's time that measurements and the surface under its paths may take, 1 for as much as they need; `snapshots`: how many
times the weights of all methods are kept on the way; `clip`: 0 for none; `random_labels`: share of the training labels
that are drawn at random; `cutout`: side of the square that is covered in each training image, 0 for none; `bad_start`:
steps of a first fit to nothing but random labels, from whose weights the run begins, 0 for none, and `bad_start_rate`
its learning rate (see optimizers.bad_start)."""
TRAINED_WITH = (
    *("batch_size", "refresh_size", "learning_rate", "radius", "momentum", "weight_decay"),
    *("noise_variance", "seed", "cutout"),
)
WHOLE = tuple(name for name, number in NUMBERS.items() if number.whole)


def validate(description: Description) -> Description:
    """The cleaned description of a training job: every setting there, in range, and fitting together."""
    known = {*NUMBERS, *CHOICES, "network", "data", "methods", "plane"}
    unknown = sorted(set(description) - known)
    if unknown:
        raise ValueError(f"unknown setting {unknown[0][:40]!r}; a training job has {', '.join(sorted(known))}")
    cleaned: Description = {
        name: number.checked(name, description.get(name, number.default)) for name, number in NUMBERS.items()
    }
    for name in WHOLE:
        cleaned[name] = int(cleaned[name])
    networks, data = user_models.networks(), user_models.data_sets()
    cleaned["network"] = _choice("network", description.get("network", "mlp"), tuple(networks))
    cleaned["data"] = _choice("data", description.get("data", "digits"), tuple(data))
    for name, (allowed, default) in CHOICES.items():
        cleaned[name] = _choice(name, description.get(name, default), allowed)
    user_models.check_fit(cleaned["network"], cleaned["data"])
    user_models.check_altered(cleaned["network"], cleaned["data"], cleaned["inputs"] == BADLY_SCALED, relabels(cleaned))
    user_models.check_cutout(cleaned["data"], cleaned["cutout"])
    cleaned["methods"] = _methods(description.get("methods", list(DEFAULT_METHODS)))
    cleaned["plane"] = _plane(description.get("plane"))
    return cleaned


def relabels(settings: Mapping[str, Any]) -> bool:
    """Whether settings want labels drawn at random, for the run or for a first fit."""
    return settings["random_labels"] > 0 or settings["bad_start"] > 0


def trained_with(description: Description) -> Description:
    """The settings that `optimizers.training.Training` takes; one made before there was cutout has none."""
    return {name: description[name] for name in TRAINED_WITH if name in description}


def options_of_u(description: Description) -> dict[str, Any]:
    """The options of `network_methods` that a description asks for; one made before there was a setting lacks it, and
    means the authors' value, which is the option's default."""
    names = (
        "metric",
        "refresh_every",
        "decay",
        "damping",
        "inner_steps",
        "inner_learning_rate",
        "solver",
        "probe_norm",
    )
    options = {name: description[name] for name in names if name in description}
    return options | ({"clip": description["clip"] or None} if "clip" in description else {})


def change(settings: Description) -> Description:
    """Settings that may be changed while it runs, checked."""
    for name in settings:
        if name not in CHANGEABLE:
            raise ValueError(f"{str(name)[:40]!r} cannot be changed while it runs; {', '.join(CHANGEABLE)} can")
    return {name: NUMBERS[name].checked(name, value) for name, value in settings.items()}


def label(description: Description) -> str:
    """A few words for lists."""
    return f"{description['network']} on {description['data']}, {', '.join(description['methods'])}"


def _choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        shown = repr(value[:40]) if isinstance(value, str) else type(value).__name__
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {shown}")
    return value


def _methods(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= len(METHOD_NAMES):
        raise ValueError(f"methods must be a list of 1 to {len(METHOD_NAMES)} of {', '.join(METHOD_NAMES)}")
    names = [_choice("methods", name, METHOD_NAMES) for name in value]
    if len(set(names)) != len(names):
        raise ValueError("methods must name each method once")
    return names


def _plane(value: Any) -> Description | None:
    """None, or {"kind", "normalisation", "seed"} of a plane through the initial weights, which rows are projected on.

    "random": two random directions, scaled by `normalisation` and drawn with `seed`. "first steps": the principal
    components of a run of SGDM over the first steps, made before the training (see session.FIRST_STEPS).
    """
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) - {"kind", "normalisation", "seed"}:
        raise ValueError("plane must be null or an object with kind, normalisation and seed")
    seed: Callable[[str, Any], float | int] = NUMBERS["seed"].checked
    return {
        "kind": _choice("kind", value.get("kind", "random"), PLANES),
        "normalisation": _choice("normalisation", value.get("normalisation", "filter"), NORMALISATIONS),
        "seed": int(seed("seed", value.get("seed", 0))),
    }
