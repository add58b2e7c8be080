// The network page: the state, the run that is started or followed, and the pictures of it while it trains.
import { Actions, headerActions } from "../core/actions.js";
import { by } from "../core/dom.js";
import { LatestWinsGate } from "../core/gate.js";
import { postJson, problemsOf } from "../core/http.js";
import { showLink, writeLink } from "../core/link.js";
import { showNotices } from "../core/notices.js";
import { makeOpener, openOnReturn } from "../core/opening.js";
import { Player } from "../core/player.js";
import { PlayerBar } from "../core/player_bar.js";
import { Schema } from "../core/schema.js";
import { FIRST_COLOURS, showScheme } from "../core/scheme.js";
import { State } from "../core/state.js";
import { Widgets } from "../core/widgets.js";
import { Legend } from "../draw/legend.js";
import { LiveView } from "./live_view.js";
import { methodRows, showMethods } from "./method_table.js";
import { isUnchanged } from "./presets.js";
import { LiveRun } from "./run.js";
import { RunBar, runInWords } from "./run_bar.js";

/** @typedef {import("../core/contract.js").Replay} Replay */
/** @typedef {import("../core/contract.js").RunAnswer} RunAnswer */
/** @typedef {import("./run.js").RunListeners} RunListeners */

const GROUPS = ["task", "walk", "training", "preconditioner", "plane"];
const TIMEOUT = 60000; // ms
const TABLE_EVERY = 250; // ms
const SPEED = 120; // rows per second
const NO_ANSWER = "The server does not answer. What is shown stays; try again in a moment.";

const RECORDED =
  "Runs that were trained elsewhere, read from their checkpoints: where their weights went, on the plane that shows most of it, " +
  "and what can be measured there. Click a run to show or hide it. Nothing is trained before you press Start.";

export class NetworkLab {
  /** @param {import("../core/contract.js").NetworkTables} tables */
  constructor(tables) {
    this.tables = tables;
    /** @type {import("../export/dialog.js").ExportDialog | null} */
    this.exportDialog = null;
    /** @type {import("./explore/main.js").Explore | null} */
    this.explore = null;
    /** @type {import("../lecture/lecture.js").Lecture | null} */
    this.lecture = null;
    /** @type {import("../core/data_table.js").DataTable | null} */
    this.dataTable = null;
    /** @type {import("../draw/film_strip.js").FilmStrip | null} */
    this.filmStrip = null;
    this.looks = tables.looks;
    this.caption = by("caption").textContent;
    /** @type {LiveRun | null} */
    this.live = null;
    /** @type {import("../core/state.js").Values} what a link to the preset alone stands for */
    this.base = {};
    this.asking = false; // a run is being started
    this.told = ""; // the run as all parts of the page have heard of it
    /** @type {LiveRun["state"] | null} */
    this.spokenState = null;
    /** @type {Record<string, unknown>} settings that the run `wantedOf` is to take up */
    this.wanted = {};
    this.wantedOf = "";
    /** @type {Replay | null} what ships with the lab for the settings that the page was opened with */
    this.shipped = null;
    /** @type {number | null} the frame in which it will be drawn */
    this.drawing = null;
    this.frameMs = 0; // what the last one took
    this.tabled = 0; // when the table was shown
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.tabling = undefined;
    /** @type {ReturnType<typeof makeOpener<import("../core/contract.js").OpenedNetwork>>} */
    this.opener = makeOpener("/network/open");
    this.state = new State();
    this.widgets = new Widgets(this.state);
    this.schema = new Schema(tables.controls);
    for (const name of GROUPS) this.widgets.build(by(`${name}-controls`), this.schema.group(name));
    this.widgets.build(by("axis-switch"), this.schema.group("curves"));
    this.bar = new RunBar();
    this.view = new LiveView(this, tables);
    this.player = new Player({ onStep: (step) => this.showStep(step), onPlaying: (playing) => this.playerBar.showPlaying(playing) });
    this.playerBar = new PlayerBar(this.player, {
      onSpeed: (speed) => this.playerBar.showSpeed(speed),
      onLoop: (on) => this.playerBar.showLoop(on),
    });
    /** @type {LatestWinsGate<{ job: string, settings: Record<string, unknown> }, unknown>} */
    this.changes = new LatestWinsGate((change, signal) => postJson("/network/change", change, signal), {
      timeout: TIMEOUT,
      onAnswer: () => showNotices("run", []),
      onFailure: (error) => this.failed(error),
    });
    this.legend = new Legend(by("legend"), tables.methods, (name) => this.toggleMethod(name), tables.groups);
    this.state.listen((changed, source) => this.changed(changed, source));
    this.actions = new Actions({
      ...this.playerBar.actions,
      ...headerActions(this.state),
      start: () => this.start(),
      pause: () => this.act("pause"),
      resume: () => this.act("resume"),
      stop: () => this.act("stop"),
    });
    openOnReturn(this);
    this.bar.show(null);
    this.playerBar.showSpeed(SPEED);
  }

