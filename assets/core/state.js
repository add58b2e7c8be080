// The whole state of a page in one place. Whoever changes it says so here; listeners hear what changed and by whom.

/** @typedef {Record<string, any>} Values a control's name → its value */

/**
 * Who changed it: "open" (a link or a preset), "slider", "field", "choice", "tool", "map", "user", "server", "player", …
 * @typedef {(changed: Set<string>, source: string) => void} Listener
 */

export class State {
  constructor() {
    /** @type {Values} */
    this.values = {};
    /** @type {Values} what a link to the state may leave out */
    this.base = {};
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
   * @param {Values} [base] what a link to them may leave out
   */
  replace(values, source, base = {}) {
    this.base = base;
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
export function same(a, b) {
  return a === b || (Array.isArray(a) && Array.isArray(b) && a.join() === b.join());
}
