"""The job kind "weights-file": one method's kept weights as a safetensors file that the torch module loads.

Description: {"run": id of a training job, "moment": "final" or the step of a snapshot, "method": name}.
Result: "file". A job and not the web process writes it: names and shapes are the module's, and the module needs torch.
"""

from __future__ import annotations

import orjson
from safetensors.torch import save
from torch import Tensor

from app import __version__
from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.network.training.problem import make_problem, read_weights


def run(description: Description, job: JobContext) -> None:
    """Write the file into the result."""
    told = job.describe(description["run"])
    packed = job.fetch(description["run"], f"weights/{description['moment']}")
    found = make_problem(told, job.worker)
    weights = read_weights(packed, found)
    method = description["method"]
    if method not in weights:
        raise ValueError(f"this run does not train {method}; it trains {', '.join(weights)}")
    theta, buffers = weights[method]
    state = found.objective.module_state(theta, buffers)
    kept = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in kept.items()}
    settings = {**told, "method": method, "moment": description["moment"], "made_by": f"Pothole lab {__version__}"}
    job.keep_result("file", save(tensors, metadata={"settings": orjson.dumps(settings).decode()}))
