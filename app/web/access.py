"""The door: who may ask at all. Host, origin, rate, password; the same for pages, requests and websockets."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import Scope

from app.web.asking import ClientFinder
from app.web.hosts import ANY
from app.web.rate_limit import Buckets
from app.web.settings import WebSettings

OPEN = ("/healthz", "/readyz")
"""Asked by machines that know neither the lab's name nor its password; nothing is computed there."""
FILES = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")
COST_OF_FILE = 0.05
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
PASS_COOKIE = "pothole_pass"
REALM = b'Basic realm="Pothole lab", charset="UTF-8"'


@dataclass(frozen=True)
class Refusal:
    """Why somebody is not let in."""

    status: int
    problem: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Door:
    """Looks at the head of every request and websocket.

    The password is asked in HTTP's own way (Basic), which every browser and proxy knows, and then kept in a cookie,
    because not every browser sends it along with a websocket. The cookie holds a keyed hash, the same in every web
    process, which is worth nothing after the password has been changed. Both cross the network readably: use TLS.
    """

    def __init__(self, settings: WebSettings) -> None:
        self.settings = settings
        self.open_sockets: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self._client = ClientFinder(settings.trusted_proxies)
        self._rate = Buckets(settings.requests_per_second, settings.request_burst)
        self._wrong = Buckets(settings.wrong_passwords / 60, settings.wrong_passwords)
        self._hosts = set() if ANY in settings.hosts else {name.lower() for name in settings.hosts}
        self._origins = {name.lower().rstrip("/") for name in settings.origins}
        self._password = settings.password.encode()
        self._pass = hmac.new(self._password, b"pothole lab pass", hashlib.sha256).hexdigest() if self._password else ""

    @property
    def sockets(self) -> int:
        """Websockets that are open now."""
        return self.open_sockets.total()

    def meet(self, scope: Scope) -> Refusal | None:
        """Why this request or websocket is refused, or None. Puts the client's address, as far as trusted proxies
        tell it, and the scheme into the scope."""
        heads = Heads(scope)
        client = self._know(scope, heads)
        path = scope["path"]
        if path in OPEN:
            return None
        wait = self._rate.take(client, COST_OF_FILE if path.startswith(FILES) else 1.0)
        refusal = (
            _later("You ask for more than the server gives one client; try again shortly.", wait)
            if wait
            else self._host(heads)
            or self._origin(scope, heads)
            or self._let_in(client, heads)
            or (self._room(client) if scope["type"] == "websocket" else None)
        )
        if refusal is not None:
            self.refused[refusal.status] += 1
        return refusal

    def pass_cookie(self, scope: Scope) -> bytes | None:
        """The Set-Cookie header that keeps the password for this browser, where it has just been given."""
        if not self._password or PASS_COOKIE in Heads(scope).cookies:
            return None
        secure = "; Secure" if scope["scheme"] in ("https", "wss") else ""
        return f"{PASS_COOKIE}={self._pass}; Path=/; HttpOnly; SameSite=Lax{secure}".encode()

    def _know(self, scope: Scope, heads: Heads) -> str:
        peer = scope.get("client")
        if not peer:
            return ""
        client = self._client(peer[0], heads.all(b"x-forwarded-for"))
        scheme = heads.first(b"x-forwarded-proto").strip().lower()
        if scheme in ("http", "https") and self._client.trusts(peer[0]):
            socket = scope["type"] == "websocket"
            scope["scheme"] = {"http": "ws", "https": "wss"}[scheme] if socket else scheme
        if client != peer[0]:
            scope["client"] = (client, 0)
        return client

    def _host(self, heads: Heads) -> Refusal | None:
        named = heads.all(b"host")
        if len(named) > 1:
            return Refusal(400, "A request names one host.")
        if not self._hosts or (named and _name_of(named[0]) in self._hosts):
            return None
        return Refusal(400, "The lab does not answer to this name; POTHOLE_HOSTS lists the names that it answers to.")

    def _origin(self, scope: Scope, heads: Heads) -> Refusal | None:
        """What another site's page sends carries that site's name; scripts and programs send none."""
        origin = heads.first(b"origin").strip().lower()
        if not origin or (scope["type"] == "http" and scope["method"] in SAFE_METHODS):
            return None
        if origin in self._origins or _same(origin, heads.first(b"host")):
            return None
        return Refusal(403, "Pages of other sites may not send requests here; POTHOLE_ORIGINS lists exceptions.")

    def _let_in(self, client: str, heads: Heads) -> Refusal | None:
        if not self._password or hmac.compare_digest(heads.cookies.get(PASS_COOKIE, "").encode(), self._pass.encode()):
            return None
        given = heads.first(b"authorization")
        ask = Refusal(401, "This lab asks for a password.", ((b"www-authenticate", REALM),))
        if not given:
            return ask
        if self._wrong.tokens(client) < 1:
            return _later("Too many wrong passwords; try again in a minute.", self._wrong.take(client))
        if hmac.compare_digest(hashlib.sha256(_password_of(given)).digest(), hashlib.sha256(self._password).digest()):
            return None
        self._wrong.take(client)
        return ask

    def _room(self, client: str) -> Refusal | None:
        if self.open_sockets[client] >= self.settings.sockets_per_client or self.sockets >= self.settings.sockets:
            return _later("Too many websockets are open; try again shortly.", 5.0)
        return None


class Heads:
    """The headers of a scope."""

    def __init__(self, scope: Scope) -> None:
        self._pairs: list[tuple[bytes, bytes]] = scope["headers"]

    def all(self, name: bytes) -> list[str]:
        """All values of a header."""
        return [value.decode("latin-1") for key, value in self._pairs if key == name]

    def first(self, name: bytes) -> str:
        """Its first value, or ""."""
        return next(iter(self.all(name)), "")

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies by name."""
        parts = (part.partition("=") for header in self.all(b"cookie") for part in header.split(";"))
        return {name.strip(): value.strip() for name, _, value in parts}


def _later(problem: str, seconds: float) -> Refusal:
    return Refusal(429, problem, ((b"retry-after", str(max(1, math.ceil(min(seconds, 3600.0)))).encode()),))


def _name_of(host: str) -> str:
    """The name in a Host header, without its port."""
    host = host.strip().lower()
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.rpartition(":")[0] or host


def _same(origin: str, host: str) -> bool:
    """Whether an origin is the site that was asked. The scheme is not compared: a proxy may have ended TLS."""
    try:
        site = urlsplit(origin)
        port = {"http": ":80", "https": ":443"}.get(site.scheme, "")
    except ValueError:
        return False
    host = host.strip().lower()
    return bool(site.netloc) and bool(port) and host in (site.netloc, site.netloc.removesuffix(port))


def _password_of(authorization: str) -> bytes:
    kind, _, code = authorization.partition(" ")
    if kind.lower() != "basic":
        return b""
    try:
        return base64.b64decode(code.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
