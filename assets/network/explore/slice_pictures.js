// The pictures of a slice: plotly's map and relief (or a line's curve) with the projected paths on canvases over them.
import { by } from "../../core/dom.js";
import { followCamera, followPlot } from "../../draw/follow_plot.js";
import { MapView } from "../../draw/map.js";
import { PATH_ALONE } from "../../draw/paths.js";
import { ReliefView } from "../../draw/relief.js";

/** @typedef {import("../../core/scheme.js").Looks} Looks */
/** @typedef {import("../../core/scheme.js").Colours} Colours */
/** @typedef {import("../../core/contract.js").SliceFigures} SliceFigures */
/** @typedef {import("../../draw/shapes.js").PathEntry} PathEntry */

const FLOOR = 1e-12; // as the server draws a logarithm
const REST = 150; // ms after the map in which another request may come before a relief is begun

export class SlicePictures {
  constructor() {
    const [flat, relief] = [by("slice-map-stack"), by("slice-relief-stack")];
    this.map = new MapView("slice-map-graph", flat, { onStart: () => {} });
    this.relief = new ReliefView("slice-relief-graph", relief, { onCamera: () => {} });
    // Nothing is moved by hand here: the map is a picture.
    const { canvas } = this.map.paths.live;
    canvas.classList.remove("pad");
    canvas.tabIndex = -1;
    canvas.setAttribute("role", "presentation");
    canvas.removeAttribute("aria-label");
    for (const stack of [flat, relief]) {
      stack.setAttribute("role", "img");
      stack.classList.add("slice-stack");
    }
    relief.classList.add("undrawn"); // plotly's empty picture has a width of its own, and shows nothing
    this.step = 0;
    this.hasRelief = false;
    this.drawn = 0; // maps so far
    /** @type {SliceFigures | null} figures whose relief is still to be drawn */
    this.waiting = null;
    this.painting = false; // a relief will be drawn when the map is on the screen
    this.aside = false;
    /** @type {PathEntry[]} */
    this.entries = [];
    followPlot(this.map, () => {
      this.map.paths.rebuild();
      this.#afterMap();
    });
    followPlot(this.relief, () => this.#rebuildRelief());
    followCamera(relief, {
      moved: () => {
        if (!this.hasRelief || !this.relief.moved()) return false;
        this.relief.paths.rebuild();
        return true;
      },
      rested: () => {},
    });
    new ResizeObserver(() => requestAnimationFrame(() => this.redraw())).observe(flat);
  }

  // What a new slice starts from: no paths of the one before.
  clear() {
    this.#setEntries([]);
  }

  /**
   * The map is drawn at once. The relief waits until the map is on the screen: its first drawing sets WebGL up, which
   * took a second in which nothing showed.
   * @param {SliceFigures} figures
   */
  setFigures(figures) {
    const flat = figures.relief === null;
    this.hasRelief = !flat;
    this.map.dimension = flat ? 1 : 2;
    by("slice-relief-picture").hidden = flat;
    by("slice-pictures").classList.toggle("single", flat);
    this.waiting = flat ? null : figures; // of several reliefs that wait the newest is drawn
    this.aside = false;
    if (flat) this.relief.setRelief(null, figures.domain);
    this.map.forgetRanges();
    dash_clientside.set_props("slice-map-graph", { figure: figures.map });
    this.drawn += 1;
  }

  // The browser paints the map before what a frame's callback puts off runs.
  #afterMap() {
    if (!this.waiting || this.painting || this.aside) return;
    this.painting = true;
    requestAnimationFrame(() => setTimeout(() => this.#drawRelief(), REST));
  }

  // Another slice is asked for: a relief that is still to be drawn would keep its map waiting, for half a second where
  // WebGL is software. It is left until that map is there (setFigures), or until nothing comes of it (goOn).
  giveWay() {
    this.aside = true;
  }

  goOn() {
    this.aside = false;
    this.#afterMap();
  }

  #drawRelief() {
    const { waiting: figures } = this;
    this.painting = false;
    if (!figures || this.aside) return;
    this.waiting = null;
    by("slice-relief-stack").classList.remove("undrawn");
    this.relief.setRelief(figures.heights, figures.domain);
    dash_clientside.set_props("slice-relief-graph", { figure: figures.relief });
    this.#raise();
  }

  /**
   * @param {Record<string, Float32Array>} paths coordinates (kept steps · axes) by method
   * @param {Record<string, { drawn: Float32Array }> | null} honesty null while it is not known
   * @param {number} axes
   * @param {string} scale of heights
   * @param {Looks} looks
   */
  setPaths(paths, honesty, axes, scale, looks) {
    const height = (/** @type {number} */ loss) => (scale === "log" ? Math.log10(Math.max(loss, FLOOR)) : loss);
    this.#setEntries(
      Object.entries(paths).map(([name, positions]) => {
        const heights = honesty ? honesty[name].drawn.map(height) : null;
        const last = positions.length / axes - 1;
        return { ...PATH_ALONE, name, look: looks[name], last, positions, losses: heights, heights };
      }),
    );
  }

  /**
   * @param {Looks} looks
   * @param {Colours} colours
   */
  setLooks(looks, colours) {
    for (const entry of this.entries) entry.look = looks[entry.name];
    this.map.paths.colours = this.relief.paths.colours = colours;
    this.redraw();
  }

  /** @param {number} step */
  setStep(step) {
    this.step = step;
    this.map.paths.setStep(step);
    if (this.hasRelief) this.relief.paths.setStep(step);
  }

  redraw() {
    this.map.paths.rebuild();
    this.#rebuildRelief();
  }

  /** @param {PathEntry[]} entries */
  #setEntries(entries) {
    this.entries = entries;
    // Heights come a moment after the coordinates: until then a curve or a relief has no paths.
    this.map.paths.entries = this.map.dimension === 1 ? entries.filter((entry) => entry.heights) : entries;
    this.map.paths.step = this.relief.paths.step = this.step;
    this.#raise();
    this.redraw();
  }

  // The relief's paths are those of the slice whose surface it shows.
  #raise() {
    if (!this.waiting) this.relief.paths.entries = this.entries.filter((entry) => entry.heights);
  }

  #rebuildRelief() {
    if (!this.hasRelief) return;
    this.relief.moved();
    this.relief.paths.rebuild();
  }
}
