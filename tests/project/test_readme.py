"""The tests that tests/README.md names as the ones that would have seen a fault are there."""

from __future__ import annotations

import re

from tests.project.test_repository import ROOT

TESTS = ROOT / "tests"
NAMED = re.findall(r"`([\w/.]+)::([^`]+)`", (TESTS / "README.md").read_text(encoding="utf-8"))


def test_every_test_that_is_named_exists() -> None:
    assert len(NAMED) > 30
    missing = []
    for file, name in NAMED:
        path = TESTS / file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not re.search(rf"""^(?:def {re.escape(name)}\(|test\("{re.escape(name)}",)""", text, re.MULTILINE):
            missing.append(f"{file}::{name}")
    assert not missing, "\n".join(missing)
