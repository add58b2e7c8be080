"""Who asks: addresses behind proxies, what shares a limit, and the browser's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from app.web.settings import WebSettings
from app.web.visitor import NOBODY, TrustedProxies, limited_as, visitor_in_queue
from tests.app.web.guarded import Guarded, scope_of

PROXIES = ("127.0.0.0/8", "10.0.0.0/8")


def client(peer: str, proxies=PROXIES, **headers) -> str:
    """The client as the application is told of it."""
    return Guarded(WebSettings(trusted_proxies=proxies)).ask(client=peer, **headers).scope["client"][0]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.7", ["203.0.113.1"], "198.51.100.7"),  # nobody's proxy
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", ["192.0.2.1, 203.0.113.1"], "203.0.113.1"),  # the first may be made up
        ("127.0.0.1", ["192.0.2.1", "203.0.113.1, 10.1.2.3"], "203.0.113.1"),  # through two proxies of ours
        ("10.1.2.3", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:127.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", ["10.1.2.3"], "10.1.2.3"),
        ("testclient", ["203.0.113.1"], "testclient"),
        ("127.0.0.1", ["203.0.113.1:41234"], "203.0.113.1"),
        ("127.0.0.1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("127.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("127.0.0.1", ["::ffff:203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", ["203.0.113.9, 10.1.2.3:80"], "203.0.113.9"),
    ],
)
def test_clients_behind_proxies(peer, forwarded, expected):
    assert client(peer, x_forwarded_for=forwarded) == expected


@pytest.mark.parametrize(
    "forwarded",
    [
        "unknown",
        "nonsense",
        "",
        "203.0.113.1, unknown",
        "203.0.113.1, ",
        "_hidden",
        "203.0.113.1:port",
        "[::1",
        "1.2.3.4:",
        "203.0.113.1:123456",
        "for=203.0.113.1",
        "0x7f.1",
        "127.1",
    ],
)
def test_the_unreadable_is_nobody_and_never_the_proxy(forwarded):
    assert client("127.0.0.1", x_forwarded_for=forwarded) == NOBODY


@pytest.mark.parametrize("header", ["x_real_ip", "forwarded", "via", "x_forwarded_proto"])
def test_a_proxy_that_does_not_say_for_whom_asks_for_nobody(header):
    assert client("127.0.0.1", **{header: "https"}) == NOBODY


def test_nobody_is_trusted_unless_the_settings_name_it():
    for proxies in ((), ("none",)):
        assert client("127.0.0.1", proxies, x_forwarded_for="203.0.113.1") == "127.0.0.1"
    assert WebSettings().trusted_proxies == ()


def test_what_is_believed_is_taken_out_and_what_is_not_is_left():
    believed = Guarded(WebSettings(trusted_proxies=PROXIES)).ask(
        client="127.0.0.1", x_forwarded_for=["a", "203.0.113.1"], x_forwarded_proto="https", via="1.1 x", accept="*/*"
    )
    assert believed.scope["headers"] == [(b"accept", b"*/*")] and believed.scope["scheme"] == "https"
    left = Guarded().ask(client="127.0.0.1", x_forwarded_for="203.0.113.1", x_forwarded_proto="https")
    assert len(left.scope["headers"]) == 2 and left.scope["scheme"] == "http"


def test_a_websocket_s_scheme_is_told_too():
    told = Guarded(WebSettings(trusted_proxies=PROXIES)).ask(
        kind="websocket", client="127.0.0.1", x_forwarded_for="203.0.113.1", x_forwarded_proto="https"
    )
    assert told.scope["scheme"] == "wss"


def test_a_proxy_that_is_none_is_named_at_the_start():
    with pytest.raises(ValueError, match=r"POTHOLE_TRUSTED_PROXIES must be none, or .*'nginx'"):
        WebSettings.from_environment({"POTHOLE_TRUSTED_PROXIES": "nginx"})


@given(st.text(max_size=60), st.sampled_from(["127.0.0.1", "::1", "10.0.0.1", ""]))
def test_any_header_gives_an_address_that_is_no_proxy_s_or_nobody(text, peer):
    found = TrustedProxies(None, PROXIES).client(peer, [text])  # type: ignore[arg-type]
    assert found == NOBODY or limited_as(found)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::1", "::2", False),
        ("2001:db8::1%eth0", "2001:db8::2", True),
        ("", "x", False),
    ],
)
def test_an_ipv6_network_s_addresses_share_one_limit(one, other, together):
    """Whoever has one of its addresses has all 2⁶⁴."""
    assert (limited_as(one) == limited_as(other)) is together


def test_the_queue_knows_a_browser_by_a_name_that_was_given_here():
    def name(cookie: str) -> tuple[str, str]:
        return visitor_in_queue(HTTPConnection(scope_of(cookie=f"pothole_visitor={cookie}")))

    assert name("a" * 22) == ("198.51.100.7", "a" * 22)
    assert name("a") == name("a" * 23) == name("a" * 21 + ";") == ("198.51.100.7", "")
