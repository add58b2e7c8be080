"""Numbers in sentences, written in one way everywhere."""

from __future__ import annotations

import ast

from app.state.numbers_as_text import percent
from tests.project.structure import House, read_present


def test_a_percentage_has_its_space_in_every_sentence():
    assert [percent(part) for part in (0.0, 0.754, 1.0)] == ["0 %", "75 %", "100 %"]
    bare = [
        f"{path}:{node.lineno}"
        for path, tree in House(read_present()).trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue) and node.format_spec and ast.unparse(node.format_spec).endswith("%'")
    ]
    assert bare == [], "numbers_as_text.percent writes it"
