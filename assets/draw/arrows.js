// Arrows with a name at their tip (see label_places.js). One that would be too short to see is drawn longer, dotted, and its name says so.
import { display } from "../core/display.js";
import { font } from "./ink.js";

/** @typedef {{ text: string, from: Point, at: Point, towards: Point, colour: string, strong: boolean }} Name of an arrow, and where it belongs */
/** @typedef {{ from: Point, by: Point, colour: string, label: string, strong: boolean, width?: number, dash?: number[] }} Arrow in px */
/** @typedef {import("./shapes.js").Point} Point */
/** @typedef {import("../core/scheme.js").Colours} Colours */

const SHORTEST = 16; // px
const HEAD = 9;

/**
 * arrow: { from: [x, y], by: [dx, dy] in px, colour, width, label, strong }. Returns its name's place, so that names
 * can be written when all arrows are drawn; null where there is nothing to draw.
 * @param {CanvasRenderingContext2D} context
 * @param {Arrow} arrow
 * @param {Colours} colours
 * @returns {Name | null}
 */
export function drawArrow(context, arrow, colours) {
  const { from, by, colour, strong } = arrow;
  const length = Math.hypot(...by);
  if (!(length > 0) || !Number.isFinite(length)) return null;
  const short = length < SHORTEST;
  const scale = short ? SHORTEST / length : 1;
  /** @type {Point} */
  const tip = [from[0] + by[0] * scale, from[1] + by[1] * scale];
  const [ux, uy] = [by[0] / length, by[1] / length];
  context.globalAlpha = strong ? 1 : 0.72;
  const width = (arrow.width ?? 2.4) * (strong ? 1.35 : 1) * display.bold;
  /** @type {Point} */
  const shaft = [tip[0] - ux * HEAD * 0.7, tip[1] - uy * HEAD * 0.7];
  for (const { stroke, wide } of [
    { stroke: colours.paper, wide: width + 2.5 },
    { stroke: colour, wide: width },
  ]) {
    context.strokeStyle = stroke;
    context.fillStyle = stroke;
    context.lineWidth = wide;
    context.setLineDash(stroke === colour ? (short ? [2, 3] : (arrow.dash ?? [])) : []);
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...shaft);
    context.stroke();
  }
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(...tip);
  context.lineTo(tip[0] - ux * HEAD - uy * HEAD * 0.5, tip[1] - uy * HEAD + ux * HEAD * 0.5);
  context.lineTo(tip[0] - ux * HEAD + uy * HEAD * 0.5, tip[1] - uy * HEAD - ux * HEAD * 0.5);
  context.closePath();
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
  return { text: short ? `${arrow.label} (shown longer)` : arrow.label, from, at: tip, towards: [ux, uy], colour, strong };
}

// Arrows on one line would cover each other: each such arrow moves aside by a lane of a few pixels.
const LANE = 5;
/** @param {Arrow[]} arrows */
export function inLanes(arrows) {
  /** @type {{ u: Point, from: Point, reach: number, lane: number, across: Point }[]} */
  const placed = [];
  return arrows.map((arrow) => {
    const length = Math.hypot(...arrow.by);
    if (!(length > 0)) return arrow;
    const [ux, uy] = [arrow.by[0] / length, arrow.by[1] / length];
    const along = placed.filter(({ u, from, reach }) => {
      const [dx, dy] = [arrow.from[0] - from[0], arrow.from[1] - from[1]];
      const [s, t] = [
        dx * u[0] + dy * u[1],
        (arrow.from[0] + arrow.by[0] - from[0]) * u[0] + (arrow.from[1] + arrow.by[1] - from[1]) * u[1],
      ];
      const beside = Math.abs(dx * u[1] - dy * u[0]) < LANE;
      return beside && Math.abs(u[0] * uy - u[1] * ux) < 0.1 && Math.max(s, t) > 2 && Math.min(s, t) < reach - 2;
    });
    const used = new Set(along.map(({ lane }) => lane));
    const lane = [0, 1, -1, 2, -2, 3, -3].find((one) => !used.has(one)) ?? 0;
    // lanes are counted across one direction for all arrows of a line, whichever way they point
    const [nx, ny] = along.length ? along[0].across : [-uy, ux];
    placed.push({ u: [ux, uy], from: arrow.from, reach: length, lane, across: [nx, ny] });
    return { ...arrow, from: /** @type {Point} */ ([arrow.from[0] + nx * lane * LANE, arrow.from[1] + ny * lane * LANE]) };
  });
}

/**
 * places: a LabelPlaces of the drawing.
 * @param {CanvasRenderingContext2D} context
 * @param {(Name | null)[]} names
 * @param {Colours} colours
 * @param {import("./label_places.js").LabelPlaces} places
 */
export function drawNames(context, names, colours, places) {
  const last = names.filter((name) => name !== null).sort((a, b) => Number(b.strong) - Number(a.strong));
  for (const { text, at, towards, colour, strong } of last) drawLabel(context, text, at, towards, colour, colours, places, strong);
}

/**
 * A name beside a place, tied to it by a line where it stands further away.
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {Point} at
 * @param {Point} towards
 * @param {string} colour
 * @param {Colours} colours
 * @param {import("./label_places.js").LabelPlaces} places
 * @param {boolean} [strong]
 */
export function drawLabel(context, text, at, towards, colour, colours, places, strong = true) {
  context.font = `${strong ? "600 " : ""}${font(13)}`;
  const size = { w: context.measureText(text).width, h: 15 * display.zoom };
  const { box, leader } = places.place(at, towards, size, text);
  context.setLineDash([]);
  context.lineJoin = "round";
  if (leader) {
    for (const { stroke, width } of [
      { stroke: colours.paper, width: 3 },
      { stroke: colour, width: 1 },
    ]) {
      context.strokeStyle = stroke;
      context.lineWidth = width * display.bold;
      context.beginPath();
      context.moveTo(...leader[0]);
      context.lineTo(...leader[1]);
      context.stroke();
    }
  }
  context.textAlign = "left";
  context.textBaseline = "top";
  context.lineWidth = 3.5;
  context.strokeStyle = colours.paper;
  context.strokeText(text, box.x, box.y);
  context.fillStyle = colour;
  context.fillText(text, box.x, box.y);
}
