// Screen or projector, controls shown or hidden: what the state says of both, and the keys that change it.
import { panelOpen } from "../core/actions.js";
import { keys } from "../core/keys.js";
import { showTheme } from "../core/scheme.js";

/**
 * What a page may have that has to be drawn anew.
 * @typedef {object} Themed
 * @property {import("../core/state.js").State} state
 * @property {import("../core/actions.js").Actions} actions
 * @property {(scheme: string) => void} [applyScheme]
 * @property {{ restyle(): void }} [pictures]
 * @property {{ show?(): void }} [shown]
 */

/** @param {Themed} page */
export function addTheme(page) {
  const { state } = page;
  const flip = (/** @type {string} */ name, /** @type {string} */ one, /** @type {string} */ other) =>
    state.set({ [name]: state.get(name) === one ? other : one }, "user");
  const projector = () => flip("theme", "projector", "screen");
  const panel = () => flip("panel", "hidden", "shown");
  const onPaper = window.matchMedia("print"); // paper is light, whatever the screen is
  const redraw = () => {
    page.applyScheme?.(onPaper.matches ? "light" : state.get("scheme"));
    page.pictures?.restyle();
    page.shown?.show?.();
    document.dispatchEvent(new CustomEvent("pothole:restyled"));
  };
  state.listen(() => {
    document.body.classList.toggle("panel-hidden", state.get("panel") === "hidden");
    for (const button of document.querySelectorAll("[data-action=toggle-controls]"))
      button.setAttribute("aria-expanded", String(panelOpen(state)));
    if (showTheme(state.get("theme") ?? "screen")) redraw();
  });
  // Where the browser has taken a canvas's memory away, as after a sleep, it gives it back empty. The event does not bubble.
  let restoring = 0;
  const restore = () => {
    cancelAnimationFrame(restoring);
    restoring = requestAnimationFrame(redraw);
  };
  document.addEventListener("contextrestored", restore, true);
  onPaper.addEventListener("change", redraw);
  page.actions.add({ projector, panel });
  const group = "The page";
  keys.add([
    { keys: ["p", "P"], shown: "P", what: "projector theme: large type, thick lines", group, run: projector },
    { keys: ["d", "D"], shown: "D", what: "dark or light", group, run: () => flip("scheme", "dark", "light") },
    { keys: ["c", "C"], shown: "C", what: "hide or show the controls", group, run: panel },
  ]);
}
