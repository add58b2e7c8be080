// The curvature panel: numbers with their errors in a table, the spectral density, and the way along the run.
import { decode } from "../../core/arrays.js";
import { by, plainTable } from "../../core/dom.js";
import { formatCount, formatNumber } from "../../core/format.js";
import { Chart } from "../../draw/chart.js";
import { methodName } from "../../draw/swatch.js";
import { ExplorePanel } from "./panel.js";

/** @typedef {import("../../core/contract.js").CurvatureRow} CurvatureRow */
/** @typedef {import("../../core/contract.js").MeasuredCurvature} MeasuredCurvature */
/** @typedef {NonNullable<CurvatureRow["measured"]>} Measured */
/** @typedef {Omit<import("../../core/contract.js").SpectralDensity, "values" | "density"> & { values: Float32Array, density: Float32Array }} Density */

/**
 * @typedef {object} CurvatureFound what has come so far
 * @property {string} run
 * @property {string} job
 * @property {import("../../core/contract.js").CurvatureAbout} about
 * @property {Measured[]} rows
 * @property {Density[]} densities of the methods that have one
 * @property {number} spectra answers to densities, those without numbers too
 * @property {import("../../core/contract.js").MeasuredDone | null} done
 */

/** @type {["eigenvalue" | "trace" | "sharpness", string, (row: MeasuredCurvature) => number | null][]} */
const ALONG = [
  ["eigenvalue", "Largest eigenvalue", (row) => row.eigenvalues[0]],
  ["trace", "Trace", (row) => row.trace],
  ["sharpness", "SAM sharpness", (row) => row.sharpness],
];
const LEAST = 1e-5; // of the density's peak: below, a logarithm shows rounding

/** @extends {ExplorePanel<CurvatureRow, CurvatureFound>} */
export class CurvaturePanel extends ExplorePanel {
  /** @param {import("./main.js").ExplorePage} page */
  constructor(page) {
    super(page, "curvature");
    const chart = (/** @type {string} */ key) => new Chart(by(`curvature-${key}-chart`), { label: "" });
    this.charts = { eigenvalue: chart("eigenvalue"), trace: chart("trace"), sharpness: chart("sharpness"), density: chart("density") };
  }

  /** @override */
  get nothing() {
    return { rows: [], densities: [], spectra: 0 };
  }

  /**
   * @override
   * @param {CurvatureFound} found
   * @param {CurvatureRow} row
   */
  take(found, { measured, density }) {
    if (measured) found.rows.push(measured);
    if (!density) return;
    found.spectra += 1;
    if (!("problem" in density)) found.densities.push({ ...density, values: decode(density.values), density: decode(density.density) });
  }

  /**
   * @override
   * @param {CurvatureFound} found
   * @param {CurvatureRow} _row
   * @param {import("./panel.js").Progress} progress
   */
  said({ about, rows, spectra, done }, _row, { total, seconds_left: left }) {
    if (!done)
      return `${rows.length + spectra} of ${total - 1} measurements${left ? `, about ${formatNumber(Math.ceil(left), 2)} s left` : ""}`;
    const { examples, half, dimension } = about;
    return (
      `${formatCount(done.products)} Hessian products over ${formatCount(examples)} ${half === "train" ? "training" : "test"} examples, ` +
      `${formatCount(dimension)} weights, in ${formatNumber(done.seconds, 2)} s`
    );
  }

  /** @override @param {CurvatureFound} found */
  has({ rows }) {
    return rows.length > 0;
  }

  /** @override @param {CurvatureFound} found */
  draw(found) {
    this.#table(found);
    this.#density(found);
    this.#along(found);
  }

