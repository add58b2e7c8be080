// The camera of a relief: it goes around the box's middle, looks at it, and stays outside the box and within reach.

/** @typedef {{ x: number, y: number, z: number }} Eye where it stands, in the box's units */

const CENTRE = [0, 0, -0.1]; // what it looks at
const FIELD = 0.88; // rad, vertical angle of view
const FILL = 0.95; // of the picture, with some air around the box
const NEAREST = 1.15;
const FARTHEST = 4;
const LOWEST = 0.06; // rad above the horizon
const HIGHEST = 1.5;

export class Camera {
  /** @param {Eye} eye brought within the limits */
  constructor({ x, y, z }) {
    const rise = z - CENTRE[2];
    const distance = Math.hypot(x, y, rise);
    this.around = x || y ? Math.atan2(y, x) : -Math.PI / 2;
    this.above = distance ? Math.asin(rise / distance) : 1;
    this.distance = distance;
    this.#limit();
  }

  #limit() {
    this.above = Math.min(Math.max(this.above, LOWEST), HIGHEST);
    this.distance = Math.min(Math.max(this.distance, NEAREST), FARTHEST);
  }

  /**
   * @param {number} around rad
   * @param {number} above rad
   */
  turn(around, above) {
    this.around -= around;
    this.above += above;
    this.#limit();
  }

  /** @param {number} factor of the distance */
  zoom(factor) {
    this.distance *= factor;
    this.#limit();
  }

  /** @returns {Eye} */
  get eye() {
    const level = Math.cos(this.above) * this.distance;
    return { x: level * Math.cos(this.around), y: level * Math.sin(this.around), z: Math.sin(this.above) * this.distance + CENTRE[2] };
  }

  /**
   * Pixels that a unit of the box takes at a depth of 1. A narrow picture sees as much as a square one does.
   * @param {number} width
   * @param {number} height
   */
  focus(width, height) {
    return (FILL * Math.min(width, height)) / 2 / Math.tan(FIELD / 2);
  }

  /**
   * From the box's units to a picture of this size: a row each for x·w, y·w and w, w being the depth.
   * @param {number} width
   * @param {number} height
   */
  rows(width, height) {
    const { x, y, z } = this.eye;
    const eye = [x, y, z];
    const back = unit([x - CENTRE[0], y - CENTRE[1], z - CENTRE[2]]);
    const right = unit([-back[1], back[0], 0]);
    const up = cross(back, right);
    const [r, u, b] = [right, up, back].map((axis) => [...axis, -dot(axis, eye)]);
    const focus = this.focus(width, height);
    const w = b.map((value) => -value);
    return [r.map((value, k) => focus * value + (width / 2) * w[k]), u.map((value, k) => -focus * value + (height / 2) * w[k]), w];
  }
}

/** @param {number[]} v */
function unit(v) {
  const length = Math.hypot(...v);
  return v.map((value) => value / length);
}

/**
 * @param {number[]} u
 * @param {number[]} v
 */
function cross(u, v) {
  return [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
}

/**
 * @param {number[]} u
 * @param {number[]} v
 */
function dot(u, v) {
  return u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
}
