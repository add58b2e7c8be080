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

/**
 * The tools at the right of every header.
 * @param {import("./state.js").State} state
 * @returns {ActionTable}
 */
export function headerActions(state) {
  return {
    "toggle-scheme": () => state.set({ scheme: state.values.scheme === "dark" ? "light" : "dark" }, "user"),
    "toggle-controls": (_, button) => {
      const open = document.body.classList.toggle("controls-open");
      button?.setAttribute("aria-expanded", String(open));
    },
    "copy-link": (_, button) => copyLink(state.values, button),
  };
}
