// The curvature panel: numbers with their errors in a table, the spectral density, and the way along the run.
import { decode } from "../../core/arrays.js";
import { by, plainTable } from "../../core/dom.js";
import { formatCount, formatNumber } from "../../core/format.js";
import { Chart } from "../../draw/chart.js";
import { methodName } from "../../draw/swatch.js";
import { Wish } from "./wish.js";

const ALONG = [
  ["eigenvalue", "Largest eigenvalue", (row) => row.eigenvalues[0]],
  ["trace", "Trace", (row) => row.trace],
  ["sharpness", "SAM sharpness", (row) => row.sharpness],
];
const LEAST = 1e-5; // of the density's peak: below, a logarithm shows rounding

export class CurvaturePanel {
  constructor(page) {
    this.page = page;
    this.wish = new Wish("curvature", {
      onRow: (row, job, data) => this.#row(row, job, data),
      onEnd: (sentence) => {
        if (sentence) by("curvature-status").textContent = sentence;
      },
      onBusy: (busy) => {
        by("curvature-cancel").hidden = !busy;
        by("curvature-panel").setAttribute("aria-busy", String(busy));
        if (busy) by("curvature-status").textContent = "Asked …";
      },
    });
    this.charts = Object.fromEntries(
      [...ALONG.map(([key]) => key), "density"].map((key) => [key, new Chart(by(`curvature-${key}-chart`), { label: "" })]),
    );
  }

  ask(run, state) {
    this.found = { run, job: null, about: null, rows: [], densities: [], done: null };
    this.wish.ask(run, state);
  }

  #row(row, job, { total, seconds_left: left }) {
    const { found } = this;
    if (row.waits) by("curvature-status").textContent = row.waits;
    if (row.about) Object.assign(found, { about: row.about, job });
    if (row.measured) found.rows.push(row.measured);
    if (row.density) found.densities.push({ ...row.density, values: decode(row.density.values), density: decode(row.density.density) });
    if (row.done) {
      found.done = row.done;
      const { examples, half, dimension } = found.about;
      by("curvature-status").textContent =
        `${formatCount(row.done.products)} Hessian products over ${formatCount(examples)} ${half === "train" ? "training" : "test"} examples, ` +
        `${formatCount(dimension)} weights, in ${formatNumber(row.done.seconds, 2)} s`;
      by("curvature-words").textContent = row.done.sentence;
      by("spoken").textContent = row.done.sentence;
      this.page.explore.answered("curvature", found);
    } else if (found.about) {
      const ready = found.rows.length + found.densities.length;
      const wait = left ? `, about ${formatNumber(Math.ceil(left), 2)} s left` : "";
      by("curvature-status").textContent = `${ready} of ${total - 1} measurements${wait}`;
    }
    if (found.rows.length) {
      by("curvature-answer").hidden = false;
      this.shown = found;
      this.show();
    }
  }

  show() {
    if (!this.shown) return;
    this.#table();
    this.#density();
    this.#along();
  }

  setLooks() {
    this.show();
  }

  // At the last kept weights, one row per method.
  #table() {
    const { rows, about } = this.shown;
    const last = Math.max(...about.steps);
    const here = rows.filter((row) => row.step === last);
    const count = Math.max(...here.map((row) => row.eigenvalues?.length ?? 0), 1);
    const eigenvalues = Array.from({ length: count }, (_, k) => `λ${subscript(k + 1)} ± residual`);
    const heads = ["Method", "Loss", ...eigenvalues, "Trace ± standard error", "Sharpness", "SAM's one step"];
    const lines = here.map((row) => {
      const name = row.method ? methodName(row.method, this.page.looks[row.method], this.page.colours.paper) : "all";
      if (row.problem) return [name, row.problem, ...Array(heads.length - 2).fill("–")];
      return [
        name,
        formatNumber(row.loss),
        ...row.eigenvalues.map(
          (value, k) => `${formatNumber(value, 4)} ± ${formatNumber(row.residuals[k], 1)}${row.converged[k] ? "" : " (not converged)"}`,
        ),
        `${formatNumber(row.trace, 4)} ± ${formatNumber(row.trace_error, 2)}`,
        formatNumber(row.sharpness),
        formatNumber(row.one_step),
      ];
    });
    const first = here.find((row) => !row.problem);
    const words = first
      ? `At step ${last}. Sharpness: greatest rise of the loss within radius ${formatNumber(first.radius)} found in ${first.ascent} ascent steps. Trace from ${first.probes} random vectors.`
      : `At step ${last}.`;
    by("curvature-table").replaceChildren(plainTable(words, heads, lines));
  }

  #density() {
    const found = this.shown.densities.filter((one) => !one.problem);
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

  #along() {
    const { rows, about } = this.shown;
    by("curvature-along").hidden = about.steps.length < 2;
    if (about.steps.length < 2) return;
    const fine = rows.filter((row) => !row.problem).sort((a, b) => a.step - b.step);
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

function subscript(number) {
  return [...String(number)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("");
}
