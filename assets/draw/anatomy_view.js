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
import { mapPicture } from "./preview.js";

const STAGES = ["gradient", "ball", "probe", "outer", "direction", "velocity", "step"];
const LONGEST = 0.82; // of half the window, for the longest of the gradient-like arrows
const NEXT = [1, 2, 5, 10];
// Okabe–Ito; on dark ground the blues are the lighter one.
const COLOURS = {
  gradient: ["#0072B2", "#56B4E9"], ball: ["#5b6875", "#b9c4ce"], image: ["#a8487e", "#CC79A7"], probe: ["#1f2933", "#e6eaee"],
  outer: ["#b97700", "#E69F00"], noise: ["#D55E00", "#f0885f"], direction: ["#007a58", "#2fc79a"], velocity: ["#7a5195", "#c3a0dd"],
  step: ["#1f2933", "#ffffff"],
};

export const anatomyColour = (key, dark) => COLOURS[key][dark ? 1 : 0];

export class AnatomyView {
  constructor(place) {
    this.place = place;
    this.layer = new Layer(place, "heat-canvas");
    place.setAttribute("role", "img");
    new ResizeObserver(() => this.draw()).observe(place);
  }

  // data: the server's answer; stage: how many vectors; scale: the map's colour scale
  show(data, stage, colours, dark, colorscale) {
    const fresh = data !== this.data || colorscale !== this.colorscale;
    Object.assign(this, { data, stage, colours, dark, colorscale });
    if (fresh) this.#prepare();
    this.draw();
  }

