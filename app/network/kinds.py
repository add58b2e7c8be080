"""The kinds of jobs of the network page: where workers find what runs each of them."""

from __future__ import annotations

KINDS = {
    "train": "app.network.training.job:TRAIN",
    "ground": "app.network.training.landscape_job:GROUND",
    "slice": "app.network.explore.slice_job:SLICE",
    "curvature": "app.network.explore.curvature_job:CURVATURE",
    "rescaling": "app.network.explore.rescaling_job:RESCALING",
    "weights-file": "app.network.export.weights_job:WEIGHTS_FILE",
}
