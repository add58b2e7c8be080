// Markers: one shape per method, so that colour is never the only sign.
import { display } from "../core/display.js";

/** @typedef {import("../core/contract.js").Look} Look */

const HAIR = 5; // px of a cross hair

/** @type {Record<string, [number, number][]>} */
const corners = {
  square: [
    [-0.85, -0.85],
    [0.85, -0.85],
    [0.85, 0.85],
    [-0.85, 0.85],
  ],
  triangle: [
    [0, -1.15],
    [1.05, 0.75],
    [-1.05, 0.75],
  ],
  wedge: [
    [0, 1.15],
    [1.05, -0.75],
    [-1.05, -0.75],
  ],
  diamond: [
    [0, -1.25],
    [1.1, 0],
    [0, 1.25],
    [-1.1, 0],
  ],
  hexagon: [
    [1, 0],
    [0.5, 0.87],
    [-0.5, 0.87],
    [-1, 0],
    [-0.5, -0.87],
    [0.5, -0.87],
  ],
  cross: [
    [-0.4, -1.1],
    [0.4, -1.1],
    [0.4, -0.4],
    [1.1, -0.4],
    [1.1, 0.4],
    [0.4, 0.4],
    [0.4, 1.1],
    [-0.4, 1.1],
    [-0.4, 0.4],
    [-1.1, 0.4],
    [-1.1, -0.4],
    [-0.4, -0.4],
  ],
  saltire: [
    [0, -0.5],
    [0.6, -1.1],
    [1.1, -0.6],
    [0.5, 0],
    [1.1, 0.6],
    [0.6, 1.1],
    [0, 0.5],
    [-0.6, 1.1],
    [-1.1, 0.6],
    [-0.5, 0],
    [-1.1, -0.6],
    [-0.6, -1.1],
  ],
  pentagon: [
    [0, -1.1],
    [1.05, -0.34],
    [0.65, 0.89],
    [-0.65, 0.89],
    [-1.05, -0.34],
  ],
  star: [
    [0, -1.3],
    [0.33, -0.46],
    [1.24, -0.4],
    [0.54, 0.18],
    [0.76, 1.05],
    [0, 0.57],
    [-0.76, 1.05],
    [-0.54, 0.18],
    [-1.24, -0.4],
    [-0.33, -0.46],
  ],
};

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string | undefined} shape
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
export function traceMarker(context, shape, x, y, size) {
  context.beginPath();
  const found = corners[shape ?? "circle"];
  if (!found) {
    context.arc(x, y, size, 0, 2 * Math.PI);
    return;
  }
  found.forEach(([dx, dy], index) => {
    if (index) context.lineTo(x + dx * size, y + dy * size);
    else context.moveTo(x + dx * size, y + dy * size);
  });
  context.closePath();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Look} look
 * @param {number} x
 * @param {number} y
 * @param {number} size
 * @param {string} paper
 */
export function drawMarker(context, look, x, y, size, paper) {
  traceMarker(context, look.marker, x, y, size);
  context.setLineDash([]);
  context.fillStyle = look.colour;
  context.fill();
  context.lineWidth = 1.5 * display.bold;
  context.strokeStyle = paper;
  context.stroke();
}

/**
 * The path of a ring with cross hairs around a place.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} radius px
 */
export function traceRing(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ]) {
    context.moveTo(x + radius * dx, y + radius * dy);
    context.lineTo(x + (radius + HAIR) * dx, y + (radius + HAIR) * dy);
  }
}

/**
 * The probe point: a hollow marker at the end of a thin line from the walker.
 * @param {CanvasRenderingContext2D} context
 * @param {Look} look
 * @param {number} fromX
 * @param {number} fromY
 * @param {number} x
 * @param {number} y
 * @param {string} ink
 */
export function drawProbe(context, look, fromX, fromY, x, y, ink) {
  context.setLineDash([]);
  context.strokeStyle = ink;
  context.lineWidth = display.bold;
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(x, y);
  context.stroke();
  traceMarker(context, look.marker, x, y, 4 * display.bold);
  context.lineWidth = 1.8 * display.bold;
  context.strokeStyle = look.colour;
  context.stroke();
}

/** @param {{ dash?: string }} look */
export const dashOf = (look) => (look.dash ? look.dash.split(" ").map(Number) : []);
