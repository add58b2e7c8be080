// The steps of a cut that the browser knows: kept from the server's answers, found again by step, and which to ask for.
import { decode, decodeShorts } from "../core/arrays.js";
import { lastWhere } from "../core/search.js";

/** @typedef {import("../core/contract.js").CutAnswer} CutAnswer */
/** @typedef {import("../draw/cut.js").CutRow} CutRow */

export const MOST = 160; // steps in one request: the server's bound
const BLOCK = 48; // steps that are asked for together: the block shown and the one after it
const OVERVIEW = 48; // of the whole run, so that wherever one scrubs something near is known

/** Of one run along one line. */
export class CutSteps {
  constructor() {
    /** @type {Map<string, { last: number, steps: number[], rows: Map<number, CutRow> }>} by method */
    this.methods = new Map();
    /** @type {import("../core/contract.js").CutFrame | null} */
    this.frame = null;
    this.dimension = 2;
    this.line = "basin";
    /** @type {Set<number>} */
    this.known = new Set();
  }

  /**
   * @param {CutAnswer} answer
   * @param {number[]} asked
   */
  keep(answer, asked) {
    this.frame = answer.frame;
    this.dimension = answer.dimension;
    this.line = answer.line;
    for (const step of asked) this.known.add(step);
    for (const method of answer.methods) {
      const rows = this.methods.get(method.name)?.rows ?? new Map();
      for (const row of rowsOf(answer, method)) rows.set(row.step, row);
      const steps = [...rows.keys()].sort((a, b) => a - b);
      this.methods.set(method.name, { last: method.last, steps, rows });
    }
  }

  /**
   * A method's row at a step, or at the known step that is nearest; the last whole one where the walk has ended before.
   * @param {string} name
   * @param {number} step
   * @returns {CutRow | null}
   */
  find(name, step) {
    const method = this.methods.get(name);
    if (!method?.steps.length) return null;
    const { steps, rows, last } = method;
    const wanted = Math.min(step, last);
    const at = lastWhere(0, steps.length - 1, (k) => steps[k] <= wanted);
    const [below, above] = [steps[at], steps[Math.min(at + 1, steps.length - 1)]];
    return rows.get(Math.abs(wanted - below) <= Math.abs(above - wanted) ? below : above) ?? null;
  }

  /**
   * What to ask for next, at most `MOST` steps: those shown, some of the whole run, the blocks around and after those
   * shown. None where all of this is known.
   * @param {number[]} shown a step for each method, or one for all
   * @param {number} steps of the run
   * @param {boolean} hurry ask for the shown alone: more is asked when there is time
   */
  wanted(shown, steps, hurry) {
    const overview = Array.from({ length: OVERVIEW + 1 }, (_, k) => Math.round((k / OVERVIEW) * steps));
    const blocks = shown.flatMap((at) => count(at - (at % BLOCK), 2 * BLOCK));
    const all = hurry ? shown : [...shown, ...overview, ...blocks];
    return [...new Set(all)].filter((step) => step <= steps && !this.known.has(step)).slice(0, MOST);
  }
}

/**
 * @param {number} from
 * @param {number} length
 */
function count(from, length) {
  return Array.from({ length }, (_, k) => from + k);
}

/**
 * @param {CutAnswer} answer
 * @param {import("../core/contract.js").CutMethod} method
 * @returns {CutRow[]}
 */
function rowsOf({ points, dimension, frame, words }, method) {
  const [floor, ceiling] = frame.span;
  const levels = decodeShorts(method.ground);
  const losses = Float32Array.from(levels, (level) => floor + (level / 65535) * (ceiling - floor));
  const [direction, ball, probe] = [decode(method.direction), decode(method.ball), decode(method.probe)];
  const [slope, kick, moved] = [decode(method.slope), decode(method.kick), decode(method.moved)];
  return method.steps.map((step, k) => ({
    step,
    ground: losses.subarray(method.which[k] * points, (method.which[k] + 1) * points),
    direction: [...direction.subarray(k * dimension, (k + 1) * dimension)],
    s: ball[2 * k],
    loss: ball[2 * k + 1],
    probe: probe && { s: probe[3 * k], loss: probe[3 * k + 1], off: probe[3 * k + 2] },
    slope: slope[k],
    place: words[method.place[k]],
    kick: kick[k],
    along: moved[2 * k],
    off: moved[2 * k + 1],
  }));
}
