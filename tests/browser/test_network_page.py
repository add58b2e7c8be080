"""The network page in a real browser: choose, train, change while it trains, pause, stop, come back by the link."""

from __future__ import annotations

import re

from tests.browser.network_lab import LONG, SMALL, NetworkPage

BOUNDARY = """() => {
  const { looks, colours } = potholeLab.network.view;
  const canvas = document.querySelector("#boundary-stack canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const all = [colours.quiet, looks.SGDM.colour, looks["LLQR+SAM"].colour];
  return all.map((colour) => {
    const wanted = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      count += data[i + 3] > 200 && wanted.every((part, k) => Math.abs(data[i + k] - part) < 12);
    }
    return count;
  });
}"""
"""How much there is of the data's colour and of two methods' in the plane of the data: points, borders among them."""


def test_the_page_opens_with_a_recorded_run_and_presets_bring_others(page) -> None:
    """Nothing is trained by opening it; curves and paths move, over the surface; Start trains what is shown."""
    lab = NetworkPage(page).open("/network")
    lab.until(lambda: lab.positions()[-1:] == [400])
    assert lab.run() is None and "A recorded run, seed 0" in lab.status()
    assert lab.button("pause").is_hidden() and lab.button("stop").is_hidden()
    assert page.locator("#task-hint").inner_text().startswith("Two hidden dense layers")
    lab.until(lambda: lab.ink("#plane-stack canvas:nth-of-type(1)") > 20_000)  # the surface
    lab.until(lambda: lab.ink("#plane-stack canvas:nth-of-type(2)") > 50)  # the paths
    lab.until(lambda: page.locator("#outcomes tbody tr").count() == 4)
    lab.until(lambda: "preset" not in page.url)
    sharpness = "['SGDM', 'SAM'].map((name) => potholeLab.network.curves.line(name, 'sharpness', 'steps').y.length)"
    assert min(page.evaluate(sharpness)) > 2 and lab.ink("#sharpness-chart canvas") > 200, "without a press"

    # Another preset: its words, its settings, its run, its link.
    page.get_by_role("button", name="Deep tanh").click()
    lab.until(lambda: lab.positions()[-1:] == [600])
    assert page.locator("#preset-question").inner_text().startswith("Gradients fade")
    assert page.locator("[data-control=network] select").input_value() == "deep-tanh"
    lab.until(lambda: "preset=deep-tanh" in page.url)

    # Two moons: where each method's class changes, drawn in the plane of the data, which other data have not.
    assert page.locator("#boundary-picture").is_hidden()
    page.get_by_role("button", name="Two moons").click()
    lab.until(lambda: min(page.evaluate(BOUNDARY)) > 40)
    page.get_by_role("button", name="Deep tanh").click()
    page.locator("#boundary-picture").wait_for(state="hidden")
    lab.until(lambda: lab.positions()[-1:] == [600])

    # Settings of U that are one click away, with what to expect of them; the preset is no longer quite its own.
    page.locator("summary", has_text="Preconditioner U").click()
    page.get_by_role("button", name="The paper’s").click()
    page.get_by_text("The paper’s settings do nothing in 500 steps").wait_for()
    assert page.locator("[data-field=refresh_every]").input_value() == "1000"
    assert page.get_by_role("button", name="Deep tanh").get_attribute("aria-pressed") == "mixed"

    # Start trains it here, for a minute of a processor's own time; a preset that is chosen meanwhile does not take
    # the run out of sight.
    lab.type("steps", "2000")
    lab.type("refresh_every", "1")
    lab.start()
    assert lab.run()["description"]["network"] == "deep-tanh" and lab.run()["description"]["structure"] == "diagonal"
    job = lab.run()["job"]
    page.get_by_role("button", name="Noisy labels", exact=True).click()
    lab.until(lambda: page.locator("#preset-question").inner_text().startswith("Four labels in ten"))
    assert lab.run()["job"] == job and "wanted" in (page.locator("#start-button").get_attribute("class") or "")
    lab.stop()


def test_a_bad_start_is_fitted_first_and_can_be_paused_and_given_up(page) -> None:
    # A first fit of a minute of a processor's own time.
    lab = NetworkPage(page).open("/network?network=convnet&data=digits&methods=SGDM&bad_start=10000")
    lab.button("start").click()
    lab.until(lambda: "First fitted to random labels · step" in lab.status())
    assert lab.rows() == 0, "it is no part of the curves"
    lab.button("pause").click()
    lab.until(lambda: lab.status().startswith("Paused · First fitted to random labels"))
    lab.stop()

    # A short one: the run begins from its weights, says so, and comes back by the link.
    lab.open(f"{SMALL}&steps=20&bad_start=100")
    lab.start()
    lab.wait_for("finished")
    lab.until(lambda: "fitted to random labels in 100 steps" in lab.said())
    assert lab.positions()[0] == 0 and lab.positions()[-1] == 20 and "First fitted" not in lab.status()
    lab.until(lambda: "bad_start=100&" in page.url and "job=" in page.url)
    again = NetworkPage(page).open(page.url)
    again.until(lambda: again.positions()[-1:] == [20])
    assert page.locator("[data-field=bad_start]").input_value() == "100"


