// The words of a chart's marks: none lies over another or over the labels beside the axes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { placeMarkWords } from "../../assets/draw/mark_words.js";
import { seeded } from "./seeded.js";

const FRAME = { x: 48, w: 400 };
const ROWS = 4;

test("words of changes made close together stand apart, inside, beside their lines; the newest is always there", () => {
  const draw = seeded(7);
  for (const count of [1, 2, 5, 40]) {
    const marks = Array.from({ length: count }, () => ({ at: FRAME.x + FRAME.w * draw(), width: 30 + 60 * draw() }));
    const places = placeMarkWords(marks, FRAME, ROWS);
    assert.ok(places.at(-1), "the newest");
    assert.ok(count > 2 || places.every(Boolean), "two have room wherever they stand");
    const boxes = places.flatMap((place, k) => (place ? [{ ...place, to: place.x + marks[k].width, at: marks[k].at }] : []));
    boxes.forEach((one, k) => {
      assert.ok(one.x >= FRAME.x && one.to <= FRAME.x + FRAME.w && one.row < ROWS);
      assert.ok(Math.min(Math.abs(one.x - one.at), Math.abs(one.to - one.at)) < 8, "beside its line");
      for (const other of boxes.slice(0, k)) assert.ok(other.row !== one.row || other.to < one.x || one.to < other.x);
    });
  }
});

test("the row nearest to the edge is taken, and the left where there is no room to the right", () => {
  const near = placeMarkWords([{ at: 100, width: 50 }, { at: 300, width: 50 }, { at: 440, width: 50 }], FRAME, ROWS); // prettier-ignore
  assert.deepEqual(near, [
    { x: 104, row: 0 },
    { x: 304, row: 0 },
    { x: 386, row: 0 },
  ]);
  assert.deepEqual(placeMarkWords([{ at: 60, width: 500 }], FRAME, ROWS), [null], "wider than the chart");
});
