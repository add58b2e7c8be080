"""Cutout (DeVries and Taylor, arXiv 1708.04552): a square of each training image is covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def cut_out(images: torch.Tensor, centres: torch.Tensor, size: int, fill: torch.Tensor | float = 0.0) -> torch.Tensor:
    """Images (N, C, H, W) with a square of size × size pixels around `centres` (N, 2), rows and columns, set to `fill`.

    What of a square lies outside its image is lost, so that on average less than size² pixels are covered. `fill`: one
    number, or one for each channel (C,); the paper's is the data's mean. ValueError for what are no images.
    """
    import torch

    if images.ndim != 4:
        raise ValueError(f"cutout takes images (N, channels, height, width), not a shape {tuple(images.shape)}")
    covered = torch.ones((), dtype=torch.bool, device=images.device)
    for axis in (0, 1):
        places = torch.arange(images.shape[2 + axis], device=images.device)
        from_first = places - (centres[:, axis, None].to(images.device) - size // 2)
        inside = (from_first >= 0) & (from_first < size)
        covered = covered & (inside[:, None, :, None] if axis == 0 else inside[:, None, None, :])
    value = torch.as_tensor(fill, dtype=images.dtype, device=images.device)
    return torch.where(covered, value.reshape(-1, 1, 1), images)
