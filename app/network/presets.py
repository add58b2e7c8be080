"""Named settings of the network page at which the methods part within a short run, and what each is about.

One η and ρ for all methods. Each has a finished run that ships with the lab; see app.network.replays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.state.schema import State

CUSTOM = "custom"


@dataclass(frozen=True)
class Preset:
    """What differs from the defaults of the table of controls, and the words over the pictures."""

    key: str
    title: str
    question: str
    caption: str
    values: State


_ROWS = (
    Preset(
        "badly-scaled",
        "Badly scaled pixels",
        "Each pixel in a unit of its own. Who still learns fast?",
        "Digits, each pixel times a unit between 0.03 and 10. LLQR learns which directions are steep and takes short "
        "steps there; SGDM and SAM take one length for all. By the clock U gains nothing here: see that axis.",
        {
            "inputs": "badly scaled",
            "learning_rate": 0.06,
            "radius": 0.03,
            "steps": 400,
            "inner_steps": 50,
            "evaluations": 40,
        },
    ),
    Preset(
        "badly-scaled-noise",
        "Badly scaled, noisy labels",
        "Bad units and wrong labels at once. Does it take both cures?",
        "As before, and 30 % of the training labels are drawn at random. Over eight seeds U gains 2.6 % of test "
        "accuracy on SGDM; SAM adds nothing at these settings, alone or with U.",
        {
            "inputs": "badly scaled",
            "random_labels": 0.3,
            "learning_rate": 0.03,
            "radius": 0.1,
            "steps": 600,
            "inner_steps": 50,
            "evaluations": 40,
        },
    ),
    Preset(
        "label-noise",
        "Noisy labels",
        "Four labels in ten are drawn at random. Who learns them by heart?",
        "Plain digits. Look at the test accuracy: SAM, with and without U, leaves the wrong labels alone; SGDM and "
        "LLQR fit them, LLQR fastest.",
        {
            "random_labels": 0.4,
            "learning_rate": 0.06,
            "radius": 0.3,
            "steps": 600,
            "inner_steps": 50,
            "evaluations": 40,
        },
    ),
    Preset(
        "bad-start",
        "Bad start",
        "All begin in a network’s pothole: weights that know random labels by heart. Who gets out?",
        "Plain digits, and first 4000 steps of SGDM on random labels. Then the true ones, which all soon fit. "
        "Look at the test curves: what SGDM finds from here generalises worse than what it finds from usual weights.",
        {
            "bad_start": 4000,
            "learning_rate": 0.1,
            "radius": 0.3,
            "steps": 1000,
            "inner_steps": 50,
            "evaluations": 40,
        },
    ),
    Preset(
        "deep-tanh",
        "Deep tanh",
        "Gradients fade through eight layers. Who gets going?",
        "Digits through eight thin layers of tanh: the first layers hardly hear of the loss. A U that balances the "
        "layers takes the loss on down where SGDM and SAM begin to jump about.",
        {
            "network": "deep-tanh",
            "structure": "e-kfac",
            "refresh_every": 25,
            "decay": 0.95,
            "inner_steps": 50,
            "learning_rate": 0.06,
            "radius": 0.05,
            "steps": 600,
            "evaluations": 40,
        },
    ),
    Preset(
        "two-moons",
        "Two moons",
        "Three labels in ten are drawn at random. Where does the border run?",
        "Two coordinates, so that what a network thinks can be seen: for each method the line where its class changes. "
        "All four find the border, and hardly differ here; press Start and watch it form.",
        {
            "data": "two-moons",
            "random_labels": 0.3,
            "learning_rate": 0.1,
            "radius": 0.2,
            "steps": 400,
            "evaluations": 40,
        },
    ),
)
_TASK = {"network": "mlp", "data": "digits"}
PRESETS: dict[str, Preset] = {row.key: replace(row, values={**_TASK, **row.values}) for row in _ROWS}
DEFAULT_PRESET = _ROWS[0].key
