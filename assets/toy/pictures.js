// All pictures of the toy lab together: map, relief (or the timeline of a 1-D surface) and charts.
import { by } from "../core/dom.js";
import { lastWhere } from "../core/search.js";
import { followCamera, followPlot } from "../draw/follow_plot.js";
import { enlarged } from "../draw/ink.js";
import { MapView } from "../draw/map.js";
import { mapPicture } from "../draw/preview.js";
import { ReliefView } from "../draw/relief.js";
import { entriesOf } from "./entries.js";
import { RunCharts } from "./run_charts.js";

/** @typedef {import("../core/contract.js").Paths} Paths */
/** @typedef {import("../core/contract.js").SurfaceAnswer} SurfaceAnswer */
/** @typedef {import("../core/scheme.js").Colours} Colours */
/** @typedef {import("../core/scheme.js").Looks} Looks */
/** @typedef {import("./run_charts.js").RunEntry} RunEntry */
/** @typedef {{ x: number, y: number, z: number }} Eye */

const SETTLE = 300; // ms without a new surface before plotly draws it

export class Pictures {
  /**
   * @param {object} listeners
   * @param {(place: number[]) => void} listeners.onStart
   * @param {(step: number) => void} listeners.onSeek
   * @param {(eye: [number, number, number]) => void} listeners.onCamera
   */
  constructor({ onStart, onSeek, onCamera }) {
    this.stack = by("relief-stack");
    this.map = new MapView("map-graph", by("map-stack"), { onStart });
    this.relief = new ReliefView("relief-graph", this.stack, { onCamera });
    this.charts = new RunCharts(this.stack, onSeek);
    this.step = 0;
    /** @type {RunEntry[]} */
    this.entries = [];
    /** @type {SurfaceAnswer | null} */
    this.surface = null;
    /** @type {Paths | null} */
    this.paths = null;
    /** @type {string[] | null} all where it is null */
    this.visible = null;
    /** @type {Record<string, (step: number) => number> | null} by method */
    this.costs = null;
    /** @type {number | null} what the whole width of a chart costs */
    this.total = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.settling = undefined;
    this.scheduled = 0;
    this.frameMs = 0;
    this.reliefMs = 0;
    this.#followPlots();
    this.wakeCamera = this.#followCamera(this.stack);
    new ResizeObserver(() => this.#soon(() => this.redraw())).observe(by("map-stack"));
  }

  /**
   * A new surface: still figures change, everything is projected anew once plotly has drawn them. While a parameter is
   * dragged plotly waits for a pause, and a picture stands in for the map.
   * @param {SurfaceAnswer} surface
   */
  setSurface(surface) {
    const dragged = this.surface?.surface === surface.surface && this.surface.scheme === surface.scheme;
    this.surface = surface;
    const flat = surface.dimension === 1;
    Object.assign(this.map, { dimension: surface.dimension, basin: surface.basin, minima: surface.minima });
    this.stack.classList.toggle("flat", flat);
    clearTimeout(this.settling);
    this.map.picture = null;
    if (!dragged || flat) {
      this.#drawStill(surface);
      return;
    }
    this.map.picture = { image: mapPicture(surface.figures.map.data[0]), domain: surface.domain };
    this.stack.classList.add("waiting");
    this.settling = setTimeout(() => this.#drawStill(surface), SETTLE);
  }

  /** @param {SurfaceAnswer} surface */
  #drawStill(surface) {
    this.relief.setRelief(surface.relief, surface.domain);
    this.map.forgetRanges();
    dash_clientside.set_props("map-graph", { figure: enlarged(surface.figures.map) });
    if (surface.figures.relief) dash_clientside.set_props("relief-graph", { figure: enlarged(surface.figures.relief) });
    this.stack.classList.remove("waiting");
  }

  /** After a change of size or theme: plotly's figures, then what lies over them. */
  restyle() {
    if (this.surface) this.#drawStill(this.surface);
    this.redraw();
  }

  /**
   * @param {Colours} colours
   * @param {Looks} looks
   */
  setLooks(colours, looks) {
    this.charts.colours = this.map.paths.colours = this.relief.paths.colours = colours;
    for (const entry of this.entries) entry.look = looks[entry.name] ?? entry.look;
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
   * Turn the 3-D view to where a link has it.
   * @param {Eye} eye
   */
  turn(eye) {
    const now = this.relief.eye();
    if (!now || this.surface?.dimension === 1) return;
    if (Math.hypot(now[0] - eye.x, now[1] - eye.y, now[2] - eye.z) < 2e-3) return;
    Plotly.relayout(this.relief.plot(), { "scene.camera.eye": eye });
    this.wakeCamera();
  }

  /**
   * With costs the width of a chart is the largest of them, and the player's step t stands for the part t/T of it, for
   * which each method has got steps of its own.
   * @param {Record<string, (step: number) => number> | null} costs by method; null: all walk in step
   */
  setCosts(costs) {
    this.costs = costs;
    this.#spreadCosts();
    this.redraw();
  }

  #spreadCosts() {
    const { costs, entries, paths } = this;
    const known = costs && paths && entries.every(({ name }) => costs[name]) ? costs : null;
    const steps = paths?.steps ?? 0;
    const total = known && Math.max(...entries.map(({ name }) => known[name]?.(steps) ?? 0), Number.MIN_VALUE);
    this.total = total;
    for (const entry of entries) {
      const cost = known?.[entry.name] ?? null;
      entry.cost = cost;
      entry.stepAt = cost && total ? (step) => stepsFor(cost, (step / steps) * total, steps) : null;
    }
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
    const { surface, paths, total } = this;
    this.charts.draw({
      entries: this.entries.filter((entry) => !this.visible || this.visible.includes(entry.name)),
      steps: paths.steps,
      ranges: paths.ranges,
      level: surface.basin?.radius ?? null,
      domain: surface.dimension === 1 ? (surface.domain[0] ?? null) : null,
      total,
    });
  }

  redraw() {
    if (!this.paths) return;
    this.map.paths.rebuild();
    this.#rebuildRelief();
    this.drawCharts();
  }

  #rebuildRelief() {
    if (this.surface?.dimension === 2) {
      this.relief.moved();
      this.relief.paths.rebuild();
    }
  }

  /**
   * Run a task in the next frame; of several only the last.
   * @param {() => void} task
   */
  #soon(task) {
    cancelAnimationFrame(this.scheduled);
    this.scheduled = requestAnimationFrame(task);
  }

  #followPlots() {
    followPlot(this.map, () => {
      this.map.picture = null;
      if (this.paths) this.map.paths.rebuild();
    });
    followPlot(this.relief, () => this.paths && this.#rebuildRelief());
  }

  /** @param {HTMLElement} stack */
  #followCamera(stack) {
    return followCamera(stack, {
      moved: () => {
        if (this.surface?.dimension !== 2 || !this.paths || !this.relief.moved()) return false;
        const began = performance.now();
        this.relief.paths.rebuild();
        this.reliefMs = performance.now() - began;
        return true;
      },
      rested: () => {
        const eye = this.relief.eye();
        if (eye) this.relief.onCamera(eye);
      },
    });
  }
}

/**
 * The steps that a budget pays for: the largest step up to `most` that costs no more.
 * @param {(step: number) => number} cost
 * @param {number} budget
 * @param {number} most
 */
export function stepsFor(cost, budget, most) {
  return lastWhere(0, most, (step) => cost(step) <= budget * (1 + 1e-12));
}
