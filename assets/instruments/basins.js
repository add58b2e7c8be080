// @ts-nocheck
// The basin map: where each start ends, by method; a click sets the page's start.
import { make, plainTable } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { methodName } from "../draw/swatch.js";
import { Instrument } from "./base.js";
import { HeatMap } from "./heat_map.js";

const FIRST = ["in the flat basin"]; // always the first colour

const ghostSign = (holds) =>
  `✚ ghost minimum: the probe stands on the pothole’s bottom${holds ? "" : "; at this η SAM does not stay at it"}`;

export class Basins extends Instrument {
  constructor(page, place) {
    super(page, place, "basins");
    this.methods = page.tables.compared;
    this.colours = page.tables.ending_colours;
    this.key = make("div", { className: "scale" });
    this.figures = make("div", { className: "maps" });
    this.readout = make("p", { className: "hint" });
    this.table = make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Table" });
    this.maps = {};
    for (const name of this.methods) {
      const [title, stack] = [make("span"), make("div", { className: "heat-stack" })];
      this.figures.append(make("figure", { className: "chart" }, make("figcaption", {}, title), stack));
      const map = new HeatMap(stack, {
        label: `${name}: where each start ends. Arrow keys move, Enter sets the start.`,
        onPoint: (i, j, how) => this.#point(i === null || i === undefined ? null : [i, j], how),
        onPick: (i, j) => this.#pick(i, j),
      });
      this.maps[name] = { title, map };
    }
    place.append(this.key, this.figures, this.readout, this.table);
  }

  ask() {
    const body = this.page.request();
    this.progress.ask(this.methods.map((method) => ({ address: "/instruments/basins", body: { ...body, method } })));
  }

  part(answer, index, of) {
    if (index === 0) this.answer = { ...answer, found: {} };
    for (const map of answer.maps) this.answer.found[map.method] = map;
    this.show();
    if (index === of - 1) this.complete(this.#summary());
  }

  get endings() {
    const names = new Set(Object.values(this.answer.found).flatMap((map) => map.names));
    const coloured = [...names]
      .filter((name) => !this.colours.plain[name])
      .sort((a, b) => FIRST.includes(b) - FIRST.includes(a) || a.localeCompare(b));
    return [...coloured, ...Object.keys(this.colours.plain).filter((name) => names.has(name))];
  }

  #colourOf(name) {
    const coloured = this.endings.filter((one) => !this.colours.plain[one]);
    return this.colours.plain[name] ?? this.colours.several[coloured.indexOf(name) % this.colours.several.length];
  }

  show() {
    if (!this.answer || !this.page.colours) return;
    const { colours, looks, state } = this.page;
    const flat = this.answer.y.length === 1;
    const x = { values: this.answer.x, log: false, title: flat ? "Start θ" : "Start θ₁" };
    const y = flat ? { values: [0], log: false, title: "", labels: [""] } : { values: this.answer.y, log: false, title: "Start θ₂" };
    this.figures.classList.toggle("flat", flat);
    const ghostly = Object.values(this.answer.found).some((map) => map.ghosts.length);
    for (const name of this.methods) {
      const { title, map } = this.maps[name];
      title.replaceChildren(methodName(name, looks[name], colours.paper));
      const found = this.answer.found[name];
      const dots = this.answer.minima.map(({ position: [px, py = 0] }) => ({ x: px, y: py, shape: "circle", size: 3.5 }));
      for (const [gx, gy = 0] of found?.ghosts ?? []) dots.push({ x: gx, y: gy, shape: "cross", size: 6 });
      const shades = found?.names.map((ending) => this.#colourOf(ending));
      const data = {
        words: found ? this.#words(name) : "",
        x,
        y,
        dots,
        colour: (i, j) => (found ? shades[found.cells[j][i]] : null),
        hatched: (i, j) => found?.names[found.cells[j][i]] === "diverged",
        mark: [state.get("start_x"), flat ? 0 : state.get("start_y")],
      };
      map.show(data, colours);
    }
    const swatches = this.endings.flatMap((name) => {
      const swatch = make("span", { className: name === "diverged" ? "hatched-swatch" : "key-swatch" });
      if (name !== "diverged") swatch.style.background = this.#colourOf(name);
      return [make("span", { className: "method-name" }, swatch, name)];
    });
    const signs = ["○ minimum", ...(ghostly ? [ghostSign(this.answer.ghost_holds)] : [])];
    swatches.push(make("span", { className: "method-name" }, make("span", { className: "ring-swatch" }), "the start in view"));
    this.key.replaceChildren(...swatches, ...signs.map((textContent) => make("span", { className: "sign", textContent })));
    this.#showTable();
    this.#showPoint();
  }

  #countOf(found, ending) {
    const index = found.names.indexOf(ending);
    return index < 0 ? 0 : found.cells.reduce((sum, row) => sum + row.filter((v) => v === index).length, 0);
  }

  #showTable() {
    const rows = this.methods.map((name) => {
      const found = this.answer.found[name];
      const cells = this.endings.map((ending) => (found ? String(this.#countOf(found, ending)) : "–"));
      return [methodName(name, this.page.looks[name], this.page.colours.paper), ...cells];
    });
    this.table.replaceChildren(plainTable(`Starts that end there. ${this.answer.what}`, ["Method", ...this.endings], rows));
  }

  #words(name) {
    const found = this.answer.found[name];
    const parts = this.endings
      .filter((ending) => this.#countOf(found, ending))
      .map((ending) => `${this.#countOf(found, ending)} ${ending}`);
    return parts.join(", ");
  }

  #summary() {
    const each = this.methods.map((name) => `${name}: ${this.#words(name)}.`);
    return `Where the starts end. ${each.join(" ")}`;
  }

  #point(cell, how) {
    this.cell = cell;
    for (const name of this.methods) this.maps[name].map.point(cell);
    if (!this.answer) return;
    this.#showPoint();
    if (how === "keys") this.page.speak(this.readout.textContent, 300);
  }

  #showPoint() {
    if (!this.cell) {
      this.readout.textContent = "Point at a start, or move with the arrow keys; a click or Enter makes it the page’s start.";
      return;
    }
    const [i, j] = this.cell;
    const ends = this.methods
      .filter((name) => this.answer.found[name])
      .map((name) => {
        const found = this.answer.found[name];
        return `${name} ends ${found.names[found.cells[j][i]]}`;
      });
    const at = [this.answer.x[i], ...(this.answer.y.length > 1 ? [this.answer.y[j]] : [])].map((v) => formatNumber(v));
    this.readout.textContent = `From (${at.join(", ")}): ${ends.join("; ")}.`;
  }

  #pick(i, j) {
    const round = (v) => Math.round(v * 1e4) / 1e4;
    const { x, y } = this.answer;
    this.page.state.set({ start_x: round(x[i]), ...(y.length > 1 ? { start_y: round(y[j]) } : {}) }, "map");
  }
}
