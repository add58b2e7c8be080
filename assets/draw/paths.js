// Paths over a still picture, on two layers: the whole paths faintly with what has been walked so far over them, and
// the walkers. Going forward only adds segments, so a frame costs the same early and late in a run.
import { display } from "../core/display.js";
import { FIRST_COLOURS } from "../core/scheme.js";
import { drawLabel } from "./arrows.js";
import { LabelPlaces } from "./label_places.js";
import { Layer } from "./layer.js";
import { drawMarker, drawProbe, traceMarker } from "./markers.js";
import { leaves, Polyline, strokePolyline } from "./polyline.js";

/** @typedef {import("./shapes.js").Project} Project */
/** @typedef {{ entry: PathEntry, line: Polyline, drawn: number, probe: Project | null, point: Project }} Drawn drawn: points of the line that are on the trail */

/**
 * Where a picture has its paths.
 * @typedef {object} Projector
 * @property {() => boolean} ready
 * @property {(entry: PathEntry) => Project} point
 * @property {(entry: PathEntry) => Project | null} [probe]
 * @property {(place: number[]) => boolean} [hides] whether something stands before a place that was projected
 * @property {(context: Context, entry: PathEntry, place: number[], size: number) => void} [walker] draws one; else it is a marker
 * @property {() => boolean} [asDots]
 * @property {(context: Context) => void} [underlay]
 * @property {(context: Context) => void} [overlay]
 * @property {() => Frame} [box] where to clip
 * @property {() => Frame} [frame] what a diverging path leaves
 */
/** @typedef {import("./shapes.js").PathEntry} PathEntry */
/** @typedef {import("./shapes.js").Frame} Frame */
/** @typedef {import("./shapes.js").Context} Context */
/** @typedef {import("../core/contract.js").Look} Look */
/** @typedef {import("../core/scheme.js").Colours} Colours */

/** What a path has that is drawn without its probes and losses. */
export const PATH_ALONE = { probes: null, probeLosses: null, probeCount: 0, losses: null, heights: null };

const FAINT = 0.28;
const HIDDEN = 0.22;
const RECENT_PROBES = 12;

/**
 * The step that a method stands at where the player stands: the same for all, or what it has got for an equal cost.
 * @param {PathEntry} entry
 * @param {number} step
 */
export const ownStep = (entry, step) => Math.min(entry.stepAt ? entry.stepAt(step) : step, entry.last);

export class PathView {
  /**
   * @param {HTMLElement} stack
   * @param {Projector} projector
   */
  constructor(stack, projector) {
    this.projector = projector;
    this.trail = new Layer(stack);
    this.live = new Layer(stack);
    /** @type {PathEntry[]} */
    this.entries = [];
    /** @type {PathEntry[]} of a run beneath them */
    this.frozen = [];
    /** @type {Drawn[]} */
    this.lines = [];
    /** @type {Drawn[]} in the order in which they are drawn */
    this.strokes = [];
    /** @type {Set<string> | null} names of methods; all where it is null */
    this.visible = null;
    this.step = 0;
    this.ready = false;
    this.colours = FIRST_COLOURS;
    /** @type {{ text: string, box: import("./shapes.js").Box }[]} names of the paths that leave the picture */
    this.leaving = [];
  }

  /** @param {PathEntry[]} entries */
  setPaths(entries) {
    this.entries = entries;
    this.rebuild();
  }

  /** @param {string[]} names */
  setVisible(names) {
    this.visible = new Set(names);
    this.rebuild();
  }

  /** @param {number} step */
  setStep(step) {
    this.step = step;
    this.drawTrail();
    this.drawLive();
  }

  /** @param {PathEntry} entry */
  shows(entry) {
    return !this.visible || this.visible.has(entry.name);
  }

