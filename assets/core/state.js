// The whole state of a page in one place. Whoever changes it says so here; listeners hear what changed and by whom.
(() => {
  const lab = (window.potholeLab ??= {});

  // The table of controls, as the server sends it. A control that is not in it (a surface's parameter, a coordinate of
  // the start) decides numbers and is not kept.
  lab.Schema = class {
    constructor(controls) {
      this.controls = new Map(controls.map((control) => [control.name, control]));
    }

    // Whether a value changes what the browser shows and nothing else.
    isViewOnly(name) {
      return this.controls.get(name)?.role === "view";
    }

    // What stays as it is when another preset or surface is chosen.
    kept(values) {
      return Object.fromEntries(Object.entries(values).filter(([name]) => this.controls.get(name)?.kept));
    }

    group(name) {
      return [...this.controls.values()].filter((control) => control.group === name);
    }
  };

  lab.State = class {
    constructor() {
      this.values = {};
      this.listeners = [];
    }

    get(name) {
      return this.values[name];
    }

    replace(values, source) {
      const changed = new Set([...Object.keys(this.values), ...Object.keys(values)]);
      this.values = { ...values };
      this.#tell(changed, source);
    }

    set(changes, source) {
      const changed = new Set();
      for (const [name, value] of Object.entries(changes)) {
        if (same(this.values[name], value)) continue;
        this.values[name] = value;
        changed.add(name);
      }
      if (changed.size) this.#tell(changed, source);
    }

    listen(listener) {
      this.listeners.push(listener);
    }

    #tell(changed, source) {
      for (const listener of this.listeners) listener(changed, source);
    }
  };

  function same(a, b) {
    return a === b || (Array.isArray(a) && Array.isArray(b) && a.join() === b.join());
  }
})();
