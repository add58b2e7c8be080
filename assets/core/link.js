// The link: every key of the state as a query string (the server reads it; see app/toy/link.py for the same in Python).
import { showNotices } from "./notices.js";

/** @typedef {import("./state.js").Values} Values */

/** Pages that read the same state: the navigation takes it along. */
const SHARING = ["/", "/instruments"];

/** @param {Values} state */
export function writeLink(state) {
  const pairs = Object.entries(state).map(([name, value]) => {
    const text = Array.isArray(value) ? value.join(",") : String(value);
    return `${encodeURIComponent(name)}=${encodeURIComponent(text).replaceAll("%2C", ",")}`;
  });
  return `?${pairs.join("&")}`;
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Put the state into the address bar. Browsers allow about 100 changes of the address in 30 s; a drag asks for far more.
 * @param {Values} state
 * @param {number} [delay] ms
 */
export function showLink(state, delay = 400) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const query = writeLink(state);
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
 * @param {Values} values
 * @param {HTMLElement} [button]
 */
export async function copyLink(values, button) {
  const link = location.origin + location.pathname + writeLink(values);
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
