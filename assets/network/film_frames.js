// The frames of a training's film strip: the plane's loss, small, and the projected paths up to a step.
import { formatNumber } from "../core/format.js";
import { FilmStrip } from "../draw/film_strip.js";
import { PathView } from "../draw/paths.js";
import { methodRows } from "./method_table.js";

const EDGE = 6; // px of air around a frame's picture

/**
 * @param {HTMLElement} stack
 * @param {import("./plane_view.js").PlaneView} plane
 * @param {number} step
 */
function drawFrame(stack, plane, step) {
  const { colours } = plane;
  if (!colours) return;
  const size = () => /** @type {const} */ ([stack.clientWidth - 2 * EDGE, stack.clientHeight - 2 * EDGE]);
  const [[x0, x1], [y0, y1]] = plane.bounds;
  const x = (/** @type {number} */ value) => EDGE + ((value - x0) / (x1 - x0)) * size()[0];
  const y = (/** @type {number} */ value) => EDGE + (1 - (value - y0) / (y1 - y0)) * size()[1];
  const view = new PathView(stack, {
    ready: () => true,
    box: () => [EDGE, EDGE, ...size()],
    point:
      ({ positions }) =>
      (index, out) => {
        out[0] = x(positions[2 * index]);
        out[1] = y(positions[2 * index + 1]);
      },
    probe: () => null,
    underlay: (context) => {
      const image = plane.picture?.image;
      context.save();
      context.beginPath();
      context.rect(EDGE, EDGE, ...size());
      context.clip();
      if (plane.surface && image) {
        const { x: across, y: up, points } = plane.surface;
        const half = (x(across[1]) - x(across[0])) / (points - 1) / 2; // a grid point is the middle of its pixel
        const [left, top] = [x(across[0]) - half, y(up[1]) - half];
        context.drawImage(image, left, top, x(across[1]) + half - left, y(up[0]) + half - top);
      }
      context.restore();
      context.strokeStyle = colours.grid;
      context.setLineDash([]);
      context.lineWidth = 1;
      context.strokeRect(EDGE, EDGE, ...size());
    },
  });
  const entries = plane.entries.map((entry) => ({ ...entry, probes: null }));
  Object.assign(view, { colours, step });
  view.setPaths(entries);
}

/** @param {import("./main.js").NetworkLab} page */
export function addTrainingFilmStrip(page) {
  const { view } = page;
  const step = (/** @type {number} */ index) => page.curves?.rows[index]?.position;
  const losses = (/** @type {number} */ index) =>
    (page.curves ? methodRows(page.curves, index) : [])
      .filter(({ method }) => view.shown().includes(method))
      .map(({ method, train_loss: loss }) => `${method} ${formatNumber(loss)}`);
  page.filmStrip = new FilmStrip(page, {
    ready: () => view.plane.entries.length > 0,
    draw: (stack, index) => drawFrame(stack, view.plane, index),
    caption: (index) => `step ${step(index)}`,
    words: (index) => `Plane at step ${step(index)}; training losses: ${losses(index).join(", ")}.`,
  });
}
