// The link: what differs from the page's own state as a query string (the server reads it; app/state/schema.py writes the
// same in Python).
import { showNotices } from "./notices.js";
import { same } from "./state.js";

/** @typedef {import("./state.js").Values} Values */
/** @typedef {import("./state.js").State} State */

/** Pages that read the same state: the navigation takes it along. */
const SHARING = ["/", "/instruments"];

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

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Put the state into the address bar. Browsers allow about 100 changes of the address in 30 s; a drag asks for far more.
 * @param {State} state
 * @param {number} [delay] ms
 */
export function showLink({ values, base }, delay = 400) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const query = writeLink(values, base);
    history.replaceState(history.state, "", location.pathname + query);
    takeAlong(query);
  }, delay);
}

/** @param {string} query */
function takeAlong(query) {
  if (!SHARING.includes(location.pathname)) return;
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".pages a"))) {
    const { pathname } = new URL(link.href);
    if (SHARING.includes(pathname)) link.href = pathname + query;
  }
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
