// The legend: a button per method, in its colour, line and marker, that shows or hides the method.
import { make } from "../core/dom.js";
import { drawSwatch } from "./swatch.js";

/** @typedef {import("../core/scheme.js").Looks} Looks */

export class Legend {
  /**
   * @param {HTMLElement} place
   * @param {string[]} methods
   * @param {(method: string) => void} onToggle
   * @param {Record<string, string>} [words] what each does, in a few
   */
  constructor(place, methods, onToggle, words = {}) {
    this.buttons = methods.map((name) => {
      const swatch = make("canvas", { "aria-hidden": "true" });
      const described = { className: "method", "data-method": name, title: `Show or hide ${name}` };
      const button = make("button", { type: "button", ...described }, swatch, name);
      if (words[name]) button.append(make("span", { className: "method-words", textContent: words[name] }));
      button.addEventListener("click", () => onToggle(name));
      return { name, button, swatch };
    });
    place.replaceChildren(...this.buttons.map(({ button }) => make("span", { className: "chip" }, button)));
  }

  /**
   * @param {string[]} shown methods
   * @param {Looks} looks
   * @param {string} paper
   */
  update(shown, looks, paper) {
    for (const { name, button, swatch } of this.buttons) {
      button.setAttribute("aria-pressed", String(shown.includes(name)));
      const look = looks[name];
      if (look) drawSwatch(swatch, look, paper);
    }
  }
}
