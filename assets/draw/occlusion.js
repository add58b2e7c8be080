// Whether a surface given on a grid hides a point: walk from the point towards the eye and compare heights.

const SAMPLES = 40;

/**
 * relief: { points, domain [[x0, x1], [y0, y1]], heights (row-major, y outer), top, span }
 * @param {import("./shapes.js").Relief} relief
 * @param {ArrayLike<number>} eye
 * @param {number} x
 * @param {number} y
 * @param {number} z
 */
export function behindSurface(relief, eye, x, y, z) {
  const [[x0, x1], [y0, y1]] = relief.domain;
  const n = relief.points - 1;
  const [dx, dy, dz] = [eye[0] - x, eye[1] - y, eye[2] - z];
  // The walk ends where the line of sight leaves the domain or rises above all that is drawn.
  let reach = 1;
  if (dz > 0) reach = Math.min(reach, (relief.top - z) / dz);
  if (dx > 0) reach = Math.min(reach, (x1 - x) / dx);
  if (dx < 0) reach = Math.min(reach, (x0 - x) / dx);
  if (dy > 0) reach = Math.min(reach, (y1 - y) / dy);
  if (dy < 0) reach = Math.min(reach, (y0 - y) / dy);
  if (!(reach > 0)) return false;
  for (let k = 1; k <= SAMPLES; k += 1) {
    const t = (reach * k) / SAMPLES;
    const column = ((x + t * dx - x0) / (x1 - x0)) * n;
    const row = ((y + t * dy - y0) / (y1 - y0)) * n;
    const i = Math.min(Math.max(Math.floor(column), 0), n - 1);
    const j = Math.min(Math.max(Math.floor(row), 0), n - 1);
    const u = column - i;
    const v = row - j;
    const at = j * (n + 1) + i;
    const h = relief.heights;
    const below = (1 - u) * h[at] + u * h[at + 1];
    const above = (1 - u) * h[at + n + 1] + u * h[at + n + 2];
    const height = (1 - v) * below + v * above;
    if (height <= relief.top && height > z + t * dz + 0.01 * relief.span) return true;
  }
  return false;
}
