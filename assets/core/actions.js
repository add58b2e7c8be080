// What buttons do, and what a page is made of. A button says its action in data-action, with a value in data-value where
// there is one; a page has one table of actions. A part of a page (exports, scenes, …) is a function of the page that may
// add actions and listen to its state: pages do not know their parts by name.
(() => {
  const lab = (window.potholeLab ??= {});
  const parts = {}; // page → functions of the page

  lab.addPart = (page, make) => (parts[page] ??= []).push(make);

  // Parts of the page, and those of every page (added for "*").
  lab.startParts = (page, instance) => {
    for (const make of [...(parts["*"] ?? []), ...(parts[page] ?? [])]) make(instance);
  };

  lab.Actions = class {
    // table: action → function(value, button)
    constructor(table) {
      this.table = { ...table };
      document.addEventListener("click", (event) => {
        const button = event.target.closest?.("[data-action]");
        if (button) this.do(button.dataset.action, button.dataset.value, button);
      });
    }

    add(table) {
      Object.assign(this.table, table);
    }

    do(action, value, button) {
      this.table[action]?.(value, button);
    }
  };

  // The actions of the bar under the pictures.
  lab.playerActions = (player, setLoop) => {
    const still = (step) => {
      player.pause();
      player.seek(step);
    };
    return {
      play: () => player.toggle(),
      home: () => still(0),
      end: () => still(player.steps),
      back: () => still(player.step - 1),
      forward: () => still(player.step + 1),
      loop: () => setLoop(!player.loop),
    };
  };

  // The tools at the right of every header.
  lab.headerActions = (state) => ({
    "toggle-scheme": () => state.set({ scheme: state.values.scheme === "dark" ? "light" : "dark" }, "user"),
    "toggle-controls": (_, button) => {
      const open = document.body.classList.toggle("controls-open");
      button?.setAttribute("aria-expanded", String(open));
    },
    "copy-link": (_, button) => lab.copyLink(state.values, button),
  });
})();
