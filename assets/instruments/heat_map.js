// A map of cells on a canvas, with axes, lines over it, the setting in view, and a cell that mouse or keys point at.
import { display } from "../core/display.js";
import { formatNumber, ticks } from "../core/format.js";
import { keys } from "../core/keys.js";
import { font, roomFor } from "../draw/ink.js";
import { Layer } from "../draw/layer.js";
import { traceMarker } from "../draw/markers.js";
import { hatch } from "./palette.js";

const MARGIN = { left: 46, right: 10, top: 6, bottom: 38 };
const HALO = 3;

// Where a value lies among rising values, as a fraction of an index; beyond the ends, half a cell at most.
export function indexOf({ values, log }, value) {
  const of = (v) => (log ? Math.log(v) : v);
  const n = values.length;
  if (n === 1) return 0;
  let k = values.findIndex((v) => v > value) - 1;
  if (k === -2) k = n - 2;
  k = Math.min(Math.max(k, 0), n - 2);
  const place = k + (of(value) - of(values[k])) / (of(values[k + 1]) - of(values[k]));
  return Math.min(Math.max(place, -0.5), n - 0.5);
}

const logTicks = (low, high, most) => {
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) all.push(10 ** power);
  const decades = all.filter((v) => v >= low * 0.999 && v <= high * 1.001);
  const every = Math.ceil(decades.length / most);
  return decades.filter((_, index) => index % every === 0);
};

export class HeatMap {
  // onPoint(i, j, how) and onPick(i, j): column and row of a cell; label: what the map is called when it is read out
  constructor(place, { label, onPoint, onPick }) {
    this.place = place;
    this.layer = new Layer(place, "heat-canvas");
    Object.assign(this, { onPoint, onPick });
    place.classList.add("heat");
    place.tabIndex = 0;
    place.setAttribute("role", "application");
    place.setAttribute("aria-roledescription", "map");
    this.called = label;
    place.setAttribute("aria-label", label);
    place.addEventListener("pointermove", (event) => this.#pointer(event, false));
    place.addEventListener("click", (event) => this.#pointer(event, true));
    place.addEventListener("pointerleave", () => this.onPoint?.(null));
    this.#listenToKeys();
    new ResizeObserver(() => this.draw()).observe(place);
  }

  // data: { words (what is seen, in numbers), x, y (axes: values, log, title, labels?), colour(i, j), hatched(i, j), mark [x, y], lines, dots }
  show(data, colours) {
    this.data = data;
    this.colours = colours;
    // Its name is what it shows, then what the keys do.
    const [name, ...how] = this.called.split(". ");
    if (data.words) this.place.setAttribute("aria-label", [`${name}: ${data.words}`, ...how].join(". "));
    this.draw();
  }

  point(cell) {
    this.cell = cell;
    this.draw();
  }

  get frame() {
    const { width, height } = this.layer;
    const { left, right, top, bottom } = roomFor(this.data.margin ?? MARGIN);
    return { x: left, y: top, width: Math.max(width - left - right, 1), height: Math.max(height - top - bottom, 1) };
  }

  // Pixel of a place given in fractions of an index.
  pixel(i, j) {
    const { x, y, width, height } = this.frame;
    const { x: across, y: up } = this.data;
    return [x + ((i + 0.5) / across.values.length) * width, y + height - ((j + 0.5) / up.values.length) * height];
  }

  at(axisX, axisY) {
    return this.pixel(indexOf(this.data.x, axisX), indexOf(this.data.y, axisY));
  }

  #pointer(event, pick) {
    if (!this.data) return;
    const box = this.place.getBoundingClientRect();
    const { x, y, width, height } = this.frame;
    const [n, m] = [this.data.x.values.length, this.data.y.values.length];
    const i = Math.floor(((event.clientX - box.left - x) / width) * n);
    const j = m - 1 - Math.floor(((event.clientY - box.top - y) / height) * m);
    if (i < 0 || j < 0 || i >= n || j >= m) this.onPoint?.(null);
    else if (pick) this.onPick?.(i, j);
    else this.onPoint?.(i, j, "mouse");
  }

  #listenToKeys() {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const clamp = (value, top) => Math.min(Math.max(value, 0), top);
    const move = ({ key, shiftKey }) => {
      const [i, j] = this.cell ?? [0, 0];
      const far = shiftKey ? 5 : 1;
      const [n, m] = [this.data.x.values.length, this.data.y.values.length];
      this.onPoint?.(clamp(i + far * steps[key][0], n - 1), clamp(j + far * steps[key][1], m - 1), "keys");
    };
    const when = () => Boolean(this.data);
    const group = "On a map of cells";
    keys.add(
      [
        { keys: Object.keys(steps), shown: "← → ↑ ↓", what: "point at another cell (with Shift: five on)", group, when, run: move },
        {
          keys: ["Enter", " "],
          shown: "Enter",
          what: "go to the cell’s setting",
          group,
          when,
          run: () => this.cell && this.onPick?.(...this.cell),
        },
      ],
      this.place,
    );
  }

