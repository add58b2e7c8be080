// @ts-nocheck
// The phase diagram: four maps over two controls on one scale, coarse first, with the counts of the cell pointed at.
import { COST_UNITS, MeasuredCosts, priced } from "../core/cost_units.js";
import { make, plainTable } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { methodName } from "../draw/swatch.js";
import { Instrument } from "./base.js";
import { HeatMap, indexOf } from "./heat_map.js";
import { sequential, sequentialGradient } from "./palette.js";

const STRIDES = [8, 4, 2, 1];
const ADDRESS = "/instruments/phase";
const key = (className, words) => make("span", { className: "method-name" }, make("span", { className }), words);

export class PhaseDiagram extends Instrument {
  constructor(page, place) {
    super(page, place, "phase");
    this.methods = page.tables.compared;
    this.seconds = new MeasuredCosts(() => this.show());
    this.status = make("p", { className: "hint" });
    this.counting = make("p", { className: "hint" });
    this.scale = make("div", { className: "scale" });
    this.figures = make("div", { className: "maps" });
    this.readout = make("div", { className: "scroll readout-table" });
    this.lines = make("ul", { className: "bounds" });
    this.totals = make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Table" });
    this.names = {};
    this.maps = Object.fromEntries(
      this.methods.map((name) => {
        const stack = make("div", { className: "heat-stack" });
        this.names[name] = make("span");
        this.figures.append(make("figure", { className: "chart" }, make("figcaption", {}, this.names[name]), stack));
        const map = new HeatMap(stack, {
          label: `${name}: phase diagram. Arrow keys move over the map, Enter goes to the setting.`,
          onPoint: (i, j, how) => this.#point(i === null || i === undefined ? null : [i, j], how),
          onPick: (i, j) => this.#pick(i, j),
        });
        return [name, map];
      }),
    );
    const details = make("details", { className: "group" }, make("summary", { textContent: "The maps in numbers" }), this.totals);
    place.append(this.scale, this.figures, this.lines, this.status, this.counting, this.readout, details);
  }

  ask() {
    const body = this.page.request();
    const parts = [{ address: ADDRESS, body: { ...body, stride: STRIDES[0] } }];
    for (const stride of STRIDES.slice(1)) {
      for (const method of this.methods) parts.push({ address: ADDRESS, body: { ...body, stride, method } });
    }
    this.progress.ask(parts);
  }

  part(answer, index, of) {
    if (index === 0) {
      const size = answer.x.values.length * answer.y.values.length;
      this.map = answer;
      this.cells = Object.fromEntries(
        this.methods.map((name) => [
          name,
          { stride: STRIDES[0], arrived: new Array(size).fill(null), diverged: [], median: [], refreshes: [] },
        ]),
      );
    }
    const n = this.map.x.values.length;
    for (const part of answer.parts) {
      const cells = this.cells[part.method];
      part.rows.forEach((row, b) =>
        part.columns.forEach((column, a) => {
          const at = row * n + column;
          cells.arrived[at] = part.arrived[b][a];
          cells.diverged[at] = part.diverged[b][a];
          cells.median[at] = part.median[b][a];
          cells.refreshes[at] = part.refreshes[b][a];
        }),
      );
      cells.stride = answer.stride;
    }
    this.done = index === of - 1;
    this.status.textContent = `${this.map.what}${this.done ? "" : ` Computing finer cells: ${Math.round((100 * index) / (of - 1))} %.`}`;
    this.show();
    if (this.done) this.complete(this.#summary());
  }

  // The nearest computed cell: a coarse picture shows each point's surroundings by it.
  #nearest(cells, i, j) {
    const { x, y } = this.map;
    const n = x.values.length;
    if (cells.arrived[j * n + i] !== null) return j * n + i;
    const { stride } = cells;
    const snap = (k, size) => Math.min(Math.floor((k + stride / 2) / stride) * stride, Math.floor((size - 1) / stride) * stride);
    return snap(j, y.values.length) * n + snap(i, n);
  }

  get unit() {
    return COST_UNITS[this.page.state.get("cost")];
  }

