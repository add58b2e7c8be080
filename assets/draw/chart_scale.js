// The scales of a chart's axes: from values to parts of its width or height, and the places that are labelled.
import { decades, formatNumber, ticks } from "../core/format.js";

/** @typedef {number[]} Range lowest and highest */

const LEAST_SPAN = 0.06; // of the values themselves: a hair is no range
const AIR = 0.05; // of the range, above and below it
const LOG_AIR = 1.08; // factor
const LOG_HAIR = 1.5; // a ratio below which a logarithmic range is widened by the next
const LOG_WIDER = 1.3;

/** A linear or logarithmic scale from `low` to `high`. */
export class Scale {
  /**
   * @param {Range} range
   * @param {boolean} [log]
   */
  constructor([low, high], log = false) {
    this.low = low;
    this.high = high;
    this.log = log;
    this.span = log ? Math.log(high / low) : high - low;
  }

  /**
   * Where a value lies: 0 at `low`, 1 at `high`.
   * @param {number} value
   */
  part(value) {
    return (this.log ? Math.log(value / this.low) : value - this.low) / this.span;
  }

  /**
   * The value at a part.
   * @param {number} part
   */
  value(part) {
    const { low, high } = this;
    return this.log ? low * (high / low) ** part : low + part * (high - low);
  }

  /**
   * At most about `most` round places; two at least.
   * @param {number} most
   */
  places(most) {
    const { low, high } = this;
    if (!this.log) {
      let [count, found] = [most, ticks(low, high, Math.max(2, most))];
      while (found.length < 2 && count < most + 10) found = ticks(low, high, (count += 1)); // round steps may leave one
      return found;
    }
    const tens = decades(low, high, most);
    const fine = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      for (const factor of [1, 2, 5]) fine.push(factor * 10 ** power);
    }
    const inside = fine.filter((value) => value >= low && value <= high);
    if (inside.length > most && tens.length > 1) return tens;
    return inside.length > 1 ? inside : [low, Math.sqrt(low * high), high].map((value) => Number(value.toPrecision(2)));
  }

  /**
   * The labels of places: as many digits as tell one from the next.
   * @param {number[]} places
   */
  labels(places) {
    const step = places.length > 1 ? Number(places[1]) - Number(places[0]) : 0;
    return places.map((value) => {
      if (this.log || !step) return formatNumber(value);
      if (Math.abs(value) < 1e-9 * (this.high - this.low)) return "0";
      return formatNumber(value, Math.max(3, Math.floor(Math.log10(Math.abs(value) / step)) + 2));
    });
  }
}

/** A scale from zero that is linear below `unit` and logarithmic above it: log(1 + value / unit). */
export class ScaleFromZero extends Scale {
  /**
   * @param {number} high
   * @param {number} unit
   */
  constructor(high, unit) {
    super([0, high], true);
    this.unit = unit;
  }

  /**
   * @override
   * @param {number} value
   */
  part(value) {
    return Math.log1p(value / this.unit) / Math.log1p(this.high / this.unit);
  }

  /**
   * @override
   * @param {number} part
   */
  value(part) {
    return this.unit * Math.expm1(part * Math.log1p(this.high / this.unit));
  }

  /**
   * @override
   * @param {number} most
   */
  places(most) {
    const tens = decades(this.unit, this.high, Math.max(2, most - 1));
    return [...new Set(tens.length > 1 ? [0, ...tens] : [0, ...tens, this.high])];
  }
}

/**
 * From the lowest to the highest of some values; null where there is none.
 * @param {Iterable<number | null>} values
 * @param {boolean} [log] only what is above zero counts
 * @returns {Range | null}
 */
export function rangeOf(values, log = false) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null || !Number.isFinite(value) || (log && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

/**
 * A range that is one: around a single value, some of it on both sides.
 * @param {Range} range
 * @param {boolean} [log]
 * @returns {Range}
 */
export function opened([low, high], log = false) {
  if (high > low) return [low, high];
  return log ? [low / 2, low * 2] : [low - 1, low + 1];
}

/**
 * A little air around a range. One that is a hair is widened: its labels would all read the same.
 * @param {Range} range
 * @param {boolean} [log]
 * @returns {Range}
 */
export function withAir([low, high], log = false) {
  if (log) {
    const factor = high / low < LOG_HAIR ? LOG_WIDER : LOG_AIR;
    return [low / factor, high * factor];
  }
  const least = LEAST_SPAN * Math.max(Math.abs(low), Math.abs(high)) || 1;
  const air = Math.max(AIR * (high - low), (least - (high - low)) / 2);
  return [low - air, high + air];
}
