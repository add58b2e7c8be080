// The relief as a block: the ground on top, walls down to the floor, and where it is cut open a right angle taken out, so
// that its two sides show the trough in profile.
import { BOX } from "./ground.js";

/** @typedef {import("./ground.js").Ground} Ground */
/** @typedef {import("./depth_picture.js").DepthPicture} DepthPicture */
/** @typedef {import("./depth_picture.js").Texture} Texture */
/** @typedef {import("./depth_picture.js").Corners} Corners */
/** @typedef {{ corner: number[], one: number[], other: number[] }} Wedge in the box's units: its corner, and the directions of its sides */
/** @typedef {{ front: number, side: number, floor: number }} WallColours packed */

const FLOOR = -0.5 * BOX[2] - 0.02;
const STEEP = 0.012; // of the scale between neighbours: there glass would only be a thicket of lines
const CUTS = 200; // pieces of a cut

/**
 * Where a point of the domain and a share of the scale lie in the box.
 * @param {Ground} ground
 */
export function boxOf({ domain: [[x0, x1], [y0, y1]], cut }) {
  return {
    x: (/** @type {number} */ x) => ((x - x0) / (x1 - x0) - 0.5) * BOX[0],
    y: (/** @type {number} */ y) => ((y - y0) / (y1 - y0) - 0.5) * BOX[1],
    z: (/** @type {number} */ share) => (Math.max(Math.min(share / cut, 1), 0) - 0.5) * BOX[2],
  };
}

/**
 * Draw the block.
 * @param {DepthPicture} picture begun
 * @param {Ground} ground
 * @param {Texture} texture
 * @param {number[][]} view the camera's rows for the picture's size
 * @param {WallColours} colours
 * @param {Wedge | null} wedge
 * @param {number} [stride] grid points to a cell: 1 at rest, more while it is turned
 */
export function drawBlock(picture, ground, texture, view, colours, wedge, stride = 1) {
  const block = new Block(ground, view, wedge);
  const { columns } = ground;
  const columnStops = stopsOf(columns, stride);
  const rowStops = stopsOf(ground.rows, stride);
  for (const row of rowStops) for (const column of columnStops) block.raise(column, row);
  /** @type {[number, number, number, number, import("./depth_picture.js").Wedge | null][]} */
  const glass = [];
  const cut = wedge && texelWedge(wedge, texture);
  each(rowStops, (row, tall) => {
    each(columnStops, (column, wide) => {
      const at = row * columns + column;
      const gone = block.gone[at] + block.gone[at + wide] + block.gone[at + tall * columns] + block.gone[at + tall * columns + wide];
      if (gone < 4) picture.cell(block.corners, columns, column, row, texture, wide, tall, false, gone ? cut : null);
      if (gone && block.isGentle(at, at + wide, at + tall * columns)) glass.push([column, row, wide, tall, gone < 4 ? cut : null]);
    });
  });
  const edges = [-0.5, 0.5];
  for (const edge of edges) {
    block.wall(picture, [-0.5 * BOX[0], edge * BOX[1]], [0.5 * BOX[0], edge * BOX[1]], colours.front);
    block.wall(picture, [edge * BOX[0], -0.5 * BOX[1]], [edge * BOX[0], 0.5 * BOX[1]], colours.side);
  }
  if (!wedge) return;
  for (const direction of [wedge.one, wedge.other]) {
    const wide = Math.abs(direction[0]) > Math.abs(direction[1]);
    block.cut(picture, wedge.corner, reachOf(wedge.corner, direction), wide ? colours.front : colours.side);
  }
  block.floor(picture, colours.floor);
  for (const [column, row, wide, tall, part] of glass) picture.cell(block.corners, columns, column, row, texture, wide, tall, true, part);
}

class Block {
  /**
   * @param {Ground} ground
   * @param {number[][]} view
   * @param {Wedge | null} wedge
   */
  constructor(ground, view, wedge) {
    this.ground = ground;
    this.view = view;
    this.wedge = wedge;
    this.height = boxOf(ground).z;
    const { columns, rows } = ground;
    this.corners = empty(columns * rows);
    /** 1 where a grid point is in the wedge */
    this.gone = new Uint8Array(columns * rows);
    this.four = empty(4);
  }

  /**
   * @param {number} column
   * @param {number} row
   */
  raise(column, row) {
    const { columns, rows, values } = this.ground;
    const at = row * columns + column;
    const x = (column / (columns - 1) - 0.5) * BOX[0];
    const y = (row / (rows - 1) - 0.5) * BOX[1];
    this.#project(this.corners, at, x, y, this.height(values[at]));
    if (this.wedge && isInside(this.wedge, x, y)) this.gone[at] = 1;
  }

  /**
   * @param {number} a
   * @param {number} b
   * @param {number} c
   */
  isGentle(a, b, c) {
    const { values } = this.ground;
    const steep = STEEP * (b - a);
    return Math.abs(values[a] - values[b]) < steep && Math.abs(values[a] - values[c]) < steep;
  }

