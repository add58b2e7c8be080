// Rows of numbers, such as dug potholes: a list with sliders for each row, a button that takes a row away, and undo.
import { make, makeButton } from "./dom.js";
import { labelledRow, number } from "./fields.js";
import { parseRows, writeRows } from "./number_rows.js";

/** @typedef {import("./controls.js").RowsControl} RowsControl */
/** @typedef {import("./fields.js").Tell} Tell */
/** @typedef {import("./fields.js").Widget} Widget */

const REMEMBERED = 50;

/**
 * @param {RowsControl} control
 * @param {Tell} tell
 * @returns {Widget}
 */
export function rowsField(control, tell) {
  const list = make("ol", { className: "rows", id: `${control.name}-rows` });
  const undo = makeButton("Undo", () => back(), { className: "button small", hidden: true });
  /** @type {string[]} what it was, oldest first */
  const before = [];
  /** @type {Widget[][]} the widgets of each row */
  let shown = [];
  let text = "";
  let begun = -Infinity; // when the change began that is under way: a drag is one change

  const remember = () => {
    const now = performance.now();
    if (now - begun > 1000) before.push(text);
    begun = now;
    if (before.length > REMEMBERED) before.shift();
    undo.hidden = !before.length;
  };
  const change = (/** @type {number[][]} */ rows) => tell(writeRows(rows), "rows");
  const back = () => {
    const last = before.pop();
    if (last === undefined) return;
    begun = -Infinity;
    tell(last, "undo");
    undo.hidden = !before.length;
  };
  const named = (/** @type {import("./controls.js").NumberControl} */ column, /** @type {number} */ k) => {
    return { ...column, name: `${control.name}.${k}.${column.name}`, title: `${column.title}, pothole ${k + 1}` };
  };
  const build = (/** @type {number[][]} */ rows) => {
    shown = rows.map((_, k) =>
      control.columns.map((column, axis) =>
        number(named(column, k), (value) => {
          const changed = parseRows(text);
          const row = changed[k];
          if (row) row[axis] = Number(value);
          change(changed);
        }),
      ),
    );
    const lines = shown.map((widgets, k) => {
      const away = () => change(parseRows(text).filter((_, other) => other !== k));
      const remove = makeButton("×", away, { className: "close", "aria-label": `Fill pothole ${k + 1}`, title: "Fill it" });
      const head = make("div", { className: "row-head" }, make("span", { textContent: `Pothole ${k + 1}` }), remove);
      return make("li", {}, head, ...widgets.map(({ row }) => row));
    });
    list.replaceChildren(...lines);
  };
  /** @type {Widget["show"]} */
  const show = (value, source) => {
    const rows = parseRows(String(value));
    if (source === "open" || source === undefined)
      before.length = 0; // another state: there is nothing to undo
    else if (source !== "undo" && text !== value) remember();
    undo.hidden = !before.length;
    text = String(value);
    if (rows.length !== shown.length) build(rows);
    rows.forEach((row, k) => row.forEach((one, axis) => shown[k]?.[axis]?.show(one)));
    list.hidden = !rows.length;
    row.hidden = !rows.length && !before.length;
  };
  const row = labelledRow(control, undo, list);
  return { row, show };
}
