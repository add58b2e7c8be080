// The 3-D view: the ground as a block with a true depth, paths and balls over it that know what stands before them.
import { display } from "../core/display.js";
import { make, makeButton } from "../core/dom.js";
import { drawBall } from "./ball.js";
import { boxOf, drawBlock } from "./block.js";
import { Camera } from "./camera.js";
import { DepthPicture } from "./depth_picture.js";
import { BOX } from "./ground.js";
import { litPalette, packed, paintGround, rgb } from "./ground_picture.js";
import { contextOf } from "./layer.js";
import { ownStep, PathView } from "./paths.js";
import { addTurning } from "./turning.js";

/** @typedef {import("./camera.js").Eye} Eye */
/** @typedef {import("./ground.js").Ground} Ground */
/** @typedef {import("./shapes.js").Project} Project */
/** @typedef {import("./shapes.js").PathEntry} PathEntry */
/** @typedef {import("./shapes.js").Context} Context */
/** @typedef {import("../core/contract.js").GroundLook} GroundLook */

const LIFT = 0.007; // of the box's units: keeps a path from sinking into the ground it lies on
const BEFORE = 1.004; // nearer by this factor: keeps one that lies in a cut from sinking into the cut's side
const SHARP = 2; // pixels of the drawing for one of the page, at rest
const MOST = 2.4e6; // pixels of a drawing
const TEXTURE = 721; // px of the ground's picture
const QUICK_TEXTURE = 361;
const SAME = 2e-3; // of the box's units, between two eyes: links hold three decimals
const PAUSE = 140; // ms without a movement after which it is drawn sharp
const HELD_PAUSE = 600;
const FAINT = 0.25; // what shows of a ball behind the ground
const ROLL = 0.3; // of true rolling, whose turns no eye could follow

export class ReliefView {
  /**
   * @param {HTMLElement} stack
   * @param {Eye} first where it is seen from at first, and again after a reset
   * @param {object} [listeners]
   * @param {(eye: Eye) => void} [listeners.onCamera] when it has been turned or zoomed by hand
   * @param {(open: boolean) => void} [listeners.onOpen] when the wedge has been cut out or put back by hand
   */
  constructor(stack, first, { onCamera, onOpen } = {}) {
    this.first = first;
    this.onCamera = onCamera;
    this.place = make("div", { className: "relief" });
    stack.append(this.place);
    /** @type {Ground | null} */
    this.ground = null;
    /** @type {GroundLook | null} */
    this.look = null;
    /** @type {number[] | null} the wedge's corner; the domain's middle where it is null */
    this.middle = null;
    /** @type {number[] | null} a place that the cut goes through */
    this.start = null;
    this.open = true;
    this.camera = new Camera(first);
    this.drawing = new DepthPicture();
    /** @type {{ texture: import("./depth_picture.js").Texture, size: number, ground: Ground, look: GroundLook } | null} */
    this.painted = null;
    this.canvas = make("canvas", { className: "layer", "aria-hidden": "true" });
    this.place.append(this.canvas);
    this.width = 0;
    this.height = 0;
    /** @type {number[][]} the camera's rows for the place's size in CSS pixels */
    this.view = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.sharpening = undefined;
    this.turning = 0; // the frame that a movement waits for
    /** @type {Map<string, { step: number, roll: number, heading: number, at: number[] }>} by method */
    this.rolled = new Map();
    const view = this;
    this.paths = new PathView(this.place, {
      ready: () => Boolean(view.ground && view.view.length),
      frame: () => [0, 0, view.width, view.height],
      point: (entry) => view.projection(entry.positions, entry.heights ?? [], entry.diverged),
      probe: (entry) => view.projection(entry.probes ?? [], entry.probeLosses ?? []),
      hides: (place) => view.hides(place),
      walker: (context, entry, place, size) => view.#drawWalker(context, entry, place, size),
    });
    this.#addTools(onOpen);
    this.#listen();
  }

  /** Whether nothing finer will follow what is drawn. */
  get isSharp() {
    return this.drawing.width > this.width;
  }

