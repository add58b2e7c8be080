// The one chart of lines: over steps, costs or settings; linear or logarithmic; marks where something changed; a cursor at
// what is shown, which can be dragged; the numbers under the pointer.
import { display } from "../core/display.js";
import { formatNumber } from "../core/format.js";
import { FIRST_COLOURS } from "../core/scheme.js";
import { lastAtMost } from "../core/search.js";
import { fillBand, strokeSeries } from "./chart_line.js";
import { opened, rangeOf, Scale, ScaleFromZero, withAir } from "./chart_scale.js";
import { font, roomFor } from "./ink.js";
import { Layer } from "./layer.js";
import { placeMarkWords } from "./mark_words.js";
import { drawMarker } from "./markers.js";

/** @typedef {import("../core/scheme.js").Colours} Colours */
/** @typedef {import("./chart_line.js").Series} Series */
/** @typedef {import("./chart_scale.js").Range} Range */
/** @typedef {(value: number) => string} Format */
/** @typedef {{ title?: string, log?: boolean, unit?: number, range?: Range | null, within?: Range, format?: Format | null }} Axis unit: from zero, and logarithmic above so much; range: that of the data where it is not given; within: what it never goes beyond */
/** @typedef {{ text: string, lines: { x: number, look?: import("../core/contract.js").Look | null }[] }} Mark one line, or one for each method */
/** @typedef {{ x: Axis, y: Axis, series: Series[], marks?: Mark[], level?: number | null }} ChartData level: a value to mark with a dashed line */

const MARGIN = { left: 48, right: 14, top: 10, bottom: 24 };
const TITLE = 14; // px more below where the axis has a title
const LABEL_ROOM = 30; // px from label to label, about
const LEAST_LABELS = 5; // asked for; round steps leave two of them at least
const WIDEST = 1.8; // px of a line
const ROWS = 4; // on which the words of marks stand

export class Chart {
  /**
   * @param {HTMLElement} place
   * @param {object} [options]
   * @param {string} [options.label] what the chart is called when it is read out, where its figure does not say
   * @param {(at: number) => void} [options.onSeek] the cursor is dragged
   * @param {boolean} [options.readout] numbers under the pointer
   */
  constructor(place, { label, onSeek, readout = false } = {}) {
    this.place = place;
    this.lines = new Layer(place);
    this.over = new Layer(place);
    /** @type {Colours} */
    this.colours = FIRST_COLOURS;
    /** @type {ChartData | null} */
    this.data = null;
    /** @type {{ x: Scale, y: Scale | null } | null} */
    this.scales = null;
    /** The axes' box in px, as it was drawn last: asked for at every point, so it is not made anew each time. */
    this.frame = { x: 0, y: 0, w: 1, h: 1 };
    /** @type {number | null} where the cursor stands, in values of x */
    this.at = null;
    /** @type {number[] | null} the point of each series that is marked there */
    this.points = null;
    /** @type {number | null} where the pointer is, in values of x */
    this.hover = null;
    if (label !== undefined) {
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", label);
    }
    if (onSeek) this.#dragCursor(onSeek);
    if (readout) this.#followPointer();
    new ResizeObserver(() => this.draw()).observe(place);
  }

  get series() {
    return this.data?.series ?? [];
  }

  /**
   * @param {ChartData} data
   * @param {Colours} [colours]
   */
  show(data, colours = this.colours) {
    this.data = data;
    this.colours = colours;
    this.draw();
  }

  /**
   * @param {number | null} at in values of x
   * @param {number[] | null} [points] the point of each series that is marked there
   */
  setCursor(at, points = null) {
    this.at = at;
    this.points = points;
    this.drawOver();
  }

  /** @param {boolean} hidden */
  hide(hidden) {
    this.lines.canvas.hidden = this.over.canvas.hidden = hidden;
  }

  draw() {
    if (!this.data || !this.place.clientWidth) return;
    this.lines.fit();
    this.over.fit();
    this.lines.clear();
    this.scales = scalesOf(this.data);
    this.frame = frameOf(this.lines, Boolean(this.data.x.title));
    const { context } = this.lines;
    const { x, y, w, h } = this.frame;
    this.#axes(context);
    context.save();
    context.beginPath();
    context.rect(x - 5, y - 4, w + 10, h + 8); // a marker at the edge is whole
    context.clip();
    this.#markLines(context);
    for (const one of [...this.series].sort((a, b) => rank(a) - rank(b))) this.#line(context, one);
    context.restore();
    this.#markWords(context);
    this.drawOver();
  }

