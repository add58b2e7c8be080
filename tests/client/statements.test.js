// Statements over seeds: the picture of a comparison, and what is said of the verdicts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inWords, recordedInWords, withError } from "../../assets/network/statements/main.js";
import { pairsInWords, scaleOf } from "../../assets/network/statements/pairs.js";

const pairs = {
  words: "SAM − SGDM, test accuracy",
  unit: " %",
  ratio: false,
  each: "seed",
  values: [1, 3, null],
  low: 0.5,
  high: 3.5,
  above: 0,
  below: null,
};

test("all that a comparison has is in its picture, in order", () => {
  const scale = scaleOf(pairs);
  const places = [0, 0.5, 1, 3, 3.5].map((value) => scale(value, NaN));
  assert.deepEqual([...places].sort(), places);
  assert.ok(places[0] > 0 && places[4] < 1, "with air at either end");
  assert.deepEqual([scale(null, 0), scale(null, 1)], [0, 1], "what has no bound goes to the edge");
});

test("a ratio and its reverse lie on either side of equal", () => {
  const scale = scaleOf({ ...pairs, ratio: true, values: [0.5, 2], low: null, high: null, above: null, below: null });
  const [half, equal, twice] = [0.5, 1, 2].map((value) => scale(value, NaN));
  assert.ok(Math.abs(equal - half - (twice - equal)) < 1e-12);
});

test("equal methods have a picture too", () => {
  const scale = scaleOf({ ...pairs, values: [0, 0], low: 0, high: 0, above: 0 });
  assert.equal(scale(0, NaN), 0.5);
});

test("who does not see the picture hears every seed", () => {
  assert.equal(pairsInWords(pairs), "SAM − SGDM, test accuracy, seed by seed: 1 %, 3 %, no value.");
});

test("verdicts are counted and means have their error", () => {
  const claims = ["holds", "holds", "does not hold", "cannot be told"].map((verdict) => ({ verdict }));
  const said = "Over 3 seeds: 2 of 4 statements hold; not borne out: 1; cannot be told: 1.";
  assert.equal(inWords({ seeds: [0, 1, 2], claims, methods: [] }), said);
  assert.equal(withError([0.8842, 0.0123], 100), "88.4 ± 1.2 %");
  assert.deepEqual([withError([0.5, null]), withError([400, 0]), withError([null, null])], ["0.5", "400", "–"]);
});

test("verdicts that ship with the lab say where they come from", () => {
  const shipped = { made_by: "Pothole lab 9.8", versions: { torch: "7.6" } };
  const said = "Recorded: seeds 3 to 10, trained by Pothole lab 9.8 with torch 7.6.";
  assert.equal(recordedInWords({ seeds: [3, 4, 5, 6, 7, 8, 9, 10] }, shipped), said);
});
