"""Runs that were trained elsewhere: keep the weights of any training loop on the way, and read such a folder back.

    recorder = Recorder("runs/sgd", every=100)           # in the loop: recorder(step, module, loss=loss)
    path = read_path("runs/sgd", objective)              # path.positions (T, D), path.steps (T,)

What is read may as well be any folder of checkpoints whose names tell their steps; nothing in them is executed.
"""

from geometry.recording.callbacks import lightning_callback, transformers_callback
from geometry.recording.checkpoint_folder import Checkpoint, Folder, list_checkpoints, spread
from geometry.recording.path import RecordedPath, read_path, read_point
from geometry.recording.recorder import Recorder

__all__ = [
    "Checkpoint",
    "Folder",
    "RecordedPath",
    "Recorder",
    "lightning_callback",
    "list_checkpoints",
    "read_path",
    "read_point",
    "spread",
    "transformers_callback",
]
