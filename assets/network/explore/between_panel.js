// The way between two solutions: the loss on the straight line, and on a curve that has been trained to stay low.
import { decode } from "../../core/arrays.js";
import { by, make, plainTable } from "../../core/dom.js";
import { formatNumber } from "../../core/format.js";
import { Chart } from "../../draw/chart.js";
import { makeLineSwatch, plainLook } from "../../draw/swatch.js";
import { ExplorePanel } from "./panel.js";

/** @typedef {import("../../core/contract.js").BetweenRow} BetweenRow */
/** @typedef {Omit<import("../../core/contract.js").BetweenAbout, "t"> & { t: Float32Array }} About */
/** @typedef {Omit<import("../../core/contract.js").WayBetween, "losses"> & { losses: Float32Array }} Line */
/** @typedef {{ run: string, job: string, about: About, lines: Line[], done: import("../../core/contract.js").ExploreDone | null }} BetweenFound what has come so far */

const NAMES = { straight: "Straight", curve: "Trained curve" };

/** @extends {ExplorePanel<BetweenRow, BetweenFound>} */
export class BetweenPanel extends ExplorePanel {
  /** @param {import("./main.js").ExplorePage} page */
  constructor(page) {
    super(page, "between");
    this.chart = new Chart(by("between-line-chart"), { label: "" });
  }

  /** @override */
  get nothing() {
    return { lines: [] };
  }

  /**
   * @override
   * @param {BetweenFound} found
   * @param {BetweenRow} row
   */
  take(found, { about, line }) {
    if (about) found.about = { ...about, t: decode(about.t) };
    if (line) found.lines.push({ ...line, losses: decode(line.losses) });
  }

  /**
   * @override
   * @param {BetweenFound} found
   * @param {BetweenRow} row
   */
  said({ about }, { training, done }) {
    if (done) return saidOf(about, done.seconds);
    return training ? `Training the curve: step ${training.step} of ${training.steps}, loss ${formatNumber(training.loss)}` : "";
  }

  /** @override @param {BetweenFound} found */
  has({ lines }) {
    return lines.length > 0;
  }

  /** @override @param {BetweenFound} found */
  draw({ about, lines }) {
    const { ink } = this.page.colours;
    const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
    const looks = { straight: plainLook(ink, 2, ""), curve: plainLook(accent, 3, "8 4") };
    const series = lines.map(({ way, losses }) => ({ x: [...about.t], y: [...losses], look: looks[way] }));
    const x = { title: `from ${about.first} (t = 0) to ${about.second} (t = 1)` };
    this.chart.show({ x, y: { log: true }, series }, this.page.colours);
    by("between-line-chart").setAttribute("aria-label", describeLines(about, lines));
    const heads = ["Way", "Barrier ± standard error", "At t", "Loss at its ends", "Highest loss"];
    const rows = lines.map((line) => {
      const name = make("span", { className: "method-name" }, makeLineSwatch(looks[line.way]), NAMES[line.way]);
      return [name, ...cellsOf(line)];
    });
    by("between-table").replaceChildren(plainTable("", heads, rows));
  }
}

/**
 * @param {Line} line
 * @returns {string[]} the table's cells after the name
 */
export function cellsOf({ losses, barrier, barrier_error: error, highest }) {
  const ends = `${formatNumber(losses[0])} and ${formatNumber(losses[losses.length - 1])}`;
  if (barrier === null) return ["not finite", formatNumber(highest, 2), ends, formatNumber(Math.max(...losses))];
  const height = barrier ? `${formatNumber(barrier)}${error === null ? "" : ` ± ${formatNumber(error, 1)}`}` : "none";
  return [height, barrier ? formatNumber(highest, 2) : "", ends, formatNumber(Math.max(...losses))];
}

/**
 * @param {About} about
 * @param {Line[]} lines
 * @returns {string} the chart in words
 */
export function describeLines({ first, second }, lines) {
  const parts = lines.map(({ way, losses }) => {
    const [least, most] = [Math.min(...losses), Math.max(...losses)].map((loss) => formatNumber(loss));
    return `${NAMES[way]}: from ${least} to ${most}`;
  });
  return `Loss on the way from ${first} to ${second}. ${parts.join(". ")}.`;
}

/**
 * @param {About} about
 * @param {number} seconds
 * @returns {string} the panel's status
 */
export function saidOf({ examples, of_examples: all, distance, statistics }, seconds) {
  const parts = [
    `${examples === all ? `all ${all}` : `${examples} of ${all}`} training examples`,
    `distance ${formatNumber(distance)}`,
    ...(statistics ? [`running statistics ${statistics === "kept" ? "of the beginning" : "taken anew at each point"}`] : []),
    `${formatNumber(seconds, 2)} s`,
  ];
  return parts.join(", ");
}
