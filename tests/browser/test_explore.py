"""Exploring a trained network in a real browser: slices, curvature, ways, the rescaled network, the link."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.network_lab import SMALL, NetworkPage

LINK = (
    f"{SMALL}&steps=20&snapshots=4&evaluations=2&slice_points=15&curvature_count=2&curvature_probes=4"
    "&curvature_lanczos=12&curvature_starts=2&curvature_ascent=3&curvature_moments=3"
)
KINDS = ("pca", "random", "hessian", "three-points", "gradient-sam")

# The jobs that are asked for under Explore. Others do not count: the run's own feed may be followed anew on a busy
# machine, and the surface under the live paths asked for once more when the run has ended already.
COUNT_ASKED = """() => {
  window.jobs = [];
  const real = window.fetch;
  window.fetch = async (address, options) => {
    const answer = await real(address, options);
    if (String(address).endsWith("/network/explore")) jobs.push((await answer.clone().json()).job);
    return answer;
  };
}"""
LAST_STATES = """async (jobs) => {
  const { followJob } = await import("/assets/network/follow.js");
  return Promise.all(jobs.map((job) => new Promise((tell) => {
    let state = "";
    const onEntry = ({ kind, data }) => { if (kind === "state") state = data.state; };
    followJob(job, { onEntry, onEnd: () => tell(state) });
  })));
}"""


class Explorer(NetworkPage):
    """A network page whose panels are used."""

    def trained(self, link: str = LINK) -> Explorer:
        """Train the link's small run to its end."""
        self.open(link)
        self.page.locator("#start-button").click()
        self.until(lambda: (self.run() or {}).get("final"))
        return self

    def answer(self, kind: str) -> dict[str, Any]:
        """The whole answer of a panel, when it is there; the page is made to forget it."""
        explore = "potholeLab.network.explore"
        there = f"{explore}.current.{kind}?.done && !{explore}.panels.{kind}.request.running"
        self.until(lambda: self.page.evaluate(there))
        found = self.page.evaluate(f"JSON.parse(JSON.stringify(potholeLab.network.explore.current.{kind}))")
        self.page.evaluate(f"() => {{ potholeLab.network.explore.current.{kind} = undefined; }}")
        return found

    def ask(self, kind: str) -> dict[str, Any]:
        """Press a panel's button and wait for its answer."""
        self.page.locator(f"#{kind}-ask").click()
        return self.answer(kind)

    def choose(self, name: str, value: str) -> None:
        """Choose from a list or a row of options."""
        control = self.page.locator(f'[data-control="{name}"]')
        if control.locator("select").count():
            control.locator("select").select_option(value)
        else:
            control.locator(f'input[value="{value}"]').check()

    def honesty(self) -> list[list[str]]:
        """The texts of the honesty meter's rows."""
        rows = self.page.locator("#slice-honesty tbody tr").all()
        return [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows]


