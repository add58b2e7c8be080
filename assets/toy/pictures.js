// All pictures of the toy lab together: map, relief (or the timeline of a 1-D surface) and charts.
import { by } from "../core/dom.js";
import { lastWhere } from "../core/search.js";
import { Ground } from "../draw/ground.js";
import { MapView } from "../draw/map.js";
import { ReliefView } from "../draw/relief.js";
import { entriesOf, frozenEntriesOf, paleLooks } from "./entries.js";
import { joinRanges, RunCharts } from "./run_charts.js";

/** @typedef {import("../core/contract.js").Paths} Paths */
/** @typedef {import("../core/contract.js").SurfaceAnswer} SurfaceAnswer */
/** @typedef {import("../core/scheme.js").Colours} Colours */
/** @typedef {import("../core/scheme.js").Looks} Looks */
/** @typedef {import("./run_charts.js").RunEntry} RunEntry */
/** @typedef {import("../draw/camera.js").Eye} Eye */
/** @typedef {import("../core/contract.js").GroundLook} GroundLook */
/** @typedef {Record<string, (step: number) => number>} Costs by method, up to a step */

export class Pictures {
  /**
   * @param {Record<string, GroundLook>} grounds by colour scheme
   * @param {Eye} eye where the 3-D view is seen from at first
   * @param {object} listeners
   * @param {(place: number[]) => void} listeners.onStart
   * @param {(step: number) => void} listeners.onSeek
   * @param {(eye: Eye) => void} listeners.onCamera
   * @param {(open: boolean) => void} listeners.onOpen
   */
  constructor(grounds, eye, { onStart, onSeek, onCamera, onOpen }) {
    this.grounds = grounds;
    this.groundLook = grounds.light;
    this.stack = by("relief-stack");
    this.map = new MapView(by("map-stack"), { onStart });
    this.relief = new ReliefView(this.stack, eye, { onCamera, onOpen });
    this.charts = new RunCharts(this.stack, onSeek);
    this.step = 0;
    /** @type {RunEntry[]} */
    this.entries = [];
    /** @type {SurfaceAnswer | null} */
    this.surface = null;
    /** @type {Paths | null} */
    this.paths = null;
    /** @type {{ paths: Paths, entries: RunEntry[], here: boolean } | null} a run that is compared with; here: on the same ground */
    this.frozen = null;
    /** @type {string[] | null} all where it is null */
    this.visible = null;
    /** @type {Costs | null} */
    this.costs = null;
    /** @type {Costs | null} of the run that is compared with */
    this.frozenCosts = null;
    /** @type {number | null} what the whole width of a chart costs */
    this.total = null;
    this.scheduled = 0;
    this.frameMs = 0;
    new ResizeObserver(() => this.#soon(() => this.redraw())).observe(by("map-stack"));
  }

  /**
   * A new surface. The 3-D view is drawn coarsely first, as others may follow while a parameter is dragged.
   * @param {SurfaceAnswer} surface
   * @param {number[]} start of the run on it, which the 3-D view's cut goes through
   */
  setSurface(surface, start) {
    this.surface = surface;
    const ground = surface.ground ? new Ground(surface.ground, surface.domain) : null;
    this.map.basin = surface.basin;
    this.map.setSurface(surface, this.groundLook, ground);
    this.relief.setGround(ground, this.groundLook, surface.basin?.centre ?? surface.minima[0]?.position);
    this.relief.start = start;
    this.map.draw();
    this.relief.draw(true);
  }

  /** After a change of size or theme. */
  restyle() {
    this.redraw();
  }

  /**
   * @param {Colours} colours
   * @param {Looks} looks
   * @param {string} scheme
   */
  setLooks(colours, looks, scheme) {
    this.groundLook = this.grounds[scheme] ?? this.groundLook;
    this.charts.colours = this.map.paths.colours = this.relief.paths.colours = colours;
    for (const entry of this.entries) entry.look = looks[entry.name] ?? entry.look;
    const pale = paleLooks(looks);
    for (const entry of this.frozen?.entries ?? []) entry.look = pale[entry.name] ?? entry.look;
    this.map.setLook(this.groundLook);
    this.relief.setLook(this.groundLook);
    this.redraw();
  }

  /**
   * @param {Paths} paths
   * @param {Looks} looks
   * @param {number} step
   */
  setPaths(paths, looks, step) {
    this.step = this.map.paths.step = this.relief.paths.step = this.charts.step = step;
    this.entries = entriesOf(paths, looks);
    this.paths = paths;
    this.#spreadCosts();
    this.map.paths.entries = this.relief.paths.entries = this.entries;
    this.map.start = paths.start;
    this.map.paths.rebuild();
    // The pictures first: charts and relief may come a frame later while a slider is dragged.
    this.#soon(() => {
      this.#rebuildRelief();
      this.drawCharts();
    });
  }

  /**
   * A run to compare with; null: none.
   * @param {{ paths: Paths, here: boolean } | null} frozen here: on the same ground, so that it has a place on the map
   * @param {Looks} looks
   */
  setFrozen(frozen, looks) {
    const entries = frozen ? frozenEntriesOf(frozen.paths, looks) : [];
    if (!frozen?.here) for (const entry of entries) entry.positions = new Float32Array(); // they mean nothing here
    this.frozen = frozen && { ...frozen, entries };
    this.map.paths.frozen = this.relief.paths.frozen = frozen?.here ? entries : [];
    this.#spreadCosts();
    this.map.paths.rebuild();
    this.#rebuildRelief();
    this.drawCharts();
  }

  /** @param {string[]} names of methods */
  setVisible(names) {
    this.visible = names;
    this.map.paths.visible = this.relief.paths.visible = new Set(names);
    this.map.paths.rebuild();
    this.#rebuildRelief();
    this.drawCharts();
  }

  /** @param {number} step */
  setStep(step) {
    const began = performance.now();
    this.step = step;
    this.map.paths.setStep(step);
    if (this.surface?.dimension === 2) this.relief.paths.setStep(step);
    this.charts.setStep(step);
    this.frameMs = performance.now() - began;
  }

  /**
   * With costs the width of a chart is the largest of them, and the player's step t stands for the part t/T of it, for
   * which each method has got steps of its own.
   * @param {Costs | null} costs null: all walk in step
   * @param {Costs | null} [frozenCosts] of the run that is compared with
   */
  setCosts(costs, frozenCosts = null) {
    this.costs = costs;
    this.frozenCosts = frozenCosts;
    this.#spreadCosts();
    this.map.paths.rebuild();
    this.#rebuildRelief();
    this.drawCharts();
  }

  #spreadCosts() {
    const { costs, entries, paths } = this;
    const known = costs && paths && entries.every(({ name }) => costs[name]) ? costs : null;
    const steps = paths?.steps ?? 0;
    const total = known && Math.max(...entries.map(({ name }) => known[name]?.(steps) ?? 0), Number.MIN_VALUE);
    this.total = total;
    const spread = (/** @type {RunEntry} */ entry, /** @type {Costs | null | undefined} */ of) => {
      const cost = of?.[entry.name] ?? null;
      entry.cost = cost;
      entry.stepAt = cost && total ? (step) => stepsFor(cost, (step / steps) * total, entry.last) : null;
    };
    for (const entry of entries) spread(entry, known);
    for (const entry of this.frozen?.entries ?? []) spread(entry, known && this.frozenCosts);
  }

  /**
   * The step of its own that a method stands at.
   * @param {string} name
   */
  ownStep(name) {
    const entry = this.entries.find((one) => one.name === name);
    return entry?.stepAt ? entry.stepAt(this.step) : this.step;
  }

  drawCharts() {
    if (!this.paths || !this.surface) return;
    const { surface, paths, total, frozen } = this;
    this.charts.draw({
      entries: [...(frozen?.entries ?? []), ...this.entries].filter((entry) => !this.visible || this.visible.includes(entry.name)),
      steps: paths.steps,
      ranges: joinRanges(paths.ranges, frozen?.paths.ranges),
      level: surface.basin?.radius ?? null,
      domain: surface.dimension === 1 ? (surface.domain[0] ?? null) : null,
      total,
    });
  }

  redraw() {
    this.map.draw();
    this.relief.draw();
    this.drawCharts();
  }

  #rebuildRelief() {
    if (this.surface?.dimension === 2) this.relief.setStart(this.paths?.start ?? []);
  }

  /**
   * Run a task in the next frame; of several only the last.
   * @param {() => void} task
   */
  #soon(task) {
    cancelAnimationFrame(this.scheduled);
    this.scheduled = requestAnimationFrame(task);
  }
}

/**
 * The steps that a budget pays for: the largest step up to `most` that costs no more.
 * @param {(step: number) => number} cost
 * @param {number} budget
 * @param {number} most
 */
function stepsFor(cost, budget, most) {
  return lastWhere(0, most, (step) => cost(step) <= budget * (1 + 1e-12));
}
