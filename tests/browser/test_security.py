"""What the browser itself makes of the headers, on every page; the password as a person meets it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from app.server import build
from app.web.pages import PAGES
from tests.browser.launch import DESKTOP
from tests.browser.problems import PageProblems
from tests.browser.waiting import settled
from tests.server import Server

build()  # registers the pages
ADDRESSES = sorted(PAGES)
RULES = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
}
TRY = """() => new Promise((done) => setTimeout(() => {
  // From a timer: what a developer tool evaluates directly is exempt from the policy.
  window.proof = [];
  const script = document.createElement("script");
  script.textContent = "window.proof.push('inline')";
  document.body.append(script);
  const link = document.createElement("a");
  link.setAttribute("onclick", "window.proof.push('attribute')");
  document.body.append(link);
  link.click();
  try { window.eval("window.proof.push('eval')"); } catch (error) { /* refused */ }
  try { new Function("window.proof.push('Function')")(); } catch (error) { /* refused */ }
  done(window.proof);
}))"""


@pytest.mark.parametrize("path", ADDRESSES)
def test_the_policy_holds_on_every_page(page: Page, page_problems: PageProblems, path: str) -> None:
    """The page works under it (nothing is reported while it loads), and what it forbids does not run; no chart offers
    to send itself away."""
    settled(page, f"{path}?scenes=exercises" if path == "/handout" else path)  # the story has 24 pictures
    response = page.request.get(path)
    assert response.status == 200
    policy = dict(rule.strip().partition(" ")[::2] for rule in response.headers["content-security-policy"].split(";"))
    assert {name: policy[name] for name in RULES} == RULES
    assert "unsafe" not in policy["script-src"] and "http" not in policy["script-src"] and "*" not in str(policy)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert not page_problems.unexpected()
    titles = page.eval_on_selector_all(".modebar-btn", "buttons => buttons.map(b => b.dataset.title || '')")
    assert not [title for title in titles if "hare" in title or "loud" in title], titles
    assert not page.locator("a[href*='plotly.com'], a[href*='plot.ly']").count()
    page_problems.allow("Content Security Policy|unsafe-eval|script-src")
    assert page.evaluate(TRY) == []


def test_a_password_is_asked_and_kept(
    browser: Browser, page_problems: PageProblems, start_server: Callable[..., Server]
) -> None:
    """Without it: a refusal. With it: the page, its pictures, and no second question in the same browser."""
    server = start_server(POTHOLE_PASSWORD="swordfish", POTHOLE_LOG_LEVEL="warning")
    stranger = browser.new_context(base_url=server.url, **DESKTOP)
    refused = stranger.request.get("/")
    assert refused.status == 401
    assert json.loads(refused.text()) == {"problems": ["This lab asks for a password."]}
    stranger.close()
    guest = browser.new_context(
        base_url=server.url, http_credentials={"username": "guest", "password": "swordfish"}, **DESKTOP
    )
    page = guest.new_page()
    page_problems.watch(page)
    page_problems.allow("401")  # the browser reports the question that it then answers itself
    page.goto("/")
    page.locator("#outcomes [data-outcome]").first.wait_for()
    kept = [cookie for cookie in guest.cookies() if cookie["name"] == "pothole_pass"]
    assert (
        len(kept) == 1 and kept[0]["httpOnly"] and kept[0]["sameSite"] == "Lax" and "swordfish" not in kept[0]["value"]
    )
    again = browser.new_context(base_url=server.url, storage_state=guest.storage_state(), **DESKTOP)
    assert again.request.get("/").status == 200
    again.close()
    guest.close()
    server.stop()
    assert not server.tracebacks(), server.log()
