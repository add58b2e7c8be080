"""The network page's address: train and draw. JSON in, JSON out, bad input as sentences."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from app.network.controls import read_network_request
from app.network.picture import network_answer
from app.request import BadRequest, parse_body
from app.routes import Worker, json_response, refusal


def add_network_routes(server: FastAPI) -> None:
    """Put the network page's addresses on the server; trainings wait for one another, not for the toy lab's paths."""
    worker = Worker("network")

    @server.post("/network/train", include_in_schema=False)
    async def train_and_draw(request: Request) -> Response:
        try:
            asked, notices = read_network_request(parse_body(await request.body()))
            return json_response(await worker.run(network_answer, asked, notices))
        except BadRequest as error:
            return refusal(error)
