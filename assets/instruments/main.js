// @ts-nocheck
// The instruments page: the toy lab's state and controls, and one instrument at a time that computes from them.
import { Actions, headerActions } from "../core/actions.js";
import { COST_UNITS } from "../core/cost_units.js";
import { wrongWith } from "../core/check.js";
import { by } from "../core/dom.js";
import { postJson, problemsOf, Refused } from "../core/http.js";
import { keys } from "../core/keys.js";
import { forgetLink, isUndoable, showLink } from "../core/link.js";
import { showNotices } from "../core/notices.js";
import { Schema } from "../core/schema.js";
import { FIRST_COLOURS, showScheme } from "../core/scheme.js";
import { State } from "../core/state.js";
import { Widgets } from "../core/widgets.js";
import { Basins } from "./basins.js";
import { Fairness } from "./fairness.js";
import { labelledChoice } from "./labelled_choice.js";
import { PhaseDiagram } from "./phase.js";
import { Race } from "./race.js";
import { TwoScales } from "./two_scale.js";

export class InstrumentsLab {
  /** @param {import("../core/contract.js").InstrumentTables} tables */
  constructor(tables) {
    this.tables = tables;
    this.looks = tables.looks;
    this.colours = FIRST_COLOURS;
    /** @type {import("../export/dialog.js").ExportDialog | null} */
    this.exportDialog = null;
    /** @type {import("../lecture/lecture.js").Lecture | null} */
    this.lecture = null;
    this.state = new State();
    this.schema = new Schema(tables.controls);
    this.widgets = new Widgets(this.state, (changes) => wrongWith("/instruments/open", this.state.values, changes));
    this.widgets.build(by("surface-choice"), this.schema.group("surface"));
    for (const name of ["main", "walk", "preconditioner"]) this.widgets.build(by(`${name}-controls`), this.schema.group(name));
    const kinds = { phase: PhaseDiagram, race: Race, fairness: Fairness, basins: Basins, "two-scale": TwoScales };
    this.instruments = {};
    this.tools = [];
    for (const { key, controls, decided_by: decidedBy } of tables.instruments) {
      this.instruments[key] = new kinds[key](this, by(`${key}-body`));
      this.instruments[key].decidedBy = decidedBy;
      for (const name of controls) {
        const control = this.schema.control(name);
        const axes = ["x_axis", "y_axis"].includes(name) ? () => this.axes(control) : undefined;
        const tool = labelledChoice(control, this.state, name === "shown" ? () => this.coloured(control) : axes);
        this.tools.push(tool);
        by(`${key}-tools`).append(tool.node);
      }
    }
    this.state.listen((changed, source) => this.changed(changed, source));
    this.actions = new Actions({
      ...headerActions(this.state),
      instrument: (instrument) => this.state.set({ instrument }, "user"),
      preset: (preset) => {
        this.open({ state: { ...this.schema.kept(this.state.values), preset } }, true);
      },
    });
    const what = "another instrument";
    const run = (event) => this.tabKey(event.key === "ArrowLeft" ? -1 : 1);
    const tabs = { keys: ["ArrowLeft", "ArrowRight"], shown: "← →", what, group: "On the row of instruments", run };
    keys.add([tabs], document.querySelector("[role=tablist]"));
    this.actions.add({ reset: (groups) => this.open({ state: this.schema.without(this.state.values, groups.split(" ")) }, true) });
    window.addEventListener("popstate", () => {
      forgetLink();
      this.open({ query: location.search });
    });
  }

  begin() {
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
    return control.options.map(([value, text]) => [value, value === "steps" ? COST_UNITS[this.state.get("cost")].to : text]);
  }

  // undoable: the browser's Back leads to what was there before
  async open(wish, undoable = false) {
    const ticket = (this.opening = Symbol("open"));
    try {
      const { state, notices, base } = await postJson("/instruments/open", wish);
      if (ticket !== this.opening) return; // something else was wanted meanwhile
      showNotices("link", notices);
      this.undoable = undoable;
      this.state.replace(state, "open", base);
    } catch (error) {
      showNotices("request", problemsOf(error), "error");
    }
  }

  get shown() {
    return this.instruments[this.state.get("instrument")] ?? this.instruments.phase;
  }

  changed(changed, source) {
    const { values } = this.state;
    const entry = source === "open" ? this.undoable : isUndoable(changed, source, this.schema);
    if (source === "open") this.undoable = false;
    showLink(this.state, { entry, own: ["panel", ...this.tables.own_controls] });
    for (const tool of this.tools) tool.show();
    if (changed.has("scheme")) this.applyScheme(values.scheme);
    if (changed.has("surface") && source === "choice") {
      const ground = (name) => name.startsWith("surface.") || name.startsWith("start_") || name === "pits";
      const others = Object.entries(values).filter(([name]) => !ground(name));
      this.open({ state: { ...Object.fromEntries(others), surface: values.surface, preset: "custom" } }, true);
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
    if (changed.has("instrument") || [...changed].some((name) => this.decides(name))) this.shown.ask();
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
    showNotices("request", leftOut ?? []);
  }

  failed(error) {
    const refused = error instanceof Refused;
    showNotices("request", refused ? error.problems : ["The server does not answer; asking again…"], "error");
  }

  speak(text, delay = 1000) {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      by("spoken").textContent = text;
    }, delay);
  }

  applyScheme(scheme) {
    const { colours, looks } = showScheme(scheme, this.tables.looks);
    this.looks = looks;
    this.colours = colours;
  }

  tabKey(step) {
    const all = Object.keys(this.instruments);
    const next = all[(all.indexOf(this.state.get("instrument")) + step + all.length) % all.length];
    this.state.set({ instrument: next }, "user");
    by(`tab-${next}`).focus();
  }
}
