// The lanes of a cut at a step: each method's row, and where its walker was before.
import { ownStep } from "../draw/paths.js";

/** @typedef {import("../draw/shapes.js").PathEntry} PathEntry */
/** @typedef {import("../draw/cut.js").CutRow} CutRow */

const TRAIL = 14; // steps

/**
 * What is drawn of what is known; null while nothing is.
 * @param {import("./cut_steps.js").CutSteps} known
 * @param {PathEntry[]} entries of the methods shown
 * @param {import("../core/scheme.js").Looks} looks
 * @param {number} step
 * @param {{ known: import("./cut_steps.js").CutSteps, entries: PathEntry[] } | null} [frozen] a run to compare with
 * @returns {import("../draw/cut_view.js").CutPicture | null}
 */
export function pictureOf(known, entries, looks, step, frozen = null) {
  const { frame, dimension } = known;
  if (!frame) return null;
  const lanes = entries.map((entry) => {
    const own = ownStep(entry, step);
    const row = known.find(entry.name, own);
    const gone = Boolean(entry.diverged) && own >= entry.last;
    const other = frozen?.entries.find(({ name }) => name === entry.name);
    return {
      ...{ name: entry.name, look: looks[entry.name], row, gone, trail: row ? trailOf(entry, row, frame.centre) : [] },
      frozen: other && frozen ? frozen.known.find(other.name, ownStep(other, step)) : null,
    };
  });
  return { frame, marks: dimension === 1 || known.line === "basin", plane: dimension === 2, walkers: true, lanes };
}

/**
 * s and loss of the places before a step on that step's line, the last one first.
 * @param {{ positions: Float32Array, losses: Float32Array | null }} entry
 * @param {CutRow} row
 * @param {number[]} centre
 * @returns {[number, number][]}
 */
export function trailOf({ positions, losses }, { step, direction }, centre) {
  const dimension = centre.length;
  return Array.from({ length: Math.min(TRAIL, step) }, (_, k) => {
    const at = step - 1 - k;
    const s = direction.reduce((sum, u, axis) => sum + u * (positions[dimension * at + axis] - centre[axis]), 0);
    return [s, losses?.[at] ?? NaN];
  });
}
