// Where the system asks for less motion, Play shows the run as a film strip: six frames side by side, drawn by the same
// code as the map. Who wants to see it move all the same presses "Play anyway".
import { decode } from "../core/arrays.js";
import { display } from "../core/display.js";
import { formatNumber } from "../core/format.js";
import { FilmStrip } from "../draw/film_strip.js";
import { PathView } from "../draw/paths.js";
import { mapPicture } from "../draw/preview.js";

/** @typedef {{ surface: import("../core/contract.js").SurfaceAnswer, entries: import("../draw/shapes.js").PathEntry[], names: string[], colours: import("../core/scheme.js").Colours }} Run */
/** @typedef {import("../toy/main.js").ToyLab} ToyLab */

const EDGE = 6; // px of air around a frame's picture

/**
 * One frame: the map's ground, the paths up to a step, the walkers there.
 * @param {HTMLElement} stack
 * @param {Run} run
 * @param {number} step
 */
function drawFrame(stack, { surface, entries, names, colours }, step) {
  const { layout, data } = surface.figures.map;
  const flat = surface.dimension === 1;
  const { range: across } = layout.xaxis;
  const { range: up } = layout.yaxis;
  /** @type {() => [number, number]} */
  const size = () => [stack.clientWidth - 2 * EDGE, stack.clientHeight - 2 * EDGE];
  const x = (/** @type {number} */ value) => EDGE + ((value - across[0]) / (across[1] - across[0])) * size()[0];
  const y = (/** @type {number} */ value) => EDGE + (1 - (value - up[0]) / (up[1] - up[0])) * size()[1];
  const view = new PathView(stack, {
    ready: () => true,
    box: () => [EDGE, EDGE, ...size()],
    point:
      ({ positions, losses }) =>
      (index, out) => {
        out[0] = x(positions[flat ? index : 2 * index]);
        out[1] = y(flat ? (losses?.[index] ?? NaN) : positions[2 * index + 1]);
      },
    probe: () => null,
    asDots: () => flat,
    underlay: (context) => {
      if (flat) drawCurve(context, decode(data[0].x), decode(data[0].y), x, y, colours);
      else context.drawImage(mapPicture(data[0]), EDGE, EDGE, ...size());
    },
  });
  Object.assign(view, { entries: entries.map((entry) => ({ ...entry, probes: null })), visible: new Set(names), colours, step });
  view.rebuild();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Float32Array} xs
 * @param {Float32Array} ys
 * @param {(value: number) => number} x
 * @param {(value: number) => number} y
 * @param {import("../core/scheme.js").Colours} colours
 */
function drawCurve(context, xs, ys, x, y, colours) {
  context.strokeStyle = colours.ink;
  context.lineWidth = display.bold;
  context.setLineDash([]);
  context.beginPath();
  xs.forEach((value, index) => context[index ? "lineTo" : "moveTo"](x(value), y(ys[index])));
  context.stroke();
}

/** @param {ToyLab} page */
export function addFilmStrip(page) {
  const { pictures } = page;
  const names = () => pictures.visible ?? pictures.entries.map((entry) => entry.name);
  const losses = (/** @type {number} */ step) =>
    pictures.entries
      .filter((entry) => names().includes(entry.name))
      .map((entry) => `${entry.name} ${formatNumber(entry.losses?.[Math.min(step, entry.last)])}`);
  page.filmStrip = new FilmStrip(page, {
    ready: () => Boolean(pictures.surface?.figures?.map),
    draw: (stack, step) => {
      const { surface, entries, map } = pictures;
      if (surface) drawFrame(stack, { surface, entries, names: names(), colours: map.paths.colours }, step);
    },
    caption: (step) => `step ${step}`,
    words: (step) => `Map at step ${step}; losses: ${losses(step).join(", ")}.`,
  });
}
