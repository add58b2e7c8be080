// What a picture shows, in words computed from its data: the names that figures are read out by.
import { by } from "../core/dom.js";
import { formatNumber } from "../core/format.js";

/** @typedef {import("../toy/run_charts.js").RunEntry} RunEntry */
/** @typedef {import("../toy/main.js").ToyLab} ToyLab */
/** @typedef {import("../core/contract.js").OutcomeRow} OutcomeRow */

/** @type {import("../toy/run_charts.js").Quantity[]} */
const CHARTS = ["losses", "distance", "curvature"];

/**
 * @param {Element | null | undefined} figure
 * @param {string} words
 */
const name = (figure, words) => figure?.setAttribute("aria-label", words);
/** @param {Element} figure */
const titleOf = (figure) => [...figure.querySelectorAll("figcaption span")].map((span) => span.textContent).filter(Boolean);
/**
 * @param {RunEntry} entry
 * @param {number} dimension
 * @param {number} step
 */
const placeOf = (entry, dimension, step) => {
  const values = Array.from({ length: dimension }, (_, k) => formatNumber(entry.positions[dimension * step + k]));
  return dimension === 1 ? values[0] : `(${values.join(", ")})`;
};

/**
 * "SGDM from (4.0, 2.7) to (4.1, 2.8), trapped: in the annular well"
 * @param {RunEntry} entry
 * @param {number} dimension
 * @param {OutcomeRow | undefined} row
 */
const pathWords = (entry, dimension, row) => {
  const ending = row?.sentence ? `, ${row.sentence}` : "";
  return `${entry.name} from ${placeOf(entry, dimension, 0)} to ${placeOf(entry, dimension, entry.last)}${ending}`;
};

/**
 * @param {RunEntry} entry
 * @param {import("../toy/run_charts.js").Quantity} key
 */
const lineWords = (entry, key) => `${entry.name} from ${formatNumber(entry[key]?.[0])} to ${formatNumber(entry[key]?.[entry.last])}`;

/**
 * @param {ToyLab} page
 * @param {import("../core/contract.js").Paths} paths
 */
function namePictures(page, paths) {
  const { surface, entries, visible } = page.pictures;
  if (!surface) return;
  const rows = Object.fromEntries(paths.methods.map((method) => [method.name, method.row]));
  const ground = surface.title ? `the surface “${surface.title}”` : "the loss";
  if (page.veiled) {
    for (const key of ["map", "relief"]) name(by(`${key}-picture`), `A picture of ${ground}; paths are hidden until you have guessed.`);
    return;
  }
  const shown = entries.filter((entry) => !visible || visible.includes(entry.name));
  const count = shown.length === 1 ? "one path" : `${shown.length || "no"} paths`;
  const told = shown.map((entry) => pathWords(entry, surface.dimension, rows[entry.name])).join("; ");
  name(by("map-picture"), `Map of ${ground} with ${count}${told ? `: ${told}` : ""}.`);
  const relief = surface.dimension === 1 ? `Position against step, ${count}` : `Three-dimensional view of ${ground} with the same ${count}`;
  name(by("relief-picture"), `${relief}${told ? `: ${told}` : ""}.`);
  for (const key of CHARTS) {
    const figure = by(`${key}-chart`).closest("figure");
    if (!figure || !shown.every((entry) => entry[key])) continue;
    const [title, unit] = titleOf(figure);
    name(figure, `${title} (${unit}) against step, 0 to ${page.player.steps}: ${shown.map((entry) => lineWords(entry, key)).join("; ")}.`);
  }
}

/** @param {ToyLab} page */
export function addPictureWords(page) {
  /** @type {import("../core/contract.js").Paths | null} */
  let paths = null;
  const again = () => paths && namePictures(page, paths);
  document.addEventListener("pothole:painted", ({ detail }) => {
    paths = detail;
    again();
  });
  document.addEventListener("pothole:veil", again);
  page.state.listen((changed) => changed.has("methods") && again());
}
