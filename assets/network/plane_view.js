// The live picture: paths of all methods projected onto the run's plane, over the loss on it as far as that is known.
import { decode } from "../core/arrays.js";
import { formatNumber, ticks } from "../core/format.js";
import { contourSegments } from "../draw/contours.js";
import { font, roomFor } from "../draw/ink.js";
import { Layer } from "../draw/layer.js";
import { PathView } from "../draw/paths.js";
import { gridPicture } from "../draw/grid_picture.js";

/** @typedef {import("../core/scheme.js").Colours} Colours */
/** @typedef {import("../core/contract.js").GroundRow} GroundRow */
/** @typedef {import("../core/contract.js").MapColours} MapColours */
/** @typedef {import("../draw/shapes.js").Context} Context */
/** @typedef {import("../draw/shapes.js").PathEntry} PathEntry */
/** @typedef {import("../draw/shapes.js").Range} Range */
/** @typedef {Omit<GroundRow, "losses"> & { losses: Float32Array, points: number }} PlaneSurface */
/** @typedef {{ scheme: string, values: Float32Array, image: HTMLCanvasElement }} SurfacePicture */

const MARGIN = { left: 48, right: 12, top: 8, bottom: 38 };
const LEVELS = 18;
const AIR = 0.25; // of the paths' extent, around them
/** @type {Range[]} */
const UNIT = [
  [-1, 1],
  [-1, 1],
];

export class PlaneView {
  /**
   * @param {HTMLElement} stack
   * @param {Record<string, MapColours>} schemes
   */
  constructor(stack, schemes) {
    this.schemes = schemes;
    this.scheme = "light";
    /** @type {Colours | null} */
    this.colours = null;
    this.stack = stack;
    this.ground = new Layer(stack);
    /** @type {PathEntry[]} */
    this.entries = [];
    this.bounds = UNIT;
    /** @type {PlaneSurface | null} */
    this.surface = null;
    /** @type {SurfacePicture | null} of the surface, once it is drawn */
    this.picture = null;
    this.labels = ["", ""];
    const view = this;
    this.paths = new PathView(stack, {
      ready: () => view.stack.clientWidth > 0,
      box: () => view.box(),
      point: (entry) => view.projection(entry.positions),
    });
    new ResizeObserver(() => this.draw()).observe(stack);
  }

  /**
   * @param {Colours} colours
   * @param {string} scheme
   */
  setColours(colours, scheme) {
    this.colours = colours;
    this.scheme = scheme;
    this.paths.colours = colours;
    this.draw();
  }

  /**
   * The piece of the plane that holds these points with some air around them: a square whose size is a power of two,
   * on a grid of half its size, so that it stays as it is for a while, and is the same for all who watch.
   * @param {number[][]} points
   * @param {Range[] | null} [now] the piece that is shown
   * @returns {Range[]}
   */
  static around(points, now = null) {
    if (!points.length) return now ?? UNIT;
    const [low, high] = [
      [Infinity, Infinity],
      [-Infinity, -Infinity],
    ];
    for (const point of points) {
      for (const axis of [0, 1]) {
        low[axis] = Math.min(low[axis], point[axis]);
        high[axis] = Math.max(high[axis], point[axis]);
      }
    }
    const extent = Math.max(high[0] - low[0], high[1] - low[1], 1e-4);
    const inside = now?.every(([from, to], axis) => low[axis] >= from && high[axis] <= to);
    if (now && inside && extent * (1 + 2 * AIR) >= (now[0][1] - now[0][0]) / 4) return now;
    const size = 2 ** Math.ceil(Math.log2(extent * (1 + 2 * AIR)));
    return low.map((from, axis) => {
      const middle = (Math.round((from + high[axis]) / 2 / (size / 4)) * size) / 4;
      return [middle - size / 2, middle + size / 2];
    });
  }

  /** @param {GroundRow | null} surface */
  setSurface(surface) {
    this.surface = surface && { ...surface, losses: decode(surface.losses), points: Number(surface.losses.shape.split(",")[0]) };
    this.picture = null;
    this.draw();
  }

  /**
   * Draw these paths, and the plane below them as its bounds, labels and surface are now.
   * @param {PathEntry[]} entries
   * @param {number} step
   */
  setPaths(entries, step) {
    this.entries = this.paths.entries = entries;
    this.paths.step = step;
    this.draw();
  }

  /** @param {number} step */
  setStep(step) {
    this.paths.setStep(step);
  }

  /**
   * Pixel box of the plane: a square, in the middle.
   * @returns {import("../draw/shapes.js").Frame}
   */
  box() {
    const margin = roomFor(MARGIN);
    const width = this.stack.clientWidth - margin.left - margin.right;
    const height = this.stack.clientHeight - margin.top - margin.bottom;
    const side = Math.max(Math.min(width, height), 1);
    return [margin.left + (width - side) / 2, margin.top + (height - side) / 2, side, side];
  }

