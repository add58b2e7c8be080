// The numbers beside the pictures: a table for each method, at some of the steps, behind a summary that opens it.
import { DataTable, sampledPlaces } from "../core/data_table.js";
import { formatCount, formatNumber } from "../core/format.js";

const CHARTS = ["losses", "distance", "curvature"];

const titleOf = (key) => document.getElementById(`${key}-chart`)?.closest("figure")?.querySelector("figcaption span")?.textContent ?? key;

export function addDataTable(page) {
  let outcomes = [];
  const steps = (entry) => {
    const arrival = outcomes.find((row) => row?.method === entry.name)?.arrival;
    const all = [...sampledPlaces(page.player.steps), ...(arrival === null || arrival === undefined ? [] : [arrival]), entry.last];
    return [...new Set(all)].filter((step) => step <= entry.last).sort((a, b) => a - b);
  };
  const tables = () => {
    const { surface, entries, visible } = page.pictures;
    if (!surface || page.veiled) return null;
    const axes = surface.dimension === 1 ? ["xaxis"] : ["xaxis", "yaxis"];
    const names = axes.map((axis, k) => surface.figures?.map?.layout[axis]?.title?.text || `coordinate ${k + 1}`);
    const heads = ["Step", ...names, ...CHARTS.map(titleOf)];
    const row = (entry, step) => [
      formatCount(step),
      ...axes.map((_, k) => formatNumber(entry.positions[axes.length * step + k], 4)),
      ...CHARTS.map((key) => formatNumber(entry[key]?.[step], 4)),
    ];
    const shown = entries.filter((entry) => !visible || visible.includes(entry.name));
    return shown.map((entry) => ({ name: entry.name, heads, rows: steps(entry).map((step) => row(entry, step)) }));
  };
  page.dataTable = new DataTable(page, document.getElementById("outcomes").closest("section"), tables);
  document.addEventListener("pothole:painted", ({ detail }) => {
    outcomes = detail.methods?.map((method) => method.row) ?? [];
    page.dataTable.show();
  });
}
