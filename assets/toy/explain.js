// What is this? The words of the page explained, in a window that opens where a word stands.
import { openDialog } from "../core/dialog.js";
import { by, make } from "../core/dom.js";

/** @typedef {import("../core/contract.js").Explanation} Explanation */

/**
 * The button beside a word.
 * @param {string} key
 * @param {string} title
 */
const explainButton = (key, title) =>
  make("button", {
    ...{ type: "button", className: "explain", textContent: "?", title: `What is ${title}?`, "aria-label": `What is ${title}?` },
    ...{ "data-action": "explain", "data-value": key, "aria-haspopup": "dialog" },
  });

/**
 * @param {Explanation} explanation
 * @param {boolean} headed the window's own heading says what the first is about
 */
function section({ key, title, text, formula, cost, more }, headed) {
  const node = make(
    "section",
    { id: `explain-${key}`, tabIndex: -1 },
    make("h3", { textContent: title, hidden: !headed }),
    make("p", { textContent: text }),
  );
  if (formula) node.append(make("p", { className: "formula", textContent: formula }));
  if (cost) node.append(make("p", { className: "hint", textContent: cost }));
  const where = more.startsWith("/manual/") ? "More in the manual" : `More on ${title}`;
  if (more) node.append(make("a", { href: more, textContent: where }));
  return node;
}

/** @param {import("./main.js").ToyLab} page */
export function addExplanations(page) {
  const { explanations } = page.tables;
  const [first, ...others] = explanations;
  page.actions.add({
    explain: (key) => {
      const more = make("p", { className: "hint" }, "Every method with its formulas, identities, traps and sources: ");
      more.append(make("a", { href: "/methods", textContent: "the page Methods" }), ". All else: ");
      more.append(make("a", { href: "/manual/", textContent: "the manual" }), ".");
      const sections = [...explanations.map((one) => section(one, one !== first)), more];
      const dialog = openDialog("explanations", first?.title ?? "", make("div", { className: "explanations" }, ...sections));
      dialog?.querySelector(`[id="explain-${key}"]`)?.scrollIntoView({ block: "start" });
    },
  });
  for (const { key, title } of others) {
    const word = document.querySelector(`#main-controls [data-control="${key}"] .control-label, #legend [data-method="${key}"]`);
    word?.after(explainButton(key, title));
  }
  by("question").after(
    make("button", {
      type: "button",
      className: "explain-all",
      textContent: first?.title ?? "",
      "data-action": "explain",
      "data-value": first?.key ?? "",
      "aria-haspopup": "dialog",
    }),
  );
}
