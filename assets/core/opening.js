// Links that a page takes over: what the server makes of them, and the browser's Back and Forward.
import { postJson, problemsOf } from "./http.js";
import { forgetLink } from "./link.js";
import { showNotices } from "./notices.js";

/** @typedef {import("./contract.js").OpenedLink} OpenedLink */
/** @typedef {{ query?: string, state?: Record<string, unknown> }} Asked a link, or a part of a state */

/**
 * Asks for the whole state that a link or a part of a state stands for. Of several that are asked for, only the last is
 * taken over.
 * @param {string} address
 * @returns {(asked: Asked, take: (opened: OpenedLink) => void) => Promise<void>}
 */
export function makeOpener(address) {
  let last = Symbol("open");
  return async (asked, take) => {
    const ticket = (last = Symbol("open"));
    try {
      const opened = await postJson(address, asked);
      if (ticket !== last) return; // something else was wanted meanwhile
      showNotices("link", opened.notices);
      take(opened);
    } catch (error) {
      showNotices("request", problemsOf(error), "error");
    }
  };
}

/**
 * Opens what the browser goes back or forward to.
 * @param {{ open: (asked: { query: string }) => Promise<void> }} page
 */
export function openOnReturn(page) {
  window.addEventListener("popstate", () => {
    forgetLink();
    void page.open({ query: location.search });
  });
}
