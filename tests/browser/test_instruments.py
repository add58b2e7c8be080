"""The instruments in a real browser: open, change an axis, go to a cell, reload the link, at a desk and on a phone."""

import pytest

QUICK = "resolution=12&runs=1&steps=100"
OPAQUE = """() => [...document.querySelectorAll(".panel:not([hidden]) .heat .heat-canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 3 && value === 255).length / (data.length / 4);
})"""
"""Of each map of the instrument in view the part that is opaque: its cells."""
LABELS = """() => {
  const map = potholeLab.instruments.instruments.phase.maps.SAM;
  const { context } = map.layer;
  const found = {};
  context.fillText = (text, x, y) => {
    if (context.textAlign === "right") found[text] = x - context.measureText(text).width;
    CanvasRenderingContext2D.prototype.fillText.call(context, text, x, y);
  };
  map.draw();
  delete context.fillText;
  return found;
}"""
"""Of each label beside a map's upright axis, where it begins: at its left the axis's title stands, upright."""


def wait_complete(page, name, times=1):
    page.wait_for_function("([name, times]) => (window.complete[name] ?? 0) >= times", arg=[name, times])


def opened(page, name, query=QUICK, within=False):
    """within: go there as the page's back button does, to one that has not been opened since the page was loaded."""
    link = f"/instruments?instrument={name}&{query}"
    if within:
        page.evaluate(
            "(link) => { history.pushState(null, '', link); dispatchEvent(new PopStateEvent('popstate')); }", link
        )
    else:
        page.goto(link)
    wait_complete(page, name)
    shares = page.evaluate(OPAQUE)
    assert shares and min(shares) > 0.1, f"the maps are drawn, cells and all, not their axes alone: {shares}"


def test_change_an_axis_go_to_a_cell_and_reload_the_link(page):
    opened(page, "phase")
    page.locator("#phase-body[aria-busy=false]").wait_for()
    assert "Across" in page.locator("#phase-tools").inner_text()
    page.locator("[data-tool=y_axis]").select_option("noise_variance")
    wait_complete(page, "phase", 2)
    labels = page.evaluate(LABELS)
    assert "1e−12" in labels and min(labels.values()) > 2 + 11.5, f"over the axis's title: {labels}"
    page.locator("[data-tool=y_axis]").select_option("momentum")
    wait_complete(page, "phase", 3)
    assert "Momentum μ" in page.locator("#phase-body caption").first.inner_text()
    box = page.locator("#phase-body .heat").nth(1).bounding_box()
    page.locator("#phase-body .heat").nth(1).hover(position={"x": box["width"] * 0.8, "y": box["height"] * 0.3})
    said = page.locator("#phase-body caption").first.inner_text()
    assert said.startswith("At Learning rate η")
    page.locator("#phase-body .heat").nth(1).click(position={"x": box["width"] * 0.8, "y": box["height"] * 0.3})
    wait_complete(page, "phase", 4)
    rate = page.locator("[data-field=learning_rate]").input_value()
    assert rate in said
    page.wait_for_function("(rate) => location.search.includes(`learning_rate=${rate}`)", arg=rate)
    page.reload()
    wait_complete(page, "phase")
    assert page.locator("[data-tool=y_axis]").input_value() == "momentum"
    assert page.locator("[data-field=learning_rate]").input_value() == rate
    assert page.locator("#phase-tools [data-tool=resolution]").input_value() == "12"


def test_the_surfaces_own_parameters_may_be_axes(page):
    """The choice offers what the surface in view has, a click goes there, and another surface says what it lacks."""
    opened(page, "phase", "preset=stiff-valley&resolution=12&runs=1&steps=60")
    offered = page.locator("[data-tool=x_axis] option").all_inner_texts()
    assert "Stiff curvature h₂" in offered and "Start θ₁" in offered
    assert "Ring radius R" not in offered
    page.locator("[data-tool=x_axis]").select_option("surface.stiffness")
    wait_complete(page, "phase", 2)
    heat = page.locator("#phase-body .heat").nth(3)
    box = heat.bounding_box()
    heat.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.3})
    wait_complete(page, "phase", 3)
    assert float(page.locator('[data-field="surface.stiffness"]').input_value()) < 100
    page.locator("#surface-choice select").select_option("annular-well")
    page.get_by_text("is no control of the surface Annular well").wait_for()
    assert page.locator("[data-tool=x_axis]").input_value() == "learning_rate"


