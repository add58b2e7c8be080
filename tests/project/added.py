"""One of each kind, added as the architecture page says: a surface, a control, an instrument, a page.

Run by test_how_to_add.py in a process of its own, before the app is imported: a registry's line is all that names them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from dash import html

import app.toy.controls as toy_controls
from app.state.control import NumberControl
from app.state.schema import write_link
from app.web.pages import PAGES, Page, register
from geometry.surfaces import SURFACES
from geometry.surfaces.himmelblau import Himmelblau


@dataclass(frozen=True)
class Added(Himmelblau):
    """A surface; without a kernel of its own the reference engine walks on it."""

    key = "added"
    title = "Added surface"
    kernel_code = type(Himmelblau.kernel_code).NONE


SURFACES[Added.key] = Added
CONTROL = NumberControl("added_number", "α", "Added number", 0.0, 2.0, 1.0, "A number.", "walk", step=0.1)
toy_controls.WALK = (*toy_controls.WALK, CONTROL)

# What reads the tables comes after the lines above, as it does when those lines stand in the tables themselves.
from app.instruments.instrument import RUNS, Instrument, InstrumentRequest  # noqa: E402
from app.instruments.registry import INSTRUMENTS  # noqa: E402


def compute(request: InstrumentRequest) -> bytes:
    """The JSON of the whole picture."""
    return json.dumps({"runs": request.runs, "surface": request.toy.surface, "what": "So many runs."}).encode()


def tables(answers: Any) -> dict[str, Any]:
    """The only table."""
    return {"runs": (["runs"], [[answers[0]["runs"]]])}


INSTRUMENTS["added"] = Instrument(
    key="added",
    title="Added instrument",
    about="Says how many runs there are.",
    controls=(RUNS,),
    compute=compute,
    script=str(Path(__file__).with_name("added.js")),
    table_names=(("runs", "Runs"),),
    tables=tables,
    picture="tests.project.added:draw",
)


def draw(asked: Any) -> Any:
    """Its picture: an empty sheet."""
    from app.instruments.export.sheet import instrument_sheet

    return instrument_sheet(asked, 40, f"{asked.answers[0]['runs']} runs", [])[0]


from app.instruments.page import layout as instruments_layout  # noqa: E402
from app.instruments.page import tables as instruments_tables  # noqa: E402
from app.server import build  # noqa: E402
from app.toy.page import tables as toy_tables  # noqa: E402
from app.web.settings import WebSettings  # noqa: E402

register(Page("/added", "Added page", "notes.js", lambda: html.Main("Something of its own.", id="added")))
APPLICATION = build(WebSettings(side_processes=0))


async def ask(client: httpx.AsyncClient, address: str, value: Any) -> Any:
    """A good answer to what is posted."""
    answer = await client.post(address, json=value)
    assert answer.status_code == 200, (address, answer.status_code, answer.text[:300])
    return answer


async def check() -> None:
    """Ask everybody who should know of them."""
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> dict[str, str]:
        return next(messages)

    async def send(message: dict[str, str]) -> None:
        assert not message["type"].endswith("failed"), message

    await APPLICATION({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    transport = httpx.ASGITransport(app=APPLICATION)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
        # the surface: choice and parameters, link, paths, instruments' axes, exports, script
        told = toy_tables()
        assert "added" in told["surfaces"]
        (choice,) = (control for control in told["controls"] if control["name"] == "surface")
        assert ["added", "Added surface"] in choice["options"]
        opened = (await ask(client, "/toy/open", {"query": "?surface=added&steps=20"})).json()
        assert opened["state"]["surface"] == "added" and opened["notices"] == []
        answer = (await ask(client, "/toy/compute", {"surface": "added", "steps": 20})).json()
        assert answer["surface"]["title"] == "Added surface" and len(answer["paths"]["methods"]) == 4
        png = (
            await ask(client, "/export/toy", {"surface": "added", "steps": 20, "format": "png", "width": 320})
        ).content
        assert png.startswith(b"\x89PNG")

        # the control: entry, link, notice, unknown to nobody
        (entry,) = (control for control in told["controls"] if control["name"] == CONTROL.name)
        assert entry["group"] == "walk" and entry["role"] == "computed"
        opened = (await ask(client, "/toy/open", {"query": "?added_number=7"})).json()
        assert opened["state"][CONTROL.name] == 2.0 and "Added number α = 7 is outside" in opened["notices"][0]
        assert write_link(opened["state"], opened["base"]) == f"?{CONTROL.name}=2.0"
        answer = (await ask(client, "/toy/compute", {CONTROL.name: 1.5, "steps": 20})).json()
        assert answer["notices"] == answer["left_out"] == []

        # the instrument: tab and panel, table and script for the client, its address, link, files
        told = instruments_tables()
        mine = {"key": "added", "controls": ["runs"], "decided_by": [], "compares": False, "tables": [["runs", "Runs"]]}
        assert mine in told["instruments"]
        page = str(instruments_layout().to_plotly_json())
        assert "tab-added" in page and "panel-added" in page and "Says how many runs there are." in page
        script = (await client.get("/assets/pages/instruments.js")).text
        assert 'addInstrument("added", AddedInstrument)' in script
        opened = (await ask(client, "/instruments/open", {"query": "?instrument=added"})).json()
        assert opened["state"]["instrument"] == "added" and opened["notices"] == []
        assert (await ask(client, "/instruments/added", {"runs": "3"})).json()["runs"] == 3
        for kind, begins in (("csv", b"#"), ("json", b"{"), ("npz", b"PK"), ("svg", b"<?xml"), ("png", b"\x89PNG")):
            wanted = {"instrument": "added", "runs": "3", "format": kind, "width": 320}
            file = await ask(client, "/export/instruments", wanted)
            assert file.content.startswith(begins), (kind, file.content[:20])

        # the page: its address and the navigation
        assert PAGES["/added"].title == "Added page"
        assert (await client.get("/added")).status_code == 200
        from app.web.shell import framed

        assert "Added page" in str(framed(PAGES["/"])) and "Something of its own." in str(framed(PAGES["/added"]))
