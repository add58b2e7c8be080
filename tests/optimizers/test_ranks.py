"""Data-parallel training in two processes: all make the same steps, those of one process with all the examples."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import distributed as dist
from torch import multiprocessing, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from optimizers import SSAMF
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


class Half(nn.Module):
    """A branch that some examples take, and one that none takes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 5)
        self.last, self.branch, self.unused = (nn.Linear(5, 3) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.tanh(self.first(x))
        return self.last(h) + (self.branch(h) if x[0, 0] > 0 else 0)


class Run:
    """A network of this process with SAM around LLQR, or around SGD, and its steps on the process's own examples."""

    def __init__(self, rank: int, net: nn.Module | None = None, base: str = "LLQR", probe=None, **parallel) -> None:
        torch.manual_seed(0)
        self.rank = rank
        self.net = (net or nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3))).double()
        for p in self.net.parameters():
            nn.init.normal_(p)
        self.ddp = DistributedDataParallel(self.net, **parallel)
        self.llqr = LLQR(self.net.parameters(), module=self.ddp, structure="kfac", metric="newton", **SETTINGS)
        inner = self.llqr if base == "LLQR" else torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        self.optimizer = SAM(inner, rho=0.1, module=self.ddp, probe=probe)

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        sizes = (12, 12) if step < 3 else (5, 3)
        share = slice(sum(sizes[: self.rank]), sum(sizes[: self.rank + 1]))
        return tuple(part[share] for part in examples(step))

    def closure(self, step: int) -> Callable[[], object]:
        x, y = self.batch(step)

        def closure():
            scores = self.ddp(x)
            return F.cross_entropy(scores, y), scores

        return closure

    def steps(self, *numbers: int) -> Run:
        for step in numbers:
            self.optimizer.step(self.closure(step))
        return self

    def accumulate(self, step: int) -> torch.Tensor:
        """Gradients of two halves, the first of which is not averaged by itself."""
        self.optimizer.zero_grad()
        (x, z), (y, t) = (part.tensor_split(2) for part in self.batch(step))
        with self.ddp.no_sync():
            first = F.cross_entropy(self.ddp(x), y) / 2
            first.backward()
        second = F.cross_entropy(self.ddp(z), t) / 2
        second.backward()
        return first + second

    def state(self) -> tuple[torch.Tensor, ...]:
        """θ, and U where there is one."""
        leaves = self.llqr._leaves if self.optimizer.base is self.llqr else {}
        return *(p.detach().clone() for p in self.net.parameters()), *leaves.values()


def ways(rank: int) -> Iterator[tuple[str, Run]]:
    yield "batch norm, uneven last batches", Run(rank).steps(*range(5))
    yield "SAM of SGD", Run(rank, base="SGD").steps(*range(4))
    yield "SSAM-F", Run(rank, network(), base="SGD", probe=SSAMF()).steps(*range(3))
    yield "unused parameters", Run(rank, Half(), find_unused_parameters=True).steps(*range(4))
    yield "views of buckets", Run(rank, gradient_as_bucket_view=True).steps(*range(3))
    yield "a static graph", Run(rank, base="SGD", static_graph=True).steps(*range(3))
    run = Run(rank)
    for step in range(3):
        run.optimizer.step(lambda step=step: run.accumulate(step))
    yield "accumulated by closure", run
    hand = Run(rank)
    for step in range(3):
        if hand.llqr.refresh_due:
            hand.llqr.refresh(lambda step=step: hand.accumulate(step))
        hand.accumulate(step)
        hand.optimizer.probe()
        hand.accumulate(step)
        hand.optimizer.step()
    yield "accumulated by hand", hand
    yield "continued", continued(rank)


def continued(rank: int) -> Run:
    """From the state that the first process saved; as if it had not been interrupted."""
    first, second = Run(rank).steps(0, 1, 2), Run(rank)
    saved = [copy.deepcopy((first.net.state_dict(), first.optimizer.state_dict())) if rank == 0 else None]
    dist.broadcast_object_list(saved, 0)
    second.net.load_state_dict(saved[0][0])
    second.optimizer.load_state_dict(saved[0][1])
    for ours, wanted in zip(second.steps(3, 4).state(), first.steps(3, 4).state(), strict=True):
        torch.testing.assert_close(ours, wanted)
    return second


def refusal(make: Callable[[], object]) -> str:
    try:
        make()
    except ValueError as error:
        return str(error)
    return ""


def joined(rank: int) -> None:
    run = Run(rank)
    with run.ddp.join():
        run.steps(0)


def without_numbers(rank: int) -> None:
    run = Run(rank)
    with torch.no_grad():
        next(iter(run.net.parameters())).fill_(torch.nan)
    run.steps(0)


def step_of_networks_apart(rank: int, **options: bool) -> None:
    torch.manual_seed(rank)
    apart = nn.Linear(6, 3).double()
    x, y = examples(0)
    LLQR(apart.parameters(), module=apart, **options, **SETTINGS).step(lambda: (F.cross_entropy(z := apart(x), y), z))


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
    found["ways"] = {name: run.state() for name, run in ways(rank)}
    found["refused"] = {
        "hold different parameters": refusal(lambda: step_of_networks_apart(rank)),
        "with static_graph=True": refusal(lambda: Run(rank, static_graph=True).steps(0)),
        r"with join\(\)": refusal(lambda: joined(rank)),
        "not finite|the loss is nan": refusal(lambda: without_numbers(rank)),
    }
    step_of_networks_apart(rank, distributed=False)
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
    first, *others = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(WORLD))
    for name in CASES:
        net = network()
        alone = train(name, net, net, net, slice(None))
        for named in ("wrapped", "inner", "none"):
            key = f"{name}, {named}"
            assert all(torch.equal(first[key], other[key]) for other in others), key
            if named == "inner":  # layers as for the network alone
                torch.testing.assert_close(first[key], alone, rtol=1e-10, atol=1e-12)
    for name, state in first["ways"].items():
        assert all(bool(torch.isfinite(part).all()) for part in state), name
        for other in others:
            assert all(torch.equal(*parts) for parts in zip(state, other["ways"][name], strict=True)), name
    for sentence, said in first["refused"].items():
        assert re.search(sentence, said), said
        assert all(other["refused"][sentence] == said for other in others)


def test_a_group_that_is_asked_for_must_be_there() -> None:
    with pytest.raises(ValueError, match="distributed=True needs"):
        LLQR(network().parameters(), distributed=True)
