"""The recorder as a callback of Lightning's and of transformers' Trainer; either is imported only when asked for."""

from __future__ import annotations

import importlib
from typing import Any

from geometry.recording.recorder import Recorder

LIGHTNING = ("lightning.pytorch", "pytorch_lightning")


def lightning_callback(recorder: Recorder) -> Any:
    """A callback for `Trainer(callbacks=[…])` of Lightning: `trainer.global_step` counts, and `loss` is what the step
    returned. ModuleNotFoundError with a sentence where neither package is installed."""
    for name in LIGHTNING:
        try:
            base = importlib.import_module(name).Callback
            break
        except ModuleNotFoundError:
            continue
    else:
        raise ModuleNotFoundError(f"a callback of Lightning needs one of the packages {' or '.join(LIGHTNING)}")

    class Recording(base):  # type: ignore[misc, valid-type]
        def on_train_start(self, trainer: Any, module: Any) -> None:
            if trainer.global_step == 0:
                recorder(0, module)

        def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
            step = int(trainer.global_step)
            # Batches whose gradients add up are one step.
            if step and (not recorder.steps or step > recorder.steps[-1]):
                loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
                recorder(step, module, **({} if loss is None else {"loss": loss}))

        def on_train_end(self, trainer: Any, module: Any) -> None:
            if int(trainer.global_step) not in recorder.steps:
                recorder.keep(int(trainer.global_step), module)

    return Recording()


def transformers_callback(recorder: Recorder) -> Any:
    """A callback for `Trainer(callbacks=[…])` of transformers: `state.global_step` counts, `loss` is the one logged
    last. ModuleNotFoundError with a sentence where the package is not installed."""
    try:
        base = importlib.import_module("transformers").TrainerCallback
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("a callback of transformers needs the package transformers") from error

    def logged(state: Any) -> dict[str, Any]:
        losses = [row["loss"] for row in getattr(state, "log_history", []) if "loss" in row]
        return {"loss": losses[-1]} if losses else {}

    class Recording(base):  # type: ignore[misc, valid-type]
        def on_train_begin(self, arguments: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            if state.global_step == 0:
                recorder(0, model)

        def on_step_end(self, arguments: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            recorder(int(state.global_step), model, **logged(state))

        def on_train_end(self, arguments: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            if int(state.global_step) not in recorder.steps:
                recorder.keep(int(state.global_step), model, **logged(state))

    return Recording()
