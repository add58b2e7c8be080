"""How fast the toy lab feels in a real Chromium: slider to paint, a drag over a slow network, playback, turning in 3-D.

`make bench`, or alone: .venv/bin/python -m tests.benchmarks.bench_browser. Writes tests/benchmarks/results/browser.md.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page

from tests.benchmarks.report import RESULTS, Report, draw_table
from tests.benchmarks.running import browsing, serving
from tests.browser.lab_page import LabPage
from tests.browser.launch import new_context
from tests.server import Server


@dataclass(frozen=True)
class Size:
    """The window, sliders, moves of each and first ones that are not counted, steps of the walks (None: the preset's),
    seconds of a drag and of playback, frames of a turn of the camera."""

    viewport: tuple[int, int]
    sliders: tuple[str, ...]
    moves: int
    warm_up: int
    steps: int | None
    drag: float
    play: float
    frames: int


FULL = Size(
    (1440, 1000), ("learning_rate", "radius", "momentum", "decay", "steps", "surface.depth"), 40, 6, None, 2.0, 4.0, 40
)
SMALLEST = Size((1024, 480), ("learning_rate",), 2, 0, 20, 0.1, 0.2, 2)

# A paint: the first task after the frame in which the answer was drawn. An answer to the last wish is "final".
WATCH = """() => {
  const state = potholeLab.toy.state;
  window.bench = { moved: null, events: 0, paints: 0, final: null, changed: false };
  document.addEventListener('pointermove', () => { bench.moved = performance.now(); bench.events += 1; }, true);
  state.listen((changed, source) => { if (source === 'slider') bench.changed = true; });
  document.addEventListener('pothole:painted', () => {
    const asked = potholeLab.toy.lastRequest;
    const same = (name) => name === 'have' || String(asked[name]) === String(state.get(name));
    const final = Object.keys(asked).every(same);
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        bench.paints += 1;
        if (final && bench.moved !== null) bench.final = performance.now();
      };
      channel.port2.postMessage(null);
    });
  });
}"""

# The page's own policy forbids the evaluation of text that Playwright's wait_for_function needs.
PAINTED = """() => new Promise((done, fail) => {
  const began = performance.now();
  const look = () => {
    if (bench.final !== null) done(bench.final - bench.moved);
    else if (performance.now() - began > 60000) fail(new Error("no paint of the last value"));
    else setTimeout(look, 5);
  };
  look();
})"""

# The page hears of a pointer's move within two frames, or later on a busy machine; of one that changes no value never.
HEARD = """() => new Promise((done) => {
  let frames = 0;
  const look = () => {
    if (bench.changed || frames > 60) done(bench.changed);
    else requestAnimationFrame(look);
    frames += 1;
  };
  look();
})"""

PLAY = """async (seconds) => {
  const { player, pictures } = potholeLab.toy;
  player.pause(); player.speed = player.steps / (seconds + 1); player.seek(0);
  const script = [], frames = [];
  const setStep = pictures.setStep.bind(pictures);
  pictures.setStep = (step) => { setStep(step); script.push(pictures.frameMs); };
  player.play();
  const began = performance.now();
  await new Promise((done) => {
    const tick = (now) => {
      frames.push(now);
      if (now - began < seconds * 1000 || script.length < 2) requestAnimationFrame(tick); else done();
    };
    requestAnimationFrame(tick);
  });
  player.pause();
  delete pictures.setStep;
  return { fps: 1000 * (frames.length - 1) / (frames.at(-1) - frames[0]), script };
}"""

TURN = """async (frames) => {
  const { relief } = potholeLab.toy.pictures;
  const found = [];
  for (let k = 0; k < frames; k += 1) {
    await new Promise(requestAnimationFrame);
    const began = performance.now();
    relief.camera.turn(0.05, 0);
    relief.draw(true);
    found.push(performance.now() - began);
  }
  return found;
}"""


def find_slider(page: Page, name: str) -> tuple[float, float, float]:
    """The left end and the width of a slider, and the height it is at."""
    slider = page.locator(f'[data-control="{name}"] input[type=range]')
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    return box["x"] + 8, box["width"] - 16, box["y"] + box["height"] / 2


def time_slider(lab: LabPage, name: str, moves: int) -> list[float]:
    """Milliseconds from a pointer event on a slider to the paint of its answer, one move at a time."""
    page = lab.page
    left, width, y = find_slider(page, name)
    page.mouse.move(left + width / 2, y)
    page.mouse.down()
    lab.draw()
    found = []
    for index in range(moves):
        place = left + width * (0.25 + 0.5 * ((index * 7) % 23) / 23)
        page.evaluate("() => Object.assign(bench, { moved: null, final: null, changed: false })")
        page.mouse.move(place, y)
        if not page.evaluate(HEARD):
            continue
        found.append(page.evaluate(PAINTED))
        page.wait_for_timeout(60)  # a hand's pause, so that the moves do not run into one another
    page.mouse.up()
    lab.draw()
    return found


def drag(lab: LabPage, name: str, latency: float, seconds: float) -> dict[str, Any]:
    """A drag at 60 Hz: paints while it lasts, and whether it ends on the last value."""
    page = lab.page
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    conditions = {"offline": False, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", conditions)
    left, width, y = find_slider(page, name)
    page.mouse.move(left + 0.3 * width, y)
    page.mouse.down()
    lab.draw()
    page.evaluate("() => Object.assign(bench, { events: 0, paints: 0, final: null })")
    moves = max(1, int(60 * seconds))
    began = time.perf_counter()
    for index in range(moves):
        place = {"x": left + width * (0.3 + 0.4 * (index + 1) / moves), "y": y}
        session.send("Input.dispatchMouseEvent", {"type": "mouseMoved", "button": "left", "buttons": 1, **place})
        time.sleep(max(0.0, began + (index + 1) / 60 - time.perf_counter()))
    took = time.perf_counter() - began
    during = page.evaluate("({ events: bench.events, paints: bench.paints })")
    page.mouse.up()
    lab.draw()
    shown = page.evaluate("(name) => potholeLab.toy.lastRequest[name]", name)
    wanted = lab.state(name)
    session.send("Network.emulateNetworkConditions", conditions | {"latency": 0})
    session.detach()
    return {**during, "seconds": took, "last": shown == wanted}


def describe(values: list[float], digits: int = 0) -> str:
    """Median / 95th percentile."""
    ordered = sorted(values)
    late = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"{statistics.median(ordered):.{digits}f} / {late:.{digits}f} ms"


def measure(lab: LabPage, size: Size) -> list[tuple[str, str, str]]:
    """Rows (what, target, found)."""
    page, rows = lab.page, []
    page.evaluate(WATCH)
    for name in size.sliders:
        time_slider(lab, name, size.warm_up)
        found = time_slider(lab, name, size.moves)
        rows.append((f"slider to paint, {name}, {len(found)} moves", "60 / 110 ms (aim 45 / 75)", describe(found)))
    for name, latency in (("learning_rate", 0), ("learning_rate", 60), ("surface.depth", 0)):
        result = drag(lab, name, latency, size.drag)
        found = f"{result['paints']} paints of {result['events']} events in {result['seconds']:.2f} s"
        target = "≥ 20 paints, ends on the last value" if latency else "ends on the last value"
        row = f"drag of {name} for {size.drag:g} s at 60 Hz, {latency} ms added latency"
        rows.append((row, target, f"{found}; last value shown: {'yes' if result['last'] else 'no'}"))
    page.locator("#map-picture").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('relief-picture').style.display = 'none'")
    flat = page.evaluate(PLAY, size.play)
    rows.append(("playback, map and charts", "≥ 55 frames/s", f"{flat['fps']:.1f} frames/s"))
    page.evaluate("document.getElementById('relief-picture').style.display = ''")
    lab.draw()
    whole = page.evaluate(PLAY, size.play)
    rows.append(("playback, everything", "≥ 55 frames/s", f"{whole['fps']:.1f} frames/s"))
    rows.append(("script per frame of playback, everything", "≤ 2 ms in 2-D", describe(whole["script"], 2)))
    turn = page.evaluate(TURN, size.frames)
    rows.append(("script per frame while the camera turns", "≤ 16 ms in 3-D", describe(turn, 2)))
    return rows


def main(arguments: Sequence[str] | None = None, browser: Browser | None = None, server: Server | None = None) -> None:
    """Measure and write the table."""
    report = Report(__doc__, arguments, packages=("dash", "playwright"))
    size = SMALLEST if report.smallest else FULL
    with serving(server) as lab_server, browsing(browser) as chrome:
        viewport = dict(zip(("width", "height"), size.viewport, strict=True))
        context = new_context(chrome, base_url=lab_server.url, viewport=viewport)
        lab = LabPage(context.new_page()).open(f"/?steps={size.steps}" if size.steps else "/").draw()
        rows, version = measure(lab, size), chrome.version
        context.close()
    about = (
        f"Median / 95th percentile. Headless Chromium {version} with WebGL in software, {size.viewport[0]} × "
        f"{size.viewport[1]}; browser and server share the cores. Preset Figure 2: four methods, "
        f"{size.steps or 600} steps."
    )
    report.write(
        RESULTS / "browser.md",
        "The toy lab in the browser",
        [about, "", *draw_table(("what", "target", "found"), rows)],
    )


if __name__ == "__main__":
    main()
