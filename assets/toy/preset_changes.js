// Whether the setting is still its preset's: else the title says what was changed, and leads back.
import { by, make } from "../core/dom.js";
import { formatNumber } from "../core/format.js";

/** @typedef {import("../core/state.js").Values} Values */

export const NAMED = 3; // changes that are told one by one

/**
 * What differs from a preset of all that is computed.
 * @param {Values} preset its whole state
 * @param {Values} values
 * @param {import("../core/schema.js").Schema} schema
 * @returns {string[]} the names
 */
export function changesFrom(preset, values, schema) {
  const names = new Set([...Object.keys(preset), ...Object.keys(values)]);
  return [...names].filter((name) => {
    const { role = "computed", kept = false } = schema.controls.get(name) ?? {}; // a parameter of the surface is in no table
    return (
      name !== "preset" &&
      role === "computed" &&
      !kept &&
      preset[name] !== values[name]
    );
  });
}

/**
 * Rows of numbers as they read in a sentence: "(−0.5, 3, 1, 0.25) (2, 1, 4.6, 0.3)"
 * @param {string} text "-0.5,3,1,0.25;2,1,4.6,0.3"
 */
export function rowsInWords(text) {
  const row = (/** @type {string} */ one) =>
    one.split(",").map((part) => formatNumber(Number(part), 4));
  return text
    .split(";")
    .map((one) => `(${row(one).join(", ")})`)
    .join(" ");
}

/**
 * A control's name and values in words, on the surface that is shown.
 * @param {import("./main.js").ToyLab} page
 * @param {string} name
 */
export function wordsFor(page, name) {
  const own = page.tables.surfaces[page.state.get("surface")]?.controls ?? [];
  const control =
    page.schema.controls.get(name) ?? own.find((one) => one.name === name);
  return {
    title: control?.symbol || control?.label || name,
    say: (/** @type {any} */ value) => {
      if (control?.columns && value) return rowsInWords(value);
      return typeof value === "number"
        ? formatNumber(value, 4)
        : (control?.options?.find(([one]) => one === value)?.[1] ?? value);
    },
  };
}

/** @param {import("./main.js").ToyLab} page */
export function addPresetChanges(page) {
  const words = make("span", {});
  const back = make("button", {
    type: "button",
    className: "button",
    "data-action": "preset-again",
  });
  const place = make(
    "p",
    { id: "changed", className: "changed", role: "status", hidden: true },
    words,
    back,
  );
  by("caption").after(place);
  const said = (/** @type {string} */ name) => {
    const { title, say } = wordsFor(page, name);
    return `${title} ${say(page.state.get(name))}`;
  };
  page.actions.add({
    "preset-again": (preset) => page.actions.do("preset", preset),
  });
  page.state.listen(() => {
    const { values } = page.state;
    const preset = page.tables.presets[values.preset];
    const changes = preset
      ? changesFrom(preset.state, values, page.schema)
      : [];
    const changed = changes.length > 0;
    const more =
      changes.length > NAMED ? `, and ${changes.length - NAMED} more` : "";
    const told = changed
      ? `Changed: ${changes.slice(0, NAMED).map(said).join(", ")}${more}.`
      : "";
    if (words.textContent === told && back.dataset.value === values.preset)
      return; // a drag asks often
    words.textContent = told;
    back.textContent = `Back to ${preset?.title}`;
    back.dataset.value = values.preset;
    place.hidden = !changed;
    by("caption").hidden = changed;
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (
      document.querySelectorAll("[data-action=preset]")
    )) {
      const lit = button.dataset.value === values.preset;
      button.setAttribute(
        "aria-pressed",
        lit && changed ? "mixed" : String(lit),
      );
    }
  });
}