def test_choose_train_change_pause_continue_and_come_back(page, new_page) -> None:
    """The whole way of a person through a training."""
    lab = NetworkPage(page).open(f"{SMALL}&refresh_every=1")
    page.locator("[data-control=data] select").select_option("digits")
    page.locator("[data-control=network] select").select_option("character-transformer")
    assert page.locator("[data-control=data] select").input_value() == "characters", "data follow the network"
    page.locator("[data-control=data] select").select_option("two-moons")
    assert page.locator("[data-control=network] select").input_value() == "mlp", "the network follows the data"
    lab.type("steps", "2000")
    page.evaluate("() => { window.heard = []; document.addEventListener('pothole:run', (e) => heard.push(e.detail)); }")
    job = lab.start()
    lab.until(lambda: lab.run()["plane"] and re.search(r"Trains on .*step \d+ of 2\D?000", lab.status()))

    # Change: the run takes it up, and the curves mark the step at which it did.
    lab.until(lambda: lab.rows() > 10)
    lab.type("learning_rate", "0.01")
    (mark,) = lab.until(lab.marks)
    assert mark["settings"] == {"learning_rate": 0.01} and mark["position"] > 5

    # Pause and continue.
    lab.button("pause").click()
    lab.wait_for("paused")
    rows = lab.rows()
    assert lab.button("pause").inner_text() == "Continue"
    page.wait_for_timeout(400)
    assert lab.rows() == rows, "a paused run stands still"
    lab.button("pause").click()
    lab.until(lambda: lab.rows() > rows)

    # The picture: paths on the plane, over a surface of the real loss.
    lab.until(lambda: page.evaluate("Boolean(potholeLab.network.view.plane.surface)"))
    lab.until(lambda: lab.ink("#plane-stack canvas:nth-of-type(1)") > 20_000)  # the surface
    lab.until(lambda: lab.ink("#plane-stack canvas:nth-of-type(2)") > 50)  # the paths
    lab.until(lambda: lab.ink("#train_loss-chart canvas") > 200)

    # Another browser may watch, but not steer; and sees the whole curve.
    lab.until(lambda: job in page.url)
    other = NetworkPage(new_page()).open(page.url)
    other.until(lambda: other.rows() > rows)
    assert not other.run()["owner"] and other.button("stop").is_hidden()
    assert "somebody else" in other.status()
    assert other.positions()[: rows + 1] == list(range(rows + 1))
    assert other.page.locator("[data-field=learning_rate]").input_value() == "0.01", "as it was changed"

    # Reload: the same run goes on, its curve has no gap, and it is still one's own.
    page.reload()
    lab.until(lambda: lab.rows() > rows)
    assert lab.run()["job"] == job and lab.run()["owner"]
    places = lab.positions()  # asked for once: it trains on
    assert places == list(range(len(places))) and len(places) > rows
    lab.button("stop").click()
    lab.wait_for("stopped")
    other.wait_for("stopped")
    assert "It was stopped by hand." in lab.said()
    assert lab.button("start").inner_text() == "Start again"


def test_the_same_seed_gives_the_same_run_and_the_axis_is_a_switch(page) -> None:
    lab = NetworkPage(page).open(f"{SMALL}&steps=40&snapshots=2")
    losses = "potholeLab.network.curves.line('LLQR+SAM', 'loss', 'steps').y"
    first = lab.start()
    lab.wait_for("finished")
    expected = page.evaluate(losses)
    run = lab.run()
    assert run["steps"] == 40 and run["final"] and run["snapshots"] == [20] and run["plane"]
    lab.until(lambda: page.locator("#step-readout").inner_text() == "step 40 of 40")
    table = page.locator("#outcomes tbody tr")
    lab.until(lambda: table.count() == 2 and "%" in table.first.inner_text())
    # The axis: SGDM's last point is at 40 gradients; LLQR+SAM's at its own count with U's curvature products.
    page.locator("input[name=axis][value=evaluations]").check()
    chart = "potholeLab.network.view.charts.find(({ key }) => key === 'loss').chart.series.map(({ x }) => x.at(-1))"
    sgdm, both = lab.until(lambda: (x := page.evaluate(chart))[0] != x[1] and x)
    last = page.evaluate("potholeLab.network.curves.last.methods['LLQR+SAM']")
    assert sgdm == 40 and both == last["evaluations"] + last["products"] > 80
    # Back in time with the keys.
    page.locator("#outcomes").click()
    page.keyboard.press("Home")
    assert page.locator("#step-readout").inner_text() == "step 0 of 40"
    assert lab.start() != first
    lab.wait_for("finished")
    assert page.evaluate(losses) == expected


