"""The loss of a network over a batch, as ground to walk on: its parameters are one flat vector θ."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from geometry.affordable import part_size
from geometry.batches import Batch, join_parts, parts_of, slope_at
from geometry.given_data import Inputs, batch_of, open_data, trying
from geometry.losses import CrossEntropy, Given, LossFunction, OutputLoss, count_targets, find_loss
from geometry.module_copies import check_depends, check_module
from geometry.network_curvature import METRICS, curvature_at
from geometry.network_layout import network_layout, trainable
from geometry.objective import Layout, Linearisation
from geometry.over_walkers import over_walkers
from geometry.random_numbers import drawing_from
from geometry.stateless import BatchNorm, StatelessModule, Tensors
from geometry.streamed import Column, Streamed, in_memory
from geometry.tied_examples import check_whole, find_tie
from geometry.weight_tables import fit_tables


@dataclass(frozen=True)
class TrainingPass:
    """One pass in train mode: the loss (...), its gradient (..., D), and the buffers that the pass left."""

    loss: Tensor
    gradient: Tensor
    buffers: Tensors


class NetworkLoss:
    """L(θ) = (1/n) Σ ℓ(f_θ(x), t) for any torch module f; θ is flat, of shape (D,) or (..., D).

    inputs (N, ...), a tuple of such tensors or a dictionary of them by the names of the module's arguments; inputs
    whose first axes differ from the targets' (a graph's edges) are one whole. Arrays and tensors of real numbers come
    in any type; those mapped from a file stay there, and rows are read as they are used. A torch Dataset or DataLoader
    of pairs (inputs, targets) stands for both arguments and is streamed: an example is read when a pass comes to it,
    and nothing of the data's size is kept but its order (geometry.streamed), that of the loader's pass seeded with
    `noise_seed`. Where a loss over all of it is asked for, its targets are counted first, in a run of their own.

    loss_function says ℓ (geometry.losses): a name ("cross-entropy", "squared error", "huber", "binary cross-entropy"),
    a loss of torch's, module or function, with its weights and ignored targets, or a function (outputs, targets) → mean
    loss of your own. Without one whole numbers are class numbers, of the outputs' shape without the class axis, and
    real numbers are class probabilities where every row is one; any others are refused. Of the cross-entropy the module
    returns scores or log-probabilities: the log-softmax over the classes (the last axis, or the second as torch has it)
    is taken here. label_smoothing s mixes (1−s)·one-hot + s/C; entries equal to `ignore_index` do not count.

    Curvature (`curvature_product`, `linearise`), at θ:
      "newton"    the Hessian of L, indefinite;
      "ngd"       Σ_n J_nᵀ Λ_n J_n with Λ = ∂²ℓ/∂f², for the cross-entropy diag p − p pᵀ: the Hessian of the divergence
                  summed over the batch as in the authors' code, which weighs n times more against the mean gradient
                  than a natural gradient's metric;
      "ngd-mean"  the same divided by the number of targets: ours, for the cross-entropy the Fisher information of one
                  target, in general the Gauss–Newton matrix of L.
    A loss of your own must be convex in the outputs for the last two; its targets are its rows.

    Mode: loss, gradient and curvature use inference mode (running statistics, no dropout), and so does a
    preconditioner's refresh; `training_pass` uses train mode and returns the new buffers. The module given is copied
    and never changed: `initial` and `buffers` are what it held. A module that draws random numbers in inference mode
    (see `random`) meets the same ones, from `noise_seed`, in every pass.

    chunk_size bounds how many examples (times walkers) are in memory at once, memory_limit (bytes) sets it from what
    one example takes (half a gigabyte for streamed examples, where neither is given); the result is the same to
    rounding. With chunks a curvature product makes its forward pass anew.
    device, dtype: where θ lives; the module's own by default. `grouping`: see network_layout.
    autocast: a shorter type, such as torch.bfloat16, in which train-mode passes compute what stands it (torch's mixed
    precision); their gradients, and all in inference mode, keep `dtype`.

    ValueError: no trainable parameter, complex or lazy ones, a module that cannot be copied, an empty batch, targets
    that do not fit, an undefined metric, chunks of what is tied (geometry.tied_examples), an operation without second
    derivative (NoSecondDerivative, named) or a curvature that is not symmetric, which is looked at once.
    """

    def __init__(
        self,
        module: nn.Module,
        inputs: Inputs,
        targets: Any = None,
        label_smoothing: float = 0.0,
        loss_function: Given = None,
        chunk_size: int | None = None,
        memory_limit: int | None = None,
        ignore_index: int = -100,
        grouping: str = "top",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        noise_seed: int = 0,
        autocast: torch.dtype | None = None,
    ) -> None:
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing must be at least 0 and below 1, not {label_smoothing!r}")
        if chunk_size is not None and chunk_size < 1:
            raise ValueError(f"chunk_size must be at least 1, not {chunk_size!r}")
        if memory_limit is not None and memory_limit < 1:
            raise ValueError(f"memory_limit must be at least 1 byte, not {memory_limit!r}")
        check_module(module)
        parameters = trainable(module)
        first = next(iter(parameters.values()))
        self.dtype, self.device = dtype or first.dtype, torch.device(device or first.device)
        self.autocast = autocast
        self.layout: Layout = network_layout(module, grouping)
        self.initial: Tensor = torch.cat([self._own(p).reshape(-1) for p in parameters.values()])
        self.buffers: Tensors = {name: self._own(b) for name, b in module.named_buffers()}
        self._per_walker = False
        others = {name: self._own(p) for name, p in module.named_parameters() if name not in parameters}
        self._module = StatelessModule(module, others, noise_seed)
        normalising = [m for m in module.modules() if isinstance(m, BatchNorm)]
        self._coupled = bool(normalising)
        # Layers that keep no running statistics take the batch's own in inference mode, too.
        self.batch_statistics = any(m.running_mean is None for m in normalising)
        self._sizes = [block.size for block in self.layout.blocks]
        self.symmetric: dict[str, bool] = {}
        self.cut: dict[str, str] = {}
        inputs, targets = open_data(inputs, targets, noise_seed)
        self.label_smoothing, self.ignore_index = label_smoothing, ignore_index
        self.criterion: OutputLoss | None = find_loss(loss_function, targets, label_smoothing, ignore_index)
        if isinstance(self.criterion, CrossEntropy):
            self.ignore_index = self.criterion.ignore_index
        self.loss_function = cast("LossFunction | None", loss_function if self.criterion is None else None)
        self.chunk_size, self.memory_limit = chunk_size, memory_limit
        self._set_data(inputs, targets)
        with trying(self.data):
            self.chunk_size = self._part_size(memory_limit)

    def _part_size(self, limit: int | None) -> int | None:
        """What one part takes does not depend on how many targets count: streamed ones are not run through for it."""
        measured = copy.copy(self)
        if self._counted is None and self.criterion is not None:
            measured._counted = 1.0, self.criterion.highest(in_memory(self.data.targets[:1]))
        return part_size(measured, limit)

    def _own(self, tensor: Tensor) -> Tensor:
        moved = tensor.detach().to(self.device, self.dtype if tensor.is_floating_point() else None)
        return moved.clone() if moved.data_ptr() == tensor.data_ptr() else moved

    def _set_data(self, inputs: Inputs, targets: Column) -> None:
        ready = targets.to_be(self._targets) if isinstance(targets, Streamed) else self._targets(targets)
        self._take(batch_of(inputs, ready, self.ready))
        if isinstance(ready, Streamed):
            in_memory(self.data.few().targets)  # what is wrong with examples is said here, as far as a few show it

    def _targets(self, targets: Tensor) -> Tensor:
        """Targets as the loss takes them."""
        if self.criterion is not None:
            return self.criterion.prepare(targets, self.dtype).to(self.device)
        kept = targets.is_complex() or targets.dtype == torch.bool
        whole = None if kept else torch.int64  # as torch's losses take class numbers
        return targets.to(self.device, self.dtype if targets.is_floating_point() else whole)

    def _take(self, data: Batch) -> None:
        """Make the data these, whose targets are ready."""
        self.data = data
        self._counted: tuple[float, int] | None = None
        if not isinstance(data.targets, Streamed):
            _ = self.count

    @property
    def count(self) -> float:
        """n, what the sum over the targets is divided by; of streamed ones counted when it is first asked for."""
        return self._count()[0]

    @property
    def highest(self) -> int:
        """The largest class number, −1 where there are no classes."""
        return self._count()[1]

    def _count(self) -> tuple[float, int]:
        if self._counted is None:
            every, size = (self.examples, -1), min(self.chunk_size or self.examples, self.examples)
            self._counted = every if self.criterion is None else count_targets(self.criterion, self.data.targets, size)
        return self._counted

    def ready(self, x: Column) -> Tensor:
        """Inputs where θ lives, real numbers in its type; read where they were not in memory."""
        x = in_memory(x)
        return x.to(self.device, self.dtype if x.is_floating_point() else None)

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
    def stateless(self) -> StatelessModule:
        """The module as a pure function of its tensors."""
        return self._module

    @property
    def random(self) -> bool:
        """Whether the module draws random numbers in inference mode; they are the same in every pass (noise_seed)."""
        if self._module.random is None:
            with torch.no_grad():
                self.forward_part(self.initial, self.data.few(), self.buffers_of(0))
        return bool(self._module.random)

    @property
    def tied(self) -> str:
        """Why the examples cannot be taken apart without changing the loss; "" where they can."""
        return find_tie(self)

    def with_batch(self, inputs: Inputs, targets: Any = None) -> NetworkLoss:
        """The loss of the same network over other examples (a mini-batch): a view, nothing of size D is copied."""
        other = copy.copy(self)
        other._set_data(*open_data(inputs, targets, self._module.noise_seed))
        other.chunk_size = other._part_size(None)
        return other

    def rows(self, index: Any) -> NetworkLoss:
        """The loss over the examples of that index: `objective.rows(torch.randperm(N)[:64])`."""
        return self.over(self.data.rows(index))

    def over(self, data: Batch) -> NetworkLoss:
        """The loss over a batch that is made of this one's: its targets are ready."""
        other = copy.copy(self)
        other._take(data)
        return other

    def check(self, curvature: bool = False) -> None:
        """Try a loss and a gradient in train and in inference mode, and with `curvature` a curvature product, on a few
        examples. ValueError with one sentence that says what cannot be done; nothing is changed."""
        for name, values in self.parameters(self.initial).items():
            if not bool(torch.isfinite(values).all()):
                raise ValueError(f"the weights at the start are not all numbers: {name} holds NaN or infinity")
        few = self.over(self.data.few())
        few.chunk_size = None
        with trying(few.data), self._module.alone:
            check_depends(lambda leaf, mode: few.part_loss(leaf, few.data, mode, self.buffers)[0], self.initial)
            few.training_pass(self.initial, seed=0)
            few.gradient(self.initial)
            if curvature:
                few.linearise(self.initial).product(self.initial)

    def with_buffers(self, buffers: Tensors | None, walkers: tuple[int, ...] = ()) -> NetworkLoss:
        """The loss of the same network with other buffers (running statistics), whose first axes are `walkers`."""
        if not buffers:
            return self
        other = copy.copy(self)
        other.buffers = {k: b.reshape(-1, *b.shape[len(walkers) :]) for k, b in buffers.items()} if walkers else buffers
        other._per_walker = bool(walkers)
        return other

    def starting_at(self, theta: Tensor, buffers: Tensors | None = None) -> NetworkLoss:
        """The same loss with θ (D,) in the place of `initial`, and the buffers that belong to it."""
        theta = self._checked(theta)
        if theta.ndim != 1:
            raise ValueError(f"theta must be one point, of shape ({self.dimension},), not {tuple(theta.shape)}")
        other = copy.copy(self.with_buffers(buffers))
        other.initial = self._own(theta)
        return other

    def with_batch_statistics(self) -> NetworkLoss:
        """The loss in inference mode, but that batch normalisation takes its mean and variance from the whole batch at
        every θ: what training sees of a mini-batch, and a function of θ alone, where running statistics belong to the
        weights that gathered them. A network without such layers is returned as it is."""
        if not self._coupled:
            return self
        other = copy.copy(self)
        other._module, other.batch_statistics = self._module.with_batch_statistics(), True
        return other

    def parameters(self, theta: Tensor) -> Tensors:
        """θ (D,) or (W, D) as the module's named parameters, (…) or (W, …): views, no copies."""
        walkers = tuple(theta.shape[:-1])
        pieces = torch.split(theta, self._sizes, dim=-1)  # one split, so that the backward pass is one concatenation
        return {b.name: piece.view((*walkers, *b.shape)) for b, piece in zip(self.layout.blocks, pieces, strict=True)}

    def module_state(self, theta: Tensor, buffers: Tensors | None = None) -> Tensors:
        """A state_dict for the user's module at θ (D,), for a strict load: shared weights under each of their names."""
        return self._module.state_dict(self.parameters(theta.detach()), self.buffers if buffers is None else buffers)

    def theta_of(self, state: Mapping[str, Tensor]) -> tuple[Tensor, Tensors]:
        """(θ (D,), buffers) of a state_dict of the user's module, the way back of `module_state`.

        Names may carry the prefixes of wrappers, see geometry.checkpoints.load_weights. ValueError where they do not
        fit.
        """
        table = {name: value for name, value in state.items() if isinstance(value, Tensor)}
        weights = fit_tables(self.architecture, {"": table}, "the state dict")
        theta = torch.cat([self._own(weights[block.name]).reshape(-1) for block in self.layout.blocks])
        return theta, {name: self._own(weights[name]) if name in weights else b for name, b in self.buffers.items()}

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
        check_whole(self, self.batch_statistics)
        with torch.set_grad_enabled(torch.is_grad_enabled() and theta.requires_grad):
            losses: list[Any] = []
            for walkers, parts in parts_of(flat, self.data, self.chunk_size):
                own = self.buffers_of(walkers)
                losses.append(sum(self.part_loss(flat[walkers], part, False, own)[0] for part in parts))
            return join_parts(losses).reshape(theta.shape[:-1])

    def gradient(self, theta: Tensor) -> Tensor:
        """∇L(θ) in inference mode, shape (..., D)."""
        check_whole(self, self.batch_statistics)
        return self._descend(theta, False, self.buffers, self._per_walker).gradient

    def training_pass(self, theta: Tensor, buffers: Tensors | None = None, seed: int | None = None) -> TrainingPass:
        """Loss and gradient in train mode, starting from `buffers` (the objective's own by default).

        Buffers have the walkers' axes of θ first. They are not changed; the pass returns the new ones, so that the
        caller decides which pass's statistics are kept. seed: of dropout (None: torch's global generator).
        """
        theta = self._checked(theta)
        check_whole(self, self._coupled)
        if buffers is None:
            buffers = self.buffers_for(theta)
        walkers = tuple(theta.shape[:-1])
        flat = {k: b.reshape(-1, *b.shape[len(walkers) :]) for k, b in buffers.items()} if walkers else buffers
        autocast = torch.autocast(theta.device.type, self.autocast, enabled=self.autocast is not None)
        with self._module.alone, drawing_from(seed, theta.device), autocast:
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
        check_whole(self, self.batch_statistics)
        return curvature_at(self, self._checked(theta), metric)

    def curvature_product(self, theta: Tensor, d: Tensor, metric: str = "newton") -> Tensor:
        """G(θ)·d, shape (..., D); see the class for the metrics."""
        theta = self._checked(theta)
        if d.shape[-1:] != theta.shape[-1:]:
            raise ValueError(f"d must have {self.dimension} entries in its last axis, got shape {tuple(d.shape)}")
        shape = torch.broadcast_shapes(theta.shape, d.shape)
        return self.linearise(theta.broadcast_to(shape), metric).product(d.broadcast_to(shape))

    def check_metric(self, metric: str) -> None:
        """A ValueError when the metric is unknown."""
        if metric not in METRICS:
            raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")

    def check_cross_entropy(self) -> None:
        """ValueError unless the loss is the cross-entropy of classes that count alike, as Fisher factors need it."""
        if not isinstance(self.criterion, CrossEntropy) or self.criterion.weights is not None:
            raise ValueError("this Fisher matrix is of a cross-entropy without class weights; this loss is another")

    def part_loss(self, theta: Tensor, part: Batch, training: bool, buffers: Tensors) -> tuple[Tensor, Tensors]:
        """This part's share of the mean loss at θ (D,) or (W, D): shape () or (W,); and the buffers after the pass."""
        if self.criterion is None:  # which sees one walker's outputs, whatever they are
            return self._forward(theta, part, training, buffers, lambda outputs: self.loss_of(outputs, part, ()))
        outputs, after = self._forward(theta, part, training, buffers)
        return self.loss_of(outputs, part, tuple(theta.shape[:-1])), after

    def loss_of(self, outputs: Any, part: Batch, walkers: tuple[int, ...]) -> Tensor:
        """The share of the mean loss, from the outputs of a part."""
        targets = in_memory(part.targets)
        if self.criterion is not None:
            scores = self.criterion.scores(outputs, targets, walkers, self.highest)
            each = self.criterion.each(scores, targets)
            return each.reshape(*walkers, -1).sum(-1) / self.count
        assert self.loss_function is not None
        weight = part.examples / self.examples
        if not walkers:
            return self.loss_function(outputs, targets) * weight
        return over_walkers(self.loss_function, (0, None), (outputs, targets)) * weight

    def _forward(
        self, theta: Tensor, part: Batch, training: bool, buffers: Tensors, last: Callable[[Any], Any] = lambda z: z
    ) -> tuple[Any, Tensors]:
        given = self.parameters(theta), buffers, tuple(self.ready(x) for x in part.inputs), training
        if theta.ndim == 1:
            outputs, after = self._module(*given, self.data.names)
            return last(part.pick(outputs)), after
        per_walker = training or self._per_walker
        return self._module.over_walkers(*given, per_walker, self.data.names, lambda outputs: last(part.pick(outputs)))

    def forward_part(self, theta: Tensor, part: Batch, buffers: Tensors) -> Any:
        """Outputs of a part in inference mode, for θ (D,) or (W, D)."""
        return self._forward(theta, part, False, buffers)[0]

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
                    slope = slope_at(leaf, share)
                    loss, gradient = loss + share.detach(), slope if gradient is None else gradient.add_(slope)
                losses.append(loss)
                gradients.append(gradient)
                states.append(own)
        after: Tensors = {}
        if training:
            after = states[0] if len(states) == 1 else {k: torch.cat([s[k] for s in states]) for k in buffers}
        return TrainingPass(
            join_parts(losses).reshape(theta.shape[:-1]), join_parts(gradients).reshape(theta.shape), after
        )

    def _checked(self, theta: Tensor) -> Tensor:
        if not isinstance(theta, Tensor):
            raise TypeError(f"theta must be a torch tensor, not {type(theta).__name__}")
        if theta.ndim == 0 or theta.shape[-1] != self.dimension:
            raise ValueError(
                f"theta must have {self.dimension} coordinates in its last axis, got shape {tuple(theta.shape)}"
            )
        return theta
