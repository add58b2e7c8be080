// Type, margins and figures at the size of the display.
import { display } from "../core/display.js";

/** @param {number} size px */
export function font(size) {
  return `${size * display.zoom}px Inter, "Segoe UI", "Helvetica Neue", Arial, sans-serif`;
}

/**
 * Margins with room for type of this size.
 * @template {object} M
 * @param {M} margin side → px
 * @returns {M}
 */
export function roomFor(margin) {
  const larger = Object.entries(margin).map(([side, room]) => [side, room * display.zoom]);
  return /** @type {M} */ (Object.fromEntries(larger));
}

/**
 * A plotly figure with type and lines of this size; itself where nothing changes.
 * @param {any} figure
 */
export function enlarged(figure) {
  if (!figure || (display.zoom === 1 && display.bold === 1)) return figure;
  const larger = structuredClone(figure);
  enlarge(larger);
  if (larger.layout.margin) larger.layout.margin = roomFor(larger.layout.margin);
  return larger;
}

/** @param {any} node of a figure */
function enlarge(node) {
  if (!node || typeof node !== "object") return;
  for (const [name, value] of Object.entries(node)) {
    if (/font$/.test(name) && value?.size) value.size *= display.zoom;
    else if (name === "line" && value?.width) value.width *= display.bold;
    else if (name === "thickness" && typeof value === "number") node[name] *= display.zoom;
    else enlarge(value);
  }
}
