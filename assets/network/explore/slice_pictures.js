// The pictures of a slice: map and 3-D view (or a line's curve) with the projected paths over them.
import { by } from "../../core/dom.js";
import { MapView } from "../../draw/map.js";
import { PATH_ALONE } from "../../draw/paths.js";
import { ReliefView } from "../../draw/relief.js";
import { turningHint } from "../../draw/turning.js";

/** @typedef {import("../../core/scheme.js").Looks} Looks */
/** @typedef {import("../../core/scheme.js").Colours} Colours */
/** @typedef {import("../../core/contract.js").GroundLook} GroundLook */
/** @typedef {import("../../core/contract.js").SliceFigures} SliceFigures */
/** @typedef {import("../../draw/shapes.js").PathEntry} PathEntry */

const FLOOR = 1e-12; // as the server draws a logarithm
const EYE = { x: -0.85, y: -1.15, z: 1.5 };

export class SlicePictures {
  /** @param {GroundLook} look */
  constructor(look) {
    const [flat, relief] = [by("slice-map-stack"), by("slice-relief-stack")];
    this.look = look;
    this.map = new MapView(flat);
    this.relief = new ReliefView(relief, EYE);
    for (const stack of [flat, relief]) {
      stack.setAttribute("role", stack === relief ? "group" : "img"); // the relief has buttons and takes keys
      stack.classList.add("slice-stack");
    }
    by("slice-relief-hint").textContent = turningHint();
    this.step = 0;
    this.drawn = 0; // maps so far
    /** @type {PathEntry[]} */
    this.entries = [];
    new ResizeObserver(() => requestAnimationFrame(() => this.redraw())).observe(flat);
  }

  // What a new slice starts from: no paths of the one before.
  clear() {
    this.#setEntries([]);
  }

  /** @param {SliceFigures} figures */
  setFigures(figures) {
    const flat = figures.ground === null;
    by("slice-relief-picture").hidden = flat;
    by("slice-pictures").classList.toggle("single", flat);
    this.map.names = figures.labels;
    this.map.setSurface(figures, this.look);
    this.relief.setGround(this.map.ground, this.look);
    this.map.draw();
    this.relief.draw(true);
    this.drawn += 1;
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
   * @param {GroundLook} look
   */
  setLooks(looks, colours, look) {
    for (const entry of this.entries) entry.look = looks[entry.name];
    this.map.paths.colours = this.relief.paths.colours = colours;
    this.look = look;
    this.map.setLook(look);
    this.relief.setLook(look);
    this.redraw();
  }

  /** @param {number} step */
  setStep(step) {
    this.step = step;
    this.map.paths.setStep(step);
    this.relief.paths.setStep(step);
  }

  redraw() {
    this.map.draw();
    this.relief.draw();
  }

  /**
   * Heights come a moment after the coordinates: until then a curve or a relief has no paths.
   * @param {PathEntry[]} entries
   */
  #setEntries(entries) {
    this.entries = entries;
    const high = entries.filter((entry) => entry.heights);
    this.map.paths.entries = this.map.dimension === 1 ? high : entries;
    this.relief.paths.entries = high;
    this.map.paths.step = this.relief.paths.step = this.step;
    this.map.paths.rebuild();
    this.relief.paths.rebuild();
  }
}
