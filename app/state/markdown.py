"""Tables in Markdown, as programs print them and the manual shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def write_markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = (heads, ["---"] * len(heads), *rows)
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