def test_explore_a_trained_network_and_come_back_by_the_link(page) -> None:
    lab = Explorer(page).open(LINK)
    assert page.locator("#slice-panel").is_hidden(), "there is nothing to look at before a run has kept weights"
    lab.trained()
    page.locator("#slice-panel").wait_for()

    # Slices of every kind: each is asked for as soon as it is chosen.
    lab.ask("slice")
    relief = "potholeLab.network.explore.panels.slice.pictures.relief"
    lab.until(lambda: page.evaluate(f"{relief}.paths.ready && {relief}.paths.entries.length === 2"))
    lab.until(lambda: lab.ink("#slice-relief-stack canvas") > 20)
    for kind in KINDS[1:]:
        lab.choose("slice_kind", kind)
        if kind == "three-points":  # two methods were trained: with the mean all lie on a line, and that is said
            page.locator("#notices").get_by_text("lie on a line, or two of them are the same").wait_for()
            lab.choose("slice_axes", "1")
            assert lab.answer("slice")["plane"]["axes"] == 1
            assert page.locator("#slice-relief-picture").is_hidden()
            lab.choose("slice_kind", "gradient-sam")
            lab.answer("slice")
            lab.choose("slice_axes", "2")
            assert lab.answer("slice")["plane"]["axes"] == 2
            continue
        if kind != "gradient-sam":
            assert lab.answer("slice")["plane"]["kind"] == kind
    lab.choose("slice_kind", "pca")
    found = lab.answer("slice")
    assert "principal component 1" in page.locator("#slice-words").inner_text()
    assert "principal component 1" in page.locator("#spoken").inner_text(), "the summary is spoken"
    told = page.locator("#slice-map-stack").get_attribute("aria-label")
    assert all(f"{name}, loss 0." in told for name in ("SGDM", "LLQR+SAM"))

    # The honesty meter follows the kept weights that are shown.
    lab.until(lambda: lab.ink("#slice-map-stack canvas") > 50)
    assert page.locator("#slice-step").inner_text() == "step 20, 5 of 5 kept"
    end = lab.honesty()
    assert [row[0] for row in end] == ["SGDM", "LLQR+SAM"]
    for (_, shown, off, *_), (_, told) in zip(end, found["honesty"].items(), strict=True):
        assert abs(float(shown.rstrip(" %")) - 100 * told["captured"]) < 0.1
        assert abs(float(off.replace("e−", "e-")) - list(told["distance"].values())[-1]) < 1e-2
    page.locator("#slice-scrubber input").press("Home")
    assert page.locator("#slice-step").inner_text() == "the first weights, 1 of 5 kept"
    start = lab.honesty()
    assert start != end and start[0][4] == start[1][4], "all start at the same loss"
    page.locator("#slice-play").click()
    lab.until(lambda: page.locator("#slice-step").inner_text() == "step 20, 5 of 5 kept")

    # Another scale and other colours are drawn anew without another computation.
    before = page.evaluate("potholeLab.network.explore.panels.slice.pictures.drawn")
    lab.choose("slice_scale", "linear")
    lab.until(lambda: page.evaluate("potholeLab.network.explore.panels.slice.pictures.drawn") > before)
    page.locator("#scheme-button").click()
    dark = """(({ explore, tables }) => {
      const { map, relief } = explore.panels.slice.pictures;
      return map.look === tables.grounds.dark && relief.look === tables.grounds.dark;
    })(potholeLab.network)"""
    lab.until(lambda: page.evaluate(dark))
    assert page.evaluate("potholeLab.network.explore.current.slice") is None

    # Adaptive: the error on fresh points is said.
    lab.choose("slice_way", "adaptive")
    assert lab.answer("slice")["done"]["met"]
    assert "on 32 fresh points" in page.locator("#slice-status").inner_text()

    # Curvature and the rescaled network.
    lab.choose("curvature_when", "along")
    rows = lab.ask("curvature")["rows"]
    table = page.locator("#curvature-table tbody tr").all_inner_texts()
    assert [row.split("\t")[0].strip() for row in table] == ["SGDM", "LLQR+SAM"]
    assert all("±" in row for row in table) and len(rows) == 5
    assert lab.ink("#curvature-density-chart canvas") > 200 and lab.ink("#curvature-trace-chart canvas") > 200
    lab.type("cuts_directions", "2")
    cuts = lab.ask("cuts")
    assert [one["method"] for one in cuts["solutions"]] == ["SGDM", "LLQR+SAM"]
    assert all(lab.ink(f"#cuts-{half}-chart canvas") > 200 for half in ("train", "test"))
    assert "relative to the weights" in page.locator("#cuts-words").inner_text()
    assert page.locator("#cuts-table tbody tr").count() == 2
    lab.type("potholes_count", "2")
    (holes,) = lab.ask("potholes")["rows"]
    assert holes["method"] == "LLQR+SAM" and lab.ink("#potholes-factor-chart canvas") > 50
    assert page.locator("#potholes-table tbody tr").count() == 3
    verdicts = page.locator("#potholes-claims .verdict").all_inner_texts()
    assert [claim["verdict"] for claim in holes["claims"]] == [text.lower() for text in verdicts]
    lab.choose("between_way", "curve")
    lab.type("between_steps", "20")
    ways = lab.ask("between")["lines"]
    assert [line["way"] for line in ways] == ["straight", "curve"] and lab.ink("#between-line-chart canvas") > 200
    table = page.locator("#between-table tbody tr").all_inner_texts()
    assert [row.split("\t")[0].strip() for row in table] == ["Straight", "Trained curve"]
    assert "On the trained curve from SGDM, step 20 to LLQR+SAM, step 20" in page.locator("#between-words").inner_text()
    lab.type("rescaling_factor", "3")
    rescaled = lab.ask("rescaling")["rows"]
    assert rescaled[1]["factor"] == 3 and rescaled[1]["eigenvalue"] != rescaled[0]["eigenvalue"]
    assert "Rescaled by α = 3" in page.locator("#rescaling-words").inner_text()
    assert page.locator("#start-button.wanted").count() == 0, "what is explored makes no other training wanted"

    # One click: the plane through where all began and two solutions, by their test loss.
    page.locator("#slice-start").click()
    told = lab.answer("slice")["plane"]
    assert [mark["words"] for mark in told["marks"]] == ["the first weights", "SGDM, step 20", "LLQR+SAM, step 20"]
    assert told["half"] == "test"
    lab.choose("slice_kind", "pca")
    lab.answer("slice")

    # A reload by the link shows the same again. It is written a moment after the last change, whose answer is there.
    written = ("rescaling_asked=yes", "rescaling_factor=3", "slice_data=test")
    lab.until(lambda: all(pair in page.url for pair in written) and "three-points" not in page.url)
    lab.open(page.url)
    again = {kind: lab.answer(kind) for kind in ("slice", "cuts", "curvature", "potholes", "between", "rescaling")}
    assert again["between"]["lines"] == ways
    assert again["cuts"] == cuts | {"job": again["cuts"]["job"], "done": again["cuts"]["done"]}
    assert again["potholes"]["rows"] == [holes]
    assert again["slice"]["done"]["way"] == "adaptive" and again["slice"]["plane"]["kind"] == "pca"
    assert [row["eigenvalues"] for row in again["curvature"]["rows"]] == [row["eigenvalues"] for row in rows]
    assert again["rescaling"]["rows"][1]["eigenvalue"] == rescaled[1]["eigenvalue"]