def test_by_keyboard_alone(page):
    opened(page, "phase")
    page.locator("#tab-phase").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "More methods"
    page.keyboard.press("Tab")  # the first choice
    assert page.evaluate("document.activeElement.dataset.tool") == "x_axis"
    page.locator("#phase-body .heat").first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    page.wait_for_function("() => /of 1 runs arrive SGDM/.test(document.getElementById('spoken').textContent)")
    before = page.locator("[data-field=learning_rate]").input_value()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "(before) => document.querySelector('[data-field=learning_rate]').value !== before", arg=before
    )
    page.locator("#tab-phase").focus()
    page.keyboard.press("ArrowRight")
    wait_complete(page, "race")
    assert page.locator("#tab-race").get_attribute("aria-selected") == "true"
    assert page.locator("#panel-phase").is_hidden()


def test_the_race_fairness_and_basins(page):
    opened(page, "race")
    assert page.locator("#race-body .claim .verdict").count() == 2
    page.locator("#tab-fairness").click()
    wait_complete(page, "fairness")
    assert "LLQR+SAM" in page.locator("#fairness-body .verdict-sentence").inner_text()
    page.get_by_role("button", name="Set learning rate and radius to the best of SAM", exact=True).click()
    wait_complete(page, "fairness", 2)
    best = page.locator("#fairness-body tbody tr").nth(1).locator("td").first.inner_text()
    assert float(page.locator("[data-field=learning_rate]").input_value()) == pytest.approx(float(best), rel=1e-3)
    page.locator("#tab-basins").click()
    wait_complete(page, "basins")
    assert page.locator("#basins-body tbody tr").count() == 4


def test_the_navigation_takes_the_setting_along(page):
    opened(page, "phase", f"{QUICK}&preset=stiff-valley&learning_rate=0.0123")
    leads = "([name, text]) => [...document.querySelectorAll('.pages a')]"
    leads += ".find((link) => link.textContent === name).search.includes(text)"
    page.wait_for_function(leads, arg=["Toy lab", "learning_rate=0.0123"])
    page.get_by_role("link", name="Toy lab").last.click()
    page.locator("#outcomes [data-outcome]").first.wait_for()
    assert page.locator("[data-field=learning_rate]").input_value() == "0.0123"
    assert page.locator("#notices .notice").count() == 0, "nothing of the instruments' own came along"
    page.wait_for_function(leads, arg=["Instruments", "stiff-valley"])
    assert page.locator(".pages a", has_text="Network").get_attribute("href") == "/network"
    assert page.locator(".pages a", has_text="Story").get_attribute("href") == "/?scenes=lab&scene=1", "it is a place"


def test_tune_all_puts_every_method_at_its_best_on_the_map(page):
    """The paths of the toy lab are those of single runs at the η and ρ of the fairness table, method by method."""
    opened(page, "fairness", "preset=stiff-valley&runs=1&steps=300")
    best = {}
    for row in page.locator("#fairness-body tbody tr").all():
        cells = [row.locator("th").inner_text(), *row.locator("td").all_inner_texts()]
        best[cells[0]] = float(cells[1].replace("−", "-"))
    page.get_by_role("button", name="Tune all, and watch them on the map").click()
    page.locator("#own-sentence").wait_for()
    page.locator("#outcomes [data-outcome]").first.wait_for()
    said = page.locator("#own-sentence").inner_text()
    told = page.locator("#outcomes tbody tr")
    assert told.count() == 4
    for row in told.all():
        name = row.get_attribute("data-method")
        settings = row.locator('[data-column="Its own settings"]').inner_text()
        rate = float(settings.removeprefix("η = ").partition(",")[0].replace("−", "-"))
        assert rate == pytest.approx(best[name], rel=2e-3), "the table has three digits"
        assert f"{name} {settings}" in said
    assert told.nth(3).get_attribute("data-outcome") == "reached"
    assert told.nth(1).get_attribute("data-outcome") != "reached"
    assert page.locator("#notices .notice").count() == 0
    page.get_by_role("button", name="Equal again").click()
    page.wait_for_function("() => document.getElementById('own-section').hidden")


