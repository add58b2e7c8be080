// The table of outcomes.
import { formatCount, formatNumber } from "../core/format.js";
import { showTable } from "../draw/method_table.js";

/** @typedef {import("../draw/method_table.js").Column<OutcomeRow>} Column */
/** @typedef {import("../core/contract.js").OutcomeRow} OutcomeRow */

/**
 * @param {number | null} first
 * @param {number | null} second
 * @param {(value: number | null) => string} format
 */
const pair = (first, second, format) => (first === null ? `– / ${format(second)}` : `${format(first)} / ${format(second)}`);
/** @type {Column[]} */
const columns = [
  ["Method", (row) => row.method],
  ["Outcome", (row) => row.sentence],
  ["Steps to arrival", (row) => formatCount(row.arrival)],
  ["Path length to arrival / in full", (row) => pair(row.length_to_arrival, row.length, formatNumber)],
  ["Gradient evaluations to arrival / in full", (row) => pair(row.evaluations_to_arrival, row.evaluations, formatCount)],
  ["Curvature products to arrival / in full", (row) => pair(row.products_to_arrival, row.products, formatCount)],
];

/**
 * @param {HTMLElement} place
 * @param {OutcomeRow[]} rows
 * @param {import("../core/scheme.js").Looks} looks
 * @param {string} paper
 * @param {object} [more]
 * @param {Column | null} [more.cost] one more column, in the unit that the page counts in
 * @param {OutcomeRow[]} [more.frozen] of the run that is compared with: what was otherwise there
 */
export function showOutcomes(place, rows, looks, paper, { cost = null, frozen = [] } = {}) {
  /** @type {Column[]} */
  const own = [...rows, ...frozen].some((row) => row.settings) ? [["Its own settings", (row) => row.settings ?? ""]] : [];
  const [method, ...others] = columns;
  showTable(place, [method, ...own, others[0], ...(cost ? [cost] : []), ...others.slice(1)], rows, looks, paper, frozen);
}
