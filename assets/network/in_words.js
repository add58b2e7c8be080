// A training in words and in numbers: what its pictures are read out by, and the table of its curves. Both follow the
// run at a modest rate while it trains; when it has ended, a summary is spoken.
import { DataTable, sampledPlaces } from "../core/data_table.js";
import { by } from "../core/dom.js";
import { formatCount, formatNumber, formatShare } from "../core/format.js";
import { runInWords } from "./run_bar.js";
import { errorWords, sampleOf } from "./samples.js";

/** @typedef {import("./curves.js").TrainingCurves} TrainingCurves */
/** @typedef {import("./curves.js").Quantity} Quantity */
/** @typedef {import("./curves.js").Axis} Axis */
/** @typedef {(value: number | null | undefined) => string} Say */
/** @typedef {import("./main.js").NetworkLab} NetworkLab */

const EVERY = 1000; // ms between two updates
const OVER = ["finished", "stopped", "failed"];
const AXES = { steps: "steps", evaluations: "gradient evaluations and curvature products", seconds: "seconds" };
/** @type {(key: Quantity) => Say} */
const valueOf = (key) => (key.endsWith("accuracy") ? formatShare : (value) => formatNumber(value));
const titlesOf = (/** @type {Quantity} */ key) => {
  const spans = by(`${key}-chart`).closest("figure")?.querySelectorAll("figcaption span") ?? [];
  return [...spans].map((span) => span.textContent);
};
const joined = (/** @type {string[]} */ parts) => parts.join("; ");

/**
 * "SGDM from 0.7 to 0.18"
 * @param {string} name
 * @param {import("./curves.js").Points} points
 * @param {Say} say
 */
function change(name, { y }, say) {
  if (!y.length) return `${name}: not measured yet`;
  return `${name} from ${say(y[0])} to ${say(y[y.length - 1])}`;
}

/**
 * @param {TrainingCurves} curves
 * @param {string[]} names
 * @param {Quantity} key
 * @param {Axis} axis
 */
function curveWords(curves, names, key, axis) {
  const [title, unit] = titlesOf(key);
  const lines = names.map((name) => curves.line(name, key, axis));
  const ends = lines.flatMap(({ x }) => (x.length ? [x[x.length - 1]] : []));
  if (!ends.length) return `${title}, ${unit}: nothing is measured yet.`;
  const marks = axis === "steps" ? curves.marks.map(({ position }) => position) : [];
  const changed = marks.length ? ` Settings were changed at step ${marks.join(", ")}.` : "";
  const told = names.map((name, k) => change(name, lines[k], valueOf(key)));
  return `${title}, ${unit}, against ${AXES[axis]}, 0 to ${formatNumber(Math.max(...ends), 4)}: ${joined(told)}.${changed}`;
}

/** @param {import("./live_view.js").LiveView} view */
function planeWords(view) {
  const { plane, run } = view;
  const place = (/** @type {Float32Array} */ positions, /** @type {number} */ index) =>
    `(${formatNumber(positions[2 * index])}, ${formatNumber(positions[2 * index + 1])})`;
  const paths = plane.entries.flatMap(({ name, positions, last }) => {
    const known = Array.from({ length: last + 1 }, (_, k) => k).filter((k) => Number.isFinite(positions[2 * k]));
    return known.length ? [`${name} from ${place(positions, known[0])} to ${place(positions, known[known.length - 1])}`] : [];
  });
  if (!run || !paths.length) return "Live picture: no path is drawn yet.";
  const losses = plane.surface ? [...plane.surface.losses].filter(Number.isFinite) : [];
  const least = losses.reduce((a, b) => Math.min(a, b), Infinity);
  const most = losses.reduce((a, b) => Math.max(a, b), -Infinity);
  const ground =
    plane.surface && losses.length
      ? `, over the loss on ${plane.surface.examples} training examples, ${formatNumber(least)} to ${formatNumber(most)} here`
      : "";
  const labels = run.planeFacts?.labels ?? [];
  const axes = labels.length ? ` Axes: ${joined(labels)}.` : "";
  return `Paths of the weights projected onto a plane, to step ${run.curves.last?.position}${ground}: ${joined(paths)}.${axes}`;
}

/** @param {TrainingCurves} curves */
function trainingSummary(curves) {
  if (!curves.last) return "";
  const newest = (/** @type {string} */ name, /** @type {Quantity} */ key) => curves.line(name, key, "steps").y.at(-1);
  const parts = curves.methods.map((name) => {
    const [loss, accuracy] = [newest(name, "train_loss"), newest(name, "test_accuracy")];
    return `${name} ${formatNumber(loss)}${accuracy === undefined ? "" : `, test accuracy ${formatShare(accuracy)}`}`;
  });
  return `Training loss at step ${curves.last.position}: ${joined(parts)}.`;
}

/** @param {NetworkLab} page */
function tables({ curves, view, tables: { curves: names } }) {
  const keys = /** @type {Quantity[]} */ (names);
  if (!curves?.rows.length) return null;
  const heads = ["Step", ...keys.map((key) => titlesOf(key)[0]), "Gradient evaluations", "Curvature products"];
  return view.shown().map((name) => {
    // Where the whole loss was measured; a mini-batch loss alone stands at every step.
    const measured = curves.line(name, "train_loss", "steps").x;
    const rows = sampledPlaces(measured.length - 1).map((k) => {
      const values = curves.rows[curves.indexAt(measured[k])].methods[name];
      const said = keys.map((key) => valueOf(key)(values[key]) + errorWords(key, sampleOf(values, key)));
      return [formatCount(measured[k]), ...said, formatCount(values.evaluations), formatCount(values.products)];
    });
    return { name, heads, rows: measured.length ? rows : [] };
  });
}

/** @param {NetworkLab} page */
export function addTrainingWords(page) {
  const table = (page.dataTable = new DataTable(page, by("outcomes").closest("section") ?? by("outcomes"), () => tables(page)));
  by("plane-stack").setAttribute("role", "img");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  let spoken = "";
  const say = () => {
    waiting = undefined;
    table.show();
    const { view, curves } = page;
    by("plane-stack").setAttribute("aria-label", planeWords(view));
    for (const key of /** @type {Quantity[]} */ (page.tables.curves)) {
      const words = curves ? curveWords(curves, view.shown(), key, view.axis) : `${titlesOf(key).join(", ")}: no run is shown.`;
      by(`${key}-chart`).setAttribute("aria-label", words);
    }
  };
  const soon = () => (waiting ??= setTimeout(say, EVERY));
  say();
  document.addEventListener("pothole:grown", soon);
  document.addEventListener("pothole:painted", soon);
  document.addEventListener("pothole:run", ({ detail: run }) => {
    soon();
    if (!run || !page.live || !OVER.includes(run.state) || spoken === run.job) return;
    spoken = run.job;
    by("spoken").textContent = `${runInWords(page.live)} ${trainingSummary(page.live.curves)}`.trim();
  });
}
