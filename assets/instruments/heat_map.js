// A map of cells on a canvas, with axes, lines over it, the setting in view, and a cell that mouse or keys point at.
import { display } from "../core/display.js";
import { decades, formatNumber, ticks } from "../core/format.js";
import { keys } from "../core/keys.js";
import { FIRST_COLOURS } from "../core/scheme.js";
import { SIMILAR } from "../draw/axes.js";
import { font, roomFor } from "../draw/ink.js";
import { Layer } from "../draw/layer.js";
import { traceMarker, traceRing } from "../draw/markers.js";
import { hatch } from "./palette.js";

const MARGIN = { left: 46, right: 10, top: 6, bottom: 38 };
const LABEL = 11.5; // px of type
const TITLE = 16; // px from the left edge that an upright title takes
const BESIDE = 7; // px between a label and its axis
const AIR = 3;
const HALO = 3;
/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @typedef {import("../draw/shapes.js").Point} Point */
/** @typedef {import("../draw/shapes.js").Box} Box */
/** @typedef {import("../draw/shapes.js").Context} Context */
/** @typedef {[column: number, row: number]} Cell row: from below */
/** @typedef {{ values: number[], log: boolean, title: string, labels?: string[] }} MapAxis values rise; labels: where they are not the values */
/** @typedef {{ points: number[][], dash?: number[] }} MapLine points: in values of the axes */
/** @typedef {{ x: number, y: number, shape: string | undefined, size?: number }} Dot in values of the axes */

/**
 * @typedef {object} MapData
 * @property {MapAxis} x
 * @property {MapAxis} y
 * @property {string} words what is seen, in numbers
 * @property {(i: number, j: number) => string | null} colour of a cell; null where nothing is known
 * @property {(i: number, j: number) => boolean} [hatched]
 * @property {string} [hatchInk]
 * @property {number[]} [mark] the setting in view
 * @property {MapLine[]} [lines]
 * @property {Dot[]} [dots]
 * @property {import("../draw/shapes.js").Margin} [margin]
 * @property {boolean} [ground] both axes are places on one ground: equal lengths look equal, where that leaves no strip
 */

/**
 * The largest box within one whose sides are as the axes' lengths; the whole of it where that would be a strip.
 * @param {import("../draw/shapes.js").Box} box
 * @param {MapAxis} across
 * @param {MapAxis} up
 */
export function groundBox({ x, y, w, h }, { values: across }, { values: up }) {
  const ratio = (across[across.length - 1] - across[0]) / (up[up.length - 1] - up[0]);
  if (!(ratio >= SIMILAR[0] && ratio <= SIMILAR[1])) return { x, y, w, h };
  const [wide, high] = w / h > ratio ? [h * ratio, h] : [w, w / ratio];
  return { x: x + (w - wide) / 2, y: y + h - high, w: wide, h: high };
}

/**
 * Where a value lies among rising values, as a fraction of an index; beyond the ends, half a cell at most.
 * @param {{ values: number[], log: boolean }} axis
 * @param {number} value
 */
export function indexOf({ values, log }, value) {
  const of = (/** @type {number} */ v) => (log ? Math.log(v) : v);
  const n = values.length;
  if (n === 1) return 0;
  let k = values.findIndex((v) => v > value) - 1;
  if (k === -2) k = n - 2;
  k = Math.min(Math.max(k, 0), n - 2);
  const place = k + (of(value) - of(values[k])) / (of(values[k + 1]) - of(values[k]));
  return Math.min(Math.max(place, -0.5), n - 0.5);
}

/**
 * Places of labels at the ends of cells.
 * @param {MapAxis} axis
 * @param {number} most
 * @returns {[place: number, text: string][]} place: as a fraction of an index
 */
function labelsOf(axis, most) {
  if (axis.labels) return axis.labels.map((text, k) => [k, text]);
  const [low, high] = [axis.values[0], axis.values[axis.values.length - 1]];
  const places = axis.log ? decades(low, high, most) : ticks(low, high, most);
  return places.map((value) => [indexOf(axis, value), formatNumber(value)]);
}

