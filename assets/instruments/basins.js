// The basin map: where each start ends, by method; a click sets the page's start.
import { make, plainTable } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { methodName } from "../draw/swatch.js";
import { coarsePointer } from "../draw/turning.js";
import { addInstrument, Instrument } from "./base.js";
import { HeatMap } from "./heat_map.js";
import { makeFigure, makeKey, makeSign, makeTablePlace } from "./parts.js";

const FIRST = ["in the flat basin"]; // always the first colour

/** @typedef {import("../core/contract.js").BasinsAnswer} BasinsAnswer */
/** @typedef {import("../core/contract.js").BasinMap} BasinMap */
/** @typedef {import("./heat_map.js").Cell} Cell */
/** @typedef {import("./heat_map.js").Dot} Dot */

const ghostSign = (/** @type {boolean} */ holds) =>
  `✚ ghost minimum: the probe stands on the pothole’s bottom${holds ? "" : "; at this η SAM does not stay at it"}`;

/** @extends {Instrument<BasinsAnswer>} */
class Basins extends Instrument {
  /**
   * @param {import("./base.js").InstrumentsLab} page
   * @param {HTMLElement} place
   * @param {string} key
   */
  constructor(page, place, key) {
    super(page, place, key);
    /** @type {Record<string, BasinMap>} by method, as far as they have come */
    this.found = {};
    /** @type {Cell | null} that is pointed at */
    this.cell = null;
    /** @type {string[]} those whose maps stand there */
    this.methods = [];
    this.colours = page.tables.ending_colours;
    this.key = make("div", { className: "scale" });
    this.figures = make("div", { className: "maps" });
    this.readout = make("p", { className: "hint" });
    this.table = makeTablePlace();
    /** @type {Record<string, { title: HTMLElement, map: HeatMap }>} by method */
    this.maps = {};
    place.append(this.key, this.figures, this.readout, this.table);
  }

