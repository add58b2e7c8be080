// The whole state of a page in one place. Whoever changes it says so here; listeners hear what changed and by whom.

/** @typedef {Record<string, any>} Values a control's name → its value */

/**
 * Who changed it: "open" (a link or a preset), "slider", "field", "choice", "tool", "map", "user", "server", "player", …
 * @typedef {(changed: Set<string>, source: string) => void} Listener
 */

// What looks closer at the runs of the toy lab.
const LENS = ["cost", "cloud", "cloud_spread", "anatomy", "anatomy_method", "anatomy_stage"];

/** What changes no number of a picture, and no picture but by itself. */
export const VIEW_ONLY = new Set([
  ...["step", "speed", "loop", "camera_x", "camera_y", "camera_z"],
  ...["theme", "panel", "predict", "scenes", "scene"],
  ...LENS,
]);

const KEPT = ["scheme", "speed", "loop", "methods", "theme", "panel", "scenes", "scene", ...LENS];

/**
 * What stays as it is when another preset or surface is chosen.
 * @param {Values} values
 */
export function kept(values) {
  return Object.fromEntries(KEPT.map((name) => [name, values[name]]));
}

export class State {
  constructor() {
    /** @type {Values} */
    this.values = {};
    /** @type {Listener[]} */
    this.listeners = [];
  }

  /**
   * @param {string} name
   * @returns {any}
   */
  get(name) {
    return this.values[name];
  }

  /**
   * @param {Values} values
   * @param {string} source
   */
  replace(values, source) {
    const changed = new Set([...Object.keys(this.values), ...Object.keys(values)]);
    this.values = { ...values };
    this.#tell(changed, source);
  }

  /**
   * @param {Values} changes
   * @param {string} source
   */
  set(changes, source) {
    /** @type {Set<string>} */
    const changed = new Set();
    for (const [name, value] of Object.entries(changes)) {
      if (same(this.values[name], value)) continue;
      this.values[name] = value;
      changed.add(name);
    }
    if (changed.size) this.#tell(changed, source);
  }

  /** @param {Listener} listener */
  listen(listener) {
    this.listeners.push(listener);
  }

  /**
   * @param {Set<string>} changed
   * @param {string} source
   */
  #tell(changed, source) {
    for (const listener of this.listeners) listener(changed, source);
  }
}

/**
 * @param {unknown} a
 * @param {unknown} b
 */
function same(a, b) {
  return a === b || (Array.isArray(a) && Array.isArray(b) && a.join() === b.join());
}
