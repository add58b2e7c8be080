// The race of timescales: maps over decay and refresh interval, U along the run, and the verdict on the premise.
import { make, plainTable } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { Chart } from "../draw/chart.js";
import { makeLineSwatch, methodName, plainLook } from "../draw/swatch.js";
import { addInstrument, Instrument } from "./base.js";
import { HeatMap } from "./heat_map.js";
import { sequential } from "./palette.js";
import { makeFigure, makeKey, makeScale, makeSign, makeTablePlace } from "./parts.js";

/** @typedef {import("../core/contract.js").RaceAnswer} RaceAnswer */
/** @typedef {import("./heat_map.js").Cell} Cell */

/** @type {[key: "largest" | "smallest" | "smoothed" | "local", words: string, short: string, dash: string][]} */
const CURVES = [
  ["largest", "largest eigenvalue of U", "largest eigenvalue", ""],
  ["smallest", "smallest eigenvalue of U", "smallest eigenvalue", "7 4"],
  ["smoothed", "1/λ of the smoothed curvature", "smoothed", "2 3"],
  ["local", "1/λ of the local curvature", "local", "9 3 2 3"],
];

/** @extends {Instrument<RaceAnswer>} */
class Race extends Instrument {
  /**
   * @param {import("./base.js").InstrumentsLab} page
   * @param {HTMLElement} place
   * @param {string} key
   */
  constructor(page, place, key) {
    super(page, place, key);
    /** @type {Cell | null} that is pointed at */
    this.cell = null;
    this.names = ["LLQR", "LLQR+SAM"];
    this.scale = make("div", { className: "scale" });
    this.figures = make("div", { className: "maps" });
    this.key = make("div", { className: "scale" });
    this.claims = make("section", { className: "claims" });
    this.readout = makeTablePlace();
    this.status = make("p", { className: "hint" });
    const titled = () => ({ title: make("span"), stack: make("div", { className: "heat-stack" }) });
    this.parts = this.names.map((name) => {
      const [above, below] = [titled(), titled()];
      const map = new HeatMap(above.stack, {
        label: `${name}: arrivals over decay and refresh interval. Arrow keys move, Enter goes to the setting.`,
        onPoint: (cell, how) => this.#point(cell, how),
        onPick: (i, j) => {
          const { decays, intervals } = this.answer ?? { decays: [], intervals: [] };
          page.state.set({ decay: decays[i], refresh_every: intervals[j] }, "map");
        },
      });
      const chart = new Chart(below.stack, { label: `${name}: eigenvalues of U along the run` });
      return { name, above, map, below, chart };
    });
    this.figures.append(...this.parts.map(({ above }) => makeFigure(above.title, above.stack)));
    this.figures.append(...this.parts.map(({ below }) => makeFigure(below.title, below.stack)));
    place.append(this.claims, this.scale, this.figures, this.key, this.status, this.readout);
  }

  /** @override */
  get spoken() {
    return (this.answer?.claims ?? []).map((claim) => `${claim.statement} ${claim.verdict}: ${claim.counts}.`).join(" ");
  }

