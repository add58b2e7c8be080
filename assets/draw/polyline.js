// A path in pixels, thinned: points closer than half a pixel to the last kept one add nothing to see.
import { dashOf } from "./markers.js";

/** @typedef {import("./shapes.js").Frame} Frame */

const NEAR = 0.5;
const FAR = 20000; // beyond any screen: keeps huge coordinates of diverged paths out of the canvas

// project(index, out) writes the pixel of step `index` into out[0], out[1]. within: [x, y, w, h], beyond which a
// diverging path is drawn no more: it would fill the picture with its swings.
export class Polyline {
  /**
   * @param {number} count
   * @param {import("./shapes.js").Project} project
   * @param {Frame | null} [within]
   */
  constructor(count, project, within = null) {
    this.steps = new Int32Array(count);
    this.x = new Float32Array(count);
    this.y = new Float32Array(count);
    this.length = new Float32Array(count);
    /** @type {Uint8Array | null} 1 where a surface hides the point */
    this.hidden = null;
    this.size = 0;
    const out = [0, 0];
    let total = 0;
    for (let index = 0; index < count; index += 1) {
      project(index, out);
      if (!Number.isFinite(out[0]) || !Number.isFinite(out[1])) break;
      const x = Math.min(Math.max(out[0], -FAR), FAR);
      const y = Math.min(Math.max(out[1], -FAR), FAR);
      /** @type {number} */
      const n = this.size;
      if (n) {
        const step = Math.hypot(x - this.x[n - 1], y - this.y[n - 1]);
        if (step < NEAR && index < count - 1) continue;
        total += step;
      }
      this.steps[n] = index;
      this.x[n] = x;
      this.y[n] = y;
      this.length[n] = total;
      this.size = n + 1;
      if (within && !inside(within, x, y)) break;
    }
  }

  /**
   * Index of the last kept point at or before a step.
   * @param {number} step
   */
  at(step) {
    let low = 0;
    let high = this.size - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.steps[middle] <= step) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * Add the points first … last to the context's current path.
   * @param {CanvasRenderingContext2D} context
   * @param {number} first
   * @param {number} last
   */
  trace(context, first, last) {
    context.moveTo(this.x[first], this.y[first]);
    for (let i = first + 1; i <= last; i += 1) context.lineTo(this.x[i], this.y[i]);
  }
}

/**
 * @param {Frame} frame
 * @param {number} x
 * @param {number} y
 */
function inside([left, top, width, height], x, y) {
  return x >= left && x <= left + width && y >= top && y <= top + height;
}

/**
 * Where a line first leaves a box: the crossing, or null where it stays inside.
 * @param {Polyline} line
 * @param {Frame} frame
 */
export function leaves(line, [left, top, width, height]) {
  for (let i = 1; i < line.size; i += 1) {
    if (inside([left, top, width, height], line.x[i], line.y[i])) continue;
    const [dx, dy] = [line.x[i] - line.x[i - 1], line.y[i] - line.y[i - 1]];
    const parts = [];
    if (dx) parts.push(((dx > 0 ? left + width : left) - line.x[i - 1]) / dx);
    if (dy) parts.push(((dy > 0 ? top + height : top) - line.y[i - 1]) / dy);
    const part = Math.min(1, ...parts.filter((v) => v >= 0));
    return { x: line.x[i - 1] + part * dx, y: line.y[i - 1] + part * dy, step: line.steps[i] };
  }
  return null;
}

/**
 * Stroke the kept points first … last of a line in a method's look; hidden(i) dims single segments.
 * @param {CanvasRenderingContext2D} context
 * @param {Polyline} line
 * @param {{ colour: string, width: number, dash: string }} look
 * @param {number} first
 * @param {number} last
 * @param {number} [alpha]
 */
export function strokePolyline(context, line, look, first, last, alpha = 1) {
  if (last <= first) return;
  const dash = dashOf(look);
  context.globalAlpha = alpha;
  context.strokeStyle = look.colour;
  context.lineWidth = look.width;
  context.lineJoin = "round";
  context.setLineDash(dash);
  context.lineDashOffset = dash.length ? line.length[first] : 0;
  context.beginPath();
  line.trace(context, first, last);
  context.stroke();
  context.globalAlpha = 1;
}
