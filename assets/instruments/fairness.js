// The fairness strip: arrivals and final loss against the learning rate, and every method at its best.
import { COST_UNITS, priced } from "../core/cost_units.js";
import { make, plainTable } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { writeLink } from "../core/link.js";
import { Chart } from "../draw/chart.js";
import { methodName } from "../draw/swatch.js";
import { Instrument } from "./base.js";
import { HeatMap } from "./heat_map.js";
import { sequential, sequentialGradient } from "./palette.js";

export class Fairness extends Instrument {
  constructor(page, place) {
    super(page, place, "fairness");
    this.sentence = make("p", { className: "verdict-sentence" });
    this.scale = make("div", { className: "scale" });
    const strip = make("div", { className: "strip-stack" });
    const chart = make("div", { className: "loss-stack" });
    const figure = (title, body) =>
      make("figure", { className: "chart" }, make("figcaption", {}, make("span", { textContent: title })), body);
    this.strip = new HeatMap(strip, {
      label: "Runs that arrive, by method and learning rate. Arrow keys move, Enter goes to the setting.",
      onPoint: (i, j, how) => this.#point(i === null || i === undefined ? null : [i, j], how),
      onPick: (i, j) => this.#pick(i, j),
    });
    this.chart = new Chart(chart, { label: "Final loss by learning rate" });
    this.readout = make("p", { className: "hint" });
    this.best = make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Table" });
    this.status = make("p", { className: "hint" });
    this.all = make("button", { type: "button", className: "button", textContent: "Tune all, and watch them on the map" });
    this.all.addEventListener("click", () => this.#tuneAll());
    place.append(
      this.sentence,
      this.best,
      make("div", { className: "tools" }, this.all),
      this.scale,
      make(
        "div",
        { className: "strips" },
        figure("Runs that arrive, at the best radius tried", strip),
        this.readout,
        figure("Final loss there (median; below 1e−9 drawn as 1e−9)", chart),
      ),
      this.status,
    );
  }

  get spoken() {
    return this.told.sentence;
  }

  // What is shown of the answer: all methods with as many steps, or within an equal budget in another unit.
  get told() {
    return this.answer.equal_cost ?? this.answer;
  }

  get unit() {
    return COST_UNITS[this.answer?.equal_cost?.unit ?? "steps"];
  }

  // A method's median cost in words; nothing where none arrives.
  #costSaid(method, median, refreshes) {
    if (median === null) return "";
    const prices = this.answer.equal_cost?.prices[method] ?? { step: 1, refresh: 0 };
    return `, ${this.unit.said(priced(prices, median, refreshes))}`;
  }

