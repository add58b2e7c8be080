"""Which of the tables of tensors in a checkpoint are a module's weights, and under which names they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from geometry.given_data import as_tensor

Table = dict[str, Tensor]
Tables = dict[str, Table]

USUAL = (
    "",
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "net_state_dict",
    "module",
    "weights",
    "params",
    "parameters",
)
"""Where training scripts keep a module's weights; the first that fits is taken where several do."""
WRAPPERS = frozenset(
    {
        "module",
        "_orig_mod",
        "_forward_module",
        "_fsdp_wrapped_module",
        "_checkpoint_wrapped_module",
        "model",
        "net",
        "network",
    }
)
"""Beginnings of names that come from a wrapper: torch's (data parallel, compiled, averaged) or a training script's."""
INNER = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
"""Wrappers around a part of a network: their names stand in the middle, and are nobody's own."""
BOOKKEEPING = frozenset({"n_averaged", "num_batches_tracked", "total_ops", "total_params", "_extra_state"})
"""Last parts of names that may be missing, or there beside the weights: counters, not weights."""
AVERAGED = re.compile(r"(?:^|[._])(?:ema|swa|averaged?|avg|shadow)(?:$|[._])", re.IGNORECASE)
"""Places of averages of the weights, which give way to the weights themselves."""
DEPTH = 4


def find_tables(held: Any) -> Tables:
    """All tables of tensors in what a file holds, by place: {"model": {...}, "optimizer.state": …}."""
    return dict(_walk(held, "", 0))


def _walk(held: Any, place: str, depth: int) -> Iterator[tuple[str, Table]]:
    if isinstance(held, list | tuple):
        held = dict(enumerate(held))
    if not isinstance(held, Mapping) or depth > DEPTH:
        return
    tensors = {name: _as_tensor(value) for name, value in held.items() if isinstance(name, str)}
    table = {name: value for name, value in tensors.items() if value is not None}
    if table:
        yield place, table
    for name, value in held.items():
        if isinstance(value, Mapping | list | tuple):
            yield from _walk(value, f"{place}.{name}" if place else str(name), depth + 1)


def _as_tensor(value: Any) -> Tensor | None:
    """A tensor, or what an array of numbers is as one."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return as_tensor(value)
    return value if isinstance(value, Tensor) else None


def choose_table(tables: Tables, path: str, part: str = "") -> Table:
    """The table at `part`, or the one that lies where weights usually do; ValueError where that is none of them."""
    if part:
        if part not in tables:
            raise ValueError(f"{path} holds no table of tensors {part!r}; it has {_places(tables)}")
        return tables[part]
    for place in USUAL:
        if place in tables and (place or len(tables) == 1):
            return tables[place]
    if len(tables) == 1:
        return next(iter(tables.values()))
    return max(tables.values(), key=len) if "" not in tables else tables[""]


def fit_tables(module: nn.Module, tables: Tables, path: str, part: str = "") -> Table:
    """The tensors that are the module's weights, under its own names; ValueError with what was found and looked for."""
    wanted = _Wanted(module)
    inside = _inside(tables, part) if part else tables
    if not inside:
        raise ValueError(f"{path} holds nothing under {part!r}; it has {_places(tables)}")
    found: dict[str, Table] = {}
    for place, table in inside.items():
        for prefix, fitted in wanted.fits(table):
            found[f"{place}: {prefix}" if prefix else place] = fitted
    if not found:
        raise ValueError(wanted.reason(inside, path))
    if plain := {place: table for place, table in found.items() if not AVERAGED.search(place)}:
        found = plain
    usual = [place for place in USUAL if place in found]
    if not usual and len(found) > 1 and not _equal(list(found.values())):
        names = ", ".join(repr(place) for place in found)
        raise ValueError(f"{path} holds several tables that fit this network, at {names}: name one of them as part")
    weights = found[usual[0]] if usual else next(iter(found.values()))
    _check_plain(module, weights, path)
    wanted.check_shared(weights, path)
    return weights


