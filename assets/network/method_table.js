// The table of methods as they are at the step shown.
import { formatCount, formatNumber, formatShare } from "../core/format.js";
import { lastAtMost } from "../core/search.js";
import { showTable } from "../draw/method_table.js";
import { MEASURED } from "./curves.js";
import { errorWords } from "./samples.js";

/** @typedef {import("./curves.js").Quantity} Quantity */
/** @typedef {{ method: string, errors?: Partial<Record<Quantity, string>> } & Partial<import("../core/contract.js").RunValues>} MethodRow errors: of what is not measured over all examples */

/** @type {import("../draw/method_table.js").Column<MethodRow>[]} */
const columns = [
  ["Method", (row) => row.method],
  ["Training loss", (row) => formatNumber(row.train_loss) + (row.errors?.train_loss ?? "")],
  ["Test loss", (row) => formatNumber(row.test_loss) + (row.errors?.test_loss ?? "")],
  ["Training accuracy", (row) => formatShare(row.train_accuracy) + (row.errors?.train_accuracy ?? "")],
  ["Test accuracy", (row) => formatShare(row.test_accuracy) + (row.errors?.test_accuracy ?? "")],
  ["Sharpness λmax", (row) => formatNumber(row.sharpness)],
  ["cos(Ug, g)", (row) => formatNumber(row.u_cosine)],
  ["‖Ug‖/‖g‖", (row) => formatNumber(row.u_length)],
  ["λmax of U’s problem", (row) => formatNumber(row.u_steepness)],
  ["Off the picture’s plane", (row) => formatNumber(row.off)],
  ["Gradient evaluations", (row) => formatCount(row.evaluations)],
  ["Curvature products", (row) => formatCount(row.products)],
  ["Seconds", (row) => formatNumber(row.seconds)],
  ["", (row) => (row.stopped ? "stopped: not a number" : "")],
];

/**
 * Values of the row at an index, none where no row has come there; what is measured now and then is the newest
 * measurement up to there.
 * @param {import("./curves.js").TrainingCurves} curves
 * @param {number} index
 * @returns {MethodRow[]}
 */
export function methodRows(curves, index) {
  const row = curves.rows[index];
  if (!row) return [];
  return curves.methods.map((method) => {
    /** @type {Partial<Record<Quantity, string>>} */
    const errors = {};
    const measured = MEASURED.map((key) => {
      const { x, y, samples } = curves.line(method, key, "steps");
      const newest = lastAtMost(x, row.position);
      errors[key] = errorWords(key, samples[newest]);
      return [key, y[newest]];
    });
    return { method, errors, ...row.methods[method], ...Object.fromEntries(measured) };
  });
}

/**
 * @param {HTMLElement} place
 * @param {MethodRow[]} rows
 * @param {import("../core/scheme.js").Looks} looks
 * @param {string} paper
 */
export const showMethods = (place, rows, looks, paper) => showTable(place, columns, rows, looks, paper);
