// The anatomy of a step on a curve: above the loss with θ, the probe point and the next θ on it; below one row for each
// vector, along the same axis, because on a line they would cover each other.
import { drawArrow, drawLabel, drawNames } from "./arrows.js";

/** @typedef {import("./anatomy_view.js").AnatomyDrawing} Drawing */

const CURVE_PART = 0.42; // of the height
const ROW = 26;

/**
 * @param {Drawing} drawing
 * @param {CanvasRenderingContext2D} context
 * @param {number} width
 * @param {number} height
 */
export function drawAnatomyLine(drawing, context, width, height) {
  const { data, colours, pxPer, places, losses } = drawing;
  const x = (/** @type {number} */ offset) => width / 2 + offset * pxPer;
  const [top, bottom] = [26, height * CURVE_PART];
  const span = data.patch.high - data.patch.low || 1;
  const y = (/** @type {number} */ loss) => bottom - ((loss - data.patch.low) / span) * (bottom - top);
  context.strokeStyle = colours.quiet;
  context.lineWidth = 2;
  context.setLineDash([]);
  context.beginPath();
  losses.forEach((loss, k) => context.lineTo((k / (losses.length - 1)) * width, y(loss)));
  context.stroke();
  const lossAt = (/** @type {number} */ offset) => {
    const place = ((offset / data.half + 1) / 2) * (losses.length - 1);
    return losses[Math.min(Math.max(Math.round(place), 0), losses.length - 1)] ?? NaN;
  };
  /** @type {(offset: number, label: string, colour: string, hollow: boolean) => void} */
  const dot = (offset, label, colour, hollow) => {
    const [px, py] = [x(offset), y(lossAt(offset))];
    context.beginPath();
    context.arc(px, py, 5, 0, 2 * Math.PI);
    context.fillStyle = hollow ? colours.paper : colour;
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.stroke();
    drawLabel(context, label, [px, py], [0, -1], colour, colours, places, false);
  };
  /** @type {(offset: number, until: number) => void} */
  const guide = (offset, until) => {
    context.strokeStyle = colours.grid;
    context.lineWidth = 1;
    context.setLineDash([2, 3]);
    context.beginPath();
    context.moveTo(x(offset), y(lossAt(offset)));
    context.lineTo(x(offset), until);
    context.stroke();
    context.setLineDash([]);
  };
  let row = bottom + ROW;
  guide(0, height - 60);
  if (drawing.shows("probe") && data.probing && data.offset) guide(data.offset[0], height - 60);
  if (drawing.shows("ball") && data.radius > 0) {
    const ball = data.probing ? "ρ-ball" : "ρ-ball (not used)";
    row = bracket(drawing, context, x, row, data.radius, drawing.colour("ball"), ball);
    if (data.image) row = bracket(drawing, context, x, row, Math.abs(data.image[0][0]), drawing.colour("image"), "U · ball");
    if (data.metric) row = bracket(drawing, context, x, row, Math.abs(data.metric[0][0]), drawing.colour("image"), "εU⁻¹ε = ρ²");
  }
  for (const { key, stage, from, by, label } of drawing.arrows()) {
    /** @type {import("./arrows.js").Arrow} */
    const arrow = { from: [x(from[0]), row], by: [by[0] * pxPer, 0], colour: drawing.colour(key), label, strong: drawing.newest(stage) };
    drawNames(context, [drawArrow(context, arrow, colours)], colours, places);
    row += ROW;
  }
  dot(0, "θ", colours.ink, false);
  if (drawing.shows("probe") && data.probing && data.offset) dot(data.offset[0], "θ+ε", drawing.colour("probe"), true);
  if (drawing.shows("step") && data.arrived && data.displacement) dot(data.displacement[0], "next θ", colours.ink, true);
}

/**
 * An interval around θ, as a bracket. Returns where the next row stands.
 * @param {Drawing} drawing
 * @param {CanvasRenderingContext2D} context
 * @param {(offset: number) => number} x
 * @param {number} row px
 * @param {number} reach in θ
 * @param {string} colour
 * @param {string} label
 */
function bracket({ colours, places, newest }, context, x, row, reach, colour, label) {
  const strong = newest("ball");
  context.strokeStyle = colour;
  context.lineWidth = strong ? 2.6 : 1.7;
  context.beginPath();
  for (const side of [-reach, reach]) {
    context.moveTo(x(side), row - 6);
    context.lineTo(x(side), row + 6);
  }
  context.moveTo(x(-reach), row);
  context.lineTo(x(reach), row);
  context.stroke();
  drawLabel(context, label, [x(reach), row], [1, 0], colour, colours, places, strong);
  return row + ROW;
}