def _check_plain(module: nn.Module, weights: Table, path: str) -> None:
    """ValueError where a tensor cannot be copied as it is: without its numbers, sparse, quantised, complex or whole for
    real."""
    own = module.state_dict()
    for name, value in weights.items():
        what = (
            "has no numbers (it was saved on the device “meta”)"
            if value.is_meta
            else "is quantised"
            if value.is_quantized
            else "is sparse"
            if value.layout != torch.strided
            else "is complex, and the network’s is real"
            if value.is_complex() and not own[name].is_complex()
            else f"is {value.dtype}, and the network’s is real (quantised weights have a scale)"
            if own[name].is_floating_point() and not (value.is_floating_point() or value.is_complex())
            else ""
        )
        if what:
            raise ValueError(f"{path} cannot be used: {name} {what}")


def _inside(tables: Tables, part: str) -> Tables:
    """The tables at or below a place, and of others the entries whose names begin so, without that beginning."""
    chosen = {place: table for place, table in tables.items() if place == part or place.startswith(part + ".")}
    for place, table in tables.items():
        below = {name[len(part) + 1 :]: value for name, value in table.items() if name.startswith(part + ".")}
        if below:
            chosen[place] = below
    return chosen


class _Wanted:
    """The names and shapes of a module's own state dict."""

    def __init__(self, module: nn.Module) -> None:
        state = module.state_dict(keep_vars=True)
        self.shapes = {name: tuple(value.shape) for name, value in state.items() if isinstance(value, Tensor)}
        # Names of one tensor: the file needs it once.
        same: dict[int, list[str]] = {}
        for name, value in state.items():
            if isinstance(value, Tensor):
                same.setdefault(id(value), []).append(name)
        self.shared = [names for names in same.values() if len(names) > 1]
        self.twins = {name: names for names in self.shared for name in names}
        kept = {name for name, _ in module.named_buffers(remove_duplicate=False)} - set(state)
        self.passing = kept  # buffers that are not kept: older files may hold them

    def fits(self, table: Table) -> Iterator[tuple[str, Table]]:
        """(beginning, fitted tensors) for each way in which the table's names are this module's."""
        exact = self._fit(self.shapes, table, "")
        if exact is not None:
            yield "", exact
            return
        for own, theirs in self._spellings(table):
            ways = [(prefix, self._fit(own, theirs, prefix)) for prefix in _beginnings(own, theirs)]
            fitted = [(prefix, way) for prefix, way in ways if way is not None]
            if fitted:
                yield from fitted
                return

    def _spellings(self, table: Table) -> Iterator[tuple[dict[str, str], Table]]:
        """(spelling → own name, the file's names likewise): as they stand, without our wrapper, without inner ones."""
        plain = {name: name for name in self.shapes}
        yield plain, table
        bare = {_without_beginning(name): name for name in self.shapes}
        if len(bare) == len(plain):
            yield bare, table
        common = _common_beginning(list(self.shapes))
        if common:
            yield {name[len(common) :]: name for name in self.shapes}, table
        own = {_without_inner(name): name for name in self.shapes}
        theirs = {_without_inner(name): value for name, value in table.items()}
        if len(own) == len(plain) and len(theirs) == len(table):
            yield own, theirs
            bare = {_without_beginning(name): full for name, full in own.items()}
            if len(bare) == len(plain):
                yield bare, theirs

    def _fit(self, own: Mapping[str, Any], theirs: Table, prefix: str) -> Table | None:
        """The module's names → tensors where `prefix` before each spelling is a name of the file; else None."""
        names = {spelling: full if isinstance(full, str) else spelling for spelling, full in own.items()}
        fitted = {full: theirs[prefix + spelling] for spelling, full in names.items() if prefix + spelling in theirs}
        for full in names.values():
            if full in fitted or _last(full) in BOOKKEEPING:
                continue
            twin = next((other for other in self.twins.get(full, ()) if other in fitted), None)
            if twin is None:
                return None
            fitted[full] = fitted[twin]
        if any(tuple(value.shape) != self.shapes[full] for full, value in fitted.items()):
            return None
        used = {prefix + spelling for spelling in names}
        rest = [name for name in theirs if name not in used and _last(name) not in BOOKKEEPING]
        # Beside a wrapper's part may lie others (a criterion, measures); among the network's own names may not.
        foreign = [name for name in rest if name.startswith(prefix) and name[len(prefix) :] not in self.passing]
        return fitted if fitted and not foreign else None

    def check_shared(self, weights: Table, path: str) -> None:
        """ValueError where the file gives one shared tensor two values."""
        for names in self.shared:
            values = [weights[name] for name in names if name in weights]
            if not all(torch.equal(values[0], value) for value in values[1:]):
                raise ValueError(
                    f"{path} gives {' and '.join(names)} different values, and the network shares one tensor there"
                )

    def reason(self, tables: Tables, path: str) -> str:
        """Why none of the tables fits, from the one that comes nearest."""
        near: tuple[float, str, Table, str] = (-1.0, "", {}, "")
        for place, table in tables.items():
            for prefix in ["", *_beginnings({name: name for name in self.shapes}, table)]:
                share = sum(prefix + name in table for name in self.shapes) / max(len(self.shapes), len(table))
                near = max(near, (share, place, table, prefix), key=lambda one: one[0])
        _, place, table, prefix = near
        names = {name.removeprefix(prefix): tuple(value.shape) for name, value in table.items()}
        where = f"{path}{f' ({place})' if place else ''} belongs to another network: "
        missing = sorted(name for name in self.shapes if name not in names and _last(name) not in BOOKKEEPING)
        unknown = sorted(name for name in names if name not in self.shapes and _last(name) not in BOOKKEEPING)
        if missing or unknown:
            said = [
                f"{what} {', '.join(some[:3])}{' …' if len(some) > 3 else ''}"
                for what, some in (("it lacks", missing), ("the network does not have", unknown))
                if some
            ]
            others = f" (tables in the file: {_places(tables)})" if len(tables) > 1 else ""
            return where + "; ".join(said) + others
        wrong = next((name for name, shape in names.items() if self.shapes.get(name, shape) != shape), None)
        if wrong is None:
            return where + "its names fit in part only"
        return where + f"{wrong} has shape {names[wrong]}, the network’s has {self.shapes[wrong]}"


