"""Statements of the page Paper judged again from the raw records, with other code: scipy's tests and numpy's fit.

    python -m tests.app.paper.recompute

prints them. It imports nothing of the app: it reads the files, finds the runs by their settings and judges.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import scipy

FOLDER = Path(__file__).resolve().parents[3] / "app" / "paper" / "records"


def read(figure: str, folder: Path = FOLDER) -> list[dict]:
    """The records of a figure."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / figure).glob("*.json"))]


def paired(records: list[dict], ours, theirs, value) -> dict | None:
    """Whether `value` is lower in ours: mean difference over common seeds, and the 95 % interval of a paired t-test.
    ours, theirs: what chooses a run by its settings; None where there are not two seeds."""

    def by_seed(which) -> dict:
        chosen = [one for one in records if "seed" in one["settings"] and which(one["settings"])]
        return {one["settings"]["seed"]: value(one["result"]) for one in chosen if not one["result"].get("stopped")}

    one, two = by_seed(ours), by_seed(theirs)
    seeds = sorted(set(one) & set(two))
    if len(seeds) < 2:
        return None
    a, b = (np.array([each[seed] for seed in seeds]) for each in (one, two))
    low, high = scipy.stats.ttest_rel(a, b).confidence_interval(0.95)
    verdict = "holds" if high < 0 else "does not hold" if low > 0 else "cannot be told"
    return {"difference": float((a - b).mean()), "low": low, "high": high, "seeds": len(seeds), "verdict": verdict}


def images(folder: Path = FOLDER) -> dict[str, dict | None]:
    """Figure 1, left."""
    records = read("1", folder)
    return {
        f"{one} lowers the test error of {other}.": paired(
            records,
            lambda s, one=one: s["method"] == one,
            lambda s, other=other: s["method"] == other,
            lambda result: 100 * result["rows"][-1]["test_error"],
        )
        for one, other in (("FSAM", "SGDM"), ("LLQR", "SGDM"), ("LLQR+FSAM", "FSAM"), ("LLQR+FSAM", "LLQR"))
    }


def translation(folder: Path = FOLDER) -> dict[str, dict | None]:
    """Figure 4: token errors halfway and at the end, in per cent."""
    records = read("4", folder)
    whole = {"AdamW+LLQR": "kfac", "AdamW+LLQR+SAM": "kfac"}

    def of(name):
        method, _, structure = name.partition(", ")
        return lambda s: (
            s.get("method") == method and s.get("u", {}).get("structure") == (structure or whole.get(method))
        )

    pairs = {
        "SAM lowers the token error of AdamW": ("AdamW+SAM", "AdamW"),
        "LLQR lowers the token error of AdamW": ("AdamW+LLQR", "AdamW"),
        "LLQR+SAM lowers the token error of AdamW": ("AdamW+LLQR+SAM", "AdamW"),
        "LLQR beside SAM lowers the token error of AdamW+SAM": ("AdamW+LLQR+SAM", "AdamW+SAM"),
        "A diagonal U lowers the token error of AdamW": ("AdamW+LLQR, diagonal", "AdamW"),
    }
    return {
        f"{said} after {step} steps.": paired(
            records,
            of(one),
            of(other),
            lambda result, step=step: 100 * {row["step"]: row["token_error"] for row in result["rows"]}[step],
        )
        for said, (one, other) in pairs.items()
        for step in (200, 600)
    }


def cadence(folder: Path = FOLDER) -> dict[str, dict | None]:
    """Figure 5: the last training losses with and without U, by steps."""
    records = read("5", folder)
    return {
        f"Width {width}: with a refresh every {k} steps the loss after 400 steps is lower than without U.": paired(
            records,
            lambda s, k=k, width=width: s.get("width") == width and s["refresh_every"] == k,
            lambda s, width=width: s.get("width") == width and s["refresh_every"] is None,
            lambda result: sum(row["train_loss"] for row in result["rows"][-3:]) / 3,
        )
        for width in (64, 128)
        for k in (100, 10)
    }


def arrivals(figure: str, name: str, folder: Path = FOLDER) -> dict[str, int] | None:
    """Figures 2 and 3: how many walkers of each method reached the basin, and how often LLQR+SAM did before SAM."""
    found = [one for one in read(figure, folder) if one["unit"] == name]
    if not found:
        return None
    methods = found[0]["result"]["methods"]
    counts = {key: sum(outcome == "reached" for outcome in one["outcome"]) for key, one in methods.items()}
    pairs = zip(methods["SAM"]["arrival"], methods["LLQR+SAM"]["arrival"], strict=True)
    return {**counts, "earlier": sum(0 <= ours < sam for sam, ours in pairs)}


def exponent(least: int, folder: Path = FOLDER) -> float | None:
    """Figure 6: the slope of log seconds over log parameters, from `least` parameters on."""
    rows = [(one["result"]["parameters"], min(one["result"]["refresh"])) for one in read("6", folder)]
    large = np.log([row for row in rows if row[0] >= least])
    return float(np.polyfit(large[:, 0], large[:, 1], 1)[0]) if len(large) >= 3 else None


if __name__ == "__main__":
    print("\n".join(f"{said} {found}" for judged in (images, translation, cadence) for said, found in judged().items()))
    print(arrivals("2", "60 starts"), arrivals("3", "100 noise seeds"), exponent(200_000), sep="\n")
