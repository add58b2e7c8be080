// The toy lab: the state, the gate to the server, and who hears of what.
import { Actions, headerActions } from "../core/actions.js";
import { wrongWith } from "../core/check.js";
import { by } from "../core/dom.js";
import { LatestWinsGate } from "../core/gate.js";
import { postJson, Refused } from "../core/http.js";
import { isUndoable, showLink } from "../core/link.js";
import { lessMotion } from "../core/motion.js";
import { showNotices } from "../core/notices.js";
import { makeOpener, openOnReturn } from "../core/opening.js";
import { slowSpans } from "../core/pace.js";
import { END, Player } from "../core/player.js";
import { PlayerBar } from "../core/player_bar.js";
import { Schema } from "../core/schema.js";
import { FIRST_COLOURS, showScheme } from "../core/scheme.js";
import { lastWhere } from "../core/search.js";
import { State } from "../core/state.js";
import { Widgets } from "../core/widgets.js";
import { Legend } from "../draw/legend.js";
import { coarsePointer, turningHint } from "../draw/turning.js";
import { Claims } from "./claims.js";
import { showOutcomes } from "./outcomes.js";
import { Pictures } from "./pictures.js";
import { startAt } from "./start.js";

/** @typedef {import("../core/contract.js").ToyTables} ToyTables */
/** @typedef {import("../core/contract.js").Paths} Paths */
/** @typedef {import("../core/contract.js").SurfaceAnswer} SurfaceAnswer */

const FIRST_TIMEOUT = 180000; // ms: the server may have to compile the simulation first
const TIMEOUT = 10000;
const OWN = { question: "Who gets where from here?", caption: "Settings of your own." };
const LONG_WAIT = 2500; // ms until the page says what it waits for

export class ToyLab {
  /** @param {ToyTables} tables */
  constructor(tables) {
    this.tables = tables;
    /** @type {((step: number) => void)[]} parts that follow the player */
    this.followers = [];
    /** @type {SurfaceAnswer | null} */
    this.surface = null;
    /** @type {string | null} */
    this.surfaceKey = null;
    /** @type {Record<string, any> | null} what the paths on the screen were asked with */
    this.lastRequest = null;
    this.opens = 0; // states that were taken over
    this.undoable = false; // Back leads from the state that is taken over to the one before
    this.wantsPlay = false; // the next run plays by itself
    /** @type {Set<string>} presets that have played by themselves */
    this.played = new Set();
    this.asksAgain = false; // the last request got no answer, and is sent once more in a moment
    this.opener = makeOpener("/toy/open");
    this.formOf = ""; // the surface whose controls stand in the form
    /** @type {number | null} the step that a link wants shown */
    this.wantedStep = null;
    this.veiled = false; // the paths are hidden until people have said what will happen
    this.paper = FIRST_COLOURS.paper;
    /** @type {string | null} that is shown */
    this.scheme = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.speaking = undefined;
    /** @type {import("./anatomy.js").Anatomy | null} */
    this.anatomy = null;
    /** @type {import("./cloud.js").Cloud | null} */
    this.cloud = null;
    /** @type {import("./cut.js").Cut | null} */
    this.cut = null;
    /** @type {import("./compare.js").Compare | null} */
    this.compare = null;
    /** @type {import("./cost.js").CostPart | null} */
    this.costs = null;
    /** @type {import("../core/data_table.js").DataTable | null} */
    this.dataTable = null;
    /** @type {import("../draw/film_strip.js").FilmStrip | null} */
    this.filmStrip = null;
    /** @type {import("../lecture/predict.js").Predict | null} */
    this.predict = null;
    /** @type {import("../lecture/lecture.js").Lecture | null} */
    this.lecture = null;
    /** @type {import("../export/dialog.js").ExportDialog | null} */
    this.exportDialog = null;
    /** @type {((place: number[]) => void) | null} takes the next place on the map, in place of the start */
    this.placing = null;
    this.state = new State();
    this.schema = new Schema(tables.controls);
    this.widgets = new Widgets(this.state, (changes) => wrongWith("/toy/open", this.state.values, changes));
    this.widgets.build(by("surface-choice"), this.schema.group("surface"));
    for (const name of ["main", "walk", "preconditioner", "inspector", "own"])
      this.widgets.build(by(`${name}-controls`), this.schema.group(name));
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
    this.pictures = new Pictures(tables.grounds, eyeOf(this.schema.defaults), {
      onStart: (place) => this.moveStart(place),
      onSeek: (step) => this.player.hold(step),
      onCamera: ({ x, y, z }) => {
        const round = (/** @type {number} */ value) => Math.round(value * 1000) / 1000;
        this.state.set({ camera_x: round(x), camera_y: round(y), camera_z: round(z) }, "user");
      },
      onOpen: (open) => this.state.set({ wedge: open ? "on" : "off" }, "user"),
    });
    this.claims = new Claims(by("claims-section"), by("claims"));
    /** @type {LatestWinsGate<Record<string, any>, any>} */
    this.gate = new LatestWinsGate((state, signal) => postJson("/toy/compute", state, signal), {
      timeout: FIRST_TIMEOUT,
      onAnswer: (answer, asked) => this.answered(answer, asked),
      onFailure: (error, _, newer) => this.failed(error, newer),
    });
    this.legend = new Legend(by("legend"), tables.methods, (name) => this.toggleMethod(name), tables.groups, tables.short_words);
    this.looks = tables.looks;
    this.state.listen((changed, source) => this.changed(changed, source));
    this.actions = new Actions({
      ...this.bar.actions,
      ...headerActions(this.state),
      preset: (preset) => {
        this.player.pause();
        this.open({ state: { ...this.schema.kept(this.state.values), preset }, undoable: true, plays: true });
      },
    });
    this.actions.add({
      reset: (groups) => this.open({ state: this.schema.without(this.state.values, groups.split(" ")), undoable: true }),
    });
    window.addEventListener("popstate", () => this.player.pause());
    openOnReturn(this);
    const slow = ["Waiting for the first paths. A new installation compiles the simulation first, for up to half a minute."];
    this.waiting = setTimeout(() => showNotices("first", slow), LONG_WAIT);
  }

