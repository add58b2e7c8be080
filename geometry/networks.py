"""The loss of a network over a batch, as ground to walk on: its parameters are one flat vector θ."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from geometry.batches import Batch, classification_loss, counted, highest_class, parts_of
from geometry.network_curvature import METRICS, curvature_at
from geometry.network_layout import network_layout, trainable
from geometry.objective import Layout, Linearisation
from geometry.stateless import BatchNorm, StatelessModule, Tensors


@dataclass(frozen=True)
class TrainingPass:
    """One pass in train mode: the loss (...), its gradient (..., D), and the buffers that the pass left."""

    loss: Tensor
    gradient: Tensor
    buffers: Tensors


class NetworkLoss:
    """L(θ) = (1/N) Σ_n CE(softmax(f_θ(x_n)), y_n) for any torch module f; θ is flat, of shape (D,) or (..., D).

    inputs (N, ...) or a tuple of such tensors (the module is called with all of them); targets: class numbers of the
    outputs' shape without the class axis (entries equal to `ignore_index` do not count), or probabilities of the
    outputs' shape. The module returns scores or log-probabilities; the log-softmax over the classes (the last axis, or
    the second as torch has it) is taken here. label_smoothing s mixes (1−s)·one-hot + s/C.

    loss_function(outputs, targets) → mean loss replaces the cross-entropy; the metrics "ngd" and "ngd-mean" are then
    refused.

    Curvature (`curvature_product`, `linearise`), at θ:
      "newton"    the Hessian of L, indefinite;
      "ngd"       Σ_n J_nᵀ (diag p_n − p_n p_nᵀ) J_n, the Hessian of the divergence summed over the batch as in the
                  authors' code: it weighs N times more against the mean gradient than a natural gradient's metric;
      "ngd-mean"  the same divided by the number of targets: ours, the Fisher information of one target, for which the
                  batch size is no hidden damping.

    Mode: loss, gradient and curvature use inference mode (running statistics, no dropout), and so does a
    preconditioner's refresh; `training_pass` uses train mode and returns the new buffers. The module given is copied
    and never changed: `initial` and `buffers` are what it held.

    chunk_size bounds how many examples (times walkers) are in memory at once, memory_limit (bytes) sets it from what
    one example takes; the result is the same to rounding. With chunks a curvature product makes its forward pass anew.
    device, dtype: where θ lives; the module's own by default. `grouping`: see network_layout.

    ValueError: no trainable parameter, an empty batch, targets that do not fit, a metric that is not defined.
    """

    def __init__(
        self,
        module: nn.Module,
        inputs: Tensor | tuple[Tensor, ...],
        targets: Tensor,
        label_smoothing: float = 0.0,
        loss_function: Callable[[Any, Tensor], Tensor] | None = None,
        chunk_size: int | None = None,
        memory_limit: int | None = None,
        ignore_index: int = -100,
        grouping: str = "top",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing must be at least 0 and below 1, not {label_smoothing!r}")
        if chunk_size is not None and chunk_size < 1:
            raise ValueError(f"chunk_size must be at least 1, not {chunk_size!r}")
        if memory_limit is not None and memory_limit < 1:
            raise ValueError(f"memory_limit must be at least 1 byte, not {memory_limit!r}")
        parameters = trainable(module)
        first = next(iter(parameters.values()))
        self.dtype, self.device = dtype or first.dtype, torch.device(device or first.device)
        self.layout: Layout = network_layout(module, grouping)
        self.initial: Tensor = torch.cat([self._own(p).reshape(-1) for p in parameters.values()])
        self.buffers: Tensors = {name: self._own(b) for name, b in module.named_buffers()}
        self._per_walker = False
        others = {name: self._own(p) for name, p in module.named_parameters() if name not in parameters}
        self._module = StatelessModule(module, others)
        self._coupled = any(isinstance(m, BatchNorm) for m in module.modules())
        self.batch_statistics = False
        self._sizes = [block.size for block in self.layout.blocks]
        self.label_smoothing, self.ignore_index, self.loss_function = label_smoothing, ignore_index, loss_function
        self.chunk_size, self.memory_limit = chunk_size, memory_limit
        self._set_data(inputs, targets)
        if memory_limit is not None:
            self.chunk_size = self._affordable(memory_limit)

    def _own(self, tensor: Tensor) -> Tensor:
        moved = tensor.detach().to(self.device, self.dtype if tensor.is_floating_point() else None)
        return moved.clone() if moved.data_ptr() == tensor.data_ptr() else moved

    def _set_data(self, inputs: Tensor | tuple[Tensor, ...], targets: Tensor) -> None:
        given = inputs if isinstance(inputs, tuple) else (inputs,)
        tensors = tuple(
            torch.as_tensor(x).to(self.device, self.dtype if torch.as_tensor(x).is_floating_point() else None)
            for x in given
        )
        targets, own = torch.as_tensor(targets), self.loss_function is not None
        classes = None if own else torch.int64
        targets = targets.to(self.device, self.dtype if targets.is_floating_point() else classes)
        self.data = Batch(tensors, targets)
        self.count = counted(targets, self.ignore_index, own)
        self.highest = -1 if own else highest_class(targets, self.ignore_index)

    @property
    def dimension(self) -> int:
        """D, the number of trainable parameters."""
        return self.layout.dimension

    @property
    def examples(self) -> int:
        """N, the number of examples in the batch."""
        return self.data.examples

    @property
    def architecture(self) -> nn.Module:
        """The module's structure in inference mode, to look at: its tensors have shapes but no values."""
        return self._module.architecture

    @property
    def alone(self) -> Any:
        """A lock on the architecture, for whoever hangs hooks on it."""
        return self._module.alone

    def with_batch(self, inputs: Tensor | tuple[Tensor, ...], targets: Tensor) -> NetworkLoss:
        """The loss of the same network over other examples (a mini-batch): a view, nothing of size D is copied."""
        other = copy.copy(self)
        other._set_data(inputs, targets)
        return other

    def rows(self, index: Tensor) -> NetworkLoss:
        """The loss over the examples of that index: `objective.rows(torch.randperm(N)[:64])`."""
        return self.with_batch(tuple(x[index] for x in self.data.inputs), self.data.targets[index])

    def with_buffers(self, buffers: Tensors | None, walkers: tuple[int, ...] = ()) -> NetworkLoss:
        """The loss of the same network with other buffers (running statistics), whose first axes are `walkers`."""
        if not buffers:
            return self
        other = copy.copy(self)
        other.buffers = {k: b.reshape(-1, *b.shape[len(walkers) :]) for k, b in buffers.items()} if walkers else buffers
        other._per_walker = bool(walkers)
        return other

    def with_batch_statistics(self) -> NetworkLoss:
        """The loss in inference mode, but that batch normalisation takes its mean and variance from the whole batch at
        every θ: what training sees of a mini-batch, and a function of θ alone, where running statistics belong to the
        weights that gathered them. A network without such layers is returned as it is."""
        if not self._coupled:
            return self
        other = copy.copy(self)
        other._module = self._module.with_batch_statistics()
        other.batch_statistics = True
        return other

    def parameters(self, theta: Tensor) -> Tensors:
        """θ (D,) or (W, D) as the module's named parameters, (…) or (W, …): views, no copies."""
        walkers = tuple(theta.shape[:-1])
        pieces = torch.split(theta, self._sizes, dim=-1)  # one split, so that the backward pass is one concatenation
        return {b.name: piece.view(*walkers, *b.shape) for b, piece in zip(self.layout.blocks, pieces, strict=True)}

    def module_state(self, theta: Tensor, buffers: Tensors | None = None) -> Tensors:
        """A state_dict for the user's module at θ (D,)."""
        state = {name: p.detach().clone() for name, p in self.parameters(theta).items()}
        return {**state, **self._module.frozen, **(self.buffers if buffers is None else buffers)}

    def outputs(self, theta: Tensor, batch: Batch | None = None) -> Any:
        """f_θ(x) in inference mode, (..., N, …): what the module returns, walkers first; not chunked."""
        flat = self._flat(self._checked(theta))
        outputs = self.forward_part(flat, batch or self.data, self.buffers)
        if theta.ndim < 3:
            return outputs
        return outputs.reshape(*theta.shape[:-1], *outputs.shape[1:])

    def loss(self, theta: Tensor) -> Tensor:
        """L(θ) in inference mode, shape (...)."""
        flat = self._flat(self._checked(theta))
        self._check_whole(self.batch_statistics)
        with torch.set_grad_enabled(torch.is_grad_enabled() and theta.requires_grad):
            losses: list[Any] = []
            for walkers, parts in parts_of(flat, self.data, self.chunk_size):
                own = self.buffers_of(walkers)
                losses.append(sum(self.part_loss(flat[walkers], part, False, own)[0] for part in parts))
            return _joined(losses).reshape(theta.shape[:-1])

    def gradient(self, theta: Tensor) -> Tensor:
        """∇L(θ) in inference mode, shape (..., D)."""
        self._check_whole(self.batch_statistics)
        return self._descend(theta, False, self.buffers, self._per_walker).gradient

    def training_pass(self, theta: Tensor, buffers: Tensors | None = None, seed: int | None = None) -> TrainingPass:
        """Loss and gradient in train mode, starting from `buffers` (the objective's own by default).

        Buffers have the walkers' axes of θ first. They are not changed; the pass returns the new ones, so that the
        caller decides which pass's statistics are kept. seed: of dropout (None: torch's global generator).
        """
        theta = self._checked(theta)
        self._check_whole(self._coupled)
        if buffers is None:
            buffers = self.buffers_for(theta)
        walkers = tuple(theta.shape[:-1])
        flat = {k: b.reshape(-1, *b.shape[len(walkers) :]) for k, b in buffers.items()} if walkers else buffers
        with torch.random.fork_rng([theta.device] if theta.is_cuda else [], enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(seed)
            done = self._descend(theta, True, flat, bool(walkers))
        after = {k: b.reshape(*walkers, *b.shape[1:]) if walkers else b for k, b in done.buffers.items()}
        return TrainingPass(done.loss, done.gradient, after)

    def buffers_for(self, theta: Tensor) -> Tensors:
        """The objective's buffers with the walkers' axes of θ in front."""
        walkers = tuple(theta.shape[:-1])
        if not walkers:
            return self.buffers
        return {k: b.expand(*walkers, *b.shape).clone() for k, b in self.buffers.items()}

    def linearise(self, theta: Tensor, metric: str = "newton") -> Linearisation:
        """Gradient and curvature operator at θ in inference mode; the graph is kept, so a product costs no forward."""
        self.check_metric(metric)
        self._check_whole(self.batch_statistics)
        return curvature_at(self, self._checked(theta), metric)

    def curvature_product(self, theta: Tensor, d: Tensor, metric: str = "newton") -> Tensor:
        """G(θ)·d, shape (..., D); see the class for the metrics."""
        theta = self._checked(theta)
        if d.shape[-1:] != theta.shape[-1:]:
            raise ValueError(f"d must have {self.dimension} entries in its last axis, got shape {tuple(d.shape)}")
        shape = torch.broadcast_shapes(theta.shape, d.shape)
        return self.linearise(theta.broadcast_to(shape), metric).product(d.broadcast_to(shape))

    def check_metric(self, metric: str) -> None:
        """A ValueError when the metric is unknown, or not defined for this loss."""
        if metric not in METRICS:
            raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")
        if metric != "newton" and self.loss_function is not None:
            raise ValueError(
                f'the metric "{metric}" is the curvature of a divergence between class probabilities; it is not '
                'defined for a loss_function of your own, use metric="newton"'
            )

    def part_loss(self, theta: Tensor, part: Batch, training: bool, buffers: Tensors) -> tuple[Tensor, Tensors]:
        """This part's share of the mean loss at θ (D,) or (W, D): shape () or (W,); and the buffers after the pass."""
        outputs, after = self._forward(theta, part.inputs, training, buffers)
        return self.loss_of(outputs, part, tuple(theta.shape[:-1])), after

    def loss_of(self, outputs: Any, part: Batch, walkers: tuple[int, ...]) -> Tensor:
        """The share of the mean loss, from the outputs of a part."""
        if self.loss_function is not None:
            weight = part.examples / self.examples
            if not walkers:
                return self.loss_function(outputs, part.targets) * weight
            return torch.func.vmap(self.loss_function, in_dims=(0, None))(outputs, part.targets) * weight
        return (
            classification_loss(
                outputs, part.targets, walkers, self.label_smoothing, self.ignore_index, highest=self.highest
            )
            / self.count
        )

    def _forward(
        self, theta: Tensor, inputs: tuple[Tensor, ...], training: bool, buffers: Tensors
    ) -> tuple[Any, Tensors]:
        if theta.ndim == 1:
            return self._module(self.parameters(theta), buffers, inputs, training)
        per_walker = training or self._per_walker
        return self._module.over_walkers(self.parameters(theta), buffers, inputs, training, per_walker)

    def forward_part(self, theta: Tensor, part: Batch, buffers: Tensors) -> Any:
        """Outputs of a part in inference mode, for θ (D,) or (W, D)."""
        return self._forward(theta, part.inputs, False, buffers)[0]

    def buffers_of(self, walkers: Any) -> Tensors:
        """The buffers that these walkers (an index) have in inference mode."""
        return {k: b[walkers] for k, b in self.buffers.items()} if self._per_walker else self.buffers

    def _flat(self, theta: Tensor) -> Tensor:
        return theta.reshape(-1, self.dimension) if theta.ndim > 2 else theta

    def _descend(self, theta: Tensor, training: bool, buffers: Tensors, per_walker: bool) -> TrainingPass:
        """Loss, gradient and the buffers after the pass, both for walkers on one axis, if any."""
        theta = self._checked(theta)
        flat = self._flat(theta.detach())
        losses: list[Tensor] = []
        gradients: list[Tensor] = []
        states: list[Tensors] = []
        with torch.enable_grad():
            for walkers, parts in parts_of(flat, self.data, self.chunk_size):
                own = {k: b[walkers] for k, b in buffers.items()} if per_walker else buffers
                leaf = flat[walkers].detach().requires_grad_()
                loss: Any = 0.0
                gradient: Any = None
                for part in parts:
                    share, own = self.part_loss(leaf, part, training, own)
                    slope = _gradient_of(share, leaf)
                    loss, gradient = loss + share.detach(), slope if gradient is None else gradient.add_(slope)
                losses.append(loss)
                gradients.append(gradient)
                states.append(own)
        after: Tensors = {}
        if training:
            after = states[0] if len(states) == 1 else {k: torch.cat([s[k] for s in states]) for k in buffers}
        return TrainingPass(_joined(losses).reshape(theta.shape[:-1]), _joined(gradients).reshape(theta.shape), after)

    def _checked(self, theta: Tensor) -> Tensor:
        if not isinstance(theta, Tensor):
            raise TypeError(f"theta must be a torch tensor, not {type(theta).__name__}")
        if theta.ndim == 0 or theta.shape[-1] != self.dimension:
            raise ValueError(
                f"theta must have {self.dimension} coordinates in its last axis, got shape {tuple(theta.shape)}"
            )
        return theta

    def _check_whole(self, tied: bool) -> None:
        if tied and self.chunk_size is not None and self.chunk_size < self.examples:
            raise ValueError(
                "batch normalisation by the batch's own statistics ties its examples together, so chunk_size cannot "
                "cut it; use smaller batches or no chunk_size"
            )

    def _affordable(self, memory_limit: int) -> int:
        """Examples that fit into the limit, from the bytes that the graph of one more example keeps.

        A curvature product keeps about three times what a gradient keeps: the forward pass, its backward pass, and
        what the derivative of the two needs.
        """

        def kept(examples: int) -> int:
            total = 0

            def pack(tensor: Tensor) -> Tensor:
                nonlocal total
                total += tensor.untyped_storage().nbytes()
                return tensor

            with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
                leaf = self.initial.detach().requires_grad_()
                self.part_loss(leaf, self.data.repeated(examples), False, self.buffers)
            return total

        each = max(1, kept(2) - kept(1))
        return max(1, memory_limit // (3 * each))


def _joined(pieces: list[Any]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces)


def _gradient_of(value: Tensor, leaf: Tensor) -> Tensor:
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    (slope,) = torch.autograd.grad(value.sum(), leaf, allow_unused=True, materialize_grads=True)
    return slope
