"""A torch module as a pure function: parameters and buffers go in, outputs and new buffers come out.

The module that the user gave is copied without its tensors and never touched: not its parameters, not its running
statistics, not its mode.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from geometry.module_copies import copy_without_tensors, held_in
from geometry.over_walkers import over_walkers
from geometry.random_numbers import drawing_from
from geometry.second_derivatives import find_unsound, sound_operations

Tensors = dict[str, Tensor]
_INSIDE = "module."


class StatelessModule:
    """Two empty copies of a module, one in train mode and one in inference mode, called with tensors from outside.

    `frozen` holds the parameters that ask for no gradient: they keep their value. Calls may come from several threads.
    noise_seed: of the random numbers that a module draws in inference mode (a sampling network, dropout that is never
    off). They are the same in every pass, and the same for all walkers, so that the outputs are a function of θ.

    ValueError with one sentence: a module that cannot be copied, or that is none of its own (TorchScript).
    """

    def __init__(self, module: nn.Module, frozen: Tensors, noise_seed: int = 0) -> None:
        self.frozen, self.noise_seed = frozen, noise_seed
        self._passes = {training: _Pass(copy_without_tensors(module).train(training)) for training in (False, True)}
        self._unsound = find_unsound(module)
        self._lock = threading.RLock()
        self.random: bool | None = None  # whether inference mode draws random numbers; not known before the first pass
        self._writes: dict[bool, bool] = {}  # whether a pass in train mode, or in inference mode, changes its inputs

    @property
    def alone(self) -> threading.RLock:
        """Held while the modules are called, and by whoever hangs hooks on them; taken before `DRAWING`."""
        return self._lock

    @property
    def architecture(self) -> nn.Module:
        """The module's structure in inference mode; its tensors have shapes but no values."""
        return self._passes[False].module

    def with_batch_statistics(self) -> StatelessModule:
        """The same, but that in inference mode batch normalisation takes mean and variance from the examples it is
        given; running statistics are neither used nor changed, and all else stays in inference mode."""
        other = copy.copy(self)
        inference = copy_without_tensors(self._passes[False].module)
        for layer in inference.modules():
            if isinstance(layer, BatchNorm):
                layer.train()
                layer.track_running_stats = False
        other._passes = {**self._passes, False: _Pass(inference)}
        return other

    def gathering(self) -> StatelessModule:
        """The same, but that train mode trains batch normalisation alone, whose running statistics become the plain
        average over the passes; all else is in inference mode."""
        other = copy.copy(self)
        module = copy_without_tensors(self._passes[False].module)
        for layer in module.modules():
            if isinstance(layer, BatchNorm):
                layer.train()
                layer.momentum = None
        counting = _Pass(module)
        counting.training = True
        other._passes = {**self._passes, True: counting}
        return other

    def __call__(
        self,
        parameters: Tensors,
        buffers: Tensors,
        inputs: tuple[Tensor, ...],
        training: bool,
        names: tuple[str, ...] = (),
    ) -> tuple[Any, Tensors]:
        """(outputs, buffers after the pass). In train mode the given buffers are left as they are.

        names: of the last inputs, which the module takes by name.
        """
        with self._lock, self._noise(parameters, training):
            return self._call(parameters, buffers, inputs, training, names)

    def over_walkers(
        self,
        parameters: Tensors,
        buffers: Tensors,
        inputs: tuple[Tensor, ...],
        training: bool,
        per_walker: bool,
        names: tuple[str, ...],
        last: Callable[[Any], Any],
    ) -> tuple[Any, Tensors]:
        """The same for parameters that have one leading axis of walkers; `per_walker`: the buffers have it as well.

        last: of each walker's outputs, in the place of them: outputs that are no tensors (a dataclass) have no axis of
        walkers.
        """

        def one(parameters: Tensors, buffers: Tensors) -> tuple[Any, Tensors]:
            outputs, after = self._call(parameters, buffers, inputs, training, names)
            return last(outputs), after if training else {}

        def alone(parameters: Tensors, buffers: Tensors) -> tuple[Any, Tensors]:
            if training:
                return one(parameters, buffers)
            with self._noise(parameters, training):  # each walker meets the same draws
                return one(parameters, buffers)

        with self._lock, self._noise(parameters, training):
            randomness = "different" if training else "same"
            in_dims = (0, 0 if per_walker else None)
            outputs, after = over_walkers(one, in_dims, (parameters, buffers), randomness, alone)
        return outputs, after if training else buffers

    def state_dict(self, parameters: Tensors, buffers: Tensors) -> dict[str, Any]:
        """What the module's own state_dict() holds with these tensors: shared ones under each of their names, buffers
        that are not kept left out."""
        state = {_INSIDE + name: tensor for name, tensor in {**self.frozen, **buffers, **parameters}.items()}
        with self._lock:
            held = functional_call(_Held(self.architecture), state, ())
        return {name: value.detach().clone() if isinstance(value, Tensor) else value for name, value in held.items()}

    def _call(
        self, parameters: Tensors, buffers: Tensors, inputs: tuple[Tensor, ...], training: bool, names: tuple[str, ...]
    ) -> tuple[Any, Tensors]:
        given = {k: b.clone() for k, b in buffers.items()} if training else buffers
        state = {_INSIDE + name: tensor for name, tensor in {**parameters, **self.frozen, **given}.items()}
        # What a module does to its inputs in place (requires_grad_, x -= mean) is not done to the data.
        own = self._writes.get(training, True)
        given_inputs = tuple(x.detach().clone() if own else x.detach() for x in inputs)
        plain = len(inputs) - len(names)
        named = dict(zip(names, given_inputs[plain:], strict=True))
        with sound_operations(self._unsound):
            outputs, after = functional_call(self._passes[training], state, given_inputs[:plain], named)
        if training not in self._writes and not any(x.is_inference() for x in given_inputs):
            self._writes[training] = any(x._version for x in given_inputs)
        return outputs, {k: after.get(k, given[k]).detach() for k in buffers} if training else buffers

    @contextmanager
    def _noise(self, parameters: Tensors, training: bool) -> Iterator[None]:
        """In inference mode the module's random numbers begin at `noise_seed`; nobody else's are moved. Generators of
        its own begin there, too, and in train mode anew from torch's at every pass."""
        own = self._passes[training].generators
        if training or self.random is False:
            for generator in own if training else ():
                generator.manual_seed(int(torch.randint(2**31, ())))
            yield
            return
        device = next(iter(parameters.values())).device
        with drawing_from(self.noise_seed, device):
            for generator in own:
                generator.manual_seed(self.noise_seed)
            before = _generator_states(device, own) if self.random is None else []
            yield
            if before:
                after = _generator_states(device, own)
                self.random = not all(torch.equal(*states) for states in zip(before, after, strict=True))


