"""A server's very first request may be for any page. A module of its own, so that its application is a fresh one."""

from __future__ import annotations

import re


def test_a_page_opened_first_has_all_its_scripts(call):
    """Dash sets itself up at the first request, which was too late for a page other than "/"."""
    first, home = (re.findall(r'src="(/_dash-[^"]+)', call("GET", path).text) for path in ("/instruments", "/"))
    assert first
    assert first == home


def test_a_page_has_the_script_of_its_own(call):
    for path, script in (("/", "toy"), ("/instruments", "instruments"), ("/network/", "network"), ("/nowhere", None)):
        named = re.findall(r'src="/assets/pages/(\w+)\.js\?m=\w+"', call("GET", path).text)
        assert named == ["first_paint", *([script] if script else [])]
