// The race of timescales: maps over decay and refresh interval, U along the run, and the verdict on the premise.
import { make, plainTable } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { Chart } from "../draw/chart.js";
import { makeLineSwatch, methodName } from "../draw/swatch.js";
import { Instrument } from "./base.js";
import { HeatMap } from "./heat_map.js";
import { sequential, sequentialGradient } from "./palette.js";

const CURVES = [
  ["largest", "largest eigenvalue of U", "largest eigenvalue", ""],
  ["smallest", "smallest eigenvalue of U", "smallest eigenvalue", "7 4"],
  ["smoothed", "1/λ of the smoothed curvature", "smoothed", "2 3"],
  ["local", "1/λ of the local curvature", "local", "9 3 2 3"],
];

export class Race extends Instrument {
  constructor(page, place) {
    super(page, place, "race");
    this.names = ["LLQR", "LLQR+SAM"];
    this.scale = make("div", { className: "scale" });
    this.figures = make("div", { className: "maps" });
    this.key = make("div", { className: "scale" });
    this.claims = make("section", { className: "claims" });
    this.readout = make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Table" });
    this.status = make("p", { className: "hint" });
    this.parts = {};
    for (const name of this.names) {
      const [title, stack] = [make("span"), make("div", { className: "heat-stack" })];
      this.figures.append(make("figure", { className: "chart" }, make("figcaption", {}, title), stack));
      const map = new HeatMap(stack, {
        label: `${name}: arrivals over decay and refresh interval. Arrow keys move, Enter goes to the setting.`,
        onPoint: (i, j, how) => this.#point(i === null || i === undefined ? null : [i, j], how),
        onPick: (i, j) => page.state.set({ decay: this.answer.decays[i], refresh_every: this.answer.intervals[j] }, "map"),
      });
      this.parts[name] = { title, map };
    }
    for (const name of this.names) {
      const [title, stack] = [make("span"), make("div", { className: "heat-stack" })];
      this.figures.append(make("figure", { className: "chart" }, make("figcaption", {}, title), stack));
      this.parts[name].chartTitle = title;
      this.parts[name].chart = new Chart(stack, { label: `${name}: eigenvalues of U along the run` });
    }
    place.append(this.claims, this.scale, this.figures, this.key, this.status, this.readout);
  }

  get spoken() {
    return this.answer.claims.map((claim) => `${claim.statement} ${claim.verdict}: ${claim.counts}.`).join(" ");
  }

  show() {
    if (!this.answer || !this.page.colours) return;
    const { colours, looks, state } = this.page;
    const { decays, intervals, maps, runs, along, escape, relearning, claims, what } = this.answer;
    const x = { values: decays, log: false, title: "Decay β", labels: decays.map((v, k) => (k % 3 === 0 ? String(v) : "")) };
    const y = { values: intervals, log: false, title: "Refresh interval k", labels: intervals.map(String) };
    const border = [];
    for (let k = 0; k <= 200 && escape !== null; k += 1) {
      const beta = (0.99 * k) / 200;
      const interval = escape * (1 - beta);
      if (interval >= 1 && interval <= 100) border.push([beta, interval]);
    }
    for (const name of this.names) {
      const { title, chartTitle, map, chart } = this.parts[name];
      title.replaceChildren(methodName(name, looks[name], colours.paper));
      chartTitle.replaceChildren(methodName(`U of ${name}`, looks[name], colours.paper));
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
      const colour = (k) => (k < 2 ? looks[name].colour : k === 2 ? colours.ink : colours.quiet);
      const series = CURVES.map(([key, , , dash], k) => ({
        x: run.steps,
        y: run[key],
        look: { colour: colour(k), dash, width: 2, marker: "circle" },
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
    this.#showCounts();
  }

  #showScale(runs, escape) {
    const bar = make("span", { className: "scale-bar" });
    bar.style.background = sequentialGradient();
    const words = "dashed line: k/(1 − β) = escape time; above it U relearns more slowly";
    const line = escape === null ? [] : [make("span", { className: "sign", textContent: words })];
    const shades = make("span", { className: "method-name" }, "Runs that arrive: none", bar, `all ${runs}`);
    const ring = make("span", { className: "method-name" }, make("span", { className: "ring-swatch" }), "setting in view");
    this.scale.replaceChildren(shades, ring, ...line);
  }

  #showKey(colours) {
    this.key.replaceChildren(
      ...CURVES.map(([, words, , dash], k) => {
        const swatch = makeLineSwatch({ colour: k < 2 ? colours.ink : colours.quiet, width: 2, dash, marker: "" }, 36);
        return make("span", { className: "method-name" }, swatch, words);
      }),
    );
  }

  #point(cell, how) {
    this.cell = cell;
    for (const name of this.names) this.parts[name].map.point(cell);
    if (!this.answer) return;
    this.#showCounts();
    if (how === "keys") this.page.speak(this.readout.innerText.replace(/\s+/g, " "), 300);
  }

  #showCounts() {
    const { decays, intervals, maps, runs } = this.answer;
    const nearest = (values, wanted) =>
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
