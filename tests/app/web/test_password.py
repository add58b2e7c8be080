"""The password and the cookie that stands in for it: what is guessed counts, whatever it is guessed with."""

from __future__ import annotations

import hashlib
import hmac
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.password import KEY_BYTES, LASTS, PASS_COOKIE, PassCookies, server_key
from app.web.settings import WebSettings
from tests.app.web.guarded import Guarded, basic

SETTINGS = WebSettings(password="swordfish", wrong_passwords=3)


def cookie_of(door: Guarded, **about) -> str:
    """The cookie that the right password is answered with, as a browser sends it back."""
    return door.ask(authorization=basic(door.settings.password), **about).headers["set-cookie"].split(";")[0]


def test_password():
    door = Guarded(SETTINGS)
    told = door.ask()
    assert told.status == 401 and told.headers["www-authenticate"].startswith("Basic")
    assert door.status(path="/healthz") == door.status(path="/readyz") == 200
    assert door.status(path="/assets/lab.css") == door.status(kind="websocket", path="/x") == 401
    assert door.status(authorization=basic("swordfish")) == 200
    given_cookie = door.ask(authorization=basic("swordfish")).headers["set-cookie"]
    assert "HttpOnly" in given_cookie and "Secure" not in given_cookie and "swordfish" not in given_cookie
    assert f"Max-Age={LASTS}" in given_cookie and "samesite=lax" in given_cookie.lower()
    assert door.status(kind="websocket", cookie=f"other=1; {cookie_of(door)}") == 200
    assert "set-cookie" not in door.ask(cookie=cookie_of(door)).headers
    for wrong in ("Basic", "Basic ???", "Bearer swordfish", basic(""), basic("Swordfish"), basic("ß"), "ÿ"):
        assert door.status(client=f"198.51.100.{len(wrong)}", authorization=wrong) == 401
    for number, wrong in enumerate(("swordfish", "ÿþ", ".", "..", "9.9.9", "1e9.a.b")):
        assert door.status(client=f"203.0.113.{number}", cookie=f"{PASS_COOKIE}={wrong}") == 401


def test_guessing_is_slowed():
    door = Guarded(SETTINGS)
    assert [door.status(authorization=basic(str(n))) for n in range(5)] == [401] * 3 + [429] * 2
    assert door.status(authorization=basic("swordfish")) == 429  # else the answer would tell that it is right
    assert door.status(authorization=basic("swordfish"), client="198.51.100.8") == 200


def test_guessing_with_cookies_is_slowed_too():
    """The attack: 3000 guesses of the cookie in 1.2 s, which was HMAC(password, a constant), and no 429."""
    door = Guarded(SETTINGS)
    words = [*map(str, range(50)), "swordfish"]
    guesses = [hmac.new(word.encode(), b"pothole lab pass", hashlib.sha256).hexdigest() for word in words]
    answers = [door.status(cookie=f"{PASS_COOKIE}={guess}") for guess in guesses]
    assert answers == [401] * 3 + [429] * 48
    assert door.status(kind="websocket", cookie=f"{PASS_COOKIE}={guesses[-1]}") == 429
    door.now += 20.0  # at 3 a minute one more
    assert [door.status(cookie=f"{PASS_COOKIE}={guess}") for guess in guesses[:2]] == [401, 429]


def test_who_is_in_stays_in_while_another_behind_the_address_guesses():
    door = Guarded(SETTINGS)
    mine = cookie_of(door)
    assert [door.status(authorization=basic(str(n))) for n in range(4)] == [401] * 3 + [429]
    assert door.status(cookie=mine) == 200


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_stale_cookie_is_in_nobody_s_way(kind):
    """After a change of password: the right one is let in, on a websocket too, and the cookie is replaced."""
    old = cookie_of(Guarded(WebSettings(password="before")))
    door = Guarded(SETTINGS)
    told = door.ask(kind=kind, cookie=old, authorization=basic("swordfish"))
    assert told.status in (200, 101)
    assert door.status(kind="websocket", cookie=told.headers["set-cookie"].split(";")[0]) == 200