def test_a_broken_link_is_said_and_the_page_goes_on(page) -> None:
    lab = NetworkPage(page).open("/network?steps=soon&job=long-ago")
    page.get_by_text("Steps T must be").wait_for()
    page.get_by_text("The run of this link cannot be shown").wait_for()
    assert lab.button("start").is_enabled() and lab.run() is None


def test_a_server_that_is_away_for_a_moment_loses_nothing(page, page_problems) -> None:
    page_problems.allow(r"WebSocket connection|ERR_INTERNET_DISCONNECTED")
    lab = NetworkPage(page).open(LONG)
    lab.start()
    # The socket breaks, as when a browser is offline for a moment.
    page.context.set_offline(True)
    page.evaluate("() => { potholeLab.network.live.follower.interrupt(); }")
    page.get_by_text("The connection to the server is lost").wait_for()
    page.context.set_offline(False)
    rows = lab.rows()
    lab.until(lambda: lab.rows() > rows)
    page.get_by_text("The connection to the server is lost").wait_for(state="detached")
    places = lab.stop()
    assert places == list(range(len(places))) and len(places) > rows


def test_a_phone_shows_everything_in_one_column(phone_page) -> None:
    lab = NetworkPage(phone_page).open(f"{SMALL}&steps=40")
    lab.start()
    lab.wait_for("finished")
    plane, chart = (phone_page.locator(selector).bounding_box() for selector in ("#plane-picture", "#train_loss-chart"))
    assert chart["y"] >= plane["y"] + plane["height"]
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390


GROUND_HAS_COME = """() => {
  const { bounds, groundBounds, plane, wanting } = potholeLab.network.view;
  return !wanting && plane.surface?.stride === 1 && groundBounds === JSON.stringify(bounds);
}"""


def test_the_surface_of_a_run_that_has_ended_comes_after_a_refusal(page) -> None:
    """Nothing is drawn any more that would ask for it again: the page does. What is not known it does not ask for."""
    lab = NetworkPage(page).open(f"{SMALL}&steps=40&evaluations=2")
    lab.start()
    lab.wait_for("finished")
    lab.until(lambda: "job=" in page.url)  # the link is written once the state has settled
    # A question that is still on its way would count as the first after the page has come back, before it has.
    lab.until(lambda: lab.positions()[-1:] == [40] and page.evaluate(GROUND_HAS_COME))
    page.evaluate(
        """() => {
          window.answers = [];
          const real = window.fetch;
          window.fetch = async (address, ...more) => {
            if (address !== "/network/ground") return real(address, ...more);
            await new Promise((go) => setTimeout(go, 500)); // all rows are there by then, and drawn
            answers.push(window.refuse);
            if (window.refuse) return Response.json({ problems: ["Too many at once."] }, { status: window.refuse });
            return real(address, ...more);
          };
        }"""
    )

    def come_back(refuse: int) -> None:
        page.evaluate("(status) => { window.refuse = status; answers.length = 0; }", refuse)
        page.evaluate("() => void potholeLab.network.open({ query: location.search })")
        lab.until(lambda: page.evaluate("answers.length"))

    come_back(409)
    assert page.evaluate("potholeLab.network.view.plane.surface") is None
    page.evaluate("() => { window.refuse = 0; }")
    lab.until(lambda: page.evaluate(GROUND_HAS_COME))
    bounds, surface = (page.evaluate(f"potholeLab.network.view.{name}") for name in ("bounds", "plane.surface"))
    assert bounds == [surface["x"], surface["y"]], "of the piece that is shown"
    come_back(404)
    page.wait_for_timeout(4000)
    assert page.evaluate("answers.length") <= 2, "once for each piece"


def test_a_run_that_waits_says_when_it_starts_and_losses_say_how_sure_they_are(page) -> None:
    """Both runs are one visitor's: the first does not make way for the second."""
    first = NetworkPage(page).open(LONG)
    first.start()
    second = NetworkPage(page.context.new_page()).open(f"{SMALL}&steps=40")
    second.button("start").click()
    second.until(lambda: "starts in" in second.status())
    assert "about" in second.status() or "at least" in second.status()
    first.stop()
    second.wait_for("finished")
    second.until(lambda: second.positions()[-1:] == [40])
    samples = second.page.evaluate("potholeLab.network.curves.line('SGDM', 'train_loss', 'steps').samples")
    assert samples[0]["examples"] == 256 and samples[0]["of"] == 800 and samples[0]["error"] > 0
    assert samples[-1] is None, "the end of a small run is exact"
    second.until(lambda: second.page.locator("#train_loss-hint").inner_text() == "over the training data")
    second.page.close()
