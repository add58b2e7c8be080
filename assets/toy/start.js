// Where a walk begins, as the state has it.

/**
 * The start at a place of the ground, on its edge where the place lies beyond it.
 * @param {import("../core/contract.js").SurfaceAnswer} surface
 * @param {number[]} place
 */
export function startAt({ domain }, place) {
  const [x, y] = domain.map(([low = 0, high = 0], axis) => Math.round(Math.min(Math.max(place[axis] ?? low, low), high) * 1e4) / 1e4);
  return y === undefined ? { start_x: x } : { start_x: x, start_y: y };
}
