"""The lecture's addresses: the scenes that this server offers, and the check of a scene file opened in the browser.

A file opened in the browser is sent to be read and forgotten at once: it stays in the browser.
"""

from __future__ import annotations

import orjson
from fastapi import FastAPI, Request, Response

from app.lecture.scenes import Scenes, parse_scenes
from app.state.control import describe
from app.state.schema import BadRequest
from app.web.http import json_response, parse_body


def encode_scenes(scenes: Scenes) -> bytes:
    """The scenes as the client code takes them."""
    return orjson.dumps(scenes)


def check_scenes(body: bytes) -> bytes:
    """The scenes in the posted text (`text`); BadRequest with one sentence where it cannot be used."""
    text = parse_body(body).get("text")
    if not isinstance(text, str):
        raise BadRequest(f"The scene file must be text, not {describe(text)}.")
    return encode_scenes(parse_scenes(text))


def add_routes(server: FastAPI, scenes: Scenes) -> None:
    """Put the lecture's addresses on the server."""
    offered = encode_scenes(scenes)

    @server.get("/lecture/scenes", include_in_schema=False)
    async def offered_scenes() -> Response:
        return json_response(offered)

    @server.post("/lecture/check", include_in_schema=False)
    async def check(request: Request) -> Response:
        return json_response(check_scenes(await request.body()))