  /** @param {((open: boolean) => void) | undefined} onOpen */
  #addTools(onOpen) {
    this.opener = makeButton("Cut open", () => {
      this.setOpen(!this.open);
      onOpen?.(this.open);
    });
    this.opener.title = "Take a quarter out: the trough in profile";
    const reset = makeButton("Reset view", () => {
      this.setEye(this.first);
      this.onCamera?.(this.camera.eye);
    });
    this.place.append(make("div", { className: "relief-tools" }, this.opener, reset));
    this.opener.setAttribute("aria-pressed", String(this.open));
  }

  #listen() {
    const pad = this.paths.live.canvas;
    pad.classList.add("pad");
    pad.removeAttribute("aria-hidden");
    pad.tabIndex = 0;
    pad.setAttribute("role", "application");
    pad.setAttribute("aria-label", "The surface with the paths over it: turn it with the arrow keys");
    addTurning(pad, {
      turn: (across, up) => {
        this.camera.turn(across, up);
        this.#move();
      },
      zoom: (factor) => {
        this.camera.zoom(factor);
        this.#move();
      },
      reset: () => this.setEye(this.first),
      rest: () => this.onCamera?.(this.camera.eye),
    });
  }

  #move() {
    cancelAnimationFrame(this.turning);
    this.turning = requestAnimationFrame(() => this.draw(true));
  }

  /**
   * Another ground, or the same in other colours; to be drawn by `draw`.
   * @param {Ground | null} ground
   * @param {GroundLook} look
   * @param {number[] | null} [middle] the wedge's corner
   */
  setGround(ground, look, middle = null) {
    this.ground = ground;
    this.look = look;
    this.middle = middle;
    this.place.hidden = !ground;
  }

  /**
   * Where the run begins: the cut goes through it.
   * @param {number[]} start
   */
  setStart(start) {
    const moved = !this.start || this.start.some((value, axis) => value !== start[axis]);
    this.start = start;
    if (moved && this.open) this.draw(true);
    else this.paths.rebuild();
  }

  /** @param {GroundLook} look */
  setLook(look) {
    this.look = look;
  }

  /** @param {Eye} eye brought within the camera's limits */
  setEye(eye) {
    const camera = new Camera(eye);
    const stands = this.camera.eye;
    if (Math.hypot(camera.eye.x - stands.x, camera.eye.y - stands.y, camera.eye.z - stands.z) < SAME) return;
    this.camera = camera;
    this.draw();
  }

  /** @param {boolean} open */
  setOpen(open) {
    if (open === this.open) return;
    this.open = open;
    this.opener?.setAttribute("aria-pressed", String(open));
    this.draw();
  }

  /**
   * Draw the block and the paths, at the size that their place has now.
   * @param {boolean} [quick] coarsely, since more will follow
   */
  draw(quick = false) {
    clearTimeout(this.sharpening);
    const { ground, look, camera, drawing } = this;
    const { clientWidth: width, clientHeight: height } = this.place;
    if (!ground || !look || !width || !height) return;
    Object.assign(this, { width, height, view: camera.rows(width, height) });
    const ratio = quick ? 1 : Math.min(SHARP, Math.sqrt(MOST / (width * height)));
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    drawing.begin(wide, high);
    const colours = { front: packed(rgb(look.front), 255), side: packed(rgb(look.side), 255), floor: packed(rgb(look.floor), 255) };
    const stride = Math.max(1, Math.round(((quick ? 2 : 1) * ground.columns) / 241));
    drawBlock(drawing, ground, this.#texture(ground, look, quick), camera.rows(wide, high), colours, this.#wedge(ground), stride);
    if (this.canvas.width !== wide || this.canvas.height !== high) Object.assign(this.canvas, { width: wide, height: high });
    const bytes = /** @type {Uint8ClampedArray<ArrayBuffer>} */ (new Uint8ClampedArray(drawing.pixels.buffer));
    contextOf(this.canvas).putImageData(new ImageData(bytes, wide, high), 0, 0);
    this.paths.rebuild();
    if (!quick) return;
    const held = document.querySelector('input[type="range"]:active'); // a dragged slider: more will follow
    this.sharpening = setTimeout(() => this.draw(), held ? HELD_PAUSE : PAUSE);
  }

  /**
   * The ground's picture, painted anew where it or its colours have changed.
   * @param {Ground} ground
   * @param {GroundLook} look
   * @param {boolean} quick
   */
  #texture(ground, look, quick) {
    const size = quick ? QUICK_TEXTURE : TEXTURE;
    const { painted } = this;
    if (painted && painted.ground === ground && painted.look === look && painted.size >= size) return painted.texture;
    const pixels = new Uint32Array(size * size);
    paintGround(ground, litPalette(look), size, size, pixels);
    const texture = {
      pixels,
      width: size,
      perColumn: (size - 1) / (ground.columns - 1),
      perRow: (size - 1) / (ground.rows - 1),
      last: size - 1,
    };
    this.painted = { texture, size, ground, look };
    return texture;
  }

  /**
   * What is cut out: from the middle one side goes through where the run begins, so that the trough and those in it are
   * seen in profile, and the other towards the viewer.
   * @param {Ground} ground
   * @returns {import("./block.js").Wedge | null}
   */
  #wedge(ground) {
    if (!this.open) return null;
    const box = boxOf(ground);
    const place = ([x, y] = /** @type {number[]} */ ([])) => [box.x(x), box.y(y)];
    const corner = this.middle ? place(this.middle) : [0, 0];
    const [x, y] = this.start ? place(this.start) : [0, 0];
    const length = Math.hypot(x - corner[0], y - corner[1]);
    const one = length > 0.01 ? [(x - corner[0]) / length, (y - corner[1]) / length] : [1, 0];
    const { eye } = this.camera;
    const side = Math.sign(-one[1] * eye.x + one[0] * eye.y) || 1;
    return { corner, one, other: [-side * one[1], side * one[0]] };
  }

  /**
   * @param {ArrayLike<number>} positions
   * @param {ArrayLike<number>} losses
   * @param {boolean} [within] nowhere outside the domain: a diverging path would be drawn far beyond the block
   * @returns {Project}
   */
  projection(positions, losses, within = false) {
    const { ground, view } = this;
    if (!ground) return (_, out) => out.fill(NaN);
    const [r, u, w] = view;
    const box = boxOf(ground);
    return (index, out) => {
      const x = box.x(positions[2 * index]);
      const y = box.y(positions[2 * index + 1]);
      const z = box.z(ground.share(losses[index])) + LIFT;
      const depth = w[0] * x + w[1] * y + w[2] * z + w[3];
      const beyond = within && (Math.abs(x) > BOX[0] / 2 || Math.abs(y) > BOX[1] / 2);
      const near = depth > 0.05 && !beyond ? 1 / depth : NaN;
      out[0] = (r[0] * x + r[1] * y + r[2] * z + r[3]) * near;
      out[1] = (u[0] * x + u[1] * y + u[2] * z + u[3]) * near;
      out[2] = BEFORE * near;
    };
  }

  /**
   * Whether the ground stands before a place that was projected.
   * @param {number[]} place x and y in CSS pixels, 1/depth
   */
  hides([x, y, near]) {
    const ratio = this.drawing.width / this.width;
    return this.drawing.hides(x * ratio, y * ratio, near);
  }

  /**
   * @param {Context} context
   * @param {PathEntry} entry
   * @param {number[]} place
   * @param {number} size
   */
  #drawWalker(context, entry, [x, y, near], size) {
    if (!Number.isFinite(x)) return;
    const radius = size + 2 * display.bold;
    const motion = this.#motion(entry, [x, y], radius);
    const middle = y - 0.8 * radius;
    const draw = (/** @type {Context} */ on) => drawBall(on, entry.look, x, middle, radius, motion, this.paths.colours.paper);
    const [left, top, side] = [Math.floor(x - radius - 2), Math.floor(middle - radius - 2), Math.ceil(2 * radius + 5)];
    const hidden = this.#hiddenAround(left, top, side, near / (1 - radius / this.camera.focus(this.width, this.height)));
    if (!hidden) {
      draw(context);
      return;
    }
    const { ratio } = this.paths.live;
    const sprite = make("canvas", { width: side * ratio, height: side * ratio });
    const pen = contextOf(sprite);
    pen.setTransform(ratio, 0, 0, ratio, -left * ratio, -top * ratio);
    draw(pen);
    const image = pen.getImageData(0, 0, sprite.width, sprite.height);
    for (let row = 0; row < image.height; row += 1) {
      for (let column = 0; column < image.width; column += 1) {
        if (hidden[Math.floor(row / ratio) * side + Math.floor(column / ratio)]) image.data[4 * (row * image.width + column) + 3] *= FAINT;
      }
    }
    pen.putImageData(image, 0, 0);
    context.drawImage(sprite, left, top, side, side);
  }

  /**
   * Which pixels of a square the ground hides at a depth; null where it hides none.
   * @param {number} left
   * @param {number} top
   * @param {number} side
   * @param {number} near
   */
  #hiddenAround(left, top, side, near) {
    const hidden = new Uint8Array(side * side);
    let any = false;
    for (let k = 0; k < hidden.length; k += 1) {
      if (!this.hides([left + (k % side) + 0.5, top + Math.floor(k / side) + 0.5, near])) continue;
      hidden[k] = 1;
      any = true;
    }
    return any ? hidden : null;
  }

  /**
   * How far a ball has rolled since it was drawn last, and whither.
   * @param {PathEntry} entry
   * @param {number[]} at
   * @param {number} radius
   */
  #motion(entry, at, radius) {
    const step = ownStep(entry, this.paths.step);
    const key = entry.frozen ? `frozen ${entry.name}` : entry.name;
    const before = this.rolled.get(key);
    const [dx, dy] = before && before.step !== step ? [at[0] - before.at[0], at[1] - before.at[1]] : [0, 0];
    const moved = Math.hypot(dx, dy);
    const motion = {
      step,
      at,
      roll: (before?.roll ?? 0) + (ROLL * moved) / radius,
      heading: moved > 0.5 ? Math.atan2(dy, dx) : (before?.heading ?? 0),
    };
    this.rolled.set(key, motion);
    return motion;
  }
}
