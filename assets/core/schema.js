/** @typedef {import("./contract.js").Control} Control */
/** @typedef {import("./state.js").Values} Values */

/**
 * The table of controls, as the server sends it. A control that is not in it (a surface's parameter, a coordinate of the
 * start) decides numbers and is not kept.
 */
export class Schema {
  /** @param {Control[]} controls */
  constructor(controls) {
    this.controls = new Map(controls.map((control) => [control.name, control]));
  }

  /** What each control starts from. */
  get defaults() {
    return Object.fromEntries([...this.controls].map(([name, control]) => [name, control.default]));
  }

  /**
   * Whether a value changes what the browser shows and nothing else.
   * @param {string} name
   */
  isViewOnly(name) {
    return this.controls.get(name)?.role === "view";
  }

  /**
   * What stays as it is when another preset or surface is chosen.
   * @param {Values} values
   */
  kept(values) {
    return Object.fromEntries(Object.entries(values).filter(([name]) => this.controls.get(name)?.kept));
  }

  /**
   * A state without the settings of some groups: what stands in for them is the preset's, or the default. The surface
   * stays, and so does the start.
   * @param {Values} values
   * @param {string[]} groups
   */
  without(values, groups) {
    const drops = (/** @type {string} */ name) =>
      name !== "surface" &&
      (groups.includes(this.controls.get(name)?.group ?? "") || (groups.includes("surface") && name.startsWith("surface.")));
    return Object.fromEntries(Object.entries(values).filter(([name]) => !drops(name)));
  }

  /** @param {string} name */
  group(name) {
    return [...this.controls.values()].filter((control) => control.group === name);
  }

  /** @param {string} name */
  control(name) {
    const found = this.controls.get(name);
    if (!found) throw new Error(`there is no control "${name}"`);
    return found;
  }
}