  /** @override */
  show() {
    if (!this.answer) return;
    const { colours, looks, state } = this.page;
    const { decays, intervals, maps, runs, along, escape, relearning, claims, what } = this.answer;
    const x = { values: decays, log: false, title: "Decay β", labels: decays.map((v, k) => (k % 3 === 0 ? String(v) : "")) };
    const y = { values: intervals, log: false, title: "Refresh interval k", labels: intervals.map(String) };
    /** @type {number[][]} */
    const border = [];
    for (let k = 0; k <= 200 && escape !== null; k += 1) {
      const beta = (0.99 * k) / 200;
      const interval = escape * (1 - beta);
      if (interval >= 1 && interval <= 100) border.push([beta, interval]);
    }
    for (const { name, above, map, below, chart } of this.parts) {
      above.title.replaceChildren(methodName(name, looks[name], colours.paper));
      below.title.replaceChildren(methodName(`U of ${name}`, looks[name], colours.paper));
      map.show(
        {
          x,
          y,
          colour: (i, j) => sequential(maps[name].arrived[j][i] / runs),
          hatched: (i, j) => maps[name].diverged[j][i] * 2 > runs,
          mark: [state.get("decay"), state.get("refresh_every")],
          words: `all ${runs} runs arrive in ${maps[name].arrived.flat().filter((v) => v === runs).length} of ${decays.length * intervals.length} settings`,
          lines: border.length > 1 ? [{ points: border, dash: [7, 4] }] : [],
        },
        colours,
      );
      const run = along[name];
      const colour = (/** @type {number} */ k) => (k < 2 ? looks[name].colour : k === 2 ? colours.ink : colours.quiet);
      const series = CURVES.map(([key, , , dash], k) => ({
        x: run.steps,
        y: run[key],
        look: { ...plainLook(colour(k), 2, dash), marker: "circle" },
      }));
      const marks = run.arrival === null ? [] : [{ text: `arrives at step ${run.arrival}`, lines: [{ x: Math.max(run.arrival, 1) }] }];
      chart.show({ x: { log: true, title: "Step" }, y: { log: true }, series, marks }, colours);
      const ends = CURVES.slice(0, 2).map(
        ([key, words]) => `${words} from ${formatNumber(run[key][0])} to ${formatNumber(run[key].at(-1))}`,
      );
      chart.place.setAttribute("aria-label", `${name}: ${ends.join(", ")}; the run ${run.outcome}.`);
    }
    this.#showScale(runs, escape);
    this.#showKey(colours);
    this.status.textContent = `${what} At the setting in view k/(1 − β) = ${formatNumber(relearning)} steps; escape time of LLQR+SAM: ${
      escape === null ? "none, most runs do not arrive" : `${formatNumber(escape)} steps`
    }.`;
    this.claims.replaceChildren(
      make("h2", { textContent: "The premise, tested here" }),
      ...claims.map((claim, k) =>
        make(
          "div",
          { className: `claim ${claim.verdict.replaceAll(" ", "-")}` },
          make("span", { className: "verdict", textContent: claim.verdict }),
          make("span", { className: "statement", textContent: claim.statement }),
          ...(claim.counts ? [make("span", { className: "counts", textContent: claim.counts })] : []),
          // both rest on the same runs: said once
          ...(claims[k + 1]?.detail === claim.detail ? [] : [make("span", { className: "detail", textContent: claim.detail })]),
        ),
      ),
    );
    this.#showCounts(this.answer);
  }

  /**
   * @param {number} runs
   * @param {number | null} escape
   */
  #showScale(runs, escape) {
    const words = "dashed line: k/(1 − β) = escape time; above it U relearns more slowly";
    const line = escape === null ? [] : [makeSign(words)];
    this.scale.replaceChildren(makeScale("Runs that arrive: none", `all ${runs}`), makeKey("ring-swatch", "setting in view"), ...line);
  }

  /** @param {import("../core/scheme.js").Colours} colours */
  #showKey(colours) {
    this.key.replaceChildren(
      ...CURVES.map(([, words, , dash], k) => {
        const swatch = makeLineSwatch(plainLook(k < 2 ? colours.ink : colours.quiet, 2, dash), 36);
        return make("span", { className: "method-name" }, swatch, words);
      }),
    );
  }

  /**
   * @param {Cell | null} cell
   * @param {"mouse" | "keys"} [how]
   */
  #point(cell, how) {
    this.cell = cell;
    for (const { map } of this.parts) map.point(cell);
    if (!this.answer) return;
    this.#showCounts(this.answer);
    if (how === "keys") this.page.speak(this.readout.innerText.replace(/\s+/g, " "), 300);
  }

  /** @param {RaceAnswer} answer */
  #showCounts({ decays, intervals, maps, runs }) {
    const nearest = (/** @type {number[]} */ values, /** @type {number} */ wanted) =>
      values.reduce((best, v, k) => (Math.abs(v - wanted) < Math.abs(values[best] - wanted) ? k : best), 0);
    const [i, j] = this.cell ?? [nearest(decays, this.page.state.get("decay")), nearest(intervals, this.page.state.get("refresh_every"))];
    const caption = `At β = ${decays[i]}, k = ${intervals[j]}: k/(1 − β) = ${formatNumber(intervals[j] / (1 - decays[i]))} steps`;
    const rows = this.names.map((name) => [
      methodName(name, this.page.looks[name], this.page.colours.paper),
      `${maps[name].arrived[j][i]} of ${runs}`,
      formatNumber(maps[name].median[j][i]),
      String(maps[name].diverged[j][i]),
    ]);
    this.readout.replaceChildren(plainTable(caption, ["Method", "Arrive", "Median step", "Diverge"], rows));
  }
}

addInstrument("race", Race);
