// What the instruments give away: the picture as it stands on the screen, and the numbers in it.
import { by } from "../core/dom.js";
import { postFile } from "../core/http.js";
import { Schema } from "../core/schema.js";
import { ExportDialog, schemeChoice } from "./dialog.js";
import { screenPicture } from "./screen.js";

/** @typedef {import("./dialog.js").Produce} Produce */
/** @typedef {import("../instruments/main.js").InstrumentsLab} InstrumentsLab */

/** @param {InstrumentsLab} page */
export function addInstrumentsExport(page) {
  /** @type {(format: string) => Produce} */
  const ask = (format) => (values, signal) =>
    postFile(
      "/export/instruments",
      { ...page.request(), instrument: page.state.get("instrument"), cost: page.state.get("cost"), ...values, format },
      signal,
    );
  // Drawn on the server: what is on the screen beside the numbers goes with it.
  /** @type {(format: string) => Produce} */
  const draw =
    (format) =>
    ({ scheme: wanted, ...values }, signal) =>
      ask(format)({ scheme: wanted || page.state.get("scheme"), shown: page.state.get("shown"), ...values }, signal);
  const files = new Schema(page.tables.export);
  const table = (/** @type {string} */ name) => files.control(name);
  const scheme = schemeChoice(page.schema);
  const dialog = new ExportDialog([
    {
      title: "Picture as it stands",
      text: "The maps and curves of the instrument in view, at twice the screen’s resolution.",
      buttons: [{ label: "PNG", what: "the picture as PNG", make: () => picture(page) }],
    },
    {
      title: "Picture drawn anew",
      text: "From the numbers, complete and with all settings: PNG for slides, SVG for print and for editing.",
      controls: [scheme, table("width")],
      buttons: [
        { label: "PNG", what: "the drawn picture as PNG", make: draw("png") },
        { label: "SVG", what: "the drawn picture as SVG", make: draw("svg") },
      ],
    },
    {
      title: "Data",
      text: "The numbers of the instrument in view, complete and with all settings; what is not computed yet is computed first.",
      controls: [table("table")],
      buttons: [
        { label: "CSV", what: "the table as CSV", make: ask("csv") },
        { label: "npz", what: "all tables as npz for NumPy", make: ask("npz") },
        { label: "JSON", what: "all answers as JSON", make: ask("json") },
      ],
    },
  ]);
  const offer = () => dialog.offer("table", page.tables.instruments.find(({ key }) => key === page.state.get("instrument"))?.tables ?? []);
  page.actions.add({
    export: () => {
      offer();
      dialog.open();
    },
  });
  page.exportDialog = dialog;
}

/** @param {InstrumentsLab} page */
async function picture(page) {
  const instrument = page.state.get("instrument");
  const panel = by(`panel-${instrument}`);
  const { surface, seed } = page.state.values;
  const { name: unit } = page.shown.unit;
  const title = by(`tab-${instrument}`).textContent;
  const caption = panel.querySelector(".caption")?.textContent ?? "";
  const blob = await screenPicture([...panel.querySelectorAll("figure")], {
    head: [`${title}: ${surface}`, caption, ...(unit === "steps" ? [] : [`Counted in ${unit}.`])],
    foot: ["Surfaces and settings are our reconstruction, not the data of arXiv 2605.16134."],
    colours: page.colours,
  });
  return { blob, name: `pothole-lab-${surface}-seed-${seed}-${instrument}.png` };
}
