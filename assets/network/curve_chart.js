// A chart of lines that grow: linear or logarithmic values, marks where a setting was changed, a cursor with a readout.
// Of many points in one pixel column the first, the lowest, the highest and the last are drawn: nothing is smoothed.
import { display } from "../core/display.js";
import { formatNumber, ticks } from "../core/format.js";
import { lastAtMost } from "../core/search.js";
import { drawAxes } from "../draw/chart_axes.js";
import { font, roomFor } from "../draw/ink.js";
import { Layer } from "../draw/layer.js";
import { dashOf, drawMarker } from "../draw/markers.js";

const MARGIN = { left: 48, right: 12, top: 10, bottom: 24 };

export class CurveChart {
  constructor(parent, { percent = false, onSeek } = {}) {
    this.parent = parent;
    this.percent = percent;
    this.layer = new Layer(parent);
    this.over = new Layer(parent);
    this.series = [];
    this.marks = [];
    this.hover = null;
    this.colours = { ink: "#1f2933", quiet: "#5b6875", grid: "#dde3e9", paper: "#fff" };
    this.over.canvas.classList.add("pad");
    this.over.canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.over.canvas.addEventListener("pointerleave", () => this.#point(null));
    if (onSeek) this.over.canvas.addEventListener("click", () => this.hover !== null && onSeek(this.hover));
    new ResizeObserver(() => this.draw()).observe(parent);
  }

  // series: [{ name, x, y, look }]; marks: [{ text, at: { method: x }, x }] with one x where all methods share it.
  show({ series, marks = [], log = false, right = 0, cursor = null }) {
    Object.assign(this, { series, marks, log, right, cursor });
    this.draw();
  }

  draw() {
    if (!this.parent.clientWidth) return;
    this.layer.fit();
    this.over.fit();
    this.layer.clear();
    this.#range();
    const { context } = this.layer;
    this.#axes(context);
    if (!this.bounds) {
      this.#cursor();
      return;
    }
    const { x, y, w, h } = this.#frame();
    context.save();
    context.beginPath();
    context.rect(x, y - 2, w + 2, h + 4);
    context.clip();
    this.#marks(context);
    for (const one of [...this.series].sort((a, b) => rank(a.look) - rank(b.look))) this.#line(context, one);
    context.restore();
    this.#cursor();
  }

  #frame() {
    const { left, right, top, bottom } = roomFor(MARGIN);
    return { x: left, y: top, w: Math.max(this.layer.width - left - right, 1), h: Math.max(this.layer.height - top - bottom, 1) };
  }

  #range() {
    let [low, high, last] = [Infinity, -Infinity, this.right];
    for (const { x, y } of this.series) {
      for (const value of y) {
        if (this.log && !(value > 0)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (x.length) last = Math.max(last, x[x.length - 1]);
    }
    this.last = last || 1;
    this.bounds = null;
    if (!(high >= low)) return;
    if (this.percent) [low, high] = [Math.max(0, low - 0.02), Math.min(1, high + 0.02)];
    else if (this.log) [low, high] = high / low < 1.5 ? [low / 1.3, high * 1.3] : [low / 1.08, high * 1.08];
    else [low, high] = high - low < 1e-12 ? [low - 0.5, high + 0.5] : [low - 0.04 * (high - low), high + 0.04 * (high - low)];
    this.bounds = [low, high];
  }

  #x(value) {
    const { x, w } = this.#frame();
    return x + (value / this.last) * w;
  }

