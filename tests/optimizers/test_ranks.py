"""Data-parallel training in two processes: all make the same steps, those of one process with all the examples."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import distributed as dist
from torch import multiprocessing, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from optimizers.torch_optim import LLQR, SAM

pytestmark = pytest.mark.slow

WORLD = 2
SETTINGS = {"lr": 0.1, "refresh_every": 2, "inner_steps": 5, "inner_learning_rate": 0.02, "damping": 0.1}


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()


def examples(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(step)
    return torch.randn(24, 6, generator=generator).double(), torch.randint(0, 3, (24,), generator=generator)


def optimizer_of(name: str, parameters: list[nn.Parameter], module: nn.Module | None):
    llqr = LLQR(parameters, module=module, metric=name.split()[-1], structure="kfac", **SETTINGS)
    return SAM(llqr, rho=0.1) if name.startswith("SAM") else llqr


CASES = ["LLQR ngd", "LLQR ngd-mean", "LLQR newton", "SAM ngd"]


def train(name: str, net: nn.Module, module: nn.Module | None, call: nn.Module, share: slice) -> torch.Tensor:
    optimizer = optimizer_of(name, list(net.parameters()), module)
    for step in range(5):
        x, y = (part[share] for part in examples(step))

        def closure(x=x, y=y):
            scores = call(x)
            return F.cross_entropy(scores, y), scores

        optimizer.step(closure)
    return torch.cat([p.detach().reshape(-1) for p in net.parameters()])


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=WORLD)
    found: dict[str, object] = {}
    for name in CASES:
        for named in ("wrapped", "inner", "none"):
            net = network()
            ddp = DistributedDataParallel(net)
            module = {"wrapped": ddp, "inner": net, "none": None}[named]
            found[f"{name}, {named}"] = train(name, net, module, ddp, slice(12 * rank, 12 * rank + 12))
    torch.manual_seed(rank)
    apart = nn.Linear(6, 3).double()
    try:
        LLQR(apart.parameters(), module=apart, **SETTINGS).step(
            lambda: (F.cross_entropy(scores := apart(examples(0)[0]), examples(0)[1]), scores)
        )
    except ValueError as error:
        found["refused"] = str(error)
    alone = LLQR(apart.parameters(), module=apart, distributed=False, **SETTINGS)
    alone.step(lambda: (F.cross_entropy(scores := apart(examples(0)[0]), examples(0)[1]), scores))
    torch.save(found, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.skipif(not dist.is_available() or sys.platform == "win32", reason="needs torch.distributed")
def test_ranks_step_together_and_as_one_process_would(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=(rank, str(tmp_path))) for rank in range(WORLD)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
        assert process.exitcode == 0
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(WORLD))
    for name in CASES:
        net = network()
        alone = train(name, net, net, net, slice(None))
        for named in ("wrapped", "inner", "none"):
            key = f"{name}, {named}"
            assert torch.equal(first[key], second[key]), key
            if named == "inner":  # layers as for the network alone
                torch.testing.assert_close(first[key], alone, rtol=1e-10, atol=1e-12)
    assert "hold different parameters" in first["refused"] and first["refused"] == second["refused"]


def test_a_group_that_is_asked_for_must_be_there() -> None:
    with pytest.raises(ValueError, match="distributed=True needs"):
        LLQR(network().parameters(), distributed=True)
