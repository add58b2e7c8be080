// The legend: a button per method, in its colour, line and marker, that shows or hides the method. A long list opens with
// the methods that are in no group and those that are shown; "More methods" brings the others, group by group.
import { make } from "../core/dom.js";
import { drawSwatch } from "./swatch.js";

/** @typedef {import("../core/scheme.js").Looks} Looks */

export class Legend {
  /**
   * @param {HTMLElement} place
   * @param {string[]} methods
   * @param {(method: string) => void} onToggle
   * @param {Record<string, string[]>} [groups] what it does not open with, by title
   */
  constructor(place, methods, onToggle, groups = {}) {
    this.open = false;
    /** @type {string[]} */
    this.shown = [];
    this.grouped = new Set(Object.values(groups).flat());
    this.buttons = methods.map((name) => {
      const swatch = make("canvas", { "aria-hidden": "true" });
      const described = { className: "method", "data-method": name, title: `Show or hide ${name}` };
      const button = make("button", { type: "button", ...described }, swatch, name);
      button.addEventListener("click", () => onToggle(name));
      return { name, button, swatch };
    });
    this.titles = Object.keys(groups).map((title) => make("span", { className: "legend-group" }, title));
    this.more = make("button", { type: "button", className: "more-methods", "aria-expanded": "false" }, "More methods");
    this.more.addEventListener("click", () => {
      this.open = !this.open;
      this.#arrange();
    });
    const buttonsOf = (/** @type {(name: string) => boolean} */ which) =>
      this.buttons.filter(({ name }) => which(name)).map(({ button }) => button);
    place.replaceChildren(
      ...buttonsOf((name) => !this.grouped.has(name)),
      ...Object.values(groups).flatMap((names, k) => [this.titles[k], ...buttonsOf((name) => names.includes(name))]),
      ...(this.grouped.size ? [this.more] : []),
    );
    this.#arrange();
  }

  #arrange() {
    for (const { name, button } of this.buttons) {
      button.hidden = this.grouped.has(name) && !this.open && !this.shown.includes(name);
    }
    for (const title of this.titles) title.hidden = !this.open;
    this.more.setAttribute("aria-expanded", String(this.open));
    this.more.textContent = this.open ? "Fewer methods" : "More methods";
  }

  /**
   * @param {string[]} shown methods
   * @param {Looks} looks
   * @param {string} paper
   */
  update(shown, looks, paper) {
    this.shown = shown;
    this.#arrange();
    for (const { name, button, swatch } of this.buttons) {
      button.setAttribute("aria-pressed", String(shown.includes(name)));
      const look = looks[name];
      if (look) drawSwatch(swatch, look, paper);
    }
  }
}
