// Where names go in a drawing: beside what they name, over no other name and no point, over arrows only where they must.
// A name that finds room only further away is tied to its place by a line. The same drawing gives the same places.

/** @typedef {import("./shapes.js").Point} Point */
/** @typedef {import("./shapes.js").Box} Box */

const DISTANCES = [6, 10, 15, 21, 28, 37, 48, 62, 80, 100, 125, 155, 190, 230]; // px from the place to the name
const TURNS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8].map((k) => (k * Math.PI) / 8); // from the arrow's way
const TURNING = 5; // px of distance that a radian away from the arrow's own way is worth
const CROSSING = 60; // px of distance that a name over an arrow is worth
const MARGIN = 2;
const TIED = 16; // px from which on a line is drawn
const GRID = 12;

export class LabelPlaces {
  /** @param {{ width: number, height: number }} room */
  constructor({ width, height }) {
    this.width = width;
    this.height = height;
    /** @type {Box[]} taken */
    this.boxes = [];
    /** @type {[Point, Point][]} to be avoided */
    this.lines = [];
    /** @type {{ text: string, box: Box }[]} */
    this.named = [];
  }

  /**
   * No name goes over this box { x, y, w, h }.
   * @param {Box} box
   */
  block(box) {
    this.boxes.push(box);
  }

  /**
   * No name goes outside this frame [x, y, w, h].
   * @param {import("./shapes.js").Frame} frame
   */
  within([x, y, w, h]) {
    const { width, height } = this;
    this.block({ x: 0, y: 0, w: width, h: y });
    this.block({ x: 0, y: y + h, w: width, h: height - y - h });
    this.block({ x: 0, y: 0, w: x, h: height });
    this.block({ x: x + w, y: 0, w: width - x - w, h: height });
  }

  /**
   * Names avoid the line from one point to another.
   * @param {Point} from
   * @param {Point} to
   */
  avoid(from, to) {
    this.lines.push([from, to]);
  }

  /**
   * The box { x, y, w, h } of a name of a place, towards: the unit vector to its best side; and the line [from, to]
   * that ties it to the place, or null where it stands beside it.
   * What lies outside the drawing is named at its edge.
   * @param {Point} at
   * @param {Point} towards
   * @param {{ w: number, h: number }} size
   * @param {string} [text]
   */
  place([outX, outY], [ux, uy], { w, h }, text = "") {
    const [x, y] = [Math.min(Math.max(outX, 0), this.width), Math.min(Math.max(outY, 0), this.height)];
    /** @type {{ box: Box, cost: number } | null} */
    let best = null;
    for (const distance of DISTANCES) {
      for (const turn of TURNS) {
        const [cx, cy] = [ux * Math.cos(turn) - uy * Math.sin(turn), ux * Math.sin(turn) + uy * Math.cos(turn)];
        const box = { x: x + cx * (distance + w / 2) - w / 2, y: y + cy * (distance + h / 2) - h / 2, w, h };
        if (!this.#free(box) || this.#blocked([x, y], box)) continue;
        const crossed = this.lines.filter(([from, to]) => meets(from, to, box)).length;
        const cost = distance + TURNING * Math.abs(turn) + CROSSING * crossed;
        if (best === null || cost < best.cost) best = { box, cost };
      }
    }
    const box = best?.box ?? this.#anywhere([x, y], w, h);
    this.boxes.push(box);
    this.named.push({ text, box });
    const end = nearest([x, y], box);
    return { box, leader: Math.hypot(end[0] - x, end[1] - y) > TIED ? /** @type {[Point, Point]} */ ([[x, y], end]) : null };
  }

  /** @param {Box} box */
  #free(box) {
    const inside = box.x > MARGIN && box.y > MARGIN && box.x + box.w < this.width - MARGIN && box.y + box.h < this.height - MARGIN;
    return inside && !this.boxes.some((other) => overlap(box, other));
  }

  /**
   * Whether a line to the box would go through a name.
   * @param {Point} from
   * @param {Box} box
   */
  #blocked(from, box) {
    const end = nearest(from, box);
    return Math.hypot(end[0] - from[0], end[1] - from[1]) > TIED && this.named.some((one) => meets(from, end, one.box));
  }

  /**
   * The nearest free place of all; where there is none, the upper left corner.
   * @param {Point} at
   * @param {number} w
   * @param {number} h
   * @returns {Box}
   */
  #anywhere([x, y], w, h) {
    /** @type {{ box: Box, distance: number } | null} */
    let best = null;
    for (let top = MARGIN + 1; top + h < this.height; top += GRID) {
      for (let left = MARGIN + 1; left + w < this.width; left += GRID) {
        const box = { x: left, y: top, w, h };
        const distance = Math.hypot(left + w / 2 - x, top + h / 2 - y);
        if ((!best || distance < best.distance) && this.#free(box)) best = { box, distance };
      }
    }
    return best?.box ?? { x: MARGIN, y: MARGIN, w, h };
  }
}

/**
 * @param {Box} a
 * @param {Box} b
 */
function overlap(a, b) {
  return a.x < b.x + b.w + MARGIN && b.x < a.x + a.w + MARGIN && a.y < b.y + b.h + MARGIN && b.y < a.y + a.h + MARGIN;
}

/**
 * @param {Point} at
 * @param {Box} box
 * @returns {Point}
 */
function nearest([x, y], box) {
  return [Math.min(Math.max(x, box.x), box.x + box.w), Math.min(Math.max(y, box.y), box.y + box.h)];
}

/**
 * Whether the line between two points meets a box: the part of it within the box's width and that within its height
 * overlap.
 * @param {Point} from
 * @param {Point} to
 * @param {Box} box
 */
function meets([x0, y0], [x1, y1], box) {
  let [low, high] = [0, 1];
  for (const [from, to, start, size] of /** @type {const} */ ([
    [x0, x1, box.x, box.w],
    [y0, y1, box.y, box.h],
  ])) {
    const way = to - from;
    if (way === 0) {
      if (from < start || from > start + size) return false;
      continue;
    }
    const parts = [(start - from) / way, (start + size - from) / way].sort((a, b) => a - b);
    [low, high] = [Math.max(low, parts[0]), Math.min(high, parts[1])];
  }
  return low <= high;
}
