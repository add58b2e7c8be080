"""Who is let in: hosts, origins, rates, passwords, proxies; each refusal is one sentence with its own status."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.access import PASS_COOKIE, Door
from app.web.asking import ClientFinder
from app.web.rate_limit import Buckets
from app.web.settings import WebSettings


def scope(path="/", kind="http", method="GET", client="198.51.100.7", **headers):
    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    own = {"method": method} if kind == "http" else {}
    scheme = "http" if kind == "http" else "ws"
    return {"type": kind, "path": path, "client": (client, 5), "headers": pairs, "scheme": scheme, **own}


def status(door, **about):
    refusal = door.meet(scope(**about))
    return refusal.status if refusal else 200


def basic(password, user="anybody"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("lab.example.org", 200), ("LAB.example.org:8050", 200), ("[::1]:8050", 200), ("[::1]", 200),
        ("evil.example", 400), ("lab.example.org.evil.example", 400), ("", 400), ("[", 400), (":", 400),
    ],
)  # fmt: skip
def test_hosts(host, expected):
    door = Door(WebSettings(hosts=("lab.example.org", "[::1]")))
    assert status(door, host=host) == expected
    assert status(door, path="/healthz", host=host) == 200
    assert status(Door(WebSettings()), host=host) == 200


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, 200), ("http://lab:8050", 200), ("https://lab:8050", 200), ("https://friend.example", 200),
        ("http://lab", 403), ("https://evil.example", 403), ("null", 403), ("lab:8050", 403),
        ("http://lab:8050.x", 403),
        ("http://[", 403), ("http://user@lab:8050", 403),
    ],
)  # fmt: skip
def test_origins(origin, expected):
    door = Door(WebSettings(origins=("https://friend.example/",)))
    headers = {"host": "lab:8050", **({"origin": origin} if origin is not None else {})}
    assert status(door, method="POST", path="/toy/compute", **headers) == expected
    assert status(door, kind="websocket", path="/network/follow", **headers) == expected
    assert status(door, **headers) == 200  # to read a page changes nothing


def test_the_usual_port_may_be_left_out():
    door = Door(WebSettings())
    assert status(door, method="POST", host="lab.example", origin="https://lab.example") == 200
    assert status(door, method="POST", host="lab.example:443", origin="https://lab.example:443") == 200


def test_rate():
    door = Door(WebSettings(requests_per_second=2, request_burst=5))
    assert [status(door) for _ in range(7)] == [200] * 5 + [429] * 2
    refusal = door.meet(scope())
    assert dict(refusal.headers)[b"retry-after"] == b"1"
    assert status(door, client="198.51.100.8") == 200
    assert [status(door, path="/healthz") for _ in range(20)] == [200] * 20
    assert door.refused[429] == 3


def test_files_count_little():
    door = Door(WebSettings(requests_per_second=0.1, request_burst=5))
    assert [status(door, path="/assets/lab.css") for _ in range(90)] == [200] * 90
    assert 429 in [status(door, path="/assets/lab.css") for _ in range(20)]


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0.01, 3)), max_size=60))
def test_a_bucket_gives_no_more_than_burst_and_rate(steps):
    now = [0.0]
    buckets = Buckets(2.0, 5.0, clock=lambda: now[0])
    given_out = 0.0
    for pause, cost in steps:
        now[0] += pause
        wait = buckets.take("a", cost)
        if wait:
            assert buckets.tokens("a") < cost
            assert wait == pytest.approx((cost - buckets.tokens("a")) / 2.0)
        else:
            given_out += cost
        assert given_out <= 5.0 + 2.0 * now[0] + 1e-9


def test_password():
    door = Door(WebSettings(password="swordfish", wrong_passwords=3))
    refusal = door.meet(scope())
    assert refusal.status == 401 and dict(refusal.headers)[b"www-authenticate"].startswith(b"Basic")
    assert status(door, path="/healthz") == status(door, path="/readyz") == 200
    assert status(door, path="/assets/lab.css") == status(door, kind="websocket", path="/x") == 401
    assert status(door, authorization=basic("swordfish")) == 200
    cookie = door.pass_cookie(scope(authorization=basic("swordfish"))).decode()
    assert "HttpOnly" in cookie and "Secure" not in cookie and "swordfish" not in cookie
    assert status(door, kind="websocket", cookie=f"other=1; {cookie.split(';')[0]}") == 200
    for wrong in ("Basic", "Basic ???", "Bearer swordfish", basic(""), basic("Swordfish"), basic("ß"), "ÿ"):
        assert status(door, client=f"198.51.100.{len(wrong)}", authorization=wrong) == 401
    assert status(door, cookie=f"{PASS_COOKIE}=swordfish") == 401
    assert status(door, cookie=f"{PASS_COOKIE}=ÿþ") == 401
    other = Door(WebSettings(password="changed"))
    assert status(other, cookie=cookie.split(";")[0]) == 401


def test_guessing_is_slowed():
    door = Door(WebSettings(password="swordfish", wrong_passwords=3))
    assert [status(door, authorization=basic(str(n))) for n in range(5)] == [401] * 3 + [429] * 2
    assert status(door, authorization=basic("swordfish")) == 429  # else the answer would tell that it is right
    assert status(door, authorization=basic("swordfish"), client="198.51.100.8") == 200


def test_no_password_no_cookie():
    assert Door(WebSettings()).pass_cookie(scope()) is None


def test_the_cookie_is_for_https_where_a_proxy_says_so():
    door = Door(WebSettings(password="swordfish"))
    asked = scope(client="127.0.0.1", x_forwarded_proto="https", authorization=basic("swordfish"))
    assert door.meet(asked) is None
    assert b"Secure" in door.pass_cookie(asked)
    assert asked["scheme"] == "https"


def test_sockets():
    door = Door(WebSettings(sockets=3, sockets_per_client=2))
    door.open_sockets.update({"198.51.100.7": 2})
    assert status(door, kind="websocket") == 429
    assert status(door, kind="websocket", client="198.51.100.8") == 200
    door.open_sockets.update({"198.51.100.8": 1})
    assert status(door, kind="websocket", client="198.51.100.9") == 429
    assert status(door, client="198.51.100.9") == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", ["203.0.113.1"], "198.51.100.7"),  # nobody's proxy
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", ["192.0.2.1, 203.0.113.1"], "203.0.113.1"),  # the first may be made up
        ("127.0.0.1", ["192.0.2.1", "203.0.113.1, 10.1.2.3"], "203.0.113.1"),  # through two proxies of ours
        ("10.1.2.3", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:127.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.1, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["10.1.2.3"], "10.1.2.3"),
        ("testclient", ["203.0.113.1"], "testclient"),
    ],
)
def test_clients_behind_proxies(peer, forwarded, client):
    assert ClientFinder(("127.0.0.0/8", "10.0.0.0/8"))(peer, forwarded) == client


def test_nobody_is_believed_where_none_is_trusted():
    assert ClientFinder(("none",))("127.0.0.1", ["203.0.113.1"]) == "127.0.0.1"


def test_a_proxy_that_is_none_is_named_at_the_start():
    with pytest.raises(ValueError, match=r"POTHOLE_TRUSTED_PROXIES must be none, or .*'nginx'"):
        WebSettings.from_environment({"POTHOLE_TRUSTED_PROXIES": "nginx"})


@given(st.dictionaries(
    st.sampled_from(["host", "origin", "cookie", "authorization", "x_forwarded_for", "x_forwarded_proto"]),
    st.text(st.characters(max_codepoint=255), max_size=60),
), st.sampled_from(["http", "websocket"]), st.sampled_from(["127.0.0.1", "198.51.100.7", ""]))  # fmt: skip
def test_any_head_is_met(headers, kind, client):
    door = Door(WebSettings(password="x", hosts=("lab",), origins=("https://a.example",)))
    refusal = door.meet(scope(kind=kind, method="POST", client=client, **headers))
    assert refusal is not None and refusal.status in (400, 401, 403, 429)
