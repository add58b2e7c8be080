"""Figures 2 and 3: many starts, or many seeds of the noise, on the toy lab's ground at its presets' settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.toy.claims.captions import figure_2_trials, figure_3_trials
from app.toy.request import read_request

TRIALS = {"figure-2": figure_2_trials, "figure-3": figure_3_trials}


def run(preset: str, walkers: int, steps: int, noise_variance: float | None = None) -> dict[str, Any]:
    """{"what", "settings", "methods": {name: {arrival, first_entry, outcome, path_length_to_arrival,
    total_path_length}}}, an entry for each walker; noise_variance: None for the preset's."""
    request, _ = read_request({"preset": preset})
    noise = request.noise_variance if noise_variance is None else noise_variance
    trial = TRIALS[preset](replace(request, steps=steps, noise_variance=noise), walkers)
    columns = ("arrival", "first_entry", "outcome", "path_length_to_arrival", "total_path_length")
    return {
        "what": trial.what,
        "settings": dict(trial.settings),
        "methods": {
            name: {column: getattr(done, column).tolist() for column in columns} for name, done in trial.runs.items()
        },
    }
