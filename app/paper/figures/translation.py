"""Figure 4: sequence to sequence, token error and BLEU, with AdamW as the outer rule."""

from __future__ import annotations

from typing import Any

from app.paper.figure import Chart, Figure, Records, Series, Strip, Strips, mean_curve
from app.paper.figures import adam
from app.paper.figures.short_runs import WHY, WORDS, U
from app.paper.records import Record
from app.paper.statement import Statement, compare
from app.paper.units import Unit

DIAGONAL = "AdamW+LLQR, diagonal"
METHODS: dict[str, tuple[str, float]] = {
    "AdamW": ("AdamW", 75.0),
    "AdamW+SAM": ("SAM", 130.0),
    "AdamW+LLQR": ("LLQR", 105.0),
    "AdamW+LLQR+SAM": ("LLQR+SAM", 165.0),
    DIAGONAL: ("NGD", 105.0),
}
"""name → (whose look it wears, seconds of a run)."""
SEEDS = 5
SETTINGS: dict[str, Any] = {
    "largest": 999_999,
    "examples": 40_000,
    "held_out": 500,
    "width": 64,
    "blocks": 2,
    "steps": 600,
    "every": 50,
    "batch_size": 64,
    "learning_rate": 2e-3,
    "warm_up": 150,
    "radius": 0.05,
    "weight_decay": 1e-4,
    "label_smoothing": 0.1,
    "refresh_size": 64,
}
HALFWAY = 200
"""Steps after which the methods are compared too: at the end all of them are near 0."""
LEAST = {"largest": 99, "examples": 32, "held_out": 4, "width": 8, "blocks": 1, "steps": 2, "every": 1, "warm_up": 1}
LEAST_BATCH = {"batch_size": 8, "refresh_size": 8}
DETAIL = "Paired by seed: numbers, first weights and mini-batches are the same. Mean and 95 % interval."


def units(smallest: bool) -> list[Unit]:
    """The check of Adam's blindness, then seed by seed."""
    found = [adam.unit(smallest)]
    for seed in range(1 if smallest else SEEDS):
        for name, (_, seconds) in METHODS.items():
            least: dict[str, Any] = {**LEAST, **LEAST_BATCH} if smallest else {}
            learned = {**U, **({"inner_steps": 2} if smallest else {})}
            learned |= {"structure": "diagonal"} if name == DIAGONAL else {}
            own = {"u": learned} if "LLQR" in name else {}
            method = name.removesuffix(", diagonal")
            settings = {"method": method, "seed": seed, **SETTINGS, **least, **own}
            found.append(Unit("4", f"{name}, seed {seed}", "translation:run", settings, seconds))
    return found


def of_method(records: Records, name: str) -> dict[int, Record]:
    """seed → record of a method whose run came to its end."""
    found = {}
    for seed in range(SEEDS):
        record = records["4"].get(f"{name}, seed {seed}")
        if record is not None and record["result"]["stopped"] is None:
            found[seed] = record
    return found


def errors(records: Records, name: str, step: int = SETTINGS["steps"]) -> dict[int, float]:
    """seed → token error in per cent after so many steps."""
    rows = {seed: record["result"]["rows"] for seed, record in of_method(records, name).items()}
    return {seed: 100 * next(row["token_error"] for row in own if row["step"] == step) for seed, own in rows.items()}


def lost_bleu(records: Records, name: str) -> dict[int, float]:
    """seed → what is missing of 100 points of BLEU, so that lower is better."""
    return {seed: 100 - r["result"]["bleu"] for seed, r in of_method(records, name).items()}


def statements(records: Records) -> list[Statement]:
    """Token errors, then BLEU; and the blindness of Adam."""
    pairs = (
        ("SAM", "AdamW+SAM", "AdamW"),
        ("LLQR", "AdamW+LLQR", "AdamW"),
        ("LLQR+SAM", "AdamW+LLQR+SAM", "AdamW"),
        ("LLQR beside SAM", "AdamW+LLQR+SAM", "AdamW+SAM"),
        ("A diagonal U", DIAGONAL, "AdamW"),
    )
    found = []
    for who, a, b in pairs:
        for step in (HALFWAY, SETTINGS["steps"]):
            said = f"{who} lowers the token error of {b} after {step} steps."
            found.append(compare(said, errors(records, a, step), errors(records, b, step), " %", DETAIL))
    for who, a, b in pairs[2:4]:
        said = f"{who} raises the BLEU of {b}."
        how = f"{DETAIL} In points short of 100. BLEU-4 of greedy translations by sacrebleu."
        found.append(compare(said, lost_bleu(records, a), lost_bleu(records, b), "", how))
    return [*found, *adam.statements(records)]


def strips(records: Records) -> list[Strips]:
    """Token error and BLEU at the end."""
    tokens = [Strip(name, look, tuple(errors(records, name).values())) for name, (look, _) in METHODS.items()]
    scores = {name: tuple(100 - lost for lost in lost_bleu(records, name).values()) for name in METHODS}
    rows = [Strip(name, look, scores[name]) for name, (look, _) in METHODS.items()]
    both = (("Token error on held-out numbers, %", tokens), ("BLEU of greedy translations", rows))
    return [Strips(title, [row for row in rows if row.values]) for title, rows in both]


def charts(records: Records) -> list[Chart]:
    """Mean token error over steps, and over seconds."""
    found = []
    for axis, title in (("step", "step"), ("seconds", "seconds of one processor")):
        series = []
        for name, (look, _) in METHODS.items():
            x, y = mean_curve(of_method(records, name).values(), axis, "token_error")
            if x:
                # A logarithmic axis has no place for 0.
                series.append(Series(name, look, x, [value or None for value in y]))
        if series:
            found.append(Chart(f"Token error against {title}", title, "share of wrong tokens", series, log_y=True))
    return found


FIGURE_4 = Figure(
    key="4",
    title="Sequence to sequence",
    paper="German to English translation (IWSLT14) by a transformer with AdamW: token error and BLEU of SAM and LLQR, "
    "alone and together.",
    here="German number words letter by letter (“dreihunderteinundzwanzig”) into English words (“three hundred twenty "
    "one”), generated, with one true translation each. Token error is teacher-forced; BLEU is of greedy translations. "
    "Both on 500 numbers that no training saw.",
    settings=(
        ("network", "transformer, 2 + 2 blocks, width 64"),
        ("data", "40 000 numbers below a million"),
        ("outer rule", "AdamW (0.9, 0.98), η = 0.002 after 150 steps of warm-up, then inverse square root; decay 10⁻⁴"),
        ("steps, batch", "600, 64; label smoothing 0.1"),
        ("probe", "ρ = 0.05, after the warm-up, as in the authors’ preset"),
        ("U", f"{WORDS}; one run with a diagonal U"),
        ("seeds", "5"),
    ),
    differs=(
        "The paper translates real sentences with 16 384 tokens a batch for 133 epochs, and by beam search.",
        WHY,
        "No dropout, and one η and ρ for all methods.",
        "The task is learned to the end by all of them: look at the middle of the run too.",
        "AdamW does not see a diagonal U that stays constant: see the last statement.",
    ),
    units=units,
    statements=statements,
    charts=charts,
    strips=strips,
)
