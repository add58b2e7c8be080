"""How the parameters of a torch module are laid out in one flat vector θ."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from geometry.module_copies import wrapped_at
from geometry.objective import Block, Layout

GROUPINGS = ("top", "module")
_LISTS = (nn.ModuleList, nn.ModuleDict)
_EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
_NORMALISATIONS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def trainable(module: nn.Module) -> dict[str, Tensor]:
    """The parameters that ask for a gradient, by name, each shared one once; a ValueError when there is none."""
    found: dict[str, Tensor] = {name: p for name, p in module.named_parameters() if p.requires_grad}
    if not found:
        raise ValueError(f"the module {type(module).__name__} has no parameter that asks for a gradient")
    return found


def network_layout(module: nn.Module, grouping: str = "top") -> Layout:
    """One block per trainable parameter in the module's own order, each row-major in its torch shape.

    A layer is what a layerwise method controls as one. grouping "top": one top-level module (the members of a
    ModuleList or ModuleDict count as top-level, and so does a parameter of the root itself); "module": one module that
    owns parameters, however deep. Data-parallel and compiled networks are cut as what is inside. Parameters that share
    memory appear once, where they are first named.

    Kinds: "bias" (named so), "embedding" (a table of rows, or named so), "kernel" (any other array of two axes or
    more; the first axis is the output's), "scale" (the factor of a normalisation), "vector" (the rest). Attention's
    queries, keys and values are one kernel where torch keeps them in one array.
    """
    if grouping not in GROUPINGS:
        raise ValueError(f"grouping must be one of {', '.join(GROUPINGS)}, not {grouping!r}")
    modules = dict(module.named_modules(remove_duplicate=False))
    blocks, position = [], 0
    for name, parameter in trainable(module).items():
        path, _, leaf = name.rpartition(".")
        if path:
            layer = path if grouping == "module" else _top_level(path, modules)
        else:
            layer = name
        size = parameter.numel()
        if size == 0:
            raise ValueError(f"the parameter {name!r} is empty")
        shape, kind = tuple(parameter.shape), _kind(leaf, parameter, modules[path])
        owned = isinstance(modules[path], _NORMALISATIONS)
        blocks.append(Block(name, shape, position, position + size, kind, layer, owned))
        position += size
    return Layout(tuple(blocks))


def _top_level(path: str, modules: dict[str, nn.Module]) -> str:
    """The shortest beginning of the path that is not a list or dictionary of modules."""
    parts = path.split(".")
    wrapped = wrapped_at(modules[""]) == parts[0] and len(parts) > 1
    for length in range(2 if wrapped else 1, len(parts) + 1):
        name = ".".join(parts[:length])
        if not isinstance(modules[name], _LISTS):
            return name
    return path


def _kind(leaf: str, parameter: Tensor, owner: nn.Module) -> str:
    if leaf.endswith("bias"):
        return "bias"
    if parameter.ndim >= 2 and (isinstance(owner, _EMBEDDINGS) or "embedding" in leaf or leaf.startswith("pos")):
        return "embedding"
    if parameter.ndim >= 2:
        return "kernel"
    return "scale" if leaf in ("weight", "scale", "gamma") else "vector"
