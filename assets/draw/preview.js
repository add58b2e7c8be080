// A stand-in for plotly's map while a surface parameter is dragged: the same colours as a picture, without lines.
// plotly takes some hundred milliseconds for the map and the 3-D view, a picture takes two.
import { decode } from "../core/arrays.js";
import { contextOf } from "./layer.js";

export function mapPicture(trace) {
  const [rows, columns] = trace.z.shape.split(",").map(Number);
  const stops = trace.colorscale.map(([, colour]) => colour);
  return gridPicture(decode(trace.z), rows, columns, trace.zmin, trace.zmax, stops);
}

// A grid of values (rows × columns) as a picture, in colours at equal distances from low to high.
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

function paletteOf(colours, count) {
  const parts = colours.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
  const stops = parts.map((colour, index) => [index / (parts.length - 1), colour]);
  return Uint32Array.from({ length: count }, (_, index) => {
    const place = index / (count - 1);
    const next = Math.max(1, stops.findIndex(([at]) => at >= place));
    const [[from, low], [to, high]] = [stops[next - 1], stops[next]];
    const part = (place - from) / (to - from);
    const [red, green, blue] = low.map((value, k) => Math.round(value + part * (high[k] - value)));
    return (255 << 24) | (blue << 16) | (green << 8) | red;
  });
}
