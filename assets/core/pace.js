// How fast playback goes: slowly where it matters, at the speed that was chosen elsewhere, and from one to the other
// smoothly. What matters are a run's first steps and those before its first escape.

/** @typedef {[number, number]} Span of steps, both ends within */
/** @typedef {{ speed: number, slow: Span[] }} Pace speed: steps per second outside of the slow spans */

export const SLOW = 6; // steps per second: each can be seen
const FIRST_STEPS = 20;
const BEFORE_ESCAPE = 24; // steps
const DOUBLED = 8; // steps away from a slow span within which the speed doubles
const SLICE = 1 / 120; // s within which the speed counts as constant

/**
 * The spans of a run that are played slowly.
 * @param {(number | null)[]} arrivals the step at which each method arrives, in steps of the player; null: it does not
 * @returns {Span[]}
 */
export function slowSpans(arrivals) {
  const first = Math.min(...arrivals.map((step) => step ?? Infinity));
  /** @type {Span[]} */
  const spans = [[0, FIRST_STEPS]];
  if (Number.isFinite(first)) spans.push([Math.max(first - BEFORE_ESCAPE, 0), first]);
  return spans;
}

/**
 * Steps per second at a place between steps.
 * @param {number} at
 * @param {Pace} pace
 */
export function rateAt(at, { speed, slow }) {
  const away = Math.min(...slow.map(([from, to]) => Math.max(from - at, at - to, 0)));
  return Math.min(speed, SLOW * 2 ** (away / DOUBLED));
}

/**
 * Where playback stands some seconds later.
 * @param {number} at
 * @param {number} seconds
 * @param {Pace} pace
 */
export function advance(at, seconds, pace) {
  if (!pace.slow.length) return at + seconds * pace.speed;
  let left = seconds;
  while (left > 0) {
    at += Math.min(left, SLICE) * rateAt(at, pace);
    left -= SLICE;
  }
  return at;
}
