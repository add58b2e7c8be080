"""The loss of a network that is a chain of layers, as a linear-quadratic control problem at one θ.

The last state is what the network returns.

    "newton"            c = ∂L/∂x_L,  Q = ∂²L/∂x_L²,     p_L = c:  G is the Hessian of L;
    "ngd", "ngd-mean"   c = ∂L/∂x_L,  Q = w ∂²L/∂x_L²,   p_L = 0:  G is the Hessian of the divergence,

with w = the number of targets ("ngd") or 1 ("ngd-mean"); of the cross-entropy Q is (diag p − p pᵀ) for each target.
Taking the log-softmax into the last layer, with Q = 0 and p_L the slope of the cross-entropy or of the divergence,
gives the same G. Everything is made as explicit matrices, so this is for small networks and batches: an oracle, not a
way to train.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jacrev, vmap

from geometry.linear_quadratic import LinearQuadratic, Stage
from geometry.networks import NetworkLoss
from geometry.objective import Layer
from geometry.second_derivatives import find_unsound, sound_operations
from geometry.stateless import Tensors

LARGEST_STAGE = 4096
"""Parameters of a layer plus numbers in the state before it, over the whole batch: its K has the square of this."""


@dataclass(frozen=True)
class _Link:
    """One layer with the parameter-free modules that follow it; the modules' names are relative to the root."""

    layer: Layer
    modules: tuple[tuple[str, nn.Module], ...]


def layerwise_model(objective: NetworkLoss, theta: Tensor, metric: str = "newton") -> LinearQuadratic:
    """The stages of a NetworkLoss at θ (..., D), in inference mode and over the whole batch (no chunks).

    The module must be a torch.nn.Sequential, whose members that hold parameters are the layers; members without
    parameters belong to the layer before them.

    ValueError: another kind of module, parameters shared between layers, more than one input, a layer and state
    together larger than LARGEST_STAGE, a metric that is not defined.
    """
    objective.check_metric(metric)
    leading, links = _chain(objective)

    def model(theta: Tensor) -> tuple[list[tuple[Tensor, Tensor, Tensor]], Tensor, Tensor]:
        parameters = objective.parameters(theta)
        state = _run(leading, {}, objective, objective.ready(objective.data.inputs[0]))
        functions, states = [], []
        for number, link in enumerate(links):
            functions.append(_layer_function(link, objective, state, fixed_input=number == 0))
            own = torch.cat([parameters[b.name].reshape(-1) for b in link.layer.blocks])
            states.append(own if number == 0 else torch.cat([own, state.reshape(-1)]))
            if states[-1].shape[0] > LARGEST_STAGE:
                raise ValueError(
                    f"layer {link.layer.name!r} and the state before it have {states[-1].shape[0]} numbers together; "
                    f"the exact layerwise solution takes at most {LARGEST_STAGE}: fewer examples or a smaller network"
                )
            state = functions[-1](states[-1])
        c, Q, p = _terminal(objective, state, metric)
        stages = []
        for link, function, y in zip(reversed(links), reversed(functions), reversed(states), strict=True):
            A, B, K, p = _stage(function, y, link.layer.size, p, metric == "newton")
            stages.append((A, B, K))
        return stages[::-1], c, Q

    flat = theta.detach().reshape(-1, theta.shape[-1])
    with sound_operations(find_unsound(objective.architecture)):
        stages, c, Q = vmap(model)(flat)

    def shaped(a: Tensor) -> Tensor:
        return a.detach().reshape(*theta.shape[:-1], *a.shape[1:])

    named = zip(links, stages, strict=True)
    return LinearQuadratic(tuple(Stage(k.layer.name, *map(shaped, s)) for k, s in named), shaped(c), shaped(Q))