  /**
   * At the last kept weights, one row per method.
   * @param {CurvatureFound} found
   */
  #table({ rows, about }) {
    const last = Math.max(...about.steps);
    const here = rows.filter((row) => row.step === last);
    const count = Math.max(...here.filter(isMeasured).map((row) => row.eigenvalues.length), 1);
    const eigenvalues = Array.from({ length: count }, (_, k) => `λ${subscript(k + 1)} ± residual`);
    const heads = [
      "Method",
      "Loss",
      ...eigenvalues,
      "Trace ± standard error",
      "Sharpness",
      "SAM’s one step",
      "Product of spectral norms",
      "Path norm",
    ];
    const lines = here.map((row) => {
      const name = row.method ? methodName(row.method, this.page.looks[row.method], this.page.colours.paper) : "all";
      if (!isMeasured(row)) return [name, row.problem, ...Array(heads.length - 2).fill("–")];
      return [
        name,
        formatNumber(row.loss),
        ...row.eigenvalues.map(
          (value, k) => `${formatNumber(value, 4)} ± ${formatNumber(row.residuals[k], 1)}${row.converged[k] ? "" : " (not converged)"}`,
        ),
        `${formatNumber(row.trace, 4)} ± ${formatNumber(row.trace_error, 2)}`,
        formatNumber(row.sharpness),
        formatNumber(row.one_step),
        formatNumber(row.spectral_product),
        formatNumber(row.path_norm),
      ];
    });
    const first = here.find(isMeasured);
    const words = first
      ? `At step ${last}. Sharpness: greatest rise of the loss within radius ${formatNumber(first.radius)} found in ${first.ascent} ascent steps. Trace from ${first.probes} random vectors. ${aboutNorms(first)}`
      : `At step ${last}.`;
    by("curvature-table").replaceChildren(plainTable(words, heads, lines));
  }

  /** @param {CurvatureFound} found */
  #density({ densities: found }) {
    by("curvature-spectrum").hidden = !found.length;
    if (!found.length) return;
    const peak = Math.max(...found.map(({ density }) => Math.max(...density)));
    const series = found.map(({ method, values, density }) => ({
      x: [...values],
      y: [...density].map((height) => (height > LEAST * peak ? height : null)),
      look: this.page.looks[method],
    }));
    this.charts.density.show({ x: { title: "Eigenvalue λ" }, y: { log: true }, series }, this.page.colours);
    const ends = found.map(
      ({ method, values, trace, trace_error: error, products }) =>
        `${method}: eigenvalues between about ${formatNumber(values[0])} and ${formatNumber(values.at(-1))}, trace by quadrature ${formatNumber(trace)} ± ${formatNumber(error, 1)}, ${products} products`,
    );
    by("curvature-density-chart").setAttribute("aria-label", `Spectral density. ${ends.join("; ")}.`);
  }

  /** @param {CurvatureFound} found */
  #along({ rows, about }) {
    by("curvature-along").hidden = about.steps.length < 2;
    if (about.steps.length < 2) return;
    const fine = rows.filter(isMeasured).sort((a, b) => a.step - b.step);
    for (const [key, title, value] of ALONG) {
      const series = about.methods.map((name) => {
        const own = fine.filter((row) => row.method === name || row.method === "");
        return { x: own.map((row) => row.step), y: own.map(value), look: this.page.looks[name], points: true };
      });
      this.charts[key].show({ x: { title: "Step" }, y: { log: true }, series }, this.page.colours);
      const ends = about.methods.map((name, k) => `${name} from ${formatNumber(series[k].y[0])} to ${formatNumber(series[k].y.at(-1))}`);
      by(`curvature-${key}-chart`).setAttribute("aria-label", `${title} along the run: ${ends.join(", ")}.`);
    }
  }
}

/**
 * What the two norms of the weights say, and why there is no path norm.
 * @param {import("../../core/contract.js").WeightNorms} row
 */
function aboutNorms(row) {
  const bound = "The product of the layers’ spectral norms is the most by which a plain chain’s outputs can change faster than its inputs.";
  return row.no_path_norm ? `${bound} ${row.no_path_norm}` : bound;
}

/**
 * @param {Measured} row
 * @returns {row is MeasuredCurvature}
 */
function isMeasured(row) {
  return !("problem" in row);
}

/** @param {number} number */
function subscript(number) {
  return [...String(number)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");
}