  begin() {
    const [visit] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
    const back = visit?.type === "back_forward"; // who comes back to the page has seen it play
    this.open({ query: location.search, plays: !back && !new URLSearchParams(location.search).has("step") });
  }

  /**
   * Take over the state that a link, a preset or another surface stands for. undoable: the browser's Back leads to what
   * was there before; plays: a preset's run plays by itself, the first time.
   * @param {{ query?: string, state?: Record<string, unknown>, undoable?: boolean, plays?: boolean }} wish
   */
  open({ undoable = false, plays = false, ...wish }) {
    return this.opener(wish, ({ state, base }) => {
      this.player.pause(); // an answer to what was wanted before may have begun to play…
      this.gate.cancel(); // …and one that is still out would be shown at this one's step
      this.undoable = undoable;
      this.wantsPlay =
        plays && state.preset in this.tables.presets && !this.played.has(state.preset) && state.predict === "off" && !lessMotion();
      if (this.wantsPlay) this.played.add(state.preset);
      this.state.replace(state, "open", base);
      this.opens += 1;
    });
  }

  /**
   * @param {Set<string>} changed
   * @param {string} source
   */
  changed(changed, source) {
    const { values } = this.state;
    const entry = source === "open" ? this.undoable : isUndoable(changed, source, this.schema) || changed.has("frozen");
    if (source === "open") this.undoable = false;
    showLink(this.state, { entry, own: ["panel"] });
    // What was clamped is said until something else is wanted.
    if (source !== "server" && source !== "player") showNotices("clamped", []);
    if (changed.has("scheme") && values.scheme !== this.scheme) this.applyScheme(values.scheme);
    if (changed.has("speed")) this.bar.showSpeed(values.speed);
    if (changed.has("wedge")) this.pictures.relief.setOpen(values.wedge === "on");
    if (changed.has("loop")) this.bar.showLoop(values.loop === "on");
    if (changed.has("surface") && source === "choice") {
      this.open({ state: { ...this.schema.kept(values), surface: values.surface, preset: "custom" }, undoable: true });
      return;
    }
    if (source === "open") this.opened();
    if (changed.has("methods")) {
      this.legend.update(values.methods, this.looks, this.paper);
      this.pictures.setVisible(values.methods);
    }
    if (changed.has("methods") || changed.has("pace")) this.setPace();
    if (changed.has("step_axis")) {
      this.pictures.charts.logarithmic = values.step_axis === "log";
      this.pictures.drawCharts();
    }
    if ([...changed].some((name) => !this.schema.isViewOnly(name))) this.gate.ask(this.request());
  }

  opened() {
    const { values } = this.state;
    if (this.formOf !== values.surface) {
      this.formOf = values.surface;
      const { description, controls } = this.tables.surfaces[values.surface];
      by("surface-choice").dataset.description = description;
      this.widgets.build(by("surface-controls"), controls);
    }
    this.wantedStep = values.step;
    this.pictures.relief.setEye(eyeOf(values));
    const { question, caption } = this.tables.presets[values.preset] ?? OWN;
    by("question").textContent = question;
    by("caption").textContent = caption;
  }

  /**
   * What is asked of the server for a state.
   * @returns {Record<string, any>}
   */
  request(values = this.state.values) {
    const state = Object.entries(values).filter(([name]) => !this.schema.isViewOnly(name));
    return { ...Object.fromEntries(state), have: this.surfaceKey };
  }

