"""The exported script, run as it stands, walks the very paths that the page computes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.toy.batch import run_alone
from app.toy.export.controls import read_export
from app.toy.export.files import make_file
from app.toy.export.script import written
from app.toy.request import request_of
from geometry.surfaces import SURFACES
from optimizers import LLQR, METHODS, SAM, Method

ROOT = Path(__file__).resolve().parents[3]
STATES = {
    **{key: {"surface": key, "steps": 200} for key in SURFACES},
    "figure 2": {"preset": "figure-2"},
    "figure 3, with noise": {"preset": "figure-3", "seed": 11},
    "diagonal": {"structure": "diagonal", "steps": 300},
    "scalar, no warm start": {"structure": "scalar", "warm_start_scale": 0, "refresh_every": 3, "decay": 0.5},
    "matrix norm, damped": {"probe_norm": "matrix", "damping": 0.25, "steps": 300},
    "noise on a curve": {"surface": "two-scale-quadratic", "noise_variance": 0.01, "seed": 7, "steps": 250},
    "diverging": {"surface": "stiff-valley", "learning_rate": 1.0, "steps": 100},
    "another shape": {"surface": "annular-well", "surface.aspect": 1.7, "surface.depth": 2.25, "steps": 150},
    "one method": {"methods": ["LLQR+SAM"], "steps": 100},
    "no method": {"methods": [], "steps": 100},
}


def script_of(state: dict) -> tuple[str, dict]:
    wish = read_export({**state, "format": "py"})
    return make_file(wish).content.decode(), wish.reading.state


@pytest.mark.parametrize("name", STATES)
def test_the_script_gives_the_pages_positions(name, capsys):
    text, state = script_of(STATES[name])
    space: dict = {}
    exec(compile(text, "exported.py", "exec"), space)  # noqa: S102 - the text is our own
    request = request_of(state)
    surface = request.make_surface()
    assert list(space["runs"]) == list(request.methods)
    for method, run in space["runs"].items():
        with np.errstate(all="ignore"):
            page = run_alone(method, request, surface)
        assert run.positions.shape == page.positions.shape
        assert np.allclose(run.positions, page.positions, rtol=1e-12, atol=1e-12, equal_nan=True)
        assert int(run.arrival) == int(page.arrival)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed] == list(request.methods)


def test_the_script_runs_by_its_path_and_says_what_the_page_says(tmp_path):
    text, state = script_of({"preset": "figure-2", "steps": 300})
    file = tmp_path / "downloaded.py"  # Python then looks for modules in its folder, and not where it is run
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", file], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    request = request_of(state)
    for line, name in zip(done.stdout.splitlines(), request.methods, strict=True):
        run = run_alone(name, request, request.make_surface())
        evaluations = run.gradient_evaluations[run.last_finite]
        assert line == f"{name}: {run.describe_outcome()} ({evaluations} gradient evaluations)"


def test_the_script_is_short_and_names_only_what_it_needs():
    text, _ = script_of({"methods": ["SGDM"], "structure": "scalar"})
    assert "LLQR" not in text.split('"""')[2]
    assert len(script_of({})[0].splitlines()) <= 30


@pytest.mark.parametrize(
    "method",
    [
        *METHODS.values(),
        Method(probe=SAM(norm="matrix", along="gradient"), preconditioner=LLQR(structure="scalar", clip=None)),
        Method(preconditioner=LLQR(warm_start_scale=None, decay=0.1), precondition_update=False),
    ],
)
def test_a_written_method_reads_back_as_itself(method):
    names = {"LLQR": LLQR, "SAM": SAM, "Method": Method}
    assert eval(written(method), {"__builtins__": {}}, names) == method  # noqa: S307 - the text is our own
