// A row of the form for a number or a choice: its name, what is typed or chosen, a slider below.
import { make, makeOptions } from "./dom.js";
import { showNotices } from "./notices.js";
import { fromPosition, onGrid, toPosition } from "./slider_scale.js";

/** @typedef {import("./contract.js").Control} Control */
/** @typedef {import("./controls.js").ChoiceControl} ChoiceControl */
/** @typedef {import("./controls.js").NumberControl} NumberControl */
/** @typedef {{ row: HTMLElement, show: (value: any, source?: string) => void }} Widget */
/** @typedef {(value: unknown, source: string) => void} Tell */

/**
 * @param {Control} control
 * @param {HTMLElement | null} field beside its name
 * @param {...HTMLElement} below
 */
export function labelledRow(control, field, ...below) {
  const words = [make("span", { textContent: control.label })];
  if (control.symbol) words.push(make("span", { className: "symbol", textContent: control.symbol }));
  if (control.unit) words.push(make("span", { className: "unit", textContent: control.unit }));
  const label = make("span", { className: "control-label", "data-help": control.help }, ...words);
  const head = make("div", { className: "control-head" }, label, ...(field ? [field] : []));
  return make("div", { className: "control", "data-control": control.name }, head, ...below);
}

/**
 * @param {NumberControl} control
 * @param {Tell} tell
 * @returns {Widget}
 */
export function number(control, tell) {
  const described = { "aria-label": control.title, "aria-description": control.help };
  const typed = { type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false, className: "field" };
  const field = make("input", { ...typed, ...described, "data-field": control.name });
  const range = { type: "range", min: control.low, max: control.high, step: control.slider_step, className: "slider" };
  const slider = make("input", { ...range, ...described });
  const fill = () => {
    const part = (Number(slider.value) - control.low) / (control.high - control.low);
    slider.style.setProperty("--fill", `${100 * part}%`);
  };
  let current = "";
  slider.addEventListener("input", () => {
    fill();
    tell(fromPosition(control, Number(slider.value)), "slider");
  });
  field.addEventListener("change", () => {
    const text = field.value.trim().replace(",", ".").replace("−", "-");
    const value = Number(text);
    if (text === "" || !Number.isFinite(value)) {
      const got = text ? `the text “${field.value}”` : "nothing";
      showNotices("field", [`${control.title} must be ${control.wants}, not ${got}.`], "error");
      field.value = current;
      return;
    }
    showNotices("field", []);
    field.value = String(onGrid(control, value));
    tell(onGrid(control, value), "field");
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") field.blur();
    if (event.key === "Escape") field.value = current;
  });
  /** @type {Widget["show"]} */
  const show = (value, source) => {
    current = String(value);
    field.value = current;
    slider.setAttribute("aria-valuetext", `${value} ${control.unit}`.trim());
    if (source === "slider") return;
    slider.value = String(toPosition(control, value));
    fill();
  };
  return { row: labelledRow(control, field, slider), show };
}

/**
 * A list where there are more than three options, else radio buttons side by side.
 * @param {ChoiceControl} control
 * @param {Tell} tell
 * @returns {Widget}
 */
export function choice(control, tell) {
  if (control.options.length > 3) {
    const select = make("select", { className: "select", "aria-label": control.title }, ...makeOptions(control.options));
    select.addEventListener("change", () => tell(select.value, "choice"));
    /** @type {Widget["show"]} */
    const show = (value) => {
      select.value = value;
    };
    return { row: make("div", { className: "control", "data-control": control.name }, select), show };
  }
  const radios = control.options.map(([value]) => make("input", { type: "radio", name: control.name, value }));
  const segments = radios.map((radio, k) =>
    make("label", { className: "segment" }, radio, make("span", { textContent: control.options[k]?.[1] })),
  );
  const group = make("div", { className: "segments", role: "radiogroup", "aria-label": control.title }, ...segments);
  for (const radio of radios) radio.addEventListener("change", () => tell(radio.value, "choice"));
  /** @type {Widget["show"]} */
  const show = (value) => {
    for (const radio of radios) radio.checked = radio.value === value;
  };
  return { row: labelledRow(control, null, group), show };
}