  // Each method's price of a step and of a refresh in the unit; null while seconds are being measured.
  #prices() {
    const cost = this.page.state.get("cost");
    if (cost === "steps") return Object.fromEntries(this.methods.map((name) => [name, { step: 1, refresh: 0 }]));
    return cost === "evaluations" ? this.map.costs : (this.seconds.of(this.page.request())?.methods ?? null);
  }

  // The median cost of each cell's arrivals, in the unit.
  #count() {
    const prices = this.#prices();
    for (const name of this.methods) {
      const cells = this.cells[name];
      cells.cost = cells.median.map((steps, at) => (prices ? priced(prices[name], steps, cells.refreshes[at]) : null));
    }
    const how = {
      steps: "",
      evaluations: `Counted in gradient evaluations: ${this.map.counting}`,
      seconds: `Counted in seconds. ${this.seconds.measured?.what}`,
    };
    const waiting = "Measuring how long a step of each method takes on this server…";
    this.counting.textContent = prices ? how[this.page.state.get("cost")] : waiting;
  }

  // The scale of the costs, logarithmic: from the cheapest median of all maps to the number of steps, or the dearest.
  #costRange() {
    const all = this.methods.flatMap((name) => this.cells[name].cost.filter((v) => v > 0));
    const lowest = all.reduce((a, b) => Math.min(a, b), Infinity);
    if (this.unit.name === "steps") return [Math.max(1, Math.min(lowest, this.map.steps)), this.map.steps];
    return all.length ? [lowest, all.reduce((a, b) => Math.max(a, b))] : [1, 1];
  }

  show() {
    if (!this.map || !this.page.colours) return;
    const { colours, looks } = this.page;
    const { runs } = this.map;
    this.#count();
    const costly = this.page.state.get("shown") === "steps";
    const [low, high] = this.#costRange();
    const ofCost = (v) => 1 - Math.log(v / low) / Math.log(Math.max(high / low, 1.0001));
    const mark = [this.page.state.get(this.map.x.name), this.page.state.get(this.map.y.name)];
    for (const name of this.methods) {
      const cells = this.cells[name];
      this.names[name].replaceChildren(methodName(name, looks[name], colours.paper));
      const colour = (i, j) => {
        const at = this.#nearest(cells, i, j);
        if (cells.arrived[at] === null) return null;
        if (!costly) return sequential(cells.arrived[at] / runs);
        return cells.cost[at] === null ? colours.grid : sequential(ofCost(cells.cost[at]));
      };
      const lines = this.map.bounds.map((line, k) => ({ ...line, dash: [[], [7, 4], [2, 4], [9, 3, 2, 3]][k % 4] }));
      this.maps[name].show(
        {
          x: this.map.x,
          y: this.map.y,
          colour,
          hatched: (i, j) => cells.diverged[this.#nearest(cells, i, j)] * 2 > runs,
          hatchInk: costly ? colours.quiet : undefined,
          mark,
          words: this.done ? this.#words(name) : "",
          lines: lines.filter((line) => line.methods.includes(name)),
        },
        colours,
      );
    }
    this.#showScale(costly, low, high, runs);
    this.#showLines();
    this.#showCounts();
    if (this.done) this.#showTotals();
  }

  #showScale(costly, low, high, runs) {
    const bar = make("span", { className: "scale-bar" });
    bar.style.background = sequentialGradient();
    const end = (v) => (this.unit.name === "steps" ? this.unit.said(v) : this.unit.format(v));
    const ends = costly ? [end(high), end(low)] : ["none", `all ${runs}`];
    const what = costly ? `${this.unit.to} (median)` : "Runs that arrive";
    const extra = [key("hatched-swatch", "most diverge"), key("ring-swatch", "setting in view")];
    if (costly) extra.unshift(key("none-swatch", "none arrives"));
    this.scale.replaceChildren(make("span", { className: "method-name" }, `${what}: ${ends[0]}`, bar, ends[1]), ...extra);
  }

  #showLines() {
    const dashes = ["solid", "dashed", "dotted", "dash-dotted"];
    this.lines.replaceChildren(
      ...this.map.bounds.map((line, k) =>
        make("li", { textContent: `${dashes[k % 4]} line (${line.methods.join(", ")}): ${line.label}: ${line.kind}.` }),
      ),
    );
  }

  #point(cell, how) {
    this.cell = cell;
    for (const map of Object.values(this.maps)) map.point(cell);
    if (!this.map) return;
    this.#showCounts();
    if (how === "keys") this.page.speak(this.#said(...cell), 300);
  }

  #pick(i, j) {
    const { x, y } = this.map;
    this.page.state.set({ [x.name]: x.values[i], [y.name]: y.values[j] }, "map");
  }

  get current() {
    const at = (axis) => {
      const place = Math.round(indexOf(axis, this.page.state.get(axis.name)));
      return Math.min(Math.max(place, 0), axis.values.length - 1);
    };
    return [at(this.map.x), at(this.map.y)];
  }

  #title([i, j]) {
    const { x, y } = this.map;
    const value = (axis, k) => `${axis.title} = ${formatNumber(axis.values[k], 4)}`;
    return `${this.cell ? "At" : "At the cell of the setting in view,"} ${value(x, i)}, ${value(y, j)}`;
  }

  #said(i, j) {
    const at = j * this.map.x.values.length + i;
    const after = (v) => (v === null || v === undefined ? "" : ` after a median of ${this.unit.said(v).replace(/^step (.*)/, "$1 steps")}`);
    const each = this.methods.map((name) => `${name} ${this.cells[name].arrived[at] ?? "not computed"}${after(this.cells[name].cost[at])}`);
    return `${this.#title([i, j])}: of ${this.map.runs} runs arrive ${each.join(", ")}.`;
  }

  #showCounts() {
    const cell = this.cell ?? this.current;
    const n = this.map.x.values.length;
    const rows = this.methods.map((name) => {
      const cells = this.cells[name];
      const at = cell[1] * n + cell[0];
      const label = methodName(name, this.page.looks[name], this.page.colours.paper);
      if (cells.arrived[at] === null) return [label, "not yet", "–", "–"];
      return [label, `${cells.arrived[at]} of ${this.map.runs}`, this.unit.format(cells.cost[at]), String(cells.diverged[at])];
    });
    this.readout.replaceChildren(plainTable(this.#title(cell), ["Method", "Arrive", this.unit.median, "Diverge"], rows));
  }

  #totalsOf(name) {
    const { arrived, cost, diverged } = this.cells[name];
    const { runs, x, y } = this.map;
    const fast = cost.reduce((best, v, k) => (v !== null && arrived[k] === runs && (best < 0 || v < cost[best]) ? k : best), -1);
    const n = x.values.length;
    return {
      cells: arrived.length,
      all: arrived.filter((v) => v === runs).length,
      none: arrived.filter((v) => v === 0).length,
      lost: diverged.filter((v) => v * 2 > runs).length,
      fastest:
        fast < 0
          ? "–"
          : `${this.unit.said(cost[fast])} at ${formatNumber(x.values[fast % n], 4)}, ${formatNumber(y.values[Math.floor(fast / n)], 4)}`,
    };
  }

  #words(name) {
    const { cells, all, none, lost, fastest } = this.#totalsOf(name);
    const { x, y, runs } = this.map;
    const least = all ? `; ${this.unit.least.toLowerCase()}: ${fastest}` : "";
    return `${y.title} over ${x.title}: all ${runs} runs arrive in ${all} of ${cells} cells, none in ${none}, most diverge in ${lost}${least}`;
  }

  #showTotals() {
    const rows = this.methods.map((name) => {
      const { cells, all, none, lost, fastest } = this.#totalsOf(name);
      const label = methodName(name, this.page.looks[name], this.page.colours.paper);
      return [label, `${all} of ${cells}`, String(none), String(lost), fastest];
    });
    const heads = ["Method", "All runs arrive", "None arrives", "Most diverge", this.unit.least];
    this.totals.replaceChildren(plainTable("Cells of each map", heads, rows));
  }

  #summary() {
    const { x, y, runs } = this.map;
    const each = this.methods.map((name) => {
      const { cells, all, fastest } = this.#totalsOf(name);
      return `${name}: all ${runs} runs arrive in ${all} of ${cells} cells${all ? `, ${this.unit.least.split(" ")[0].toLowerCase()} ${fastest}` : ""}.`;
    });
    return `Phase diagram over ${x.title} and ${y.title}. ${each.join(" ")}`;
  }
}
