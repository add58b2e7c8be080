"""The processes of data-parallel training: what each must know of the others, so that all make the same step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.nn.parallel import DistributedDataParallel


class Ranks:
    """W processes, each with the same parameters and examples of its own, in torch's default process group."""

    def mean(self, tensor: Tensor) -> Tensor:
        """(1/W) Σ over the processes: the gradient of the mean loss over all their examples."""
        return self.total(tensor) / dist.get_world_size()

    def total(self, tensor: Tensor) -> Tensor:
        """Σ over the processes, the same on each to the last bit."""
        summed = tensor.detach().clone()
        dist.all_reduce(summed)
        return summed

    def check_same(self, theta: Tensor) -> None:
        """ValueError, on every process, unless all have the same parameters."""
        sums = torch.stack([theta.double().sum(), theta.double().square().sum()]).to(theta.device)
        mine = torch.nan_to_num(sums, nan=-1.0)  # where all have lost their numbers they are the same
        low, high = mine.clone(), mine.clone()
        dist.all_reduce(low, op=dist.ReduceOp.MIN)
        dist.all_reduce(high, op=dist.ReduceOp.MAX)
        if not torch.equal(low, high):
            raise ValueError(
                "the processes of this group hold different parameters, so U cannot be learned together: wrap the "
                "network in DistributedDataParallel, or give LLQR distributed=False where each trains one of its own"
            )


def ranks_for(wanted: bool | None) -> Ranks | None:
    """The other processes where there are some; wanted False: none, True: ValueError where there is no group."""
    there = dist.is_available() and dist.is_initialized()
    if wanted and not there:
        raise ValueError("distributed=True needs torch.distributed.init_process_group first")
    return Ranks() if wanted is not False and there and dist.get_world_size() > 1 else None


@contextmanager
def without_reducing() -> Iterator[None]:
    """Forward passes of data-parallel modules for autograd.grad: their own averaging of gradients keeps out.

    ValueError where such a module cannot pass without it: one of a static graph counts its passes, and one that has
    joined processes with fewer batches waits for the others, which it does not tell of a refresh.
    """
    before: list[bool] = []

    def hold(module: nn.Module, _inputs: Any) -> None:
        if not isinstance(module, DistributedDataParallel):
            return
        why = "static_graph=True" if module.static_graph else "join()" if module._join_config.enable else ""
        if why:
            raise ValueError(
                f"U cannot be learned through DistributedDataParallel with {why}: leave that out, or give LLQR a "
                "closure that calls the network inside of it"
            )
        before.append(module.require_backward_grad_sync)
        module.require_backward_grad_sync = False

    def let_go(module: nn.Module, _inputs: Any, _outputs: Any) -> None:
        if isinstance(module, DistributedDataParallel) and before:
            module.require_backward_grad_sync = before.pop()

    hooks = register_module_forward_pre_hook(hold), register_module_forward_hook(let_go, always_call=True)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
