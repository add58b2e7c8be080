// The 2-D map: pixels from the still plotly figure's axes, paths over it, a start that can be dragged or moved by keys.
// For a 1-D surface the figure is its curve, and a walker stands on it at (θ, L(θ)).
import { display } from "../core/display.js";
import { keys } from "../core/keys.js";
import { traceRing } from "./markers.js";
import { PathView } from "./paths.js";

/** @typedef {import("./shapes.js").Point} Point */
/** @typedef {{ _offset: number, _length: number, range: number[], _inputRange?: unknown }} PlotAxis as plotly keeps it */
/** @typedef {import("./shapes.js").Context} Context */

const FINGER = 28; // px around the start that count as touching it

export class MapView {
  /**
   * @param {string} graphId
   * @param {HTMLElement} stack
   * @param {{ onStart: (place: number[]) => void }} listeners
   */
  constructor(graphId, stack, { onStart }) {
    this.graphId = graphId;
    this.dimension = 2;
    /** @type {import("../core/contract.js").Basin | null} */
    this.basin = null;
    /** @type {unknown[]} */
    this.minima = [];
    /** @type {number[] | null} */
    this.start = null;
    /** @type {{ image: HTMLCanvasElement, domain: import("./shapes.js").Range[] } | null} stands in for plotly's map */
    this.picture = null;
    this.onStart = onStart;
    /** @type {((context: Context, view: MapView) => void)[]} draw over the paths, under the start */
    this.extras = [];
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
    this.listen();
  }

  /**
   * dcc.Graph replaces its element when plotly has been loaded, so it is looked up each time.
   * @returns {any}
   */
  plot() {
    return document.querySelector(`#${this.graphId} .js-plotly-plot`);
  }

  // Before another figure: plotly keeps the first range of axes with equal scales (in _inputRange, private too), takes a
  // smaller one of a later figure for a zoom, and widens the other axis beyond the picture.
  forgetRanges() {
    for (const axis of Object.values(this.axes() ?? {})) delete axis._inputRange;
  }

  /**
   * plotly keeps the pixel frame of an axis in _offset and _length (private, but the pinned version is tested).
   * @returns {{ x: PlotAxis, y: PlotAxis } | null}
   */
  axes() {
    const full = this.plot()?._fullLayout;
    if (!full?.xaxis?._length || !full?.yaxis?._length) return null;
    return { x: full.xaxis, y: full.yaxis };
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
    return [x._offset, y._offset, x._length, y._length];
  }

  /**
   * @param {ArrayLike<number>} positions
   * @param {ArrayLike<number> | null} losses
   * @returns {import("./shapes.js").Project}
   */
  projection(positions, losses) {
    const { x, y } = this.drawn;
    const scaleX = x._length / (x.range[1] - x.range[0]);
    const scaleY = y._length / (y.range[1] - y.range[0]);
    const left = x._offset - scaleX * x.range[0];
    const bottom = y._offset + y._length + scaleY * y.range[0];
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
    const box = this.plot().getBoundingClientRect();
    const { x, y } = axes;
    const along = Math.min(Math.max((clientX - box.left - x._offset) / x._length, 0), 1);
    const up = Math.min(Math.max(1 - (clientY - box.top - y._offset) / y._length, 0), 1);
    const place = [x.range[0] + along * (x.range[1] - x.range[0])];
    if (this.dimension === 2) place.push(y.range[0] + up * (y.range[1] - y.range[0]));
    return place;
  }

  /** @param {Context} context */
  underlay(context) {
    const { ink } = this.paths.colours;
    this.#drawPicture(context);
    if (!this.basin) return;
    const { x, y } = this.drawn;
    const radiusX = (this.basin.radius * x._length) / Math.abs(x.range[1] - x.range[0]);
    context.setLineDash([3, 4]);
    context.strokeStyle = ink;
    context.lineWidth = 1.2 * display.bold;
    context.globalAlpha = 0.75;
    context.beginPath();
    if (this.dimension === 1) {
      const [centre] = this.pixel(this.basin.centre);
      for (const side of [-radiusX, radiusX]) {
        context.moveTo(centre + side, y._offset);
        context.lineTo(centre + side, y._offset + y._length);
      }
    } else {
      const radiusY = (this.basin.radius * y._length) / Math.abs(y.range[1] - y.range[0]);
      context.ellipse(...this.pixel(this.basin.centre), radiusX, radiusY, 0, 0, 2 * Math.PI);
    }
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** @param {Context} context */
  #drawPicture(context) {
    if (!this.picture) return;
    const { image, domain } = this.picture;
    const [left, bottom] = this.pixel([domain[0][0], domain[1][0]]);
    const [right, top] = this.pixel([domain[0][1], domain[1][1]]);
    context.drawImage(image, left, top, right - left, bottom - top);
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
      if (place) this.onStart(place);
    };
    const nearStart = (/** @type {number} */ x, /** @type {number} */ y) => {
      if (!this.start || !this.axes()) return false;
      const box = this.plot().getBoundingClientRect();
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
      this.onStart(this.start.map((value, axis) => value + (directions[event.key]?.[axis] ?? 0) * spans[axis]));
    };
    const what = "move the start (with Shift: ten times as far)";
    keys.add([{ keys: Object.keys(directions), shown: "← → ↑ ↓", what, group: "On the map", run: step }], pad);
  }
}
