// Where a walker was before the step shown, on that step's line.

const LENGTH = 14; // steps

/**
 * s and loss of the places before a step, the last one first.
 * @param {{ positions: Float32Array, losses: Float32Array | null }} entry
 * @param {import("../draw/cut.js").CutRow} row
 * @param {number[]} centre
 * @returns {[number, number][]}
 */
export function trailOf({ positions, losses }, { step, direction }, centre) {
  const dimension = centre.length;
  const count = Math.min(LENGTH, step);
  return Array.from({ length: count }, (_, k) => {
    const at = step - 1 - k;
    const s = direction.reduce((sum, u, axis) => sum + u * (positions[dimension * at + axis] - centre[axis]), 0);
    return [s, losses?.[at] ?? NaN];
  });
}
