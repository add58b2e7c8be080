// The legend: a button per method, in its colour, line and marker, that shows or hides the method. A long list opens with
// the methods that are in no group and those that are shown; "More methods" brings the others, group by group.
import { make } from "../core/dom.js";
import { drawSwatch, makePlainSwatch } from "./swatch.js";

/** @typedef {import("../core/scheme.js").Looks} Looks */

export class Legend {
  /**
   * @param {HTMLElement} place
   * @param {string[]} methods
   * @param {(method: string) => void} onToggle
   * @param {Record<string, string[]>} [groups] what it does not open with, by title
   * @param {Record<string, string>} [words] what each does, in a few
   */
  constructor(place, methods, onToggle, groups = {}, words = {}) {
    this.open = false;
    /** @type {string[]} */
    this.shown = [];
    this.grouped = new Set(Object.values(groups).flat());
    this.place = place;
    this.buttons = methods.map((name) => {
      const swatch = makePlainSwatch();
      const described = {
        className: "method",
        "data-method": name,
        title: words[name] ? `${name} ${words[name]}. Show or hide it` : `Show or hide ${name}`,
      };
      const button = make("button", { type: "button", ...described }, swatch, name);
      if (words[name]) button.append(make("span", { className: "method-words", textContent: words[name] }));
      button.addEventListener("click", () => onToggle(name));
      return { name, button, swatch, chip: make("span", { className: "chip" }, button) };
    });
    this.titles = Object.keys(groups).map((title) => make("span", { className: "legend-group" }, title));
    this.more = make("button", { type: "button", className: "more-methods", "aria-expanded": "false" }, "More methods");
    this.more.addEventListener("click", () => {
      this.open = !this.open;
      this.#arrange();
    });
    const chipsOf = (/** @type {(name: string) => boolean} */ which) =>
      this.buttons.filter(({ name }) => which(name)).map(({ chip }) => chip);
    place.replaceChildren(
      ...chipsOf((name) => !this.grouped.has(name)),
      ...Object.values(groups).map((names, k) =>
        make("span", { className: "legend-set" }, this.titles[k], ...chipsOf((name) => names.includes(name))),
      ),
      ...(this.grouped.size ? [this.more] : []),
    );
    this.#arrange();
  }

  #arrange() {
    for (const { name, chip } of this.buttons) {
      chip.hidden = this.grouped.has(name) && !this.open && !this.shown.includes(name);
    }
    for (const title of this.titles) title.hidden = !this.open;
    this.place.classList.toggle("open-legend", this.open);
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
