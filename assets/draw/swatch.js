// A method's line and marker, small, beside its name.
import { make } from "../core/dom.js";
import { contextOf } from "./layer.js";
import { dashOf, drawMarker } from "./markers.js";

/** @typedef {import("../core/contract.js").Look} Look */

const [WIDTH, HEIGHT] = [34, 16]; // px

/**
 * The look of a line that is no method's.
 * @param {string} colour
 * @param {number} width px
 * @param {string} dash
 * @returns {Look}
 */
export const plainLook = (colour, width, dash) => ({ colour, colour_on_dark: colour, width, dash, marker: "" });

/** A swatch that is drawn later, when the looks have come: of its size from the first moment. */
export const makePlainSwatch = () => make("canvas", { width: WIDTH, height: HEIGHT, "aria-hidden": "true" });

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Look} look
 * @param {string} paper the ground's colour
 */
export function drawSwatch(canvas, look, paper) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = WIDTH * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${WIDTH}px`;
  canvas.style.height = `${HEIGHT}px`;
  const context = contextOf(canvas);
  context.scale(ratio, ratio);
  context.strokeStyle = look.colour;
  context.lineWidth = look.width;
  context.setLineDash(dashOf(look));
  context.beginPath();
  context.moveTo(1, HEIGHT / 2);
  context.lineTo(WIDTH - 1, HEIGHT / 2);
  context.stroke();
  drawMarker(context, look, WIDTH / 2, HEIGHT / 2, 5, paper);
}

/**
 * @param {Look} look
 * @param {string} paper
 */
export function makeSwatch(look, paper) {
  const canvas = makePlainSwatch();
  drawSwatch(canvas, look, paper);
  return canvas;
}

/**
 * @param {string} name
 * @param {Look} look
 * @param {string} paper
 */
export function methodName(name, look, paper) {
  return make("span", { className: "method-name" }, makeSwatch(look, paper), name);
}

/**
 * A piece of a line, as in a chart's key.
 * @param {Look} look
 * @param {number} [long] px
 */
export function makeLineSwatch(look, long = 28) {
  const canvas = make("canvas", { width: 2 * long, height: 16, className: "line-swatch", "aria-hidden": "true" });
  const context = contextOf(canvas);
  context.scale(2, 2);
  context.strokeStyle = look.colour;
  context.lineWidth = Math.min(look.width, 3);
  context.setLineDash(dashOf(look));
  context.beginPath();
  context.moveTo(0, 4);
  context.lineTo(long, 4);
  context.stroke();
  return canvas;
}

/**
 * Swatches wherever the page's words have left a place for one, in the colours of today's scheme.
 * @param {Record<string, Look>} looks
 * @param {string} paper the ground's colour
 */
export function fillSwatches(looks, paper) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-swatch]"))) {
    const look = looks[place.dataset.swatch ?? ""];
    if (look) place.replaceChildren(makeSwatch(look, paper));
  }
}
