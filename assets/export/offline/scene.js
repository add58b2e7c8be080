// An exported scene: the page's player, legend, charts and table over data that the file itself carries.
import { Actions } from "../../core/actions.js";
import { by } from "../../core/dom.js";
import { Player } from "../../core/player.js";
import { PlayerBar } from "../../core/player_bar.js";
import { coloursIn, FIRST_COLOURS, showTheme } from "../../core/scheme.js";
import { CutView } from "../../draw/cut_view.js";
import { Legend } from "../../draw/legend.js";
import { MapView } from "../../draw/map.js";
import { ReliefView } from "../../draw/relief.js";
import { turningHint } from "../../draw/turning.js";
import { pictureOf } from "../../toy/cut_lanes.js";
import { CutSteps } from "../../toy/cut_steps.js";
import { entriesOf, frozenEntriesOf, paleLooks } from "../../toy/entries.js";
import { showOutcomes } from "../../toy/outcomes.js";
import { joinRanges, RunCharts } from "../../toy/run_charts.js";

/** @typedef {import("./scene_data.js").SceneData} SceneData */

export class OfflineScene {
  /** @param {SceneData} scene */
  constructor(scene) {
    const { paths, looks, surface, state } = scene;
    this.scene = scene;
    this.paths = paths;
    this.surface = surface;
    this.shown = paths.methods.map((method) => method.name);
    this.looks = looks;
    this.colours = FIRST_COLOURS;
    this.scheduled = 0;
    this.scheme = state.scheme;
    showTheme(state.theme ?? "screen");
    this.player = new Player({ onStep: (step) => this.showStep(step), onPlaying: (on) => this.bar.showPlaying(on) });
    this.bar = new PlayerBar(this.player, { onSpeed: (speed) => this.bar.showSpeed(speed), onLoop: (on) => this.bar.showLoop(on) });
    this.map = new MapView(by("map-stack"));
    this.relief = new ReliefView(by("relief-stack"), { x: state.camera_x, y: state.camera_y, z: state.camera_z });
    this.cut = new CutView(by("cut-stack"));
    this.cutSteps = new CutSteps();
    this.cutSteps.keep(scene.cut, []);
    this.charts = new RunCharts(by("relief-stack"), (step) => this.player.hold(step));
    this.charts.logarithmic = state.step_axis !== "linear";
    const look = scene.grounds[this.scheme];
    this.map.basin = surface.basin;
    this.map.setSurface(surface, look);
    this.relief.setGround(this.map.ground, look, surface.basin?.centre ?? surface.minima[0]?.position);
    this.relief.setStart(paths.start);
    this.relief.setOpen(state.wedge === "on");
    if (this.map.ground) by("relief-hint").textContent = turningHint();
    this.entries = entriesOf(paths, looks);
    for (const view of this.views) view.paths.entries = this.entries;
    /** @type {import("../../toy/run_charts.js").RunEntry[]} */
    this.frozen = [];
    this.frozenSteps = new CutSteps();
    if (scene.frozen) this.#compare(scene.frozen);
    this.map.start = paths.start;
    this.actions = new Actions({ ...this.bar.actions, "toggle-scheme": () => this.setScheme(this.scheme === "dark" ? "light" : "dark") });
    this.legend = new Legend(by("legend"), this.shown, (name) => this.toggle(name));
    this.player.setSteps(paths.steps);
    this.player.step = Math.min(scene.step, paths.steps);
    this.bar.showSpeed(state.speed);
    this.bar.showLoop(state.loop === "on");
    this.setScheme(this.scheme);
    new ResizeObserver(() => this.soon(() => this.draw())).observe(by("map-stack"));
    document.addEventListener("contextrestored", () => this.soon(() => this.draw()), true); // given back empty, after a sleep
    by("spoken").textContent = paths.summary;
  }

  /** @param {NonNullable<SceneData["frozen"]>} frozen */
  #compare({ paths, cut, words }) {
    this.frozen = frozenEntriesOf(paths, this.looks);
    if (cut) {
      for (const view of this.views) view.paths.frozen = this.frozen;
      this.frozenSteps.keep(cut, []);
    } else for (const entry of this.frozen) entry.positions = new Float32Array(); // on another ground they mean nothing here
    by("frozen").hidden = false;
    by("frozen").textContent = words;
  }

  get views() {
    return [this.map, this.relief];
  }

  /**
   * In the next frame, and only the last task of several.
   * @param {() => void} task
   */
  soon(task) {
    cancelAnimationFrame(this.scheduled);
    this.scheduled = requestAnimationFrame(task);
  }

  /** @param {string} scheme */
  setScheme(scheme) {
    this.scheme = scheme;
    document.documentElement.dataset.scheme = scheme;
    by("scheme-button").textContent = scheme === "dark" ? "Light" : "Dark";
    const { colours, looks } = coloursIn(scheme, this.scene.looks);
    this.colours = colours;
    this.looks = looks;
    for (const entry of this.entries) entry.look = looks[entry.name];
    const pale = paleLooks(looks);
    for (const entry of this.frozen) entry.look = pale[entry.name];
    for (const view of this.views) {
      view.paths.colours = colours;
      view.setLook(this.scene.grounds[scheme]);
    }
    this.charts.colours = colours;
    const rowsOf = (/** @type {import("../../core/contract.js").Paths | undefined} */ paths) => paths?.methods.map(({ row }) => row) ?? [];
    showOutcomes(by("outcomes"), rowsOf(this.paths), looks, colours.paper, { frozen: rowsOf(this.scene.frozen?.paths) });
    this.draw();
  }

  /** @param {string} name */
  toggle(name) {
    this.shown = this.shown.includes(name) ? this.shown.filter((one) => one !== name) : [...this.shown, name];
    this.draw();
  }

  draw() {
    this.legend.update(this.shown, this.looks, this.colours.paper);
    const { step } = this.player;
    for (const view of this.views) Object.assign(view.paths, { visible: new Set(this.shown), step });
    this.charts.step = step;
    this.map.draw();
    this.relief.draw();
    this.drawCut(step);
    this.drawCharts();
    this.bar.showStep(step);
  }

  /** @param {number} step */
  drawCut(step) {
    const entries = this.entries.filter((entry) => this.shown.includes(entry.name));
    const frozen = { known: this.frozenSteps, entries: this.frozen };
    const picture = pictureOf(this.cutSteps, entries, this.looks, step, frozen);
    if (picture) this.cut.show(picture, this.colours);
  }

  drawCharts() {
    const { steps, ranges } = this.paths;
    const { basin, dimension, domain } = this.surface;
    const entries = [...this.frozen, ...this.entries].filter((entry) => this.shown.includes(entry.name));
    const both = joinRanges(ranges, this.scene.frozen?.paths.ranges);
    this.charts.draw({ entries, steps, ranges: both, level: basin?.radius ?? null, domain: dimension === 1 ? domain[0] : null });
  }

  /** @param {number} step */
  showStep(step) {
    for (const view of this.views) view.paths.setStep(step);
    this.drawCut(step);
    this.charts.setStep(step);
    this.bar.showStep(step);
  }
}