  // The strips from top to bottom are the methods in their order; rows of a map count from below.
  #strip(row) {
    return this.told.strips.at(-1 - row);
  }

  show() {
    if (!this.answer || !this.page.colours) return;
    const { colours, looks, state } = this.page;
    const { rates, runs, what, judged_on: judged, equal_cost: budget } = this.answer;
    const { strips, sentence, rows } = this.told;
    this.sentence.textContent = sentence;
    this.all.hidden = !rows.length;
    this.status.textContent = budget ? `${what} ${budget.what}` : what;
    const names = strips.map((strip) => strip.method).reverse();
    this.strip.show(
      {
        x: { values: rates, log: true, title: "Learning rate η" },
        y: { values: names.map((_, k) => k), log: false, title: "", labels: names },
        words: strips.map(({ method, arrived }) => `${method} at best ${Math.max(...arrived)} of ${runs}`).join(", "),
        margin: { left: 82, right: 12, top: 6, bottom: 38 },
        colour: (i, j) => sequential(this.#strip(j).arrived[i] / runs),
        hatched: (i, j) => this.#strip(j).loss[i] === null,
        dots: rows.map((row) => ({ x: row.learning_rate, y: names.indexOf(row.method), shape: looks[row.method].marker })),
      },
      colours,
    );
    const series = strips.map(({ method, loss }) => ({
      name: method,
      x: rates,
      y: loss.map((v) => (v === null ? null : Math.max(v, 1e-9))),
      look: looks[method],
      points: true,
    }));
    const marks = [{ text: "η in view", lines: [{ x: state.get("learning_rate") }] }];
    const log = strips.every((strip) => strip.loss.every((v) => v === null || v >= 0));
    this.chart.show({ x: { log: true, title: "Learning rate η" }, y: { log }, series, marks }, colours);
    const lowest = strips.map(({ method, loss }) => {
      const found = loss.filter((v) => v !== null);
      return found.length ? `${method} at best ${formatNumber(Math.min(...found))}` : `${method} mostly diverges everywhere`;
    });
    this.chart.place.setAttribute("aria-label", `Final loss by learning rate: ${lowest.join(", ")}.`);
    const bar = make("span", { className: "scale-bar" });
    bar.style.background = sequentialGradient();
    this.scale.replaceChildren(
      "Runs that arrive: none",
      bar,
      `all ${runs}`,
      make("span", { className: "method-name" }, make("span", { className: "hatched-swatch" }), "most diverge"),
      make("span", { className: "sign", textContent: "marker: the method’s best setting" }),
    );
    const told = (method, { arrived, median, refreshes }) => `${arrived} of ${judged}${this.#costSaid(method, median, refreshes)}`;
    this.best.replaceChildren(
      plainTable(
        `Each at its best, judged on ${judged} fresh runs${budget ? ", within the equal budget" : ""}`,
        ["Method", "Best η", "Best ρ", `Tuned: arrive, ${this.unit.median.toLowerCase()}`, "At the page’s η and ρ", ""],
        rows.map((row) => {
          const go = make("button", { type: "button", className: "button", textContent: "Go there" });
          go.setAttribute("aria-label", `Set learning rate and radius to the best of ${row.method}`);
          go.addEventListener("click", () =>
            this.page.state.set({ learning_rate: row.learning_rate, ...(row.probing ? { radius: row.radius } : {}) }, "map"),
          );
          const name = methodName(row.method, looks[row.method], colours.paper);
          return [
            name,
            formatNumber(row.learning_rate, 4),
            row.probing ? formatNumber(row.radius) : "no probe",
            told(row.method, row.tuned),
            told(row.method, row.now),
            go,
          ];
        }),
      ),
    );
    this.#showCounts();
  }

  // Every method at its best, drawn and played together in the toy lab: what the table says, to be seen.
  #tuneAll() {
    const { own_controls: ours } = this.page.tables;
    const own = this.told.rows.flatMap((row) => Object.entries(row.own));
    const values = Object.entries(this.page.state.values).filter(([name]) => !ours.includes(name));
    location.assign(`/${writeLink({ ...Object.fromEntries(values), ...Object.fromEntries(own), tuning: "own", step: 0 })}`);
  }

  #point(cell, how) {
    this.cell = cell;
    this.strip.point(cell);
    if (!this.answer) return;
    this.#showCounts();
    if (how === "keys") this.page.speak(this.readout.textContent, 300);
  }

  #pick(i, j) {
    const { rate, radius, method } = this.#strip(j);
    const { probing } = this.told.rows.find((row) => row.method === method);
    this.page.state.set({ learning_rate: rate[i], ...(probing ? { radius: radius[i] } : {}) }, "map");
  }

  #showCounts() {
    if (!this.cell) {
      this.readout.textContent = "Point at a cell, or move over the strip with the arrow keys, for its counts.";
      return;
    }
    const [i, j] = this.cell;
    const strip = this.#strip(j);
    const loss = strip.loss[i] === null ? "most diverge" : `final loss ${formatNumber(strip.loss[i])}`;
    const median = this.#costSaid(strip.method, strip.median[i], strip.refreshes[i]).replace(", ", ", median ");
    this.readout.textContent = `${strip.method} at η = ${formatNumber(strip.rate[i], 4)}, ρ = ${formatNumber(strip.radius[i])}: ${strip.arrived[i]} of ${this.answer.runs} arrive${median}; ${loss}.`;
  }
}