def test_two_scales_beside_each_other(page):
    """Quantities with their simulated counterparts; the strip goes to a radius by keyboard; other surfaces offer it."""
    opened(page, "two-scale", "preset=two-scale&radius=0.6")
    body = page.locator("#two-scale-body")
    assert "closed forms agree with the real step" in body.locator(".verdict-sentence").inner_text()
    assert "Ghost minimum" in body.inner_text()
    assert body.locator("table").nth(1).locator("tbody tr").count() >= 2
    assert "this one" in body.locator("table").nth(1).inner_text()
    strip = body.locator(".ends-stack")
    strip.focus()
    for _ in range(8):
        page.keyboard.press("Shift+ArrowRight")
    assert body.locator(".hint", has_text="At ρ =").inner_text().startswith("At ρ = 0.")
    page.keyboard.press("Enter")
    wait_complete(page, "two-scale", 2)
    assert float(page.locator("[data-field=radius]").input_value()) < 0.3
    page.goto("/instruments?instrument=two-scale&preset=figure-2")
    wait_complete(page, "two-scale")
    page.get_by_role("button", name="Take the two-scale quadratic").click()
    wait_complete(page, "two-scale", 2)
    assert page.locator("#surface-choice select").input_value() == "two-scale-quadratic"


def test_a_broken_link_is_said_and_opens_all_the_same(page):
    opened(page, "phase", f"{QUICK}&x_axis=colour&y_axis=decay")
    page.get_by_text("“colour” does not exist").wait_for()
    assert page.locator("[data-tool=y_axis]").input_value() == "decay"


@pytest.mark.parametrize("look", ["", "&theme=projector&scheme=dark&cost=evaluations&shown=steps"])
def test_a_phone_shows_every_instrument_without_scrolling_sideways(phone_page, look):
    """Within one load of the page."""
    for index, name in enumerate(["phase", "race", "fairness", "basins", "two-scale"]):
        opened(phone_page, name, QUICK + look, within=index > 0)
        assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390, name
        if name == "fairness":  # a sign of the key stands beside its words
            words = phone_page.locator("#fairness-body .scale .hatched-swatch").locator("xpath=..")
            assert words.inner_text() == "most diverge"
            assert words.bounding_box()["height"] < 30


def test_a_map_of_one_row_marks_ghost_minima_and_has_no_tick_without_a_label(page):
    """On a curve there is nothing to read at the left of the map."""
    opened(page, "basins", "preset=two-scale&radius=0.6&resolution=12&steps=60")
    assert "ghost minimum: the probe stands" in page.locator("#basins-body").inner_text()
    ticks = page.evaluate(
        """() => {
          const { map } = potholeLab.instruments.instruments.basins.maps.SAM;
          const drawn = [];
          const fill = map.layer.context.fillRect.bind(map.layer.context);
          map.layer.context.fillRect = (...box) => { drawn.push(box); fill(...box); };
          map.draw();
          return drawn.filter(([, , width, height]) => width === 4 && height === 1).length;
        }"""
    )
    assert ticks == 0


def test_another_method_stands_beside_the_four_and_in_the_link(page):
    opened(page, "basins")
    chips = page.locator("#other-methods")
    figures = page.locator("#basins-body figure")
    assert figures.count() == 4 and chips.get_by_role("button", name="GNP").is_hidden()
    chips.get_by_role("button", name="More methods").click()
    chips.get_by_role("button", name="GNP").click()
    wait_complete(page, "basins", 2)
    assert figures.count() == 5 and "GNP" in figures.last.inner_text()
    assert min(page.evaluate(OPAQUE)) > 0.1
    page.wait_for_function("() => location.search.includes('GNP')")
    page.reload()
    wait_complete(page, "basins")
    assert figures.count() == 5
    page.locator("#tab-phase").click()
    wait_complete(page, "phase")
    assert "GNP" in page.locator("#phase-body figure").last.inner_text()
    page.locator("#tab-race").click()
    chips.wait_for(state="hidden")
