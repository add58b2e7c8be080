// The 3-D view of an exported scene, without WebGL: the surface's cells projected and painted from far to near, and the
// page's own paths over them, dimmed where the surface hides them.
import { font } from "../../draw/ink.js";
import { Layer } from "../../draw/layer.js";
import { ReliefView } from "../../draw/relief.js";

/** @typedef {{ n: number, x: Float32Array, y: Float32Array, depth: Float32Array, height: Float32Array }} Projected grid points, row after row */
/** @typedef {import("../../draw/shapes.js").Context} Context */
/** @typedef {import("../../core/scheme.js").Colours} Colours */

const ASPECT = [1.2, 1.2, 0.6]; // of the box, as on the page
const CENTRE = [0, 0, -0.1];
const FIELD = 0.88; // vertical angle of view
const COARSE = 2; // grid points to a painted cell while the view is turned; 1 at rest
const LIGHT = [-0.4, -0.5, 0.77];
const TURN = 0.01; // radians for one pixel of a drag
const KEY_TURN = 0.1;
/** @type {Record<string, [number, number] | undefined>} */
const TURNS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class StillRelief extends ReliefView {
  /**
   * @param {HTMLElement} stack
   * @param {import("./scene_data.js").SceneData} scene
   * @param {{ x: number, y: number, z: number }} eye
   * @param {() => void} onTurn
   */
  constructor(stack, scene, { x, y, z }, onTurn) {
    super("", stack, { onCamera: () => {} });
    this.stack = stack;
    this.data = scene;
    this.onTurn = onTurn;
    this.turning = false;
    this.ground = new Layer(stack, "layer ground");
    stack.prepend(this.ground.canvas);
    const rise = z - CENTRE[2];
    this.distance = Math.hypot(x, y, rise);
    this.around = Math.atan2(y, x);
    this.above = Math.asin(rise / this.distance);
    this.setRelief(scene.relief, scene.surface.domain);
    this.#listen();
  }

  /** The ground, which this view always has. */
  get surface() {
    if (!this.relief) throw new Error("the scene has no surface");
    return this.relief;
  }

  /** @override */
  camera() {
    if (!this.relief || !this.stack.clientWidth) return null;
    const [width, height] = [this.stack.clientWidth, this.stack.clientHeight];
    const level = Math.cos(this.above) * this.distance;
    const eye = [level * Math.cos(this.around), level * Math.sin(this.around), Math.sin(this.above) * this.distance + CENTRE[2]];
    const back = unit(eye.map((value, k) => value - CENTRE[k]));
    const right = unit(cross([0, 0, 1], back));
    const up = cross(back, right);
    const [[x0, x1], [y0, y1]] = this.surface.domain;
    const low = this.surface.top - this.surface.span;
    // data → box: (value − middle)·scale; box → eye: rows right, up, back
    const scale = [ASPECT[0] / (x1 - x0), ASPECT[1] / (y1 - y0), ASPECT[2] / this.surface.span];
    const middle = [(x0 + x1) / 2, (y0 + y1) / 2, low + this.surface.span / 2];
    const rows = [right, up, back].map((axis) => {
      const linear = axis.map((value, k) => value * scale[k]);
      const offset = -axis.reduce((sum, value, k) => sum + value * (eye[k] + middle[k] * scale[k]), 0);
      return [...linear, offset];
    });
    const f = 1 / Math.tan(FIELD / 2);
    const [r, u, b] = rows;
    const clip = [r.map((v) => (v * f * height) / width), u.map((v) => v * f), b.map((v) => -v), b.map((v) => -v)];
    const columns = (/** @type {number[][]} */ matrix) => Float64Array.from({ length: 16 }, (_, at) => matrix[at % 4][Math.floor(at / 4)]);
    return { toClip: columns(clip), toEye: columns([...rows, [0, 0, 0, 1]]), box: { left: 0, top: 0, width, height } };
  }

  /**
   * @param {Colours} colours
   * @param {string} scheme
   */
  draw(colours, scheme) {
    this.ground.fit();
    this.ground.clear();
    const points = this.#projected(this.turning ? COARSE : 1);
    const { context } = this.ground;
    this.#drawFloor(context, colours);
    const palette = this.data.scales[scheme].map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
    context.lineWidth = 0.8;
    context.lineJoin = "round";
    context.setLineDash([]);
    for (const cell of this.#cells(points)) {
      context.beginPath();
      cell.corners.forEach((at, k) => (k ? context.lineTo(points.x[at], points.y[at]) : context.moveTo(points.x[at], points.y[at])));
      context.closePath();
      context.fillStyle = context.strokeStyle = shaded(palette, this.#colourOf(cell.height), cell.shade);
      context.fill();
      context.stroke(); // over the hairline between two cells
    }
    this.paths.rebuild();
  }

  /**
   * Every stride-th grid point in pixels, with its distance from the eye; heights above the cut stand at the cut.
   * @param {number} stride
   * @returns {Projected}
   */
  #projected(stride) {
    const {
      points,
      heights,
      top,
      domain: [[x0, x1], [y0, y1]],
    } = this.surface;
    const n = Math.floor((points - 1) / stride) + 1;
    const { toClip: m, box } = this.seen;
    const out = {
      n,
      x: new Float32Array(n * n),
      y: new Float32Array(n * n),
      depth: new Float32Array(n * n),
      height: new Float32Array(n * n),
    };
    for (let j = 0; j < n; j += 1) {
      for (let i = 0; i < n; i += 1) {
        const at = j * n + i;
        const x = x0 + ((i * stride) / (points - 1)) * (x1 - x0);
        const y = y0 + ((j * stride) / (points - 1)) * (y1 - y0);
        out.height[at] = heights[j * stride * points + i * stride];
        const z = Math.min(out.height[at], top);
        const w = m[3] * x + m[7] * y + m[11] * z + m[15];
        out.depth[at] = w;
        out.x[at] = box.left + (0.5 + (m[0] * x + m[4] * y + m[8] * z + m[12]) / (2 * w)) * box.width;
        out.y[at] = box.top + (0.5 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / (2 * w)) * box.height;
      }
    }
    return out;
  }

  /**
   * The cells from far to near; those that lie wholly above the cut are left out.
   * @param {Projected} grid
   */
  #cells({ n, depth, height }) {
    const { top, span } = this.surface;
    const rise = (ASPECT[2] / span) * (n - 1);
    const cells = [];
    for (let j = 0; j < n - 1; j += 1) {
      for (let i = 0; i < n - 1; i += 1) {
        const corners = [j * n + i, j * n + i + 1, (j + 1) * n + i + 1, (j + 1) * n + i];
        const [a, b, c, d] = corners.map((at) => Math.min(height[at], top));
        if (corners.every((at) => height[at] > top)) continue;
        const normal = unit([(-rise * (b + c - a - d)) / 2 / ASPECT[0], (-rise * (c + d - a - b)) / 2 / ASPECT[1], 1]);
        const light = normal.reduce((sum, value, k) => sum + value * LIGHT[k], 0);
        cells.push({
          corners,
          height: (a + b + c + d) / 4,
          shade: 0.72 + 0.36 * Math.max(light, 0),
          depth: Math.max(...corners.map((at) => depth[at])),
        });
      }
    }
    return cells.sort((one, other) => other.depth - one.depth);
  }

  /** @param {number} loss */
  #colourOf(loss) {
    const { low, high, knee } = this.data.colour ?? { low: 0, high: 1, knee: 1 };
    return Math.min(Math.max(Math.asinh((loss - low) / knee) / Math.asinh((high - low) / knee), 0), 1);
  }

  /**
   * The outline of the box's floor with the names of its sides.
   * @param {Context} context
   * @param {Colours} colours
   */
  #drawFloor(context, { quiet, grid }) {
    const [[x0, x1], [y0, y1]] = this.surface.domain;
    const low = this.surface.top - this.surface.span;
    /** @type {(x: number, y: number) => [number, number]} */
    const place = (x, y) => {
      /** @type {[number, number]} */
      const out = [0, 0];
      this.projection([x, y], [low - 0.012 * this.surface.span])(0, out);
      return out;
    };
    context.strokeStyle = grid;
    context.lineWidth = 1;
    context.beginPath();
    [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
      [x0, y0],
    ].forEach(([x, y], k) => (k ? context.lineTo(...place(x, y)) : context.moveTo(...place(x, y))));
    context.stroke();
    Object.assign(context, { fillStyle: quiet, font: font(12), textAlign: "center", textBaseline: "middle" });
    const [nearX, nearY] = [Math.cos(this.around) > 0 ? x1 : x0, Math.sin(this.around) > 0 ? y1 : y0];
    const beyond = (/** @type {number} */ near, /** @type {number} */ far) => near + 0.08 * (near - far);
    context.fillText("θ₁", ...place((x0 + x1) / 2, beyond(nearY, nearY === y0 ? y1 : y0)));
    context.fillText("θ₂", ...place(beyond(nearX, nearX === x0 ? x1 : x0), (y0 + y1) / 2));
  }

  /**
   * @param {number} around
   * @param {number} above
   */
  #turn(around, above) {
    this.around -= around;
    this.above = Math.min(Math.max(this.above + above, 0.05), 1.5);
    this.onTurn();
  }

  #listen() {
    const { canvas } = this.ground;
    canvas.removeAttribute("aria-hidden");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", "The surface with the paths over it: turn it with the arrow keys");
    /** @type {[number, number] | null} */
    let last = null;
    canvas.addEventListener("pointerdown", (event) => {
      last = [event.clientX, event.clientY];
      this.turning = true;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      this.#turn(TURN * (event.clientX - last[0]), event.pointerType === "touch" ? 0 : TURN * (event.clientY - last[1]));
      last = [event.clientX, event.clientY];
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => {
        last = null;
        this.turning = false;
        this.onTurn();
      });
    }
    canvas.addEventListener("keydown", (event) => {
      const turn = TURNS[event.key];
      if (!turn || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.#turn(KEY_TURN * turn[0], KEY_TURN * turn[1]);
    });
  }
}

/**
 * @param {number[][]} palette
 * @param {number} place
 * @param {number} shade
 */
function shaded(palette, place, shade) {
  const at = place * (palette.length - 1);
  const low = Math.min(Math.floor(at), palette.length - 2);
  const mixed = palette[low].map((value, k) => Math.round(Math.min(255, shade * (value + (at - low) * (palette[low + 1][k] - value)))));
  return `rgb(${mixed.join()})`;
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
