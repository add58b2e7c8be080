"""From a wish about a run to a file: what is read from the engine, and which function makes the file of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from app.jobs import Engine, Refused
from app.jobs.packing import unpack
from app.network.export.record import Record, explored, record_of
from app.network.export.request import NetworkWish
from app.network.export.script import network_script
from app.toy.export.description import file_name
from app.toy.export.files import MadeFile

Run = Callable[..., Awaitable[Any]]
"""`run(function, *arguments)`: the value of a function that its module names, computed beside the web process."""


async def network_file(engine: Engine, visitor: str, wish: NetworkWish, run: Run, address: str = "") -> MadeFile:
    """The file. BadRequest, UnknownJob, Refused and Unavailable say with a sentence why there is none."""
    if wish.what == "weights":
        record = await record_of(engine, wish.job)
        name = file_name(record.file_state(), "safetensors", f"{wish.method}-{wish.moment}")
        return MadeFile(name, await weights_file(engine, visitor, address, wish))
    if wish.what in ("slice", "curvature"):
        tree, record = await explored(engine, wish.job, wish.what)
        return MadeFile(_name(record, wish), await run(_explored_file, tree, record, wish))
    record = await record_of(engine, wish.job)
    if wish.what == "script":
        return MadeFile(_name(record, wish), network_script(record).encode())
    plane = None
    if wish.format == "npz" and "plane" in record.results:
        plane = unpack(await engine.result(wish.job, "plane"))
    return MadeFile(_name(record, wish), await run(_run_file, record, wish, plane))


def _name(record: Record, wish: NetworkWish) -> str:
    return file_name(record.file_state(), wish.format, "" if wish.what == "script" else wish.what)


def _run_file(record: Record, wish: NetworkWish, plane: dict[str, Any] | None) -> bytes:
    from app.network.export.data import curves_csv, curves_npz

    if wish.format == "csv":
        return curves_csv(record)
    if wish.format == "npz":
        return curves_npz(record, plane)
    from app.network.export.figures import curves_figure

    return curves_figure(record, wish)


def _explored_file(tree: dict[str, Any], record: Record, wish: NetworkWish) -> bytes:
    from app.network.export import data

    if wish.format in ("csv", "npz"):
        return getattr(data, f"{wish.what}_{wish.format}")(tree, record)
    from app.network.export import figures

    return getattr(figures, f"{wish.what}_figure")(tree, record, wish)


async def weights_file(engine: Engine, visitor: str, address: str, wish: NetworkWish) -> bytes:
    """The safetensors file of a method's weights, written by a job of the engine."""
    description = {"kind": "weights-file", "run": wish.job, "moment": wish.moment, "method": wish.method}
    job = await engine.submit(visitor, description, address)
    said = ""
    async for entry in engine.follow(job):
        said = entry.data.get("sentence") or said
    summary = await engine.summary(job)
    if summary["state"] != "finished":
        raise Refused(said or "the weights could not be written")
    return await engine.result(job, "file")
