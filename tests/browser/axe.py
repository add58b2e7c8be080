"""What axe-core finds on a page.

Its script is injected by the browser's own debugger and not by the page, so that the page's policy stays in force.
"""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
GRAVE = ("serious", "critical")
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that a theme's colours can break."""
MARK = """(most) => {
  const chains = new Map(), met = new Map();
  const chain = (node) => {
    if (node === null) return "";
    if (!chains.has(node)) {
      const { backgroundColor, backgroundImage, opacity, filter, position } = getComputedStyle(node);
      const off = node.matches(":disabled, [aria-disabled=true]") || Boolean(node.closest("label")?.control?.disabled);
      const own = [backgroundColor, backgroundImage, opacity, filter, position, off].join(" ");
      const nothing = own === "rgba(0, 0, 0, 0) none 1 none static false";
      chains.set(node, chain(node.parentElement) + (nothing ? "" : `; ${own}`));
    }
    return chains.get(node);
  };
  for (const node of document.querySelectorAll("body, body *")) {
    node.removeAttribute("data-look");
    const words = [...node.childNodes].some((one) => one.nodeType === Node.TEXT_NODE && one.data.trim());
    if (!node.checkVisibility() || !(words || node.matches("input, select, textarea"))) continue;
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(node);
    const look = [node.localName, color, fontSize, fontWeight, textShadow, chain(node)].join("; ");
    met.set(look, (met.get(look) ?? 0) + 1);
    if (met.get(look) <= most) node.setAttribute("data-look", "");
  }
}"""
"""Mark the first few of all words of one look: their colour, size and weight, and the grounds below them, as the
browser has computed them. Of a table's rows those are a few; a row with a colour of its own is another look."""
ALIKE = 3
RUN = """async (only) => {
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-look]" }] });
  return (await axe.run(document, { resultTypes: ["violations"], ...(only && { runOnly: only }) })).violations;
}"""


def findings(page: Page, colours_only: bool = False) -> list[str]:
    """Each serious or critical finding with the elements it is about.

    Contrast is looked at on some elements of each look. colours_only: what a theme can break alone, where the same page
    has been looked at in another theme.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    page.evaluate(MARK, ALIKE)
    found = page.evaluate(RUN, COLOURS if colours_only else None)
    return [
        f"{one['impact']} {one['id']}: {one['help']}: "
        + " | ".join(
            f"{node['target'][-1]} {node['any'][0]['message'] if node['any'] else ''}" for node in one["nodes"]
        )
        for one in found
        if one["impact"] in GRAVE
    ]
