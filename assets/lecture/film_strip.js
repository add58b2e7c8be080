// Where the system asks for less motion, Play shows the run as a film strip: six frames side by side, drawn by the same
// code as the map. Who wants to see it move all the same presses "Play anyway".
import { formatNumber } from "../core/format.js";
import { FilmStrip } from "../draw/film_strip.js";
import { MapView } from "../draw/map.js";

/** @typedef {import("../toy/main.js").ToyLab} ToyLab */

/** @param {ToyLab} page */
export function addFilmStrip(page) {
  const { pictures } = page;
  const names = () => pictures.visible ?? pictures.entries.map((entry) => entry.name);
  const losses = (/** @type {number} */ step) =>
    pictures.entries
      .filter((entry) => names().includes(entry.name))
      .map((entry) => `${entry.name} ${formatNumber(entry.losses?.[Math.min(step, entry.last)])}`);
  page.filmStrip = new FilmStrip(page, {
    ready: () => pictures.surface !== null,
    draw: (stack, step) => {
      const { surface, entries, map } = pictures;
      if (!surface) return;
      const view = new MapView(stack, { bare: true });
      view.setSurface(surface, pictures.groundLook, map.ground);
      const still = entries.map((entry) => ({ ...entry, probes: null }));
      Object.assign(view.paths, { entries: still, visible: new Set(names()), colours: map.paths.colours, step });
      view.draw();
    },
    caption: (step) => `step ${step}`,
    words: (step) => `Map at step ${step}; losses: ${losses(step).join(", ")}.`,
  });
}
