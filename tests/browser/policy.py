"""What the browser itself makes of the headers of a page."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.problems import PageProblems

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


def check_policy(page: Page, page_problems: PageProblems, path: str) -> None:
    """The loaded page works under it (nothing has been reported), and what it forbids does not run."""
    response = page.request.get(path)
    assert response.status == 200
    policy = dict(rule.strip().partition(" ")[::2] for rule in response.headers["content-security-policy"].split(";"))
    assert {name: policy[name] for name in RULES} == RULES
    assert "unsafe" not in policy["script-src"] and "http" not in policy["script-src"] and "*" not in str(policy)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert not page_problems.unexpected()
    page_problems.allow("Content Security Policy|unsafe-eval|script-src")
    assert page.evaluate(TRY) == []
