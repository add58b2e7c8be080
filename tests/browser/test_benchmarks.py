"""The benchmarks and tools that drive a browser run, at their least size."""

from __future__ import annotations

from tests.benchmarks.smallest import parametrise, run_smallest


@parametrise(with_browser=True)
def test_smallest_form_runs(path, request, capsys):
    run_smallest(path, request, capsys)
