// The help sheet: the table of keys as it is used, by group.
import { openDialog } from "../core/dialog.js";
import { make } from "../core/dom.js";
import { keys } from "../core/keys.js";

const sheet = () => {
  /** @type {Map<string, Map<string, [string, string]>>} */
  const groups = new Map();
  for (const { group, shown, what } of keys.shown) {
    const rows = groups.get(group) ?? new Map();
    groups.set(group, rows);
    rows.set(`${shown} ${what}`, [shown, what]);
  }
  return [...groups].map(([group, rows]) =>
    make(
      "section",
      {},
      make("h3", { textContent: group }),
      make(
        "dl",
        { className: "key-list" },
        ...[...rows.values()].flatMap(([shown, what]) => [
          make("dt", {}, ...shown.split(" ").map((key) => make("kbd", { textContent: key }))),
          make("dd", { textContent: what }),
        ]),
      ),
    ),
  );
};

export const showHelp = () => openDialog("help-sheet", "Keys", make("div", { className: "key-groups" }, ...sheet()));

/** @param {{ actions: import("../core/actions.js").Actions }} page */
export function addHelp(page) {
  page.actions.add({ help: showHelp });
  keys.add([
    { keys: ["?"], shown: "?", what: "this sheet", group: "The page", run: showHelp },
    { keys: [], shown: "Esc", what: "close a window like this one", group: "The page", run: () => {} }, // the browser's own
  ]);
}