  #prepare() {
    const { data } = this;
    this.losses = decode(data.patch.losses);
    const span = data.patch.high - data.patch.low;
    const plane = data.dimension === 2 && this.colorscale;
    this.picture = plane
      ? mapPicture({ z: data.patch.losses, colorscale: this.colorscale, zmin: data.patch.low, zmax: data.patch.low + (span > 0 ? span : 1) })
      : null;
    const longest = Math.max(...["gradient", "outer", "noisy", "direction", "velocity"].map((key) => length(data[key])));
    this.perGradient = longest > 0 ? roundDown((LONGEST * data.half) / longest) : 1;
  }

  draw() {
    if (!this.data || this.place.offsetParent === null) return;
    this.layer.fit();
    this.layer.clear();
    const { context, width, height } = this.layer;
    const side = Math.min(width, height);
    this.pxPer = (this.data.dimension === 1 ? width : side) / (2 * this.data.half);
    this.centre = [width / 2, height / 2];
    this.places = new LabelPlaces(this.layer);
    const bar = this.#scaleBar(context, height);
    this.places.block(bar.box);
    if (this.data.dimension === 1) drawAnatomyLine(this, context, width, height);
    else this.#plane(context);
    this.#scale(context, bar);
  }

  shows(key) {
    return STAGES.indexOf(key) < this.stage;
  }

  newest(key) {
    return STAGES.indexOf(key) === this.stage - 1;
  }

  colour(key) {
    return anatomyColour(key, this.dark);
  }

  // The arrows in the order in which they come to be: { key, from (in θ, from θ_t), by (in θ), label }.
  arrows() {
    const { data } = this;
    const s = this.perGradient;
    const found = [];
    const add = (stage, key, from, by, label, factor) => {
      if (!this.shows(stage) || !from || !by) return;
      found.push({ key, stage, from, by: by.map((v) => v * factor), label });
    };
    const origin = data.theta.map(() => 0);
    add("gradient", "gradient", origin, data.gradient, "g", s);
    if (data.probing) add("probe", "probe", origin, data.offset, "ε", 1);
    add("outer", "outer", data.offset, data.outer, data.probing ? "g⁺" : "g⁺ = g", s);
    if (data.noise?.some((v) => v !== 0) && data.outer && data.offset) {
      const tip = data.offset.map((v, axis) => v + s * data.outer[axis]);
      add("outer", "noise", tip, data.noise, "noise", s);
    }
    add("direction", "direction", origin, data.direction, data.learns ? "Ug⁺" : "Ug⁺ = g⁺", s);
    add("velocity", "velocity", origin, data.velocity, "v", s);
    add("step", "step", origin, data.displacement, "−ηv", 1);
    return found;
  }

  #plane(context) {
    const { data, centre, pxPer, colours } = this;
    const half = data.half * pxPer;
    if (this.picture) {
      context.imageSmoothingEnabled = true;
      context.drawImage(this.picture, centre[0] - half, centre[1] - half, 2 * half, 2 * half);
    }
    const at = ([x, y]) => [centre[0] + x * pxPer, centre[1] - y * pxPer];
    let rings = [];
    if (this.shows("ball") && data.radius > 0) {
      const identity = [[data.radius, 0], [0, data.radius]];
      rings.push(this.#ellipse(context, identity, this.colour("ball"), [6, 4], data.probing ? "ρ-ball" : "ρ-ball (not used)"));
      if (data.image) rings.push(this.#ellipse(context, data.image, this.colour("image"), [], "U · ball"));
      if (data.metric) rings.push(this.#ellipse(context, data.metric, this.colour("image"), [2, 3], "εᵀU⁻¹ε = ρ²"));
    }
    rings = rings.filter((ring) => ring && ring[1][1] > 0); // the others' tops are not in view
    const inPixels = this.arrows().map((arrow) => ({
      ...arrow, from: at(arrow.from), by: [arrow.by[0] * pxPer, -arrow.by[1] * pxPer], colour: this.colour(arrow.key), strong: this.newest(arrow.stage),
    }));
    const names = inLanes(inPixels).map((arrow) => drawArrow(context, arrow, colours)).filter(Boolean);
    for (const { from, at: tip } of names) this.places.avoid(from, tip);
    const points = [[at([0, 0]), "θ", this.colours.ink, false]];
    if (this.shows("probe") && data.probing && data.probe) points.push([at(data.offset), "θ+ε", this.colour("probe"), true]);
    if (this.shows("step") && data.arrived) points.push([at(data.displacement), "next θ", this.colours.ink, true]);
    for (const [[x, y]] of points) this.places.block({ x: x - 2, y: y - 2, w: 4, h: 4 });
    for (const point of points) this.#point(context, ...point);
    for (const [text, mark, colour] of rings) drawLabel(context, text, mark, [0, -1], colour, colours, this.places, this.newest("ball"));
    for (const [place, text, colour] of points) drawLabel(context, text, place, [-0.6, 0.8], colour, colours, this.places, false);
    drawNames(context, names, colours, this.places);
  }

  // The image of the unit circle under a matrix. Returns its name, the place of it, and its colour.
  #ellipse(context, [[a, b], [c, d]], colour, dash, label) {
    const { centre, pxPer } = this;
    context.strokeStyle = colour;
    context.lineWidth = this.newest("ball") ? 2.6 : 1.7;
    context.setLineDash(dash);
    context.beginPath();
    let mark = null;
    for (let k = 0; k <= 96; k += 1) {
      const turn = (2 * Math.PI * k) / 96;
      const [u, v] = [Math.cos(turn), Math.sin(turn)];
      const [x, y] = [centre[0] + (a * u + b * v) * pxPer, centre[1] - (c * u + d * v) * pxPer];
      if (k) context.lineTo(x, y);
      else context.moveTo(x, y);
      if (!mark || y < mark[1]) mark = [x, y];
    }
    context.stroke();
    context.setLineDash([]);
    return centre[1] - mark[1] < 6 ? null : [label, mark, colour]; // null: too small to name
  }

  #point(context, [x, y], _, colour, hollow) {
    context.setLineDash([]);
    context.beginPath();
    context.arc(x, y, 4.5, 0, 2 * Math.PI);
    context.fillStyle = hollow ? this.colours.paper : colour;
    context.fill();
    context.strokeStyle = hollow ? colour : this.colours.paper;
    context.lineWidth = 1.8;
    context.stroke();
  }

  // A bar of round length in θ, and what a unit of gradient measures on it: where it stands and what it says.
  #scaleBar(context, height) {
    const bar = roundDown(this.data.half * 0.5);
    const px = bar * this.pxPer;
    const words = [`${formatNumber(bar)} in θ`, `arrows of g, g⁺, Ug⁺, v: 1 is ${formatNumber(this.perGradient)} in θ`];
    context.font = font(12);
    const wide = Math.max(px, ...words.map((text) => context.measureText(text).width));
    return { px, words, bottom: height, box: { x: 6, y: height - 18 - 34 * display.zoom, w: wide + 16, h: 12 + 34 * display.zoom } };
  }

  #scale(context, { px, words, box, bottom }) {
    context.font = font(12);
    context.globalAlpha = 0.86;
    context.fillStyle = this.colours.paper;
    context.fillRect(box.x, box.y, box.w, box.h);
    context.globalAlpha = 1;
    context.strokeStyle = context.fillStyle = this.colours.ink;
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
    context.fillText(words[0], 14, bottom - 17);
    context.fillText(words[1], 14, bottom - 17 - 17 * display.zoom);
  }
}

function length(vector) {
  return vector ? Math.hypot(...vector) : 0;
}

// The next lower 1, 2 or 5 times a power of ten.
function roundDown(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * NEXT.filter((factor) => factor * power <= value * (1 + 1e-9)).at(-1);
}
