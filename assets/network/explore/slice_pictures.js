// @ts-nocheck
// The pictures of a slice: map and 3-D view (or a line's curve) with the projected paths over them.
import { by } from "../../core/dom.js";
import { MapView } from "../../draw/map.js";
import { ReliefView } from "../../draw/relief.js";
import { turningHint } from "../../draw/turning.js";

const FLOOR = 1e-12; // as the server draws a logarithm
const EYE = { x: -0.85, y: -1.15, z: 1.5 };

export class SlicePictures {
  constructor(look) {
    const [flat, relief] = [by("slice-map-stack"), by("slice-relief-stack")];
    this.look = look;
    this.map = new MapView(flat);
    this.relief = new ReliefView(relief, EYE);
    for (const stack of [flat, relief]) {
      stack.setAttribute("role", "img");
      stack.classList.add("slice-stack");
    }
    by("slice-relief-hint").textContent = turningHint();
    this.step = 0;
    this.entries = [];
    new ResizeObserver(() => requestAnimationFrame(() => this.redraw())).observe(flat);
  }

  // What a new slice starts from: no paths of the one before.
  clear() {
    this.#setEntries([]);
  }

  // figures: { ground, curve, domain, labels } as the server makes them.
  setFigures(figures) {
    const flat = figures.ground === null;
    by("slice-relief-picture").hidden = flat;
    by("slice-pictures").classList.toggle("single", flat);
    this.map.names = figures.labels;
    this.map.setSurface(figures, this.look);
    this.relief.setGround(this.map.ground, this.look);
    this.map.draw();
    this.relief.draw(true);
    this.drawn = (this.drawn ?? 0) + 1;
  }

  // paths: { name: coordinates (T·axes) }; honesty: { name: { drawn } } or null while it is not known; scale of heights.
  setPaths(paths, honesty, axes, scale, looks) {
    const height = (loss) => (scale === "log" ? Math.log10(Math.max(loss, FLOOR)) : loss);
    this.#setEntries(
      Object.entries(paths).map(([name, positions]) => {
        const heights = honesty ? honesty[name].drawn.map(height) : null;
        const last = positions.length / axes - 1;
        return { name, look: looks[name], last, positions, probes: null, losses: heights, heights, probeLosses: null, probeCount: 0 };
      }),
    );
  }

  setLooks(looks, colours, look) {
    for (const entry of this.entries) entry.look = looks[entry.name];
    this.map.paths.colours = this.relief.paths.colours = colours;
    this.look = look;
    this.map.setLook(look);
    this.relief.setLook(look);
    this.redraw();
  }

  setStep(step) {
    this.step = step;
    this.map.paths.setStep(step);
    this.relief.paths.setStep(step);
  }

  redraw() {
    this.map.draw();
    this.relief.draw();
  }

  // Heights come a moment after the coordinates: until then a curve or a relief has no paths.
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
