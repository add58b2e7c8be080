// Contour lines of a grid by marching squares: for each level the segments in grid coordinates (column, row).
// Corners are numbered 0 (column, row), 1 (column + 1, row), 2 (column + 1, row + 1), 3 (column, row + 1); edge k joins
// corner k and the next. For each pattern of corners above the level, the pairs of edges that a line joins. The two
// saddles are cut so that the parts above the level stay apart.

const PAIRS = [
  [],
  [[3, 0]],
  [[0, 1]],
  [[3, 1]],
  [[1, 2]],
  [
    [3, 0],
    [1, 2],
  ],
  [[0, 2]],
  [[3, 2]],
  [[2, 3]],
  [[2, 0]],
  [
    [0, 1],
    [2, 3],
  ],
  [[2, 1]],
  [[1, 3]],
  [[1, 0]],
  [[0, 3]],
  [],
];

/**
 * values: rows × columns, row after row. Returns a flat array x0, y0, x1, y1, …
 * @param {ArrayLike<number>} values
 * @param {number} columns
 * @param {number} rows
 * @param {number} level
 */
export function contourSegments(values, columns, rows, level) {
  /** @type {number[]} */
  const found = [];
  const corner = [0, 0, 0, 0];
  const place = (/** @type {number} */ edge, /** @type {number} */ column, /** @type {number} */ row) => {
    const [a, b] = [corner[edge], corner[(edge + 1) % 4]];
    const part = (level - a) / (b - a);
    if (edge === 0) found.push(column + part, row);
    else if (edge === 1) found.push(column + 1, row + part);
    else if (edge === 2) found.push(column + 1 - part, row + 1);
    else found.push(column, row + 1 - part);
  };
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < columns; column += 1) {
      const at = row * columns + column;
      corner[0] = values[at];
      corner[1] = values[at + 1];
      corner[2] = values[at + columns + 1];
      corner[3] = values[at + columns];
      const pattern = corner.reduce((bits, value, k) => bits | (value > level ? 1 << k : 0), 0);
      for (const [from, to] of PAIRS[pattern]) {
        place(from, column, row);
        place(to, column, row);
      }
    }
  }
  return found;
}
