// A transparent canvas over another element, in CSS pixels, sharp on dense screens.
import { make } from "../core/dom.js";

/** @typedef {CanvasRenderingContext2D} Context */

export class Layer {
  /**
   * @param {HTMLElement} parent
   * @param {string} [className]
   */
  constructor(parent, className = "layer") {
    this.canvas = make("canvas", { className, "aria-hidden": "true" });
    parent.append(this.canvas);
    this.context = contextOf(this.canvas);
    this.width = 0;
    this.height = 0;
    this.ratio = 1;
  }

  /** Take the size of the parent; true when it changed (which clears the canvas). */
  fit() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = /** @type {HTMLElement} */ (this.canvas.parentElement);
    const changed = width !== this.width || height !== this.height || ratio !== this.ratio;
    if (changed) {
      Object.assign(this, { width, height, ratio });
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return changed;
  }

  clear() {
    this.context.clearRect(0, 0, this.width, this.height);
  }
}

/**
 * The canvas's pen.
 * @param {HTMLCanvasElement} canvas
 * @returns {Context}
 */
export function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws on no canvas");
  return context;
}
