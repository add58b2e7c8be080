// One step under the magnifying glass: the loss around θ, and on it the vectors of the step up to a stage. Lengths in θ
// are true to the scale bar; gradients and velocities have a scale of their own, which is written beside it.
import { decode } from "../core/arrays.js";
import { display } from "../core/display.js";
import { formatNumber } from "../core/format.js";
import { drawAnatomyLine } from "./anatomy_line.js";
import { drawArrow, drawLabel, drawNames, inLanes } from "./arrows.js";
import { font } from "./ink.js";
import { LabelPlaces } from "./label_places.js";
import { Layer } from "./layer.js";
import { gridPicture } from "./grid_picture.js";

/** @typedef {import("../core/contract.js").AnatomyAnswer} AnatomyAnswer */
/** @typedef {import("../core/scheme.js").Colours} Colours */
/** @typedef {import("./shapes.js").Context} Context */
/** @typedef {import("./shapes.js").Point} Point */
/** @typedef {keyof typeof COLOURS} VectorKey */
/** @typedef {{ key: VectorKey, stage: string, from: number[], by: number[], label: string }} Vector from and by: in θ, from θ_t */

/**
 * What is drawn now, for the functions that draw it.
 * @typedef {object} AnatomyDrawing
 * @property {AnatomyAnswer} data
 * @property {Colours} colours
 * @property {number} pxPer px for a unit of θ
 * @property {number} perGradient θ for a unit of gradient
 * @property {Point} centre px of θ_t
 * @property {Float32Array} losses
 * @property {LabelPlaces} places
 * @property {(stage: string) => boolean} shows
 * @property {(stage: string) => boolean} newest
 * @property {(key: VectorKey) => string} colour
 * @property {() => Vector[]} arrows in the order in which they come to be
 */

const STAGES = ["gradient", "ball", "probe", "outer", "direction", "velocity", "step"];
const LONGEST = 0.82; // of half the window, for the longest of the gradient-like arrows
const NEXT = [1, 2, 5, 10];
/** On light and on dark ground. No method's colour: the vectors are those of whichever method is taken apart. */
const COLOURS = {
  gradient: ["#a61c3c", "#ff9a8b"],
  ball: ["#5b6875", "#b9c4ce"],
  image: ["#6a51a3", "#b9a6e0"],
  probe: ["#1f2933", "#e6eaee"],
  outer: ["#8c4a14", "#d9a066"],
  mixed: ["#7a5f00", "#e6cf7a"],
  noise: ["#555f68", "#a9b0b6"],
  direction: ["#3b6e22", "#a6c96a"],
  velocity: ["#17364d", "#c8ddeb"],
  step: ["#1f2933", "#ffffff"],
};

/**
 * @param {string} key of a vector or a stage
 * @param {boolean} dark
 */
export function anatomyColour(key, dark) {
  const [light, onDark] = COLOURS[/** @type {VectorKey} */ (key)];
  return dark ? onDark : light;
}

export class AnatomyView {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.layer = new Layer(place, "heat-canvas");
    this.places = new LabelPlaces({ width: 0, height: 0 });
    /** @type {{ data: AnatomyAnswer, stage: number, colours: Colours, dark: boolean } | null} */
    this.shown = null;
    /** @type {Prepared | null} */
    this.prepared = null;
    place.setAttribute("role", "img");
    new ResizeObserver(() => this.draw()).observe(place);
  }

  /**
   * @param {AnatomyAnswer} data
   * @param {number} stage how many vectors
   * @param {Colours} colours
   * @param {boolean} dark
   * @param {string[]} stops the ground's colours from low to high the map's; none on a curve
   */
  show(data, stage, colours, dark, stops) {
    if (this.prepared?.data !== data || this.prepared.stops !== stops) this.prepared = prepare(data, stops);
    this.shown = { data, stage, colours, dark };
    this.draw();
  }

  draw() {
    if (!this.shown || !this.prepared || this.place.offsetParent === null) return;
    this.layer.fit();
    this.layer.clear();
    const { context, width, height } = this.layer;
    const { data, stage, colours, dark } = this.shown;
    const { losses, picture, perGradient } = this.prepared;
    const pxPer = (data.dimension === 1 ? width : Math.min(width, height)) / (2 * data.half);
    const shows = (/** @type {string} */ key) => STAGES.indexOf(key) < stage;
    this.places = new LabelPlaces(this.layer);
    /** @type {AnatomyDrawing} */
    const drawing = {
      ...{ data, colours, pxPer, perGradient, losses, places: this.places, shows },
      centre: [width / 2, height / 2],
      newest: (key) => STAGES.indexOf(key) === stage - 1,
      colour: (key) => anatomyColour(key, dark),
      arrows: () => vectorsOf(data, perGradient, shows),
    };
    const bar = measureBar(drawing, context, height);
    this.places.block(bar.box);
    if (data.dimension === 1) drawAnatomyLine(drawing, context, width, height);
    else drawPlane(drawing, context, picture);
    drawBar(drawing, context, bar);
  }
}