def _stage(
    function: Callable[[Tensor], Tensor], y: Tensor, n: int, p: Tensor, curved: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A_l, B_l and K_l at y = [θ_l (n), x_{l−1}], and p_{l−1} = A_lᵀ p_l; K_l = 0 where p_l is known to be 0."""

    def flat(y: Tensor) -> Tensor:
        return function(y).reshape(-1)

    def weighed(y: Tensor) -> Tensor:
        return (flat(y) * p).sum()

    J = jacrev(flat)(y)
    K = jacrev(grad(weighed))(y) if curved else torch.zeros((y.shape[0], y.shape[0]), dtype=y.dtype, device=y.device)
    return J[:, n:], J[:, :n], K, J[:, n:].T @ p


def _terminal(objective: NetworkLoss, outputs: Tensor, metric: str) -> tuple[Tensor, Tensor, Tensor]:
    """c, Q and p_L, from the network's outputs (n numbers in all)."""
    data = objective.data

    def loss(x: Tensor) -> Tensor:
        return objective.loss_of(x.reshape(outputs.shape), data, ())

    flat = outputs.reshape(-1)
    c = grad(loss)(flat)
    if metric == "newton":
        return c, jacrev(grad(loss))(flat), c
    return c, jacrev(grad(loss))(flat) * (1 if metric == "ngd-mean" else objective.count), torch.zeros_like(c)


def _layer_function(
    link: _Link, objective: NetworkLoss, before: Tensor, fixed_input: bool
) -> Callable[[Tensor], Tensor]:
    """[θ_l, x_{l−1}] ↦ x_l; θ_l ↦ x_1 for the first layer, whose input does not move."""

    def function(y: Tensor) -> Tensor:
        n, parameters, start = link.layer.size, {}, 0
        for block in link.layer.blocks:
            parameters[block.name] = y[start : start + block.size].reshape(block.shape)
            start += block.size
        x = before if fixed_input else y[n:].reshape(before.shape)
        return _run(link.modules, parameters, objective, x)

    return function


def _run(modules: tuple[tuple[str, nn.Module], ...], parameters: Tensors, objective: NetworkLoss, x: Tensor) -> Tensor:
    """x through the modules in inference mode, with these parameters and the objective's buffers."""
    state = {**objective._module.frozen, **objective.buffers, **parameters}
    for path, module in modules:
        own = {name[len(path) + 1 :]: tensor for name, tensor in state.items() if name.startswith(path + ".")}
        x = functional_call(module, own, (x,))
    return x


def _chain(objective: NetworkLoss) -> tuple[tuple[tuple[str, nn.Module], ...], list[_Link]]:
    """The modules before the first layer, and the layers."""
    if len(objective.data.inputs) != 1:
        raise ValueError(f"a chain of layers has one input, not {len(objective.data.inputs)}")
    layers = {layer.name: layer for layer in objective.layout.layers}
    leading: list[tuple[str, nn.Module]] = []
    links: list[_Link] = []
    for path, module in _members(objective.architecture, "", set(layers)):
        if path in layers:
            links.append(_Link(layers[path], ((path, module),)))
            own = {block.name[len(path) + 1 :] for block in layers[path].blocks}
        else:
            own = set()
            if links:
                links[-1] = _Link(links[-1].layer, (*links[-1].modules, (path, module)))
            else:
                leading.append((path, module))
        for name, parameter in module.named_parameters(remove_duplicate=False):
            if parameter.requires_grad and name not in own:
                raise ValueError(f"the parameter {path}.{name} is shared between layers, so they form no chain")
    return tuple(leading), links


def _members(module: nn.Module, path: str, layers: set[str]) -> Iterator[tuple[str, nn.Module]]:
    """(path, module) of the members of nested Sequentials, down to the layers."""
    if not isinstance(module, nn.Sequential):
        raise ValueError(
            f"the exact layerwise solution needs a torch.nn.Sequential of layers, and {path or 'the module'} is a "
            f"{type(module).__name__}"
        )
    for name, member in module._modules.items():  # named_children leaves out a member that comes a second time
        if member is None:
            continue
        inner = f"{path}.{name}" if path else name
        if inner not in layers and any(layer.startswith(inner + ".") for layer in layers):
            yield from _members(member, inner, layers)
        else:
            yield inner, member