  #y(value) {
    const { y, h } = this.#frame();
    const [low, high] = this.bounds;
    const part = this.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return y + (1 - part) * h;
  }

  #axes(context) {
    const frame = this.#frame();
    const { x, y, w, h } = frame;
    const told = (value) => (this.percent ? `${Math.round(100 * value)} %` : formatNumber(value));
    const places = this.bounds ? this.#ticks(h / 30) : [];
    const below = ticks(0, this.last, w > 260 ? 5 : 3);
    drawAxes(context, frame, this.colours, {
      up: places.map((value) => [this.#y(value), told(value)]),
      across: below.map((value) => [this.#x(value), formatNumber(value, 4)]),
    });
    context.strokeRect(x, y + h + 0.5, w, 0);
  }

  #ticks(most) {
    const [low, high] = this.bounds;
    if (!this.log) return ticks(low, high, Math.max(3, most));
    const places = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      for (const factor of [1, 2, 5]) places.push(factor * 10 ** power);
    }
    const inside = places.filter((value) => value >= low && value <= high);
    const tens = inside.filter((value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9);
    return inside.length > most && tens.length > 1 ? tens : inside;
  }

  #line(context, { x, y, look }) {
    if (!x.length) return;
    context.strokeStyle = look.colour;
    context.lineWidth = Math.min(look.width, 1.8 * display.bold);
    context.lineJoin = "round";
    context.setLineDash(dashOf(look));
    context.beginPath();
    let [column, low, high, last] = [null, 0, 0, 0];
    const flush = () => {
      if (low !== high) {
        context.lineTo(column, low);
        context.lineTo(column, high);
      }
      context.lineTo(column, last);
    };
    for (let i = 0; i < x.length; i += 1) {
      if (this.log && !(y[i] > 0)) continue;
      const at = Math.round(this.#x(x[i]) * 2) / 2;
      const height = this.#y(y[i]);
      if (at !== column) {
        if (column !== null) flush();
        context[column === null ? "moveTo" : "lineTo"](at, height);
        [column, low, high] = [at, height, height];
      }
      low = Math.min(low, height);
      high = Math.max(high, height);
      last = height;
    }
    if (column !== null) flush();
    context.stroke();
    if (x.length === 1 && column !== null) drawMarker(context, look, column, last, 3.4, this.colours.paper);
  }

  #marks(context) {
    const { y, h, x, w } = this.#frame();
    const { quiet } = this.colours;
    context.font = font(10.5);
    let row = 0;
    for (const mark of this.marks) {
      const places = mark.x === null ? Object.entries(mark.at) : [[null, mark.x]];
      for (const [name, place] of places) {
        const look = name && this.series.find((one) => one.name === name)?.look;
        if (!Number.isFinite(place) || (name && !look)) continue;
        context.strokeStyle = look ? look.colour : quiet;
        context.globalAlpha = look ? 0.6 : 1;
        context.lineWidth = 1;
        context.setLineDash([3, 3]);
        context.beginPath();
        context.moveTo(this.#x(place), y);
        context.lineTo(this.#x(place), y + h);
        context.stroke();
        context.globalAlpha = 1;
      }
      const first = Math.min(...places.map(([, place]) => place).filter(Number.isFinite));
      if (!Number.isFinite(first)) continue;
      const right = this.#x(first) > x + 0.6 * w;
      context.fillStyle = quiet;
      context.textBaseline = "top";
      context.textAlign = right ? "right" : "left";
      context.fillText(mark.text, this.#x(first) + (right ? -4 : 4), y + 1 + 12 * (row % 4));
      row += 1;
    }
  }

  #point(event) {
    const { x, w } = this.#frame();
    const at = event ? event.clientX - this.over.canvas.getBoundingClientRect().left : -1;
    this.hover = at >= x && at <= x + w ? ((at - x) / w) * this.last : null;
    this.#cursor();
  }

  // The step that is shown, or what lies under the pointer with its numbers.
  #cursor() {
    const { context } = this.over;
    this.over.clear();
    if (!this.bounds) return;
    const { x, y, w, h } = this.#frame();
    const rule = (at) => {
      context.setLineDash([]);
      context.strokeStyle = this.colours.quiet;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(at, y);
      context.lineTo(at, y + h);
      context.stroke();
    };
    if (this.hover === null) {
      if (this.cursor !== null) rule(this.#x(Math.min(this.cursor, this.last)));
      return;
    }
    rule(this.#x(this.hover));
    context.font = font(11.5);
    const lines = this.series
      .map(({ name, x: places, y: values, look }) => ({ name, look, value: values[lastAtMost(places, this.hover)] }))
      .filter(({ value }) => Number.isFinite(value))
      .map((one) => ({ ...one, text: `${one.name}  ${this.percent ? `${(100 * one.value).toFixed(1)} %` : formatNumber(one.value, 4)}` }));
    if (!lines.length) return;
    const width = Math.max(...lines.map(({ text }) => context.measureText(text).width)) + 26;
    const left = this.#x(this.hover) + 10 + width > x + w ? this.#x(this.hover) - 10 - width : this.#x(this.hover) + 10;
    context.globalAlpha = 0.92;
    context.fillStyle = this.colours.paper;
    context.fillRect(left, y + 4, width, 15 * lines.length + 8);
    context.globalAlpha = 1;
    context.strokeStyle = this.colours.grid;
    context.strokeRect(left, y + 4, width, 15 * lines.length + 8);
    context.textAlign = "left";
    context.textBaseline = "middle";
    lines.forEach(({ text, look }, index) => {
      const line = y + 16 + 15 * index;
      drawMarker(context, look, left + 11, line, 3.4, this.colours.paper);
      context.fillStyle = this.colours.ink;
      context.fillText(text, left + 20, line);
    });
  }
}

function rank(look) {
  return (look.dash ? 100 : 0) - look.width;
}