  begin() {
    void this.open({ query: location.search });
  }

  /** What other parts see of the run that is shown. */
  get run() {
    return this.live?.public ?? null;
  }

  get curves() {
    return this.live?.curves ?? null;
  }

  get colours() {
    return this.view.colours ?? FIRST_COLOURS;
  }

  /** @param {{ query: string }} asked */
  open({ query }) {
    return this.opener({ query }, ({ state, run, base, replay }) => {
      this.base = base;
      this.shipped = replay;
      // A run of one's own that is on its way is not lost from sight by a preset; its settings are no longer those shown.
      const stays = query !== location.search && this.live?.mine ? this.live : null;
      this.state.replace({ ...state, job: stays?.job ?? state.job }, "open", base);
      if (stays) this.stale(true);
      else this.attach(run, replay);
    });
  }

  /**
   * Take over a preset's settings; how things are looked at stays.
   * @param {string} preset
   */
  choosePreset(preset) {
    const { values, base } = this.state;
    const view = Object.entries(values).filter(([name]) => name !== "job" && this.schema.isViewOnly(name));
    // Colours that nobody has chosen stay the system's.
    return this.open({ query: writeLink({ ...Object.fromEntries(view), preset }, { scheme: base.scheme }) });
  }

  async start() {
    if (this.asking) return;
    this.asking = true;
    this.bar.show(this.live, true);
    const replaces = this.live?.owner && !this.live.ended ? this.live.job : null;
    try {
      /** @type {import("../core/contract.js").StartedRun} */
      const { run, notices } = await postJson("/network/start", { state: this.state.values, replaces }, AbortSignal.timeout(TIMEOUT));
      showNotices("run", []);
      showNotices("clamped", notices);
      this.asking = false;
      this.attach(run);
      this.state.set({ job: run.job }, "run");
    } catch (error) {
      this.asking = false;
      this.bar.show(this.live);
      this.failed(error);
    }
  }

  /** @param {"pause" | "resume" | "stop"} act */
  async act(act) {
    if (!this.live) return;
    try {
      await postJson("/network/act", { act, job: this.live.job }, AbortSignal.timeout(TIMEOUT));
      showNotices("run", []);
    } catch (error) {
      this.failed(error);
    }
  }

  /** @param {unknown} error */
  failed(error) {
    showNotices("run", problemsOf(error, NO_ANSWER), "error");
  }

  /**
   * Show a run from its first row on, or none.
   * @param {RunAnswer | null} answer
   * @param {Replay | null} [replay] what is shown in place of none
   */
  attach(answer, replay = null) {
    const told = answer ?? replay?.run;
    this.live?.close();
    this.stale(false);
    this.live = told
      ? new LiveRun(
          told,
          {
            onChange: (run, kind) => this.runChanged(run, kind),
            onRows: (run) => this.rowsCame(run),
            onEnd: (run, end) => this.runEnded(run, end),
            onConnection: (state) =>
              showNotices(
                "connection",
                state === "lost" ? ["The connection to the server is lost; trying again. The picture stays as it is meanwhile."] : [],
                "error",
              ),
          },
          answer ? null : replay,
        )
      : null;
    if (!told) showNotices("connection", []);
    this.player.pause();
    this.player.step = this.player.steps = 0;
    this.view.attach(this.live);
    this.#words();
    this.tell();
  }

