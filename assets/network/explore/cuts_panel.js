// Lines through every method's last weights, and how sharp each solution is relative to its weights.
import { decode } from "../../core/arrays.js";
import { by, plainTable } from "../../core/dom.js";
import { formatNumber } from "../../core/format.js";
import { Chart } from "../../draw/chart.js";
import { methodName } from "../../draw/swatch.js";
import { ExplorePanel } from "./panel.js";

/** @typedef {import("../../core/contract.js").CutsRow} CutsRow */
/** @typedef {NonNullable<CutsRow["solution"]>} Solution */
/** @typedef {Omit<import("../../core/contract.js").CutsAbout, "t"> & { t: Float32Array }} About */
/** @typedef {{ directions: number, train: Float32Array, test: Float32Array }} Curves */
/** @typedef {{ run: string, job: string, about: About, cuts: Record<string, Curves>, solutions: Solution[], done: import("../../core/contract.js").ExploreDone | null }} CutsFound what has come so far */

/** @type {("train" | "test")[]} */
const HALVES = ["train", "test"];
const CURVATURE = ["‖θ‖", "λmax of H", "λmax relative to the weights", "Trace relative to the weights"];
const NAMES = { train: "Training loss", test: "Test loss" };

/** @extends {ExplorePanel<CutsRow, CutsFound>} */
export class CutsPanel extends ExplorePanel {
  /** @param {import("./main.js").ExplorePage} page */
  constructor(page) {
    super(page, "cuts");
    this.charts = { train: new Chart(by("cuts-train-chart"), { label: "" }), test: new Chart(by("cuts-test-chart"), { label: "" }) };
  }

  /** @override */
  get nothing() {
    return { cuts: {}, solutions: [] };
  }

  /**
   * @override
   * @param {CutsFound} found
   * @param {CutsRow} row
   */
  take(found, { about, cut, solution }) {
    if (about) found.about = { ...about, t: decode(about.t) };
    if (cut) found.cuts[cut.method] = { directions: cut.directions, train: decode(cut.train), test: decode(cut.test) };
    if (solution) found.solutions.push(solution);
  }

  /** @override @param {CutsFound} found */
  said(found) {
    return saidOf(found);
  }

  /** @override @param {CutsFound} found */
  has({ cuts }) {
    return Object.keys(cuts).length > 0;
  }

  /** @override @param {CutsFound} found */
  draw({ about, cuts, solutions }) {
    for (const half of HALVES) {
      const series = Object.entries(cuts).map(([name, curves]) => ({ x: [...about.t], y: [...curves[half]], look: this.page.looks[name] }));
      const x = { title: "t, in lengths of the weights", range: [about.t[0], about.t[about.t.length - 1]] };
      this.charts[half].show({ x, y: { log: true }, series }, this.page.colours);
      by(`cuts-${half}-chart`).setAttribute("aria-label", describeCuts(half, cuts));
    }
    const heads = ["Method", "Training loss", "Test loss", `Rise to t = ±${formatNumber(about.t[about.t.length - 1])}`, ...CURVATURE];
    const rows = solutions.map((one) => [methodName(one.method, this.page.looks[one.method], this.page.colours.paper), ...cellsOf(one)]);
    by("cuts-table").hidden = !rows.length;
    by("cuts-table").replaceChildren(plainTable(`At step ${about.step}.`, heads, rows));
  }
}

/**
 * @param {Solution} solution
 * @returns {string[]} the table's cells after the name
 */
export function cellsOf(solution) {
  if ("problem" in solution) return [solution.problem, ...Array(6).fill("–")];
  const { train_loss: train, test_loss: test, rise, length, eigenvalue, converged } = solution;
  const sure = converged ? "" : " (not converged)";
  return [
    ...[train, test, rise, length].map((value) => formatNumber(value)),
    ...[eigenvalue, solution.relative_eigenvalue].map((value) => formatNumber(value) + sure),
    `${formatNumber(solution.relative_trace)} ± ${formatNumber(solution.relative_trace_error, 1)}`,
  ];
}

/**
 * @param {"train" | "test"} half
 * @param {Record<string, Curves>} cuts
 * @returns {string} the chart in words
 */
export function describeCuts(half, cuts) {
  const parts = Object.entries(cuts).map(([name, curves]) => {
    const line = curves[half];
    const [middle, ends] = [line[(line.length - 1) >> 1], (line[0] + line[line.length - 1]) / 2];
    return `${name}: ${formatNumber(middle)} in the middle, ${formatNumber(ends)} at the ends`;
  });
  return `${NAMES[half]} on the cuts. ${parts.join("; ")}.`;
}

/**
 * @param {CutsFound} found
 * @returns {string} the panel's status
 */
export function saidOf({ about, cuts, solutions, done }) {
  const { directions, methods, examples, of_examples: all } = about;
  const whole = Math.min(directions, ...methods.map((name) => cuts[name]?.directions ?? directions));
  const over = examples === all ? `all ${all}` : `${examples} of ${all}`;
  if (done) return `${directions} directions, ${over} training examples, ${formatNumber(done.seconds, 2)} s`;
  return solutions.length || whole === directions
    ? `${solutions.length} of ${methods.length} solutions measured`
    : `${whole} of ${directions} directions`;
}
