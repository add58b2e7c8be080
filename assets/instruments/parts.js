// What instruments are put together from: figures, places of tables, keys and scales.
import { make } from "../core/dom.js";
import { sequentialGradient } from "./palette.js";

/**
 * A picture under its title.
 * @param {Node | string} title
 * @param {HTMLElement} stack
 * @param {...HTMLElement} below
 */
export function makeFigure(title, stack, ...below) {
  return make("figure", { className: "chart" }, make("figcaption", {}, title), stack, ...below);
}

/** A place for a table that may be wider than the page. */
export function makeTablePlace() {
  return make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Table" });
}

/**
 * A swatch with what it stands for.
 * @param {string} className of the swatch
 * @param {string} words
 * @param {string} [colour] of the swatch, where its class does not say
 */
export function makeKey(className, words, colour) {
  const swatch = make("span", { className });
  if (colour) swatch.style.background = colour;
  return make("span", { className: "method-name" }, swatch, words);
}

/**
 * The colours of the maps, with what their ends stand for.
 * @param {string} low
 * @param {string} high
 */
export function makeScale(low, high) {
  const bar = make("span", { className: "scale-bar" });
  bar.style.background = sequentialGradient();
  return make("span", { className: "method-name" }, low, bar, high);
}

/** @param {string} textContent */
export function makeSign(textContent) {
  return make("span", { className: "sign", textContent });
}