def _beginnings(own: Mapping[str, Any], theirs: Table) -> list[str]:
    """The wrappers' beginnings that stand before one of our names in the file, "" among them."""
    for first in own:  # one of shared names, or a counter, need not be there
        ends = [name[: len(name) - len(first)] for name in theirs if name == first or name.endswith("." + first)]
        if ends:  # a beginning that all names have is a wrapper's, whatever it is called
            return [
                start
                for start in dict.fromkeys(ends)
                if all(part in WRAPPERS for part in start.split(".")[:-1])
                or all(name.startswith(start) for name in theirs)
            ]
    return []


def _without_beginning(name: str) -> str:
    parts = name.split(".")
    while len(parts) > 1 and parts[0] in WRAPPERS:
        parts = parts[1:]
    return ".".join(parts)


def _common_beginning(names: list[str]) -> str:
    """What all names begin with: of the only part that a network consists of, "" where there are several."""
    first, *_ = names
    parts = first.split(".")
    starts = (".".join(parts[:depth]) + "." for depth in range(len(parts) - 1, 0, -1))
    return next((start for start in starts if all(name.startswith(start) for name in names)), "")


def _without_inner(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in INNER)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _equal(tables: list[Table]) -> bool:
    first, *others = tables
    return all(
        other.keys() == first.keys() and all(torch.equal(other[name], value) for name, value in first.items())
        for other in others
    )


def _places(tables: Tables) -> str:
    """The tables in words: where, and how many tensors."""
    said = [f"{place or 'the file itself'} ({len(table)} tensors)" for place, table in tables.items()]
    return ", ".join(said[:6]) + (" …" if len(said) > 6 else "")