def test_what_is_no_longer_wanted_is_stopped(page) -> None:
    """The latest wish wins, on the server too; and cancel ends it."""
    lab = Explorer(page).trained(f"{LINK}&slice_kind=random")
    page.evaluate(COUNT_ASKED)
    lab.type("slice_points", "101")  # nothing is computed before it is asked for
    page.wait_for_timeout(300)
    assert page.evaluate("jobs.length") == 0
    page.locator("#slice-ask").click()
    lab.until(lambda: page.evaluate("jobs.length") == 1)
    for seed in ("3", "4"):
        lab.type("slice_seed", seed)
        page.wait_for_timeout(250)
    lab.type("slice_points", "15")
    assert lab.answer("slice")["plane"]["labels"][0] == "random direction 1, seed 4"
    states = page.evaluate(f"async () => ({LAST_STATES})([...new Set(jobs)])")
    assert states[-1] == "finished" and set(states[:-1]) == {"stopped"}, states

    lab.type("slice_points", "101")
    lab.until(lambda: page.locator("#slice-cancel").is_visible())
    page.locator("#slice-cancel").click()
    assert page.locator("#slice-status").inner_text() == "Cancelled." and page.locator("#slice-cancel").is_hidden()
    lab.until(lambda: "slice_asked=yes" not in page.url)


def test_no_job_is_left_behind_by_a_wish_that_was_overtaken_or_given_up(new_page) -> None:
    """A server that takes its time: when the next wish is made the page does not know yet which job it replaces."""
    page = new_page(fresh=True)
    lab = Explorer(page).trained(f"{LINK}&slice_kind=random&slice_points=101")
    asked: list[str] = []
    page.on("response", lambda it: asked.append(it.json()["job"]) if it.url.endswith("/network/explore") else None)
    page.evaluate(
        """() => {
          const real = window.fetch;
          window.fetch = async (address, ...more) => {
            const answer = await real(address, ...more);
            if (address !== "/network/explore") return answer;
            await new Promise((go) => setTimeout(go, 700));
            setTimeout(() => { window.told = (window.told ?? 0) + 1; }); // once the page has read it
            return answer;
          };
        }"""
    )
    page.locator("#slice-ask").click()
    page.wait_for_timeout(200)
    lab.type("slice_seed", "3")
    lab.until(lambda: len(asked) == 2)
    lab.until(lambda: page.evaluate("potholeLab.network.explore.panels.slice.request.running"))
    page.locator("#slice-cancel").click()  # what runs
    page.locator("#slice-ask").click()
    lab.until(lambda: len(asked) == 3)
    page.locator("#slice-cancel").click()  # what the page has no answer about
    assert page.locator("#slice-status").inner_text() == "Cancelled."
    states = page.evaluate(
        LAST_STATES,
        asked,
    )
    assert states == ["stopped"] * 3, "a job that nobody looks at went on to its end"
    # Another run is shown before the answer about this one has come: nothing of it is taken for the other's.
    page.locator("#slice-ask").click()
    page.evaluate("potholeLab.network.attach(null)")
    lab.until(lambda: page.evaluate("window.told") == 4)
    lab.until(lambda: not page.evaluate("potholeLab.network.explore.panels.slice.request.busy"))
    assert page.locator("#slice-answer").is_hidden() and page.locator("#slice-panel").is_hidden()


def test_a_phone_shows_the_panels_within_its_width(phone_page) -> None:
    """At every moment, while pictures come too."""
    lab = Explorer(phone_page).trained(f"{LINK}&slice_way=exact")
    phone_page.evaluate(
        """() => {
          window.widest = 0;
          const look = () => {
            widest = Math.max(widest, document.documentElement.scrollWidth);
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    lab.ask("slice")
    pictures = "potholeLab.network.explore.panels.slice.pictures"
    lab.until(lambda: phone_page.evaluate(f"{pictures}.relief.paths.ready"))
    assert phone_page.evaluate("widest") <= 390


@pytest.mark.parametrize("link", ["&slice_kind=sideways", "&curvature_count=many"])
def test_a_broken_link_is_said(page, link: str) -> None:
    Explorer(page).open(f"{LINK.replace('&curvature_count=2', '')}{link}")
    page.locator("#notices .notice").first.wait_for()
    said = " ".join(page.locator("#notices .notice span").all_inner_texts())
    assert ("Plane “sideways” does not exist" if "slice" in link else "Eigenvalues must be") in said
