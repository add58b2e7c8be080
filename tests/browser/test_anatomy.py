"""The anatomy of a step in a real browser: by key, by button, through the link, on every kind of surface."""

from __future__ import annotations

import pytest

from tests.browser.lab_page import LabPage


@pytest.fixture
def lab(page):
    return LabPage(page)


def anatomy(lab):
    """What the page's anatomy shows now, once it has come."""
    return lab.until(lambda: lab.page.evaluate("potholeLab.toy.anatomy.data && {...potholeLab.toy.anatomy.data}"))


def shown(lab):
    return lab.page.locator("#anatomy-stages li.shown").count()


def painted(lab):
    """Pixels of the drawing that are not empty."""
    return lab.page.evaluate(
        """() => {
          const { layer } = potholeLab.toy.anatomy.view;
          const { data } = layer.context.getImageData(0, 0, layer.canvas.width, layer.canvas.height);
          let sum = 0;
          for (let i = 0; i < data.length; i += 4) sum += data[i] + 2 * data[i + 1] + 3 * data[i + 2];
          return sum;
        }"""
    )


def test_the_key_n_brings_what_it_draws_into_view(lab):
    lab.open("/?preset=figure-2&steps=60&step=12&panel=hidden")
    assert lab.page.evaluate("scrollY") == 0
    lab.page.keyboard.press("n")
    lab.page.locator("#anatomy-stages li.shown").first.wait_for()
    seen = """() => {
      const { top, height } = document.querySelector("#anatomy-section").getBoundingClientRect();
      return Math.min(top + height, innerHeight) - Math.max(top, 0);
    }"""
    assert lab.until(lambda: lab.page.evaluate(seen) > 200)


def test_the_key_n_draws_one_vector_after_the_other(lab):
    lab.open("/?preset=figure-2&step=5")
    assert lab.page.locator("#anatomy-section").is_hidden()
    lab.page.keyboard.press("n")
    assert anatomy(lab)["step"] == 5
    pictures = []
    for stage in range(1, 8):
        lab.until(lambda stage=stage: shown(lab) == stage)
        pictures.append(painted(lab))
        lab.page.keyboard.press("n")
    assert len(set(pictures)) == 7, "each vector adds something to the picture"
    lab.until(lambda: anatomy(lab)["step"] == 6 and shown(lab) == 1)
    assert lab.step() == 6, "after the last vector comes the next step"
    lab.page.keyboard.press("Shift+N")
    lab.until(lambda: shown(lab) == 0)
    lab.page.keyboard.press("Shift+N")
    lab.until(lambda: anatomy(lab)["step"] == 5 and shown(lab) == 7)
    assert "anatomy=on" in lab.link()
    assert "−ηv" not in lab.page.locator("#anatomy-stages").inner_text().split("Velocity")[0]


def test_buttons_and_the_link(lab):
    lab.open("/?preset=figure-3&step=3&anatomy=on&anatomy_method=SAM&anatomy_stage=2")
    assert anatomy(lab)["method"] == "SAM"
    assert shown(lab) == 2
    lab.page.get_by_role("button", name="Next", exact=True).click()
    lab.until(lambda: shown(lab) == 3)
    lab.page.get_by_role("button", name="Gradient at the probe point").click()
    lab.until(lambda: shown(lab) == 4)
    assert "noise" in lab.page.locator("#anatomy-stages li.shown").nth(3).inner_text()
    offered = lab.page.locator("#anatomy-methods button:visible")
    assert offered.all_inner_texts() == ["SGDM", "SAM", "LLQR", "LLQR+SAM"], "methods that are off are not offered"
    lab.page.locator("#anatomy-methods [data-value=LLQR]").click()
    lab.until(lambda: anatomy(lab)["method"] == "LLQR")
    lab.page.keyboard.press("Escape")
    lab.page.get_by_role("button", name="Close", exact=True).click()
    assert lab.page.locator("#anatomy-section").is_hidden()
    assert "anatomy_method=LLQR" in lab.link()
    assert lab.state("anatomy") == "off"
    lab.field("radius").press("n")
    assert lab.state("anatomy") == "off", "typing an n into a field draws nothing"


LINKS = (
    "/?preset=two-scale&step=4",
    "/?surface=monkey-saddle&start_x=0&start_y=0&step=0",
    "/?preset=stiff-valley&anatomy_method=SGDM&step=3000",
    "/?surface=goldstein-price&learning_rate=1&anatomy_method=SAM",
    "/?preset=figure-2&step=10&probe_norm=matrix&scheme=dark",
)
NEWEST = """(({ anatomy: { data }, state, pictures }) => {
  const method = state.get("anatomy_method");
  return data?.method === method && data.asked === pictures.ownStep(method);
})(potholeLab.toy)"""
"""Whether what the anatomy shows is of the link: each of them asks for another step or method than the one before."""


def test_curves_saddles_and_diverged_runs_are_drawn(lab):
    pictures = set()
    for index, link in enumerate(LINKS):
        (lab.follow if index else lab.open)(f"{link}&anatomy=on")
        lab.until(lambda: lab.page.evaluate(NEWEST))
        told = anatomy(lab)
        pictures.add(painted(lab))
        where = lab.page.locator("#anatomy-where").inner_text()
        assert where.startswith(f"{told['method']}, step {told['step']} to {told['step'] + 1}"), link
        if told["diverged"] and told["asked"] > told["step"]:
            assert "the last before it diverges" in where, link
    assert len(pictures) == len(LINKS) and min(pictures) > 0, "each is drawn"


def test_it_follows_the_player(lab):
    lab.open("/?preset=figure-2&step=5&anatomy=on")
    anatomy(lab)
    lab.page.keyboard.press("ArrowRight")
    lab.until(lambda: anatomy(lab)["step"] == 6)
    lab.page.keyboard.press("End")
    lab.until(lambda: anatomy(lab)["step"] == 599)
    assert "the last of the run" in lab.page.locator("#anatomy-where").inner_text()


def test_a_diverging_path_leaves_the_map_and_is_drawn_no_more(lab):
    lab.open("/?preset=stiff-valley")
    lines = lab.page.evaluate(
        "potholeLab.toy.pictures.map.paths.lines.map(({ entry, line }) => [entry.name, entry.diverged, line.size])"
    )
    for _, diverged, size in lines:
        assert size < 12 if diverged else size > 12
    assert {name for name, diverged, _ in lines if diverged} == {"SGDM", "SAM"}


def test_a_phone_shows_it_without_scrolling_sideways(phone_page):
    lab = LabPage(phone_page)
    lab.open("/?preset=figure-2&step=5&anatomy=on")
    anatomy(lab)
    assert lab.overflow() <= 0
