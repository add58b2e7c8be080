// Settings of U that are one click away, and the sentence that says what to expect of those that are set.
import { by, make } from "../core/dom.js";
import { same } from "../core/state.js";

/** @param {import("./main.js").NetworkLab} page */
export function addSettingsOfU(page) {
  const offered = Object.entries(page.tables.settings_of_u);
  const buttons = offered.map(([key, { title }]) =>
    make("button", { type: "button", className: "button", textContent: title, "data-action": "settings-of-u", "data-value": key }),
  );
  const words = make("p", { className: "hint", role: "status" });
  const row = make("div", { className: "presets", role: "group", "aria-label": "Settings of U" }, ...buttons);
  by("settings-of-u").append(row, words);
  page.actions.add({ "settings-of-u": (key) => page.state.set(page.tables.settings_of_u[key]?.values ?? {}, "choice") });
  page.state.listen(() => {
    const { values } = page.state;
    const set = offered.find(([, { values: wanted }]) => Object.entries(wanted).every(([name, value]) => same(values[name], value)));
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.value === set?.[0]));
    const told = set?.[1].words ?? "";
    if (words.textContent !== told) words.textContent = told;
  });
}
