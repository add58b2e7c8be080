// Elements: found by their id, made, and put into tables.

/**
 * The element of an id. Where it is missing, layout and client code do not belong together: an error, at once.
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} id
 * @param {{ new (): E }} [kind] what it has to be, where more than an element is needed
 * @returns {E}
 */
export function by(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`the page has no ${kind?.name ?? "element"} "${id}"`);
  return /** @type {E} */ (found);
}

/**
 * A new element. What is a property of it is set as one, all else as an attribute.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, unknown>} [properties] e.g. { className: "hint", textContent: "…", "aria-label": "…", "data-name": "…" }
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node && !name.startsWith("aria")) Object.assign(node, { [name]: value });
    else node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/**
 * A button that does something when it is pressed.
 * @param {string} text
 * @param {() => void} run
 * @param {Record<string, unknown>} [more] further properties
 */
export function makeButton(text, run, more = {}) {
  const node = make("button", { type: "button", className: "button", textContent: text, ...more });
  node.addEventListener("click", run);
  return node;
}

/**
 * A choice from a list.
 * @param {string[][]} options [value, text] of each
 */
export function makeOptions(options) {
  return options.map(([value, textContent]) => make("option", { value, textContent }));
}

/**
 * A field under its name, as it stands in a row of tools.
 * @param {string} label
 * @param {string} help
 * @param {HTMLElement} field
 */
export function makeTool(label, help, field) {
  return make("label", { className: "tool", title: help }, make("span", { textContent: label }), field);
}

/**
 * A table of texts. The first cell of each row is the row's head.
 * @param {string} caption none where it is empty
 * @param {string[]} heads
 * @param {(Node | string)[][]} rows
 */
export function plainTable(caption, heads, rows) {
  const table = make("table");
  if (caption) table.append(make("caption", { textContent: caption }));
  const head = table.createTHead().insertRow();
  for (const text of heads) head.append(make("th", { scope: "col", textContent: text }));
  const body = table.createTBody();
  for (const [first, ...cells] of rows) {
    const line = body.insertRow();
    line.append(make("th", { scope: "row" }, first ?? ""));
    for (const cell of cells) line.insertCell().append(cell);
  }
  return table;
}
