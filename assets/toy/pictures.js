// All pictures of the toy lab together: map, relief (or the timeline of a 1-D surface) and charts.
import { by } from "../core/dom.js";
import { LineChart } from "../draw/chart.js";
import { followCamera, followPlot } from "../draw/follow_plot.js";
import { enlarged } from "../draw/ink.js";
import { MapView } from "../draw/map.js";
import { mapPicture } from "../draw/preview.js";
import { ReliefView } from "../draw/relief.js";
import { stepsFor } from "./cost.js";
import { entriesOf } from "./entries.js";

const SETTLE = 300; // ms without a new surface before plotly draws it
const CHARTS = ["losses", "distance", "curvature"];

export class Pictures {
  constructor({ onStart, onSeek, onCamera }) {
    this.map = new MapView("map-graph", by("map-stack"), { onStart });
    this.relief = new ReliefView("relief-graph", by("relief-stack"), { onCamera });
    this.timeline = new LineChart(by("relief-stack"), { onSeek });
    this.charts = Object.fromEntries(CHARTS.map((key) => [key, new LineChart(by(`${key}-chart`), { onSeek })]));
    this.step = 0;
    this.entries = [];
    this.#followPlots();
    this.#followCamera(by("relief-stack"));
    new ResizeObserver(() => this.#soon(() => this.redraw())).observe(by("map-stack"));
  }

  get all() {
    return [...Object.values(this.charts), this.timeline];
  }

  // A new surface: still figures change, everything is projected anew once plotly has drawn them. While a parameter
  // is dragged plotly waits for a pause, and a picture stands in for the map.
  setSurface(surface) {
    const dragged = this.surface?.surface === surface.surface && this.surface.scheme === surface.scheme;
    this.surface = surface;
    const flat = surface.dimension === 1;
    Object.assign(this.map, { dimension: surface.dimension, basin: surface.basin, minima: surface.minima });
    document.getElementById("relief-stack").classList.toggle("flat", flat);
    this.timeline.lines.canvas.hidden = this.timeline.cursor.canvas.hidden = !flat;
    clearTimeout(this.settling);
    this.map.picture = null;
    if (!dragged || flat) {
      this.#drawStill(surface);
      return;
    }
    this.map.picture = { image: mapPicture(surface.figures.map.data[0]), domain: surface.domain };
    document.getElementById("relief-stack").classList.add("waiting");
    this.settling = setTimeout(() => this.#drawStill(surface), SETTLE);
  }

  #drawStill(surface) {
    this.relief.setRelief(surface.relief, surface.domain);
    this.map.forgetRanges();
    dash_clientside.set_props("map-graph", { figure: enlarged(surface.figures.map) });
    if (surface.figures.relief) dash_clientside.set_props("relief-graph", { figure: enlarged(surface.figures.relief) });
    document.getElementById("relief-stack").classList.remove("waiting");
  }

  // After a change of size or theme: plotly's figures, then what lies over them.
  restyle() {
    if (this.surface) this.#drawStill(this.surface);
    this.redraw();
  }

  setColours(colours) {
    for (const chart of this.all) chart.colours = colours;
    this.map.paths.colours = this.relief.paths.colours = colours;
  }

  setLooks(looks) {
    for (const entry of this.entries) entry.look = looks[entry.name];
  }

  setPaths(paths, looks) {
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

  setVisible(names) {
    this.visible = names;
    this.map.paths.visible = this.relief.paths.visible = new Set(names);
    this.map.paths.rebuild();
    this.#rebuildRelief();
    this.drawCharts();
  }

  setStep(step) {
    const began = performance.now();
    this.step = step;
    this.map.paths.setStep(step);
    if (this.surface?.dimension === 1) this.timeline.setStep(step);
    else this.relief.paths.setStep(step);
    for (const chart of Object.values(this.charts)) chart.setStep(step);
    this.frameMs = performance.now() - began;
  }

  // Turn the 3-D view to where a link has it.
  turn(eye) {
    const now = this.relief.eye();
    if (!now || this.surface.dimension === 1) return;
    if (Math.hypot(now[0] - eye.x, now[1] - eye.y, now[2] - eye.z) < 2e-3) return;
    Plotly.relayout(this.relief.plot(), { "scene.camera.eye": eye });
    this.wakeCamera();
  }

  // Costs by method, cost(step) each, or null: all walk in step. With costs the width of a chart is the largest of
  // them, and the player's step t stands for the part t/T of it, for which each method has got steps of its own.
  setCosts(costs) {
    this.costs = costs;
    this.#spreadCosts();
    this.redraw();
  }

  #spreadCosts() {
    const { costs, entries, paths } = this;
    const known = costs && paths && entries.every(({ name }) => costs[name]);
    this.total = known ? Math.max(...entries.map(({ name }) => costs[name](paths.steps)), Number.MIN_VALUE) : null;
    for (const entry of entries) {
      entry.cost = known ? costs[entry.name] : null;
      entry.stepAt = known ? (step) => stepsFor(entry.cost, (step / paths.steps) * this.total, paths.steps) : null;
    }
  }

  // The step of its own that a method stands at.
  ownStep(name) {
    const entry = this.entries.find((one) => one.name === name);
    return entry?.stepAt ? entry.stepAt(this.step) : this.step;
  }

  drawCharts() {
    if (!this.paths) return;
    const shown = this.entries.filter((entry) => !this.visible || this.visible.includes(entry.name));
    for (const key of CHARTS) {
      const series = shown.map((entry) => ({ ...entry, values: entry[key] }));
      const level = key === "distance" ? this.surface.basin?.radius ?? null : null;
      this.charts[key].setSeries(series, this.paths.steps, this.paths.ranges[key], level, this.total);
    }
    if (this.surface.dimension === 1) {
      const series = shown.map((entry) => ({ ...entry, values: entry.positions }));
      this.timeline.setSeries(series, this.paths.steps, this.surface.domain[0], null, this.total);
    }
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

  // Run a task in the next frame; of several only the last.
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

  #followCamera(stack) {
    this.wakeCamera = followCamera(stack, {
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
