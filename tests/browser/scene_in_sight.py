"""Whether what a lecture's scene speaks of stands on one screen, whole and large enough to be seen from the back."""

from __future__ import annotations

from app.lecture.scenes import Scene
from tests.browser.lab_page import LabPage

HALLS = ({"width": 1280, "height": 720}, {"width": 1920, "height": 1080})
LEAST = 140
"""Pixels of a picture's sides at least."""
PARTS = {
    "cut": "#cut-picture",
    "map": "#map-picture",
    "surface": "#relief-picture",
    **{name: f"figure:has(> #{name}-chart)" for name in ("losses", "distance", "curvature")},
    "outcomes": "#outcomes",
    "claims": "#claims-section",
    "anatomy": "#anatomy-section",
}
"""What a scene of the toy lab shows, and where it stands."""
INSTRUMENTS = {"race": ".heat, .claim", "fairness": ".heat, .verdict-sentence, tbody tr"}
NETWORK = "#legend .method[aria-pressed=true], #run-status, #plane-stack, #train_loss-chart, #test_accuracy-chart"
OUTSIDE = """([needed, least]) => {
  const stage = document.querySelector("main.stage");
  const found = [];
  if (document.scrollingElement.scrollHeight > innerHeight || scrollY) found.push("the page scrolls");
  const within = getComputedStyle(stage).overflowY !== "visible";
  if (within && stage.scrollHeight > stage.clientHeight) found.push("the stage scrolls");
  const pictures = "main figure, main .heat, main .chart-stack, main .canvas-stack";
  const shown = [...document.querySelectorAll(pictures)].filter((one) => one.checkVisibility());
  for (const selector of needed) {
    const there = [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
    if (!there.length) found.push(`no ${selector}`);
    shown.push(...there);
  }
  for (const one of shown) {
    const { left, top, right, bottom, width, height } = one.getBoundingClientRect();
    const name = `${one.tagName} ${one.id || one.className}`;
    const inside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
    if (!inside) found.push(`${name} ends at ${right}, ${bottom}`);
    if (one.matches(pictures) && Math.min(width, height) < least) found.push(`${name} is ${width} × ${height}`);
  }
  return found;
}"""

FITTED = """() => ["map", "relief"].flatMap((name) =>
  [...document.querySelectorAll(`#${name}-stack canvas`)].filter((canvas) => canvas.checkVisibility()).map((canvas) => {
    const { clientWidth, clientHeight } = canvas.parentElement;
    const finer = [canvas.width / clientWidth, canvas.height / clientHeight];
    return clientWidth > 100 && finer[0] > 0.99 && Math.abs(finer[0] / finer[1] - 1) < 0.01;
  }))"""
"""Of each canvas of map and surface, whether it was drawn at the size that it has, or finer."""


def needed_of(scene: Scene) -> list[str]:
    """Selectors of all that has to be in sight."""
    always = [".card-say, .card-exercise", *(f'.card-turn [data-control="{name}"]' for name in scene.turn)]
    path, _, query = scene.link.partition("?")
    if path == "/network":
        return [*always, *NETWORK.split(", ")]
    if path == "/instruments":
        name = dict(pair.partition("=")[::2] for pair in query.split("&"))["instrument"]
        return [*always, *(f".panel:not([hidden]) {one}" for one in INSTRUMENTS[name].split(", "))]
    return [*always, "#play-button", *(PARTS[name] for name in scene.show or ("cut", "map"))]


def check_in_sight(lab: LabPage, scene: Scene, *more: str) -> None:
    """All of it comes to stand within the window of each hall, with the answer folded and unfolded. more: selectors.

    The window stays as the last hall's, with which the next scene begins: scenes are met growing and shrinking in turn.
    """
    wanted = [[*needed_of(scene), *more], LEAST]

    def outside() -> list[str]:
        return lab.page.evaluate(OUTSIDE, wanted)

    for hall in sorted(HALLS, key=lambda hall: hall != lab.page.viewport_size):
        lab.page.set_viewport_size(hall)
        for unfolded in (True, False):
            lab.page.evaluate(
                "(open) => { for (const one of document.querySelectorAll('.card-ask')) one.open = open; }", unfolded
            )
            try:
                lab.until(lambda: not outside())
            except AssertionError:
                raise AssertionError(f"“{scene.title}” at {hall}, unfolded {unfolded}: {outside()}") from None
