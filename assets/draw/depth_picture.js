// A picture that knows how near each of its pixels is: triangles are drawn with a depth test, and what is drawn over the
// picture later can ask what hides it. Plain numbers, no WebGL: there is no context that a browser could take away, a file
// opened from disk draws the same, and so does a test. A surface takes some ten milliseconds, and is drawn when it or the
// camera moves, not while a run plays.
import { LINE_ALPHA } from "./ground_picture.js";

/** @typedef {{ x: Float32Array, y: Float32Array, near: Float32Array }} Corners places in pixels, and 1/depth */
/** @typedef {{ u: number, v: number, one: number[], other: number[] }} Wedge a right angle in the texture's pixels: its corner, and the directions of its sides */
/** @typedef {{ pixels: Uint32Array, width: number, perColumn: number, perRow: number, last: number }} Texture perColumn, perRow: its pixels to one of the grid; last: its row of θ₂'s lowest */

const GLASS = 0.35; // how much of a contour line shows where the ground is cut away

export class DepthPicture {
  constructor() {
    this.width = 0;
    this.height = 0;
    this.pixels = new Uint32Array();
    /** 1/depth of what is seen, 0 where there is nothing */
    this.near = new Float32Array();
    /** @type {Wedge | null} of the cell that is drawn */
    this.wedge = null;
  }

  /**
   * An empty picture of this size.
   * @param {number} width
   * @param {number} height
   * @param {number} [background] packed
   */
  begin(width, height, background = 0) {
    if (width !== this.width || height !== this.height) {
      Object.assign(this, { width, height, pixels: new Uint32Array(width * height), near: new Float32Array(width * height) });
    }
    this.pixels.fill(background);
    this.near.fill(0);
  }

  /**
   * Whether something that is drawn stands before a place.
   * @param {number} x px
   * @param {number} y px
   * @param {number} near 1/depth of the place
   */
  hides(x, y, near) {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (!(column >= 0 && row >= 0 && column < this.width && row < this.height)) return false;
    return this.near[row * this.width + column] > near;
  }

  /**
   * A triangle of one colour between three corners.
   * @param {Corners} corners
   * @param {number} a
   * @param {number} b
   * @param {number} c
   * @param {number} colour packed
   */
  fill({ x, y, near }, a, b, c, colour) {
    this.#draw(x[a], y[a], near[a], x[b], y[b], near[b], x[c], y[c], near[c], 0, 0, 0, 0, 0, 0, null, colour);
  }

  /**
   * A cell of the ground, with the texture's colours: two triangles over the grid's columns and rows.
   * @param {Corners} corners of the grid, row after row
   * @param {number} columns of the grid
   * @param {number} column
   * @param {number} row
   * @param {Texture} texture
   * @param {number} across columns to a cell
   * @param {number} deep rows to a cell
   * @param {boolean} [glass] only the contour lines, which hide nothing
   * @param {Wedge | null} [wedge] where it goes through the cell: what of it is glass
   */
  cell({ x, y, near }, columns, column, row, texture, across, deep, glass = false, wedge = null) {
    this.wedge = wedge;
    const a = row * columns + column;
    const b = a + across;
    const c = a + deep * columns;
    const d = c + across;
    const [left, right] = [column * texture.perColumn, (column + across) * texture.perColumn];
    const [low, high] = [texture.last - row * texture.perRow, texture.last - (row + deep) * texture.perRow];
    const kind = glass ? 1 : 0;
    this.#draw(x[a], y[a], near[a], x[b], y[b], near[b], x[c], y[c], near[c], left, low, right, low, left, high, texture, kind);
    this.#draw(x[d], y[d], near[d], x[c], y[c], near[c], x[b], y[b], near[b], right, high, left, high, right, low, texture, kind);
  }

  /**
   * One triangle: places, 1/depth (which is linear on the screen) and texture coordinates of its corners.
   * @param {number} x0
   * @param {number} y0
   * @param {number} n0
   * @param {number} x1
   * @param {number} y1
   * @param {number} n1
   * @param {number} x2
   * @param {number} y2
   * @param {number} n2
   * @param {number} u0
   * @param {number} v0
   * @param {number} u1
   * @param {number} v1
   * @param {number} u2
   * @param {number} v2
   * @param {Texture | null} texture
   * @param {number} colour without a texture the packed colour, with one 1 for glass
   */
  #draw(x0, y0, n0, x1, y1, n1, x2, y2, n2, u0, v0, u1, v1, u2, v2, texture, colour) {
    const area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
    if (!area) return;
    const { width, pixels, near, wedge } = this;
    const left = Math.max(Math.ceil(Math.min(x0, x1, x2) - 0.5), 0);
    const right = Math.min(Math.ceil(Math.max(x0, x1, x2) - 0.5), width);
    const top = Math.max(Math.ceil(Math.min(y0, y1, y2) - 0.5), 0);
    const bottom = Math.min(Math.ceil(Math.max(y0, y1, y2) - 0.5), this.height);
    // Weights of the corners 1 and 2; what they are at a pixel's middle, and from one pixel to the next.
    const across1 = (y2 - y0) / area;
    const down1 = -(x2 - x0) / area;
    const across2 = -(y1 - y0) / area;
    const down2 = (x1 - x0) / area;
    for (let y = top; y < bottom; y += 1) {
      let w1 = across1 * (left + 0.5 - x0) + down1 * (y + 0.5 - y0);
      let w2 = across2 * (left + 0.5 - x0) + down2 * (y + 0.5 - y0);
      let at = y * width + left;
      for (let x = left; x < right; x += 1, at += 1, w1 += across1, w2 += across2) {
        if (w1 < -1e-6 || w2 < -1e-6 || w1 + w2 > 1.000001) continue;
        const n = n0 + w1 * (n1 - n0) + w2 * (n2 - n0);
        if (n <= near[at]) continue;
        if (!texture) {
          pixels[at] = colour;
          near[at] = n;
          continue;
        }
        const u = (u0 + w1 * (u1 - u0) + w2 * (u2 - u0) + 0.5) | 0;
        const v = (v0 + w1 * (v1 - v0) + w2 * (v2 - v0) + 0.5) | 0;
        if (wedge) {
          const [du, dv] = [u - wedge.u, v - wedge.v];
          const inside = du * wedge.one[0] + dv * wedge.one[1] > 0 && du * wedge.other[0] + dv * wedge.other[1] > 0;
          if (inside === (colour === 0)) continue;
        }
        const texel = texture.pixels[v * texture.width + u];
        if (texel === 0) continue; // a hole
        if (colour === 0) {
          pixels[at] = texel | 0xff000000;
          near[at] = n;
        } else if (texel >>> 24 === LINE_ALPHA) pixels[at] = mixed(pixels[at], texel);
      }
    }
  }
}

/**
 * @param {number} below packed, perhaps nothing
 * @param {number} above packed
 */
function mixed(below, above) {
  if (below >>> 24 === 0) return ((Math.round(255 * GLASS) << 24) | (above & 0xffffff)) >>> 0;
  const mix = (/** @type {number} */ shift) => {
    const from = (below >>> shift) & 255;
    return (from + GLASS * (((above >>> shift) & 255) - from)) | 0;
  };
  return ((255 << 24) | (mix(16) << 16) | (mix(8) << 8) | mix(0)) >>> 0;
}
