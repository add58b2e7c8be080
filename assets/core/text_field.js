// A text that the server reads, such as a formula: it becomes a part of the state once the server takes it. What it does
// not take stands in the field with the reason below, and the picture stays as it was.
import { make } from "./dom.js";
import { labelledRow } from "./fields.js";

/** @typedef {import("./controls.js").TextControl} TextControl */
/** @typedef {import("./fields.js").Tell} Tell */
/** @typedef {import("./fields.js").Widget} Widget */

const PAUSE = 350; // ms without a key before the server is asked

/**
 * @param {TextControl} control
 * @param {Tell} tell
 * @param {(value: string) => Promise<string[]>} check
 * @returns {Widget}
 */
export function textField(control, tell, check) {
  const fault = make("p", { className: "field-fault", id: `${control.name}-fault`, "aria-live": "polite", hidden: true });
  const field = make("textarea", {
    className: "field text-field",
    rows: 3,
    maxLength: control.longest,
    spellcheck: false,
    autocomplete: "off",
    autocapitalize: "off",
    "aria-label": control.title,
    "aria-description": control.help,
    "aria-describedby": fault.id,
    "data-field": control.name,
  });
  let current = "";
  let asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  const say = (/** @type {string[]} */ sentences) => {
    fault.textContent = sentences.join(" ");
    fault.hidden = !sentences.length;
    field.setAttribute("aria-invalid", String(sentences.length > 0));
  };
  const ask = async () => {
    clearTimeout(waiting);
    const text = field.value.replaceAll("\n", " ");
    const ticket = ++asked;
    const wrong = text === current ? [] : await check(text);
    if (ticket !== asked) return; // typed on, or shown another state meanwhile
    say(wrong);
    if (!wrong.length && text !== current) tell(text, "text");
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    asked += 1;
    waiting = setTimeout(ask, PAUSE);
  });
  field.addEventListener("change", ask);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      ask();
    }
    if (event.key !== "Escape") return;
    field.value = current;
    ask();
  });
  /** @type {Widget["show"]} */
  const show = (value, source) => {
    current = String(value);
    if (source === "text") return;
    clearTimeout(waiting);
    asked += 1;
    field.value = current;
    say([]);
  };
  return { row: labelledRow(control, null, field, fault), show };
}
