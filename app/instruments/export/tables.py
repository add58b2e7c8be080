"""The instruments' answers as flat tables: names of the tables, and rows out of the JSON that the page draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Table = tuple[list[str], list[list[Any]]]
Answer = Mapping[str, Any]


def costs_of(answer: Answer, method: str, median: Any, refreshes: Any) -> list[Any]:
    """Median gradient evaluations to arrival, and seconds where they were measured for the file; see MEASURED."""
    prices = [answer["costs"][method], *([answer[MEASURED][method]] if MEASURED in answer else [])]
    return [None if median is None else price["step"] * median + price["refresh"] * refreshes for price in prices]


def cost_heads(answer: Answer) -> list[str]:
    """The names of the columns of `costs_of`."""
    return ["median_evaluations", *(["median_seconds"] if MEASURED in answer else [])]


MEASURED = "seconds"
"""Where an answer holds each method's measured seconds, if the page counts in them."""


def phase_tables(answers: Sequence[Answer]) -> dict[str, Table]:
    """One row per method and cell; the first answer has the axes."""
    first = answers[0]
    x, y = first["x"], first["y"]
    heads = ["method", x["name"], y["name"], "runs", "arrived", "diverged", "median_step", "median_refreshes"]
    heads += cost_heads(first)
    cells: dict[tuple[str, int, int], list[Any]] = {}
    for part in (part for answer in answers for part in answer["parts"]):
        for b, row in enumerate(part["rows"]):
            for a, column in enumerate(part["columns"]):
                found = [part[key][b][a] for key in ("arrived", "diverged", "median", "refreshes")]
                cells[(part["method"], row, column)] = [*found, *costs_of(first, part["method"], *found[2:])]
    methods = list(dict.fromkeys(part["method"] for part in first["parts"]))
    order = sorted(cells, key=lambda key: (methods.index(key[0]), key[1], key[2]))
    rows = [[m, x["values"][i], y["values"][j], first["runs"], *cells[(m, j, i)]] for m, j, i in order]
    return {"map": (heads, rows)}


def race_tables(answers: Sequence[Answer]) -> dict[str, Table]:
    """The maps over β × k, and U's eigenvalues beside the inverse curvatures along the run."""
    (answer,) = answers
    heads = ["method", "decay", "refresh_every", "runs", "arrived", "diverged", "median_step"]
    rows = [
        [method, decay, interval, answer["runs"], *(found[key][j][i] for key in ("arrived", "diverged", "median"))]
        for method, found in answer["maps"].items()
        for j, interval in enumerate(answer["intervals"])
        for i, decay in enumerate(answer["decays"])
    ]
    keys = {
        "steps": "step",
        "smallest": "smallest_eigenvalue_of_u",
        "largest": "largest_eigenvalue_of_u",
        "local": "inverse_local_curvature",
        "smoothed": "inverse_smoothed_curvature",
    }
    along = [
        [method, *values]
        for method, run in answer["along"].items()
        for values in zip(*(run[key] for key in keys), strict=True)
    ]
    return {"map": (heads, rows), "along": (["method", *keys.values()], along)}


def fairness_tables(answers: Sequence[Answer]) -> dict[str, Table]:
    """The best of what was tried around each learning rate, and every method tuned and as it is.

    Where the page counts in another unit than steps they are those within the equal budget.
    """
    (answer,) = answers
    found = answer.get("equal_cost", answer)
    columns = ("rate", "radius", "arrived", "median", "refreshes", "loss")
    strip = [
        [one["method"], around, answer["runs"], *values, *costs_of(answer, one["method"], *values[3:5])]
        for one in found["strips"]
        for around, *values in zip(answer["rates"], *(one[key] for key in columns), strict=True)
    ]
    told = ("arrived", "median", "refreshes", "loss")
    best = []
    for row in found["rows"]:
        name = row["method"]
        line = [name, row["learning_rate"], row["radius"] if row["probing"] else None, answer["judged_on"]]
        for one in (row["tuned"], row["now"]):
            line += [*(one[key] for key in told), *costs_of(answer, name, one["median"], one["refreshes"])]
        best.append([*line, found.get("lengths", {}).get(name)])
    names = ["arrived", "median_step", "median_refreshes", "final_loss", *cost_heads(answer)]
    heads = ["method", "learning_rate", "radius", "runs"]
    heads += [f"{when}_{name}" for when in ("tuned", "in_view") for name in names]
    return {
        "strip": (["method", "around_rate", "runs", "rate", "radius", *names], strip),
        "best": ([*heads, "steps_in_budget"], best),
    }


def basin_tables(answers: Sequence[Answer]) -> dict[str, Table]:
    """One row per method and start: where it ends, in words."""
    flat = len(answers[0]["y"]) == 1
    rows = [
        [found["method"], x, *([] if flat else [y]), found["names"][found["cells"][j][i]]]
        for answer in answers
        for found in answer["maps"]
        for j, y in enumerate(answer["y"])
        for i, x in enumerate(answer["x"])
    ]
    return {"starts": (["method", "start_x", *([] if flat else ["start_y"]), "ends"], rows)}


def two_scale_tables(answers: Sequence[Answer]) -> dict[str, Table]:
    """Each closed form beside its simulated counterpart, the cycles, the endings over ρ, and the axes of bouncing."""
    (answer,) = answers
    told = ("label", "closed", "simulated", "deviation", "kind")
    found = ("word", "period", "closed", "simulated", "deviation", "starts")
    window = answer["window"]
    axes = [
        [one["name"], *one["u"], *one["products"], one["expected"], one["axis"], one["share"]]
        for one in answer["plane"]
    ]
    return {
        "quantities": (
            ["quantity", "closed_form", "simulated", "relative_deviation", "what_it_is"],
            [[row[key] for key in told] for row in answer["quantities"]],
        ),
        "cycles": (
            ["signs", "period", "amplitude", "simulated_amplitude", "relative_deviation", "starts"],
            [[row[key] for key in found] for row in answer["cycles"]["list"]],
        ),
        "window": (["radius", "ends"], [list(pair) for pair in zip(window["radii"], window["ends"], strict=True)]),
        "plane": (["u", "u_1", "u_2", "u_a_1", "u_a_2", "expected_axis", "axis", "share_of_motion"], axes),
    }


def columns_of(tables: Mapping[str, Table]) -> Iterator[tuple[str, list[Any]]]:
    """("<table>.<column>", values) of all tables."""
    for name, (heads, rows) in tables.items():
        for index, head in enumerate(heads):
            yield f"{name}.{head}", [row[index] for row in rows]
