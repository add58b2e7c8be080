// "Dig a pothole": the next click on the map digs one there, and dragging moves it; depth and width fit the ground. The
// list of potholes with their sliders stands with the surface's controls.
import { by, makeButton } from "../core/dom.js";
import { keys } from "../core/keys.js";
import { parseRows, writeRows } from "../core/number_rows.js";
import { coarsePointer } from "../draw/turning.js";

/** @typedef {import("./main.js").ToyLab} ToyLab */

const hintText = () => (coarsePointer() ? "Tap where the pothole shall be" : "Click where the pothole shall be; Esc leaves it");

/** @param {ToyLab} page */
export function addDigging(page) {
  const { most = 0, help } = page.schema.control("pits");
  const button = makeButton("Dig a pothole", () => arm(!page.placing), { className: "button small dig", title: help });
  button.setAttribute("aria-pressed", "false");
  const stack = by("map-stack");
  const hint = by("map-hint");
  const said = hint.textContent;
  by("map-title").after(button);
  /** @type {number[][] | null} the potholes with the one that is being dug, while the pointer holds it */
  let digging = null;

  const dig = (/** @type {number[]} */ [x = 0, y = 0]) => {
    if (!page.surface) return;
    const { depth, width } = page.surface.pit;
    const others = digging?.slice(0, -1) ?? parseRows(page.state.get("pits"));
    digging = [...others, [...[x, y].map((value) => Math.round(value * 1e3) / 1e3), depth, width]];
    page.state.set({ pits: writeRows(digging) }, "map");
  };
  const arm = (/** @type {boolean} */ on) => {
    const full = parseRows(page.state.get("pits")).length >= most;
    page.placing = on && !full ? dig : null;
    digging = null;
    button.setAttribute("aria-pressed", String(Boolean(page.placing)));
    stack.classList.toggle("digging", Boolean(page.placing));
    hint.textContent = page.placing ? hintText() : said;
  };
  // After the pothole is dug the map sets the start again.
  for (const name of ["pointerup", "pointercancel", "click", "keyup"]) {
    stack.addEventListener(name, () => digging && arm(false));
  }
  page.state.listen((changed) => {
    if (!changed.has("pits")) return;
    const full = parseRows(page.state.get("pits")).length >= most;
    button.disabled = full;
    button.title = full ? `There are ${most} potholes, which is as many as can be dug` : help;
  });
  page.actions.add({ dig: () => arm(!page.placing) });
  const what = "dig a pothole: the next click on the map, or an arrow key there, places it";
  const when = () => !button.disabled;
  keys.add([
    { keys: ["o", "O"], shown: "O", what, group: "On the map", run: () => arm(!page.placing), when },
    { keys: ["Escape"], shown: "Esc", what: "dig none", group: "On the map", run: () => arm(false), when: () => Boolean(page.placing) },
  ]);
}
