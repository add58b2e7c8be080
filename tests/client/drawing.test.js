// The small parts of the drawing: paths thinned to pixels, contour lines, colours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { groundBox } from "../../assets/instruments/heat_map.js";
import { contourSegments } from "../../assets/draw/contours.js";
import { leaves, Polyline } from "../../assets/draw/polyline.js";

test("a path keeps its turns and drops what is less than half a pixel", () => {
  const zigzag = new Polyline(100, (k, out) => {
    out[0] = k < 50 ? k : 50 + (k % 2) * 0.2;
    out[1] = 0;
  });
  assert.deepEqual([zigzag.size, zigzag.at(49), zigzag.at(98)], [52, 49, 50]);
  assert.ok(Math.abs(zigzag.length[zigzag.size - 1] - 50.2) < 1e-3);
});

test("a path ends where its places are no numbers, and keeps huge ones off the canvas", () => {
  const broken = new Polyline(10, (k, out) => {
    out[0] = k < 4 ? k : NaN;
    out[1] = 1e30;
  });
  assert.deepEqual([broken.size, broken.y[0]], [4, 20000]);
});

test("a diverging path is drawn to just beyond its frame, and leaves it where it crosses", () => {
  const doubling = new Polyline(
    30,
    (k, out) => {
      out[0] = 2 ** k;
      out[1] = 10;
    },
    [0, 0, 100, 20],
  );
  assert.equal(doubling.x[doubling.size - 1], 128);
  assert.deepEqual(leaves(doubling, [0, 0, 100, 20]), { x: 100, y: 10, step: 7 });
  assert.equal(leaves(doubling, [0, 0, 500, 20]), null);
});

test("contour lines of a plane are straight, and every crossing lies at the level", () => {
  const [columns, rows, level] = [5, 4, 3.3];
  const values = Float64Array.from({ length: columns * rows }, (_, at) => (at % columns) + 2 * Math.floor(at / columns));
  const segments = contourSegments(values, columns, rows, level);
  assert.ok(segments.length >= 4 * (rows - 1));
  for (let i = 0; i < segments.length; i += 2) {
    const [x, y] = [segments[i], segments[i + 1]];
    assert.ok(Math.abs(x + 2 * y - level) < 1e-9, `${x}, ${y}`);
  }
});

test("a hill's contour closes: every end of a segment is the end of another", () => {
  const size = 21;
  const values = Float64Array.from({ length: size * size }, (_, at) => -Math.hypot((at % size) - 10, Math.floor(at / size) - 10));
  const segments = contourSegments(values, size, size, -6.5);
  const ends = new Map();
  for (let i = 0; i < segments.length; i += 2) {
    const key = `${segments[i].toFixed(6)} ${segments[i + 1].toFixed(6)}`;
    ends.set(key, (ends.get(key) ?? 0) + 1);
  }
  assert.ok(ends.size > 20);
  assert.deepEqual([...new Set(ends.values())], [2]);
});

test("the two ridges of a saddle stay apart", () => {
  // Above the level at two opposite corners: two lines, none through the middle between the ridges.
  const segments = contourSegments([1, 0, 0, 1], 2, 2, 0.5);
  assert.equal(segments.length, 8);
});

test("a map of places on a ground is as square as the ground is, and fills its place where that would be a strip", () => {
  const axis = (low, high) => ({ values: [low, 0, high], log: false, title: "" });
  const box = { x: 46, y: 6, w: 154, h: 170 };
  assert.deepEqual(groundBox(box, axis(-8, 8), axis(-8, 8)), { x: 46, y: 22, w: 154, h: 154 });
  assert.deepEqual(groundBox({ ...box, w: 340 }, axis(-8, 8), axis(-8, 8)), { x: 131, y: 6, w: 170, h: 170 });
  assert.deepEqual(groundBox(box, axis(-20, 20), axis(-2, 2)), box);
});
