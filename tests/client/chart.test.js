// A chart's scales, labels and lines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scalesOf } from "../../assets/draw/chart.js";
import { traceSeries } from "../../assets/draw/chart_line.js";
import { opened, rangeOf, Scale, ScaleFromZero, withAir } from "../../assets/draw/chart_scale.js";

const HARD = [
  [400, 400.0000001],
  [400, 400],
  [0, 0],
  [-3, 58],
  [0.0123, 0.0124],
  [-6.2, 5],
  [1e-9, 2e6],
  [99, 102],
];

test("labels of an axis differ and are enough, also where values differ by a hair", () => {
  for (const range of HARD) {
    for (const most of [3, 5, 10]) {
      const scale = new Scale(withAir(range));
      const labels = scale.labels(scale.places(most));
      assert.ok(labels.length >= 2 && new Set(labels).size === labels.length, `${range}: ${labels}`);
    }
  }
});

test("a logarithmic axis has labels, whether it spans many decades or a part of one", () => {
  for (const range of [
    [1e-9, 1e3],
    [0.2, 0.9],
    [3, 3.1],
    [1, 1],
  ]) {
    const scale = new Scale(withAir(opened(range, true), true), true);
    const places = scale.places(6);
    assert.ok(places.length >= 2 && places.length <= 12, `${range}: ${places}`);
    assert.equal(new Set(scale.labels(places)).size, places.length);
  }
});

test("a value and its part lead to each other", () => {
  for (const [range, log] of [
    [[-2, 6], false],
    [[0.01, 100], true],
  ]) {
    const scale = new Scale(range, log);
    for (const part of [0, 0.25, 0.5, 1]) assert.ok(Math.abs(scale.part(scale.value(part)) - part) < 1e-12);
  }
  assert.ok(Math.abs(new Scale([0.01, 100], true).value(0.5) - 1) < 1e-12);
});

test("a logarithmic axis of steps begins at step 0 and gives the first of them room", () => {
  const scale = new ScaleFromZero(600, 1);
  assert.deepEqual([scale.part(0), scale.part(600)], [0, 1]);
  assert.ok(scale.part(30) > 0.5, "thirty steps of six hundred have more than half of the width");
  for (const part of [0, 0.3, 0.7, 1]) assert.ok(Math.abs(scale.part(scale.value(part)) - part) < 1e-12);
  assert.deepEqual(scale.places(5), [0, 1, 10, 100]);
  assert.deepEqual(scale.labels(scale.places(5)), ["0", "1", "10", "100"]);
  for (const [high, unit] of [
    [3, 1],
    [1, 1],
    [0.004, 1e-5],
    [3000, 1],
  ]) {
    const places = new ScaleFromZero(high, unit).places(3);
    assert.ok(places.length >= 2 && new Set(places).size === places.length, `${high}: ${places}`);
  }
});

test("a range is that of the values that have a place", () => {
  assert.deepEqual(rangeOf([3, null, NaN, -1, Infinity]), [-1, 3]);
  assert.deepEqual(rangeOf([3, 0, -1, 0.5], true), [0.5, 3]);
  assert.equal(rangeOf([null, NaN]), null);
});

test("a line that may leave the frame has no say in how far it reaches", () => {
  const lines = (beyond) => [
    { x: [0, 1], y: [1, 2], look: {} },
    { x: [0, 1], y: [1, 1e17], look: {}, beyond },
  ];
  const highest = (beyond) => scalesOf({ x: {}, y: { log: true }, series: lines(beyond) }).y?.high;
  assert.ok(highest(true) < 4 && highest(false) >= 1e17);
});

function traced(x, y, toX = (value) => value) {
  const pieces = [];
  traceSeries(
    { x, y, look: {} },
    toX,
    (value) => value,
    (atX, atY, first) => {
      if (first) pieces.push([]);
      pieces.at(-1).push([atX, atY]);
    },
  );
  return pieces;
}

test("a missing value is a gap", () => {
  assert.deepEqual(
    traced(null, [1, 2, null, 4, NaN, NaN]).map((piece) => piece.at(-1)),
    [
      [1, 2],
      [3, 4],
    ],
  );
});

test("of many points in a column the lowest and the highest are drawn", () => {
  const y = Array.from({ length: 10000 }, (_, k) => (k === 5000 ? 1e3 : k === 5001 ? -1e3 : k % 7));
  const [piece] = traced(null, y, (value) => value / 100);
  assert.ok(piece.length < 1000);
  const heights = piece.map(([, height]) => height);
  assert.deepEqual([Math.min(...heights), Math.max(...heights)], [-1e3, 1e3]);
  assert.deepEqual(piece.at(-1), [100, 9999 % 7]);
});
