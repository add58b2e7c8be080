// The phase diagram: four maps over two controls on one scale, coarse first, with the counts of the cell pointed at.
import { COST_UNITS, MeasuredCosts, priced } from "../core/cost_units.js";
import { make, plainTable } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { methodName } from "../draw/swatch.js";
import { addInstrument, Instrument } from "./base.js";
import { HeatMap, indexOf } from "./heat_map.js";
import { sequential } from "./palette.js";
import { makeFigure, makeKey, makeScale, makeTablePlace } from "./parts.js";

const STRIDES = [8, 4, 2, 1];
const AXES = ["x_axis", "y_axis"];
/** @typedef {import("../core/contract.js").PhaseAnswer} PhaseAnswer */
/** @typedef {import("../core/contract.js").PhaseParts} PhaseParts */
/** @typedef {import("../core/contract.js").MapAxis} MapAxis */
/** @typedef {import("../core/cost_units.js").Price} Price */
/** @typedef {import("./heat_map.js").Cell} Cell */

/**
 * A method's map, cell by cell, rows from below.
 * @typedef {object} Cells
 * @property {number} stride of what is known
 * @property {(number | null)[]} arrived null where it is not known yet
 * @property {number[]} diverged
 * @property {(number | null)[]} median steps
 * @property {(number | null)[]} refreshes
 * @property {(number | null)[]} cost of the median, in the unit
 */

/** @extends {Instrument<PhaseAnswer | PhaseParts>} */
class PhaseDiagram extends Instrument {
  /**
   * @param {import("./base.js").InstrumentsLab} page
   * @param {HTMLElement} place
   * @param {string} key
   */
  constructor(page, place, key) {
    super(page, place, key);
    /** @type {PhaseAnswer | null} what the whole map is */
    this.map = null;
    /** @type {Record<string, Cells>} by method */
    this.cells = {};
    /** @type {Cell | null} that is pointed at */
    this.cell = null;
    this.done = false; // all parts are there
    /** @type {string[]} those whose maps stand there */
    this.methods = [];
    this.seconds = new MeasuredCosts(() => this.show());
    this.status = make("p", { className: "hint" });
    this.counting = make("p", { className: "hint" });
    this.scale = make("div", { className: "scale" });
    this.figures = make("div", { className: "maps" });
    this.readout = make("div", { className: "scroll readout-table" });
    this.lines = make("ul", { className: "bounds" });
    this.totals = makeTablePlace();
    /** @type {Record<string, HTMLElement>} */
    this.names = {};
    /** @type {Record<string, HeatMap>} */
    this.maps = {};
    const details = make("details", { className: "group" }, make("summary", { textContent: "The maps in numbers" }), this.totals);
    place.append(this.scale, this.figures, this.lines, this.status, this.counting, this.readout, details);
  }

