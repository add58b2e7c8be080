// What the toy lab gives away: a page that plays offline, pictures of the step shown, an animation, data, a script.
import { by } from "../core/dom.js";
import { postFile } from "../core/http.js";
import { Schema } from "../core/schema.js";
import { ExportDialog, schemeChoice } from "./dialog.js";
import { screenPicture } from "./screen.js";

/** @typedef {import("./dialog.js").Produce} Produce */
/** @typedef {import("../toy/main.js").ToyLab} ToyLab */

/** @param {ToyLab} page */
export function addToyExport(page) {
  const files = new Schema(page.tables.export);
  const table = (/** @type {string} */ name) => files.control(name);
  /** @type {(format: string) => Produce} */
  const ask = (format) => (values, signal) =>
    postFile("/export/toy", { ...page.state.values, step: page.player.step, ...values, format }, signal);
  const scheme = schemeChoice(page.schema);
  /** @type {(format: string) => Produce} */
  const coloured =
    (format) =>
    ({ scheme: wanted, ...values }, signal) =>
      ask(format)(wanted ? { ...values, scheme: wanted } : values, signal);
  const dialog = new ExportDialog([
    {
      title: "Page that plays offline",
      text: "One HTML file with maps, paths, player, legend and table. It opens from disk and needs no network.",
      buttons: [{ label: "HTML", what: "the page that plays offline", make: ask("html") }],
    },
    {
      title: "Picture of the step shown",
      text: "Drawn anew from the run: PNG for slides, SVG for print and for editing.",
      controls: [table("picture"), scheme, table("width")],
      buttons: [
        { label: "PNG", what: "the picture as PNG", make: coloured("png") },
        { label: "SVG", what: "the picture as SVG", make: coloured("svg") },
      ],
    },
    {
      title: "3-D view as it stands",
      text: "The surface with the paths over it, seen from where you turned it to, at twice the screen’s resolution.",
      buttons: [{ label: "PNG", what: "the 3-D view as PNG", make: () => reliefPicture(page) }],
    },
    {
      title: "Animation of the run",
      text: "A GIF from the first step to the last at the pace of playback, for slides and web pages.",
      controls: [{ ...table("picture"), default: "map" }, scheme, table("gif_width"), table("frames"), table("seconds")],
      buttons: [{ label: "GIF", what: "the animation", make: coloured("gif") }],
    },
    {
      title: "Data",
      text: "Positions, probes, gradients, losses and costs of every step in double precision, with all settings.",
      buttons: [
        { label: "CSV", what: "the data as CSV", make: ask("csv") },
        { label: "npz", what: "the data as npz for NumPy", make: ask("npz") },
      ],
    },
    {
      title: "Python script",
      text: "Some twenty lines that compute the same paths with the library alone.",
      buttons: [{ label: "Python", what: "the Python script", make: ask("py") }],
    },
  ]);
  page.actions.add({ export: () => dialog.open() });
  page.exportDialog = dialog;
}

/** @param {ToyLab} page */
async function reliefPicture(page) {
  const { surface, seed } = page.state.values;
  const blob = await screenPicture([by("relief-picture")], {
    head: [page.surface?.title ?? "", `step ${page.player.step} of ${page.player.steps}`],
    key: page.pictures.entries.filter(({ name }) => page.state.get("methods").includes(name)),
    foot: ["Surfaces and settings are our reconstruction, not the data of arXiv 2605.16134."],
    colours: page.pictures.map.paths.colours,
  });
  return { blob, name: `pothole-lab-${surface}-seed-${seed}-surface-step-${page.player.step}.png` };
}
