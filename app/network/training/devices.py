"""Where a worker computes networks, and what it holds there. With torch: for workers only."""

from __future__ import annotations

import torch

from app.jobs.settings import EngineSettings


def device_for(worker: int) -> torch.device:
    """The device of a worker process, as its own environment's POTHOLE_DEVICE and POTHOLE_PRECISION want it.

    ValueError with a sentence where that device is not here.
    """
    settings = EngineSettings.from_environment()
    chosen = settings.device
    if chosen == "mps":
        if not torch.backends.mps.is_available():
            raise ValueError("POTHOLE_DEVICE is mps, and torch finds no Apple GPU on this worker’s machine")
        return torch.device("mps")
    count = 0 if chosen == "cpu" else torch.cuda.device_count()
    if chosen == "cuda" and not count:
        raise ValueError("POTHOLE_DEVICE is cuda, and torch finds no CUDA GPU on this worker’s machine")
    if not count:
        return torch.device("cpu")
    # By default torch computes convolutions, but not other products, in TF32.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = settings.precision != "float32"
    return torch.device(f"cuda:{worker % count}")


def autocast_here() -> torch.dtype | None:
    """The type of products in the passes of training steps, where POTHOLE_PRECISION wants a shorter one."""
    return torch.bfloat16 if EngineSettings.from_environment().precision == "bf16" else None


def reset_peak(device: torch.device) -> None:
    """Forget the most memory that was in use so far on a CUDA GPU."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_in_words(device: torch.device) -> str:
    """The most memory of a CUDA GPU since `reset_peak`, as a sentence; empty for other devices."""
    if device.type != "cuda":
        return ""
    peak, whole = torch.cuda.max_memory_allocated(device), torch.cuda.get_device_properties(device).total_memory
    return f"At its peak it held {peak / 1e9:.2f} of the GPU’s {whole / 1e9:.0f} GB."


def device_in_words(device: torch.device, threads: int) -> str:
    """The device as a page names it."""
    if device.type == "cuda":
        return f"the GPU {torch.cuda.get_device_name(device)}"
    if device.type == "mps":
        return "the GPU of an Apple computer"
    return f"the CPU, {threads} thread{'s' * (threads > 1)}"
