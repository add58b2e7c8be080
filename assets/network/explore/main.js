// The explore part of the network page: six panels about the run that is shown. What is asked for is in the link, so
// that a reload asks again; page.explore.current holds the last answers ("pothole:explored" tells of each).
import { by, make } from "../../core/dom.js";
import { BetweenPanel } from "./between_panel.js";
import { CutsPanel } from "./cuts_panel.js";
import { CurvaturePanel } from "./curvature_panel.js";
import { PotholesPanel } from "./potholes_panel.js";
import { RescalingPanel } from "./rescaling_panel.js";
import { SlicePanel } from "./slice_panel.js";

/** @typedef {import("../main.js").NetworkLab} ExplorePage */
/** @typedef {"slice" | "cuts" | "curvature" | "potholes" | "between" | "rescaling"} Kind */

/** @type {Kind[]} */
const KINDS = ["slice", "cuts", "curvature", "potholes", "between", "rescaling"];
const GROUPS = [
  ...["plane", "random", "three", "sam", "frame", "data", "adaptive", "look"],
  ...["cuts", "curvature", "potholes", "between", "curve", "rescaling"],
];
const METHODS = ["slice_point", "slice_second", "slice_third", "between_first", "between_second", "rescaling_point"];
/** The plane through where all began and two solutions, coloured by what they are worth. */
const FROM_THE_START = { slice_kind: "three-points", slice_axes: "2", slice_point: "start", slice_data: "test" };
const OVER = ["finished", "stopped", "failed"];
const PAUSE = 120; // ms in which changes of controls become one request

