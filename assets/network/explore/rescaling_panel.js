// The rescaling panel: one network twice, as it is and rescaled. The same function; other eigenvalues; a slice along
// unscaled directions changes, a filter-normalised one does not.
import { decode } from "../../core/arrays.js";
import { by, make, plainTable } from "../../core/dom.js";
import { formatNumber } from "../../core/format.js";
import { Chart } from "../../draw/chart.js";
import { makeLineSwatch, plainLook } from "../../draw/swatch.js";
import { ExplorePanel } from "./panel.js";

/** @typedef {import("../../core/contract.js").RescalingRow} RescalingRow */
/** @typedef {Omit<import("../../core/contract.js").RescalingAbout, "x"> & { x: Float32Array }} About */
/** @typedef {Omit<import("../../core/contract.js").RescaledNetwork, "plain_line" | "filter_line"> & Record<"plain_line" | "filter_line", Float32Array>} Rescaled */
/** @typedef {{ run: string, job: string, about: About, rows: Rescaled[], done: import("../../core/contract.js").ExploreDone | null }} RescalingFound what has come so far */

/** @type {["plain" | "filter", "plain_line" | "filter_line", "plain_slice_difference" | "slice_difference"][]} */
const LINES = [
  ["plain", "plain_line", "plain_slice_difference"],
  ["filter", "filter_line", "slice_difference"],
];

/** @extends {ExplorePanel<RescalingRow, RescalingFound>} */
export class RescalingPanel extends ExplorePanel {
  /** @param {import("./main.js").ExplorePage} page */
  constructor(page) {
    super(page, "rescaling");
    const chart = (/** @type {string} */ key) => new Chart(by(`rescaling-${key}-chart`), { label: "" });
    this.charts = { plain: chart("plain"), filter: chart("filter") };
  }

  /** @override */
  get nothing() {
    return { rows: [] };
  }

  /**
   * @override
   * @param {RescalingFound} found
   * @param {RescalingRow} row
   */
  take(found, { about, measured }) {
    if (about) found.about = { ...about, x: decode(about.x) };
    if (measured) found.rows.push({ ...measured, plain_line: decode(measured.plain_line), filter_line: decode(measured.filter_line) });
  }

  /** @override @param {RescalingFound} found */
  said({ about, done }) {
    return done ? `${about.around}, layers ${about.layers.join(" and ")}, ${formatNumber(done.seconds, 2)} s` : "";
  }

  /** @override @param {RescalingFound} found */
  has({ rows }) {
    return rows.length > 0;
  }

  /** @override @param {RescalingFound} found */
  draw({ about, rows }) {
    const { ink } = this.page.colours;
    const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
    // Where the two lines coincide the dashes of one show on the other.
    const looks = [plainLook(ink, 2, ""), plainLook(accent, 3.4, "3 6")];
    for (const [key, line, difference] of LINES) {
      const series = rows.map((row, k) => ({ x: [...about.x], y: [...row[line]], look: looks[k] }));
      this.charts[key].show({ x: { title: "Along the direction" }, y: { log: true }, series }, this.page.colours);
      const [first] = rows;
      const [least, most] = [Math.min(...first[line]), Math.max(...first[line])].map((loss) => formatNumber(loss));
      const range = `from ${least} to ${most}`;
      const changed = rows[rows.length - 1][difference];
      by(`rescaling-${key}-chart`).setAttribute(
        "aria-label",
        rows.length < 2
          ? `Loss along a random direction, ${range}.`
          : `Loss along a random direction for α = 1, ${range}, and α = ${rows[1].factor}: slices differ by up to ${formatNumber(100 * changed)} % of their range.`,
      );
    }
    this.#table(rows, looks);
  }

  /**
   * @param {Rescaled[]} rows
   * @param {import("../../core/contract.js").Look[]} looks
   */
  #table(rows, looks) {
    const heads = [
      "",
      "Largest output difference",
      "Loss difference",
      "Largest eigenvalue ± residual",
      "Trace ± standard error",
      "Sharpness",
      "Product of spectral norms",
      "Path norm",
      "Unscaled slice changes",
      "Filter-normalised slice changes",
    ];
    const lines = rows.map((row, k) => {
      const name = make("span", { className: "method-name" }, makeLineSwatch(looks[k]), `α = ${formatNumber(row.factor)}`);
      const share = (/** @type {number} */ part) => `${formatNumber(100 * part)} %`;
      return [
        name,
        share(row.output_difference),
        formatNumber(row.loss_difference, 2),
        `${formatNumber(row.eigenvalue, 4)} ± ${formatNumber(row.residual, 1)}${row.converged ? "" : " (not converged)"}`,
        `${formatNumber(row.trace, 4)} ± ${formatNumber(row.trace_error, 2)}`,
        `${formatNumber(row.sharpness)} in ${row.ascent} steps`,
        formatNumber(row.spectral_product, 4),
        formatNumber(row.path_norm, 4),
        share(row.plain_slice_difference),
        share(row.slice_difference),
      ];
    });
    by("rescaling-table").replaceChildren(plainTable(rows[0].no_path_norm, heads, lines));
  }
}
