// The fair comparison's pictures: the best at each learning rate, curves with bands, settings in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fillBand } from "../../assets/draw/chart_line.js";
import { bestByRate, curveOf } from "../../assets/network/fairness/lines.js";
import { setting } from "../../assets/network/fairness/main.js";

const tuned = {
  method: "SAM",
  steps: 2,
  best: 2,
  evaluations: 9,
  seconds: 1,
  rates: [0.1, 0.1, 0.01, 0.01, 1],
  radii: [0.02, 2, 0.02, 2, 2],
};

test("each learning rate shows its best radius; where all stopped there is a gap", () => {
  const one = { ...tuned, values: [0.5, null, 0.7, 0.9, null] };
  assert.deepEqual(bestByRate(one, true), { x: [0.01, 0.1, 1], y: [0.9, 0.5, null] });
  assert.deepEqual(bestByRate(one, false).y, [0.7, 0.5, null]);
});

test("the best setting names a radius only where there is one", () => {
  assert.equal(setting({ ...tuned, values: [] }), "η 0.01, ρ 0.02");
  assert.equal(setting({ ...tuned, values: [], radii: [] }), "η 0.01");
  assert.equal(setting({ ...tuned, values: [], best: null }), "–");
});

test("a curve is drawn against the cost that is asked for, with its interval", () => {
  const curve = {
    method: "SAM",
    steps: [0, 1],
    evaluations: [0, 2],
    seconds: [0, 0.5],
    mean: [0.5, 0.75],
    low: [null, 0.5],
    high: [null, 1],
  };
  assert.deepEqual(curveOf(curve, "evaluations", 100), { x: [0, 2], y: [50, 75], band: { low: [null, 50], high: [null, 100] } });
});

test("a band goes there along its lower end and back along its upper one, and leaves out what is not known", () => {
  /** @type {number[][]} */
  const corners = [];
  const context = { beginPath() {}, fill() {}, lineTo: (/** @type {number} */ x, /** @type {number} */ y) => corners.push([x, y]) };
  const look = /** @type {any} */ ({ colour: "red" });
  const band = { low: [1, null, 3], high: [5, 6, 7] };
  fillBand(
    /** @type {any} */ (context),
    { x: [0, 1, 2], y: [2, 3, 4], band, look },
    (x) => 10 * x,
    (y) => y,
  );
  assert.deepEqual(corners, [
    [0, 1],
    [20, 3],
    [20, 7],
    [0, 5],
  ]);
  corners.length = 0;
  fillBand(
    /** @type {any} */ (context),
    { x: [0, 1], y: [2, 3], look },
    (x) => x,
    (y) => y,
  );
  assert.deepEqual(corners, []);
});
