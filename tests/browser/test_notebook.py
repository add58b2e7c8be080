"""The toy lab in a notebook: a widget's view in a real browser, with the widget in this process as its kernel."""

from __future__ import annotations

from typing import Any

from app.notebook import ToyLab
from tests.browser.notebook_host import Notebook

LAB = "document.getElementById('tables').lab"


def test_a_view_computes_in_the_kernel_plays_and_keeps_its_state(new_page: Any) -> None:
    page = new_page(fresh=True)
    lab = ToyLab(steps=200, step=200)
    book = Notebook(page, lab)
    view = book.show()
    assert view.locator("#step-readout").inner_text() == "step 200 of 200"
    assert view.locator("#outcomes tbody tr").count() == 4
    drawn = f"{LAB}.map.paths.entries.map(({{ last, positions }}) => positions[2 * last])"
    before = view.evaluate(drawn)

    # A slider: the kernel computes, the picture is another one, and the state is the kernel's.
    view.locator("[data-control=learning_rate] input.slider").fill("-5")
    book.wait_for(lambda: lab.state["learning_rate"] == 1e-5 and book.idle(view))
    assert view.evaluate(drawn) != before

    # The cut beside the map belongs to these paths and to the step shown, along the line that is chosen.
    assert view.evaluate(f"{LAB}.cut.run.shown.find('SGDM', 200).step") == 199, "the last that has a gradient"
    view.locator("#cut-controls label", has_text="Along ε").click()
    book.wait_for(lambda: lab.state["cut_line"] == "probe" and book.idle(view))
    assert view.evaluate(f"{LAB}.cut.run.shown.line") == "probe"
    assert view.locator("#cut-picture").get_attribute("aria-label").startswith("Cut through the ground at step 200.")

    # A click on the map moves the start.
    view.locator("#map-stack canvas").last.click(position={"x": 200, "y": 200})
    book.wait_for(lambda: lab.state["start_x"] != 4.001396 and book.idle(view))
    runs = lab.runs()
    places = [float(run.positions[run.last_finite][0]) for run in runs.values()]
    assert [round(a - b, 4) for a, b in zip(view.evaluate(drawn), places, strict=True)] == [0] * 4

    # What is set in a cell shows in all views.
    other = book.show()
    lab.state = {"surface": "ackley", "scheme": "dark"}
    for each in (view, other):
        book.wait_for(lambda each=each: each.locator("#title").inner_text() == "Ackley" and book.idle(each))
        assert each.evaluate("document.documentElement.dataset.scheme") == "dark"
    assert lab.state["surface"] == "ackley"

    # It plays to the end, and the step shown is in the state.
    view.locator("[data-action=home]").click()
    book.wait_for(lambda: lab.state["step"] == 0)
    view.evaluate(f"{LAB}.player.speed = 1000")
    view.locator("#play-button").click()
    book.wait_for(lambda: lab.state["step"] == 3000)
    assert view.locator("#play-button").inner_text() == "Play"

    # The frame is as high as what is in it: the first, as browsers lay out nothing in those that are out of sight.
    height = "document.querySelector('iframe').offsetHeight"
    book.wait_for(lambda: page.evaluate(height) == view.evaluate("document.getElementById('lab').offsetHeight"))

    # A notebook that takes its output away leaves nothing behind.
    page.evaluate("for (const end of model.ends) end()")
    assert page.evaluate("Object.values(model.listeners).map((all) => all.size)") == [0, 0]
