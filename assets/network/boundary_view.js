// The borders between the classes in the plane of the data, one line for each method, among the training examples.
import { decode, decodeShorts } from "../core/arrays.js";
import { by } from "../core/dom.js";
import { contourSegments } from "../draw/contours.js";
import { Layer } from "../draw/layer.js";
import { dashOf } from "../draw/markers.js";

/** @typedef {import("../core/contract.js").KeptResult} KeptResult */
/** @typedef {import("./curves.js").TrainingCurves} TrainingCurves */

const WHOLE = 65534; // what stands for 1
const DOT = 1.8; // px
const WIDTH = 2.2; // px
const SHAPES = ["dot", "ring", "cross"]; // of the classes, in turn: no colour, which is the methods'

/**
 * The newest borders of a method up to a row.
 * @param {TrainingCurves} curves
 * @param {string} name
 * @param {number} index of the row
 */
export function newestBoundary({ rows }, name, index) {
  for (let k = Math.min(index, rows.length - 1); k >= 0; k -= 1) {
    const found = rows[k].methods[name]?.boundary;
    if (found) return found;
  }
  return [];
}

export class BoundaryView {
  constructor() {
    this.stack = by("boundary-stack");
    this.figure = by("boundary-picture");
    this.layer = new Layer(this.stack);
    /** @type {KeptResult | null} whose examples are decoded */
    this.facts = null;
    /** @type {Float32Array} */
    this.places = new Float32Array();
    /** @type {(() => void) | null} */
    this.again = null;
    new ResizeObserver(() => this.again?.()).observe(this.stack);
  }

  /**
   * @param {import("./run.js").LiveRun | null} run
   * @param {string[]} names
   * @param {import("../core/scheme.js").Looks} looks
   * @param {import("../core/scheme.js").Colours} colours
   * @param {number} step index of a row
   */
  draw(run, names, looks, colours, step) {
    const facts = run?.boundaryFacts ?? null;
    this.again = () => this.draw(run, names, looks, colours, step);
    if (facts !== this.facts) this.places = decode(facts?.places) ?? new Float32Array();
    this.facts = facts;
    this.figure.hidden = !facts;
    if (!run || !facts?.ranges || !this.stack.clientWidth) return;
    const at = run.curves.rows[Math.min(step, run.curves.rows.length - 1)]?.position ?? 0;
    this.stack.setAttribute("aria-label", `Decision boundary in the plane of the data at step ${at}: ${names.join("; ")}.`);
    this.layer.fit();
    this.layer.clear();
    const { context, width, height } = this.layer;
    const [[x0, x1], [y0, y1]] = facts.ranges;
    context.strokeStyle = context.fillStyle = colours.quiet;
    context.lineWidth = 1;
    context.setLineDash([]);
    facts.classes?.forEach((one, k) => {
      const [x, y] = [this.places[2 * k], this.places[2 * k + 1]];
      dot(context, SHAPES[one % SHAPES.length], ((x - x0) / (x1 - x0)) * width, (1 - (y - y0) / (y1 - y0)) * height);
    });
    for (const name of names) {
      context.strokeStyle = looks[name].colour;
      context.lineWidth = WIDTH;
      context.setLineDash(dashOf(looks[name]));
      context.beginPath();
      for (const { bdata, shape } of newestBoundary(run.curves, name, step)) {
        const cells = Number(shape.split(",")[0]) - 1;
        const segments = contourSegments(decodeShorts(bdata), cells + 1, cells + 1, WHOLE / 2);
        for (let i = 0; i < segments.length; i += 4) {
          context.moveTo((segments[i] / cells) * width, (1 - segments[i + 1] / cells) * height);
          context.lineTo((segments[i + 2] / cells) * width, (1 - segments[i + 3] / cells) * height);
        }
      }
      context.stroke();
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} shape
 * @param {number} x
 * @param {number} y
 */
function dot(context, shape, x, y) {
  context.beginPath();
  if (shape === "cross") {
    context.moveTo(x - DOT, y - DOT);
    context.lineTo(x + DOT, y + DOT);
    context.moveTo(x - DOT, y + DOT);
    context.lineTo(x + DOT, y - DOT);
    context.stroke();
    return;
  }
  context.arc(x, y, DOT, 0, 2 * Math.PI);
  if (shape === "ring") context.stroke();
  else context.fill();
}