  // Project everything anew: after new paths, another size, another axis range or camera.
  rebuild() {
    for (const layer of [this.trail, this.live]) layer.fit();
    this.ready = this.projector.ready();
    this.trail.clear();
    this.live.clear();
    if (!this.ready) return;
    this.lines = [...this.frozen, ...this.entries]
      .filter((entry) => this.shows(entry))
      .map((entry) => {
        const within = entry.diverged ? around(this.projector.frame?.()) : null;
        const line = new Polyline(entry.last + 1, this.projector.point(entry), within);
        this.#hide(line, this.projector.point(entry));
        const probe = (entry.probes && this.projector.probe?.(entry)) ?? null;
        return { entry, line, drawn: 0, probe, point: this.projector.point(entry) };
      });
    // Wide solid lines first: where paths coincide, the dashes of the others show on top of them.
    this.strokes = [...this.lines].sort((a, b) => rank(a.entry) - rank(b.entry));
    this.#drawFaint();
    this.drawTrail();
    this.drawLive();
  }

  /**
   * @param {Polyline} line
   * @param {Project} point
   */
  #hide(line, point) {
    const { hides } = this.projector;
    if (!hides) return;
    const place = [0, 0, 0];
    line.hidden = Uint8Array.from(line.steps.subarray(0, line.size), (step) => {
      point(step, place);
      return hides(place) ? 1 : 0;
    });
  }

  #drawFaint() {
    const context = this.trail.context;
    this.clip(context);
    this.projector.underlay?.(context);
    for (const stroke of this.strokes) {
      const { entry, line } = stroke;
      if (this.asDots) drawDots(context, line, entry.look);
      else strokePolyline(context, line, { ...entry.look, width: 1.2 * display.bold, dash: "" }, 0, line.size - 1, FAINT);
      stroke.drawn = 0;
    }
    context.restore();
  }

  /** @param {Context} context */
  clip(context) {
    context.save();
    const box = this.projector.box?.();
    if (!box) return;
    context.beginPath();
    context.rect(...box);
    context.clip();
  }

  // On a curve a path would only be drawn over the curve: there its positions are dots.
  get asDots() {
    return Boolean(this.projector.asDots?.());
  }

  drawTrail() {
    if (!this.ready || this.asDots) return;
    const context = this.trail.context;
    const back = this.lines.some(({ entry, line, drawn }) => line.at(ownStep(entry, this.step)) < drawn);
    if (back) {
      this.trail.clear();
      this.#drawFaint();
    }
    this.clip(context);
    for (const stroke of this.strokes) {
      const { entry, line } = stroke;
      const last = line.at(ownStep(entry, this.step));
      strokeRuns(context, line, entry.look, stroke.drawn, last);
      stroke.drawn = last;
    }
    context.restore();
  }

  drawLive() {
    if (!this.ready) return;
    const context = this.live.context;
    this.live.clear();
    this.clip(context);
    this.projector.overlay?.(context);
    const here = [0, 0, 0];
    const there = [0, 0, 0];
    for (const { entry, probe, point } of this.lines) {
      const step = ownStep(entry, this.step);
      point(step, here);
      if (probe) this.#drawProbes(context, entry, probe, step, here, there);
    }
    // Walkers often stand on the same spot: those drawn first are larger, so that each can be seen.
    this.lines.forEach(({ entry, point }, index) => {
      point(ownStep(entry, this.step), here);
      const size = display.bold * (5.5 + (entry.frozen ? 0 : Math.min(1.1 * (this.lines.length - 1 - index), 4)));
      if (this.projector.walker) this.projector.walker(context, entry, here, size);
      else drawMarker(context, entry.look, here[0], here[1], size, this.colours.paper);
    });
    context.restore();
    this.#drawLeaving();
  }

  /**
   * Where a diverging path leaves the picture for good there is a cross, with its name.
   */
  #drawLeaving() {
    const frame = this.projector.frame?.();
    if (!frame) return;
    const { context } = this.live;
    const places = new LabelPlaces(this.live); // the canvas would lay out the page to tell its size
    places.within(frame);
    this.leaving = places.named;
    for (const { entry, line } of this.lines) {
      const exit = entry.diverged ? (leaves(line, frame) ?? endOf(line, entry)) : null;
      if (!exit || ownStep(entry, this.step) < exit.step) continue;
      for (const { colour, width } of [
        { colour: this.colours.paper, width: 5.5 },
        { colour: entry.look.colour, width: 2.6 },
      ]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.setLineDash([]);
        context.beginPath();
        for (const [dx, dy] of [
          [6, 6],
          [6, -6],
        ]) {
          context.moveTo(exit.x - dx, exit.y - dy);
          context.lineTo(exit.x + dx, exit.y + dy);
        }
        context.stroke();
      }
      const middle = [frame[0] + frame[2] / 2 - exit.x, frame[1] + frame[3] / 2 - exit.y];
      const size = Math.hypot(...middle) || 1;
      drawLabel(
        context,
        `${entry.name}${entry.frozen ? ", frozen," : ""} diverges`,
        [exit.x, exit.y],
        [middle[0] / size, middle[1] / size],
        this.colours.ink,
        this.colours,
        places,
        false,
      );
    }
  }

  /**
   * @param {Context} context
   * @param {PathEntry} entry
   * @param {Project} probe
   * @param {number} step
   * @param {number[]} here
   * @param {number[]} there
   */
  #drawProbes(context, entry, probe, step, here, there) {
    const newest = Math.min(step, entry.probeCount - 1);
    for (let index = Math.max(0, newest - RECENT_PROBES); index < newest; index += 1) {
      probe(index, there);
      if (!Number.isFinite(there[0])) continue;
      context.globalAlpha = (0.15 + (0.5 * (index - newest + RECENT_PROBES)) / RECENT_PROBES) * this.#shown(there);
      traceMarker(context, entry.look.marker, there[0], there[1], 2.2 * display.bold);
      context.fillStyle = entry.look.colour;
      context.fill();
    }
    context.globalAlpha = 1;
    probe(newest, there);
    if (!Number.isFinite(there[0])) return;
    // The last position has no probe of its own: the last probe was made one step earlier.
    if (newest !== step) return;
    context.globalAlpha = this.#shown(there);
    drawProbe(context, entry.look, here[0], here[1], there[0], there[1], this.colours.ink);
    context.globalAlpha = 1;
  }

  /**
   * How much shows of what is at a place: less where something stands before it.
   * @param {number[]} place
   */
  #shown(place) {
    return this.projector.hides?.(place) ? HIDDEN : 1;
  }
}

