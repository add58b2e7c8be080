// The ground of map and relief: a grid on the one scale that colours, contour lines and heights share, the share
// c(L)/c(high) with c(L) = asinh((L − low)/knee): linear near the lowest loss, logarithmic far above it.
import { decodeShorts } from "../core/arrays.js";

/** @typedef {import("./shapes.js").Range} Range */

const NOWHERE = 65535;
/** The box that a relief stands in, in its own units: across, deep, high. */
export const BOX = [1.2, 1.2, 0.6];

export class Ground {
  /**
   * @param {import("../core/contract.js").Ground} told
   * @param {Range[]} domain
   */
  constructor(told, domain) {
    this.columns = told.columns;
    this.rows = told.rows;
    this.domain = domain;
    this.told = told;
    this.whole = Math.asinh((told.high - told.low) / told.knee);
    /** share of each grid point, row after row, θ₂ outer; not-a-number in a hole of the loss */
    this.values = shares(decodeShorts(told.values.bdata));
    /** the share that heights end at */
    this.cut = this.share(told.top);
    /** @type {Float32Array | null} */
    this.lit = null;
  }

  /**
   * Where a loss lies on the scale: 0 at the lowest, 1 at the highest.
   * @param {number} loss
   */
  share(loss) {
    const { low, knee } = this.told;
    return Math.asinh((loss - low) / knee) / this.whole;
  }

  /** The brightness of each grid point, 0 to 1: by the relief's own slopes, so that map and relief are lit alike. */
  get shade() {
    this.lit ??= hillShade(this.values, this.columns, this.rows, this.cut);
    return this.lit;
  }
}

/** @param {Uint16Array} parts */
function shares(parts) {
  const values = new Float32Array(parts.length);
  for (let at = 0; at < parts.length; at += 1) values[at] = parts[at] === NOWHERE ? NaN : parts[at] / (NOWHERE - 1);
  return values;
}

const GENTLE = 0.55; // of the relief's slopes: steeper ones would all be as dark
const LIGHT = unit([-0.55, 0.6, 0.85]); // from the upper left
/** The brightness of level ground. */
export const LEVEL = LIGHT[2];

/**
 * Lambert's law, n·l, for the slopes of a grid of heights in the relief's box.
 * @param {ArrayLike<number>} values
 * @param {number} columns
 * @param {number} rows
 * @param {number} cut the height of the box; what lies above it is level
 */
export function hillShade(values, columns, rows, cut) {
  const shade = new Float32Array(columns * rows);
  const acrossScale = (GENTLE * ((BOX[2] / cut) * (columns - 1))) / BOX[0];
  const upScale = (GENTLE * ((BOX[2] / cut) * (rows - 1))) / BOX[1];
  for (let row = 0; row < rows; row += 1) {
    const below = Math.max(row - 1, 0) * columns;
    const above = Math.min(row + 1, rows - 1) * columns;
    for (let column = 0; column < columns; column += 1) {
      const left = row * columns + Math.max(column - 1, 0);
      const right = row * columns + Math.min(column + 1, columns - 1);
      const across = ((Math.min(values[right], cut) - Math.min(values[left], cut)) / (right - left)) * acrossScale;
      const rise = Math.min(values[above + column], cut) - Math.min(values[below + column], cut);
      const up = (rise / ((above - below) / columns)) * upScale;
      const light = (LIGHT[2] - across * LIGHT[0] - up * LIGHT[1]) / Math.sqrt(across * across + up * up + 1);
      shade[row * columns + column] = Math.max(light, 0);
    }
  }
  return shade;
}

/** @param {number[]} v */
function unit(v) {
  const length = Math.hypot(...v);
  return v.map((value) => value / length);
}