def test_an_old_cookie_of_ours_is_no_guess_and_is_forgotten():
    old = cookie_of(Guarded(WebSettings(password="before")))
    door = Guarded(SETTINGS)
    for _ in range(20):
        told = door.ask(cookie=old)
        assert told.status == 401 and "Max-Age=0" in told.headers["set-cookie"]
    assert door.status(authorization=basic("swordfish")) == 200


def test_a_cookie_of_another_key_is_worth_nothing():
    other = cookie_of(Guarded(SETTINGS, key=bytes(32)))
    assert Guarded(SETTINGS).status(cookie=other) == 401


def test_a_cookie_ends():
    door = Guarded(SETTINGS)
    mine = cookie_of(door)
    door.wall += LASTS - 2
    assert door.status(cookie=mine) == 200
    door.wall += 3
    assert door.status(cookie=mine) == 401
    assert door.status(cookie=mine, authorization=basic("swordfish")) == 200
    for _ in range(20):  # it was ours: no guess
        assert door.status(cookie=mine) == 401


def test_its_end_cannot_be_moved():
    cookies = PassCookies("swordfish", bytes(32), lambda: 0.0)
    value = cookies.make()
    assert cookies.is_valid(value)
    end, mark, signature = value.split(".")
    assert not cookies.is_ours(f"{int(end) + 1}.{mark}.{signature}")
    assert not cookies.is_ours(f"swordfish.{mark}") and not cookies.is_ours(mark)


@given(st.text(st.characters(max_codepoint=255), max_size=80))
def test_no_cookie_that_is_made_up_is_ours(text):
    cookies = PassCookies("swordfish", bytes(32), lambda: 0.0)
    assert not cookies.is_ours(text) and not cookies.is_valid(text)


def test_no_password_no_cookie():
    assert "set-cookie" not in Guarded().ask(authorization=basic("x")).headers


def test_the_cookie_is_for_https_where_a_proxy_says_so():
    door = Guarded(WebSettings(password="swordfish", trusted_proxies=("127.0.0.1",)))
    about = {"client": "127.0.0.1", "x_forwarded_for": "203.0.113.1", "authorization": basic("swordfish")}
    assert "Secure" in door.ask(**about, x_forwarded_proto="https").headers["set-cookie"]
    assert "Secure" not in door.ask(**about, x_forwarded_proto="http").headers["set-cookie"]


def test_the_key_is_kept_for_its_owner_and_shared_by_all_who_have_the_folder(tmp_path: Path):
    folder = tmp_path / "state" / "deeper"
    code = "import sys; from app.web.password import server_key; print(server_key(sys.argv[1]).hex())"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    keys = {process.communicate(timeout=300)[0].strip() for process in started}
    assert keys == {server_key(str(folder)).hex()}
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and file.stat().st_size == KEY_BYTES


def test_without_a_folder_the_key_is_new_each_time():
    assert server_key("") != server_key("") and len(server_key("")) == KEY_BYTES


def test_a_key_that_cannot_be_kept_or_read_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ValueError, match=r"cannot be kept in .*file/cookie-key"):
        server_key(str(tmp_path / "file"))
    (tmp_path / "cookie-key").write_bytes(b"short")
    with pytest.raises(ValueError, match="is no key of cookies: remove it"):
        server_key(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("cookie")] == ["cookie-key"]


@given(
    st.dictionaries(
        st.sampled_from(["host", "origin", "cookie", "authorization", "x_forwarded_for", "x_forwarded_proto", "via"]),
        st.text(st.characters(max_codepoint=255), max_size=60),
    ),
    st.sampled_from(["http", "websocket"]),
    st.sampled_from(["127.0.0.1", "198.51.100.7", ""]),
)
def test_any_head_is_met(headers, kind, client):
    about = WebSettings(password="x", hosts=("lab",), origins=("https://a.example",), trusted_proxies=("127.0.0.1",))
    assert Guarded(about).status(kind=kind, method="POST", client=client, **headers) in (400, 401, 403, 429)
