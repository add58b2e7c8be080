// The instruments page: the toy lab's state and controls, and one instrument at a time that computes from them.
(() => {
  const lab = (window.potholeLab ??= {});
  const by = (id) => document.getElementById(id);

  class InstrumentsLab {
    constructor(tables) {
      this.tables = tables;
      this.looks = tables.looks;
      this.state = new lab.State();
      this.schema = new lab.Schema(tables.controls);
      this.widgets = new lab.Widgets(this.state);
      this.widgets.build(by("surface-choice"), this.schema.group("surface"));
      for (const name of ["walk", "preconditioner"]) this.widgets.build(by(`${name}-controls`), this.schema.group(name));
      const kinds = { phase: lab.PhaseDiagram, race: lab.Race, fairness: lab.Fairness, basins: lab.Basins, "two-scale": lab.TwoScales };
      this.instruments = {};
      this.tools = [];
      for (const { key, controls, decided_by: decidedBy } of tables.instruments) {
        this.instruments[key] = new kinds[key](this, by(`${key}-body`));
        this.instruments[key].decidedBy = decidedBy;
        for (const name of controls) {
          const control = this.schema.controls.get(name);
          const axes = ["x_axis", "y_axis"].includes(name) ? () => this.axes(control) : undefined;
          const tool = lab.labelledChoice(control, this.state, name === "shown" ? () => this.coloured(control) : axes);
          this.tools.push(tool);
          by(`${key}-tools`).append(tool.node);
        }
      }
      this.state.listen((changed, source) => this.changed(changed, source));
      this.actions = new lab.Actions({
        ...lab.headerActions(this.state),
        instrument: (instrument) => this.state.set({ instrument }, "user"),
        preset: (preset) => {
          this.open({ state: { ...this.schema.kept(this.state.values), preset } });
        },
      });
      const what = "another instrument";
      const run = (event) => this.tabKey(event.key === "ArrowLeft" ? -1 : 1);
      const tabs = { keys: ["ArrowLeft", "ArrowRight"], shown: "← →", what, group: "On the row of instruments", run };
      lab.keys.add([tabs], document.querySelector("[role=tablist]"));
      window.addEventListener("popstate", () => this.open({ query: location.search }));
      lab.startParts("instruments", this);
      this.open({ query: location.search });
    }

    // The axes of the surface in view: those of every surface, its own parameters and its start, by their names there.
    axes(control) {
      const own = this.tables.surfaces[this.state.get("surface")]?.controls ?? [];
      const titles = Object.fromEntries(own.map(({ name, title }) => [name, title]));
      const ground = (name) => name.startsWith("surface.") || name.startsWith("start_");
      return control.options.filter(([name]) => !ground(name) || titles[name]).map(([name, title]) => [name, titles[name] ?? title]);
    }

    // What a colour may stand for, in the unit that is counted in.
    coloured(control) {
      return control.options.map(([value, text]) => [value, value === "steps" ? lab.COST_UNITS[this.state.get("cost")].to : text]);
    }

    async open(wish) {
      const ticket = (this.opening = Symbol("open"));
      try {
        const { state, notices } = await lab.postJson("/instruments/open", wish);
        if (ticket !== this.opening) return; // something else was wanted meanwhile
        lab.notices("link", notices);
        this.state.replace(state, "open");
      } catch (error) {
        lab.notices("request", error.problems ?? ["The server does not answer. Reload the page when it runs again."], "error");
      }
    }

    get shown() {
      return this.instruments[this.state.get("instrument")] ?? this.instruments.phase;
    }

    changed(changed, source) {
      const { values } = this.state;
      lab.showLink(values);
      for (const tool of this.tools) tool.show();
      if (changed.has("scheme")) this.applyScheme(values.scheme);
      if (changed.has("surface") && source === "choice") {
        const kept = Object.entries(values).filter(([name]) => !name.startsWith("surface.") && !name.startsWith("start_"));
        this.open({ state: { ...Object.fromEntries(kept), surface: values.surface, preset: "custom" } });
        return;
      }
      if (source === "tool" && values.x_axis === values.y_axis) {
        // the two axes must differ: the other one steps aside
        const other = changed.has("x_axis") ? "y_axis" : "x_axis";
        const free = values.x_axis === "learning_rate" ? "radius" : "learning_rate";
        this.state.set({ [other]: free }, "tool");
        return;
      }
      if (source === "open") this.opened();
      if (changed.has("instrument")) this.showInstrument();
      this.shown.show();
      if ([...changed].some((name) => this.decides(name))) this.shown.ask();
    }

    opened() {
      const { values } = this.state;
      if (this.formOf !== values.surface) {
        this.formOf = values.surface;
        const { description, controls } = this.tables.surfaces[values.surface];
        by("surface-choice").dataset.description = description;
        this.widgets.build(by("surface-controls"), controls);
      }
      for (const button of document.querySelectorAll("[data-action=preset]")) {
        button.setAttribute("aria-pressed", String(button.dataset.value === values.preset));
      }
    }

    showInstrument() {
      const now = this.state.get("instrument");
      for (const key of Object.keys(this.instruments)) {
        by(`panel-${key}`).hidden = key !== now;
        by(`tab-${key}`).setAttribute("aria-selected", String(key === now));
        by(`tab-${key}`).tabIndex = key === now ? 0 : -1;
        if (key !== now) this.instruments[key].stop();
      }
    }

    // Whether a value decides the numbers of the instrument in view.
    decides(name) {
      return !this.schema.isViewOnly(name) || this.shown.decidedBy.includes(name);
    }

    // What an instrument's request carries: all that decides its numbers.
    request() {
      return Object.fromEntries(Object.entries(this.state.values).filter(([name]) => this.decides(name)));
    }

    answered({ left_out: leftOut }) {
      lab.notices("request", leftOut ?? []);
    }

    failed(error) {
      const refused = error instanceof lab.Refused;
      lab.notices("request", refused ? error.problems : ["The server does not answer; asking again…"], "error");
    }

    speak(text, delay = 1000) {
      clearTimeout(this.speaking);
      this.speaking = setTimeout(() => {
        by("spoken").textContent = text;
      }, delay);
    }

    applyScheme(scheme) {
      const { colours, looks } = lab.showScheme(scheme, this.tables.looks);
      this.looks = looks;
      this.colours = colours;
    }

    tabKey(step) {
      const keys = Object.keys(this.instruments);
      const next = keys[(keys.indexOf(this.state.get("instrument")) + step + keys.length) % keys.length];
      this.state.set({ instrument: next }, "user");
      by(`tab-${next}`).focus();
    }
  }

  lab.addPage("instruments", InstrumentsLab);
})();
