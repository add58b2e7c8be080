// The cut's geometry and words: lanes in a figure, places in a lane, arrows that end at its edge, a caption for each step.
import { formatNumber } from "../core/format.js";

/** @typedef {import("./shapes.js").Frame} Frame */
/** @typedef {import("../core/contract.js").CutFrame} CutFrame */

/**
 * One step of one method along its line.
 * @typedef {object} CutRow
 * @property {number} step
 * @property {Float32Array} ground the loss at evenly spread places of the frame
 * @property {number[]} direction u
 * @property {number} s of the ball
 * @property {number} loss
 * @property {{ s: number, loss: number, off: number } | null} probe off: its distance from the line
 * @property {number} slope along the line, where the probe is
 * @property {string} place of the probe in words: "probe up the wall"
 * @property {number} kick how far the step's own push carries the ball along the line in the end
 * @property {number} along of the step, with its sign
 * @property {number} off of the step, off the line
 */

const LANE = 1.9; // width : height that a lane looks best with

/**
 * Columns and rows for so many lanes: those that leave each lane the best shape.
 * @param {number} count
 * @param {number} width
 * @param {number} height
 */
export function arrangeLanes(count, width, height) {
  let best = { columns: 1, rows: Math.max(count, 1) };
  let least = Infinity;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const empty = columns * rows - count;
    const shape = Math.abs(Math.log(width / columns / (height / rows) / LANE));
    if (shape + 0.5 * empty < least) {
      least = shape + 0.5 * empty;
      best = { columns, rows };
    }
  }
  return best;
}

/**
 * The frames of the lanes, row after row, with a gap between them.
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @param {number} gap
 * @returns {Frame[]}
 */
export function laneFrames(count, width, height, gap) {
  const { columns, rows } = arrangeLanes(count, width, height);
  const wide = (width - gap * (columns - 1)) / columns;
  const high = (height - gap * (rows - 1)) / rows;
  return Array.from({ length: count }, (_, k) => [(k % columns) * (wide + gap), Math.floor(k / columns) * (high + gap), wide, high]);
}

/**
 * Pixels of a lane. Under the lowest loss there is ground of `foot` px for words, above the highest one `head` px.
 * @param {CutFrame} frame
 * @param {Frame} lane
 * @param {{ head: number, foot: number }} room
 */
export function laneScale({ along, losses }, [left, top, width, height], { head, foot }) {
  const perPlace = width / (along[1] - along[0]);
  const perLoss = Math.max(height - head - foot, 1) / (losses[1] - losses[0]);
  const bottom = top + height - foot;
  return {
    perPlace,
    perLoss,
    x: (/** @type {number} */ s) => left + (s - along[0]) * perPlace,
    y: (/** @type {number} */ loss) => bottom - (loss - losses[0]) * perLoss,
  };
}

const NEAR = 0.05; // of the frame's length: how far beside its landmark a minimum of a walker's own line may lie

/**
 * The frame's landmarks that a walker's own ground has: another line may pass the pothole by.
 * @param {Float32Array} ground
 * @param {CutFrame} frame
 */
export function landmarksOn(ground, { along: [from, to], landmarks }) {
  const last = ground.length - 1;
  const reach = Math.ceil(NEAR * last);
  return landmarks.filter(({ s }) => {
    const at = Math.round(((s - from) / (to - from)) * last);
    const near = ground.subarray(Math.max(at - reach, 0), at + reach + 1);
    const least = Math.min(...near);
    return near[0] > least && near[near.length - 1] > least;
  });
}

/**
 * Where an arrow from x by dx ends that must not leave [low, high], and whether it goes on beyond.
 * @param {number} x
 * @param {number} dx
 * @param {number} low
 * @param {number} high
 */
export function clipArrow(x, dx, low, high) {
  const to = Math.min(Math.max(x + dx, low), high);
  return { to, goesOn: to !== x + dx };
}

/**
 * A point moved into a lane, and the sides that it lies beyond: "", "left", "right", "above left" …
 * @param {number} x
 * @param {number} y
 * @param {Frame} lane
 * @param {number} margin
 * @param {number} [free] where the words on the lane's first line end: what lies above the lane stands beside them
 */
export function intoLane(x, y, [left, top, width, height], margin, free = left) {
  const inY = Math.min(Math.max(y, top + margin), top + height - margin);
  const up = y < inY ? "above" : y > inY ? "below" : "";
  const inX = Math.min(Math.max(x, (up === "above" ? free : left) + margin), left + width - margin);
  const side = x < inX ? "left" : x > inX ? "right" : "";
  return { x: inX, y: inY, beyond: [up, side].filter(Boolean).join(" ") };
}

const REST = 1e-9; // in θ: a shorter step is what rounding leaves of none

/**
 * "kick 3.2 ←"
 * @param {CutRow} row
 */
export function kickWords({ kick }) {
  if (Math.abs(kick) < REST) return "kick 0";
  return `kick ${formatNumber(Math.abs(kick), 2)}${kick < 0 ? " ←" : kick > 0 ? " →" : ""}`;
}

/**
 * "probe up the wall: kick 3.2 ←"
 * @param {CutRow} row
 */
export function captionOf(row) {
  return `${row.place}: ${kickWords(row)}`;
}

/**
 * The part of a step that leaves the line, 0 to 1: its length off the line over its length; 0 for who rests.
 * @param {CutRow} row
 */
export function partOff({ along, off }) {
  const length = Math.hypot(along, off);
  return length >= REST && Number.isFinite(length) ? off / length : 0;
}
