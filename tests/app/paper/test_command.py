"""The command: what it lists, refuses, computes, leaves alone; that it can be stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.paper.__main__ import chosen, compute, main, parse, words
from app.paper.figures import FIGURES
from app.paper.records import path_of
from app.paper.units import Unit

ROOT = Path(__file__).resolve().parents[3]
KEYS = [unit.key for unit in chosen(None)]


def test_units_have_names_and_files_of_their_own():
    assert len(set(KEYS)) == len(KEYS) > 100
    assert {key.split("/")[0] for key in KEYS} == set(FIGURES)


def test_all_of_it_takes_two_cores_at_most_ninety_minutes():
    """By the units' own times, which `make paper` scales to the machine that it runs on."""
    assert sum(unit.seconds for unit in chosen(None)) / 2 < 90 * 60


def test_figures_and_units_are_chosen_by_their_keys():
    assert {unit.figure for unit in chosen(["3"])} == {"3"}
    assert [unit.key for unit in chosen(["1/sgdm-seed-0"])] == ["1/sgdm-seed-0"]


def test_what_is_not_there_is_refused(capsys):
    for only in (["--only", "9"], ["--only", "2", "--only", "9"]):
        with pytest.raises(SystemExit):
            parse(only)
        assert "nothing is called 9; see --list" in capsys.readouterr().err


def test_list_computes_nothing(tmp_path, capsys):
    assert main(["--list", "--into", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert [line.split()[1] for line in told.splitlines()[:-1]] == KEYS
    assert told.splitlines()[-1].startswith(f"0 of {len(KEYS)} units are there; the rest takes ")
    assert list(tmp_path.iterdir()) == []


def test_times_in_words():
    assert [words(one) for one in (0.2, 42.4, 200)] == ["0 s", "42 s", "3 min"]


@pytest.mark.slow
def test_every_unit_runs_at_its_least_and_is_not_computed_again(tmp_path, capsys):
    """The whole command in processes of its own; a damaged record is the only one that is made anew."""
    units = chosen(None, smallest=True)
    arguments = ["--smallest", "--processes", "2", "--into", str(tmp_path)]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert f"[{len(units)}/{len(units)}]" in told and "failed" not in told
    changed = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    assert set(changed) == {path_of(unit, tmp_path) for unit in units}
    damaged = path_of(units[0], tmp_path)
    damaged.write_text("{", encoding="utf-8")
    assert main(arguments) == 0
    assert f"{len(units) - 1} of {len(units)} units are there" in capsys.readouterr().out
    assert [path for path, when in changed.items() if path.stat().st_mtime_ns != when] == [damaged]


@pytest.mark.slow
def test_a_unit_that_fails_is_told_and_the_others_are_computed(tmp_path):
    (tmp_path / "3").write_text("no folder", encoding="utf-8")
    done = run(["--smallest", "--only", "2", "--only", "3", "--processes", "1", "--into", str(tmp_path)])
    told, _ = done.communicate(timeout=300)
    assert done.returncode == 1
    assert "3/100-noise-seeds: failed: " in told
    assert len(list((tmp_path / "2").glob("*.json"))) == 2


@pytest.mark.slow
def test_a_process_that_is_killed_costs_its_unit_alone(tmp_path, capsys):
    assert compute([Killed("9", "killed", "", {}, 1.0), *chosen(["2"], smallest=True)], tmp_path, 1) == 1
    told = capsys.readouterr().out
    assert "9/killed: failed: " in told
    assert len(list((tmp_path / "2").glob("*.json"))) == 2


@pytest.mark.slow
def test_stopped_it_keeps_what_is_done(tmp_path):
    """Figure 5 takes far longer than this test: it is under way when the signal comes, and is nowhere afterwards."""
    done = run(["--only", "3", "--only", "5", "--processes", "1", "--into", str(tmp_path)])
    assert done.stdout is not None
    line = ""
    while "3/100-noise-seeds" not in line:
        line = done.stdout.readline()
        assert line, "it ended by itself"
    done.send_signal(signal.SIGINT)
    told, _ = done.communicate(timeout=300)
    assert done.returncode == 130 and "Stopped. What is done is kept" in told
    assert [path.name for path in tmp_path.rglob("*.json")] == ["100-noise-seeds.json"]


class Killed(Unit):
    """A unit whose process ends as if the machine had run out of memory."""

    def compute(self) -> dict[str, Any]:
        os._exit(1)


def run(arguments: list[str]) -> subprocess.Popen[str]:
    """The command as a process."""
    command = [sys.executable, "-m", "app.paper", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
