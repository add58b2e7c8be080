"""Freeze a run, change anything, see both: on the map, in the cut, charts and table, after a reload and after Back."""

from __future__ import annotations

from tests.browser.lab_page import LabPage

SHOWN = """() => {
  const { pictures, compare, cut, state } = potholeLab.toy;
  const { map, relief, charts } = pictures;
  const frozen = (lines) => lines.filter(({ entry }) => entry.frozen).map(({ entry }) => entry.name);
  return {
    asked: state.get("frozen"),
    known: compare.gate.idle && Boolean(compare.run),
    map: frozen(map.paths.lines), relief: frozen(relief.paths.lines),
    charts: (charts.runs?.entries ?? []).filter((entry) => entry.frozen).map((entry) => entry.name),
    cut: (cut.view.picture?.lanes ?? []).filter((lane) => lane.frozen).map((lane) => lane.name),
  };
}"""
FOUR = ["SGDM", "SAM", "LLQR", "LLQR+SAM"]


def both(lab: LabPage, here: bool = True) -> dict:
    """Wait until both runs are drawn wherever they belong."""
    places = {"map": FOUR, "relief": FOUR, "cut": FOUR} if here else {"map": [], "relief": [], "cut": []}
    wanted = {"known": True, "charts": FOUR, **places}
    return lab.until(lambda: (shown := lab.page.evaluate(SHOWN)) and wanted.items() <= shown.items() and shown)


def words(lab: LabPage, text: str) -> None:
    lab.until(lambda: text in lab.page.locator("#frozen").inner_text())


def test_a_frozen_run_stays_beside_the_changed_one_in_every_picture_and_in_the_link(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    lab = LabPage(page).open("/?preset=figure-2&step=60")
    page.get_by_role("button", name="Freeze this run").click()
    assert both(lab)["asked"].startswith("?")
    words(lab, "This run is frozen")
    opened = asked.count("open")
    lab.type("radius", "0.6")
    words(lab, "Frozen: ρ 0.3 → now 0.6.")
    lab.drag("learning_rate", 0.4, 0.5)
    words(lab, "Frozen: η 0.0165 → now ")
    both(lab)
    assert asked.count("open") == opened, "a frozen run is walked once, and not again while a slider is dragged"
    row = page.locator("#outcomes [data-method=SAM] [data-column=Outcome]")
    assert "was reached the flat basin" in row.inner_text()

    lab.until(lambda: "learning_rate" in page.url and "frozen=" in page.url)  # written a moment after the state
    moved = page.url
    lab.type("radius", "0.9")
    lab.until(lambda: "radius=0.9" in page.url)
    page.go_back()
    lab.until(lambda: lab.state("radius") == 0.6)
    both(lab.settle())
    page.goto(moved)
    lab.until(lambda: page.locator("#outcomes .was").count() > 0)
    both(lab)
    words(lab, "ρ 0.3 → now 0.6")

    # On another ground it has no place on map, surface and cut, and a sentence says so.
    page.get_by_role("button", name="Stiff valley").click()
    lab.until(lambda: lab.state("surface") == "stiff-valley")
    both(lab.settle(), here=False)
    words(lab, "Surface Annular well → now Stiff valley")
    words(lab, "in charts and table alone")
    page.keyboard.press("f")
    lab.until(lambda: lab.state("frozen") == "" and not page.locator("#frozen").is_visible())
    lab.until(lambda: page.evaluate(SHOWN)["charts"] == [] and page.locator("#outcomes .was").count() == 0)


def test_a_link_s_broken_frozen_run_is_told_and_what_is_hidden_stays_hidden(page):
    lab = LabPage(page).open("/?preset=figure-2&step=60&frozen=%3Fradius%3D9&predict=outcome")
    lab.until(lambda: any("Of the frozen run: Probe radius ρ = 9 is outside" in notice for notice in lab.notices()))
    shown = page.evaluate(SHOWN)
    assert shown["map"] == [] and shown["charts"] == [] and shown["cut"] == []
    page.get_by_role("button", name="Reveal and play").click()
    both(lab)