export class HeatMap {
  /**
   * @param {HTMLElement} place
   * @param {object} options
   * @param {string} options.label what the map is called when it is read out
   * @param {(cell: Cell | null, how?: "mouse" | "keys") => void} options.onPoint null: at no cell
   * @param {(column: number, row: number) => void} options.onPick
   */
  constructor(place, { label, onPoint, onPick }) {
    this.place = place;
    this.layer = new Layer(place, "heat-canvas");
    this.onPoint = onPoint;
    this.onPick = onPick;
    /** @type {MapData | null} */
    this.data = null;
    this.colours = FIRST_COLOURS;
    this.labelRoom = 0; // px that title and labels of the upright axis take
    /** @type {Cell | null} the cell that is pointed at */
    this.cell = null;
    place.classList.add("heat");
    place.tabIndex = 0;
    place.setAttribute("role", "application");
    place.setAttribute("aria-roledescription", "map");
    this.called = label;
    place.setAttribute("aria-label", label);
    place.addEventListener("pointermove", (event) => this.#pointer(event, false));
    place.addEventListener("click", (event) => this.#pointer(event, true));
    place.addEventListener("pointerleave", () => this.onPoint(null));
    this.#listenToKeys();
    new ResizeObserver(() => this.draw()).observe(place);
  }

  /**
   * @param {MapData} data
   * @param {import("../core/scheme.js").Colours} colours
   */
  show(data, colours) {
    this.data = data;
    this.colours = colours;
    // Its name is what it shows, then what the keys do.
    const [name, ...how] = this.called.split(". ");
    if (data.words) this.place.setAttribute("aria-label", [`${name}: ${data.words}`, ...how].join(". "));
    this.draw();
  }

  /** @param {Cell | null} cell */
  point(cell) {
    this.cell = cell;
    this.draw();
  }

  /** The box of the cells in px. */
  get frame() {
    const { width, height } = this.layer;
    const { left: least, right, top, bottom } = roomFor(this.data?.margin ?? MARGIN);
    const left = Math.max(least, this.labelRoom);
    const whole = { x: left, y: top, w: Math.max(width - left - right, 1), h: Math.max(height - top - bottom, 1) };
    return this.data?.ground ? groundBox(whole, this.data.x, this.data.y) : whole;
  }

  /** Columns and rows. */
  get size() {
    return [this.data?.x.values.length ?? 0, this.data?.y.values.length ?? 0];
  }

  /**
   * Pixel of a place given in fractions of an index.
   * @param {number} i
   * @param {number} j
   * @returns {Point}
   */
  pixel(i, j) {
    const { x, y, w, h } = this.frame;
    const [n, m] = this.size;
    return [x + ((i + 0.5) / n) * w, y + h - ((j + 0.5) / m) * h];
  }

  /**
   * Pixel of a place given in values of the axes.
   * @param {MapData} data
   * @param {number[]} place
   */
  #at({ x, y }, [across, up]) {
    return this.pixel(indexOf(x, across), indexOf(y, up));
  }

  /**
   * @param {MouseEvent} event
   * @param {boolean} pick
   */
  #pointer(event, pick) {
    if (!this.data) return;
    const box = this.place.getBoundingClientRect();
    const { x, y, w, h } = this.frame;
    const [n, m] = this.size;
    const i = Math.floor(((event.clientX - box.left - x) / w) * n);
    const j = m - 1 - Math.floor(((event.clientY - box.top - y) / h) * m);
    if (i < 0 || j < 0 || i >= n || j >= m) this.onPoint(null);
    else if (pick) this.onPick(i, j);
    else this.onPoint([i, j], "mouse");
  }

