// What drawings are made of.
import type { Look } from "../core/contract.js";

export type Context = CanvasRenderingContext2D;
export type Point = [x: number, y: number];
export type Range = number[];
/** A frame in px. */
export type Frame = [x: number, y: number, width: number, height: number];
export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Writes the pixel of the step `index` into out[0] and out[1], NaN where it has none; a picture with depth 1/depth into out[2]. */
export type Project = (index: number, out: number[]) => void;

/** A method's run as pictures draw it. */
export interface PathEntry {
  name: string;
  look: Look;
  /** one of a run that is only compared with: it is drawn beneath the others */
  frozen?: boolean;
  /** the last step with finite numbers */
  last: number;
  diverged?: boolean;
  /** dimension numbers for each step */
  positions: Float32Array;
  probes: Float32Array | null;
  probeLosses: Float32Array | null;
  probeCount: number;
  losses: Float32Array | null;
  /** where the relief draws the path */
  heights: Float32Array | null;
  /** what it has cost to come to a step, where the page counts in another unit than steps */
  cost?: ((step: number) => number) | null;
  /** the step that it stands at where the player stands, for an equal cost */
  stepAt?: ((step: number) => number) | null;
}

export interface Margin {
  left: number;
  right: number;
  top: number;
  bottom: number;
}
