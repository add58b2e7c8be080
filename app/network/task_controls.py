"""Controls of what is learned: network and data, and what makes the data, or where the methods begin, harder."""

from __future__ import annotations

from app.network.setting_rows import choice_of, number_of
from app.network.training import user_models
from app.network.training.settings import AS_THEY_ARE, BADLY_SCALED
from app.state.control import ChoiceControl, Control

ALTERED: tuple[Control, ...] = (
    choice_of(
        name="inputs",
        label="Inputs",
        options={AS_THEY_ARE: "As they are", BADLY_SCALED: "Badly scaled"},
        text="Badly scaled: each input times a unit of its own, from 10 to 0.03, dealt out at random. The same "
        "information, and a far worse conditioned loss.",
        group="task",
    ),
    number_of(
        name="random_labels",
        symbol="",
        label="Random labels",
        low=0.0,
        high=1.0,
        text="Share of the training examples whose class is drawn at random. The test examples keep theirs.",
        group="task",
        step=0.01,
    ),
    number_of(
        name="cutout",
        symbol="",
        label="Cutout",
        low=0,
        high=16,
        text="Side in pixels of the square that is covered by the data’s mean in each image of a mini-batch, at "
        "another place in every step; 0 for none. Measurements and U’s refreshes see whole images.",
        group="task",
        step=1,
    ),
    number_of(
        name="bad_start",
        symbol="",
        label="Bad start",
        low=0,
        high=10_000,
        text="Steps of SGDM on nothing but random labels before the run: each training input twice, once with 30 % of "
        "its features set to zero. All methods then start from weights that know these labels by heart. 0: from the "
        "usual first weights.",
        group="task",
        step=100,
    ),
    number_of(
        name="bad_start_rate",
        symbol="",
        label="Its learning rate",
        low=1e-4,
        high=1.0,
        text="Learning rate of the steps on random labels; momentum 0.9, 128 examples a step.",
        group="task",
        scale="log",
    ),
)


def task_controls() -> tuple[ChoiceControl, ChoiceControl]:
    """Network and data; what the operator named on the command line is among them."""
    networks, data = user_models.networks(), user_models.data_sets()
    brought = user_models.describe()
    first_network = user_models.OWN if user_models.OWN in networks else "mlp"
    first = user_models.OWN if user_models.OWN in data else "digits"
    first_data = (brought.get("network") or {}).get("data", [first])[0]
    return (
        ChoiceControl(
            name="network",
            label="Network",
            options=tuple((key, row[0]) for key, row in networks.items()),
            default=first_network,
            help="The network that is trained.",
            group="task",
        ),
        ChoiceControl(
            name="data",
            label="Data",
            options=tuple((key, row[0]) for key, row in data.items()),
            default=first_data,
            help="What it learns; only data that fit the network can be chosen.",
            group="task",
        ),
    )
