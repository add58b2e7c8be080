// The link: what differs from the page's own state as a query string (the server reads it; app/state/schema.py writes the
// same in Python).
import { showNotices } from "./notices.js";
import { same } from "./state.js";

/** @typedef {import("./state.js").Values} Values */
/** @typedef {import("./state.js").State} State */

/** Pages that read the same state: the navigation takes it along. */
const SHARING = ["/", "/instruments", "/methods", "/paper"];
/** What every page and the story are looked at with. */
const LOOK = ["theme", "scheme"];

/**
 * @param {Values} state
 * @param {Values} [base] what a link may leave out, as the server says with every state that it opens
 */
export function writeLink(state, base = {}) {
  const differs = (/** @type {string} */ name) => !(name in base) || !same(base[name], state[name]);
  // with its parameters a surface's own start may move
  const moved = Object.keys(state).some((name) => name.startsWith("surface.") && differs(name));
  const named = Object.entries(state).filter(([name]) => differs(name) || (moved && name.startsWith("start_")));
  const pairs = named.map(([name, value]) => {
    const text = Array.isArray(value) ? value.join(",") : String(value);
    return `${encodeURIComponent(name)}=${encodeURIComponent(text).replaceAll("%2C", ",")}`;
  });
  return `?${pairs.join("&")}`;
}

const SETTLED = 400; // ms: browsers allow about 100 changes of the address in 30 s; a drag asks for far more

/** Who changes a state so that the browser's Back takes it back. */
const PERSON = new Set(["slider", "field", "choice", "tool", "map", "user"]);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let undoable = false; // what waits to be shown becomes an entry of the browser's history

/**
 * Whether a change is one that Back takes back: a person's, of what is computed and not only of how it is looked at.
 * @param {Set<string>} changed
 * @param {string} source
 * @param {import("./schema.js").Schema} schema
 */
export function isUndoable(changed, source, schema) {
  return PERSON.has(source) && [...changed].some((name) => !schema.isViewOnly(name));
}

/**
 * Put the state into the address bar once it has settled.
 * @param {State} state
 * @param {{ entry?: boolean, own?: string[] }} [options] entry: as an entry of its own in the browser's history;
 *   own: the keys that mean something on this page alone
 */
export function showLink({ values, base }, { entry = false, own = [] } = {}) {
  clearTimeout(timer);
  undoable ||= entry;
  timer = setTimeout(() => {
    const query = writeLink(values, base);
    const how = undoable && query !== location.search ? "pushState" : "replaceState";
    undoable = false;
    history[how](history.state, "", location.pathname + query);
    takeAlong(writeLink(Object.fromEntries(Object.entries(values).filter(([name]) => !own.includes(name))), base));
  }, SETTLED);
}

/** What was not shown yet is not: the browser has gone back or on. */
export function forgetLink() {
  clearTimeout(timer);
  undoable = false;
}

/** @param {string} query */
function takeAlong(query) {
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".pages a"))) {
    const shares = !link.matches(".shortcut") && [location, link].every(({ pathname }) => SHARING.includes(pathname));
    link.href = link.pathname + (shares ? query : takeLook(link.search, query));
  }
}

/**
 * @param {string} there the query of a page with a state of its own
 * @param {string} here
 * @returns {string} the first with the second's look
 */
export function takeLook(there, here) {
  const [taken, given] = [new URLSearchParams(there), new URLSearchParams(here)];
  for (const name of LOOK) {
    taken.delete(name);
    for (const value of given.getAll(name)) taken.set(name, value);
  }
  return taken.size ? `?${taken}` : "";
}

/**
 * Put the link of a state on the clipboard, and say so on the button for a moment.
 * @param {State} state
 * @param {HTMLElement} [button]
 */
export async function copyLink({ values, base }, button) {
  const link = location.origin + location.pathname + writeLink(values, base);
  try {
    await navigator.clipboard.writeText(link);
    if (button) button.textContent = "Copied";
  } catch {
    showNotices("copy", [`The browser does not let pages copy. The link is ${link}`]);
  }
  setTimeout(() => {
    if (button) button.textContent = "Copy link";
  }, 1500);
}
