"""LLQR as a torch optimiser; how to use it: optimizers.torch_optim."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from optimizers import llqr
from optimizers.torch.closure import Closure, ClosureLoss, inference_mode_of
from optimizers.torch.output_curvature import Told, check_told
from optimizers.torch.preconditioned import Preconditioned
from optimizers.torch.ranks import ranks_for, without_reducing

OPTIONS = tuple(f.name for f in dataclasses.fields(llqr.LLQR) if not f.name.startswith("warm_"))
"""What it takes beside the settings of the groups."""


class LLQR(Preconditioned):
    """Descent preconditioned by a learned U:  v ← μ v + U g + λ_w θ;  θ ← θ − η v.

    params: tensors, (name, tensor) pairs or groups. lr η, momentum μ and weight_decay λ_w (part of the momentum, not
    preconditioned) are settings of the groups, and schedulers may change them.
    options: those of optimizers.LLQR.for_networks (structure "diagonal", metric "ngd", refresh_every 1000, decay,
    inner_steps, inner_learning_rate, damping, …): one U for all groups.
    module: the network that the parameters belong to. It tells layers and kinds of parameters (`grouping`: see
    geometry.network_layout) and is put in eval mode during a refresh. Without it each parameter is a layer by itself,
    and a refresh runs in the mode the network is in.
    loss: the closure's loss where it is no plain cross-entropy over the last axis of the outputs, as NetworkLoss takes
    it: a loss of torch's, module or function (nn.MSELoss(), partial(F.cross_entropy, label_smoothing=0.1)), a function
    of your own, or a kind by name ("squared error", "huber", "binary cross-entropy", "cross-entropy", "convex"). The
    metrics "ngd" and "ngd-mean" are then the curvature in the outputs of what the closure computes (see
    optimizers.torch.output_curvature); the loss that is told is not called.
    distributed: whether the processes of torch's default group train one network on examples of their own; U is then
    learned on the examples of all, the same on each. None: where there is a group of more than one.

    Parameters that are frozen (requires_grad False) or unused by a pass are left as they are, as in torch.optim; where
    some are frozen or freed between two steps, U of their layers begins anew.

    A step that is refused (a loss or gradient that is not finite, no gradient at all, a refresh that is due and was not
    made, an operation without second derivative, a curvature that is not symmetric) raises a ValueError and leaves
    parameters, momentum, U and the count of steps as they were, and in `step(closure)` with a module also its running
    statistics.
    Source: arXiv 2605.16134.
    """

    name: ClassVar = "LLQR"
    _factorises: ClassVar = False
    _options: ClassVar = OPTIONS
    _own = (*Preconditioned._own, "_loss", "_checked")

    def __init__(
        self,
        params: Any,
        lr: float = 0.05,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        *,
        module: nn.Module | None = None,
        grouping: str = "top",
        loss: Told = None,
        distributed: bool | None = None,
        **options: Any,
    ) -> None:
        unknown = [name for name in options if name not in OPTIONS]
        if unknown:
            raise TypeError(f"unknown option {unknown[0]!r}; LLQR takes {', '.join(OPTIONS)}")
        self._loss, self._checked = check_told(loss), False
        rule = llqr.LLQR.for_networks(**options)
        super().__init__(params, rule, lr, momentum, weight_decay, module, grouping, distributed)

    def _begin_anew(self) -> None:
        parameters = self.parameters
        fresh = self._rule.blocks.identity(parameters.layout, parameters.theta(), self._rule.identity_scale)
        for name, leaf in self._leaves.items():
            if name in fresh and fresh[name].shape == leaf.shape:
                fresh[name] = leaf
        self._leaves = fresh

    @torch.no_grad()
    def refresh(self, closure: Closure) -> None:
        """Learn U at θ from the loss of a closure (see the module): one refresh, due or not. `.grad` is not touched.

        NoSecondDerivative (a ValueError) that names an operation without one; ValueError where the curvature is not
        symmetric (looked at once), or the processes of a group hold different parameters.
        """
        super().refresh(closure)
        self._checked = True

    def _learned(self, closure: Closure, theta: Tensor) -> dict[str, Any]:
        with inference_mode_of(self._module), without_reducing():
            ranks = ranks_for(self._distributed)
            ground = ClosureLoss(self.parameters, closure, self._module, self._loss, ranks)
            ground.check = not self._checked
            return self._rule.refresh(ground, theta, self._leaves)

    def _directions(self) -> Iterator[Tensor]:
        """Layer by layer, as U is: vectors as long as θ are what a step of a large network would wait for."""
        for layout, gradient in self.parameters.gradient_by_layer():
            direction = self._rule.apply(layout, self._leaves, gradient)
            yield from (direction[b.start : b.stop].view(b.shape) for b in layout.blocks)

    def _settings(self) -> dict[str, Any]:
        return {**{name: getattr(self._rule, name) for name in OPTIONS}, "structure": self._rule.blocks.name}

    def _settings_of(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "structure": self._rule.structure}

    def _check_fits(self, own: dict[str, Any], theta: Tensor) -> None:
        shapes = {name: tuple(leaf.shape) for name, leaf in self._leaves.items()}
        found = {name: tuple(leaf.shape) for name, leaf in own["leaves"].items()}
        if own["settings"]["structure"] != self._rule.blocks.name or shapes != found:
            raise ValueError(
                f"the state holds {own['settings']['structure']} blocks {found}, and this optimiser has "
                f"{self._rule.blocks.name} blocks {shapes}"
            )
