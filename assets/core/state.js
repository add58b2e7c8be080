// The whole state of a page in one place. Whoever changes it says so here; listeners hear what changed and by whom.
(() => {
  const lab = (window.potholeLab ??= {});

  // What looks closer at the runs of the toy lab.
  const LENS = ["cost", "cloud", "cloud_spread", "anatomy", "anatomy_method", "anatomy_stage"];

  // What changes no number of a picture, and no picture but by itself.
  lab.VIEW_ONLY = new Set([
    ...["step", "speed", "loop", "camera_x", "camera_y", "camera_z"],
    ...["theme", "panel", "predict", "scenes", "scene"],
    ...LENS,
  ]);

  // What stays as it is when another preset or surface is chosen.
  lab.kept = ({ scheme, speed, loop, methods, theme, panel, scenes, scene, ...others }) => ({
    scheme, speed, loop, methods, theme, panel, scenes, scene, ...Object.fromEntries(LENS.map((name) => [name, others[name]])),
  });

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
