"""The lecture's addresses: the scenes and exercises that this server offers, the check of a scene file opened in the
browser, and the check of an exercise.

A file opened in the browser is sent to be read and forgotten at once: it stays in the browser.
"""

from __future__ import annotations

import asyncio

import orjson
from fastapi import FastAPI, Request, Response

from app.lecture.goals import check_goal
from app.lecture.scenes import EXERCISES, Scenes, load_scenes, parse_scenes
from app.state.control import describe
from app.state.schema import BadRequest
from app.web.http import json_response, parse_body
from app.web.pages import SHORTCUTS


def encode_scenes(scenes: Scenes) -> bytes:
    """The scenes as the client code takes them."""
    return orjson.dumps(scenes)


def check_scenes(body: bytes) -> bytes:
    """The scenes in the posted text (`text`); BadRequest with one sentence where it cannot be used."""
    text = parse_body(body).get("text")
    if not isinstance(text, str):
        raise BadRequest(f"The scene file must be text, not {describe(text)}.")
    return encode_scenes(parse_scenes(text))


def try_goal(body: bytes) -> bytes:
    """Whether the posted state solves the posted exercise (`scene`, `state`); BadRequest with one sentence else."""
    posted = parse_body(body)
    scene, state = posted.get("scene"), posted.get("state")
    if not isinstance(scene, dict) or not isinstance(state, dict):
        raise BadRequest("An exercise is checked with its scene and the state of the page.")
    return orjson.dumps(check_goal(scene, state))


STORY = "/?scenes=lab&scene=1"
"""The first scene of the lecture that the server offers."""


def add_routes(server: FastAPI, scenes: Scenes) -> None:
    """Put the lecture's addresses on the server, and its beginning into the navigation."""
    SHORTCUTS["Story"] = STORY
    offered = encode_scenes(scenes)
    exercises = encode_scenes(load_scenes(EXERCISES))

    @server.get("/lecture/scenes", include_in_schema=False)
    async def offered_scenes() -> Response:
        return json_response(offered)

    @server.get("/lecture/exercises", include_in_schema=False)
    async def offered_exercises() -> Response:
        return json_response(exercises)

    @server.post("/lecture/try", include_in_schema=False)
    async def try_exercise(request: Request) -> Response:
        return json_response(await asyncio.to_thread(try_goal, await request.body()))

    @server.post("/lecture/check", include_in_schema=False)
    async def check(request: Request) -> Response:
        return json_response(check_scenes(await request.body()))
