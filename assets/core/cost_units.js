// The units that costs are counted in, and the seconds that the server measured for a setting.
import { formatCount, formatNumber } from "./format.js";
import { LatestWinsGate } from "./gate.js";
import { postJson, Refused } from "./http.js";
import { showNotices } from "./notices.js";

/** @typedef {{ step: number, refresh: number }} Price of a step and of a refresh of U */
/** @typedef {{ methods: Record<string, Price>, what: string }} Measured */

/**
 * @typedef {object} CostUnit
 * @property {string} name in a sentence
 * @property {string} title of an axis
 * @property {string} median heads a column of medians
 * @property {string} least heads one of the lowest
 * @property {string} to what a colour stands for
 * @property {(value: number | null | undefined) => string} format
 * @property {(value: number) => string} said one cost in words
 */

/** @type {Record<"steps" | "evaluations" | "seconds", CostUnit>} */
export const COST_UNITS = {
  steps: {
    name: "steps",
    title: "Steps",
    median: "Median step",
    least: "Fastest where all arrive",
    to: "Steps to arrival",
    format: (v) => formatNumber(v),
    said: (v) => `step ${formatNumber(v)}`,
  },
  evaluations: {
    name: "gradient evaluations",
    title: "Gradient evaluations",
    median: "Median gradient evaluations",
    least: "Cheapest where all arrive",
    to: "Gradient evaluations to arrival",
    format: (v) => (v === null || v === undefined ? "–" : formatCount(Math.round(v))),
    said: (v) => `${formatCount(Number.isInteger(v) ? v : v.toFixed(1))} gradient evaluations`,
  },
  seconds: {
    name: "seconds",
    title: "Seconds",
    median: "Median seconds",
    least: "Cheapest where all arrive",
    to: "Seconds to arrival",
    format: (v) => formatNumber(v),
    said: (v) => `${formatNumber(v)} seconds`,
  },
};

/**
 * What so many steps with so many refreshes of U cost.
 * @template {number | null | undefined} S
 * @param {Price} price
 * @param {S} steps
 * @param {number | null | undefined} refreshes
 * @returns {S extends number ? number : null} null where there are no steps
 */
export function priced({ step, refresh }, steps, refreshes) {
  const found = steps === null || steps === undefined ? null : step * steps + refresh * (refreshes ?? 0);
  return /** @type {any} */ (found); // a conditional type is no help to a function's body
}

/** Seconds of a step and of a refresh of each method, asked for once for each setting that decides them. */
export class MeasuredCosts {
  /** @param {() => void} onAnswer */
  constructor(onAnswer) {
    /** @type {(Measured & { key: string }) | null} */
    this.measured = null;
    /** @type {LatestWinsGate<Record<string, unknown>, Measured>} */
    this.gate = new LatestWinsGate((body, signal) => postJson("/toy/cost", body, signal), {
      timeout: 60000,
      onAnswer: (answer, asked) => {
        this.measured = { key: keyOf(asked), ...answer };
        onAnswer();
      },
      onFailure: (error) => error instanceof Refused && showNotices("request", error.problems, "error"),
    });
  }

  /**
   * @param {Record<string, unknown>} body the state that a request would carry
   * @returns {Measured | null} null until it has come; then onAnswer is called
   */
  of(body) {
    if (this.measured?.key === keyOf(body)) return this.measured;
    const { have: _, methods: __, ...asked } = body;
    this.gate.ask(asked);
    return null;
  }
}

/**
 * What decides how long a step takes: the server measures it once for each.
 * @param {Record<string, unknown>} state
 */
function keyOf(state) {
  const decides = (/** @type {string} */ name) =>
    name === "surface" || name.startsWith("surface.") || ["structure", "probe_norm"].includes(name);
  const names = Object.keys(state).filter(decides);
  return names
    .sort()
    .map((name) => state[name])
    .join();
}
