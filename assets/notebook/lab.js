// The toy lab in a notebook: map, player, legend, main sliders and outcomes over what the kernel computes.
import { Actions } from "../core/actions.js";
import { by } from "../core/dom.js";
import { LatestWinsGate } from "../core/gate.js";
import { Refused } from "../core/http.js";
import { showNotices } from "../core/notices.js";
import { END, Player } from "../core/player.js";
import { PlayerBar } from "../core/player_bar.js";
import { Schema } from "../core/schema.js";
import { FIRST_COLOURS, showScheme } from "../core/scheme.js";
import { same, State } from "../core/state.js";
import { Widgets } from "../core/widgets.js";
import { Legend } from "../draw/legend.js";
import { MapView } from "../draw/map.js";
import { entriesOf } from "../toy/entries.js";
import { showOutcomes } from "../toy/outcomes.js";
import { startAt } from "../toy/start.js";
import { NotebookCut } from "./cut.js";
import { Kernel } from "./kernel.js";

/** @typedef {import("../core/contract.js").NotebookTables} NotebookTables */
/** @typedef {import("../core/contract.js").ToyAnswer} ToyAnswer */
/** @typedef {import("../core/state.js").Values} Values */

const TIMEOUT = 600000; // ms: the kernel may have another cell to run first, or the simulation to compile
const LONG_WAIT = 2500; // ms until it is said what is waited for

export class NotebookLab {
  /**
   * @param {NotebookTables} tables
   * @param {MessagePort} port
   */
  constructor(tables, port) {
    this.tables = tables;
    this.looks = tables.looks;
    this.paper = FIRST_COLOURS.paper;
    /** @type {ToyAnswer["surface"]} */
    this.surface = null;
    /** @type {import("../core/contract.js").Paths | null} */
    this.paths = null;
    /** @type {Values} the state that the paths belong to */
    this.asked = {};
    /** @type {number | null} the step that a state wants shown */
    this.wantedStep = null;
    /** @type {Values} what the kernel keeps */
    this.kept = {};
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    this.kernel = new Kernel(port, (state) => this.open(state));
    this.state = new State();
    this.schema = new Schema(tables.controls);
    this.widgets = new Widgets(this.state);
    this.widgets.build(by("controls"), this.schema.group("main"));
    this.player = new Player({
      onStep: (step) => this.showStep(step),
      onPlaying: (playing) => {
        this.bar.showPlaying(playing);
        if (!playing) this.keepStep();
      },
    });
    this.bar = new PlayerBar(this.player, {
      onSpeed: (speed) => this.state.set({ speed }, "user"),
      onLoop: (on) => this.state.set({ loop: on ? "on" : "off" }, "user"),
    });
    this.map = new MapView(by("map-stack"), { onStart: (place) => this.moveStart(place) });
    this.legend = new Legend(by("legend"), tables.methods, (name) => this.toggle(name), tables.groups, tables.short_words);
    /** @type {LatestWinsGate<Values, ToyAnswer>} */
    this.gate = new LatestWinsGate((asked, signal) => this.kernel.ask("compute", asked, signal), {
      timeout: TIMEOUT,
      onAnswer: (answer, asked, newer) => this.answered(answer, asked, newer),
      onFailure: (error) => this.failed(error),
    });
    this.actions = new Actions({
      ...this.bar.actions,
      "toggle-scheme": () => this.state.set({ scheme: this.state.values.scheme === "dark" ? "light" : "dark" }, "user"),
    });
    this.cut = new NotebookCut(this);
    this.state.listen((changed, source) => this.changed(changed, source));
    const redraw = () => {
      this.map.draw();
      this.cut.draw();
    };
    document.addEventListener("contextrestored", redraw, true); // given back empty, after a sleep
    new ResizeObserver(() => this.map.draw()).observe(by("map-stack"));
    new ResizeObserver(() => this.kernel.tellHeight(by("lab").offsetHeight)).observe(by("lab"));
  }

  /**
   * Take over a state of the kernel's, unless it is the echo of what was kept there.
   * @param {Values} state
   */
  open(state) {
    if (agree(state, this.kept)) return;
    this.kept = state;
    this.player.pause();
    this.wantedStep = state.step;
    this.state.replace(state, "open");
  }

  /** Tell the kernel what stands here now, where it is something else than the kernel has: two views must not disagree for ever. */
  keep() {
    if (agree(this.state.values, this.kept)) return;
    this.kept = { ...this.state.values };
    this.kernel.keep(this.kept);
  }

