// The numbers beside the pictures: a table for each method, at some of the steps, behind a summary that opens it.
import { DataTable, sampledPlaces } from "../core/data_table.js";
import { by } from "../core/dom.js";
import { formatCount, formatNumber } from "../core/format.js";

/** @typedef {import("../toy/run_charts.js").RunEntry} RunEntry */
/** @typedef {import("../toy/main.js").ToyLab} ToyLab */

/** @type {import("../toy/run_charts.js").Quantity[]} */
const CHARTS = ["losses", "distance", "curvature"];

/** @param {string} key */
const titleOf = (key) => document.getElementById(`${key}-chart`)?.closest("figure")?.querySelector("figcaption span")?.textContent ?? key;

/** @param {ToyLab} page */
export function addDataTable(page) {
  /** @type {import("../core/contract.js").OutcomeRow[]} */
  let outcomes = [];
  const steps = (/** @type {RunEntry} */ entry) => {
    const arrival = outcomes.find((row) => row.method === entry.name)?.arrival;
    const all = [...sampledPlaces(page.player.steps), ...(arrival === null || arrival === undefined ? [] : [arrival]), entry.last];
    return [...new Set(all)].filter((step) => step <= entry.last).sort((a, b) => a - b);
  };
  const tables = () => {
    const { surface, entries, visible } = page.pictures;
    if (!surface || page.veiled) return null;
    const names = surface.dimension === 1 ? ["θ"] : ["θ₁", "θ₂"];
    const heads = ["Step", ...names, ...CHARTS.map(titleOf)];
    const row = (/** @type {RunEntry} */ entry, /** @type {number} */ step) => [
      formatCount(step),
      ...names.map((_, k) => formatNumber(entry.positions[names.length * step + k], 4)),
      ...CHARTS.map((key) => formatNumber(entry[key]?.[step], 4)),
    ];
    const shown = entries.filter((entry) => !visible || visible.includes(entry.name));
    return shown.map((entry) => ({ name: entry.name, heads, rows: steps(entry).map((step) => row(entry, step)) }));
  };
  const table = new DataTable(page, by("outcomes").closest("section") ?? by("outcomes"), tables);
  page.dataTable = table;
  document.addEventListener("pothole:painted", ({ detail }) => {
    /** @type {import("../core/contract.js").Paths} */
    const { methods } = detail;
    outcomes = methods.map((method) => method.row);
    table.show();
  });
}
