// A small line chart on canvas: one line per method against the step, and a cursor at the step shown.
import { display } from "../core/display.js";
import { formatNumber, ticks } from "../core/format.js";
import { drawAxes } from "./chart_axes.js";
import { roomFor } from "./ink.js";
import { Layer } from "./layer.js";
import { drawMarker } from "./markers.js";
import { ownStep } from "./paths.js";
import { Polyline, strokePolyline } from "./polyline.js";

const LEAST_SPAN = 0.06; // of the values themselves: a hair is no range
const LABEL_ROOM = 30; // pixels from label to label, about
const LEAST_LABELS = 5; // asked for; round steps leave two of them at least
const MARGIN = { left: 46, right: 18, top: 10, bottom: 24 };

export class LineChart {
  constructor(parent, { onSeek, padded = true } = {}) {
    this.parent = parent;
    this.lines = new Layer(parent);
    this.cursor = new Layer(parent);
    this.series = [];
    this.steps = 1;
    this.range = [0, 1];
    this.level = null;
    this.step = 0;
    this.padded = padded;
    this.colours = { ink: "#1f2933", quiet: "#5b6875", grid: "#dde3e9", paper: "#fff" };
    if (onSeek) this.#listen(onSeek);
  }

  // series: [{ values (Float32Array), last, look, cost?(step), stepAt?(step) }]; level: a value to mark with a dashed
  // line, or null; total: what the whole width costs where series have a cost, else null: the width is then the steps.
  setSeries(series, steps, range, level = null, total = null) {
    Object.assign(this, { series, steps, level, total, range: this.padded ? pad(range) : range });
    this.draw();
  }

  // How far along the width a series is at a step of its own, from 0 to 1.
  along(one, step) {
    return this.total ? one.cost(step) / this.total : step / this.steps;
  }

  setStep(step) {
    this.step = step;
    this.drawCursor();
  }

  frame() {
    const { left, right, top, bottom } = roomFor(MARGIN);
    return { x: left, y: top, w: Math.max(this.lines.width - left - right, 1), h: Math.max(this.lines.height - top - bottom, 1) };
  }

  draw() {
    this.lines.fit();
    this.cursor.fit();
    const context = this.lines.context;
    const { x, y, w, h } = this.frame();
    this.lines.clear();
    this.#axes(context, x, y, w, h);
    context.save();
    context.beginPath();
    context.rect(x, y, w, h);
    context.clip();
    for (const one of this.series) this.#line(context, one, x, y, w, h);
    context.restore();
    this.drawCursor();
  }

  #axes(context, x, y, w, h) {
    const [low, high] = this.range;
    const heightOf = (value) => y + h - ((value - low) / (high - low)) * h;
    const places = ticks(low, high, Math.max(display.zoom > 1 ? 3 : LEAST_LABELS, Math.round(h / (LABEL_ROOM * display.zoom))));
    const told = (value) => formatNumber(Math.abs(value) < 1e-9 * (high - low) ? 0 : value, digitsOf(value, places));
    const whole = this.total ?? this.steps;
    const below = ticks(0, whole, w > 260 * display.zoom ? 5 : 3);
    drawAxes(context, { x, y, w, h }, this.colours, {
      up: places.map((value) => [heightOf(value), told(value)]),
      across: below.map((value) => [x + (value / whole) * w, this.total ? formatNumber(value) : String(value)]),
    });
    if (this.level !== null && this.level >= low && this.level <= high) {
      const at = heightOf(this.level);
      context.strokeStyle = this.colours.quiet;
      context.setLineDash([3, 4]);
      context.beginPath();
      context.moveTo(x, at);
      context.lineTo(x + w, at);
      context.stroke();
    }
  }

  #line(context, one, x, y, w, h) {
    const { values, last, look } = one;
    const [low, high] = this.range;
    const scale = h / (high - low);
    const line = new Polyline(last + 1, (index, out) => {
      out[0] = x + this.along(one, index) * w;
      out[1] = y + h - (values[index] - low) * scale;
    });
    strokePolyline(context, line, { ...look, width: Math.min(look.width, 1.8 * display.bold) }, 0, line.size - 1);
  }

  drawCursor() {
    const context = this.cursor.context;
    const { x, y, w, h } = this.frame();
    const at = x + (Math.min(this.step, this.steps) / this.steps) * w;
    this.cursor.clear();
    context.strokeStyle = this.colours.quiet;
    context.lineWidth = display.bold;
    context.beginPath();
    context.moveTo(at, y);
    context.lineTo(at, y + h);
    context.stroke();
    const [low, high] = this.range;
    for (const one of this.series) {
      const { values, look } = one;
      const step = ownStep(one, this.step);
      const value = values[step];
      const height = y + h - ((value - low) / (high - low)) * h;
      if (height >= y - 1 && height <= y + h + 1) {
        const place = x + this.along(one, step) * w;
        drawMarker(context, look, place, height, 3.6 * display.bold, this.colours.paper);
      }
    }
  }

  #listen(onSeek) {
    const canvas = this.cursor.canvas;
    canvas.classList.add("pad");
    let dragging = false;
    const seek = (event) => {
      const { x, w } = this.frame();
      const part = (event.clientX - canvas.getBoundingClientRect().left - x) / w;
      onSeek(Math.round(Math.min(Math.max(part, 0), 1) * this.steps));
    };
    canvas.addEventListener("pointerdown", (event) => {
      dragging = true;
      canvas.setPointerCapture(event.pointerId);
      seek(event);
    });
    canvas.addEventListener("pointermove", (event) => dragging && seek(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => {
        dragging = false;
      });
    }
  }
}

// As many digits as tell a label from the next one.
function digitsOf(value, places) {
  const step = places.length > 1 ? places[1] - places[0] : value;
  return Math.max(3, Math.floor(Math.log10(Math.abs(value) / step)) + 2) || 3;
}

// A little air around a range. One that is a hair is widened: its labels would all read the same.
function pad([low, high]) {
  const least = LEAST_SPAN * Math.max(Math.abs(low), Math.abs(high)) || 1;
  const air = Math.max(0.05 * (high - low), (least - (high - low)) / 2);
  return [low - air, high + air];
}
