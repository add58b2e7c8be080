// The 2-D map: the ground with its axes, paths over it, a start that can be dragged or moved by keys. For a 1-D surface it
// is the curve of the loss, and a walker stands on it at (θ, L(θ)).
import { decode } from "../core/arrays.js";
import { display } from "../core/display.js";
import { keys } from "../core/keys.js";
import { drawAxes, drawScale, SIMILAR } from "./axes.js";
import { Ground } from "./ground.js";
import { litPalette, paintGround } from "./ground_picture.js";
import { roomFor } from "./ink.js";
import { contextOf, Layer } from "./layer.js";
import { traceRing } from "./markers.js";
import { PathView } from "./paths.js";

/** @typedef {import("./shapes.js").Point} Point */
/** @typedef {import("./shapes.js").Context} Context */
/** @typedef {import("./shapes.js").Range} Range */
/** @typedef {import("./axes.js").Axes} Axes */
/** @typedef {import("../core/contract.js").GroundLook} GroundLook */
/** @typedef {{ x: Float32Array, losses: Float32Array, ticks: number[], labels: string[], range: Range }} Curve range: of the axis upwards */
/** @typedef {{ ground?: import("../core/contract.js").Ground | null, curve?: import("../core/contract.js").Curve | null, domain: Range[] }} Surface what a map shows of one */

const FINGER = 28; // px around the start that count as touching it
const MARGIN = { left: 46, right: 62, top: 24, bottom: 40 };
const BARE = { left: 6, right: 6, top: 6, bottom: 6 };
const CURVE_RIGHT = 16; // px where there is no scale of colours
const CURVE_AIR = 0.06; // of the curve's range, above and below it

export class MapView {
  /**
   * @param {HTMLElement} stack
   * @param {object} [options]
   * @param {((place: number[]) => void) | null} [options.onStart] null where nothing is moved by hand
   * @param {boolean} [options.bare] without axes
   */
  constructor(stack, { onStart = null, bare = false } = {}) {
    this.stack = stack;
    this.bare = bare;
    /** @type {Ground | null} */
    this.ground = null;
    /** @type {Curve | null} of a 1-D surface */
    this.curve = null;
    /** @type {Range[]} */
    this.domain = [];
    /** @type {GroundLook | null} */
    this.look = null;
    this.names = ["θ₁", "θ₂"];
    /** @type {import("../core/contract.js").Basin | null} */
    this.basin = null;
    /** @type {number[] | null} */
    this.start = null;
    this.onStart = onStart;
    /** @type {((context: Context, view: MapView) => void)[]} draw over the paths, under the start */
    this.extras = [];
    this.still = new Layer(stack, "layer still");
    /** @type {HTMLCanvasElement | null} the ground's picture, as long as it is right */
    this.picture = null;
    /** @type {Axes | null} */
    this.placed = null;
    const view = this;
    this.paths = new PathView(stack, {
      ready: () => Boolean(view.axes()),
      box: () => view.frame(),
      frame: () => view.frame(),
      point: (entry) => view.projection(entry.positions, entry.losses),
      probe: (entry) => view.projection(entry.probes ?? [], entry.probeLosses),
      asDots: () => view.dimension === 1,
      underlay: (context) => view.underlay(context),
      overlay: (context) => view.overlay(context),
    });
    if (onStart) this.listen();
  }

  get dimension() {
    return this.curve ? 1 : 2;
  }

  /**
   * Another surface, or the same in other colours; to be drawn by `draw`.
   * @param {Surface} surface
   * @param {GroundLook} look
   * @param {Ground | null} [ground] where it has been read already
   */
  setSurface({ ground: told, curve, domain }, look, ground = null) {
    this.domain = domain;
    this.look = look;
    this.ground = told ? (ground ?? new Ground(told, domain)) : null;
    this.curve = curve ? readCurve(curve) : null;
    this.picture = null;
  }

  /** @param {GroundLook} look */
  setLook(look) {
    if (look === this.look) return;
    this.look = look;
    this.picture = null;
  }

  /** Draw all of it, at the size that its place has now. */
  draw() {
    if (this.still.fit()) this.picture = null;
    this.still.clear();
    this.placed = this.#place();
    if (this.placed && this.look) this.#drawStill(this.placed, this.look);
    this.paths.rebuild();
  }

  /** Where the picture is; null as long as there is none. */
  axes() {
    return this.placed;
  }