  /** @param {number} value */
  #x(value) {
    const { x, w } = this.frame;
    return x + (this.scales?.x.part(value) ?? 0) * w;
  }

  /** @param {number} value */
  #y(value) {
    const { y, h } = this.frame;
    return y + (1 - (this.scales?.y?.part(value) ?? NaN)) * h;
  }

  /** @param {CanvasRenderingContext2D} context */
  #axes(context) {
    const { data, scales, colours } = this;
    if (!data || !scales) return;
    const { x, y, w, h } = this.frame;
    context.font = font(11);
    context.lineWidth = 1;
    context.setLineDash([]);
    context.strokeStyle = colours.grid;
    context.fillStyle = colours.quiet;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const least = display.zoom > 1 ? 3 : LEAST_LABELS;
    const up = scales.y?.places(Math.max(least, Math.round(h / (LABEL_ROOM * display.zoom)))) ?? [];
    const said = data.y.format ? up.map(data.y.format) : (scales.y?.labels(up) ?? []);
    up.forEach((value, k) => {
      const at = this.#y(value);
      stroke(context, [x, Math.round(at) + 0.5], [x + w, Math.round(at) + 0.5]);
      context.fillText(said[k] ?? "", x - 6, at);
    });
    context.textBaseline = "top";
    context.textAlign = "center";
    const format = data.x.format ?? ((/** @type {number} */ value) => formatNumber(value, 4));
    for (const value of scales.x.places(w > 260 * display.zoom ? 5 : 3)) {
      const at = this.#x(value);
      if (scales.x.log) stroke(context, [Math.round(at) + 0.5, y], [Math.round(at) + 0.5, y + h]);
      context.fillText(format(value), at, y + h + 7);
    }
    stroke(context, [x, y + h + 0.5], [x + w, y + h + 0.5]);
    if (data.x.title) {
      context.fillStyle = colours.ink;
      context.textBaseline = "bottom";
      context.fillText(data.x.title, x + w / 2, this.lines.height - 1);
    }
    const { level } = data;
    if (level === null || level === undefined || !scales.y || level < scales.y.low || level > scales.y.high) return;
    context.strokeStyle = colours.quiet;
    context.setLineDash([3, 4]);
    stroke(context, [x, this.#y(level)], [x + w, this.#y(level)]);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Series} one
   */
  #line(context, one) {
    const toX = (/** @type {number} */ value) => this.#x(value);
    const toY = (/** @type {number} */ value) => this.#y(value);
    const { look, x, y, count = y.length } = one;
    fillBand(context, one, toX, toY);
    if (one.line ?? true) strokeSeries(context, one, Math.min(look.width, WIDEST * display.bold), toX, toY);
    if (!one.points && count !== 1) return; // a line of one point would not be seen
    for (let i = 0; i < count; i += 1) {
      const value = y[i];
      if (value === null || value === undefined || !Number.isFinite(this.#y(value))) continue;
      drawMarker(context, look, this.#x(x ? Number(x[i]) : i), this.#y(value), 3.4 * display.bold, this.colours.paper);
    }
  }

  /** @param {CanvasRenderingContext2D} context */
  #markLines(context) {
    const { y, h } = this.frame;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    for (const { lines } of this.data?.marks ?? []) {
      for (const { x, look } of lines.filter((line) => Number.isFinite(line.x))) {
        context.strokeStyle = look?.colour ?? this.colours.quiet;
        context.globalAlpha = look ? 0.6 : 1;
        stroke(context, [Math.round(this.#x(x)) + 0.5, y], [Math.round(this.#x(x)) + 0.5, y + h]);
      }
    }
    context.globalAlpha = 1;
  }

  /**
   * Words over the lines, with paper around them.
   * @param {CanvasRenderingContext2D} context
   */
  #markWords(context) {
    context.font = font(11);
    context.textBaseline = "top";
    context.setLineDash([]);
    context.lineJoin = "round";
    context.lineWidth = 4 * display.zoom;
    context.strokeStyle = this.colours.paper;
    context.fillStyle = this.colours.quiet;
    context.textAlign = "left";
    const words = (this.data?.marks ?? []).flatMap(({ text, lines }) => {
      const first = Math.min(...lines.map((line) => line.x).filter(Number.isFinite));
      return Number.isFinite(first) ? [{ text, at: this.#x(first), width: context.measureText(text).width }] : [];
    });
    placeMarkWords(words, this.frame, ROWS).forEach((place, k) => {
      if (!place) return;
      const down = this.frame.y + 1 + 12 * display.zoom * place.row;
      context.strokeText(words[k].text, place.x, down);
      context.fillText(words[k].text, place.x, down);
    });
  }

  /** The cursor with the points it marks, or what lies under the pointer. */
  drawOver() {
    const { context } = this.over;
    this.over.clear();
    if (!this.data || !this.scales) return;
    if (this.hover !== null && this.scales.y) this.#readout(context, this.hover);
    else if (this.at !== null) {
      this.#rule(context, Math.min(Math.max(this.at, this.scales.x.low), this.scales.x.high));
      this.points?.forEach((index, k) => this.#point(context, this.series[k], index));
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} at in values of x
   */
  #rule(context, at) {
    const { y, h } = this.frame;
    context.setLineDash([]);
    context.strokeStyle = this.colours.quiet;
    context.lineWidth = display.bold;
    stroke(context, [this.#x(at), y], [this.#x(at), y + h]);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Series | undefined} one
   * @param {number} index
   */
  #point(context, one, index) {
    const value = one?.y[index];
    if (!one || value === null || value === undefined) return;
    const { y, h } = this.frame;
    const height = this.#y(value);
    if (!(height >= y - 1 && height <= y + h + 1)) return;
    drawMarker(context, one.look, this.#x(one.x ? Number(one.x[index]) : index), height, 3.6 * display.bold, this.colours.paper);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} at in values of x
   */
  #readout(context, at) {
    this.#rule(context, at);
    context.font = font(11.5);
    const format = this.data?.y.format ?? ((/** @type {number} */ value) => formatNumber(value, 4));
    const rows = this.series.flatMap(({ name, x, y, look, note }) => {
      const index = x ? lastAtMost(x, at) : Math.floor(at);
      const value = y[index];
      const known = typeof value === "number" && Number.isFinite(value);
      return known ? [{ look, text: `${name}  ${format(value)}${note?.(index) ?? ""}` }] : [];
    });
    if (!rows.length) return;
    const { x, y, w } = this.frame;
    const line = 15 * display.zoom;
    const wide = Math.max(...rows.map(({ text }) => context.measureText(text).width)) + 26;
    const pointer = this.#x(at);
    const left = pointer + 10 + wide > x + w ? pointer - 10 - wide : pointer + 10;
    context.globalAlpha = 0.92;
    context.fillStyle = this.colours.paper;
    context.fillRect(left, y + 4, wide, line * rows.length + 8);
    context.globalAlpha = 1;
    context.strokeStyle = this.colours.grid;
    context.lineWidth = 1;
    context.strokeRect(left, y + 4, wide, line * rows.length + 8);
    context.textAlign = "left";
    context.textBaseline = "middle";
    rows.forEach(({ text, look }, index) => {
      const middle = y + 8 + line * (index + 0.5);
      drawMarker(context, look, left + 11, middle, 3.4, this.colours.paper);
      context.fillStyle = this.colours.ink;
      context.fillText(text, left + 20, middle);
    });
  }

  /**
   * The value of x under the pointer; null outside of the frame.
   * @param {PointerEvent} event
   */
  #under(event) {
    const { x, w } = this.frame;
    const part = (event.clientX - this.over.canvas.getBoundingClientRect().left - x) / w;
    return { inside: part >= 0 && part <= 1, value: this.scales?.x.value(Math.min(Math.max(part, 0), 1)) ?? 0 };
  }

  #followPointer() {
    const { canvas } = this.over;
    canvas.classList.add("pad");
    canvas.addEventListener("pointermove", (event) => {
      const { inside, value } = this.#under(event);
      this.hover = inside ? value : null;
      this.drawOver();
    });
    canvas.addEventListener("pointerleave", () => {
      this.hover = null;
      this.drawOver();
    });
  }

  /** @param {(at: number) => void} onSeek */
  #dragCursor(onSeek) {
    const { canvas } = this.over;
    canvas.classList.add("pad");
    let dragging = false;
    canvas.addEventListener("pointerdown", (event) => {
      dragging = true;
      canvas.setPointerCapture(event.pointerId);
      onSeek(this.#under(event).value);
    });
    canvas.addEventListener("pointermove", (event) => dragging && onSeek(this.#under(event).value));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => {
        dragging = false;
      });
    }
  }
}

/**
 * The axes' box in px.
 * @param {Layer} layer
 * @param {boolean} titled there is a title below
 */
function frameOf({ width, height }, titled) {
  const { left, right, top, bottom } = roomFor({ ...MARGIN, bottom: MARGIN.bottom + (titled ? TITLE : 0) });
  return { x: left, y: top, w: Math.max(width - left - right, 1), h: Math.max(height - top - bottom, 1) };
}

/**
 * The scales of both axes; y: null where no value has a place.
 * @param {ChartData} data
 */
export function scalesOf({ x, y, series }) {
  const across = x.range ?? rangeOf(placesOf(series), x.log) ?? [0, 1];
  const [, far = 1] = across;
  const along = x.unit ? new ScaleFromZero(far, x.unit) : new Scale(opened(across, x.log), x.log);
  const values = y.range ?? rangeOf(valuesOf(series), y.log);
  if (!values) return { x: along, y: null };
  const [low, high] = y.range ? opened(y.range) : withAir(values, y.log);
  const [least, most] = y.within ?? [-Infinity, Infinity];
  return { x: along, y: new Scale([Math.max(low, least), Math.min(high, most)], y.log) };
}

/**
 * @param {Series[]} series
 * @returns {Generator<number>}
 */
function* placesOf(series) {
  for (const { x, y } of series) {
    if (!x) yield* [0, y.length - 1];
    else for (let i = 0; i < x.length; i += 1) yield Number(x[i]);
  }
}

/**
 * @param {Series[]} series
 * @returns {Generator<number | null>}
 */
function* valuesOf(series) {
  for (const { y, band, beyond, count = y.length } of series) {
    if (beyond) continue;
    for (const values of band ? [y, band.low, band.high] : [y]) for (let i = 0; i < count; i += 1) yield values[i] ?? null;
  }
}

/**
 * Wide solid lines first: where lines coincide, the dashes of the others show on top of them.
 * @param {Series} series
 */
function rank({ look, beneath }) {
  return (beneath ? -1000 : 0) + (look.dash ? 100 : 0) - look.width;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number]} from
 * @param {[number, number]} to
 */
function stroke(context, from, to) {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}
