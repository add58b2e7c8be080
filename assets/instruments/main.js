// The instruments page: the toy lab's state and controls, and one instrument at a time that computes from them.
import { Actions, headerActions } from "../core/actions.js";
import { wrongWith } from "../core/check.js";
import { by } from "../core/dom.js";
import { problemsOf } from "../core/http.js";
import { keys } from "../core/keys.js";
import { isUndoable, showLink } from "../core/link.js";
import { showNotices } from "../core/notices.js";
import { makeOpener, openOnReturn } from "../core/opening.js";
import { Schema } from "../core/schema.js";
import { FIRST_COLOURS, showScheme } from "../core/scheme.js";
import { State } from "../core/state.js";
import { Widgets } from "../core/widgets.js";
import { Legend } from "../draw/legend.js";
import { makeInstrument } from "./base.js";
import { labelledChoice } from "./labelled_choice.js";

/** @typedef {import("../core/controls.js").ChoiceControl} ChoiceControl */
/** @typedef {import("./base.js").Instrument<any>} AnyInstrument */

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
    this.opener = makeOpener("/instruments/open");
    this.undoable = false; // Back leads from the state that is taken over to the one before
    this.formOf = ""; // the surface whose controls stand in the form
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.speaking = undefined;
    this.state = new State();
    this.schema = new Schema(tables.controls);
    this.widgets = new Widgets(this.state, (changes) => wrongWith("/instruments/open", this.state.values, changes));
    this.widgets.build(by("surface-choice"), this.schema.group("surface"));
    for (const name of ["main", "walk", "preconditioner"]) this.widgets.build(by(`${name}-controls`), this.schema.group(name));
    const others = tables.methods.filter((name) => !tables.compared.includes(name));
    this.legend = new Legend(by("other-methods"), others, (name) => this.toggleMethod(name), tables.groups);
    /** @type {Record<string, AnyInstrument>} by their keys, in the order of their tabs */
    this.instruments = {};
    /** @type {ReturnType<typeof labelledChoice>[]} */
    this.tools = [];
    for (const { key, controls } of tables.instruments) {
      const instrument = (this.instruments[key] = makeInstrument(key, this, by(`${key}-body`)));
      for (const name of controls) {
        const control = /** @type {ChoiceControl} */ (this.schema.control(name));
        const tool = labelledChoice(control, this.state, () => instrument.offered(control));
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
    const run = (/** @type {KeyboardEvent} */ event) => this.tabKey(event.key === "ArrowLeft" ? -1 : 1);
    const tabs = { keys: ["ArrowLeft", "ArrowRight"], shown: "← →", what, group: "On the row of instruments", run };
    keys.add([tabs], by("instrument-tabs"));
    this.actions.add({ reset: (groups) => this.open({ state: this.schema.without(this.state.values, groups.split(" ")) }, true) });
    openOnReturn(this);
  }

  begin() {
    this.open({ query: location.search });
  }

  /**
   * Take over the state that a link, a preset or another surface stands for.
   * @param {{ query?: string, state?: Record<string, unknown> }} asked
   * @param {boolean} [undoable] the browser's Back leads to what was there before
   */
  open(asked, undoable = false) {
    return this.opener(asked, ({ state, base }) => {
      this.undoable = undoable;
      this.state.replace(state, "open", base);
    });
  }

  get shown() {
    return this.instruments[this.state.get("instrument")] ?? Object.values(this.instruments)[0];
  }

  /**
   * @param {Set<string>} changed
   * @param {string} source
   */
  changed(changed, source) {
    const { values } = this.state;
    const entry = source === "open" ? this.undoable : isUndoable(changed, source, this.schema);
    if (source === "open") this.undoable = false;
    showLink(this.state, { entry, own: ["panel", ...this.tables.own_controls] });
    for (const tool of this.tools) tool.show();
    if (changed.has("scheme")) this.applyScheme(values.scheme);
    if (changed.has("methods")) this.showLegend();
    if (changed.has("surface") && source === "choice") {
      const ground = (/** @type {string} */ name) => name.startsWith("surface.") || name.startsWith("start_") || name === "pits";
      const others = Object.entries(values).filter(([name]) => !ground(name));
      this.open({ state: { ...Object.fromEntries(others), surface: values.surface, preset: "custom" } }, true);
      return;
    }
    const more = source === "tool" ? this.shown.follow(changed) : null;
    if (more) {
      this.state.set(more, "tool");
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
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-action=preset]"))) {
      button.setAttribute("aria-pressed", String(button.dataset.value === values.preset));
    }
  }

  /** What the instruments compare: the paper's methods, and which of the others are switched on beside them. */
  get compared() {
    const { methods, compared } = this.tables;
    const on = this.state.get("methods") ?? [];
    return [...compared, ...methods.filter((name) => !compared.includes(name) && on.includes(name))];
  }

  /** @param {string} name one of the others */
  toggleMethod(name) {
    const on = this.state.get("methods");
    this.state.set({ methods: this.tables.methods.filter((one) => on.includes(one) !== (one === name)) }, "tool");
  }

  showLegend() {
    this.legend.update(this.compared.slice(this.tables.compared.length), this.looks, this.colours.paper);
  }

  showInstrument() {
    const now = this.state.get("instrument");
    by("other-methods").hidden = !this.tables.instruments.find(({ key }) => key === now)?.compares;
    for (const key of Object.keys(this.instruments)) {
      by(`panel-${key}`).hidden = key !== now;
      by(`tab-${key}`).setAttribute("aria-selected", String(key === now));
      by(`tab-${key}`).tabIndex = key === now ? 0 : -1;
      if (key !== now) this.instruments[key].stop();
    }
  }

  /**
   * Whether a value decides the numbers of the instrument in view.
   * @param {string} name
   */
  decides(name) {
    const told = this.tables.instruments.find(({ key }) => key === this.shown.name);
    return !this.schema.isViewOnly(name) || Boolean(told?.decided_by.includes(name));
  }

  /**
   * What an instrument's request carries: all that decides its numbers.
   * @returns {Record<string, unknown>}
   */
  request() {
    return Object.fromEntries(Object.entries(this.state.values).filter(([name]) => this.decides(name)));
  }

  /** @param {{ left_out?: string[] }} answer */
  answered({ left_out: leftOut }) {
    showNotices("request", leftOut ?? []);
  }

  /** @param {unknown} error */
  failed(error) {
    showNotices("request", problemsOf(error, "The server does not answer; asking again…"), "error");
  }

  /**
   * @param {string} text
   * @param {number} [delay] ms
   */
  speak(text, delay = 1000) {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      by("spoken").textContent = text;
    }, delay);
  }

  /** @param {string} scheme */
  applyScheme(scheme) {
    const { colours, looks } = showScheme(scheme, this.tables.looks);
    this.looks = looks;
    this.colours = colours;
    this.showLegend();
  }

  /** @param {number} step */
  tabKey(step) {
    const all = Object.keys(this.instruments);
    const next = all[(all.indexOf(this.state.get("instrument")) + step + all.length) % all.length];
    this.state.set({ instrument: next }, "user");
    by(`tab-${next}`).focus();
  }
}
