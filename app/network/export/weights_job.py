"""The job kind "weights-file": one method's kept weights as a safetensors file that the torch module loads.

Description: {"run": id of a training job, "moment": "final" or the step of a snapshot, "method": name}.
Result: "file". A job and not the web process writes it: names and shapes are the module's, and the module needs torch.
"""

from __future__ import annotations

import re

import orjson

from app import __version__
from app.jobs.context import JobContext
from app.jobs.kinds import Description, JobKind, asked_run
from app.network.training.settings import METHOD_NAMES

MOMENT = re.compile(r"final\Z|[1-9][0-9]{0,5}\Z")


def validate(description: Description) -> Description:
    """The cleaned description; ValueError with a sentence."""
    unknown = sorted(set(description) - {"run", "moment", "method"})
    if unknown:
        raise ValueError(f"unknown setting {unknown[0][:40]!r}; a weights-file has run, moment, method")
    run, moment, method = asked_run(description), description.get("moment"), description.get("method")
    if not isinstance(moment, str) or not MOMENT.match(moment):
        raise ValueError("moment must be final or the step of a snapshot")
    if not isinstance(method, str) or method not in METHOD_NAMES:
        raise ValueError(f"method must be one of {', '.join(METHOD_NAMES)}")
    return {"run": run, "moment": moment, "method": method}


def run(description: Description, job: JobContext) -> None:
    """Write the file into the result."""
    from safetensors.torch import save

    from app.network.training.problem import foundation, read_weights

    told = job.told(description["run"])
    packed = job.fetch(description["run"], f"weights/{description['moment']}")
    found = foundation(told, job.worker)
    weights = read_weights(packed, found)
    method = description["method"]
    if method not in weights:
        raise ValueError(f"this run does not train {method}; it trains {', '.join(weights)}")
    theta, buffers = weights[method]
    # What a training never changes (a buffer that is not kept, a frozen parameter) is as the module has it.
    state = {**found.module.state_dict(), **found.objective.module_state(theta, buffers)}
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in state.items()}
    settings = {**told, "method": method, "moment": description["moment"], "made_by": f"Pothole lab {__version__}"}
    job.keep_result("file", save(tensors, metadata={"settings": orjson.dumps(settings).decode()}))


WEIGHTS_FILE = JobKind(
    name="weights-file",
    validate=validate,
    run=run,
    lane="short",
    resumable=False,
    label=lambda asked: f"weights of {asked['method']}, {asked['moment']}",
)
