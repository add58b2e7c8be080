// One table of keys. An entry says which keys it takes, what they do and how the help sheet names them: the sheet is made
// of the same entries that the listener goes through, so that the two cannot disagree.
(() => {
  const lab = (window.potholeLab ??= {});

  // entry: { keys: [KeyboardEvent.key, …], shown: "←", what: "one step back", group: "Playback",
  //          run(event), when?() — asked before each use, and false leaves the entry off the sheet as well,
  //          shift?: true or false where it matters, strong?: true where it wins over sliders and choices }
  // With an element the entry holds while that element has the focus: add(entries, element).
  class Keys {
    constructor() {
      this.entries = [];
      document.addEventListener("keydown", (event) => this.#press(event));
    }

    add(entries, element = null) {
      this.entries.push(...entries.map((entry) => ({ ...entry, element })));
      element?.addEventListener("keydown", (event) => this.#take(event, (entry) => entry.element === element));
    }

    // What the help sheet lists: the entries that hold now, those of elements that are on screen.
    get shown() {
      return this.entries.filter(({ element, when }) => (!element || element.checkVisibility()) && (when?.() ?? true));
    }

    #press(event) {
      const busy = uses(event.target, event.key);
      const typing = event.target.matches?.("select, textarea, input:not([type=range], [type=radio], [type=checkbox])");
      this.#take(event, (entry) => !entry.element && !(entry.strong ? typing : busy));
    }

    #take(event, holds) {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
      if (document.querySelector("dialog[open]") && event.key !== "?") return;
      const entry = this.entries.find(
        (one) =>
          holds(one) && one.keys.includes(event.key) && (one.shift ?? event.shiftKey) === event.shiftKey && (one.when?.() ?? true),
      );
      if (!entry) return;
      event.preventDefault();
      event.stopPropagation();
      entry.run(event);
    }
  }

  // A key that the focused element uses itself stays with it.
  function uses(element, key) {
    if (!element || element === document.body || !element.matches) return false;
    if (element.isContentEditable || element.closest("[role=slider], [role=listbox]")) return true;
    if (element.matches("select, textarea, input:not([type=range], [type=radio], [type=checkbox], [type=file])")) return true;
    const moves = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];
    if (element.matches("input[type=range], input[type=radio]") || element.closest("[role=radiogroup], [role=tablist]")) return moves.includes(key) || key === " ";
    return key === " " && Boolean(element.closest("button, a, summary, label, input, [role=button]"));
  }

  lab.keys = new Keys();
})();
