// A window over the page. The browser's own modal dialog keeps the focus inside, closes on Escape and gives the focus back.
import { make, makeButton } from "./dom.js";

/**
 * @param {string} id
 * @param {string} title
 * @param {...(Node | string)} content
 * @returns {HTMLDialogElement | null} null where it was open: the key that opened it closes it
 */
export function openDialog(id, title, ...content) {
  const open = document.querySelector("dialog[open]");
  if (open instanceof HTMLDialogElement) open.close();
  if (open?.id === id) return null;
  const heading = make("h2", { textContent: title, id: `${id}-title` });
  const close = makeButton("×", () => dialog.close(), { className: "close", "aria-label": "Close" });
  const dialog = make("dialog", { id, className: "window", "aria-labelledby": heading.id });
  dialog.append(make("div", { className: "window-head" }, heading, close), ...content);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside the window
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
