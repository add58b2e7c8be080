// A small line chart on a canvas: logarithmic or linear axes, gaps where a value is missing.
import { display } from "../core/display.js";
import { formatNumber, ticks } from "../core/format.js";
import { font, roomFor } from "./ink.js";
import { Layer } from "./layer.js";
import { drawMarker } from "./markers.js";

const MARGIN = { left: 52, right: 12, top: 8, bottom: 38 };

export class InstrumentChart {
  constructor(place, label) {
    this.place = place;
    this.layer = new Layer(place, "heat-canvas");
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", label);
    new ResizeObserver(() => this.draw()).observe(place);
  }

  // data: { x: { log, title }, y: { log, title }, series: [{ x, y, colour, dash, width, marker }], marks: [{ x, text }] }
  show(data, colours) {
    Object.assign(this, { data, colours });
    this.draw();
  }

  draw() {
    if (!this.data || this.place.offsetParent === null) return;
    this.layer.fit();
    this.layer.clear();
    const { context, width, height } = this.layer;
    const { x, y, series, marks = [] } = this.data;
    const { ink, quiet, grid } = this.colours;
    const margin = roomFor(MARGIN);
    const frame = { x: margin.left, y: margin.top, width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
    const range = (key, log) => {
      const values = series.flatMap((one) => one[key]).filter((v) => v !== null && Number.isFinite(v) && (!log || v > 0));
      const [low, high] = [Math.min(...values), Math.max(...values)];
      if (!(high > low)) return log ? [low / 2, low * 2] : [low - 1, low + 1];
      return log ? [low / 1.15, high * 1.15] : [low, high];
    };
    const [spanX, spanY] = [range("x", x.log), range("y", y.log)];
    if (!Number.isFinite(spanX[0] + spanY[0])) return;
    const part = (v, [low, high], log) => (log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low));
    const px = (v) => frame.x + part(v, spanX, x.log) * frame.width;
    const py = (v) => frame.y + (1 - part(v, spanY, y.log)) * frame.height;
    context.font = font(11.5);
    context.setLineDash([]);
    context.lineWidth = 1;
    context.strokeStyle = grid;
    context.fillStyle = quiet;
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const value of this.#ticks(spanX, x.log, frame.width / (60 * display.zoom))) {
      context.strokeRect(Math.round(px(value)) + 0.5, frame.y, 0, frame.height);
      context.fillText(formatNumber(value), px(value), frame.y + frame.height + 5);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of this.#ticks(spanY, y.log, frame.height / (30 * display.zoom))) {
      context.strokeRect(frame.x, Math.round(py(value)) + 0.5, frame.width, 0);
      context.fillText(formatNumber(value), frame.x - 6, py(value));
    }
    context.fillStyle = ink;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.fillText(x.title, frame.x + frame.width / 2, height - 1);
    for (const mark of marks) {
      context.setLineDash([4, 4]);
      context.strokeStyle = quiet;
      context.strokeRect(Math.round(px(mark.x)) + 0.5, frame.y, 0, frame.height);
    }
    context.save();
    context.beginPath();
    context.rect(frame.x, frame.y - 4, frame.width + 4, frame.height + 8);
    context.clip();
    for (const one of series) {
      context.strokeStyle = one.colour;
      context.lineWidth = display.bold * (one.width ?? 2);
      context.setLineDash(one.dash ?? []);
      context.beginPath();
      let down = false;
      one.x.forEach((value, k) => {
        if (one.y[k] === null) {
          down = false;
          return;
        }
        if (down) context.lineTo(px(value), py(one.y[k]));
        else context.moveTo(px(value), py(one.y[k]));
        down = true;
      });
      context.stroke();
      if (!one.look) continue;
      one.x.forEach((value, k) => one.y[k] !== null && drawMarker(context, one.look, px(value), py(one.y[k]), 3.4 * display.bold, this.colours.paper));
    }
    context.restore();
    // Words over the lines, with paper around them.
    for (const mark of marks) {
      const left = px(mark.x) > frame.x + frame.width / 2;
      context.setLineDash([]);
      context.textAlign = left ? "right" : "left";
      context.textBaseline = "top";
      context.strokeStyle = this.colours.paper;
      context.lineWidth = 4 * display.zoom;
      context.lineJoin = "round";
      context.fillStyle = quiet;
      const at = [px(mark.x) + (left ? -5 : 5), frame.y + 2];
      context.strokeText(mark.text, ...at);
      context.fillText(mark.text, ...at);
    }
  }

  #ticks([low, high], log, most) {
    if (!log) return ticks(low, high, Math.max(2, most));
    const decades = [];
    for (let power = Math.ceil(Math.log10(low)); 10 ** power <= high; power += 1) decades.push(10 ** power);
    if (decades.length < 2) return [low, Math.sqrt(low * high), high].map((v) => Number(v.toPrecision(2)));
    const every = Math.ceil(decades.length / Math.max(2, most));
    return decades.filter((_, index) => index % every === 0);
  }
}