  /** @param {string[]} methods that are compared from now on */
  #compare(methods) {
    if (methods.join() === this.methods.join()) return;
    this.methods = methods;
    this.maps = {};
    this.figures.replaceChildren();
    for (const name of methods) {
      const [title, stack] = [make("span"), make("div", { className: "heat-stack" })];
      this.figures.append(makeFigure(title, stack));
      const map = new HeatMap(stack, {
        label: `${name}: where each start ends. Arrow keys move, Enter sets the start.`,
        onPoint: (at, how) => this.#point(at, how),
        onPick: (i, j) => this.#pick(i, j),
      });
      this.maps[name] = { title, map };
    }
    this.show();
  }

  /** @override */
  ask() {
    const body = this.page.request();
    this.#compare(this.page.compared);
    this.progress.ask(this.methods.map((method) => ({ address: this.address, body: { ...body, method } })));
  }

  /**
   * @override
   * @param {BasinsAnswer} answer
   * @param {number} index
   * @param {number} of
   */
  part(answer, index, of) {
    if (index === 0) {
      this.answer = answer;
      this.found = {};
    }
    for (const map of answer.maps) this.found[map.method] = map;
    this.show();
    if (index === of - 1) this.complete(this.#summary());
  }

  get endings() {
    const names = new Set(Object.values(this.found).flatMap((map) => map.names));
    const rank = (/** @type {string} */ name) => (FIRST.includes(name) ? 0 : 1);
    const coloured = [...names].filter((name) => !this.colours.plain[name]).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
    return [...coloured, ...Object.keys(this.colours.plain).filter((name) => names.has(name))];
  }

  /** @param {string} name of an ending */
  #colourOf(name) {
    const coloured = this.endings.filter((one) => !this.colours.plain[one]);
    return this.colours.plain[name] ?? this.colours.several[coloured.indexOf(name) % this.colours.several.length];
  }

  /** @override */
  show() {
    const { answer } = this;
    if (!answer) return;
    const { colours, looks, state } = this.page;
    const flat = answer.y.length === 1;
    const x = { values: answer.x, log: false, title: flat ? "Start θ" : "Start θ₁" };
    const y = flat ? { values: [0], log: false, title: "", labels: [""] } : { values: answer.y, log: false, title: "Start θ₂" };
    this.figures.classList.toggle("flat", flat);
    const ghostly = Object.values(this.found).some((map) => map.ghosts.length);
    for (const name of this.methods) {
      const { title, map } = this.maps[name];
      title.replaceChildren(methodName(name, looks[name], colours.paper));
      const found = this.found[name];
      /** @type {Dot[]} */
      const dots = answer.minima.map(({ position: [px, py = 0] }) => ({ x: px, y: py, shape: "circle", size: 3.5 }));
      for (const [gx, gy = 0] of found?.ghosts ?? []) dots.push({ x: gx, y: gy, shape: "cross", size: 6 });
      const shades = found?.names.map((ending) => this.#colourOf(ending)) ?? [];
      map.show(
        {
          words: found ? this.#words(name) : "",
          x,
          y,
          ground: !flat,
          dots,
          colour: (i, j) => (found ? shades[found.cells[j][i]] : null),
          hatched: (i, j) => found?.names[found.cells[j][i]] === "diverged",
          mark: [state.get("start_x"), flat ? 0 : state.get("start_y")],
        },
        colours,
      );
    }
    const swatches = this.endings.map((name) =>
      name === "diverged" ? makeKey("hatched-swatch", name) : makeKey("key-swatch", name, this.#colourOf(name)),
    );
    const signs = ["○ minimum", ...(ghostly ? [ghostSign(answer.ghost_holds)] : [])];
    this.key.replaceChildren(...swatches, makeKey("ring-swatch", "the start in view"), ...signs.map(makeSign));
    this.#showTable(answer);
    this.#showPoint();
  }

  /**
   * @param {BasinMap} found
   * @param {string} ending
   */
  #countOf(found, ending) {
    const index = found.names.indexOf(ending);
    return index < 0 ? 0 : found.cells.reduce((sum, row) => sum + row.filter((v) => v === index).length, 0);
  }

  /** @param {BasinsAnswer} answer */
  #showTable({ what }) {
    const rows = this.methods.map((name) => {
      const found = this.found[name];
      const cells = this.endings.map((ending) => (found ? String(this.#countOf(found, ending)) : "–"));
      return [methodName(name, this.page.looks[name], this.page.colours.paper), ...cells];
    });
    this.table.replaceChildren(plainTable(`Starts that end there. ${what}`, ["Method", ...this.endings], rows));
  }

  /** @param {string} name a method's */
  #words(name) {
    const found = this.found[name];
    const parts = this.endings
      .filter((ending) => this.#countOf(found, ending))
      .map((ending) => `${this.#countOf(found, ending)} ${ending}`);
    return parts.join(", ");
  }

  #summary() {
    const each = this.methods.map((name) => `${name}: ${this.#words(name)}.`);
    return `Where the starts end. ${each.join(" ")}`;
  }

  /**
   * @param {Cell | null} cell
   * @param {"mouse" | "keys"} [how]
   */
  #point(cell, how) {
    this.cell = cell;
    for (const name of this.methods) this.maps[name].map.point(cell);
    if (!this.answer) return;
    this.#showPoint();
    if (how === "keys") this.page.speak(this.readout.textContent, 300);
  }

  #showPoint() {
    const { answer } = this;
    if (!this.cell || !answer) {
      this.readout.textContent = coarsePointer()
        ? "A tap makes a start the page’s."
        : "Point at a start, or move with the arrow keys; a click or Enter makes it the page’s start.";
      return;
    }
    const [i, j] = this.cell;
    const ends = this.methods
      .filter((name) => this.found[name])
      .map((name) => {
        const found = this.found[name];
        return `${name} ends ${found.names[found.cells[j][i]]}`;
      });
    const at = [answer.x[i], ...(answer.y.length > 1 ? [answer.y[j]] : [])].map((v) => formatNumber(v));
    this.readout.textContent = `From (${at.join(", ")}): ${ends.join("; ")}.`;
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  #pick(i, j) {
    if (!this.answer) return;
    const round = (/** @type {number} */ v) => Math.round(v * 1e4) / 1e4;
    const { x, y } = this.answer;
    this.page.state.set({ start_x: round(x[i]), ...(y.length > 1 ? { start_y: round(y[j]) } : {}) }, "map");
  }
}

addInstrument("basins", Basins);