export class Explore {
  /** @param {ExplorePage} page */
  constructor(page) {
    this.page = page;
    /** @type {Record<string, any>} */
    this.current = {}; // kind → the last whole answer
    /** @type {Partial<Record<Kind, string>>} the run that each kind was asked about last */
    this.asked = {};
    this.job = ""; // of the run that is shown
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.soon = undefined;
    page.explore = this;
    for (const name of GROUPS) {
      const controls = page.tables.controls.filter(({ group }) => group === `explore-${name}`);
      page.widgets.build(by(`explore-${name}-controls`), controls);
      for (const control of controls) label(control);
    }
    this.panels = {
      slice: new SlicePanel(page),
      cuts: new CutsPanel(page),
      curvature: new CurvaturePanel(page),
      potholes: new PotholesPanel(page),
      between: new BetweenPanel(page),
      rescaling: new RescalingPanel(page),
    };
    page.actions.add({
      ...Object.fromEntries(KINDS.map((kind) => [`explore-${kind}`, () => this.#wanted(kind)])),
      "slice-start": () => {
        const { methods } = this.page.run?.description ?? { methods: [] };
        this.page.state.set({ ...FROM_THE_START, slice_second: methods[0], slice_third: methods[methods.length - 1] }, "run");
        this.#wanted("slice");
      },
      "explore-cancel": (/** @type {Kind} */ kind) => {
        this.panels[kind].request.cancel();
        this.page.state.set({ [`${kind}_asked`]: "no" }, "run");
      },
    });
    page.state.listen((changed, source) => this.#changed(changed, source));
    document.addEventListener("pothole:run", () => this.#run());
    document.addEventListener("pothole:scheme", () => KINDS.forEach((kind) => this.panels[kind].setLooks()));
    this.#show();
  }

  /** Whether there are weights to look at. */
  get ready() {
    const { run } = this.page;
    return Boolean(run && (run.final || run.snapshots.length));
  }

  /** @param {Kind} kind */
  #wanted(kind) {
    this.page.state.set({ [`${kind}_asked`]: "yes" }, "run");
    this.ask(kind);
  }

  /** @param {Kind} kind */
  ask(kind) {
    const { run } = this.page;
    if (!run || !this.ready) return;
    by(`${kind}-ask`).classList.remove("wanted");
    const own = Object.entries(this.page.state.values).filter(([name]) => name.startsWith(`${kind}_`));
    this.panels[kind].ask(run.job, Object.fromEntries(own));
    this.asked[kind] = run.job;
  }

  /**
   * @param {Kind} kind
   * @param {unknown} found
   */
  answered(kind, found) {
    this.current[kind] = found;
    document.dispatchEvent(new CustomEvent("pothole:explored", { detail: kind }));
  }

  /**
   * @param {Set<string>} changed
   * @param {string} source
   */
  #changed(changed, source) {
    if ([...changed].some((name) => KINDS.some((kind) => name.startsWith(`${kind}_`)))) this.#show();
    if (source === "open" || source === "run") return;
    const names = [...changed].filter((name) => name.startsWith("slice_") && name !== "slice_asked");
    if (names.length && this.page.state.get("slice_asked") === "yes") {
      // The scale is a matter of drawing, unless the error that was asked for is that of a logarithm.
      const drawing = names.every((name) => name === "slice_scale") && this.page.state.get("slice_way") !== "adaptive";
      if (drawing) this.panels.slice.restyle();
      else {
        clearTimeout(this.soon);
        this.soon = setTimeout(() => this.ask("slice"), PAUSE);
      }
    }
    for (const kind of KINDS.filter((one) => one !== "slice")) {
      if ([...changed].some((name) => name.startsWith(`${kind}_`)) && this.current[kind]) by(`${kind}-ask`).classList.add("wanted");
    }
  }

  // The run is another, or has come further.
  #run() {
    const { run } = this.page;
    const job = run?.job ?? "";
    if (job !== this.job) {
      this.job = job;
      this.current = {};
      for (const kind of KINDS) {
        const { request } = this.panels[kind];
        if (request.busy) request.cancel("");
        request.say("");
        this.panels[kind].forget();
        by(`${kind}-answer`).hidden = true;
      }
    }
    this.#show();
    if (!run) return;
    this.#askNext();
  }

  /** A panel's job has ended. */
  over() {
    setTimeout(() => this.#askNext()); // when its request is no longer busy
  }

  // What a link asks for waits for the end of its run, when the numbers stay what they are. It comes one after another:
  // an engine has only so many unfinished jobs of a visitor.
  #askNext() {
    const { run, state } = this.page;
    if (!run || !this.ready || !OVER.includes(run.state)) return;
    if (KINDS.some((kind) => this.panels[kind].request.busy)) return;
    const next = KINDS.find((kind) => state.get(`${kind}_asked`) === "yes" && this.asked[kind] !== run.job);
    if (next) this.ask(next);
  }

  // Controls that mean something where they do, and only methods of the run.
  #show() {
    const { state, run } = this.page;
    const kind = state.get("slice_kind");
    const shown = {
      random: kind === "random",
      three: kind === "three-points",
      sam: kind === "gradient-sam",
      adaptive: state.get("slice_way") === "adaptive",
      curve: state.get("between_way") === "curve",
    };
    for (const [name, is] of Object.entries(shown)) by(`explore-${name}-controls`).hidden = !is;
    for (const name of KINDS) by(`${name}-panel`).hidden = !this.ready;
    if (run && run.description.methods.length < 2) by("between-panel").hidden = true;
    by("slice-start").hidden = !run || run.description.methods.length < 2 || Boolean(run.description.recorded);
    const third = document.querySelector('[data-control="slice_third"]');
    if (third instanceof HTMLElement) third.hidden = state.get("slice_axes") === "1";
    if (!run) return;
    const known = ["mean", "auto", ...(run.description.recorded ? [] : ["start"])];
    for (const name of METHODS) {
      const options = /** @type {NodeListOf<HTMLOptionElement>} */ (document.querySelectorAll(`[data-control="${name}"] option`));
      for (const option of options) {
        option.hidden = option.disabled = ![...known, ...run.description.methods].includes(option.value);
      }
    }
  }
}

/**
 * A choice from a list shows its options only: here its name stands over it, as those of the others do.
 * @param {import("../../core/contract.js").Control} control
 */
function label({ name, label: words, help }) {
  const select = document.querySelector(`[data-control="${name}"] > select`);
  if (!select) return;
  const span = make("span", { className: "control-label", textContent: words });
  span.dataset.help = help;
  select.before(make("div", { className: "control-head" }, span));
}

/** @param {ExplorePage} page */
export function addExplore(page) {
  new Explore(page);
}
