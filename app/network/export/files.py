"""From a request about a run to a file: what is read from the engine, and which function makes the file of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from app.jobs import Engine, Refused
from app.jobs.packing import Tree, unpack
from app.network.export.record import Record, explored, record_of
from app.network.export.request import NetworkExport
from app.network.export.script import network_script
from app.web.made_file import MadeFile, file_name

Run = Callable[..., Awaitable[Any]]
"""`run(function, *arguments)`: the value of a function that its module names, computed beside the web process."""


async def network_file(engine: Engine, visitor: str, asked: NetworkExport, run: Run, address: str = "") -> MadeFile:
    """The file. BadRequest, UnknownJob, Refused and Unavailable say with a sentence why there is none."""
    if asked.what == "weights":
        record = await record_of(engine, asked.job)
        name = file_name(record.file_state(), "safetensors", f"{asked.method}-{asked.moment}")
        return MadeFile(name, await weights_file(engine, visitor, address, asked))
    if asked.what in ("slice", "curvature", "potholes"):
        tree, record = await explored(engine, asked.job, asked.what)
        return MadeFile(_name(record, asked), await run(_explored_file, tree, record, asked))
    record = await record_of(engine, asked.job)
    if record.recorded:  # what it has spent is not known
        asked = replace(asked, axis="steps")
    if asked.what == "script":
        return MadeFile(_name(record, asked), network_script(record).encode())
    plane = None
    if asked.format == "npz" and "plane" in record.results:
        plane = unpack(await engine.result(asked.job, "plane"))
    return MadeFile(_name(record, asked), await run(_run_file, record, asked, plane))


def _name(record: Record, asked: NetworkExport) -> str:
    return file_name(record.file_state(), asked.format, "" if asked.what == "script" else asked.what)


def _run_file(record: Record, asked: NetworkExport, plane: Tree | None) -> bytes:
    from app.network.export.data import curves_csv, curves_npz

    if asked.format == "csv":
        return curves_csv(record)
    if asked.format == "npz":
        return curves_npz(record, plane)
    from app.network.export.figures import curves_figure

    return curves_figure(record, asked)


def _explored_file(tree: Tree, record: Record, asked: NetworkExport) -> bytes:
    from app.network.export import data

    if asked.format in ("csv", "npz"):
        return getattr(data, f"{asked.what}_{asked.format}")(tree, record)
    from app.network.export import figures

    return getattr(figures, f"{asked.what}_figure")(tree, record, asked)


async def weights_file(engine: Engine, visitor: str, address: str, asked: NetworkExport) -> bytes:
    """The safetensors file of a method's weights, written by a job of the engine."""
    description = {"kind": "weights-file", "run": asked.job, "moment": asked.moment, "method": asked.method}
    job = await engine.submit(visitor, description, address)
    said = ""
    async for entry in engine.follow(job):
        said = entry.data.get("sentence") or said
    summary = await engine.summary(job)
    if summary["state"] != "finished":
        raise Refused(said or "the weights could not be written")
    return await engine.result(job, "file")
