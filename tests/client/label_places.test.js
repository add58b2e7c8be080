// Names in a drawing: none covers another, none leaves the picture, and each is tied to what it names.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LabelPlaces } from "../../assets/draw/label_places.js";
import { seeded } from "./seeded.js";

const ROOM = { width: 480, height: 480 };
const MARGIN = 2;

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
const gap = ([x, y], box) => Math.hypot(Math.max(box.x - x, 0, x - box.x - box.w), Math.max(box.y - y, 0, y - box.y - box.h));

function place(lines, names) {
  const places = new LabelPlaces(ROOM);
  for (const [from, to] of lines) places.avoid(from, to);
  return names.map(({ at, towards, size }) => places.place(at, towards, size));
}

// Twelve names of places within a few pixels of each other, as of tiny vectors, near the middle or an edge.
function crowd(seed) {
  const draw = seeded(seed);
  const between = (low, high) => low + (high - low) * draw();
  const middle = [
    [240, 240],
    [30, 240],
    [470, 465],
    [240, 6],
  ][Math.floor(4 * draw())];
  return Array.from({ length: 12 }, () => {
    const turn = between(0, 2 * Math.PI);
    const at = [middle[0] + between(-5, 5), middle[1] + between(-5, 5)];
    return { at, towards: [Math.cos(turn), Math.sin(turn)], size: { w: between(8, 120), h: 15 } };
  });
}

test("names of a crowd are apart, inside, and tied to their places", () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const names = crowd(seed);
    const lines = names.map(({ at }) => [[240, 240], at]);
    const placed = place(lines, names);
    placed.forEach(({ box, leader }, index) => {
      const told = `seed ${seed}, name ${index}`;
      assert.ok(!placed.slice(0, index).some((other) => overlap(box, other.box)), told);
      assert.ok(box.x >= MARGIN && box.x + box.w <= ROOM.width - MARGIN, told);
      assert.ok(box.y >= MARGIN && box.y + box.h <= ROOM.height - MARGIN, told);
      const at = names[index].at.map((value) => Math.min(Math.max(value, 0), 480));
      assert.equal(leader !== null, gap(at, box) > 16, told);
      if (leader) assert.deepEqual(leader[0], at);
    });
    assert.deepEqual(place(lines, names), placed, "the same drawing, the same places");
  }
});

test("a lone name stands beside its place, and not over its arrow", () => {
  const name = { at: [200, 200], towards: [1, 0], size: { w: 30, h: 15 } };
  const [alone] = place([], [name]);
  assert.equal(alone.box.x, 206);
  assert.equal(alone.leader, null);
  const [beside] = place(
    [
      [
        [200, 200],
        [300, 200],
      ],
    ],
    [name],
  );
  assert.ok(!(beside.box.y < 200 && 200 < beside.box.y + 15) || beside.box.x + 30 < 200);
  const [outside] = place([], [{ ...name, at: [900, 240] }]);
  assert.ok(outside.box.x + 30 <= 478);
});
