"""Who asks: a random id in a cookie, so that a run belongs to the browser that started it. It says nothing else.

The cookie is given with the answer to a page's own first request, never with a page: SameSite=Strict keeps it from a
visit that comes over a link on another site, and such a visit must not be given a new one over the old.
"""

from __future__ import annotations

import re
import secrets

from fastapi import Request, Response
from starlette.requests import HTTPConnection

from app.state.schema import BadRequest

COOKIE = "pothole_visitor"
LASTS = 30 * 24 * 3600
"""Seconds."""
FORM = re.compile(r"[A-Za-z0-9_-]{22}\Z")


def known_visitor(connection: HTTPConnection) -> str:
    """The id that the browser sent, or "" where it sent none of ours. For requests and for websockets."""
    sent = connection.cookies.get(COOKIE, "")
    return sent if FORM.match(sent) else ""


def visitor_of(request: Request) -> str:
    """The id that the browser sent; BadRequest with a sentence where it sent none."""
    visitor = known_visitor(request)
    if not visitor:
        raise BadRequest("The browser sent no visitor cookie: allow cookies for this page, then reload it.")
    return visitor


def greeted(request: Request, response: Response) -> Response:
    """The answer, with a fresh id where the browser sent none."""
    if not known_visitor(request):
        response.set_cookie(
            COOKIE, secrets.token_urlsafe(16), max_age=LASTS, path="/", httponly=True, samesite="strict",
            secure=request.url.scheme == "https",
        )  # fmt: skip
    return response
