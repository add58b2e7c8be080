// What a training run has told so far: rows in order, and the lines that charts draw of them.
import { lastWhere } from "../core/search.js";
import { sampleOf } from "./samples.js";

/** @typedef {import("../core/contract.js").RunRow} RunRow */
/** @typedef {import("../core/contract.js").RunValues} RunValues */
/** @typedef {"loss" | "train_loss" | "test_loss" | "train_accuracy" | "test_accuracy" | "u_cosine" | "u_length" | "u_steepness" | "sharpness"} Quantity */
/** @typedef {"steps" | "evaluations" | "seconds"} Axis */
/** @typedef {{ x: number[], y: number[], samples: (import("./samples.js").SampleOf | null)[] }} Points samples: what each value is measured over, null for all examples */

/**
 * What a row may hold or not: a mini-batch's loss, and what is measured now and then.
 * @type {Quantity[]}
 */
export const MEASURED = [
  "loss",
  "train_loss",
  "test_loss",
  "train_accuracy",
  "test_accuracy",
  "u_cosine",
  "u_length",
  "u_steepness",
  "sharpness",
];

/** @type {Record<Axis, { title: string, words: string }>} */
export const AXES = {
  steps: { title: "Steps", words: "steps" },
  evaluations: { title: "Gradient evaluations", words: "gradient evaluations" },
  seconds: { title: "Processor seconds", words: "processor seconds" },
};

export class TrainingCurves {
  /** @param {string[]} methods */
  constructor(methods) {
    this.methods = methods;
    /** @type {RunRow[]} */
    this.rows = [];
    /** @type {import("../core/contract.js").SettingsChange[]} */
    this.marks = [];
    this.lines = Object.fromEntries(methods.map((name) => [name, new Line()]));
  }

  /**
   * Rows come in order, each once; one that is there already is left out.
   * @param {RunRow[]} rows
   */
  add(rows) {
    for (const row of rows) {
      if (row.position <= (this.last?.position ?? -1)) continue;
      this.rows.push(row);
      for (const name of this.methods) {
        const values = row.methods[name];
        if (values) this.lines[name].add(row.position, values);
      }
    }
  }

  get last() {
    return this.rows.at(-1);
  }

  /**
   * Those of some methods that have not stopped, or all: what pictures are framed around. One that has diverged is far
   * off the others.
   * @param {string[]} names
   */
  goingOf(names) {
    const going = names.filter((name) => !this.last?.methods[name]?.stopped);
    return going.length ? going : names;
  }

  /**
   * Index of the last row at or before a step; 0 where there is none.
   * @param {number} position
   */
  indexAt(position) {
    return lastWhere(0, this.rows.length - 1, (index) => this.rows[index].position <= position);
  }

  /**
   * A quantity of a method, where it was measured.
   * @param {string} name
   * @param {Quantity} key
   * @param {Axis} axis
   */
  line(name, key, axis) {
    return this.lines[name].of(key, axis);
  }

  /**
   * Where a step lies on an axis, for a method.
   * @param {string} name
   * @param {number} position
   * @param {Axis} axis
   */
  place(name, position, axis) {
    if (axis === "steps") return position;
    const values = this.rows.length ? this.rows[this.indexAt(position)].methods[name] : null;
    return values ? cost(values, axis) : NaN;
  }
}

/**
 * What has been spent so far: gradients and curvature products of U's refreshes, or seconds.
 * @param {RunValues} values
 * @param {"evaluations" | "seconds"} axis
 */
const cost = (values, axis) => (axis === "seconds" ? values.seconds : sum(values.evaluations, values.products)) ?? NaN;

/**
 * @param {number | null} a
 * @param {number | null} b
 */
const sum = (a, b) => (a === null || b === null ? null : a + b);

class Line {
  constructor() {
    /** @type {Partial<Record<Quantity, Record<Axis | "y", number[]> & { samples: Points["samples"] }>>} */
    this.kept = {};
  }

  /**
   * @param {number} position
   * @param {RunValues} values
   */
  add(position, values) {
    for (const key of MEASURED) {
      const value = values[key];
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      const kept = (this.kept[key] ??= { steps: [], evaluations: [], seconds: [], y: [], samples: [] });
      kept.steps.push(position);
      kept.evaluations.push(cost(values, "evaluations"));
      kept.seconds.push(cost(values, "seconds"));
      kept.y.push(value);
      kept.samples.push(sampleOf(values, key));
    }
  }

  /**
   * @param {Quantity} key
   * @param {Axis} axis
   * @returns {Points}
   */
  of(key, axis) {
    const kept = this.kept[key];
    return kept ? { x: kept[axis], y: kept.y, samples: kept.samples } : { x: [], y: [], samples: [] };
  }
}