  /**
   * @param {Set<string>} changed
   * @param {string} source
   */
  changed(changed, source) {
    const { values } = this.state;
    if (changed.has("scheme")) this.applyScheme(values.scheme);
    if (changed.has("speed")) this.bar.showSpeed(values.speed);
    if (changed.has("loop")) this.bar.showLoop(values.loop === "on");
    if (changed.has("methods")) {
      this.legend.update(values.methods, this.looks, this.paper);
      this.map.paths.visible = new Set(values.methods);
      this.map.paths.rebuild();
      this.cut.draw();
    }
    if (changed.has("cut_line") && this.paths) this.cut.begin(this.asked);
    if ([...changed].some((name) => !this.schema.isViewOnly(name))) this.ask();
    else if (source !== "open" && source !== "server") this.keep();
  }

  ask() {
    clearTimeout(this.waiting);
    const slow = ["Waiting for the kernel. It may run another cell, or compile the simulation for the first time."];
    this.waiting = setTimeout(() => showNotices("waiting", slow), LONG_WAIT);
    const asked = Object.entries(this.state.values).filter(([name]) => !this.schema.isViewOnly(name));
    this.gate.ask({ ...Object.fromEntries(asked), have: this.surface?.key ?? null });
  }

  /**
   * @param {ToyAnswer} answer
   * @param {Values} asked
   * @param {boolean} newer
   */
  answered({ surface, paths, notices, left_out: leftOut }, { have: _, ...asked }, newer) {
    this.#settle(leftOut);
    const words = notices.map(({ sentence }) => sentence);
    showNotices("clamped", words);
    this.state.set(Object.fromEntries(notices.map(({ name, value }) => [name, value])), "server");
    this.paths = paths;
    this.player.setSteps(paths.steps);
    if (this.wantedStep !== null) this.player.step = Math.min(this.wantedStep, paths.steps);
    this.wantedStep = null;
    if (surface) {
      this.surface = surface;
      this.map.basin = surface.basin;
      this.map.setSurface(surface, this.#ground);
      by("title").textContent = surface.title;
      by("map-title").textContent = surface.dimension === 1 ? "Loss" : "Map";
    }
    this.map.start = paths.start;
    this.map.paths.step = this.player.step;
    this.map.paths.entries = entriesOf(paths, this.looks);
    this.map.draw();
    this.bar.showStep(this.player.step);
    this.asked = asked;
    this.cut.begin(asked);
    this.#showOutcomes();
    by("spoken").textContent = paths.summary;
    if (!newer) this.keep();
  }

  /** @param {unknown} error */
  failed(error) {
    this.#settle(error instanceof Refused ? error.problems : ["The kernel does not answer. Run the cell again."], "error");
  }

  /**
   * @param {string[]} sentences
   * @param {"note" | "error"} [tone]
   */
  #settle(sentences, tone) {
    clearTimeout(this.waiting);
    showNotices("waiting", []);
    showNotices("request", sentences, tone);
  }

  get #ground() {
    return /** @type {import("../core/contract.js").GroundLook} */ (
      this.tables.grounds[this.state.values.scheme] ?? this.tables.grounds.light
    );
  }

  #showOutcomes() {
    showOutcomes(by("outcomes"), this.paths?.methods.map(({ row }) => row) ?? [], this.looks, this.paper);
  }

  /** @param {number} step */
  showStep(step) {
    this.map.paths.setStep(step);
    this.bar.showStep(step);
    this.cut.ask();
    this.cut.draw();
    if (!this.player.playing) this.keepStep();
  }

  keepStep() {
    const { step, steps } = this.player;
    this.state.set({ step: step >= steps ? END : step }, "player");
  }

  /** @param {number[]} place */
  moveStart(place) {
    if (!this.surface) return;
    this.state.set(startAt(this.surface, place), "user");
  }

  /** @param {string} name */
  toggle(name) {
    const { methods } = this.state.values;
    this.state.set({ methods: this.tables.methods.filter((one) => methods.includes(one) !== (one === name)) }, "user");
  }

  /** @param {string} scheme */
  applyScheme(scheme) {
    const { colours, looks } = showScheme(scheme, this.tables.looks);
    this.looks = looks;
    this.paper = colours.paper;
    this.map.paths.colours = colours;
    for (const entry of this.map.paths.entries) entry.look = looks[entry.name] ?? entry.look;
    this.map.setLook(this.#ground);
    this.map.draw();
    this.cut.draw();
    this.legend.update(this.state.values.methods, looks, colours.paper);
    this.#showOutcomes();
  }
}

/**
 * Whether all that a state says is said by another, too.
 * @param {Values} state
 * @param {Values} other
 */
function agree(state, other) {
  return Object.keys(state).every((name) => same(state[name], other[name]));
}
