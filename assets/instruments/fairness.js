// The fairness strip: arrivals and final loss against the learning rate, and every method at its best.
import { COST_UNITS, priced } from "../core/cost_units.js";
import { make, makeButton, plainTable } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { writeLink } from "../core/link.js";
import { Chart } from "../draw/chart.js";
import { methodName } from "../draw/swatch.js";
import { coarsePointer } from "../draw/turning.js";
import { addInstrument, Instrument } from "./base.js";
import { HeatMap } from "./heat_map.js";
import { sequential } from "./palette.js";
import { makeFigure, makeKey, makeScale, makeSign, makeTablePlace } from "./parts.js";

/** @typedef {import("../core/contract.js").FairnessAnswer} FairnessAnswer */
/** @typedef {import("../core/contract.js").Judged} Judged */
/** @typedef {import("./heat_map.js").Cell} Cell */

const LEAST = 1e-9; // of a loss that is drawn

/**
 * What is shown of the answer: all methods with as many steps, or within an equal budget in another unit.
 * @param {FairnessAnswer} answer
 */
const seen = (answer) => answer.equal_cost ?? answer;

/**
 * The strips from top to bottom are the methods in their order; rows of a map count from below.
 * @param {FairnessAnswer} answer
 * @param {number} row
 */
const stripAt = (answer, row) => {
  const { strips } = seen(answer);
  return strips[strips.length - 1 - row];
};

/** @extends {Instrument<FairnessAnswer>} */
class Fairness extends Instrument {
  /**
   * @param {import("./base.js").InstrumentsLab} page
   * @param {HTMLElement} place
   * @param {string} key
   */
  constructor(page, place, key) {
    super(page, place, key);
    /** @type {Cell | null} that is pointed at */
    this.cell = null;
    this.sentence = make("p", { className: "verdict-sentence" });
    this.scale = make("div", { className: "scale" });
    const strip = (this.stack = make("div", { className: "strip-stack" }));
    const chart = make("div", { className: "loss-stack" });
    this.strip = new HeatMap(strip, {
      label: "Runs that arrive, by method and learning rate. Arrow keys move, Enter goes to the setting.",
      onPoint: (cell, how) => this.#point(cell, how),
      onPick: (i, j) => this.#pick(i, j),
    });
    this.chart = new Chart(chart, { label: "Final loss by learning rate" });
    this.readout = make("p", { className: "hint" });
    this.best = makeTablePlace();
    this.status = make("p", { className: "hint" });
    this.all = makeButton("Tune all, and watch them on the map", () => this.#tuneAll());
    place.append(
      this.sentence,
      this.best,
      make("div", { className: "tools" }, this.all),
      this.scale,
      make(
        "div",
        { className: "strips" },
        makeFigure(make("span", { textContent: "Runs that arrive, at the best radius tried" }), strip),
        this.readout,
        makeFigure(make("span", { textContent: "Final loss there (median; below 1e−9 drawn as 1e−9)" }), chart),
      ),
      this.status,
    );
  }

  /** @override */
  get spoken() {
    return this.answer ? seen(this.answer).sentence : "";
  }

  /** @override */
  get unit() {
    return COST_UNITS[this.answer?.equal_cost?.unit ?? "steps"];
  }

  /**
   * A method's median cost in words; nothing where none arrives.
   * @param {string} method
   * @param {number | null} median
   * @param {number | null} refreshes
   */
  #costSaid(method, median, refreshes) {
    if (median === null) return "";
    const prices = this.answer?.equal_cost?.prices[method] ?? { step: 1, refresh: 0 };
    return `, ${this.unit.said(priced(prices, median, refreshes))}`;
  }

