// One table of keys. An entry says which keys it takes, what they do and how the help sheet names them: the sheet is made
// of the same entries that the listener goes through, so that the two cannot disagree.

/**
 * @typedef {object} KeyEntry
 * @property {string[]} keys KeyboardEvent.key of each
 * @property {string} shown as on the keyboard, "←"
 * @property {string} what "one step back"
 * @property {string} group of the help sheet
 * @property {(event: KeyboardEvent) => unknown} run
 * @property {() => boolean} [when] asked before each use
 * @property {boolean} [shift] where it matters
 * @property {boolean} [strong] wins over sliders and choices
 */

/** @typedef {KeyEntry & { element: HTMLElement | null }} Bound with an element it holds while that element has the focus */

const TYPED = "select, textarea, input:not([type=range], [type=radio], [type=checkbox])";
const TYPED_OR_FILE = "select, textarea, input:not([type=range], [type=radio], [type=checkbox], [type=file])";
const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];

class Keys {
  constructor() {
    /** @type {Bound[]} */
    this.entries = [];
    this.listening = false;
  }

  /**
   * @param {KeyEntry[]} entries
   * @param {HTMLElement | null} [element]
   */
  add(entries, element = null) {
    if (!this.listening) {
      this.listening = true;
      document.addEventListener("keydown", (event) => this.#press(event));
    }
    this.entries.push(...entries.map((entry) => ({ ...entry, element })));
    element?.addEventListener("keydown", (event) => this.#take(event, (entry) => entry.element === element));
  }

  /** What the help sheet lists: all of the page's, also those that work only in a lecture or while something is open. */
  get shown() {
    return this.entries;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const element = event.target instanceof Element ? event.target : null;
    const busy = uses(element, event.key);
    const typing = element?.matches(TYPED) ?? false;
    this.#take(event, (entry) => !entry.element && !(entry.strong ? typing : busy));
  }

  /**
   * @param {KeyboardEvent} event
   * @param {(entry: Bound) => boolean} holds
   */
  #take(event, holds) {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (document.querySelector("dialog[open]") && event.key !== "?") return;
    const names = pressed(event);
    const entry = this.entries.find(
      (one) =>
        holds(one) &&
        one.keys.some((key) => names.includes(key)) &&
        (one.shift ?? event.shiftKey) === event.shiftKey &&
        (one.when?.() ?? true),
    );
    if (!entry) return;
    event.preventDefault();
    event.stopPropagation();
    entry.run(event);
  }
}

/**
 * What a press stands for: the key's own name, and where that is a letter of another alphabet, or a digit's place without
 * its digit, what a Latin keyboard has at this place.
 * @param {{ key: string, code?: string, shiftKey?: boolean }} event
 */
export function pressed({ key, code = "", shiftKey = false }) {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  const digit = /^Digit([0-9])$/.exec(code)?.[1];
  const foreign = /^\p{Letter}$/u.test(key) && !/^[a-z]$/i.test(key);
  if (letter && foreign) return [key, shiftKey ? letter : letter.toLowerCase()];
  if (digit && !/^[0-9a-z]$/i.test(key) && !shiftKey) return [key, digit];
  if (code === "Slash" && shiftKey && foreign) return [key, "?"];
  return [key];
}

/**
 * Whether the focused element uses a key itself: then it stays with it.
 * @param {Element | null} element
 * @param {string} key
 */
function uses(element, key) {
  if (!element || element === document.body) return false;
  const editable = element instanceof HTMLElement && element.isContentEditable;
  if (editable || element.closest("[role=slider], [role=listbox]")) return true;
  if (element.matches(TYPED_OR_FILE)) return true;
  const choosing = element.matches("input[type=range], input[type=radio]") || element.closest("[role=radiogroup], [role=tablist]");
  if (choosing) return MOVES.includes(key) || key === " ";
  return key === " " && Boolean(element.closest("button, a, summary, label, input, [role=button]"));
}

export const keys = new Keys();
