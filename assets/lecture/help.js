// The help sheet: the table of keys as it is used, by group.
(() => {
  const lab = (window.potholeLab ??= {});

  const sheet = () => {
    const groups = new Map();
    for (const { group, shown, what } of lab.keys.shown) {
      const rows = groups.get(group) ?? groups.set(group, new Map()).get(group);
      rows.set(`${shown} ${what}`, [shown, what]);
    }
    return [...groups].map(([group, rows]) =>
      lab.make(
        "section",
        {},
        lab.make("h3", { textContent: group }),
        lab.make(
          "dl",
          { className: "key-list" },
          ...[...rows.values()].flatMap(([shown, what]) => [
            lab.make("dt", {}, ...shown.split(" ").map((key) => lab.make("kbd", { textContent: key }))),
            lab.make("dd", { textContent: what }),
          ]),
        ),
      ),
    );
  };

  lab.showHelp = () => lab.openDialog("help-sheet", "Keys", lab.make("div", { className: "key-groups" }, ...sheet()));

  lab.addPart("*", (page) => {
    page.actions.add({ help: lab.showHelp });
    lab.keys.add([
      { keys: ["?"], shown: "?", what: "this sheet", group: "The page", run: lab.showHelp },
      { keys: [], shown: "Esc", what: "close a window like this one", group: "The page", run: () => {} }, // the browser's own
    ]);
  });
})();
