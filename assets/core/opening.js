// Links that a page takes over: what the server makes of them, and the browser's Back and Forward.
import { postJson, problemsOf } from "./http.js";
import { forgetLink } from "./link.js";
import { showNotices } from "./notices.js";
import { namedScheme, systemScheme } from "./scheme.js";

/** @typedef {{ query?: string, state?: Record<string, unknown> }} Asked a link, or a part of a state */

/**
 * Asks for the whole state that a link or a part of a state stands for. Of several that are asked for, only the last is
 * taken over. Colours that no link has named are those of the reader's system, and a link to the state leaves them out.
 * @template {import("./contract.js").OpenedLink} T
 * @param {string} address
 * @returns {(asked: Asked, take: (opened: T) => void) => Promise<void>}
 */
export function makeOpener(address) {
  let last = Symbol("open");
  let unnamed = systemScheme(); // the colours of a link that names none; "" after one that named some
  return async (asked, take) => {
    const ticket = (last = Symbol("open"));
    try {
      const opened = await postJson(address, asked);
      if (ticket !== last) return; // something else was wanted meanwhile
      showNotices("link", opened.notices);
      if (asked.query !== undefined) {
        unnamed = namedScheme(asked.query) ? "" : systemScheme();
        if (unnamed) opened.state.scheme = unnamed;
      }
      opened.base.scheme = unnamed;
      take(opened);
    } catch (error) {
      if (ticket === last) showNotices("link", problemsOf(error), "error");
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
