// Notices: sentences that need to be seen, each until it is closed or no longer true.
import { make, makeButton } from "./dom.js";

/**
 * Show exactly these sentences of one kind ("link", "request", …); an empty list takes the kind's notices away.
 * @param {string} kind
 * @param {string[]} sentences
 * @param {"note" | "error"} [tone]
 */
export function showNotices(kind, sentences, tone = "note") {
  const place = document.getElementById("notices");
  if (!place) return;
  const nodes = /** @type {HTMLElement[]} */ ([...place.children]);
  const textOf = (/** @type {HTMLElement} */ node) => node.firstChild?.textContent ?? "";
  for (const old of nodes) {
    if (old.dataset.kind === kind && !sentences.includes(textOf(old))) old.remove();
  }
  const shown = nodes.filter((node) => node.isConnected).map(textOf);
  for (const sentence of sentences) {
    if (shown.includes(sentence)) continue;
    const close = makeButton("×", () => notice.remove(), { className: "close", "aria-label": "Close notice" });
    const notice = make("div", { className: `notice ${tone}`, "data-kind": kind }, make("span", { textContent: sentence }), close);
    place.append(notice);
  }
}
