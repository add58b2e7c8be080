"""Who may ask under which name and from whose pages: hosts and origins, written in any of their forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.origin import read_origin, read_site
from app.web.security import content_security_policy
from app.web.settings import WebSettings
from tests.app.web.guarded import Guarded, scope_of


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("lab.example.org", 200),
        ("LAB.example.org:8050", 200),
        ("[::1]:8050", 200),
        ("[::1]", 200),
        ("lab.example.org.", 200),
        ("[0:0::1]", 200),
        ("evil.example", 400),
        ("lab.example.org.evil.example", 400),
        ("", 400),
        ("[", 400),
        (":", 400),
        ("lab.example.org:x", 400),
        ("lab.example.org:99999", 400),
        ("lab.example.org/", 400),
        ("a@lab.example.org", 400),
        ("lab.example.org" + "g" * 9000, 400),
    ],
)
def test_hosts(host, expected):
    door = Guarded(WebSettings(hosts=("lab.example.org", "[::1]")))
    assert door.status(host=host) == expected
    assert door.status(path="/healthz", host=host) == 200
    assert Guarded().status(host=host) == 200


def test_a_request_names_one_host():
    assert Guarded().status(host=["a", "b"]) == 400


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, 200),
        ("http://lab:8050", 200),
        ("https://lab:8050", 200),
        ("https://friend.example", 200),
        ("http://lab", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("lab:8050", 403),
        ("http://lab:8050.x", 403),
        ("http://friend.example", 403),
        ("https://friend.example:8443", 403),
        ("http://[", 403),
        ("http://user@lab:8050", 403),
        ("ftp://lab:8050", 403),
    ],
)
def test_origins(origin, expected):
    door = Guarded(WebSettings(origins=("https://friend.example/",)))
    headers = {"host": "lab:8050", **({"origin": origin} if origin is not None else {})}
    assert door.status(method="POST", path="/toy/compute", **headers) == expected
    assert door.status(kind="websocket", path="/network/follow", **headers) == expected
    assert door.status(**headers) == 200  # to read a page changes nothing


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("lab.example", "https://lab.example"),
        ("lab.example:443", "https://lab.example"),
        ("lab.example", "https://lab.example:443"),
        ("lab.example:80", "http://lab.example"),
        ("Lab.Example", "http://lab.example"),
        ("lab.example.", "https://lab.example"),
        ("[::1]:8050", "http://[0:0:0:0:0:0:0:1]:8050"),
    ],
)
def test_one_site_in_two_forms_is_one_site(kind, host, origin):
    assert Guarded().status(kind=kind, method="POST", host=host, origin=origin) == 200


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("setting", ["https://Lab.Example/", "https://lab.example:443", " HTTPS://LAB.EXAMPLE. "])
def test_a_listed_site_may_be_written_in_any_form(kind, setting):
    door = Guarded(WebSettings(origins=(setting,)))
    for origin in ("https://lab.example", "https://LAB.example:443"):
        assert door.status(kind=kind, method="POST", host="10.0.0.1:8050", origin=origin) == 200
    assert door.status(kind=kind, method="POST", host="10.0.0.1:8050", origin="http://lab.example") == 403


def test_two_origins_are_none():
    here = {"host": "lab", "origin": ["http://lab", "http://evil.example"]}
    assert Guarded().status(method="POST", **here) == 403


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("POTHOLE_ORIGINS", "lab.example"),
        ("POTHOLE_ORIGINS", "https://lab.example/page"),
        ("POTHOLE_ORIGINS", "null"),
        ("POTHOLE_FRAME_ANCESTORS", "course.example"),
        ("POTHOLE_HOSTS", "https://lab.example"),
        ("POTHOLE_HOSTS", "a b"),
    ],
)
def test_what_is_no_site_is_named_at_the_start(variable, value):
    with pytest.raises(ValueError, match=f"{variable} must be .*, not '{value}'"):
        WebSettings.from_environment({variable: value})


@pytest.mark.parametrize(
    ("sites", "told"),
    [
        ((), "frame-ancestors 'self'"),
        (
            ("https://Course.example:443/", "http://localhost:9000"),
            "frame-ancestors 'self' https://course.example http://localhost:9000",
        ),
        (("https://course.example", "any"), "frame-ancestors *"),
    ],
)
def test_who_may_show_the_lab_in_a_frame(sites, told):
    assert told in content_security_policy([], sites).split("; ")


def test_letters_of_other_alphabets_are_compared_as_browsers_send_them():
    assert read_origin("https://Köln.example") == read_origin("https://xn--kln-sna.example:443")


@given(st.text(max_size=40))
def test_any_text_is_a_site_or_none(text):
    for site in (read_site(text), read_site(text, "https"), (read_origin(text) or [None, None])[1]):
        assert site is None or (site.name and 0 <= site.port < 65_536)


def test_a_websocket_is_closed_with_the_sentence_where_the_server_cannot_answer_its_opening():
    """The extension "websocket.http.response" is not every server's."""
    sent = Guarded().messages({**scope_of(kind="websocket", host=["a", "b"]), "extensions": {}})
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "A request names one host."}]
