// Type and margins at the size of the display.
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