  #listenToKeys() {
    const clamp = (/** @type {number} */ value, /** @type {number} */ top) => Math.min(Math.max(value, 0), top);
    const move = (/** @type {KeyboardEvent} */ { key, shiftKey }) => {
      const [i, j] = this.cell ?? [0, 0];
      const far = shiftKey ? 5 : 1;
      const [n, m] = this.size;
      const [across, up] = STEPS[key] ?? [0, 0];
      this.onPoint([clamp(i + far * across, n - 1), clamp(j + far * up, m - 1)], "keys");
    };
    const when = () => Boolean(this.data);
    const group = "On a map of cells";
    keys.add(
      [
        { keys: Object.keys(STEPS), shown: "← → ↑ ↓", what: "point at another cell (with Shift: five on)", group, when, run: move },
        {
          keys: ["Enter", " "],
          shown: "Enter",
          what: "go to the cell’s setting",
          group,
          when,
          run: () => this.cell && this.onPick(...this.cell),
        },
      ],
      this.place,
    );
  }

  /**
   * About how many labels the upright axis has room for.
   * @param {Box} frame
   */
  #upMost({ h }) {
    return Math.max(2, h / (40 * display.zoom));
  }

  draw() {
    const { data } = this;
    if (!data || this.place.offsetParent === null) return;
    this.layer.fit();
    this.layer.clear();
    const { context } = this.layer;
    const up = labelsOf(data.y, this.#upMost(this.frame));
    context.font = font(LABEL);
    const widest = Math.max(...up.map(([, text]) => context.measureText(text).width), 0);
    this.labelRoom = (data.y.title ? TITLE * display.zoom : 0) + widest + BESIDE + AIR;
    const { frame } = this; // of the size that it has now
    const [n, m] = this.size;
    const edgeX = (/** @type {number} */ i) => Math.round(frame.x + (i / n) * frame.w);
    const edgeY = (/** @type {number} */ j) => Math.round(frame.y + frame.h - (j / m) * frame.h);
    for (let j = 0; j < m; j += 1) {
      for (let i = 0; i < n; i += 1) {
        const colour = data.colour(i, j);
        if (!colour) continue;
        const [x, y, w, h] = [edgeX(i), edgeY(j + 1), edgeX(i + 1) - edgeX(i), edgeY(j) - edgeY(j + 1)];
        context.fillStyle = colour;
        context.fillRect(x, y, w, h);
        if (data.hatched?.(i, j)) hatch(context, x, y, w, h, data.hatchInk ?? "rgba(255,255,255,0.75)");
      }
    }
    this.#axes(context, frame, data);
    context.save();
    context.beginPath();
    context.rect(frame.x, frame.y, frame.w, frame.h);
    context.clip();
    for (const line of data.lines ?? []) this.#line(context, data, line);
    context.restore();
    if (data.mark) this.#mark(context, this.#at(data, data.mark));
    for (const dot of data.dots ?? []) this.#dot(context, data, dot);
    if (this.cell && this.cell[0] < n && this.cell[1] < m) {
      const [i, j] = this.cell;
      context.setLineDash([]);
      for (const { colour, width } of twice(3, 1.4)) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.strokeRect(edgeX(i), edgeY(j + 1), edgeX(i + 1) - edgeX(i), edgeY(j) - edgeY(j + 1));
      }
    }
  }

  /**
   * @param {Context} context
   * @param {Box} frame
   * @param {MapData} data
   */
  #axes(context, frame, { x: across, y: up }) {
    const { ink, quiet } = this.colours;
    context.setLineDash([]);
    context.strokeStyle = quiet;
    context.lineWidth = 1;
    context.strokeRect(frame.x + 0.5, frame.y + 0.5, frame.w - 1, frame.h - 1);
    context.font = font(LABEL);
    context.fillStyle = quiet;
    context.textBaseline = "top";
    let end = -Infinity;
    for (const [place, text] of labelsOf(across, Math.max(2, frame.w / (55 * display.zoom)))) {
      const [x] = this.pixel(place, 0);
      context.fillRect(Math.round(x), frame.y + frame.h, 1, 4);
      const half = context.measureText(text).width / 2;
      const middle = Math.min(x, this.layer.width - half - 1);
      if (middle - half < end + 5) continue;
      end = middle + half;
      context.textAlign = "center";
      context.fillText(text, middle, frame.y + frame.h + 6);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    let last = Infinity;
    for (const [place, text] of labelsOf(up, this.#upMost(frame))) {
      const [, y] = this.pixel(0, place);
      if (!text || y > last - 12 * display.zoom) continue;
      last = y;
      context.fillRect(frame.x - 4, Math.round(y), 4, 1);
      context.fillText(text, frame.x - BESIDE, y);
    }
    context.fillStyle = ink;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.fillText(across.title, frame.x + frame.w / 2, this.layer.height - 1);
    if (!up.title) return;
    context.save();
    context.translate(2, frame.y + frame.h / 2);
    context.rotate(-Math.PI / 2);
    context.textBaseline = "top";
    context.fillText(up.title, 0, 0);
    context.restore();
  }

  /**
   * @param {Context} context
   * @param {MapData} data
   * @param {MapLine} line
   */
  #line(context, data, { points, dash = [] }) {
    for (const { colour, width, upper } of twice(4 * display.bold, 2 * display.bold)) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.setLineDash(upper ? dash : []);
      context.beginPath();
      for (const point of points) context.lineTo(...this.#at(data, point));
      context.stroke();
    }
    context.setLineDash([]);
  }

  /**
   * The setting in view: a ring with cross hairs, readable on every colour.
   * @param {Context} context
   * @param {Point} at
   */
  #mark(context, [x, y]) {
    for (const { colour, width } of twice(HALO + 1.6 * display.bold, 1.6 * display.bold)) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      traceRing(context, x, y, 6);
      context.stroke();
    }
  }

  /**
   * @param {Context} context
   * @param {MapData} data
   * @param {Dot} dot
   */
  #dot(context, data, { x, y, shape, size = 5 }) {
    const [px, py] = this.#at(data, [x, y]);
    traceMarker(context, shape, px, py, size);
    context.fillStyle = "#fff";
    context.fill();
    context.lineWidth = 1.6;
    context.strokeStyle = "#000";
    context.stroke();
  }
}

/**
 * The two strokes of a line that shows on every colour: white over a wider black one.
 * @param {number} lower px
 * @param {number} upper px
 */
const twice = (lower, upper) => [
  { colour: "#000", width: lower, upper: false },
  { colour: "#fff", width: upper, upper: true },
];
