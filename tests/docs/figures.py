"""The figures that the manual shows, docs/figures, are those that its examples draw.

python -m tests.docs.figures --write     run the examples that have figures and write theirs
"""

from __future__ import annotations

import argparse
import base64
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

KEPT = Path(__file__).resolve().parents[2] / "docs" / "figures"
DIGITS = 4
"""Significant ones that are kept: finer than a screen."""
ALLOWED = 0.02
"""Difference of a number, as a part of the largest of its list: training is not the same to the last bit elsewhere."""


CHAOTIC = {"resnet-with-shortcuts", "resnet-without-shortcuts"}
"""Figures of trainings that one last bit leads elsewhere: another processor draws others of their kind."""


def plain(figure: Any) -> Any:
    """A plotly figure as lists and rounded numbers, without its template."""
    told = figure.to_dict()
    told["layout"].pop("template", None)
    return _plain(told)


def _plain(held: Any) -> Any:
    if isinstance(held, dict) and held.keys() >= {"dtype", "bdata"}:  # how plotly packs an array
        flat = np.frombuffer(base64.b64decode(held["bdata"]), dtype=held["dtype"])
        shape = [int(size) for size in str(held.get("shape", flat.size)).split(",")]
        return _plain(flat.reshape(shape))
    if isinstance(held, dict):
        return {name: _plain(value) for name, value in held.items()}
    if isinstance(held, np.ndarray):
        return _plain(held.tolist())
    if isinstance(held, list | tuple):
        return [_plain(value) for value in held]
    if isinstance(held, float | np.floating):
        return float(f"{held:.{DIGITS}g}") if math.isfinite(held) else None
    return held.item() if isinstance(held, np.generic) else held


def differ(found: Any, kept: Any, where: str = "") -> list[str]:
    """In which places two figures are not the same; texts count by their words, not by the numbers in them."""
    if isinstance(found, dict) and isinstance(kept, dict) and found.keys() == kept.keys():
        return [words for name in found for words in differ(found[name], kept[name], f"{where}.{name}")]
    if isinstance(found, list) and isinstance(kept, list) and len(found) == len(kept):
        if _numbers(found) and _numbers(kept):
            a, b = (np.array(values, dtype=float) for values in (found, kept))
            scale = np.abs(b[np.isfinite(b)]).max(initial=1e-12)
            near = np.allclose(a, b, rtol=ALLOWED, atol=ALLOWED * scale, equal_nan=True)
            return [] if near else [f"{where}: {found} is not {kept}"]
        return [
            words for k, (a, b) in enumerate(zip(found, kept, strict=True)) for words in differ(a, b, f"{where}[{k}]")
        ]
    if isinstance(found, str) and isinstance(kept, str):
        return [] if _words(found) == _words(kept) else [f"{where}: {found} is not {kept}"]
    if _numbers([found]) and _numbers([kept]) and found is not None and kept is not None:
        return [] if math.isclose(found, kept, rel_tol=ALLOWED) else [f"{where}: {found} is not {kept}"]
    return [] if found == kept else [f"{where}: {found} is not {kept}"]


def _numbers(values: list[Any]) -> bool:
    return all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values)


def _words(text: str) -> str:
    return "".join(" " if letter.isdigit() or letter in ".-e+" else letter for letter in text).strip()


def write(name: str, figure: Any) -> None:
    """Keep a figure."""
    KEPT.mkdir(exist_ok=True)
    text = json.dumps(plain(figure), ensure_ascii=False, separators=(",", ":"))
    (KEPT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def compare(name: str, figure: Any) -> list[str]:
    """How a figure differs from the one that is kept."""
    file = KEPT / f"{name}.json"
    if not file.is_file():
        return [f"{file.name} is not in docs/figures: python -m tests.docs.figures --write"]
    found, kept = plain(figure), json.loads(file.read_text(encoding="utf-8"))
    return differ(form(found), form(kept), name) if name in CHAOTIC else differ(found, kept, name)


def form(figure: dict[str, Any]) -> dict[str, Any]:
    """What is the same in every drawing of a chaotic training: title, axes, kinds of traces, number of values."""
    traces = [{"type": trace["type"], "shape": list(np.shape(trace["z"]))} for trace in figure["data"]]
    axes = {name: figure["data"][0][name] for name in ("x", "y")}
    return {"traces": traces, "title": figure["layout"]["title"]["text"], **axes}


def main() -> None:
    """Run the pages that show figures, and compare or write."""
    from tests.docs.test_examples import PAGES, read_aloud

    parser = argparse.ArgumentParser(prog="python -m tests.docs.figures", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the figures in place of comparing them")
    chosen = parser.parse_args()
    for page in PAGES:
        if "{figure-of}" in page.read_text(encoding="utf-8"):
            read_aloud(page, keep=write if chosen.write else compare)
            print(page.name)


if __name__ == "__main__":
    main()
