"""Weights in files: safetensors, or PyTorch's own format read with `weights_only=True`, which executes nothing."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path

import torch
from torch import nn

NESTED = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts keep a module's weights beside other things."""


def save_weights(module: nn.Module, path: str | Path, **settings: str) -> None:
    """Write the module's parameters and buffers to a safetensors file; `settings` (text) go into its header."""
    from safetensors.torch import save_file

    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in module.state_dict().items()}
    save_file(tensors, str(path), metadata={key: str(value) for key, value in settings.items()})


def read_weights(path: str | Path) -> dict[str, torch.Tensor]:
    """The named tensors of a checkpoint file, on the CPU.

    A `.safetensors` file, or one written by `torch.save` that holds a state dict (or one under "state_dict",
    "model_state_dict" or "model"). Anything else (another object, code, a broken file) is refused: ValueError.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    try:
        with warnings.catch_warnings():
            # What PyTorch finds unusual in a file either loads as tensors all the same or is refused below.
            warnings.simplefilter("ignore", UserWarning)
            held = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} holds more than tensors, or is no checkpoint; only weights are read (save module.state_dict(), "
            "or a safetensors file)"
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} cannot be read as a checkpoint: {_first_line(error)}") from error
    for key in NESTED:
        if isinstance(held, dict) and isinstance(held.get(key), dict):
            held = held[key]
    if not isinstance(held, dict) or not held or not all(isinstance(value, torch.Tensor) for value in held.values()):
        raise ValueError(f"{path} holds no state dict: a checkpoint is a table of tensors by name")
    return {str(name).removeprefix("module."): value for name, value in held.items()}


def load_weights(module: nn.Module, path: str | Path) -> None:
    """Copy a checkpoint's weights into the module. Nothing is changed where names or shapes do not fit: ValueError."""
    weights = read_weights(path)
    own = module.state_dict()
    missing, unknown = sorted(own.keys() - weights.keys()), sorted(weights.keys() - own.keys())
    if missing or unknown:
        raise ValueError(
            f"{path} belongs to another network: "
            + "; ".join(
                f"{what} {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
                for what, names in (("it lacks", missing), ("the network does not have", unknown))
                if names
            )
        )
    for name, value in own.items():
        if weights[name].shape != value.shape:
            raise ValueError(
                f"{path} belongs to another network: {name} has shape {tuple(weights[name].shape)}, "
                f"the network's has {tuple(value.shape)}"
            )
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(weights[name])


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(str(path))
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} cannot be read as safetensors: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
