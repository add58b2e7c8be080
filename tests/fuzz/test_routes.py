"""Every address of the application, taken from the application itself, under values of every wrong kind."""

from __future__ import annotations

import json
import random
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.instruments.registry import INSTRUMENTS
from tests.fuzz import hostile, wishes
from tests.fuzz.addresses import ADDRESSES, CASES, SOCKETS
from tests.fuzz.jobs import Asking, followed
from tests.fuzz.wire import COOKIE, Line, request

KINDS = (
    *("application/json", "application/json; charset=utf-7", "application/x-www-form-urlencoded"),
    *("multipart/form-data; boundary=x", "text/plain", "application/zip", "application/x-pickle", "image/png"),
    *("", "/", "x" * 300),
)
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND")
NAMES = (
    *("x", "..", "%2e%2e", "%00", "a/b", "%F0%9F%8D%95", "x" * 500, "..%2f..%2fetc%2fpasswd", "%ff"),
    *INSTRUMENTS,
)
HEADS = (
    *("X-Forwarded-For", "X-Forwarded-Proto", "X-Request-ID", "Origin", "Referer", "Host", "Cookie", "Authorization"),
    *("Accept", "Accept-Encoding", "Range", "If-None-Match", "If-Modified-Since", "Expect", "TE"),
    *("Upgrade", "Connection", "X-" + "a" * 50),
)
MOST_JOBS = 20
POSTS = [path for method, path in ADDRESSES if method == "POST"]


def filled(rng: random.Random, path: str) -> str:
    """A route's template with something in the place of its parameters."""
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + rng.choice(NAMES) + rest.partition("}")[2]
    return path


def check(answer, said: str) -> None:
    assert 200 <= answer.status < 500, f"{answer.status} for {said}\n{answer.head!r}\n{answer.body[:500]!r}"
    assert b"Traceback" not in answer.body, said
    # Dash answers an unknown file of its own with a head that is not ours to change; the policy stands on all.
    assert b"content-security-policy" in answer.head.lower(), said


def test_the_application_s_own_addresses_are_among_them():
    """The list is not made by hand: this only makes sure that it is not empty by mistake."""
    assert {"/toy/compute", "/toy/open", "/toy/claims", "/instruments/{name}", "/lecture/check"} <= set(POSTS)
    assert {"/network/explore", "/export/toy", "/export/network", "/export/instruments"} <= set(POSTS)
    assert SOCKETS == ["/network/follow"]


def test_whole_wishes_are_answered(line: Asking, rng: random.Random, finished_run: str):
    """What the fuzz spoils is right before: so it gets past each address's first check. Comparisons come to an end."""
    for path, wish in wishes.every_wish(rng, POSTS):
        answer = line.ask(request("POST", path, hostile.text_of(wish).encode()))
        check(answer, f"POST {path} {wish}")
        assert answer.status == 200, f"{answer.status} for POST {path} {wish}: {answer.body[:300]!r}"
    assert [followed(line.port, job) for job in line.compared] == ["finished"] * 2