class _Pass(nn.Module):
    """A module's outputs, and in train mode its buffers after the pass: changed in place, or assigned anew.

    All else that a pass assigns (a count, an average that is no buffer, a kept activation) is taken back after it.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.training = module.training
        parts = list(module.modules())
        plain = [{k: v for k, v in p.__dict__.items() if type(v) in (int, float, Tensor)} for p in parts]
        empty = [{k: None for k, b in p._buffers.items() if b is None} for p in parts]
        held = [(p.__dict__, one) for p, one in zip(parts, plain, strict=True) if one]
        self.generators = list(dict.fromkeys(one for part in parts for one in held_in(part, torch.Generator)))
        self._first = held + [(p._buffers, one) for p, one in zip(parts, empty, strict=True) if one]

    def forward(self, *inputs: Any, **named: Any) -> tuple[Any, Tensors]:
        """(outputs, buffers)."""
        try:
            outputs = self.module(*inputs, **named)
            return outputs, dict(self.module.named_buffers()) if self.training else {}
        finally:
            for place, values in self._first:
                place.update(values)


class _Held(nn.Module):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self) -> dict[str, Any]:
        """The module's state."""
        return dict(self.module.state_dict(keep_vars=True))


def _generator_states(device: torch.device, own: list[torch.Generator]) -> list[Tensor]:
    torchs = torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()
    return [torchs, *(generator.get_state() for generator in own)]