/** @typedef {{ data: AnatomyAnswer, stops: string[], losses: Float32Array, picture: HTMLCanvasElement | null, perGradient: number }} Prepared */

/**
 * @param {AnatomyAnswer} data
 * @param {string[]} stops the ground's colours from low to high
 * @returns {Prepared}
 */
function prepare(data, stops) {
  const { losses, low, high } = data.patch;
  const values = decode(losses);
  const top = low + (high > low ? high - low : 1);
  const picture = data.dimension === 2 ? gridPicture(values, data.patch.points, data.patch.points, low, top, stops) : null;
  const longest = Math.max(...[data.gradient, data.outer, data.mixed, data.noisy, data.direction, data.velocity].map(lengthOf));
  const perGradient = longest > 0 ? roundDown((LONGEST * data.half) / longest) : 1;
  return { data, stops, losses: values, picture, perGradient };
}

/**
 * @param {AnatomyAnswer} data
 * @param {number} scale θ for a unit of gradient
 * @param {(stage: string) => boolean} shows
 * @returns {Vector[]} in the order in which they come to be
 */
export function vectorsOf(data, scale, shows) {
  /** @type {Vector[]} */
  const found = [];
  /** @type {(stage: string, key: VectorKey, from: number[] | null, by: number[] | null, label: string, factor: number) => void} */
  const add = (stage, key, from, by, label, factor) => {
    if (shows(stage) && from && by) found.push({ key, stage, from, by: by.map((v) => v * factor), label });
  };
  const origin = Array.from({ length: data.dimension }, () => 0);
  const { offset, outer, mixed, names } = data;
  add("gradient", "gradient", origin, data.gradient, "g", scale);
  if (data.probing) add("probe", "probe", origin, offset, "ε", 1);
  add("outer", "outer", offset, outer, data.probing ? "g⁺" : "g⁺ = g", scale);
  add("outer", "mixed", origin, mixed, "h", scale);
  const [foot, used] = mixed ? [origin, mixed] : [offset, outer];
  if (data.noise?.some((v) => v !== 0) && used && foot) {
    const tip = foot.map((v, axis) => v + scale * used[axis]);
    add("outer", "noise", tip, data.noise, "noise", scale);
  }
  add("direction", "direction", origin, data.direction, names.direction, scale);
  add("velocity", "velocity", origin, data.velocity, names.velocity, scale);
  add("step", "step", origin, data.displacement, names.step, 1);
  return found;
}

/** @typedef {{ text: string, mark: Point, colour: string }} Ring a named ellipse: its name, the place of it, its colour */

/**
 * @param {AnatomyDrawing} drawing
 * @param {Context} context
 * @param {HTMLCanvasElement | null} picture
 */
function drawPlane(drawing, context, picture) {
  const { data, centre, pxPer, colours, places, shows, newest, colour } = drawing;
  const half = data.half * pxPer;
  if (picture) {
    context.imageSmoothingEnabled = true;
    context.drawImage(picture, centre[0] - half, centre[1] - half, 2 * half, 2 * half);
  }
  /** @type {(place: number[]) => Point} */
  const at = ([x, y]) => [centre[0] + x * pxPer, centre[1] - y * pxPer];
  /** @type {(Ring | null)[]} */
  const rings = [];
  if (shows("ball") && data.radius > 0) {
    const ball = [
      [data.radius, 0],
      [0, data.radius],
    ];
    rings.push(drawEllipse(drawing, context, ball, colour("ball"), [6, 4], data.probing ? "ρ-ball" : "ρ-ball (not used)"));
    if (data.image) rings.push(drawEllipse(drawing, context, data.image, colour("image"), [], "U · ball"));
    if (data.metric) rings.push(drawEllipse(drawing, context, data.metric, colour("image"), [2, 3], "εᵀU⁻¹ε = ρ²"));
  }
  const arrows = drawing.arrows().map(({ key, stage, from, by, label }) => {
    /** @type {Point} */
    const inPixels = [by[0] * pxPer, -by[1] * pxPer];
    return { label, from: at(from), by: inPixels, colour: colour(key), strong: newest(stage) };
  });
  const names = inLanes(arrows)
    .map((arrow) => drawArrow(context, arrow, colours))
    .filter((name) => name !== null);
  for (const { from, at: tip } of names) places.avoid(from, tip);
  const points = [{ place: at([0, 0]), text: "θ", colour: colours.ink, hollow: false }];
  if (shows("probe") && data.probing && data.probe && data.offset)
    points.push({ place: at(data.offset), text: "θ+ε", colour: colour("probe"), hollow: true });
  if (shows("step") && data.arrived && data.displacement)
    points.push({ place: at(data.displacement), text: "next θ", colour: colours.ink, hollow: true });
  for (const {
    place: [x, y],
  } of points)
    places.block({ x: x - 2, y: y - 2, w: 4, h: 4 });
  for (const point of points) drawPoint(context, colours, point.place, point.colour, point.hollow);
  for (const ring of rings) {
    if (ring && ring.mark[1] > 0) drawLabel(context, ring.text, ring.mark, [0, -1], ring.colour, colours, places, newest("ball")); // the others' tops are not in view
  }
  for (const point of points) drawLabel(context, point.text, point.place, [-0.6, 0.8], point.colour, colours, places, false);
  drawNames(context, names, colours, places);
}