@pytest.mark.usefixtures("finished_run")
def test_bodies(line: Line, rng: random.Random):
    """Whole, spoilt and broken bodies to every address that takes one."""
    for case in range(CASES // 2):
        path = filled(rng, POSTS[case % len(POSTS)])
        body = hostile.posted(rng, path)
        kind = "application/json" if rng.random() < 0.8 else rng.choice(KINDS)
        answer = line.ask(request("POST", path, body, kind))
        check(answer, f"case {case}: POST {path} as {kind!r} {body[:600]!r}")
        if path == "/network/start" and answer.status == 200:
            wishes.JOBS[1:] = [*wishes.JOBS[1:], json.loads(answer.body)["run"]["job"]][-MOST_JOBS:]


def test_methods_addresses_and_queries(line: Line, rng: random.Random):
    """Every address with every method, odd parameters and odd queries."""
    for case in range(CASES // 4):
        method, path = ADDRESSES[case % len(ADDRESSES)]
        method = rng.choice([method, *METHODS])
        asked = filled(rng, path) + "?" + quote(hostile.query(rng), safe=rng.choice(["?=&", "?=&%/:;,"]))
        body = hostile.posted(rng, path) if method in ("POST", "PUT", "PATCH") else b""
        answer = line.ask(request(method, asked, body), method=method)
        check(answer, f"case {case}: {method} {asked[:300]}")
        assert method != "TRACE" or answer.status >= 400


@pytest.mark.parametrize(
    "path",
    [
        *(f"/assets/{up}etc/passwd" for up in ("../" * 8, "..%2f" * 8, "%2e%2e/" * 8, "..%5c" * 8, "....//" * 8)),
        *("/assets//etc/passwd", "/assets/%00", "/assets/../app/server.py", "/assets/..%2fapp%2fserver.py"),
        *("/_dash-component-suites/../../app/server.py", "/_dash-component-suites/dash/..%2f..%2fsetup.py"),
        *(
            "/_dash-component-suites/os/x.py",
            "/_dash-component-suites/app/server.py",
            "/assets/core/..%2f..%2fMakefile",
        ),
    ],
)
def test_no_file_outside_the_assets(line: Line, path: str):
    answer = line.ask(request("GET", path), method="GET")
    check(answer, path)
    for secret in (b"root:", b"def build(", b"setuptools", b"PHONY"):
        assert secret not in answer.body


@settings(max_examples=max(20, CASES // 20))
@given(
    st.sampled_from(POSTS),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
        max_leaves=12,
    ),
)
def test_any_json(fuzzed, path, value):
    line = Line(fuzzed.port)
    path = path.replace("{name}", "phase")
    body = hostile.text_of(value).encode("utf-8", "surrogatepass")
    try:
        check(line.ask(request("POST", path, body)), f"POST {path} {body[:600]!r}")
    finally:
        line.close()


def test_odd_heads(line: Line, rng: random.Random):
    """Headers that are wrong, many, twice, or a proxy's."""
    for case in range(CASES // 8):
        rows = []
        for _ in range(rng.randrange(1, 30)):
            name = rng.choice(HEADS)
            value = "".join(c for c in hostile.text(rng, 80) if c.isprintable())
            if name in ("Upgrade", "Connection", "Expect"):
                value = rng.choice(["x", "h2c", "keep-alive"])
            rows.append(f"{name}: {value}")
        method = rng.choice(["GET", "POST"])
        path = rng.choice(["/", "/toy/compute", "/assets/lab.css", "/_dash-layout"])
        answer = line.ask(request(method, path, b"{}" if method == "POST" else b"", "application/json", *rows))
        assert 200 <= answer.status < 500, f"case {case}: {method} {path} {rows} gave {answer.status} {answer.body!r}"


def test_cookies(line: Line, rng: random.Random):
    for case in range(CASES // 16):
        junk = "".join(c for c in hostile.text(rng, 200) if c.isprintable())
        for path in ("/toy/compute", "/network/open", "/network/start"):
            answer = line.ask(request("POST", path, b"{}").replace(COOKIE.encode(), junk.encode("latin-1", "replace")))
            assert 200 <= answer.status < 500, f"case {case}: {junk!r} gave {answer.status}"


def numbers_in(value, place=()):
    """The places of all numbers in a value."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers_in(inner, (*place, key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place


def replaced(value, place, new):
    """The value with another thing at a place."""
    if not place:
        return new
    copy = value.copy()
    copy[place[0]] = replaced(value[place[0]], place[1:], new)
    return copy


@pytest.mark.usefixtures("finished_run")
@pytest.mark.parametrize("huge", [-(10**400), -(10**30)], ids=["below -1e308", "beyond 64 bits"])
def test_every_number_may_be_beyond_all_bounds(line: Line, rng: random.Random, huge: int):
    """At two addresses a whole number that no float holds was an internal error. Negative ones: where they are clamped
    the least is computed."""
    tried = 0
    for path in POSTS:
        path = path.replace("{name}", "phase")
        # The same numbers are read for every kind of file: a table is the cheapest.
        wish = wishes.wish(rng, path) | ({"format": "csv"} if path in ("/export/toy", "/export/instruments") else {})
        for place in numbers_in(wish):
            answer = line.ask(request("POST", path, hostile.text_of(replaced(wish, place, huge)).encode()))
            check(answer, f"POST {path} with {place} = {huge}")
            tried += 1
    assert tried > 50
