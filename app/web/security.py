"""What every answer carries: headers that tell the browser what a page of ours may do."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.origin import ANY, read_origin


def content_security_policy(script_hashes: Sequence[str], frame_ancestors: Sequence[str] = ()) -> str:
    """Everything from this server, inline scripts by their hash only, no evaluation of text; in frames of this server's
    pages and of `frame_ancestors`."""
    framing = ["*"] if ANY in frame_ancestors else ["'self'", *(str(read_origin(site)) for site in frame_ancestors)]
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *script_hashes]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": " ".join(framing),
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class SecurityHeaders:
    """Puts them on every answer to a request."""

    def __init__(self, app: ASGIApp, script_hashes: Sequence[str], frame_ancestors: Sequence[str] = ()) -> None:
        self.app = app
        headers = {
            "content-security-policy": content_security_policy(script_hashes, frame_ancestors),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "permissions-policy": "camera=(), microphone=(), geolocation=()",
            "cross-origin-opener-policy": "same-origin",
        }
        self._headers = Headers(headers).raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
