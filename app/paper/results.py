"""What the page takes for a record: the types of each experiment's result, and as many of everything as there must be.

A file that somebody has cut short or edited is met by figures that draw and judge: it counts as missing here, or would
take the whole page with it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

Finite = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(allow_inf_nan=False, ge=0)]
Clocked = Annotated[float, Field(allow_inf_nan=False, gt=0)]
Count = Annotated[int, Field(ge=0)]
Step = Annotated[int, Field(ge=-1)]


class Form(BaseModel):
    """What must be there, of these very types; there may be more."""

    model_config = ConfigDict(strict=True)


class Made(Form):
    """See `app.paper.records.made`."""

    by: str
    python: str
    torch: str
    processor: str
    cores: Count
    load: Finite
    day: str


class Walkers(Form):
    """A method's columns, an entry for each walker."""

    arrival: list[Step]
    first_entry: list[Step]
    outcome: list[str]
    path_length_to_arrival: list[Finite | None]
    total_path_length: list[Finite | None]


class ToySettings(Form):
    """What the walkers had in common."""

    steps: Annotated[int, Field(ge=1)]
    learning_rate: Finite
    radius: Finite
    momentum: Finite
    noise_variance: Finite


class Toys(Form):
    """Of `experiments.toys`."""

    what: str
    settings: ToySettings
    methods: dict[Literal["SGDM", "SAM", "LLQR", "LLQR+SAM"], Walkers] = Field(min_length=4)


class Blindness(Form):
    """Of `experiments.blindness`."""

    diagonal: Finite
    without_e: Finite
    rotated: Finite


class StepSeconds(Form):
    """Of each repeat."""

    SGDM: list[Clocked] = Field(min_length=1)
    SAM: list[Clocked] = Field(min_length=1)


class RefreshTime(Form):
    """Of `experiments.refresh_time`."""

    parameters: Annotated[int, Field(ge=1)]
    refresh: list[Clocked] = Field(min_length=1)
    step: StepSeconds


class Row(Form):
    """A measurement of a training."""

    step: Count
    seconds: Seconds
    evaluations: Count
    test_loss: Finite


class ImagesRow(Row):
    """Of `experiments.images`."""

    test_error: Finite


class CadenceRow(ImagesRow):
    """Of `experiments.cadence`."""

    train_loss: Finite


class TranslationRow(Row):
    """Of `experiments.translation`."""

    token_error: Finite


class Training(Form):
    """Of `experiments.training`. stopped: why it ended early."""

    refreshes: list[Count]
    stopped: str | None


class Images(Training):
    """Of `experiments.images`."""

    rows: list[ImagesRow]


class Cadence(Training):
    """Of `experiments.cadence`."""

    rows: list[CadenceRow]


class Translation(Training):
    """Of `experiments.translation`."""

    rows: list[TranslationRow]
    bleu: Finite


class Envelope(Form):
    """What every record holds besides its result and its settings."""

    processor_seconds: Seconds
    made: Made


RESULTS: dict[str, TypeAdapter[Any]] = {
    "toys:run": TypeAdapter(Toys),
    "blindness:run": TypeAdapter(Blindness),
    "refresh_time:run": TypeAdapter(RefreshTime),
    "images:run": TypeAdapter(Images),
    "cadence:run": TypeAdapter(Cadence),
    "translation:run": TypeAdapter(Translation),
}
"""By experiment."""


def is_whole(record: dict[str, Any]) -> bool:
    """Whether a record whose experiment and settings are known holds all that its figure asks of it."""
    try:
        Envelope.model_validate(record)
        result = RESULTS[record["experiment"]].validate_python(record["result"])
    except (ValidationError, KeyError):
        return False
    settings = record["settings"]
    if isinstance(result, Toys):
        columns = (column for each in result.methods.values() for _, column in each)
        return all(len(column) == settings["walkers"] for column in columns)
    if isinstance(result, Training):
        return _measured(record["result"], settings)
    return True


def _measured(result: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Whether the rows are those of the steps at which it was measured: all, or up to where it stopped."""
    due = [*range(0, settings["steps"], settings["every"]), settings["steps"]]
    steps = [row["step"] for row in result["rows"]]
    return bool(steps) and steps == (due if result["stopped"] is None else due[: len(steps)])
