// Sliders and number fields: from widgets to the state, and from the state back to the widgets that did not say it.
(() => {
  const lab = (window.potholeLab ??= {});
  const DIGITS = 3; // a slider on a logarithmic scale gives round values; the number field keeps more

  lab.Widgets = class {
    constructor(state) {
      this.state = state;
      this.table = new Map();
      state.listen((changed, source) => this.#follow(changed, source));
    }

    learn(entries) {
      for (const entry of entries) this.table.set(entry.name, entry);
    }

    sliderMoved(name, position) {
      const control = this.table.get(name);
      const value = this.state.get(name);
      if (!control || typeof value !== "number") return;
      // A slider that was put somewhere tells of it: not a wish of the user's.
      if (Math.abs(position - toPosition(control, value)) < 0.5 * control.slider_step) return;
      this.state.set({ [name]: fromPosition(control, position) }, "slider");
    }

    numberTyped(name, value) {
      if (typeof value === "number" && Number.isFinite(value)) this.state.set({ [name]: value }, "number");
    }

    choiceMade(name, value) {
      if (typeof value === "string") this.state.set({ [name]: value }, "choice");
    }

    #follow(changed, source) {
      for (const name of changed) {
        const control = this.table.get(name);
        const value = this.state.get(name);
        if (!control || value === undefined) continue;
        const put = (type, shown) => dash_clientside.set_props({ type, name }, { value: shown });
        if (!document.getElementById(idOf(control.kind === "choice" ? "choice" : "number", name))) continue;
        if (control.kind === "choice") {
          if (source !== "choice") put("choice", value);
          continue;
        }
        if (source !== "slider") put("slider", toPosition(control, value));
        if (source !== "number") put("number", value);
      }
    }
  };

  // Dash writes an id that is an object with its keys in alphabetical order.
  function idOf(type, name) {
    return JSON.stringify({ name, type });
  }

  function toPosition(control, value) {
    if (control.scale === "linear") return value;
    if (!(value > 0)) return control.low;
    return Math.min(Math.max(Math.log10(value), control.low), control.high);
  }

  function fromPosition(control, position) {
    if (control.scale === "linear") return Number(position.toPrecision(9));
    const value = 10 ** position;
    if (control.scale === "log or zero" && value < control.smallest * 0.999) return 0;
    return Math.min(Math.max(Number(value.toPrecision(DIGITS)), control.minimum), control.maximum);
  }
})();
