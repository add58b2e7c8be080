// The ground as a picture: colour by the loss, light by the slope, contour lines. Each pixel is interpolated, so that the
// picture is as sharp as its place whatever the grid.
import { LEVEL } from "./ground.js";

/** @typedef {import("./ground.js").Ground} Ground */
/** @typedef {import("../core/contract.js").GroundLook} GroundLook */

const COLOURS = 256;
const LIGHTS = 64;
const LINES = COLOURS * LIGHTS; // where the palette's contour lines begin
const LEVELS = 22; // bands between contour lines
const HALF_LINE = 0.55; // px
const CLOSE = 2; // px between lines below which they fade, since they would only darken the slope
/** The alpha of a contour line's pixel, which tells it from the ground between. */
export const LINE_ALPHA = 254;

/** @type {WeakMap<GroundLook, Uint32Array>} */
const palettes = new WeakMap();

/**
 * Colours of all losses under all lights, and those of contour lines after them; made once for a look, as making them
 * takes as long as painting with them.
 * @param {GroundLook} look
 */
export function litPalette(look) {
  const palette = palettes.get(look) ?? makePalette(look);
  palettes.set(look, palette);
  return palette;
}

/** @param {GroundLook} look */
function makePalette({ stops, line, sun }) {
  const parts = stops.map(rgb);
  const palette = new Uint32Array(2 * LINES);
  for (let colour = 0; colour < COLOURS; colour += 1) {
    const place = (colour / (COLOURS - 1)) * (parts.length - 1);
    const low = Math.min(Math.floor(place), parts.length - 2);
    const plain = [0, 1, 2].map((k) => parts[low][k] + (place - low) * (parts[low + 1][k] - parts[low][k]));
    for (let light = 0; light < LIGHTS; light += 1) {
      const lit = plain.map((value) => towards(value, sun * (light / (LIGHTS - 1) - LEVEL)));
      const at = colour * LIGHTS + light;
      palette[at] = packed(lit, 255);
      palette[LINES + at] = packed(
        lit.map((value) => towards(value, line)),
        LINE_ALPHA,
      );
    }
  }
  return palette;
}

/**
 * Darker by a part of itself, or lighter by a part of what is left to white.
 * @param {number} value
 * @param {number} gain
 */
function towards(value, gain) {
  return gain < 0 ? value * (1 + gain) : value + (255 - value) * gain;
}

/** @param {string} colour "#rrggbb" */
export function rgb(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

/**
 * A colour as ImageData has it.
 * @param {number[]} parts red, green, blue
 * @param {number} alpha
 */
export function packed([red, green, blue], alpha) {
  return ((alpha << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

/**
 * Paint the ground into width × height packed pixels, the top row the highest θ₂. Where there is no loss there is nothing.
 * @param {Ground} ground
 * @param {Uint32Array} palette of `litPalette`
 * @param {number} width
 * @param {number} height
 * @param {Uint32Array} pixels
 */
export function paintGround({ values, shade, columns, rows }, palette, width, height, pixels) {
  const pixelsAcross = (width - 1) / (columns - 1);
  const pixelsUp = (height - 1) / (rows - 1);
  for (let y = 0; y < height; y += 1) {
    const up = (height - 1 - y) / pixelsUp;
    const row = Math.min(Math.floor(up), rows - 2);
    const v = up - row;
    for (let x = 0; x < width; x += 1) {
      const across = x / pixelsAcross;
      const column = Math.min(across | 0, columns - 2);
      const u = across - column;
      const at = row * columns + column;
      const above = at + columns;
      const a = values[at];
      const b = values[at + 1];
      const c = values[above];
      const d = values[above + 1];
      const low = a + u * (b - a);
      const high = c + u * (d - c);
      const value = low + v * (high - low);
      const dark = shade[at] + u * (shade[at + 1] - shade[at]);
      const light = dark + v * (shade[above] + u * (shade[above + 1] - shade[above]) - dark);
      if (!(light >= 0)) {
        pixels[y * width + x] = 0; // a hole, or its edge
        continue;
      }
      const index = ((value * (COLOURS - 1)) | 0) * LIGHTS + ((light * (LIGHTS - 1)) | 0);
      // How far off the nearest line is, in pixels: the step to it over the slope.
      const level = value * LEVELS;
      const acrossSlope = (b - a + v * (d - c - b + a)) / pixelsAcross;
      const upSlope = (high - low) / pixelsUp;
      const slope = LEVELS * Math.sqrt(acrossSlope * acrossSlope + upSlope * upSlope);
      const nearest = Math.round(level);
      const cover = HALF_LINE + 0.5 - Math.abs(level - nearest) / slope;
      const faint = 1 / slope - CLOSE;
      if (cover > 0 && faint > 0 && nearest > 0) {
        pixels[y * width + x] = blended(palette[index], palette[LINES + index], Math.min(cover, 1) * Math.min(faint / CLOSE, 1));
      } else pixels[y * width + x] = palette[index];
    }
  }
}

/**
 * @param {number} below
 * @param {number} above
 * @param {number} part of the colour above
 */
function blended(below, above, part) {
  const mix = (/** @type {number} */ shift) => {
    const from = (below >>> shift) & 255;
    return (from + part * (((above >>> shift) & 255) - from)) | 0;
  };
  return ((LINE_ALPHA << 24) | (mix(16) << 16) | (mix(8) << 8) | mix(0)) >>> 0;
}
