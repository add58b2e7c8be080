"""A short Python script that repeats a training run with the library alone: same data, weights, batches, noise."""

from __future__ import annotations

from typing import Any

from app import __version__
from app.jobs.kinds import Description
from app.network.export.record import Record
from app.network.training.settings import BADLY_SCALED, options_of_u, trained_with
from app.network.training.user_models import OWN
from app.state.schema import BadRequest


def network_script(record: Record) -> str:
    """The script. BadRequest for a network or data of the operator's own, which the script could not find."""
    told = record.description
    if OWN in (told["network"], told["data"]):
        raise BadRequest("This run’s network or data were named on the command line: a script could not find them.")
    steps = record.steps if record.over and record.steps else told["steps"]
    options = ", ".join(f"{key}={value!r}" for key, value in options_of_u(told).items())
    settings = ", ".join(f"{key}={value!r}" for key, value in trained_with(told).items())
    made, bad_start = _alterations(told), told.get("bad_start", 0)
    lines = [
        f'"""A training run of Pothole lab {__version__}, by the library alone.',
        "",
        "Run it where pothole-lab is installed, or in the repository’s folder.",
        "",
        "The numbers are the run’s own but for rounding: another number of threads, or a GPU, adds in another order.",
        '"""',
        "",
        "import sys",
        "",
        'sys.path.append(".")  # the repository, where the script is run in its folder',
        "",
        "from geometry.architectures import build_network",
        f"from geometry.datasets import {', '.join(['load_dataset', *made])}",
        "from geometry.networks import NetworkLoss",
        *(["from optimizers.bad_start import fit_random_labels"] if bad_start else []),
        "from optimizers.methods import network_methods",
        "from optimizers.rule import at_rest",
        "from optimizers.training import Training",
        "",
        f"data = load_dataset({told['data']!r}, seed={told['seed']})",
        *(f"data = {call}" for call in made.values()),
        f"module = build_network({told['network']!r}, data.input_shape, data.classes, seed={told['seed']})",
        f"objective = NetworkLoss(module, data.inputs, data.targets, label_smoothing={told['label_smoothing']!r})",
        *(_first_fit(told) if bad_start else ()),
        f"methods = network_methods({told['structure']!r}, names={record.methods!r}, {options})",
        f"training = Training(objective, methods, {settings})",
        f"changes = {_changes(record)!r}  # step → settings that were changed before it",
        f"for step in range({steps}):",
        "    if step in changes:",
        "        training.change(**changes[step])",
        "    training.step()",
        "test = objective.with_batch(data.test_inputs, data.test_targets)",
        "for name in training.names:",
        "    state = training.state(name)  # state.position: the weights θ, in the order of objective.layout",
        "    loss = float(at_rest(test, state).loss(state.position))",
        '    print(f"{name}: test loss {loss:.4f} after {state.index} steps")',
    ]
    return "\n".join(lines) + "\n"


def _alterations(told: Description) -> dict[str, str]:
    """{function: call} of what is done to the data; see problem.altered."""
    share, made = told.get("random_labels", 0.0), {}
    if told.get("inputs") == BADLY_SCALED:
        made["scale_inputs"] = "scale_inputs(data)"
    if share:
        made["randomise_labels"] = f"randomise_labels(data, {share!r}, seed={told['seed']})"
    return made


def _first_fit(told: Description) -> list[str]:
    """Lines that put the weights of a bad start in the place of the first ones; see first_fit."""
    rate, seed = told["bad_start_rate"], told["seed"]
    return [
        f"first = fit_random_labels(objective, data, learning_rate={rate!r}, seed={seed})",
        f"for _ in range({told['bad_start']}):",
        '    first.advance("SGDM")',
        'start = first.state("SGDM")',
        "objective = objective.starting_at(start.position, start.buffers)",
    ]


def _changes(record: Record) -> dict[int, dict[str, Any]]:
    merged: dict[int, dict[str, Any]] = {}
    for change in record.changes:
        merged.setdefault(int(change["position"]), {}).update(change["settings"])
    return merged
