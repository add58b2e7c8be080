"""The password that is asked of every visitor, where the settings name one, and the cookie that stands in for it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.http import refuse
from app.web.rate_limit import TokenBuckets, retry_after
from app.web.settings import WebSettings
from app.web.visitor import address_of, limited_as

PASS_COOKIE = "pothole_pass"
LASTS = 24 * 3600
"""Seconds. A browser that still knows the password gets a new cookie with its next request."""
REALM = 'Basic realm="Pothole lab", charset="UTF-8"'
KEY_FILE = "cookie-key"
KEY_BYTES = 32


def server_key(folder: str) -> bytes:
    """The secret that signs cookies: the folder's, made there where there is none yet; without a folder a new one.

    Web processes that share the folder share the key. ValueError with a sentence where it cannot be kept or read.
    """
    if not folder:
        return secrets.token_bytes(KEY_BYTES)
    path = Path(folder) / KEY_FILE
    try:
        if not path.exists():
            _write_once(path, secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
    except OSError as error:
        raise ValueError(f"the key of its cookies cannot be kept in {path} ({error.strerror or error})") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is no key of cookies: remove it, and a new one is made")
    return key


def _write_once(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, whole or not at all, unless another process has done so meanwhile."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink(missing_ok=True)


class PassCookies:
    """Cookies that say: this browser has given the password. <end of its time>.<mark of the password>.<signature>

    Nobody without the key can make one, or learn the password from one. The mark tells a cookie of a password that has
    been changed since from one that somebody has made up.
    """

    def __init__(self, password: str, key: bytes, wall: Callable[[], float] = time.time) -> None:
        self._key, self._wall = key, wall
        self._mark = self._sign("password", password)

    def make(self) -> str:
        """A fresh cookie's value."""
        content = f"{int(self._wall()) + LASTS}.{self._mark}"
        return f"{content}.{self._sign('cookie', content)}"

    def is_ours(self, value: str) -> bool:
        """Whether a cookie was made with this key, however long ago."""
        content, _, signature = value.rpartition(".")
        return hmac.compare_digest(signature.encode(), self._sign("cookie", content).encode())

    def is_valid(self, value: str) -> bool:
        """Whether a cookie is ours, of today's password, and its time has not ended."""
        if not self.is_ours(value):
            return False
        end, _, mark = value.rpartition(".")[0].partition(".")
        return mark == self._mark and int(end) > self._wall()

    def _sign(self, kind: str, content: str) -> str:
        return hmac.new(self._key, f"{kind} {content}".encode(), hashlib.sha256).hexdigest()


class Password:
    """401 for who does not give the password; 429, whatever is given, for who has guessed too often.

    It is asked in HTTP's own way (Basic), which every browser and proxy knows, and then kept in a cookie, because not
    every browser sends it along with a websocket. Both cross the network readably: use TLS. A right password is let in
    whatever cookie comes with it; a cookie that nobody here has made is a guess like a wrong password.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: WebSettings,
        key: bytes,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.app = app
        self._cookies = PassCookies(settings.password, key, wall)
        self._password = hashlib.sha256(settings.password.encode()).digest()
        self._guesses = TokenBuckets(settings.wrong_passwords / 60, settings.wrong_passwords, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        # All headers of the name: a proxy may have split what the browser sent in one.
        cookie = cookie_parser("; ".join(headers.getlist("cookie"))).get(PASS_COOKIE, "")
        if cookie and self._cookies.is_valid(cookie):
            await self.app(scope, receive, send)
            return
        given, client = headers.get("authorization", ""), limited_as(address_of(scope))
        guesses = bool(given) or (bool(cookie) and not self._cookies.is_ours(cookie))
        # A browser forgets a cookie that is of no use: it would be one guess more with every request.
        told = {"Set-Cookie": f"{PASS_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"} if cookie else {}
        if guesses and self._guesses.tokens(client) < 1:
            # Whatever it is: else the answer would tell that a guess is right.
            told |= retry_after(self._guesses.take(client))
            await refuse(scope, receive, send, 429, "Too many wrong passwords; try again in a minute.", told)
        elif given and self._is_right(given):
            await self.app(scope, receive, self._with_cookie(scope, send))
        else:
            if guesses:
                self._guesses.take(client)
            told["WWW-Authenticate"] = REALM
            await refuse(scope, receive, send, 401, "This lab asks for a password.", told)

    def _is_right(self, authorization: str) -> bool:
        return hmac.compare_digest(hashlib.sha256(password_in(authorization)).digest(), self._password)

    def _with_cookie(self, scope: Scope, send: Send) -> Send:
        """A send function that gives the browser a fresh cookie with the answer."""
        setting = Response()
        setting.set_cookie(
            PASS_COOKIE,
            self._cookies.make(),
            max_age=LASTS,
            path="/",
            httponly=True,
            samesite="lax",
            secure=scope["scheme"] in ("https", "wss"),
        )

        async def send_with_cookie(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                message.setdefault("headers", [])
                MutableHeaders(scope=message).append("set-cookie", setting.headers["set-cookie"])
            await send(message)

        return send_with_cookie


def password_in(authorization: str) -> bytes:
    """The password of an Authorization header; b"" where it holds none."""
    kind, _, code = authorization.partition(" ")
    if kind.lower() != "basic":
        return b""
    try:
        return base64.b64decode(code.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
