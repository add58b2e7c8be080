// Sliders, number fields and choices, built from the table of controls. They tell the state what a person wants, and
// show the state when somebody else changed it.
import { choice, number } from "./fields.js";
import { rowsField } from "./rows_field.js";
import { textField } from "./text_field.js";

/** @typedef {import("./contract.js").Control} Control */
/** @typedef {import("./controls.js").ChoiceControl} ChoiceControl */
/** @typedef {import("./controls.js").NumberControl} NumberControl */
/** @typedef {import("./controls.js").TextControl} TextControl */
/** @typedef {import("./controls.js").RowsControl} RowsControl */
/** @typedef {import("./fields.js").Widget} Widget */
/** @typedef {import("./fields.js").Tell} Tell */
/** @typedef {(changes: Record<string, unknown>) => Promise<string[]>} Check what is wrong with a change of the state */

export class Widgets {
  /**
   * @param {import("./state.js").State} state
   * @param {Check} [check] asked before a text becomes a part of the state
   */
  constructor(state, check = async () => []) {
    this.state = state;
    this.check = check;
    /** @type {Map<string, Widget>} by the control's name */
    this.shown = new Map();
    state.listen((changed, source) => {
      for (const name of changed) this.show(name, source);
    });
  }

  /**
   * Put widgets for these controls into a place, in place of what was there.
   * @param {HTMLElement} place
   * @param {Control[]} controls
   */
  build(place, controls) {
    for (const row of place.children) this.shown.delete(/** @type {HTMLElement} */ (row).dataset.control ?? "");
    const widgets = controls.map((control) => {
      /** @type {Tell} */
      const tell = (value, source) => this.state.set({ [control.name]: value }, source);
      const widget = this.#make(control, tell);
      this.shown.set(control.name, widget);
      return widget.row;
    });
    place.replaceChildren(...widgets);
    for (const control of controls) this.show(control.name);
  }

  /**
   * @param {Control} control
   * @param {Tell} tell
   */
  #make(control, tell) {
    if (control.kind === "choice") return choice(/** @type {ChoiceControl} */ (control), tell);
    if (control.columns) return rowsField(/** @type {RowsControl} */ (control), tell);
    if (control.kind !== "text") return number(/** @type {NumberControl} */ (control), tell);
    return textField(/** @type {TextControl} */ (control), tell, (value) => this.check({ [control.name]: value }));
  }

  /**
   * @param {string} name
   * @param {string} [source] who changed it
   */
  show(name, source) {
    const value = this.state.get(name);
    if (value !== undefined) this.shown.get(name)?.show(value, source);
  }
}
