// The rescaling panel: one network twice, as it is and rescaled. The same function; other eigenvalues; a slice along
// unscaled directions changes, a filter-normalised one does not.
import { decode } from "../../core/arrays.js";
import { by, make, plainTable } from "../../core/dom.js";
import { formatNumber } from "../../core/format.js";
import { Chart } from "../../draw/chart.js";
import { makeLineSwatch } from "../../draw/swatch.js";
import { Wish } from "./wish.js";

const LINES = { plain: "plain_line", filter: "filter_line" };

export class RescalingPanel {
  constructor(page) {
    this.page = page;
    this.wish = new Wish("rescaling", {
      onRow: (row, job) => this.#row(row, job),
      onEnd: (sentence) => {
        if (sentence) by("rescaling-status").textContent = sentence;
      },
      onBusy: (busy) => {
        by("rescaling-cancel").hidden = !busy;
        by("rescaling-panel").setAttribute("aria-busy", String(busy));
        if (busy) by("rescaling-status").textContent = "Asked …";
      },
    });
    this.charts = Object.fromEntries(Object.keys(LINES).map((key) => [key, new Chart(by(`rescaling-${key}-chart`), { label: "" })]));
  }

  ask(run, state) {
    this.found = { run, job: null, about: null, rows: [], done: null };
    this.wish.ask(run, state);
  }

  #row(row, job) {
    const { found } = this;
    if (row.waits) by("rescaling-status").textContent = row.waits;
    if (row.about) Object.assign(found, { about: { ...row.about, x: decode(row.about.x) }, job });
    if (row.measured) {
      const lines = Object.values(LINES).map((key) => [key, decode(row.measured[key])]);
      found.rows.push({ ...row.measured, ...Object.fromEntries(lines) });
    }
    if (row.done) {
      found.done = row.done;
      by("rescaling-status").textContent =
        `${found.about.around}, layers ${found.about.layers.join(" and ")}, ${formatNumber(row.done.seconds, 2)} s`;
      by("rescaling-words").textContent = row.done.sentence;
      by("spoken").textContent = row.done.sentence;
      this.page.explore.answered("rescaling", found);
    }
    if (found.rows.length) {
      by("rescaling-answer").hidden = false;
      this.shown = found;
      this.show();
    }
  }

  show() {
    if (!this.shown) return;
    const { rows, about } = this.shown;
    const { ink } = this.page.colours;
    const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
    // Where the two lines coincide the dashes of one show on the other.
    const looks = [
      { colour: ink, width: 2, dash: "", marker: "" },
      { colour: accent, width: 3.4, dash: "3 6", marker: "" },
    ];
    for (const [key, line] of Object.entries(LINES)) {
      const series = rows.map((row, k) => ({ x: [...about.x], y: [...row[line]], look: looks[k] }));
      this.charts[key].show({ x: { title: "Along the direction" }, y: { log: true }, series }, this.page.colours);
      const [first] = rows;
      const [least, most] = [Math.min(...first[line]), Math.max(...first[line])].map((loss) => formatNumber(loss));
      const range = `from ${least} to ${most}`;
      const changed = rows.at(-1)[key === "plain" ? "plain_slice_difference" : "slice_difference"];
      by(`rescaling-${key}-chart`).setAttribute(
        "aria-label",
        rows.length < 2
          ? `Loss along a random direction, ${range}.`
          : `Loss along a random direction for α = 1, ${range}, and α = ${rows[1].factor}: slices differ by up to ${formatNumber(100 * changed)} % of their range.`,
      );
    }
    this.#table(rows, looks);
  }

  #table(rows, looks) {
    const heads = [
      "",
      "Largest output difference",
      "Loss difference",
      "Largest eigenvalue ± residual",
      "Trace ± standard error",
      "Sharpness",
      "Unscaled slice changes",
      "Filter-normalised slice changes",
    ];
    const lines = rows.map((row, k) => {
      const name = make("span", { className: "method-name" }, makeLineSwatch(looks[k]), `α = ${formatNumber(row.factor)}`);
      const share = (part) => `${formatNumber(100 * part)} %`;
      return [
        name,
        share(row.output_difference),
        formatNumber(row.loss_difference, 2),
        `${formatNumber(row.eigenvalue, 4)} ± ${formatNumber(row.residual, 1)}${row.converged ? "" : " (not converged)"}`,
        `${formatNumber(row.trace, 4)} ± ${formatNumber(row.trace_error, 2)}`,
        `${formatNumber(row.sharpness)} in ${row.ascent} steps`,
        share(row.plain_slice_difference),
        share(row.slice_difference),
      ];
    });
    by("rescaling-table").replaceChildren(plainTable("", heads, lines));
  }

  setLooks() {
    this.show();
  }
}