/**
 * The image of the unit circle under a matrix; null where it is too small to name.
 * @param {AnatomyDrawing} drawing
 * @param {Context} context
 * @param {number[][]} matrix
 * @param {string} colour
 * @param {number[]} dash
 * @param {string} text
 * @returns {Ring | null}
 */
function drawEllipse({ centre, pxPer, newest }, context, [[a, b], [c, d]], colour, dash, text) {
  context.strokeStyle = colour;
  context.lineWidth = newest("ball") ? 2.6 : 1.7;
  context.setLineDash(dash);
  context.beginPath();
  /** @type {Point} */
  let mark = [centre[0], Infinity];
  for (let k = 0; k <= 96; k += 1) {
    const turn = (2 * Math.PI * k) / 96;
    const [u, v] = [Math.cos(turn), Math.sin(turn)];
    const [x, y] = [centre[0] + (a * u + b * v) * pxPer, centre[1] - (c * u + d * v) * pxPer];
    if (k) context.lineTo(x, y);
    else context.moveTo(x, y);
    if (y < mark[1]) mark = [x, y];
  }
  context.stroke();
  context.setLineDash([]);
  return centre[1] - mark[1] < 6 ? null : { text, mark, colour };
}

/**
 * @param {Context} context
 * @param {Colours} colours
 * @param {Point} place
 * @param {string} colour
 * @param {boolean} hollow
 */
function drawPoint(context, { paper }, [x, y], colour, hollow) {
  context.setLineDash([]);
  context.beginPath();
  context.arc(x, y, 4.5, 0, 2 * Math.PI);
  context.fillStyle = hollow ? paper : colour;
  context.fill();
  context.strokeStyle = hollow ? colour : paper;
  context.lineWidth = 1.8;
  context.stroke();
}

/** @typedef {{ px: number, words: string[], bottom: number, box: import("./shapes.js").Box }} Bar */

/**
 * A bar of round length in θ, and what a unit of gradient measures on it: where it stands and what it says.
 * @param {AnatomyDrawing} drawing
 * @param {Context} context
 * @param {number} height
 * @returns {Bar}
 */
function measureBar({ data, pxPer, perGradient }, context, height) {
  const bar = roundDown(data.half * 0.5);
  const px = bar * pxPer;
  const scaled = ["g", "g⁺", ...(data.mixed ? ["h"] : []), data.names.direction.split(" ")[0], data.names.velocity];
  const words = [`${formatNumber(bar)} in θ`, `arrows of ${scaled.join(", ")}: 1 is ${formatNumber(perGradient)} in θ`];
  context.font = font(12);
  const wide = Math.max(px, ...words.map((text) => context.measureText(text).width));
  return { px, words, bottom: height, box: { x: 6, y: height - 18 - 34 * display.zoom, w: wide + 16, h: 12 + 34 * display.zoom } };
}

/**
 * @param {AnatomyDrawing} drawing
 * @param {Context} context
 * @param {Bar} bar
 */
function drawBar({ colours }, context, { px, words, box, bottom }) {
  context.font = font(12);
  context.globalAlpha = 0.86;
  context.fillStyle = colours.paper;
  context.fillRect(box.x, box.y, box.w, box.h);
  context.globalAlpha = 1;
  context.strokeStyle = context.fillStyle = colours.ink;
  context.lineWidth = 2;
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(14, bottom - 16);
  context.lineTo(14, bottom - 12);
  context.lineTo(14 + px, bottom - 12);
  context.lineTo(14 + px, bottom - 16);
  context.stroke();
  context.textAlign = "left";
  context.textBaseline = "bottom";
  words.forEach((text, k) => context.fillText(text, 14, bottom - 17 - 17 * display.zoom * k));
}

/** @param {number[] | null} vector */
function lengthOf(vector) {
  return vector ? Math.hypot(...vector) : 0;
}

/**
 * The next lower 1, 2 or 5 times a power of ten.
 * @param {number} value
 */
function roundDown(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (NEXT.filter((factor) => factor * power <= value * (1 + 1e-9)).at(-1) ?? 1);
}
