// The presets over the pictures: what each is about in words, which one the settings are, and whether they still are.
import { by } from "../core/dom.js";
import { same } from "../core/state.js";

/** @typedef {import("../core/state.js").Values} Values */

/**
 * Whether nothing that is trained differs from what a link to the preset alone stands for.
 * @param {Values} values
 * @param {Values} base
 * @param {import("../core/schema.js").Schema} schema
 */
export const isUnchanged = (values, base, schema) =>
  Object.entries(base).every(([name, value]) => schema.isViewOnly(name) || same(value, values[name]));

/** @param {import("./main.js").NetworkLab} page */
export function addPresets(page) {
  const buttons = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-action=preset]"));
  page.actions.add({ preset: (key) => page.choosePreset(key) });
  page.state.listen(() => {
    const { values } = page.state;
    const preset = page.tables.presets[values.preset];
    const lit = isUnchanged(values, page.state.base, page.schema) ? "true" : "mixed";
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.value === values.preset ? lit : "false");
    by("caption").hidden = Boolean(preset);
    by("preset-words").hidden = !preset;
    if (!preset || by("preset-question").textContent === preset.question) return;
    by("preset-question").textContent = preset.question;
    by("preset-caption").textContent = preset.caption;
  });
}
