// What buttons do. A button says its action in data-action, with a value in data-value where there is one; a page has one
// table of actions, to which its parts add theirs.
import { copyLink } from "./link.js";

/** @typedef {(value: any, button?: HTMLElement) => unknown} Action */
/** @typedef {Record<string, Action>} ActionTable */

export class Actions {
  /** @param {ActionTable} table */
  constructor(table) {
    this.table = { ...table };
    document.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
      if (button instanceof HTMLElement) this.do(button.dataset.action ?? "", button.dataset.value, button);
    });
  }

  /** @param {ActionTable} table */
  add(table) {
    Object.assign(this.table, table);
  }

  /**
   * @param {string} action
   * @param {string} [value]
   * @param {HTMLElement} [button]
   */
  do(action, value, button) {
    this.table[action]?.(value, button);
  }
}

const narrow = () => window.matchMedia("(max-width: 820px)").matches; // as in lab.css

/**
 * Whether the panel of controls is on the screen.
 * @param {import("./state.js").State} state
 */
export const panelOpen = (state) => (narrow() ? document.body.classList.contains("controls-open") : state.values.panel !== "hidden");

/**
 * The tools at the right of every header.
 * @param {import("./state.js").State} state
 * @returns {ActionTable}
 */
export function headerActions(state) {
  return {
    "toggle-scheme": () => state.set({ scheme: state.values.scheme === "dark" ? "light" : "dark" }, "user"),
    "toggle-controls": () => {
      // On a phone the panel is a sheet over the page, and closed where nobody opened it.
      if (narrow()) document.body.classList.toggle("controls-open");
      else state.set({ panel: state.values.panel === "hidden" ? "shown" : "hidden" }, "user");
      for (const button of document.querySelectorAll("[data-action=toggle-controls]"))
        button.setAttribute("aria-expanded", String(panelOpen(state)));
    },
    "copy-link": (_, button) => copyLink(state, button),
  };
}