  /** @override */
  show() {
    const { answer } = this;
    if (!answer) return;
    const { colours, looks, state } = this.page;
    const { rates, runs, what, judged_on: judged, equal_cost: budget } = answer;
    const { strips, sentence, rows } = seen(answer);
    this.sentence.textContent = sentence;
    this.all.hidden = !rows.length;
    this.status.textContent = budget ? `${what} ${budget.what}` : what;
    const names = strips.map((strip) => strip.method).reverse();
    this.stack.style.setProperty("--rows", String(names.length));
    this.strip.show(
      {
        x: { values: rates, log: true, title: "Learning rate η" },
        y: { values: names.map((_, k) => k), log: false, title: "", labels: names },
        words: strips.map(({ method, arrived }) => `${method} at best ${Math.max(...arrived)} of ${runs}`).join(", "),
        margin: { left: 82, right: 12, top: 6, bottom: 38 },
        colour: (i, j) => sequential(stripAt(answer, j).arrived[i] / runs),
        hatched: (i, j) => stripAt(answer, j).loss[i] === null,
        dots: rows.map((row) => ({ x: row.learning_rate, y: names.indexOf(row.method), shape: looks[row.method].marker })),
      },
      colours,
    );
    const series = strips.map(({ method, loss }) => ({
      name: method,
      x: rates,
      y: loss.map((v) => (v === null ? null : Math.max(v, LEAST))),
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
    this.scale.replaceChildren(
      makeScale("Runs that arrive: none", `all ${runs}`),
      makeKey("hatched-swatch", "most diverge"),
      makeSign("marker: the method’s best setting"),
    );
    const told = (/** @type {string} */ method, /** @type {Judged} */ { arrived, median, refreshes }) =>
      `${arrived} of ${judged}${this.#costSaid(method, median, refreshes)}`;
    this.best.replaceChildren(
      plainTable(
        `Each at its best, judged on ${judged} fresh runs${budget ? ", within the equal budget" : ""}`,
        ["Method", "Best η", "Best ρ", `Tuned: arrive, ${this.unit.median.toLowerCase()}`, "At the page’s η and ρ", ""],
        rows.map((row) => {
          const label = `Set learning rate and radius to the best of ${row.method}`;
          const go = makeButton("Go there", () => this.#go(row), { "aria-label": label });
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
    this.#showCounts(answer);
  }

  // Every method at its best, drawn and played together in the toy lab: what the table says, to be seen.
  #tuneAll() {
    if (!this.answer) return;
    const { own_controls: ours } = this.page.tables;
    const own = seen(this.answer).rows.flatMap((row) => Object.entries(row.own));
    const values = Object.entries(this.page.state.values).filter(([name]) => !ours.includes(name));
    location.assign(`/${writeLink({ ...Object.fromEntries(values), ...Object.fromEntries(own), tuning: "own", step: 0 })}`);
  }

  /** @param {{ learning_rate: number, radius: number, probing: boolean }} setting */
  #go({ learning_rate, radius, probing }) {
    this.page.state.set({ learning_rate, ...(probing ? { radius } : {}) }, "map");
  }

  /**
   * @param {Cell | null} cell
   * @param {"mouse" | "keys"} [how]
   */
  #point(cell, how) {
    this.cell = cell;
    this.strip.point(cell);
    if (!this.answer) return;
    this.#showCounts(this.answer);
    if (how === "keys") this.page.speak(this.readout.textContent, 300);
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  #pick(i, j) {
    if (!this.answer) return;
    const { rate, radius, method } = stripAt(this.answer, j);
    const probing = seen(this.answer).rows.some((row) => row.method === method && row.probing);
    this.#go({ learning_rate: rate[i], radius: radius[i], probing });
  }

  /** @param {FairnessAnswer} answer */
  #showCounts(answer) {
    if (!this.cell) {
      this.readout.textContent = coarsePointer()
        ? "A tap goes to a cell’s setting."
        : "Point at a cell, or move over the strip with the arrow keys, for its counts.";
      return;
    }
    const [i, j] = this.cell;
    const strip = stripAt(answer, j);
    const loss = strip.loss[i] === null ? "most diverge" : `final loss ${formatNumber(strip.loss[i])}`;
    const median = this.#costSaid(strip.method, strip.median[i], strip.refreshes[i]).replace(", ", ", median ");
    this.readout.textContent = `${strip.method} at η = ${formatNumber(strip.rate[i], 4)}, ρ = ${formatNumber(strip.radius[i])}: ${strip.arrived[i]} of ${answer.runs} arrive${median}; ${loss}.`;
  }
}

addInstrument("fairness", Fairness);