  /**
   * A wall of the block, where it is not cut away.
   * @param {DepthPicture} picture
   * @param {number[]} from
   * @param {number[]} to
   * @param {number} colour
   */
  wall(picture, from, to, colour) {
    const { wedge } = this;
    this.#strip(picture, from, to, colour, (x, y) => !wedge || !isInside(wedge, x, y));
  }

  /**
   * @param {DepthPicture} picture
   * @param {number[]} from
   * @param {number[]} to
   * @param {number} colour
   */
  cut(picture, from, to, colour) {
    this.#strip(picture, from, to, colour, () => true);
  }

  /**
   * A wall from the floor to the ground, in pieces.
   * @param {DepthPicture} picture
   * @param {number[]} from
   * @param {number[]} to
   * @param {number} colour
   * @param {(x: number, y: number) => boolean} stands
   */
  #strip(picture, from, to, colour, stands) {
    const { four } = this;
    for (let k = 0; k < CUTS; k += 1) {
      const [start, end] = [k / CUTS, (k + 1) / CUTS].map((part) => [
        from[0] + part * (to[0] - from[0]),
        from[1] + part * (to[1] - from[1]),
      ]);
      if (!stands((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)) continue;
      [start, end].forEach(([x, y], side) => {
        this.#project(four, side, x, y, this.#heightAt(x, y));
        this.#project(four, 2 + side, x, y, FLOOR);
      });
      picture.fill(four, 0, 1, 2, colour);
      picture.fill(four, 3, 1, 2, colour);
    }
  }

  /**
   * The floor under the wedge: as far as the box reaches.
   * @param {DepthPicture} picture
   * @param {number} colour
   */
  floor(picture, colour) {
    const { four } = this;
    [-0.5, 0.5].forEach((deep, row) => {
      [-0.5, 0.5].forEach((across, column) => this.#project(four, 2 * row + column, across * BOX[0], deep * BOX[1], FLOOR));
    });
    picture.fill(four, 0, 1, 2, colour);
    picture.fill(four, 3, 1, 2, colour);
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #heightAt(x, y) {
    const { columns, rows, values } = this.ground;
    const across = Math.min(Math.max(x / BOX[0] + 0.5, 0), 1) * (columns - 1);
    const deep = Math.min(Math.max(y / BOX[1] + 0.5, 0), 1) * (rows - 1);
    const [column, row] = [Math.min(Math.floor(across), columns - 2), Math.min(Math.floor(deep), rows - 2)];
    const [u, v] = [across - column, deep - row];
    const at = row * columns + column;
    const low = values[at] + u * (values[at + 1] - values[at]);
    const high = values[at + columns] + u * (values[at + columns + 1] - values[at + columns]);
    return this.height(low + v * (high - low));
  }

  /**
   * @param {Corners} into
   * @param {number} at
   * @param {number} x
   * @param {number} y
   * @param {number} z
   */
  #project(into, at, x, y, z) {
    const [r, u, w] = this.view;
    const near = 1 / (w[0] * x + w[1] * y + w[2] * z + w[3]);
    into.x[at] = (r[0] * x + r[1] * y + r[2] * z + r[3]) * near;
    into.y[at] = (u[0] * x + u[1] * y + u[2] * z + u[3]) * near;
    into.near[at] = near;
  }
}

/**
 * @param {Wedge} wedge
 * @param {number} x
 * @param {number} y
 */
function isInside({ corner, one, other }, x, y) {
  const [dx, dy] = [x - corner[0], y - corner[1]];
  return dx * one[0] + dy * one[1] > 0 && dx * other[0] + dy * other[1] > 0;
}

/**
 * Where a ray from a place in the box leaves it.
 * @param {number[]} from
 * @param {number[]} direction
 */
function reachOf(from, direction) {
  const parts = direction.map((part, axis) => (part ? (Math.sign(part) * 0.5 * BOX[axis] - from[axis]) / part : Infinity));
  const reach = Math.min(...parts);
  return from.map((value, axis) => value + reach * direction[axis]);
}

/**
 * The wedge in a texture's pixels, whose rows run downwards.
 * @param {Wedge} wedge
 * @param {Texture} texture
 * @returns {import("./depth_picture.js").Wedge}
 */
function texelWedge({ corner, one, other }, { width, last }) {
  return {
    u: (corner[0] / BOX[0] + 0.5) * (width - 1),
    v: last - (corner[1] / BOX[1] + 0.5) * last,
    one: [one[0], -one[1]],
    other: [other[0], -other[1]],
  };
}

/** @param {number} count */
function empty(count) {
  return { x: new Float32Array(count), y: new Float32Array(count), near: new Float32Array(count) };
}

/**
 * Every stride-th index, and the last one.
 * @param {number} count
 * @param {number} stride
 */
function stopsOf(count, stride) {
  const stops = [];
  for (let index = 0; index < count - 1; index += stride) stops.push(index);
  return [...stops, count - 1];
}

/**
 * @param {number[]} stops
 * @param {(from: number, length: number) => void} run
 */
function each(stops, run) {
  for (let k = 0; k + 1 < stops.length; k += 1) run(stops[k], stops[k + 1] - stops[k]);
}