  /**
   * @param {{ surface: SurfaceAnswer | null, paths: Paths, notices: { name: string, value: unknown, sentence: string }[], left_out?: string[] }} answer
   * @param {Record<string, any>} asked
   */
  answered({ surface, paths, notices, left_out: leftOut }, asked) {
    this.lastRequest = asked;
    this.gate.timeout = TIMEOUT;
    clearTimeout(this.waiting);
    showNotices("first", []);
    showNotices("request", leftOut ?? []);
    if (notices.length) {
      showNotices(
        "clamped",
        notices.map((notice) => notice.sentence),
      );
      this.state.set(Object.fromEntries(notices.map(({ name, value }) => [name, value])), "server");
    }
    this.player.setSteps(paths.steps);
    if (surface) this.showSurface(surface, paths.start);
    if (this.wantedStep !== null) {
      this.player.step = Math.min(this.wantedStep, paths.steps);
      this.wantedStep = null;
    }
    if (this.wantsPlay) this.player.step = 0;
    this.pictures.setPaths(paths, this.looks, this.player.step);
    this.setPace();
    this.bar.showStep(this.player.step);
    this.showOutcomes();
    this.speak(paths.summary);
    this.claims.ask(this.request());
    document.dispatchEvent(new CustomEvent("pothole:painted", { detail: paths }));
    if (this.wantsPlay) this.playWhenDrawn();
  }

  showOutcomes() {
    const rowsOf = (/** @type {Paths | undefined} */ paths) => paths?.methods.map(({ row }) => row) ?? [];
    const { paths, frozen } = this.pictures;
    const more = { cost: this.costs?.column, frozen: rowsOf(frozen?.paths) };
    showOutcomes(by("outcomes"), rowsOf(paths ?? undefined), this.looks, this.paper, more);
  }

  /** Play as soon as there is a map to play on. */
  playWhenDrawn() {
    if (!this.wantsPlay) return;
    if (!this.pictures.map.paths.ready) {
      requestAnimationFrame(() => this.playWhenDrawn());
      return;
    }
    this.wantsPlay = false;
    this.player.play();
  }

  /** Where playback is slow: before the first of the methods shown arrives. */
  setPace() {
    const { methods, pace } = this.state.values;
    const { paths, entries } = this.pictures;
    const shown = paths?.methods.filter(({ name }) => methods.includes(name)) ?? [];
    const arrivals = shown.map(({ name, row: { arrival } }) => {
      // At equal cost the player's step is another than the method's own.
      const own = entries.find((entry) => entry.name === name)?.stepAt;
      return arrival === null || !own ? arrival : lastWhere(0, paths?.steps ?? 0, (step) => own(step) < arrival) + 1;
    });
    this.player.slow = pace === "even" ? [] : slowSpans(arrivals);
  }

  /**
   * @param {unknown} error
   * @param {boolean} newer
   */
  failed(error, newer) {
    const problems = error instanceof Refused ? error.problems : ["The server does not answer; asking again…"];
    showNotices("request", problems, "error");
    const again = !(error instanceof Refused) || error.status === 429;
    if (!again || newer) return;
    this.asksAgain = true;
    setTimeout(() => {
      this.asksAgain = false;
      if (this.gate.idle) this.gate.ask(this.request());
    }, 1000);
  }

  /**
   * @param {SurfaceAnswer} surface
   * @param {number[]} start of the run on it
   */
  showSurface(surface, start) {
    this.surfaceKey = surface.key;
    this.surface = surface;
    by("map-title").textContent = surface.dimension === 1 ? "Loss" : "Map";
    by("relief-title").textContent = surface.dimension === 1 ? "Position against step" : "Surface";
    by("distance-hint").textContent = `to ${surface.reference}`;
    by("map-hint").textContent = coarsePointer() ? "Tap to set the start" : "Click to set the start";
    by("relief-hint").textContent = surface.dimension === 1 ? "" : turningHint();
    this.pictures.setSurface(surface, start);
  }

  /** @param {string} summary */
  speak(summary) {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      by("spoken").textContent = this.veiled ? "" : summary; // a prediction must not be given away
    }, 1200);
  }

  /** @param {number} step */
  showStep(step) {
    this.pictures.setStep(step);
    this.bar.showStep(step);
    for (const follow of this.followers) follow(step);
    if (!this.player.playing) this.keepStep();
  }

  keepStep() {
    const { step, steps } = this.player;
    this.state.set({ step: step >= steps ? END : step }, "player");
  }

  /** @param {number[]} place */
  moveStart(place) {
    if (!this.surface) return;
    if (this.placing) {
      this.placing(place);
      return;
    }
    this.state.set(startAt(this.surface, place), "user");
  }

  /** @param {string} name */
  toggleMethod(name) {
    const { methods } = this.state.values;
    const shown = this.tables.methods.filter((one) => methods.includes(one) !== (one === name));
    this.state.set({ methods: shown }, "user");
  }

  /** @param {string} scheme */
  applyScheme(scheme) {
    this.scheme = scheme;
    const { colours, looks } = showScheme(scheme, this.tables.looks);
    this.looks = looks;
    this.paper = colours.paper;
    this.pictures.setLooks(colours, looks, scheme);
    this.legend.update(this.state.values.methods, looks, this.paper);
    if (this.pictures.paths) this.showOutcomes();
  }
}

/** @param {Record<string, any>} values of the camera's controls */
function eyeOf({ camera_x: x, camera_y: y, camera_z: z }) {
  return { x, y, z };
}
