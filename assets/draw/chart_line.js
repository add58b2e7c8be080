// A line of a chart. Of many points in one pixel column the first, the lowest, the highest and the last are drawn:
// nothing is smoothed. Where a value is missing there is a gap.
import { dashOf } from "./markers.js";

/** @typedef {import("../core/contract.js").Look} Look */

const BAND = 0.16; // opacity
const FAR = 20000; // px, beyond any screen: keeps huge values out of the canvas

/**
 * @typedef {object} Series
 * @property {string} [name] a method's
 * @property {ArrayLike<number> | null} x ascending; null: the place in the list
 * @property {ArrayLike<number | null>} y a gap where it is null or no number
 * @property {number} [count] how many points there are; all where it is not given
 * @property {Look} look
 * @property {(index: number) => string} [note] what stands behind a value where it is read out
 * @property {boolean} [line] false: points only
 * @property {boolean} [points] a marker at every point
 * @property {{ low: ArrayLike<number | null>, high: ArrayLike<number | null> }} [band] around the line, of y's places
 * @property {boolean} [beyond] it may leave the frame: its values have no say in the axis' range
 * @property {boolean} [beneath] drawn before those that are not
 */

/**
 * @param {Series} series
 * @param {(value: number) => number} toX px
 * @param {(value: number) => number} toY px; NaN where a value has no place
 * @param {(x: number, y: number, first: boolean) => void} draw a point of the line; first: it begins a piece
 */
export function traceSeries({ x, y, count = y.length }, toX, toY, draw) {
  let [column, low, high, last] = [0, 0, 0, 0];
  let down = false;
  const flush = () => {
    if (low !== high) {
      draw(column, low, false);
      draw(column, high, false);
    }
    draw(column, last, false);
  };
  for (let i = 0; i < count; i += 1) {
    const value = y[i];
    const height = value === null || value === undefined ? NaN : Math.min(Math.max(toY(value), -FAR), FAR);
    if (!Number.isFinite(height)) {
      if (down) flush();
      down = false;
      continue;
    }
    const at = Math.round(toX(x ? Number(x[i]) : i) * 2) / 2;
    if (!down || at !== column) {
      if (down) flush();
      draw(at, height, !down);
      [column, low, high] = [at, height, height];
      down = true;
    }
    low = Math.min(low, height);
    high = Math.max(high, height);
    last = height;
  }
  if (down) flush();
}

/**
 * The band around a line, between its first and its last place where both ends are known.
 * @param {CanvasRenderingContext2D} context
 * @param {Series} series
 * @param {(value: number) => number} toX
 * @param {(value: number) => number} toY
 */
export function fillBand(context, { x, y, band, count = y.length, look }, toX, toY) {
  if (!band) return;
  const known = Array.from({ length: count }, (_, i) => i).filter(
    (i) => typeof band.low[i] === "number" && typeof band.high[i] === "number",
  );
  const corner = (/** @type {ArrayLike<number | null>} */ ends) => (/** @type {number} */ i) => {
    const height = toY(Number(ends[i]));
    // A logarithmic axis has no place for what is not above zero: far below.
    context.lineTo(toX(x ? Number(x[i]) : i), Number.isFinite(height) ? Math.min(Math.max(height, -FAR), FAR) : FAR);
  };
  context.fillStyle = look.colour;
  context.globalAlpha = BAND;
  context.beginPath();
  known.forEach(corner(band.low));
  known.reverse().forEach(corner(band.high));
  context.fill();
  context.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Series} series
 * @param {number} width px
 * @param {(value: number) => number} toX
 * @param {(value: number) => number} toY
 */
export function strokeSeries(context, series, width, toX, toY) {
  context.strokeStyle = series.look.colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.setLineDash(dashOf(series.look));
  context.beginPath();
  traceSeries(series, toX, toY, (x, y, first) => (first ? context.moveTo(x, y) : context.lineTo(x, y)));
  context.stroke();
}
