"""Keep a module's weights while any loop trains it: one safetensors file for each kept step, within a limit on disk."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from geometry.recording.checkpoint_folder import DIGITS

FEWEST = 4
"""Kept steps that a limit has to have room for."""
SETTINGS, NUMBERS = "recording.json", "numbers"
DEFAULT_LIMIT = 2_000_000_000


class Recorder:
    """Call it after every step, and once before the first: what is kept is decided here.

        recorder = Recorder("runs/sgd", every=100)
        recorder(0, module)
        for step, batch in enumerate(loader, 1):
            …
            recorder(step, module, loss=loss)

    The weights and buffers after every `every` steps go to `folder`/step-<number>.safetensors, with the numbers given
    (losses, accuracies) in the file's header. half: parameters as float16, half as large and rounded to 5e-4 of each;
    buffers stay as they are, and so does a parameter that float16 does not hold.

    limit (bytes): where the folder grows over it, every second kept step is deleted, and from then on half as many are
    kept. resume: go on in a folder that holds a recording; kept steps after the first one given belong to an attempt
    that was lost, and are deleted.

    ValueError: a folder that holds a recording without `resume`, a step that is no whole number from 0 on, numbers that
    are none, a limit that has no room for four kept steps.
    """

    def __init__(
        self,
        folder: str | Path,
        every: int = 1,
        *,
        half: bool = False,
        limit: int = DEFAULT_LIMIT,
        resume: bool = False,
    ) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"every must be a whole number of at least 1, not {every!r}")
        self.folder, self.every, self.half, self.limit = Path(folder), every, half, limit
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0:
            raise ValueError(f"limit must be a number of bytes, not {limit!r}")
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"{self.folder} is a file, and a recording needs a folder")
        self._sizes = {
            int(number): path.stat().st_size
            for path in self.folder.glob("step-*.safetensors")
            if (number := path.stem.removeprefix("step-")).isdecimal()
        }
        if self._sizes and not resume:
            raise ValueError(
                f"{self.folder} holds a recording up to step {max(self._sizes)}: go on with it by resume=True, or name "
                "another folder"
            )
        self._resumes = resume
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = self.folder / SETTINGS
        if resume and kept.is_file():
            # What the limit has thinned out before stays thinned out.
            self.every = max(every, _every_in(kept))
        self._write_settings()

    @property
    def steps(self) -> list[int]:
        """The steps that are kept."""
        return sorted(self._sizes)

    def __call__(self, step: int, module: nn.Module, **numbers: Any) -> bool:
        """Keep the weights after `step` steps where that is due; whether they were kept."""
        _check(step, module)
        if step % self.every:
            return False
        self.keep(step, module, **numbers)
        return True

    def keep(self, step: int, module: nn.Module, **numbers: Any) -> None:
        """Keep the weights after `step` steps in any case, as at the end of a run."""
        from safetensors.torch import save_file

        _check(step, module)
        found = {name: _number(name, value) for name, value in numbers.items()}
        tensors = self._tensors(module)
        if self._resumes:
            for later in [known for known in self._sizes if known > step]:
                self._delete(later)
            self._resumes = False
        path, unfinished = self._file(step), self._file(step).with_suffix(".unfinished")
        save_file(tensors, str(unfinished), metadata={"step": str(step), NUMBERS: json.dumps(found)})
        os.replace(unfinished, path)  # a run that is killed here leaves no half of a file under the name
        self._sizes[step] = path.stat().st_size
        if self._sizes[step] * FEWEST > self.limit:
            raise ValueError(
                f"a limit of {self.limit} bytes has no room for {FEWEST} kept steps of {self._sizes[step]} bytes each"
            )
        self._thin()

    def _thin(self) -> None:
        while sum(self._sizes.values()) > self.limit:
            self.every *= 2
            self._write_settings()
            last = max(self._sizes)
            odd = [step for step in self.steps[1:] if step % self.every and step != last]
            # Steps kept in any case need not be multiples of anything.
            for step in odd or self.steps[1:-1:2]:
                self._delete(step)

    def _tensors(self, module: nn.Module) -> dict[str, Tensor]:
        weights = {name for name, _ in module.named_parameters(remove_duplicate=False)}
        return {
            name: _halved(value) if self.half and name in weights else _own(value)
            for name, value in module.state_dict().items()
            if isinstance(value, Tensor)
        }

    def _write_settings(self) -> None:
        unfinished = self.folder / f"{SETTINGS}.unfinished"
        unfinished.write_text(json.dumps({"format": 1, "every": self.every, "half": self.half}))
        os.replace(unfinished, self.folder / SETTINGS)

    def _delete(self, step: int) -> None:
        del self._sizes[step]
        self._file(step).unlink(missing_ok=True)

    def _file(self, step: int) -> Path:
        return self.folder / f"step-{step:09d}.safetensors"


def _every_in(settings: Path) -> int:
    """How many steps lie between two kept ones of a recording that is gone on with."""
    try:
        every = json.loads(settings.read_text())["every"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        every = None
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise ValueError(f"{settings} does not tell how many steps lie between two kept ones: delete it to go on")
    return every


def _check(step: Any, module: Any) -> None:
    """ValueError for what is no step, or no module with weights that can be kept."""
    if isinstance(step, bool) or not isinstance(step, int) or step < 0:
        raise ValueError(f"step must be a whole number of at least 0, not {step!r}")
    if step >= 10**DIGITS:
        raise ValueError(f"step must be a whole number of at most {DIGITS} digits")
    if not isinstance(module, nn.Module):
        raise ValueError(f"module must be the network that is trained, not {type(module).__name__}")
    for name, value in module.state_dict().items():
        if isinstance(value, Tensor) and value.is_meta:
            raise ValueError(f"{name} has no numbers yet (it lies on the device “meta”)")


def _own(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().contiguous().clone()


def _halved(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return _own(tensor)
    small = _own(tensor).to(torch.float16)
    return small if bool(torch.isfinite(small).all()) else _own(tensor)


def _number(name: str, value: Any) -> float | None:
    """A float; None for one that is not finite, which JSON does not hold."""
    try:
        found = float(value.detach() if isinstance(value, Tensor) else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} must be a number, not {type(value).__name__}") from error
    return found if math.isfinite(found) else None