  // Of runs that were trained elsewhere other things are to be said, and what they have spent is not known.
  #words() {
    const recorded = Boolean(this.live?.recorded);
    const axis = document.querySelector('[data-control="axis"]');
    if (axis instanceof HTMLElement) axis.hidden = recorded;
    by("caption").textContent = recorded ? RECORDED : this.caption;
    by("plane-title").textContent = recorded ? "Paths" : "Live picture";
  }

  /** @type {RunListeners["onChange"]} */
  runChanged(run, kind) {
    if (run !== this.live) return;
    if (kind === "change") {
      // The run's own values are shown, also where somebody else's change made them.
      this.state.set({ ...run.settings }, "run");
      this.draw();
    }
    if (kind === "result" || kind === "state") this.draw();
    this.tell();
  }

  /** @type {RunListeners["onRows"]} */
  rowsCame(run) {
    if (run === this.live) this.draw();
  }

  /** @type {RunListeners["onEnd"]} */
  runEnded(run, { reason, sentence }) {
    if (run !== this.live) return;
    if (reason === "unknown") run.gone = true;
    if (reason !== "over") showNotices("run", [sentence], "error");
    this.draw();
    this.tell();
  }

  // Tell the bar and all parts of the page that the run is another or at another state.
  tell() {
    this.bar.show(this.live, this.asking);
    const now = JSON.stringify(this.run);
    if (now === this.told) return;
    this.told = now;
    if (this.live && this.live.state !== this.spokenState) by("spoken").textContent = runInWords(this.live);
    this.spokenState = this.live?.state ?? null;
    document.dispatchEvent(new CustomEvent("pothole:run", { detail: this.run }));
  }

  // Draw in the next frame what has come since the last.
  draw() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = null;
      const began = performance.now();
      const rows = this.live?.curves.rows.length ?? 0;
      this.player.setSteps(Math.max(rows - 1, 0));
      this.view.draw(this.player.step);
      this.showStep(this.player.step);
      this.bar.show(this.live, this.asking);
      this.frameMs = performance.now() - began;
      document.dispatchEvent(new CustomEvent("pothole:grown"));
    });
  }

  /** @param {number} index of a row */
  showStep(index) {
    const row = this.live?.curves.rows[index];
    this.playerBar.showStep(index);
    by("step-readout").textContent = row ? `step ${row.position} of ${this.live?.total}` : "no step yet";
    this.view.showStep(index);
    clearTimeout(this.tabling);
    const wait = Math.max(0, TABLE_EVERY - (performance.now() - this.tabled));
    this.tabling = setTimeout(() => this.showTable(), wait);
  }

  // Of the step that is shown by now: meanwhile another run may have come, or this one gone back to a checkpoint.
  showTable() {
    this.tabled = performance.now();
    const rows = this.curves ? methodRows(this.curves, this.player.step) : [];
    showMethods(by("outcomes"), rows, this.looks, this.colours.paper);
  }

  /**
   * @param {Set<string>} changed
   * @param {string} source
   */
  changed(changed, source) {
    const { values } = this.state;
    // Only the page's first preset, as it is, needs no name in the link.
    const { default: first } = this.schema.control("preset");
    const nameless = values.preset === first && !values.job && isUnchanged(values, this.base, this.schema);
    this.state.base = nameless ? { ...this.base, preset: first } : this.base;
    showLink(this.state);
    if (changed.has("scheme")) this.applyScheme(values.scheme);
    if (changed.has("network") || changed.has("data")) this.showTask(changed);
    if (changed.has("methods")) this.#showLegend();
    if (changed.has("axis") || changed.has("loss_scale")) this.draw();
    if (source === "open" || source === "run") return;
    const settings = Object.fromEntries(
      [...changed].filter((name) => this.tables.changeable.includes(name)).map((name) => [name, values[name]]),
    );
    const mine = this.live?.mine ? this.live : null;
    if (mine && Object.keys(settings).length) {
      // Of a drag's many values the newest of each setting is sent.
      this.wanted = { ...(this.wantedOf === mine.job ? this.wanted : {}), ...settings };
      this.wantedOf = mine.job;
      this.changes.ask({ job: mine.job, settings: { ...this.wanted } });
    }
    const others = [...changed].filter((name) => !(mine && name in settings) && !this.schema.isViewOnly(name));
    if (others.length && this.live && !this.live.recorded) this.stale(true);
  }

  /**
   * The start button stands out while the settings are no longer those of the run that is shown.
   * @param {boolean} is
   */
  stale(is) {
    by("start-button").classList.toggle("wanted", is);
  }

  /**
   * The network decides which data there are.
   * @param {Set<string>} changed
   */
  showTask(changed) {
    const { network, data } = this.state.values;
    const fitting = this.tables.fits[network] ?? [];
    if (!fitting.includes(data) && fitting.length) {
      // Data win where they were chosen last: the first network that takes them.
      const other = Object.keys(this.tables.fits).find((key) => this.tables.fits[key].includes(data));
      this.state.set(changed.has("data") && !changed.has("network") && other ? { network: other } : { data: fitting[0] }, "choice");
      return;
    }
    by("task-hint").textContent = `${this.tables.networks[network]} ${this.tables.data[data]}`;
  }

  /** @param {string} name */
  toggleMethod(name) {
    const { methods } = this.state.values;
    const next = this.tables.methods.filter((one) => methods.includes(one) !== (one === name));
    if (!next.length) {
      showNotices("methods", ["At least one method has to be trained."]);
      return;
    }
    showNotices("methods", []);
    this.state.set({ methods: next }, "user");
    this.draw();
  }

  #showLegend() {
    this.legend.update(this.state.values.methods, this.looks, this.colours.paper);
  }

  /** @param {string} scheme */
  applyScheme(scheme) {
    const { colours, looks } = showScheme(scheme, this.tables.looks);
    this.looks = looks;
    this.view.setColours(colours, looks, scheme);
    this.#showLegend();
    this.draw();
    document.dispatchEvent(new CustomEvent("pothole:scheme", { detail: scheme }));
  }
}
