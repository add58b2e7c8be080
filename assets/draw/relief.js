// Paths over plotly's 3-D scene, projected with the scene's own camera. plotly keeps that camera in private fields
// (scene._scene.glplot.cameraParams and dataScale): the version is pinned, and a browser test checks the projection.
import { decode } from "../core/arrays.js";
import { behindSurface } from "./occlusion.js";
import { PathView } from "./paths.js";

/** @typedef {Float64Array | number[]} Matrix */
/** @typedef {import("./shapes.js").Project} Project */
/** @typedef {import("./shapes.js").PathEntry} PathEntry */

const LIFT = 0.012; // of the scene's height: keeps a path from sinking into the surface it lies on

export class ReliefView {
  /**
   * @param {string} graphId
   * @param {HTMLElement} stack
   * @param {{ onCamera: (eye: [number, number, number]) => void }} listeners
   */
  constructor(graphId, stack, { onCamera }) {
    this.graphId = graphId;
    /** @type {import("./shapes.js").Relief | null} */
    this.relief = null;
    this.last = "";
    this.onCamera = onCamera;
    const view = this;
    this.paths = new PathView(stack, {
      ready: () => Boolean(view.relief && view.camera()),
      frame: () => {
        const { left, top, width, height } = view.seen.box;
        return [left, top, width, height];
      },
      point: (entry) => view.projection(entry.positions, entry.heights ?? []),
      probe: (entry) => view.projection(entry.probes ?? [], entry.probeLosses ?? []),
      hidden: (entry) => view.hidden(entry),
    });
  }

  /**
   * dcc.Graph replaces its element when plotly has been loaded, so it is looked up each time.
   * @returns {any}
   */
  plot() {
    return document.querySelector(`#${this.graphId} .js-plotly-plot`);
  }

  /** @returns {any} */
  scene() {
    return this.plot()?._fullLayout?.scene?._scene ?? null;
  }

  /**
   * The camera as one matrix from data to clip space, and the pixel box of the scene.
   * @returns {{ toClip: Matrix, toEye: Matrix, box: { left: number, top: number, width: number, height: number } } | null}
   */
  camera() {
    const scene = this.scene();
    const parameters = scene?.glplot?.cameraParams;
    if (!parameters?.projection || !scene.dataScale) return null;
    const { model, view, projection } = parameters;
    const toClip = multiply(projection, multiply(view, scaled(model, scene.dataScale)));
    const size = this.plot()._fullLayout._size;
    const domain = this.plot()._fullLayout.scene.domain;
    const box = {
      left: size.l + domain.x[0] * size.w,
      top: size.t + (1 - domain.y[1]) * size.h,
      width: (domain.x[1] - domain.x[0]) * size.w,
      height: (domain.y[1] - domain.y[0]) * size.h,
    };
    return { toClip, toEye: multiply(view, scaled(model, scene.dataScale)), box };
  }

  /**
   * @param {import("../core/contract.js").EncodedRelief | null | undefined} relief
   * @param {import("./shapes.js").Range[]} domain
   */
  setRelief(relief, domain) {
    this.relief = relief ? { points: relief.points, top: relief.top, span: relief.span, domain, heights: decode(relief.losses) } : null;
    this.last = "";
  }

  /**
   * @param {ArrayLike<number>} positions
   * @param {ArrayLike<number>} losses
   * @returns {Project}
   */
  projection(positions, losses) {
    const { toClip: m, box } = this.seen;
    const { relief } = this;
    const lift = LIFT * (relief?.span ?? 0);
    return (index, out) => {
      const x = positions[2 * index];
      const y = positions[2 * index + 1];
      const z = losses[index] + lift;
      const w = m[3] * x + m[7] * y + m[11] * z + m[15];
      if (!(w > 1e-6)) {
        out[0] = out[1] = NaN;
        return;
      }
      out[0] = box.left + (0.5 + (m[0] * x + m[4] * y + m[8] * z + m[12]) / (2 * w)) * box.width;
      out[1] = box.top + (0.5 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / (2 * w)) * box.height;
    };
  }

  /** The camera where `ready` has said that there is one. */
  get seen() {
    const camera = this.camera();
    if (!camera) throw new Error("the scene has no camera yet");
    return camera;
  }

  /**
   * Whether the surface stands between the camera and a step of a path.
   * @param {PathEntry} entry
   * @returns {(index: number) => boolean}
   */
  hidden(entry) {
    const eye = eyeOf(this.seen.toEye);
    const { positions, heights } = entry;
    const { relief } = this;
    const lift = LIFT * (relief?.span ?? 0);
    return (index) =>
      relief && heights ? behindSurface(relief, eye, positions[2 * index], positions[2 * index + 1], heights[index] + lift) : false;
  }

  // True when the camera has moved since the last call.
  moved() {
    const camera = this.camera();
    const now = camera ? camera.toClip.join() + Object.values(camera.box).join() : "";
    if (now === this.last) return false;
    this.last = now;
    return true;
  }

  /** @returns {[number, number, number] | null} */
  eye() {
    const eye = this.plot()?._fullLayout?.scene?._scene?.getCamera?.()?.eye;
    return eye ? [eye.x, eye.y, eye.z] : null;
  }
}

/**
 * Column-major 4 × 4 matrices, as WebGL keeps them.
 * @param {Matrix} a
 * @param {Matrix} b
 */
function multiply(a, b) {
  const c = new Float64Array(16);
  for (let column = 0; column < 4; column += 1) {
    for (let row = 0; row < 4; row += 1) {
      let sum = 0;
      for (let k = 0; k < 4; k += 1) sum += a[4 * k + row] * b[4 * column + k];
      c[4 * column + row] = sum;
    }
  }
  return c;
}

/**
 * @param {Matrix} model
 * @param {ArrayLike<number>} scale
 */
function scaled(model, scale) {
  const c = Float64Array.from(model);
  for (let column = 0; column < 3; column += 1) {
    for (let row = 0; row < 4; row += 1) c[4 * column + row] *= scale[column];
  }
  return c;
}

/**
 * The point that an affine map [A | b] sends to the origin: −A⁻¹ b, by Cramer's rule.
 * @param {Matrix} m
 */
function eyeOf(m) {
  const a = [m[0], m[1], m[2]];
  const b = [m[4], m[5], m[6]];
  const c = [m[8], m[9], m[10]];
  const d = [-m[12], -m[13], -m[14]];
  const det = dot(a, cross(b, c));
  return [dot(d, cross(b, c)) / det, dot(a, cross(d, c)) / det, dot(a, cross(b, d)) / det];
}

/**
 * @param {number[]} u
 * @param {number[]} v
 */
function cross(u, v) {
  return [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
}

/**
 * @param {number[]} u
 * @param {number[]} v
 */
function dot(u, v) {
  return u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
}
