// The map of an exported scene: contours that the file carries as SVG (or a curve), axes drawn here, and the page's own
// paths over them.
import { decode } from "../../core/arrays.js";
import { display } from "../../core/display.js";
import { formatNumber, ticks } from "../../core/format.js";
import { font, roomFor } from "../../draw/ink.js";
import { Layer } from "../../draw/layer.js";
import { MapView } from "../../draw/map.js";

/** @typedef {import("../../draw/shapes.js").Context} Context */
/** @typedef {import("../../draw/map.js").PlotAxis} PlotAxis */
/** @typedef {import("../../core/scheme.js").Colours} Colours */

const MARGIN = { left: 50, right: 70, top: 24, bottom: 42 };
const SIMILAR = [0.55, 1.8]; // ratios of the axes at which equal scales on both leave no strip

export class StillMap extends MapView {
  /**
   * @param {HTMLElement} stack
   * @param {import("./scene_data.js").SceneData} scene
   */
  constructor(stack, scene) {
    super("", stack, { onStart: () => {} });
    this.stack = stack;
    this.scene = scene;
    /** @type {SVGElement | null} */
    this.bands = stack.querySelector(".bands");
    this.axesLayer = new Layer(stack);
    const { dimension, basin, domain } = scene.surface;
    this.dimension = dimension;
    this.basin = basin;
    this.domain = domain;
    this.curve = scene.curve ? { x: decode(scene.curve.x), losses: decode(scene.curve.losses) } : null;
    const [low, high] = this.curve ? [Math.min(...this.curve.losses), Math.max(...this.curve.losses)] : [0, 1];
    /** @type {[number, number]} of a curve */
    this.vertical = [low - 0.06 * (high - low), high + 0.06 * (high - low)];
  }

  /**
   * The start stays where the run began: nothing here computes another one.
   * @override
   */
  listen() {}

  /** @override */
  axes() {
    if (!this.scene || !this.stack.clientWidth) return null;
    const { left, right, top, bottom } = roomFor(MARGIN);
    const flat = this.dimension === 1;
    let width = Math.max(this.stack.clientWidth - left - (flat ? 16 : right), 1);
    let height = Math.max(this.stack.clientHeight - top - bottom, 1);
    const [xRange, yRange] = flat ? [this.domain[0], this.vertical] : this.domain;
    const ratio = (xRange[1] - xRange[0]) / (yRange[1] - yRange[0]);
    if (!flat && ratio >= SIMILAR[0] && ratio <= SIMILAR[1]) {
      if (width / height > ratio) width = height * ratio;
      else height = width / ratio;
    }
    const offset = left + (flat ? 0 : (this.stack.clientWidth - left - right - width) / 2);
    return { x: { _offset: offset, _length: width, range: xRange }, y: { _offset: top, _length: height, range: yRange } };
  }

  /**
   * @param {Colours} colours
   * @param {string} scheme
   */
  draw(colours, scheme) {
    const { x, y } = this.drawn;
    this.axesLayer.fit();
    this.axesLayer.clear();
    const { context } = this.axesLayer;
    if (this.bands) {
      const place = { left: x._offset, top: y._offset, width: x._length, height: y._length };
      for (const [name, value] of Object.entries(place)) this.bands.style.setProperty(name, `${value}px`);
    } else this.#drawCurve(context, colours);
    this.#drawAxes(context, x, y, colours);
    if (this.bands) this.#drawScale(context, x, y, colours, scheme);
    this.paths.rebuild();
  }

  /**
   * @param {Context} context
   * @param {Colours} colours
   */
  #drawCurve(context, { quiet }) {
    if (!this.curve) return;
    const at = this.projection(this.curve.x, this.curve.losses);
    const out = [0, 0];
    context.beginPath();
    this.curve.x.forEach((_, index) => {
      at(index, out);
      context.lineTo(out[0], out[1]);
    });
    context.setLineDash([]);
    context.strokeStyle = quiet;
    context.lineWidth = 2;
    context.stroke();
  }

  /**
   * @param {Context} context
   * @param {PlotAxis} x
   * @param {PlotAxis} y
   * @param {Colours} colours
   */
  #drawAxes(context, x, y, { quiet, grid }) {
    Object.assign(context, { font: font(11), fillStyle: quiet, strokeStyle: grid, lineWidth: 1, textAlign: "center", textBaseline: "top" });
    context.strokeRect(x._offset + 0.5, y._offset + 0.5, x._length - 1, y._length - 1);
    const flat = this.dimension === 1;
    for (const value of ticks(x.range[0], x.range[1], Math.max(3, x._length / (70 * display.zoom)))) {
      const at = x._offset + ((value - x.range[0]) / (x.range[1] - x.range[0])) * x._length;
      context.fillText(tick(value, x.range), at, y._offset + y._length + 6);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of ticks(y.range[0], y.range[1], Math.max(3, y._length / (50 * display.zoom)))) {
      const at = y._offset + y._length - ((value - y.range[0]) / (y.range[1] - y.range[0])) * y._length;
      context.fillText(tick(value, y.range), x._offset - 6, at);
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    context.fillText(flat ? "θ" : "θ₁", x._offset + x._length / 2, y._offset + y._length + 22 * display.zoom);
    context.textAlign = "left";
    context.textBaseline = "bottom";
    context.fillText(flat ? "L(θ)" : "θ₂", x._offset, y._offset - 4);
  }

  /**
   * @param {Context} context
   * @param {PlotAxis} x
   * @param {PlotAxis} y
   * @param {Colours} colours
   * @param {string} scheme
   */
  #drawScale(context, x, y, { quiet }, scheme) {
    const { colour: scale, scales } = this.scene;
    if (!scale) return;
    const { ticks: places, labels, high, low, knee } = scale;
    const top = Math.asinh((high - low) / knee);
    const left = x._offset + x._length + 12;
    const gradient = context.createLinearGradient(0, y._offset + y._length, 0, y._offset);
    const stops = scales[scheme];
    stops.forEach((colour, k) => gradient.addColorStop(k / (stops.length - 1), colour));
    context.fillStyle = gradient;
    context.fillRect(left, y._offset, 10, y._length);
    Object.assign(context, { fillStyle: quiet, textAlign: "left", textBaseline: "middle" });
    places.forEach((place, k) => context.fillText(labels[k], left + 15, y._offset + y._length * (1 - place / top)));
    context.textBaseline = "bottom";
    context.fillText("L(θ)", left, y._offset - 4);
  }
}

/**
 * @param {number} value
 * @param {number[]} range
 */
function tick(value, [low, high]) {
  return formatNumber(Math.abs(value) < 1e-9 * (high - low) ? 0 : value);
}
