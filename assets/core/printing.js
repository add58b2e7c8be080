// On paper nothing can be unfolded: what is folded is printed open, and folded again after.

/**
 * @param {string} selector of the parts
 * @param {() => void} [prepare] what else is to be done before the page is printed
 */
export function unfoldOnPaper(selector, prepare = () => {}) {
  const paper = window.matchMedia("print");
  const folded = /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll(selector));
  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  paper.addEventListener("change", () => {
    if (paper.matches) {
      opened = [...folded].filter((one) => !one.open);
      prepare();
    }
    for (const one of opened) one.open = paper.matches;
  });
}
