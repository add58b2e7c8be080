// A grid of values in colours alone, for patches and planes: without light and lines.
import { contextOf } from "./layer.js";

/**
 * A grid of values (rows × columns) as a picture, in colours at equal distances from low to high.
 * @param {ArrayLike<number>} values
 * @param {number} rows
 * @param {number} columns
 * @param {number} low
 * @param {number} high
 * @param {string[]} stops
 */
export function gridPicture(values, rows, columns, low, high, stops) {
  const palette = paletteOf(stops, 256);
  const image = new ImageData(columns, rows);
  const colours = new Uint32Array(image.data.buffer);
  const scale = 255 / (high - low);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const level = (values[row * columns + column] - low) * scale;
      // The picture's first row is its top, the grid's first row its bottom.
      colours[(rows - 1 - row) * columns + column] = palette[Math.min(Math.max(Math.round(level), 0), 255)];
    }
  }
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: columns, height: rows });
  contextOf(canvas).putImageData(image, 0, 0);
  return canvas;
}

/**
 * @param {string[]} colours
 * @param {number} count
 */
function paletteOf(colours, count) {
  const parts = colours.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
  return Uint32Array.from({ length: count }, (_, index) => {
    const place = (index / (count - 1)) * (parts.length - 1);
    const low = Math.min(Math.floor(place), parts.length - 2);
    const mix = (/** @type {number} */ k) => Math.round(parts[low][k] + (place - low) * (parts[low + 1][k] - parts[low][k]));
    return (255 << 24) | (mix(2) << 16) | (mix(1) << 8) | mix(0);
  });
}
