// A table with one row per method, rebuilt from an answer's rows.
import { make } from "../core/dom.js";
import { makeSwatch } from "./swatch.js";

/**
 * @template R
 * @typedef {[title: string, text: (row: R) => string]} Column
 */

/**
 * @template {{ method: string, outcome?: string }} R
 * @param {HTMLElement} place
 * @param {Column<R>[]} columns the first one's text is the method's name
 * @param {R[]} rows
 * @param {import("../core/scheme.js").Looks} looks
 * @param {string} paper
 * @param {R[]} [before] rows of the same methods, told in a cell where they differ
 */
export function showTable(place, columns, rows, looks, paper, before = []) {
  const table = make("table");
  const head = table.createTHead().insertRow();
  for (const [title] of columns) head.append(make("th", { scope: "col", textContent: title }));
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    line.dataset.method = row.method;
    if (row.outcome) line.dataset.outcome = row.outcome;
    const other = before.find(({ method }) => method === row.method);
    columns.forEach(([title, text], index) => {
      const look = looks[row.method];
      const was = other && text(other) !== text(row) ? [make("div", { className: "was", textContent: `was ${text(other) || "–"}` })] : [];
      if (index) line.append(make("td", { "data-column": title }, text(row), ...was));
      else line.append(make("th", { "data-column": title, scope: "row" }, ...(look ? [makeSwatch(look, paper)] : []), row.method));
    });
  }
  place.replaceChildren(table);
}