  /** @returns {Axes | null} */
  #place() {
    const { width: wide, height: high } = this.still;
    if (!wide || !(this.ground || this.curve)) return null;
    const margin = this.bare ? BARE : roomFor(MARGIN);
    const right = this.curve && !this.bare ? CURVE_RIGHT : margin.right;
    let width = Math.max(wide - margin.left - right, 1);
    let height = Math.max(high - margin.top - margin.bottom, 1);
    const [across, up] = [this.domain[0], this.curve?.range ?? this.domain[1]];
    const ratio = (across[1] - across[0]) / (up[1] - up[0]);
    if (!this.curve && !this.bare && ratio >= SIMILAR[0] && ratio <= SIMILAR[1]) {
      if (width / height > ratio) width = height * ratio;
      else height = width / ratio;
    }
    const left = margin.left + (this.curve ? 0 : (wide - margin.left - right - width) / 2);
    const top = margin.top + (high - margin.top - margin.bottom - height) / 2;
    return {
      x: { offset: Math.round(left), length: Math.round(width), range: across },
      y: { offset: Math.round(top), length: Math.round(height), range: up },
    };
  }

  /**
   * @param {Axes} axes
   * @param {GroundLook} look
   */
  #drawStill(axes, look) {
    const { context, ratio } = this.still;
    const { x, y } = axes;
    if (this.ground) {
      this.picture ??= pictureOf(this.ground, look, Math.round(x.length * ratio), Math.round(y.length * ratio));
      context.drawImage(this.picture, x.offset, y.offset, x.length, y.length);
    } else this.#drawCurve(context, axes);
    if (this.bare) return;
    const ticks = this.curve?.ticks.length ? { places: this.curve.ticks, labels: this.curve.labels } : null;
    drawAxes(context, axes, this.curve ? [this.names[0].replace("₁", ""), "L(θ)"] : this.names, this.paths.colours, ticks);
    if (this.ground) drawScale(context, axes, this.ground, look.stops, this.paths.colours);
  }

  /**
   * @param {Context} context
   * @param {Axes} axes
   */
  #drawCurve(context, { x, y }) {
    if (!this.curve) return;
    const { x: places, losses } = this.curve;
    const at = this.projection(places, losses);
    const out = [0, 0];
    context.beginPath();
    for (let k = 0; k < places.length; k += 1) {
      at(k, out);
      context.lineTo(out[0], out[1]);
    }
    context.setLineDash([]);
    context.lineJoin = "round";
    context.strokeStyle = this.paths.colours.quiet;
    context.lineWidth = 2 * display.bold;
    context.stroke();
    context.lineTo(x.offset + x.length, y.offset + y.length);
    context.lineTo(x.offset, y.offset + y.length);
    context.globalAlpha = 0.1;
    context.fillStyle = this.paths.colours.quiet;
    context.fill();
    context.globalAlpha = 1;
  }

  /** The axes where `ready` has said that they are drawn. */
  get drawn() {
    const axes = this.axes();
    if (!axes) throw new Error("the map has no axes yet");
    return axes;
  }

  /** @returns {import("./shapes.js").Frame} */
  frame() {
    const { x, y } = this.drawn;
    return [x.offset, y.offset, x.length, y.length];
  }

  /**
   * @param {ArrayLike<number>} positions
   * @param {ArrayLike<number> | null} losses
   * @returns {import("./shapes.js").Project}
   */
  projection(positions, losses) {
    const { x, y } = this.drawn;
    const scaleX = x.length / (x.range[1] - x.range[0]);
    const scaleY = y.length / (y.range[1] - y.range[0]);
    const left = x.offset - scaleX * x.range[0];
    const bottom = y.offset + y.length + scaleY * y.range[0];
    if (this.dimension === 1) {
      return (index, out) => {
        out[0] = left + scaleX * positions[index];
        out[1] = bottom - scaleY * (losses?.[index] ?? NaN);
      };
    }
    return (index, out) => {
      out[0] = left + scaleX * positions[2 * index];
      out[1] = bottom - scaleY * positions[2 * index + 1];
    };
  }

  /**
   * @param {ArrayLike<number>} position
   * @param {number} [loss]
   * @returns {Point}
   */
  pixel(position, loss = 0) {
    /** @type {Point} */
    const out = [0, 0];
    const losses = this.dimension === 1 ? [loss] : null;
    this.projection(position, losses)(0, out);
    return out;
  }

  /**
   * The place under a pixel, within the axes' range.
   * @param {number} clientX
   * @param {number} clientY
   */
  place(clientX, clientY) {
    const axes = this.axes();
    if (!axes) return null;
    const box = this.stack.getBoundingClientRect();
    const { x, y } = axes;
    const along = Math.min(Math.max((clientX - box.left - x.offset) / x.length, 0), 1);
    const up = Math.min(Math.max(1 - (clientY - box.top - y.offset) / y.length, 0), 1);
    const place = [x.range[0] + along * (x.range[1] - x.range[0])];
    if (this.dimension === 2) place.push(y.range[0] + up * (y.range[1] - y.range[0]));
    return place;
  }

  /** @param {Context} context */
  underlay(context) {
    const { ink } = this.paths.colours;
    if (!this.basin) return;
    const { x, y } = this.drawn;
    const radiusX = (this.basin.radius * x.length) / Math.abs(x.range[1] - x.range[0]);
    context.setLineDash([3, 4]);
    context.strokeStyle = ink;
    context.lineWidth = 1.2 * display.bold;
    context.globalAlpha = 0.75;
    context.beginPath();
    if (this.dimension === 1) {
      const [centre] = this.pixel(this.basin.centre);
      for (const side of [-radiusX, radiusX]) {
        context.moveTo(centre + side, y.offset);
        context.lineTo(centre + side, y.offset + y.length);
      }
    } else {
      const radiusY = (this.basin.radius * y.length) / Math.abs(y.range[1] - y.range[0]);
      context.ellipse(...this.pixel(this.basin.centre), radiusX, radiusY, 0, 0, 2 * Math.PI);
    }
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** @param {Context} context */
  overlay(context) {
    for (const draw of this.extras) draw(context, this);
    if (!this.start) return;
    const [x, y] = this.pixel(this.start, this.paths.entries[0]?.losses?.[0]);
    context.setLineDash([]);
    for (const { colour, width } of [
      { colour: this.paths.colours.paper, width: 4 * display.bold },
      { colour: this.paths.colours.ink, width: 1.6 * display.bold },
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      traceRing(context, x, y, 9);
      context.stroke();
    }
  }

  listen() {
    const pad = this.paths.live.canvas;
    pad.classList.add("pad");
    pad.removeAttribute("aria-hidden");
    pad.tabIndex = 0;
    pad.setAttribute("role", "application");
    pad.setAttribute("aria-label", "Start of all methods: click, drag, or move it with the arrow keys");
    let dragging = false;
    const move = (/** @type {MouseEvent} */ event) => {
      const place = this.place(event.clientX, event.clientY);
      if (place) this.onStart?.(place);
    };
    const nearStart = (/** @type {number} */ x, /** @type {number} */ y) => {
      if (!this.start || !this.axes()) return false;
      const box = this.stack.getBoundingClientRect();
      const [startX, startY] = this.pixel(this.start, this.paths.entries[0]?.losses?.[0]);
      return Math.hypot(x - box.left - startX, y - box.top - startY) < FINGER;
    };
    // A finger that lands beside the start scrolls the page; a tap puts the start there, a drag begins on it.
    pad.addEventListener(
      "touchstart",
      (event) => {
        const [touch] = event.touches;
        if (event.touches.length === 1 && nearStart(touch.clientX, touch.clientY)) event.preventDefault();
      },
      { passive: false },
    );
    pad.addEventListener("click", (event) => {
      if (/** @type {PointerEvent} */ (event).pointerType === "touch") move(event);
    });
    pad.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      if (event.pointerType === "touch" && !nearStart(event.clientX, event.clientY)) return;
      dragging = true;
      pad.setPointerCapture(event.pointerId);
      move(event);
    });
    pad.addEventListener("pointermove", (event) => {
      if (dragging) move(event);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      pad.addEventListener(name, () => {
        dragging = false;
      });
    }
    /** @type {Record<string, Point>} */
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
    const step = (/** @type {KeyboardEvent} */ event) => {
      const axes = this.axes();
      if (!axes || !this.start) return;
      const part = event.shiftKey ? 0.05 : 0.005;
      const spans = [axes.x.range, axes.y.range].map(([low, high]) => part * (high - low));
      this.onStart?.(this.start.map((value, axis) => value + (directions[event.key]?.[axis] ?? 0) * spans[axis]));
    };
    const what = "move the start (with Shift: ten times as far)";
    keys.add([{ keys: Object.keys(directions), shown: "← → ↑ ↓", what, group: "On the map", run: step }], pad);
  }
}

/**
 * @param {import("../core/contract.js").Curve} told
 * @returns {Curve}
 */
function readCurve({ x, losses, ticks, labels }) {
  const values = decode(losses);
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const air = CURVE_AIR * (high - low) || 1;
  return { x: decode(x), losses: values, ticks, labels, range: [low - air, high + air] };
}

/**
 * @param {Ground} ground
 * @param {GroundLook} look
 * @param {number} width px
 * @param {number} height px
 */
function pictureOf(ground, look, width, height) {
  const image = new ImageData(width, height);
  paintGround(ground, litPalette(look), width, height, new Uint32Array(image.data.buffer));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  contextOf(canvas).putImageData(image, 0, 0);
  return canvas;
}
