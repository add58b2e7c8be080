// The numbers beside the pictures: a table for each method, at some of the steps, behind a summary that opens it.
import { make, plainTable } from "./dom.js";
import { keys } from "./keys.js";

/** @typedef {{ name: string, heads: string[], rows: (Node | string)[][] }} MethodTable */

const PARTS = 10; // steps that are listed, besides the first, the one shown and the arrival

/**
 * About PARTS places of a list, evenly, with its first and its last.
 * @param {number} last
 */
export function sampledPlaces(last) {
  return [...new Set(Array.from({ length: PARTS + 1 }, (_, k) => Math.round((k * last) / PARTS)))];
}

export class DataTable {
  /**
   * @param {{ state: import("./state.js").State, actions: import("./actions.js").Actions }} page
   * @param {Element} after the element it stands below
   * @param {() => MethodTable[] | null} tables null while there is nothing to tell
   */
  constructor(page, after, tables) {
    this.read = tables;
    this.tables = make("div", { className: "data-tables" });
    this.summary = make("summary", { textContent: "Values at sampled steps" });
    this.details = make("details", { className: "data-table", id: "data-table" }, this.summary, this.tables);
    after.after(this.details);
    this.details.addEventListener("toggle", () => this.show());
    page.state.listen((changed) => changed.has("methods") && this.show());
    page.actions.add({ "data-table": () => this.toggle() });
    const what = "open or close the table of values";
    keys.add([{ keys: ["t", "T"], shown: "T", what, group: "The page", run: () => this.toggle() }]);
  }

  toggle() {
    this.details.open = !this.details.open;
    if (!this.details.open) return;
    this.details.scrollIntoView({ block: "nearest" });
    this.summary.focus();
  }

  show() {
    const told = this.details.open ? this.read() : null;
    if (!told) return;
    const boxes = /** @type {HTMLElement[]} */ ([...this.tables.children]);
    const filled = told.map(({ name, heads, rows }, k) => {
      const old = boxes[k];
      const place = old?.dataset.name === name ? old : emptyBox(name); // kept, so that a focus and a scroll in it stay
      place.replaceChildren(plainTable(name, heads, rows));
      return place;
    });
    if (filled.length !== boxes.length || filled.some((place, k) => place !== boxes[k])) this.tables.replaceChildren(...filled);
  }
}

/** @param {string} name a method's */
function emptyBox(name) {
  return make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": `Values of ${name}`, "data-name": name });
}
