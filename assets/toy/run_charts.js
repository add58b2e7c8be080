// The charts of the toy lab's runs, over steps or over what they cost: loss, distance, curvature, and on a 1-D surface the
// position. Their cursors stand where the player stands, and dragging them moves it.
import { COST_UNITS } from "../core/cost_units.js";
import { by } from "../core/dom.js";
import { FIRST_COLOURS } from "../core/scheme.js";
import { Chart } from "../draw/chart.js";
import { withAir } from "../draw/chart_scale.js";
import { ownStep } from "../draw/paths.js";

/** @typedef {import("../draw/shapes.js").PathEntry} PathEntry */
/** @typedef {import("../draw/shapes.js").Range} Range */
/** @typedef {PathEntry & { distance: Float32Array, curvature: Float32Array }} RunEntry */
/** @typedef {"losses" | "distance" | "curvature"} Quantity */

/**
 * @typedef {object} Runs
 * @property {RunEntry[]} entries those that are shown, of a run that is compared with too
 * @property {number} steps
 * @property {Record<Quantity, Range>} ranges
 * @property {number | null} level the basin's radius
 * @property {Range | null} domain of a 1-D surface
 * @property {number | null} [total] what the whole width costs where the entries have a cost; else it is the steps
 */

/** @type {Quantity[]} */
export const QUANTITIES = ["losses", "distance", "curvature"];

export class RunCharts {
  /**
   * @param {HTMLElement} place of the chart of positions
   * @param {(step: number) => void} onSeek
   */
  constructor(place, onSeek) {
    const seek = (/** @type {number} */ at) => this.runs && onSeek(Math.round((at / this.#whole) * this.runs.steps));
    /** @type {Record<Quantity, Chart>} */
    this.charts = {
      losses: new Chart(by("losses-chart"), { onSeek: seek }),
      distance: new Chart(by("distance-chart"), { onSeek: seek }),
      curvature: new Chart(by("curvature-chart"), { onSeek: seek }),
    };
    this.timeline = new Chart(place, { onSeek: seek });
    this.timeline.hide(true);
    /** @type {Runs | null} */
    this.runs = null;
    this.step = 0;
    this.logarithmic = true; // the axis of steps
    this.title = COST_UNITS.steps.title;
    this.colours = FIRST_COLOURS;
  }

  get #whole() {
    return this.runs?.total ?? this.runs?.steps ?? 1;
  }

  /** @param {Runs} runs */
  draw(runs) {
    this.runs = runs;
    const { entries, steps, ranges, level, domain, total } = runs;
    const whole = Math.max(this.#whole, Number.MIN_VALUE);
    const x = {
      title: this.title,
      range: /** @type {Range} */ ([0, whole]),
      unit: this.logarithmic ? whole / Math.max(steps, 1) : undefined,
    };
    const across = entries.map(({ cost, last }) => (total && cost ? Float64Array.from({ length: last + 1 }, (_, k) => cost(k)) : null));
    const series = (/** @type {Quantity | "positions"} */ key) =>
      entries.map((entry, k) => ({
        ...{ name: entry.name, beneath: entry.frozen, look: entry.look },
        ...{ x: across[k] ?? null, y: entry[key] ?? [], count: entry.last + 1 },
      }));
    for (const key of QUANTITIES) {
      this.charts[key].show(
        { x, y: { range: withAir(ranges[key]) }, series: series(key), level: key === "distance" ? level : null },
        this.colours,
      );
    }
    this.timeline.hide(!domain);
    if (domain) this.timeline.show({ x, y: { range: withAir(domain) }, series: series("positions") }, this.colours);
    this.setStep(Math.min(this.step, steps));
  }

  /** @param {number} step */
  setStep(step) {
    this.step = step;
    if (!this.runs) return;
    const { entries, steps, domain } = this.runs;
    const points = entries.map((entry) => ownStep(entry, step));
    const at = (Math.min(step, steps) / steps) * this.#whole;
    for (const chart of Object.values(this.charts)) chart.setCursor(at, points);
    if (domain) this.timeline.setCursor(at, points);
  }
}

/**
 * The range that holds both.
 * @param {Record<Quantity, Range>} ranges
 * @param {Record<Quantity, Range> | undefined} others
 * @returns {Record<Quantity, Range>}
 */
export function joinRanges(ranges, others) {
  if (!others) return ranges;
  const join = (/** @type {Quantity} */ key) => [Math.min(ranges[key][0], others[key][0]), Math.max(ranges[key][1], others[key][1])];
  return { losses: join("losses"), distance: join("distance"), curvature: join("curvature") };
}