/**
 * A frame with half of itself added on every side; none where there is none.
 * @param {Frame | undefined} frame
 * @returns {Frame | null}
 */
function around(frame) {
  if (!frame) return null;
  const [x, y, w, h] = frame;
  return [x - w / 2, y - h / 2, 2 * w, 2 * h];
}

/**
 * Where a line ends before its path does: the picture has no place for the next step.
 * @param {Polyline} line
 * @param {PathEntry} entry
 */
function endOf(line, entry) {
  const last = line.size - 1;
  return last >= 0 && line.steps[last] < entry.last ? { x: line.x[last], y: line.y[last], step: line.steps[last] } : null;
}

/** @param {PathEntry} entry */
function rank({ look, frozen }) {
  return (frozen ? -1000 : 0) + (look.dash ? 100 : 0) - look.width;
}

/**
 * @param {Context} context
 * @param {Polyline} line
 * @param {Look} look
 */
function drawDots(context, line, look) {
  context.globalAlpha = 0.35;
  context.fillStyle = look.colour;
  for (let i = 0; i < line.size; i += 1) {
    context.beginPath();
    context.arc(line.x[i], line.y[i], 2.2 * display.bold, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

/**
 * Stroke a line, dimming the runs of points that lie behind the surface.
 * @param {Context} context
 * @param {Polyline} line
 * @param {Look} look
 * @param {number} first
 * @param {number} last
 */
function strokeRuns(context, line, look, first, last) {
  const { hidden } = line;
  if (!hidden) {
    strokePolyline(context, line, look, first, last);
    return;
  }
  let from = first;
  while (from < last) {
    let to = from + 1;
    while (to < last && hidden[to] === hidden[from + 1]) to += 1;
    strokePolyline(context, line, look, from, to, hidden[from + 1] ? HIDDEN : 1);
    from = to;
  }
}
