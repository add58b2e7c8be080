// Axes around a still picture: its frame, ticks and names, and beside a ground the scale of its colours.
import { display } from "../core/display.js";
import { formatNumber, ticks } from "../core/format.js";
import { font } from "./ink.js";

/** @typedef {import("./shapes.js").Context} Context */
/** @typedef {import("../core/scheme.js").Colours} Colours */
/** @typedef {{ offset: number, length: number, range: number[] }} Axis px, and the values at its ends */
/** @typedef {{ x: Axis, y: Axis }} Axes y's range runs upwards */
/** @typedef {{ places: number[], labels: string[] }} Ticks */

/** Ratios of a ground's sides at which equal scales on both leave no strip. */
export const SIMILAR = [0.55, 1.8];

/**
 * @param {Context} context
 * @param {Axes} axes
 * @param {string[]} names of the two
 * @param {Colours} colours
 * @param {Ticks | null} [upwards] what is written at y; round numbers where it is null
 */
export function drawAxes(context, { x, y }, names, { quiet, grid }, upwards = null) {
  Object.assign(context, { font: font(11), fillStyle: quiet, strokeStyle: grid, lineWidth: 1, textAlign: "center", textBaseline: "top" });
  context.setLineDash([]);
  context.strokeRect(x.offset - 0.5, y.offset - 0.5, x.length + 1, y.length + 1);
  const below = y.offset + y.length;
  for (const value of ticks(x.range[0], x.range[1], Math.max(3, x.length / (70 * display.zoom)))) {
    context.fillText(tick(value, x.range), x.offset + ((value - x.range[0]) / (x.range[1] - x.range[0])) * x.length, below + 6);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  const round = ticks(y.range[0], y.range[1], Math.max(3, y.length / (50 * display.zoom)));
  const { places, labels } = upwards ?? { places: round, labels: round.map((value) => tick(value, y.range)) };
  places.forEach((value, k) => {
    context.fillText(labels[k], x.offset - 6, below - ((value - y.range[0]) / (y.range[1] - y.range[0])) * y.length);
  });
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillText(names[0], x.offset + x.length / 2, below + 21 * display.zoom, x.length);
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.fillText(names[1], x.offset, y.offset - 4, x.length);
}

/**
 * The scale of a ground's colours, right of its picture.
 * @param {Context} context
 * @param {Axes} axes
 * @param {import("./ground.js").Ground} ground
 * @param {string[]} stops
 * @param {Colours} colours
 */
export function drawScale(context, { x, y }, ground, stops, { quiet }) {
  const left = x.offset + x.length + 12;
  const gradient = context.createLinearGradient(0, y.offset + y.length, 0, y.offset);
  stops.forEach((colour, k) => gradient.addColorStop(k / (stops.length - 1), colour));
  context.fillStyle = gradient;
  context.fillRect(left, y.offset, 10, y.length);
  Object.assign(context, { font: font(11), fillStyle: quiet, textAlign: "left", textBaseline: "middle" });
  const { ticks: places, labels } = ground.told;
  let last = Infinity;
  places.forEach((loss, k) => {
    const at = y.offset + y.length * (1 - ground.share(loss));
    if (last - at < 12 * display.zoom) return; // it would be written over the one below
    context.fillText(labels[k], left + 15, at);
    last = at;
  });
  context.textBaseline = "bottom";
  context.fillText("L(θ)", left, y.offset - 8);
}

/**
 * @param {number} value
 * @param {number[]} range
 */
function tick(value, [low, high]) {
  return formatNumber(Math.abs(value) < 1e-9 * (high - low) ? 0 : value);
}