  draw() {
    if (!this.data || !this.colours || this.place.offsetParent === null) return;
    this.layer.fit();
    this.layer.clear();
    const { context } = this.layer;
    const frame = this.frame;
    const { x: across, y: up } = this.data;
    const [n, m] = [across.values.length, up.values.length];
    const edgeX = (i) => Math.round(frame.x + (i / n) * frame.width);
    const edgeY = (j) => Math.round(frame.y + frame.height - (j / m) * frame.height);
    for (let j = 0; j < m; j += 1) {
      for (let i = 0; i < n; i += 1) {
        const colour = this.data.colour(i, j);
        if (!colour) continue;
        const box = [edgeX(i), edgeY(j + 1), edgeX(i + 1) - edgeX(i), edgeY(j) - edgeY(j + 1)];
        context.fillStyle = colour;
        context.fillRect(...box);
        if (this.data.hatched?.(i, j)) hatch(context, ...box, this.data.hatchInk ?? "rgba(255,255,255,0.75)");
      }
    }
    this.#axes(context, frame);
    context.save();
    context.beginPath();
    context.rect(frame.x, frame.y, frame.width, frame.height);
    context.clip();
    for (const line of this.data.lines ?? []) this.#line(context, line);
    context.restore();
    if (this.data.mark) this.#mark(context, ...this.at(...this.data.mark));
    for (const dot of this.data.dots ?? []) this.#dot(context, dot);
    if (this.cell && this.cell[0] < n && this.cell[1] < m) {
      const [i, j] = this.cell;
      context.setLineDash([]);
      for (const [colour, width] of [
        ["#000", 3],
        ["#fff", 1.4],
      ]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.strokeRect(edgeX(i), edgeY(j + 1), edgeX(i + 1) - edgeX(i), edgeY(j) - edgeY(j + 1));
      }
    }
  }

  #axes(context, frame) {
    const { ink, quiet } = this.colours;
    const { x: across, y: up } = this.data;
    context.setLineDash([]);
    context.strokeStyle = quiet;
    context.lineWidth = 1;
    context.strokeRect(frame.x + 0.5, frame.y + 0.5, frame.width - 1, frame.height - 1);
    context.font = font(11.5);
    context.fillStyle = quiet;
    context.textBaseline = "top";
    const labelled = (axis, most) => {
      if (axis.labels) return axis.labels.map((text, k) => [k, text]);
      const [low, high] = [axis.values[0], axis.values.at(-1)];
      const places = axis.log ? logTicks(low, high, most) : ticks(low, high, most);
      return places.map((value) => [indexOf(axis, value), formatNumber(value)]);
    };
    let end = -Infinity;
    for (const [place, text] of labelled(across, Math.max(2, frame.width / (55 * display.zoom)))) {
      const [x] = this.pixel(place, 0);
      context.fillRect(Math.round(x), frame.y + frame.height, 1, 4);
      const half = context.measureText(text).width / 2;
      const middle = Math.min(x, this.layer.width - half - 1);
      if (middle - half < end + 5) continue;
      end = middle + half;
      context.textAlign = "center";
      context.fillText(text, middle, frame.y + frame.height + 6);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    let last = Infinity;
    for (const [place, text] of labelled(up, Math.max(2, frame.height / (40 * display.zoom)))) {
      const [, y] = this.pixel(0, place);
      if (!text || y > last - 12 * display.zoom) continue;
      last = y;
      context.fillRect(frame.x - 4, Math.round(y), 4, 1);
      context.fillText(text, frame.x - 7, y);
    }
    context.fillStyle = ink;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.fillText(across.title, frame.x + frame.width / 2, this.layer.height - 1);
    if (!up.title) return;
    context.save();
    context.translate(2, frame.y + frame.height / 2);
    context.rotate(-Math.PI / 2);
    context.textBaseline = "top";
    context.fillText(up.title, 0, 0);
    context.restore();
  }

  #line(context, { points, dash }) {
    for (const [colour, width] of [
      ["#000", 4 * display.bold],
      ["#fff", 2 * display.bold],
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.setLineDash(width === 2 * display.bold ? (dash ?? []) : []);
      context.beginPath();
      points.forEach(([x, y], k) => {
        const place = this.at(x, y);
        if (k) context.lineTo(...place);
        else context.moveTo(...place);
      });
      context.stroke();
    }
    context.setLineDash([]);
  }

  // The setting in view: a ring with cross hairs, readable on every colour.
  #mark(context, x, y) {
    for (const [colour, width] of [
      ["#000", HALO + 1.6 * display.bold],
      ["#fff", 1.6 * display.bold],
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.arc(x, y, 6, 0, 2 * Math.PI);
      for (const [dx, dy] of [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ]) {
        context.moveTo(x + 6 * dx, y + 6 * dy);
        context.lineTo(x + 11 * dx, y + 11 * dy);
      }
      context.stroke();
    }
  }

  #dot(context, { x, y, shape, size = 5, label }) {
    const [px, py] = this.at(x, y);
    traceMarker(context, shape, px, py, size);
    context.fillStyle = "#fff";
    context.fill();
    context.lineWidth = 1.6;
    context.strokeStyle = "#000";
    context.stroke();
    if (!label) return;
    context.font = font(11.5);
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.lineWidth = 3;
    context.strokeStyle = "#fff";
    context.strokeText(label, px + 9, py);
    context.fillStyle = "#000";
    context.fillText(label, px + 9, py);
  }
}