  /**
   * @param {Float32Array} positions x and y in turn
   * @returns {import("../draw/shapes.js").Project}
   */
  projection(positions) {
    const [left, top, width, height] = this.box();
    const [[x0, x1], [y0, y1]] = this.bounds;
    return (index, out) => {
      out[0] = left + ((positions[2 * index] - x0) / (x1 - x0)) * width;
      out[1] = top + (1 - (positions[2 * index + 1] - y0) / (y1 - y0)) * height;
    };
  }

  draw() {
    if (!this.colours || !this.stack.clientWidth) return;
    this.ground.fit();
    this.ground.clear();
    const { context } = this.ground;
    const [left, top, width, height] = this.box();
    if (this.surface) {
      context.save();
      context.beginPath();
      context.rect(left, top, width, height);
      context.clip();
      this.#surface(context, this.surface);
      context.restore();
    }
    this.#axes(context, this.colours);
    this.paths.rebuild();
  }

  /**
   * @param {Context} context
   * @param {PlaneSurface} surface
   */
  #surface(context, { losses, points, x, y }) {
    const { stops, line } = this.schemes[this.scheme];
    const range = colourRange(losses);
    if (this.picture?.scheme !== this.scheme) {
      const shades = Float32Array.from(losses, range.colour);
      this.picture = { scheme: this.scheme, values: shades, image: gridPicture(shades, points, points, 0, range.top, stops) };
    }
    const { values, image } = this.picture;
    const project = this.projection(Float32Array.of(x[0], y[0], x[1], y[1]));
    const [from, to] = [
      [0, 0],
      [0, 0],
    ];
    project(0, from);
    project(1, to);
    // A grid point is the middle of its pixel: the image reaches half a cell beyond the outermost ones.
    const cell = (to[0] - from[0]) / (points - 1);
    context.imageSmoothingEnabled = true;
    context.drawImage(image, from[0] - cell / 2, to[1] - cell / 2, to[0] - from[0] + cell, from[1] - to[1] + cell);
    context.strokeStyle = line;
    context.lineWidth = 0.7;
    context.setLineDash([]);
    context.beginPath();
    for (let k = 1; k < LEVELS; k += 1) {
      const segments = contourSegments(values, points, points, (k * range.top) / LEVELS);
      for (let i = 0; i < segments.length; i += 4) {
        context.moveTo(from[0] + segments[i] * cell, from[1] - segments[i + 1] * cell);
        context.lineTo(from[0] + segments[i + 2] * cell, from[1] - segments[i + 3] * cell);
      }
    }
    context.stroke();
  }

  /**
   * @param {Context} context
   * @param {Colours} colours
   */
  #axes(context, { quiet, grid }) {
    const [left, top, width, height] = this.box();
    const [[x0, x1], [y0, y1]] = this.bounds;
    context.font = font(11);
    context.fillStyle = quiet;
    context.strokeStyle = grid;
    context.lineWidth = 1;
    context.setLineDash([]);
    context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const value of ticks(x0, x1, 5)) {
      context.fillText(formatNumber(Math.abs(value) < 1e-9 ? 0 : value), left + ((value - x0) / (x1 - x0)) * width, top + height + 5);
    }
    writeWithin(context, this.labels[0], left + width / 2, top + height + 21, width);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of ticks(y0, y1, 5)) {
      context.fillText(formatNumber(Math.abs(value) < 1e-9 ? 0 : value), left - 6, top + (1 - (value - y0) / (y1 - y0)) * height);
    }
    context.save();
    context.translate(left - 38, top + height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.textBaseline = "middle";
    writeWithin(context, this.labels[1], 0, 0, height);
    context.restore();
  }
}

/**
 * An axis's words, as many as have room: "…, 97.1 % of the variance of SGDM's first 60 steps" stands under a large picture.
 * @param {Context} context
 * @param {string} label
 * @param {number} x
 * @param {number} y
 * @param {number} room
 */
function writeWithin(context, label, x, y, room) {
  const fits = context.measureText(label).width <= room;
  context.fillText(fits ? label : label.replace(/ of the variance.*$/, ""), x, y, room);
}

/**
 * The map from loss to colour of the toy lab's pictures: c(L) = asinh((L − low) / knee), linear near the lowest loss
 * and logarithmic far above it; the knee is the 15 % quantile above the lowest.
 * @param {ArrayLike<number>} losses
 */
function colourRange(losses) {
  const sorted = Float64Array.from(losses).filter(Number.isFinite).sort();
  const [low, high] = [sorted[0] ?? 0, sorted[sorted.length - 1] ?? 1];
  const span = high - low || 1;
  const knee = Math.max(sorted[Math.floor(0.15 * (sorted.length - 1))] - low, 1e-4 * span) || 1;
  return { low, high, knee, colour: (/** @type {number} */ loss) => Math.asinh((loss - low) / knee), top: Math.asinh(span / knee) };
}