  /** @param {string[]} methods that are compared from now on */
  #compare(methods) {
    if (methods.join() === this.methods.join()) return;
    this.methods = methods;
    this.figures.replaceChildren();
    this.maps = Object.fromEntries(
      methods.map((name) => {
        const stack = make("div", { className: "heat-stack" });
        const title = (this.names[name] = make("span"));
        this.figures.append(makeFigure(title, stack));
        const map = new HeatMap(stack, {
          label: `${name}: phase diagram. Arrow keys move over the map, Enter goes to the setting.`,
          onPoint: (cell, how) => this.#point(cell, how),
          onPick: (i, j) => this.#pick(i, j),
        });
        return [name, map];
      }),
    );
  }

  /** @override */
  ask() {
    const body = this.page.request();
    const { address } = this;
    const finer = STRIDES.slice(1).flatMap((stride) =>
      this.page.compared.map((method) => ({ address, body: { ...body, stride, method } })),
    );
    this.progress.ask([{ address, body: { ...body, stride: STRIDES[0] } }, ...finer]);
  }

  /**
   * The axes of the surface in view: those of every surface, its own parameters and its start, by their names there;
   * what a colour may stand for, in the unit that is counted in.
   * @override
   * @param {import("./base.js").ChoiceControl} control
   */
  offered({ name: offered, options }) {
    const { state, tables } = this.page;
    if (offered === "shown") return options.map(([value, text]) => [value, value === "steps" ? this.unit.to : text]);
    if (!AXES.includes(offered)) return options;
    const own = tables.surfaces[state.get("surface")]?.controls ?? [];
    const titles = Object.fromEntries(own.map(({ name, title }) => [name, title]));
    const ground = (/** @type {string} */ name) => name.startsWith("surface.") || name.startsWith("start_");
    return options.filter(([name]) => !ground(name) || titles[name]).map(([name, title]) => [name, titles[name] ?? title]);
  }

  /**
   * The two axes must differ: the other one steps aside.
   * @override
   * @param {Set<string>} changed
   */
  follow(changed) {
    const { x_axis: x, y_axis: y } = this.page.state.values;
    if (x !== y) return null;
    return { [changed.has("x_axis") ? "y_axis" : "x_axis"]: x === "learning_rate" ? "radius" : "learning_rate" };
  }

  /**
   * @override
   * @param {PhaseAnswer | PhaseParts} answer
   * @param {number} index
   * @param {number} of
   */
  part(answer, index, of) {
    if ("x" in answer) {
      const size = answer.x.values.length * answer.y.values.length;
      this.map = answer;
      this.#compare(answer.parts.map((part) => part.method).filter((name, at, all) => all.indexOf(name) === at));
      this.cells = Object.fromEntries(
        this.methods.map((name) => [
          name,
          { stride: STRIDES[0], arrived: new Array(size).fill(null), diverged: [], median: [], refreshes: [], cost: [] },
        ]),
      );
    }
    const { map } = this;
    if (!map) return;
    const n = map.x.values.length;
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
    this.status.textContent = `${map.what}${this.done ? "" : ` Computing finer cells: ${Math.round((100 * index) / (of - 1))} %.`}`;
    this.show();
    if (this.done) this.complete(this.#summary(map));
  }

  /**
   * The nearest computed cell: a coarse picture shows each point's surroundings by it.
   * @param {PhaseAnswer} map
   * @param {Cells} cells
   * @param {number} i
   * @param {number} j
   */
  #nearest({ x, y }, cells, i, j) {
    const n = x.values.length;
    if (cells.arrived[j * n + i] !== null) return j * n + i;
    const { stride } = cells;
    const snap = (/** @type {number} */ k, /** @type {number} */ size) =>
      Math.min(Math.floor((k + stride / 2) / stride) * stride, Math.floor((size - 1) / stride) * stride);
    return snap(j, y.values.length) * n + snap(i, n);
  }

  /** @returns {keyof typeof COST_UNITS} */
  get counted() {
    return this.page.state.get("cost");
  }

  /** @override */
  get unit() {
    return COST_UNITS[this.counted];
  }

  /**
   * Each method's price of a step and of a refresh in the unit; null while seconds are being measured.
   * @param {PhaseAnswer} map
   * @returns {Record<string, Price> | null}
   */
  #prices(map) {
    const cost = this.counted;
    if (cost === "steps") return Object.fromEntries(this.methods.map((name) => [name, { step: 1, refresh: 0 }]));
    return cost === "evaluations" ? map.costs : (this.seconds.of(this.page.request())?.methods ?? null);
  }

  /**
   * The median cost of each cell's arrivals, in the unit.
   * @param {PhaseAnswer} map
   */
  #count(map) {
    const prices = this.#prices(map);
    for (const name of this.methods) {
      const cells = this.cells[name];
      cells.cost = cells.median.map((steps, at) => (prices ? priced(prices[name], steps, cells.refreshes[at]) : null));
    }
    const how = {
      steps: "",
      evaluations: `Counted in gradient evaluations: ${map.counting}`,
      seconds: `Counted in seconds. ${this.seconds.measured?.what}`,
    };
    const waiting = "Measuring how long a step of each method takes on this server…";
    this.counting.textContent = prices ? how[this.counted] : waiting;
  }

  /**
   * The scale of the costs, logarithmic: from the cheapest median of all maps to the number of steps, or the dearest.
   * @param {PhaseAnswer} map
   */
  #costRange({ steps }) {
    const all = this.methods.flatMap((name) => this.cells[name].cost.filter((v) => v !== null && v > 0).map(Number));
    const lowest = all.reduce((a, b) => Math.min(a, b), Infinity);
    if (this.counted === "steps") return [Math.max(1, Math.min(lowest, steps)), steps];
    return all.length ? [lowest, all.reduce((a, b) => Math.max(a, b))] : [1, 1];
  }

  /** @override */
  show() {
    const { map } = this;
    if (!map) return;
    const { colours, looks } = this.page;
    const { runs } = map;
    this.#count(map);
    const costly = this.page.state.get("shown") === "steps";
    const [low, high] = this.#costRange(map);
    const ofCost = (/** @type {number} */ v) => 1 - Math.log(v / low) / Math.log(Math.max(high / low, 1.0001));
    const mark = [this.page.state.get(map.x.name), this.page.state.get(map.y.name)];
    const lines = map.bounds.map((line, k) => ({ ...line, dash: [[], [7, 4], [2, 4], [9, 3, 2, 3]][k % 4] }));
    for (const name of this.methods) {
      const cells = this.cells[name];
      this.names[name].replaceChildren(methodName(name, looks[name], colours.paper));
      const colour = (/** @type {number} */ i, /** @type {number} */ j) => {
        const at = this.#nearest(map, cells, i, j);
        const [arrived, cost] = [cells.arrived[at], cells.cost[at]];
        if (arrived === null) return null;
        if (!costly) return sequential(arrived / runs);
        return cost === null ? colours.grid : sequential(ofCost(cost));
      };
      this.maps[name].show(
        {
          x: map.x,
          y: map.y,
          colour,
          hatched: (i, j) => cells.diverged[this.#nearest(map, cells, i, j)] * 2 > runs,
          ...(costly ? { hatchInk: colours.quiet } : {}),
          mark,
          words: this.done ? this.#words(map, name) : "",
          lines: lines.filter((line) => line.methods.includes(name)),
        },
        colours,
      );
    }
    this.#showScale(costly, low, high, runs);
    this.#showLines(map);
    this.#showCounts(map);
    if (this.done) this.#showTotals(map);
  }

  /**
   * @param {boolean} costly
   * @param {number} low
   * @param {number} high
   * @param {number} runs
   */
  #showScale(costly, low, high, runs) {
    const end = (/** @type {number} */ v) => (this.counted === "steps" ? this.unit.said(v) : this.unit.format(v));
    const ends = costly ? [end(high), end(low)] : ["none", `all ${runs}`];
    const what = costly ? `${this.unit.to} (median)` : "Runs that arrive";
    const extra = [makeKey("hatched-swatch", "most diverge"), makeKey("ring-swatch", "setting in view")];
    if (costly) extra.unshift(makeKey("none-swatch", "none arrives"));
    this.scale.replaceChildren(makeScale(`${what}: ${ends[0]}`, ends[1]), ...extra);
  }

  /** @param {PhaseAnswer} map */
  #showLines({ bounds }) {
    const dashes = ["solid", "dashed", "dotted", "dash-dotted"];
    this.lines.replaceChildren(
      ...bounds.map((line, k) =>
        make("li", { textContent: `${dashes[k % 4]} line (${line.methods.join(", ")}): ${line.label}: ${line.kind}.` }),
      ),
    );
  }

  /**
   * @param {Cell | null} cell
   * @param {"mouse" | "keys"} [how]
   */
  #point(cell, how) {
    this.cell = cell;
    for (const map of Object.values(this.maps)) map.point(cell);
    if (!this.map) return;
    this.#showCounts(this.map);
    if (cell && how === "keys") this.page.speak(this.#said(this.map, cell), 300);
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  #pick(i, j) {
    if (!this.map) return;
    const { x, y } = this.map;
    this.page.state.set({ [x.name]: x.values[i], [y.name]: y.values[j] }, "map");
  }

  /**
   * The cell of the setting in view.
   * @param {PhaseAnswer} map
   * @returns {Cell}
   */
  #current(map) {
    const at = (/** @type {MapAxis} */ axis) => {
      const place = Math.round(indexOf(axis, this.page.state.get(axis.name)));
      return Math.min(Math.max(place, 0), axis.values.length - 1);
    };
    return [at(map.x), at(map.y)];
  }

  /**
   * @param {PhaseAnswer} map
   * @param {Cell} cell
   */
  #title({ x, y }, [i, j]) {
    const value = (/** @type {MapAxis} */ axis, /** @type {number} */ k) => `${axis.title} = ${formatNumber(axis.values[k], 4)}`;
    return `${this.cell ? "At" : "At the cell of the setting in view,"} ${value(x, i)}, ${value(y, j)}`;
  }

  /**
   * @param {PhaseAnswer} map
   * @param {Cell} cell
   */
  #said(map, cell) {
    const at = cell[1] * map.x.values.length + cell[0];
    const after = (/** @type {number | null | undefined} */ v) =>
      v === null || v === undefined ? "" : ` after a median of ${this.unit.said(v).replace(/^step (.*)/, "$1 steps")}`;
    const each = this.methods.map((name) => `${name} ${this.cells[name].arrived[at] ?? "not computed"}${after(this.cells[name].cost[at])}`);
    return `${this.#title(map, cell)}: of ${map.runs} runs arrive ${each.join(", ")}.`;
  }

  /** @param {PhaseAnswer} map */
  #showCounts(map) {
    const cell = this.cell ?? this.#current(map);
    const n = map.x.values.length;
    const rows = this.methods.map((name) => {
      const cells = this.cells[name];
      const at = cell[1] * n + cell[0];
      const label = methodName(name, this.page.looks[name], this.page.colours.paper);
      if (cells.arrived[at] === null) return [label, "not yet", "–", "–"];
      return [label, `${cells.arrived[at]} of ${map.runs}`, this.unit.format(cells.cost[at]), String(cells.diverged[at])];
    });
    this.readout.replaceChildren(plainTable(this.#title(map, cell), ["Method", "Arrive", this.unit.median, "Diverge"], rows));
  }

  /**
   * @param {PhaseAnswer} map
   * @param {string} name
   */
  #totalsOf({ runs, x, y }, name) {
    const { arrived, cost, diverged } = this.cells[name];
    const costAt = (/** @type {number} */ k) => (arrived[k] === runs ? (cost[k] ?? Infinity) : Infinity);
    const fast = cost.map((_, k) => k).reduce((best, k) => (costAt(k) < costAt(best) ? k : best), -1);
    const n = x.values.length;
    return {
      cells: arrived.length,
      all: arrived.filter((v) => v === runs).length,
      none: arrived.filter((v) => v === 0).length,
      lost: diverged.filter((v) => v * 2 > runs).length,
      fastest:
        fast < 0
          ? "–"
          : `${this.unit.said(costAt(fast))} at ${formatNumber(x.values[fast % n], 4)}, ${formatNumber(y.values[Math.floor(fast / n)], 4)}`,
    };
  }

  /**
   * @param {PhaseAnswer} map
   * @param {string} name
   */
  #words(map, name) {
    const { cells, all, none, lost, fastest } = this.#totalsOf(map, name);
    const { x, y, runs } = map;
    const least = all ? `; ${this.unit.least.toLowerCase()}: ${fastest}` : "";
    return `${y.title} over ${x.title}: all ${runs} runs arrive in ${all} of ${cells} cells, none in ${none}, most diverge in ${lost}${least}`;
  }

  /** @param {PhaseAnswer} map */
  #showTotals(map) {
    const rows = this.methods.map((name) => {
      const { cells, all, none, lost, fastest } = this.#totalsOf(map, name);
      const label = methodName(name, this.page.looks[name], this.page.colours.paper);
      return [label, `${all} of ${cells}`, String(none), String(lost), fastest];
    });
    const heads = ["Method", "All runs arrive", "None arrives", "Most diverge", this.unit.least];
    this.totals.replaceChildren(plainTable("Cells of each map", heads, rows));
  }

  /** @param {PhaseAnswer} map */
  #summary(map) {
    const { x, y, runs } = map;
    const each = this.methods.map((name) => {
      const { cells, all, fastest } = this.#totalsOf(map, name);
      return `${name}: all ${runs} runs arrive in ${all} of ${cells} cells${all ? `, ${this.unit.least.split(" ")[0].toLowerCase()} ${fastest}` : ""}.`;
    });
    return `Phase diagram over ${x.title} and ${y.title}. ${each.join(" ")}`;
  }
}

addInstrument("phase", PhaseDiagram);
