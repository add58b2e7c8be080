// What the network lab gives away: curves, slices, curvature and potholes as data and figures, weights, a script of the run.
import { by } from "../core/dom.js";
import { postFile } from "../core/http.js";
import { Schema } from "../core/schema.js";
import { ExportDialog } from "./dialog.js";
import { screenPicture } from "./screen.js";

/** @typedef {import("../network/main.js").NetworkLab} NetworkLab */

const FINAL = "final";

/** @param {NetworkLab} page */
export function addNetworkExport(page) {
  const files = new Schema(page.tables.export);
  const table = (/** @type {string} */ name) => files.control(name);
  const view = () => {
    const { axis, loss_scale: scale, scheme } = page.state.values;
    return { axis, loss_scale: scale, scheme };
  };
  const run = () => page.run?.job ?? null;
  const seen = (/** @type {"slice" | "curvature" | "potholes"} */ kind) => page.explore?.current?.[kind]?.job ?? null;
  // job: asked for when the button is pressed; missing: what is said where there is none yet
  /** @type {(what: string, format: string, job: () => string | null, missing: string) => import("./dialog.js").Produce} */
  const ask = (what, format, job, missing) => (values, signal) => {
    if (!job()) throw new Error(missing);
    return postFile("/export/network", { ...view(), ...values, what, format, job: job() }, signal);
  };
  /** @type {(what: string, words: string, job: () => string | null, missing: string) => import("./dialog.js").ExportButton[]} */
  const four = (what, words, job, missing) =>
    [
      ["csv", "CSV"],
      ["npz", "npz"],
      ["png", "PNG"],
      ["svg", "SVG"],
    ].map(([format, label]) => ({ label, what: `${words} as ${label}`, make: ask(what, format, job, missing) }));
  const none = "there is no run yet; start one first";
  const method = { ...table("method"), options: [] };
  const moment = table("moment");
  const dialog = new ExportDialog([
    {
      title: "Training curves",
      text: "All rows of the run as far as it has come, with its settings and every change on the way; the figure as the page draws it.",
      controls: [table("width")],
      buttons: four("curves", "the curves", run, none),
    },
    {
      title: "Live picture as it stands",
      text: "The plane with the paths and the curves on the screen, at twice its resolution.",
      buttons: [{ label: "PNG", what: "the live picture as PNG", make: () => screen(page) }],
    },
    {
      title: "Slice",
      text: "The slice that was explored last: losses, the plane’s directions in the space of the weights, paths and how far off they lie.",
      controls: [table("width")],
      buttons: four("slice", "the slice", () => seen("slice"), "no slice is complete; ask for one under Explore first"),
    },
    {
      title: "Curvature",
      text: "Eigenvalues with residuals, trace with its error, sharpness and densities that were measured last.",
      controls: [table("width")],
      buttons: four("curvature", "the curvature", () => seen("curvature"), "no curvature is measured; ask for it under Explore first"),
    },
    {
      title: "Potholes",
      text: "What a probe adds along the directions that were looked at last, with U and without, and the verdicts.",
      controls: [table("width")],
      buttons: four("potholes", "the potholes", () => seen("potholes"), "no potholes are looked for; ask for them under Explore first"),
    },
    {
      title: "Weights",
      text: "One method’s weights and running statistics as safetensors, under the names of the torch module.",
      controls: [method, moment],
      buttons: [{ label: "safetensors", what: "the weights", make: ask("weights", "safetensors", run, none) }],
    },
    {
      title: "Python script",
      text: "Some thirty lines that repeat this run with the library alone: same data, first weights, mini-batches and noise.",
      buttons: [{ label: "Python", what: "the Python script", make: ask("script", "py", run, none) }],
    },
  ]);
  const offer = () => {
    const told = page.run;
    dialog.offer(
      "method",
      (told?.description.methods ?? []).map((/** @type {string} */ name) => [name, name]),
    );
    const steps = (told?.snapshots ?? []).map((step) => [String(step), `Step ${step}`]);
    dialog.offer("moment", [...(told?.final || !steps.length ? [[FINAL, "Final"]] : []), ...steps.reverse()]);
  };
  page.actions.add({
    export: () => {
      offer();
      dialog.open();
    },
  });
  page.exportDialog = dialog;
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    id: "export-button",
    className: "button",
    textContent: "Export…",
  });
  button.dataset.action = "export";
  button.setAttribute("aria-haspopup", "dialog");
  by("export").append(button);
  const show = () => {
    button.disabled = !page.run;
  };
  document.addEventListener("pothole:run", show);
  show();
}

/** @param {NetworkLab} page */
async function screen(page) {
  if (!page.run) throw new Error("there is no run yet; start one first");
  const { network, data, seed, methods } = page.run.description;
  const blob = await screenPicture(/** @type {HTMLElement[]} */ ([...document.querySelectorAll(".live figure")]), {
    head: [`${network} on ${data}`, `${methods.join(", ")}: step ${page.run.steps} of ${page.run.total}`],
    foot: ["Paths are projected onto the plane: their true losses are not the heights drawn."],
    colours: page.colours,
  });
  return { blob, name: `pothole-lab-${network}-${data}-seed-${seed}-live.png` };
}
